//! The commands. One is added by a file with `Args` and `run`, and a line in the list below.

mod grouping;
mod installed;
mod naming;
mod reader;
mod select;
mod threads;

use crate::context::Context;
use crate::error::Result;
use crate::output::{Page, number};

/// What came of a command that did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be, or nobody asked.
    Done,
    /// What was asked has the answer no: not an error, but the exit code tells it.
    Refused,
}

impl Outcome {
    /// The process's exit code.
    #[must_use]
    pub const fn exit(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
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
    ($($variant:ident $module:ident)*) => {
        $(mod $module;)*

        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        #[allow(clippy::large_enum_variant, reason = "there is one, for the life of the process")]
        pub enum Command {
            $(
                #[allow(missing_docs, reason = "the help of a command is the doc comment of its `Args`")]
                $variant($module::Args),
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
    Experiments experiments
    Traces traces
    Trace trace
    Usage usage
    Stats stats
    Spans spans
    Tools tools
    Exceptions exceptions
    Sessions sessions
    Session session
    Check check
    Doctor doctor
    Prices prices
    Completions completions
    Man man
    Help help
}

/// Says on stderr what a list held back, or that it is empty. `is_cut` = there were more than were asked for.
fn tell_page(cx: &Context, page: &Page, is_cut: bool, what: &str) {
    if is_cut {
        let is_one = page.returned == 1 && page.matched.is_none();
        let what = if is_one { what.trim_end_matches('s') } else { what };
        let count = |count: usize| number::count(i64::try_from(count).unwrap_or(i64::MAX));
        let shown = count(page.returned);
        cx.note(&match page.matched {
            Some(all) => format!("{shown} of {} {what} shown; -n or --all shows more", count(all)),
            None => format!("{shown} {what} shown; there are more, which -n or --all shows"),
        });
    } else if page.returned == 0 {
        cx.note(&format!("no {what} fit"));
    }
}
