//! Evaluates the filter of a query on what a store returns.

use super::trace_store::Sink;
use crate::model::{Problem, Trace, keys};
use crate::query::Filter;
use std::ops::ControlFlow;

/// Drops traces that do not match the filter.
pub(super) struct FilteringSink<'a, E> {
    filter: &'a Filter,
    problems: &'a mut Vec<Problem>,
    /// Ids of traces whose spans are needed by the filter but cannot be read.
    pub(super) undecided: Vec<String>,
    /// The error of `on_trace`, which ended the search.
    pub(super) failure: Option<E>,
    on_trace: &'a mut dyn FnMut(Trace) -> Result<ControlFlow<()>, E>,
}

impl<'a, E> FilteringSink<'a, E> {
    pub(super) fn new(
        filter: &'a Filter,
        problems: &'a mut Vec<Problem>,
        on_trace: &'a mut dyn FnMut(Trace) -> Result<ControlFlow<()>, E>,
    ) -> Self {
        Self { filter, problems, undecided: Vec::new(), failure: None, on_trace }
    }
}

impl<E> Sink for FilteringSink<'_, E> {
    fn trace(&mut self, trace: Trace) -> ControlFlow<()> {
        if self.filter.matches(&trace) {
            return (self.on_trace)(trace).unwrap_or_else(|error| {
                self.failure = Some(error);
                ControlFlow::Break(())
            });
        }
        let is_lost = trace.spans.as_ref().is_some_and(|spans| spans.problems.iter().any(Problem::is_loss));
        // A record that was not written by an MLflow client has no spans that could be lost.
        let has_spans = trace.info.span_count.is_some() || trace.info.metadata.get(keys::SCHEMA_VERSION).is_some();
        if is_lost && has_spans && self.filter.matches_info(&trace.info) {
            self.undecided.push(trace.info.trace_id);
        }
        if self.filter.is_exhausted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn has_failed(&self) -> bool {
        self.failure.is_some()
    }
}
