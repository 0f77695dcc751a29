//! `mltrace trace`

mod diff;
mod sets;
mod show;

use super::Outcome;
use crate::cli::context::Context;
use crate::error::Result;

/// Show one trace, or compare two
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    Show(Box<show::Args>),
    Diff(Box<diff::Args>),
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<Outcome> {
    match &args.command {
        Action::Show(args) => show::run(args, cx).map(Outcome::from),
        Action::Diff(args) => diff::run(args, cx),
    }
}
