//! Runs queries on a store, so that exactly the traces that match are returned.

use super::error::StoreError;
use super::filtering::FilteringSink;
use super::query::Query;
use super::sessions::resolve_sessions;
use super::trace_store::TraceStore;
use crate::formats::SpanDetail;
use crate::model::{Problem, Trace, TraceInfo};
use crate::query::Filter;
use std::ops::ControlFlow;

/// Runs a query and calls `on_trace` with exactly the traces that match. Returns the number of matching traces if the
/// query asks for it and counting is cheap.
///
/// # Errors
/// When the store cannot be read, or `on_trace` fails, whose error ends the search.
pub fn select<E: From<StoreError>>(
    store: &dyn TraceStore,
    query: &Query,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>, E>,
) -> Result<Option<usize>, E> {
    let query = &*resolve_sessions(store, query, problems)?;
    let mut sink = FilteringSink::new(&query.filter, problems, on_trace);
    let matched = store.search(query, &mut sink)?;
    let FilteringSink { undecided, failure, .. } = sink;
    if let Some(failure) = failure {
        return Err(failure);
    }
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
/// When the store cannot be read, or `on_trace` fails, whose error ends the loading.
pub fn load_spans<E: From<StoreError>>(
    store: &dyn TraceStore,
    infos: Vec<TraceInfo>,
    detail: SpanDetail,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>, E>,
) -> Result<(), E> {
    let filter = Filter::default();
    let mut sink = FilteringSink::new(&filter, problems, on_trace);
    store.load_spans(infos, detail, &mut sink)?;
    sink.failure.map_or(Ok(()), Err)
}
