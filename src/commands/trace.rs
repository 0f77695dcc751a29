//! `mltrace trace`

mod diff;
mod sets;
mod show;

use super::Outcome;
use crate::cli::context::Context;
use crate::error::Result;

/// Show a trace, or compare two
#[derive(Debug, clap::Args)]
pub struct TraceArgs {
    #[command(subcommand)]
    command: TraceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum TraceCommand {
    Show(Box<show::TraceShowArgs>),
    Diff(Box<diff::TraceDiffArgs>),
}

pub(super) fn run(args: &TraceArgs, cx: &mut Context) -> Result<Outcome> {
    match &args.command {
        TraceCommand::Show(args) => show::run(args, cx).map(Outcome::from),
        TraceCommand::Diff(args) => diff::run(args, cx),
    }
}
