//! Durations of a trace and its spans, consistent between header and root row, and marked as `so far` while in
//! progress.

use super::TreeView;
use crate::model::{Span, SpanId, Spans, TraceState};
use crate::number;
use std::collections::HashMap;

/// MLflow records the duration in whole milliseconds: that of the root, or the difference between start and end, each
/// truncated to milliseconds.
const ROUNDING_NS: u64 = 1_000_000;

impl TreeView {
    /// Returns the formatted duration of the trace.
    ///
    /// The trace record has whole milliseconds, the root nanoseconds. If the two agree, this is the root's, so that
    /// header and root row match. If not (a span outlives the root, or the root is not stored), this is the recorded
    /// one, which lists and statistics use.
    pub(super) fn duration(&self) -> Option<String> {
        let info = &self.trace.info;
        let recorded = info.execution_duration_ms.map(|millis| millis.saturating_mul(1_000_000));
        if info.state == TraceState::InProgress {
            // The record of a trace in progress covers only the spans received when it was written.
            let nanos = recorded.max(self.trace.spans.as_ref().and_then(recorded_span_ns)).filter(|nanos| *nanos > 0);
            return nanos.map(number::duration_so_far);
        }
        let root = self.trace.spans.as_ref().and_then(single_root).and_then(Span::duration_ns);
        let agree = |root: &i64| recorded.is_none_or(|recorded| recorded.abs_diff(*root) < ROUNDING_NS);
        root.filter(agree).or(recorded).map(number::duration)
    }
}

/// Returns the duration so far of each open span, in nanoseconds: until the latest start or end below it. Omits spans
/// for which that is 0.
pub(super) fn open_span_durations(spans: &Spans) -> HashMap<SpanId, i64> {
    let mut latest: Vec<i64> = spans.list.iter().map(last_recorded_ns).collect();
    // Parents come before their children.
    for (at, node) in spans.nodes.iter().enumerate().rev() {
        if let Some(parent) = node.parent {
            latest[parent] = latest[parent].max(latest[at]);
        }
    }
    let open = spans.list.iter().zip(latest).filter(|(span, _)| span.end.is_none());
    let age = open.map(|(span, latest)| (span.id.clone(), latest.saturating_sub(span.start.0)));
    age.filter(|(_, nanos)| *nanos > 0).collect()
}

/// Returns the time from the first to the last time recorded in the spans, in nanoseconds.
fn recorded_span_ns(spans: &Spans) -> Option<i64> {
    let first = spans.list.iter().map(|span| span.start.0).min()?;
    Some(spans.list.iter().map(last_recorded_ns).max()?.saturating_sub(first))
}

fn last_recorded_ns(span: &Span) -> i64 {
    span.end.unwrap_or(span.start).max(span.start).0
}

/// Returns the root if there is exactly one; with several, none represents the trace.
fn single_root(spans: &Spans) -> Option<&Span> {
    let mut roots = spans.list.iter().zip(&spans.nodes).filter(|(_, node)| node.parent.is_none());
    let (span, node) = roots.next()?;
    (roots.next().is_none() && !node.is_orphan).then_some(span)
}
