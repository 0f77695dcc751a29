//! Runs queries on a store, so that exactly the traces that match are returned.

use super::filtering::FilteringSink;
use super::query::Query;
use super::sessions::resolve_sessions;
use super::trace_store::TraceStore;
use crate::error::Result;
use crate::formats::SpanDetail;
use crate::model::{Problem, Trace, TraceInfo};
use crate::query::Filter;
use std::ops::ControlFlow;

/// Runs a query and calls `on_trace` with exactly the traces that match. Returns the number of matching traces if the
/// query asks for it and counting is cheap.
///
/// # Errors
/// When the store cannot be read, or `on_trace` fails.
pub fn select(
    store: &dyn TraceStore,
    query: &Query,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<Option<usize>> {
    let query = &*resolve_sessions(store, query, problems)?;
    let mut sink = FilteringSink { filter: &query.filter, problems, undecided: Vec::new(), on_trace };
    let matched = store.search(query, &mut sink)?;
    let undecided = sink.undecided;
    if let [first, ..] = undecided.as_slice() {
        let count = undecided.len();
        let which =
            if count == 1 { format!("trace {first} was") } else { format!("{count} traces (including {first}) were") };
        let message = format!("{which} not selected: the filter needs spans that cannot be read");
        problems.push(Problem::new("skipped_undecided", message));
    }
    problems.extend(query.filter.incomplete_searches().into_iter().map(|gap| Problem::new("skipped_text", gap)));
    Ok(matched)
}

/// Loads the spans of traces that were selected before.
///
/// # Errors
/// When the store cannot be read, or `on_trace` fails.
pub fn load_spans(
    store: &dyn TraceStore,
    infos: Vec<TraceInfo>,
    detail: SpanDetail,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<()> {
    store.load_spans(
        infos,
        detail,
        &mut FilteringSink { filter: &Filter::default(), problems, undecided: Vec::new(), on_trace },
    )
}
