//! Finds runs that were recorded as several traces without a session, for the commands that list traces and sessions.

use super::reader::TraceReader;
use crate::cli::context::Context;
use crate::error::Result;
use crate::model::{TraceInfo, keys};
use crate::query::{Clause, Label};
use crate::reading::RunFinder;
use crate::shell::Suggestion;
use crate::store::{Projection, Query, SpanDetail};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// The result of a search for runs.
pub(crate) enum RunSearch {
    /// The runs found, possibly none.
    Found(GroupedTraces),
    /// Not searched: too many traces have no session, or the store is a server.
    Skipped,
}

/// Traces without a recorded session, grouped by their messages or by the sessions in their spans.
#[derive(Default)]
pub(crate) struct GroupedTraces {
    /// The traces of each run, in their order.
    pub(crate) runs: Vec<Vec<TraceInfo>>,
    /// Traces whose spans name a session.
    pub(crate) in_sessions: Vec<TraceInfo>,
}

/// Finds runs among the selected traces without a session. Their messages have to be read, so the search is limited to
/// stores with few of them and skipped for servers, where each trace would be a request.
pub(crate) fn find_in_query(reader: &mut TraceReader, query: &Query) -> Result<RunSearch> {
    let budget = reader.span_read_budget();
    if !reader.store.is_local() {
        return Ok(RunSearch::Skipped);
    }
    let mut query = Query { projection: Projection::RECORDS, ..query.clone() };
    query.filter.clauses.push(Label::metadata(keys::SESSION).missing());
    let mut infos: Vec<TraceInfo> = Vec::new();
    reader.for_each(&query, &mut |trace| {
        infos.push(trace.info);
        Ok(if infos.len() > budget { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    if infos.len() > budget { Ok(RunSearch::Skipped) } else { Ok(RunSearch::Found(find_among(reader, infos)?)) }
}

/// Finds runs among some traces.
pub(crate) fn find_among(reader: &mut TraceReader, infos: Vec<TraceInfo>) -> Result<GroupedTraces> {
    let (mut threads, mut in_sessions) = (RunFinder::default(), Vec::new());
    reader.load_spans(infos.clone(), SpanDetail::All, &mut |trace| {
        if trace.info.session_from_spans.is_some() {
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

/// Maximum number of spans of a trace that is part of a run: one call, recorded by two instrumentations.
const MAX_SPANS: u64 = 3;

/// Maximum number of listed traces that are examined.
const MAX_PARTS: usize = 1_000;

/// Listed traces that may be parts of runs.
pub(crate) struct RunParts {
    /// `None` if they are not looked for: only on text, and only in local stores, where reading them is fast.
    infos: Option<Vec<TraceInfo>>,
}

impl RunParts {
    /// Starts without traces.
    pub(crate) fn new(cx: &Context, reader: &TraceReader) -> Self {
        let is_noted = cx.output.is_for_people() && !cx.globals().quiet && reader.store.is_local();
        Self { infos: is_noted.then(Vec::new) }
    }

    /// Adds a listed trace.
    pub(crate) fn add(&mut self, info: &TraceInfo) {
        if let Some(infos) = self.infos.as_mut().filter(|infos| infos.len() < MAX_PARTS)
            && may_belong_to_run(info)
        {
            infos.push(info.clone());
        }
    }

    /// Notes how many of the traces are parts of runs.
    pub(crate) fn note(self, cx: &Context, reader: &mut TraceReader) -> Result<()> {
        let infos = self.infos.unwrap_or_default();
        if infos.len() < 2 {
            return Ok(());
        }
        let runs = find_among(reader, infos)?.runs;
        let Some(first) = runs.first().and_then(|run| run.first()) else { return Ok(()) };
        let count = runs.iter().map(Vec::len).sum::<usize>();
        let which = match runs.len() {
            1 => "1 run".to_owned(),
            many => format!("{many} runs"),
        };
        let command = cx.quoted_command(&Suggestion::new("session show").operand(first.short_id()));
        cx.note(&format!("the messages of {count} traces show that they are parts of {which} (use {command})"));
        Ok(())
    }
}

/// Whether a trace may be part of a run, judging by its record alone.
fn may_belong_to_run(info: &TraceInfo) -> bool {
    info.session_id().is_none() && info.span_count.is_some_and(|count| count <= MAX_SPANS)
}

/// The condition that a trace has a session.
pub(crate) fn in_a_session() -> Clause {
    Label::metadata(keys::SESSION).exists()
}
