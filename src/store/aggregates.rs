//! Aggregates of any store: its own if it has some, else computed from a search.

use super::error::{Result, StoreError};
use super::query::{Query, ReadPlan};
use super::select::select;
use super::summary::{Summaries, SummaryGrouping};
use super::trace_store::{Aggregates, TraceStore};
use crate::model::{Experiment, Problem, Totals};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Returns the totals of each experiment that has traces, by experiment id.
///
/// # Errors
/// When the store cannot be read.
pub fn totals(
    store: &dyn TraceStore,
    experiments: &[Experiment],
    problems: &mut Vec<Problem>,
) -> Result<HashMap<String, Totals>> {
    if let Some(aggregates) = store.aggregates() {
        return aggregates.totals(experiments, problems);
    }
    let mut totals: HashMap<String, Totals> = HashMap::new();
    select(store, &Query::newest(experiments.to_vec()), problems, &mut |trace| {
        totals.entry(trace.info.experiment_id.clone()).or_default().add_trace(&trace.info);
        Ok::<_, StoreError>(ControlFlow::Continue(()))
    })?;
    Ok(totals)
}

/// Whether a store has no traces.
///
/// # Errors
/// When the store cannot be read.
pub fn is_empty(store: &dyn TraceStore) -> Result<bool> {
    store.aggregates().map_or_else(|| is_empty_by_search(store), Aggregates::is_empty)
}

/// The same, for stores without a faster way.
pub(super) fn is_empty_by_search(store: &dyn TraceStore) -> Result<bool> {
    let experiments = store.experiments(&mut Vec::new())?;
    let mut is_empty = true;
    let query = Query { plan: ReadPlan::first(1), ..Query::newest(experiments) };
    select(store, &query, &mut Vec::new(), &mut |_| {
        is_empty = false;
        Ok::<_, StoreError>(ControlFlow::Break(()))
    })?;
    Ok(is_empty)
}

/// Returns summaries of the traces that match; `None` if they have to be computed from records.
///
/// # Errors
/// When the store cannot be read.
pub fn summaries(store: &dyn TraceStore, query: &Query, grouping: SummaryGrouping) -> Result<Option<Summaries>> {
    store.aggregates().map_or(Ok(None), |aggregates| aggregates.summaries(query, grouping))
}
