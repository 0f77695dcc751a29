//! `mltrace doctor`

use crate::analysis::doctor::{Doctor, Finding, StoreFacts};
use crate::cli::context::Context;
use crate::cli::installed;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, TraceInfo, keys};
use crate::number;
use crate::query::Label;
use crate::store::{Order, Projection, Query, RecordPart, SpanDetail, TraceStore, aggregates};
use crate::views::doctor::DoctorView;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Diagnose the trace store
///
/// Shows which store is read and why, the MLflow release of its schema and its contents. Then lists findings, the worst
/// first, each with its meaning and a remedy: traces that never ended, missing spans and roots, damaged records, token
/// totals that differ from the spans, incomplete records, missing or moved files, models without a price, and a store
/// that the installed MLflow refuses. The newest 10,000 traces are examined, on a server the spans of the newest 200;
/// --deep examines all. The exit code is 0 whether or not there are findings.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace doctor
  mltrace doctor --since 1d -x AutoGen
  mltrace doctor --deep --json | jq '.findings[] | [.kind, .count, .trace_ids[0]]'")]
pub struct DoctorArgs {
    /// Examine the spans of all traces
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    select: TraceSelection,
}

/// Maximum number of traces that are examined without `--deep`; takes a few seconds.
const MAX_TRACES: u64 = 10_000;

/// Maximum number of traces whose spans are requested from a server without `--deep`. Each one is a request.
const MAX_SERVER_TRACES: usize = 200;

pub(super) fn run(args: &DoctorArgs, cx: &mut Context) -> Result<()> {
    let (mut reader, choice) = TraceReader::open_with_choice(cx)?;
    let info = reader.store.describe()?;
    let record = RecordPart::OrderedFigures(vec![Label::Tag(keys::NAME.to_owned())]);
    let projection = Projection { record, ..Projection::spans(SpanDetail::Tree) };
    let mut query = reader.query(cx, &args.select, Order::NEWEST, projection)?;
    if info.kind == StoreKind::Server && !args.deep {
        query.projection = Projection::RECORDS;
    }
    query.plan.counts_matches = !args.deep;
    let mut doctor = Doctor::new(cx.now);
    let max_traces = if args.deep { u64::MAX } else { MAX_TRACES };
    let (matched, other_problems) = examine(&mut reader, &query, &mut doctor, max_traces)?;
    let damaged = std::mem::take(&mut reader.problems);
    reader.problems = doctor.add_problems(damaged);
    // All other problems are among the findings.
    reader.span_problems = other_problems;
    let experiments = reader.store.experiments(&mut Vec::new())?;
    let name = reader.store.name().to_owned();
    let store = StoreFacts {
        migration_target: free_database(&info, Path::new(&name)),
        command_prefix: cx.command_prefix(),
        name,
        is_empty: doctor.counts.traces == 0 && aggregates::is_empty(&*reader.store)?,
        deleted_experiments: deleted(&*reader.store, &experiments, &query)?,
        other_store: cx.other_store(&choice),
        installed: installed::find(&cx.environment.installation.programs),
        allows_file_stores: cx.environment.installation.allows_file_stores,
        info,
    };
    reader.clear_progress();
    let counts = doctor.counts.clone();
    let view = DoctorView {
        reason: choice.reason,
        experiments: experiments.len() as u64,
        deleted_experiments: experiments.iter().filter(|experiment| !experiment.is_active()).count() as u64,
        matched,
        is_complete: matched == Some(counts.traces) && counts.traces_with_spans == counts.traces,
        counts,
        findings: doctor.findings(&store),
        store,
    };
    cx.output.show(&view)?;
    note_unexamined(cx, &view);
    reader.note_excluded(cx, &args.select, &query, view.is_complete)?;
    reader.warn(cx);
    Ok(())
}

/// Examines the newest traces. Returns the total number of matches, if known, and the span problems that are not
/// findings.
fn examine(
    reader: &mut TraceReader,
    query: &Query,
    doctor: &mut Doctor,
    max_traces: u64,
) -> Result<(Option<u64>, Vec<Problem>)> {
    let (mut without_spans, mut rest): (Vec<TraceInfo>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut is_cut = false;
    let matched = reader.for_each(query, &mut |trace| {
        is_cut = doctor.counts.traces == max_traces;
        if is_cut {
            return Ok(ControlFlow::Break(()));
        }
        doctor.add_record(&trace.info);
        rest.extend(doctor.add_spans(&trace));
        if trace.spans.is_none() && without_spans.len() < MAX_SERVER_TRACES {
            without_spans.push(trace.info);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    reader.load_spans(without_spans, SpanDetail::Tree, &mut |trace| {
        rest.extend(doctor.add_spans(&trace));
        Ok(ControlFlow::Continue(()))
    })?;
    reader.load_spans(doctor.take_suspects(), SpanDetail::All, &mut |trace| {
        doctor.add_suspect(&trace);
        Ok(ControlFlow::Continue(()))
    })?;
    let matched = if is_cut { matched.map(|matched| matched as u64) } else { Some(doctor.counts.traces) };
    Ok((matched, rest))
}

/// Returns an unused path beside a file store, for the database that its traces can be migrated to.
fn free_database(info: &StoreInfo, store: &Path) -> Option<PathBuf> {
    let folder = store.parent().filter(|_| info.kind == StoreKind::Files)?;
    let numbered = (2..).map(|number| format!("mlflow-migrated-{number}.db"));
    let mut names = ["mlflow.db", "mlflow-migrated.db"].map(str::to_owned).into_iter().chain(numbered);
    names.find_map(|name| Some(folder.join(name)).filter(|path| path.symlink_metadata().is_err()))
}

/// Returns the deleted experiments that have traces, by name and number of traces. Empty if they are examined anyway.
fn deleted(store: &dyn TraceStore, experiments: &[Experiment], query: &Query) -> Result<Vec<(String, u64)>> {
    let deleted: Vec<Experiment> = experiments.iter().filter(|experiment| !experiment.is_active()).cloned().collect();
    if deleted.is_empty() || query.experiments.iter().any(|experiment| !experiment.is_active()) {
        return Ok(Vec::new());
    }
    let totals = aggregates::totals(store, &deleted, &mut Vec::new())?;
    let traces = |experiment: &Experiment| totals.get(&experiment.experiment_id).map_or(0, |totals| totals.traces);
    let counted = deleted.iter().map(|experiment| (experiment.name.clone(), traces(experiment)));
    Ok(counted.filter(|(_, traces)| *traces > 0).collect())
}

/// Notes what was not examined.
fn note_unexamined(cx: &Context, view: &DoctorView) {
    let counts = &view.counts;
    let count = |count: u64| number::count(count.cast_signed());
    let is_damaged = view.findings.iter().any(Finding::is_damage);
    if counts.traces == 0 && !view.store.is_empty && !is_damaged {
        cx.note("no traces match");
    }
    if view.matched != Some(counts.traces) {
        cx.note(&format!("only the newest {} traces were examined (use --deep)", count(counts.traces)));
    }
    let examined = counts.traces_with_spans + counts.traces_unserved;
    if examined < counts.traces {
        let examined = count(examined);
        cx.note(&format!("only the spans of the newest {examined} traces were examined (use --deep)"));
    }
}

#[cfg(test)]
mod tests;
