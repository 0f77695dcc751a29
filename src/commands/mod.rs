//! The commands. To add one: a file with its arguments and `run`, and a line in the list below.

use crate::cli::context::Context;
use crate::cli::globals::Globals;
use crate::error::Result;

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
    /// Options of every command.
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What came of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be, or nobody asked.
    Done,
    /// What was asked has the answer no: not an error, but the exit code tells it.
    CheckFailed,
}

impl Outcome {
    /// The process's exit code.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::CheckFailed => 1,
        }
    }
}

impl From<()> for Outcome {
    /// Most commands cannot say no.
    fn from((): ()) -> Self {
        Self::Done
    }
}

/// Makes the modules, the variants that clap sees, and the match that runs them.
macro_rules! commands {
    ($($variant:ident $module:ident::$arguments:ident)*) => {
        $(mod $module;)*

        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one, for the life of the process")]
        pub enum Command {
            $(
                #[allow(missing_docs, reason = "the help of a command is the doc comment of its arguments")]
                $variant($module::$arguments),
            )*
        }

        impl Command {
            /// Does it.
            ///
            /// # Errors
            /// What a command could not do.
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
