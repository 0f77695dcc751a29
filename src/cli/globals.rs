//! The global options, which every command has.

use crate::output::Format;
use crate::terminal::{ColorChoice, TerminalOptions};
use std::path::PathBuf;

/// The global options.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Globals {
    /// Trace store: a path, sqlite:///mlflow.db, https://host, `-` (stdin) or `demo:` (built-in sample) [env:
    /// MLFLOW_TRACKING_URI]
    #[arg(short = 'u', long, global = true, value_name = "URI")]
    pub tracking_uri: Option<String>,
    /// Output format
    #[arg(short = 'o', long, global = true, value_name = "FORMAT", value_parser = Format::value_parser(), default_value = Format::default().name())]
    output: Format,
    /// Same as --output json
    #[arg(long, global = true, conflicts_with = "output")]
    json: bool,
    /// When to use color
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    color: ColorChoice,
    /// Use ASCII characters only
    #[arg(long, global = true)]
    ascii: bool,
    /// Wrap output to this width
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(20..))]
    width: Option<u16>,
    /// Read and print times in UTC
    #[arg(long, global = true)]
    pub utc: bool,
    /// File of prices that take precedence over the built-in ones
    ///
    /// Used for costs that MLflow did not record. Accepts a file of MLflow's model catalog, or the output of `mltrace
    /// prices --json`.
    #[arg(long, global = true, value_name = "FILE")]
    pub prices: Option<PathBuf>,
    /// Do not use the pager ($PAGER, less)
    #[arg(long, global = true)]
    no_pager: bool,
    /// Suppress notes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print which store is read and why, the filter and the time taken
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Globals {
    /// Returns the output format.
    #[must_use]
    pub fn format(&self) -> Format {
        let json = Format::find("json").filter(|_| self.json);
        json.unwrap_or(self.output)
    }

    /// Returns the options that concern the terminal.
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
