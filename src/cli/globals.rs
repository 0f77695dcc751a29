//! The options of every command.

use crate::output::Format;
use crate::terminal::{ColorChoice, TerminalOptions};
use std::path::PathBuf;

/// The options of every command.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Globals {
    /// Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]
    #[arg(short = 'u', long, global = true, value_name = "URI")]
    pub tracking_uri: Option<String>,
    /// Form of the output
    #[arg(short = 'o', long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    output: Format,
    /// Short for --output json
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorChoice,
    /// Draw with ASCII only
    #[arg(long, global = true)]
    ascii: bool,
    /// Fit into so many columns
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(20..))]
    width: Option<u16>,
    /// Read and show times in UTC
    #[arg(long, global = true)]
    pub utc: bool,
    /// Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what
    /// `mltrace prices --json` prints
    #[arg(long, global = true, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Do not page long output
    #[arg(long, global = true)]
    no_pager: bool,
    /// Print no notes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say which store is read and why
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Globals {
    /// The output format.
    #[must_use]
    pub const fn format(&self) -> Format {
        if self.json { Format::Json } else { self.output }
    }

    /// The options of the terminal.
    #[must_use]
    pub fn terminal(&self) -> TerminalOptions {
        TerminalOptions {
            color: self.color,
            width: self.width.map(usize::from),
            ascii: self.ascii,
            no_pager: self.no_pager,
        }
    }
}
