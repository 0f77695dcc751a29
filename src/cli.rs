//! The command line: global flags and commands.

use crate::command::Command;
use crate::context::Globals;
use crate::output::Format;
use crate::terminal::{ColorChoice, Wishes};
use std::path::PathBuf;

/// Inspect LLM traces of MLflow in the terminal
///
/// Reads what MLflow 2.14 to 3.18 wrote, in SQLite databases, in file stores and on tracking servers, and writes nothing.
/// Without --tracking-uri and MLFLOW_TRACKING_URI it takes the store that MLflow would take: ./mlruns or ./mlflow.db.
#[derive(Debug, clap::Parser)]
#[command(name = "mltrace", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  mltrace -u demo: traces list          try it on the sample that is built in
  mltrace trace show @last              the newest trace as a tree
  mltrace usage @last                   tokens of each LLM call
  mltrace usage --since 7d --by day     tokens and cost of many traces
  mltrace stats --by name               how many, how often wrong, how long
  mltrace check --max-error-rate 5%     whether a build may pass
  mltrace spans --llm --json | jq       LLM calls for scripts

Exit codes: 0 done, 1 the answer is no (check, trace diff --exit-code), 2 wrong flags, 3 not found or ambiguous, 4 network or server, 5 store missing or unreadable, 70 a bug, 130 interrupted")]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Global {
    /// Store: a path (also of OTLP or trace.json files), sqlite:///mlflow.db, https://host, - for stdin, demo: [env: MLFLOW_TRACKING_URI]
    #[arg(short = 'u', long, global = true, value_name = "URI")]
    tracking_uri: Option<String>,
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
    utc: bool,
    /// Prices before those compiled in, for costs that MLflow did not record: a file of its catalogue of models, or what
    /// `mltrace prices --json` prints
    #[arg(long, global = true, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Do not page long output
    #[arg(long, global = true)]
    no_pager: bool,
    /// Print no notes
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Say which store is read and why
    #[arg(short, long, global = true)]
    verbose: bool,
}

impl Cli {
    /// What the flags that every command has say.
    #[must_use]
    pub fn globals(&self) -> Globals {
        let flags = &self.global;
        Globals {
            tracking_uri: flags.tracking_uri.clone(),
            format: if flags.json { Format::Json } else { flags.output },
            wishes: Wishes {
                color: flags.color,
                width: flags.width.map(usize::from),
                ascii: flags.ascii,
                no_pager: flags.no_pager,
            },
            utc: flags.utc,
            prices: flags.prices.clone(),
            quiet: flags.quiet,
            verbose: flags.verbose,
        }
    }
}
