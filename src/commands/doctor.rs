//! `mltrace doctor`

use crate::analysis::doctor::{Doctor, FindingKind, StoreFacts};
use crate::cli::context::Context;
use crate::cli::installed;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, TraceInfo};
use crate::output::number;
use crate::store::{Order, Projection, Query, TraceStore};
use crate::views::doctor::DoctorView;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Tell which store is read and why, and what is wrong with it and its traces
///
/// Shows what the store is, the release of its schema and what is in it; then what was found, the worst first, each with what
/// it means and what to do: traces that never ended, spans and roots that are missing, damaged records, totals of tokens that
/// differ from the spans, records that were never completed, files that are gone or have moved, models without a price, and a
/// store that the MLflow installed here refuses. The newest 10,000 traces are looked at, of a server the spans of the newest
/// 200; --deep looks at all. The exit code is 0 whatever is found.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace doctor
  mltrace doctor --since 1d -x AutoGen
  mltrace doctor --deep --json | jq '.findings[] | [.kind, .count, .trace_ids[0]]'")]
pub struct DoctorArgs {
    /// Look at the spans of every trace, however many there are
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    select: TraceSelection,
}

/// So many traces are looked at without being asked: a few seconds' worth.
const MOST_TRACES: u64 = 10_000;

/// Of so many traces a server is asked for the spans, each by a question of its own.
const MOST_ASKED_FOR: usize = 200;

pub(super) fn run(args: &DoctorArgs, cx: &mut Context) -> Result<()> {
    let (mut reader, choice) = TraceReader::choose(cx)?;
    let checkup = reader.store.describe()?;
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::Tree)?;
    let is_asked = checkup.kind == StoreKind::Server && !args.deep;
    if is_asked {
        query.need = Projection::Info;
    }
    query.counts = !args.deep;
    let mut doctor = Doctor::new(cx.now);
    let most = if args.deep { u64::MAX } else { MOST_TRACES };
    let (matched, rest) = look(&mut reader, &query, &mut doctor, most)?;
    let damaged = std::mem::take(&mut reader.problems);
    reader.problems = doctor.add_problems(damaged);
    // The others are among the findings.
    reader.span_problems = rest;
    let experiments = reader.store.experiments(&mut Vec::new())?;
    let store = StoreFacts {
        is_empty: doctor.counts.traces == 0 && reader.store.is_empty()?,
        deleted: deleted(&*reader.store, &experiments, &query)?,
        second: cx.second_store(&choice),
        installed: installed::find(&cx.environment.installation.programs),
        allows_file_stores: cx.environment.installation.allows_file_stores,
        checkup,
    };
    reader.end();
    let counts = doctor.counts.clone();
    let view = DoctorView {
        name: reader.store.name().to_owned(),
        why: choice.why,
        experiments: experiments.len() as u64,
        deleted_experiments: experiments.iter().filter(|one| !one.is_active()).count() as u64,
        matched,
        is_complete: matched == Some(counts.traces) && counts.traces_whole == counts.traces,
        free_database: free_database(&store.checkup, Path::new(reader.store.name())),
        counts,
        findings: doctor.findings(&store),
        store,
        now: cx.now,
        program: cx.program(),
    };
    cx.output.show(&view)?;
    tell_left_out(cx, &view);
    reader.tell_left_out(cx, &args.select, &query, view.is_complete)?;
    reader.warn(cx);
    Ok(())
}

/// Looks at the newest traces. Gives how many are meant in all, where that is known, and the problems of spans that are no
/// findings.
fn look(
    reader: &mut TraceReader,
    query: &Query,
    doctor: &mut Doctor,
    most: u64,
) -> Result<(Option<u64>, Vec<Problem>)> {
    let (mut asked, mut rest): (Vec<TraceInfo>, Vec<Problem>) = (Vec::new(), Vec::new());
    let mut is_cut = false;
    let matched = reader.each(query, &mut |trace| {
        is_cut = doctor.counts.traces == most;
        if is_cut {
            return Ok(ControlFlow::Break(()));
        }
        doctor.add_record(&trace.info);
        rest.extend(doctor.add_spans(&trace));
        if trace.spans.is_none() && asked.len() < MOST_ASKED_FOR {
            asked.push(trace.info);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    reader.complete(asked, Projection::Tree, &mut |trace| {
        rest.extend(doctor.add_spans(&trace));
        Ok(ControlFlow::Continue(()))
    })?;
    reader.complete(doctor.take_suspects(), Projection::Full, &mut |trace| {
        doctor.add_suspect(&trace);
        Ok(ControlFlow::Continue(()))
    })?;
    let matched = if is_cut { matched.map(|matched| matched as u64) } else { Some(doctor.counts.traces) };
    Ok((matched, rest))
}

/// A path beside a file store at which there is nothing yet: a database that traces move to must not be one that is there.
fn free_database(checkup: &StoreInfo, store: &Path) -> Option<PathBuf> {
    let folder = store.parent().filter(|_| checkup.kind == StoreKind::Files)?;
    let numbered = (2..).map(|number| format!("mlflow-migrated-{number}.db"));
    let mut names = ["mlflow.db", "mlflow-migrated.db"].map(str::to_owned).into_iter().chain(numbered);
    names.find_map(|name| Some(folder.join(name)).filter(|path| path.symlink_metadata().is_err()))
}

/// The deleted experiments that hold traces, with how many, unless they are looked at anyway.
fn deleted(store: &dyn TraceStore, experiments: &[Experiment], query: &Query) -> Result<Vec<(String, u64)>> {
    let deleted: Vec<Experiment> = experiments.iter().filter(|one| !one.is_active()).cloned().collect();
    if deleted.is_empty() || query.experiments.iter().any(|one| !one.is_active()) {
        return Ok(Vec::new());
    }
    let totals = store.totals(&deleted, &mut Vec::new())?;
    let traces = |one: &Experiment| totals.get(&one.experiment_id).map_or(0, |totals| totals.traces);
    let counted = deleted.iter().map(|one| (one.name.clone(), traces(one)));
    Ok(counted.filter(|(_, traces)| *traces > 0).collect())
}

/// Says what was not looked at.
fn tell_left_out(cx: &Context, view: &DoctorView) {
    let counts = &view.counts;
    let count = |count: u64| number::count(count.cast_signed());
    let is_damaged = view.findings.iter().any(|finding| finding.kind == FindingKind::DamagedRecords);
    if counts.traces == 0 && !view.store.is_empty && !is_damaged {
        cx.note("no traces fit");
    }
    if view.matched != Some(counts.traces) {
        cx.note(&format!("the newest {} traces were looked at; --deep looks at all", count(counts.traces)));
    }
    let asked = counts.traces_whole + counts.traces_unserved;
    if asked < counts.traces {
        let asked = count(asked);
        cx.note(&format!("the spans of the newest {asked} traces were looked at; --deep looks at those of all"));
    }
}
