//! Values of all traces together.

use super::trace::MeasuredTrace;
use super::values::ValueSeries;
use crate::analysis::exceptions::{ExceptionGroups, FailureKind, Occurrence};
use crate::model::TraceState;
use std::collections::BTreeMap;

/// Values of all traces together.
#[derive(Debug, Default)]
pub struct Totals {
    /// Number of traces.
    pub(super) traces: u64,
    errors: u64,
    /// Number of traces in progress.
    pub(super) in_progress: u64,
    /// By name of the measure.
    pub(super) measures: BTreeMap<&'static str, ValueSeries>,
    /// By name of the feedback.
    pub(super) feedback: BTreeMap<String, ValueSeries>,
    pub(super) exceptions: ExceptionGroups,
    /// Whether failures may be missing from the recorded data.
    pub(super) has_unrecorded_failure: bool,
}

impl Totals {
    /// Adds a trace.
    pub(super) fn add(&mut self, trace: MeasuredTrace<'_>) {
        self.traces += 1;
        self.errors += u64::from(trace.trace.info.state == TraceState::Error);
        self.in_progress += u64::from(trace.trace.info.state == TraceState::InProgress);
        self.has_unrecorded_failure |= trace.unrecorded_failure().is_some();
        for (name, value) in trace.feedback() {
            self.feedback.entry(name.to_owned()).or_default().add(&value, None);
        }
        for (name, value) in &trace.values {
            // Measures are never negative; feedback may be.
            self.measures.entry(name).or_default().add(value, Some(0.0));
        }
        let raised = |occurrence: &Occurrence| occurrence.failure.kind == FailureKind::Raised;
        self.exceptions.add(trace.failures.into_iter().filter(raised).collect());
    }

    /// Returns the share of traces in state ERROR if `more` traces were also in it; `None` without traces.
    pub(super) fn error_rate(&self, more: u64) -> Option<f64> {
        (self.traces > 0).then(|| (self.errors + more) as f64 / self.traces as f64)
    }
}
