//! Runs that were recorded as several traces, found for the commands that show sessions and lists.

use super::reader::TraceReader;
use crate::cli::context::Context;
use crate::error::Result;
use crate::model::{TraceInfo, keys};
use crate::query::{Clause, Label, LabelTest};
use crate::reading::Threads;
use crate::shell::Suggestion;
use crate::store::{Projection, Query};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// What was found.
pub(crate) enum RunSearch {
    /// The groups found, possibly none.
    Found(GroupedTraces),
    /// More traces have no session than are read for this.
    NotLookedFor,
}

/// Traces without a recorded session, grouped by their messages and by the sessions that their spans name.
#[derive(Default)]
pub(crate) struct GroupedTraces {
    /// The traces of each run, in their order.
    pub(crate) runs: Vec<Vec<TraceInfo>>,
    /// Traces whose spans name a session.
    pub(crate) in_sessions: Vec<TraceInfo>,
}

/// Finds the runs among the traces that a query selects and that belong to no session. Their messages have to be read, so
/// only few are, and none of a server, which would be asked for each.
pub(crate) fn of_query(reader: &mut TraceReader, query: &Query) -> Result<RunSearch> {
    let few = reader.store.few_traces();
    if !reader.store.is_local() {
        return Ok(RunSearch::NotLookedFor);
    }
    let mut query = Query { need: Projection::Info, ..query.clone() };
    query.filter.clauses.push(Clause::Label(Label::Metadata(keys::SESSION.to_owned()), LabelTest::Missing));
    let mut infos: Vec<TraceInfo> = Vec::new();
    reader.each(&query, &mut |trace| {
        infos.push(trace.info);
        Ok(if infos.len() > few { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    if infos.len() > few { Ok(RunSearch::NotLookedFor) } else { Ok(RunSearch::Found(of_traces(reader, infos)?)) }
}

/// Finds the runs among some traces.
pub(crate) fn of_traces(reader: &mut TraceReader, infos: Vec<TraceInfo>) -> Result<GroupedTraces> {
    let (mut threads, mut in_sessions) = (Threads::default(), Vec::new());
    reader.complete(infos.clone(), Projection::Full, &mut |trace| {
        if trace.info.session_of_spans.is_some() {
            in_sessions.push(trace.info);
        } else {
            threads.add(&trace);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut by_id: HashMap<String, TraceInfo> = infos.into_iter().map(|info| (info.trace_id.clone(), info)).collect();
    let runs = threads.runs().into_iter();
    let runs = runs.map(|run| run.iter().filter_map(|id| by_id.remove(id)).collect()).collect();
    Ok(GroupedTraces { runs, in_sessions })
}

/// Parts of a run have few spans: a call, and what two instrumentations make of it.
const MOST_SPANS: u64 = 3;

/// Whether a trace may be a part of a run, by its record.
pub(crate) fn may_be_part(info: &TraceInfo) -> bool {
    info.session_id().is_none() && info.span_count.is_some_and(|count| count <= MOST_SPANS)
}

/// Notes which traces are parts of one run.
pub(crate) fn note_runs(cx: &Context, reader: &mut TraceReader, infos: Vec<TraceInfo>) -> Result<()> {
    if cx.globals().quiet || infos.len() < 2 {
        return Ok(());
    }
    let runs = of_traces(reader, infos)?.runs;
    let Some(first) = runs.first().and_then(|run| run.first()) else { return Ok(()) };
    let count = runs.iter().map(Vec::len).sum::<usize>();
    let which = match runs.len() {
        1 => "1 run".to_owned(),
        many => format!("{many} runs"),
    };
    let command = cx.command(&Suggestion::new("session show").of(first.short_id()));
    cx.note(&format!("{count} of these traces are parts of {which}, as their messages prove: {command}"));
    Ok(())
}

/// That a trace belongs to some session.
pub(crate) fn in_a_session() -> Clause {
    Clause::Label(Label::Metadata(keys::SESSION.to_owned()), LabelTest::Exists)
}
