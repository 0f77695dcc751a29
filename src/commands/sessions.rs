//! `mltrace sessions`

use crate::analysis::sessions::{Session, SessionTimes, Sessions};
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowLimit};
use crate::cli::runs::{self, GroupedTraces, RunSearch, in_a_session};
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{TraceInfo, keys};
use crate::output::Page;
use crate::query::Label;
use crate::store::{Order, Projection, Query, RecordPart};
use crate::views::session::SessionRow;
use std::ops::ControlFlow;

/// List sessions, most recent first
///
/// The traces of a session, the turns of a conversation, have the same `mlflow.trace.session`. Figures are those that
/// MLflow recorded, for the selected traces.
///
/// Traces without a session are shown as a derived session, named by its first trace, if each request repeats an
/// earlier request and its response (such as an AutoGen team without an enclosing span). Sessions that only spans name
/// (Traceloop, Vercel) are derived, too. Sessions are derived among up to 1,000 traces without a session, and not on
/// servers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace sessions
  mltrace sessions --user ada --since 7d
  mltrace sessions --status error --json | jq -r '.sessions[].session_id'")]
pub struct SessionsArgs {
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

/// With up to this many rows, a database is first asked when each session was last active: then only the traces of the
/// sessions shown are read, and the others take no memory.
const MAX_LATEST: usize = 1_000;

pub(super) fn run(args: &SessionsArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::RECORDS)?;
    let GroupedTraces { runs, mut in_sessions } = match runs::find_in_query(&mut reader, &query)? {
        RunSearch::Found(found) => found,
        RunSearch::Skipped => GroupedTraces::default(),
    };
    let mut derived: Vec<Session> = runs.iter().filter_map(|run| Session::derived(run)).collect();
    query.filter.clauses.push(in_a_session());
    let limit = args.rows.count();
    let reads_latest = limit <= MAX_LATEST && reader.store.has_columns();
    let count = if reads_latest {
        Some(select_latest(&mut reader, &mut query, limit, &mut derived, &mut in_sessions)?)
    } else {
        None
    };
    query.projection.record =
        RecordPart::OrderedFigures(vec![Label::metadata(keys::SESSION), Label::metadata(keys::USER)]);
    let mut sessions = Sessions::default();
    reader.for_each(&query, &mut |trace| {
        sessions.add(&trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    reader.clear_progress();
    for session in derived {
        sessions.add_derived(session);
    }
    for trace in &in_sessions {
        sessions.add(trace);
    }
    let sessions = sessions.sorted();
    let count = count.unwrap_or(sessions.len());
    let is_cut = count > limit;
    let complete = !is_cut && !reader.has_losses();
    let page = Page { returned: sessions.len().min(limit), matched: Some(count), complete };
    let mut rows = cx.output.list();
    for session in sessions.into_iter().take(limit) {
        rows.push(SessionRow(session))?;
    }
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "sessions");
    reader.warn(cx);
    Ok(())
}

/// Narrows a query, derived sessions, and traces whose spans name a session to the latest `limit` sessions. Returns the
/// number of all.
fn select_latest(
    reader: &mut TraceReader,
    query: &mut Query,
    limit: usize,
    derived: &mut Vec<Session>,
    in_sessions: &mut Vec<TraceInfo>,
) -> Result<usize> {
    let mut times = SessionTimes::default();
    for session in &*derived {
        times.add_session(session);
    }
    for trace in &*in_sessions {
        times.add(trace);
    }
    query.projection.record = RecordPart::Figures(vec![Label::metadata(keys::SESSION)]);
    reader.for_each(query, &mut |trace| {
        times.add(&trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    let latest = times.latest(limit);
    derived.retain(|session| latest.contains(&session.id));
    in_sessions.retain(|trace| trace.session_from_spans.as_ref().is_some_and(|id| latest.contains(id)));
    // An id that is not valid text is not found by what it is shown as. Without the condition, all sessions are read.
    if !latest.iter().any(|id| id.contains(['\0', '\u{fffd}'])) {
        query.filter.clauses.push(Label::metadata(keys::SESSION).one_of(latest));
    }
    Ok(times.count())
}
