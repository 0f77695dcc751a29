//! Evaluates the filter of a query on what a store returns.

use super::trace_store::Sink;
use crate::error::Result;
use crate::model::{Problem, Trace, keys};
use crate::query::Filter;
use std::ops::ControlFlow;

/// Drops traces that do not match the filter.
pub(super) struct FilteringSink<'a> {
    pub(super) filter: &'a Filter,
    pub(super) problems: &'a mut Vec<Problem>,
    /// Ids of traces whose spans are needed by the filter but cannot be read.
    pub(super) undecided: Vec<String>,
    pub(super) on_trace: &'a mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
}

impl Sink for FilteringSink<'_> {
    fn trace(&mut self, trace: Trace) -> Result<ControlFlow<()>> {
        if self.filter.matches(&trace) {
            return (self.on_trace)(trace);
        }
        let is_lost = trace.spans.as_ref().is_some_and(|spans| spans.problems.iter().any(Problem::is_loss));
        // A record that was not written by an MLflow client has no spans that could be lost.
        let has_spans = trace.info.span_count.is_some() || trace.info.metadata.get(keys::SCHEMA_VERSION).is_some();
        if is_lost && has_spans && self.filter.matches_info(&trace.info) {
            self.undecided.push(trace.info.trace_id);
        }
        Ok(if self.filter.is_exhausted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}
