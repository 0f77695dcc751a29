//! The commands. To add one, add a file with its arguments and `run`, and a line in the list below.

use crate::cli::context::Context;
use crate::cli::globals::Globals;
use crate::error::Result;

/// Inspect MLflow LLM traces in the terminal
///
/// Reads traces recorded by MLflow 2.14 to 3.18 from SQLite databases, file stores and tracking servers. Never writes
/// to a store. Without --tracking-uri and MLFLOW_TRACKING_URI, it reads the store that MLflow uses by default: ./mlruns
/// or ./mlflow.db.
#[derive(Debug, clap::Parser)]
#[command(name = "mltrace", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(after_help = "Examples:
  mltrace -u demo: traces list          try it on the built-in sample
  mltrace trace show @last              the newest trace as a tree
  mltrace usage @last                   tokens of each LLM call
  mltrace usage --since 7d --by day     tokens and cost per day
  mltrace stats --by name               request count, error rate, latency, cost
  mltrace check --max-error-rate 5%     fail a build if traces violate limits
  mltrace spans --llm --json | jq       LLM calls for scripts

Topics: mltrace help TOPIC, such as selecting, filters, stores, servers, tokens, json; mltrace help lists them

Exit codes: 0 success, 1 failed check or differences (check, trace diff --exit-code), 2 invalid arguments, 3 not found or ambiguous, 4 network or server error, 5 store or output error, 70 bug, 130 interrupted")]
pub struct Cli {
    #[command(flatten)]
    /// The global options.
    pub globals: Globals,
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The outcome of a command that ran without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success.
    Done,
    /// A check failed, or traces differ with `--exit-code`. Not an error, but the exit code is 1.
    CheckFailed,
}

impl Outcome {
    /// Returns the exit code of the process.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CheckFailed => 1,
        }
    }
}

impl From<()> for Outcome {
    /// Most commands check nothing.
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// Declares the modules, the enum of subcommands for clap, and the match that runs them.
macro_rules! commands {
    ($($variant:ident $module:ident::$arguments:ident)*) => {
        $(mod $module;)*

        /// The commands.
        #[derive(Debug, clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is a single instance")]
        pub enum Command {
            $(
                #[allow(missing_docs, reason = "the help of a command is the doc comment of its arguments")]
                $variant($module::$arguments),
            )*
        }

        impl Command {
            /// Runs the command.
            ///
            /// # Errors
            /// When the command fails.
            pub fn run(&self, cx: &mut Context) -> Result<Outcome> {
                match self {
                    $(Self::$variant(args) => $module::run(args, cx).map(Outcome::from),)*
                }
            }
        }
    };
}

commands! {
    Experiments experiments::ExperimentsArgs
    Traces traces::TracesArgs
    Trace trace::TraceArgs
    Usage usage::UsageArgs
    Stats stats::StatsArgs
    Spans spans::SpansArgs
    Tools tools::ToolsArgs
    Exceptions exceptions::ExceptionsArgs
    Sessions sessions::SessionsArgs
    Session session::SessionArgs
    Check check::CheckArgs
    Doctor doctor::DoctorArgs
    Prices prices::PricesArgs
    Completions completions::CompletionsArgs
    Man man::ManArgs
    Help help::HelpArgs
}

#[cfg(test)]
pub(crate) mod tests;
