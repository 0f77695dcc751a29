//! `mltrace experiments`

use crate::cli::context::Context;
use crate::error::Result;
use crate::store::aggregates;
use crate::views::experiment::ExperimentRow;

/// List experiments with trace and error counts
///
/// Prints id, name, stage, number of traces, number of errors, time of the newest trace and recorded tokens.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace experiments
  mltrace experiments --deleted --json | jq '.experiments[] | select(.error_count > 0).name'
  mltrace -u sqlite:///mlflow.db experiments -o csv")]
pub struct ExperimentsArgs {
    /// Include deleted experiments
    #[arg(long)]
    deleted: bool,
}

pub(super) fn run(args: &ExperimentsArgs, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("experiments read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let experiments = store.experiments(&mut problems)?;
    let experiments: Vec<_> =
        experiments.into_iter().filter(|experiment| args.deleted || experiment.is_active()).collect();
    progress.add(experiments.len());
    let mut totals = aggregates::totals(&*store, &experiments, &mut problems)?;
    progress.clear();
    let mut list = cx.output.list();
    for experiment in experiments {
        let totals = totals.remove(&experiment.experiment_id).unwrap_or_default();
        list.push(ExperimentRow { experiment, totals })?;
    }
    list.finish(None)?;
    cx.warn_problems(&problems);
    Ok(())
}

#[cfg(test)]
mod tests;
