//! Durations of a trace and of its spans: one for the header and the root's row, and none that looks final while work goes on.

use super::TreeView;
use crate::model::{Span, SpanId, Spans, TraceState};
use crate::output::number;
use std::collections::HashMap;

/// MLflow records whole milliseconds: of the root's duration, or between its start and end, each cut to milliseconds.
const ROUNDING_NS: u64 = 1_000_000;

impl TreeView {
    /// The duration of the trace.
    ///
    /// The record has whole milliseconds and the root nanoseconds. Where the two agree, the root's is shown, so that header and
    /// root row read the same; where they do not (spans outlive their root, a root is not stored), the record's is
    /// shown, which is what lists and statistics count.
    pub(super) fn duration(&self) -> Option<String> {
        let info = &self.trace.info;
        let recorded = info.execution_duration_ms.map(|millis| millis.saturating_mul(1_000_000));
        if info.state == TraceState::InProgress {
            // The record of a trace in progress has what had arrived when it was written.
            let nanos = recorded.max(self.trace.spans.as_ref().and_then(age)).filter(|nanos| *nanos > 0);
            return nanos.map(number::so_far);
        }
        let root = self.trace.spans.as_ref().and_then(only_root).and_then(Span::duration_ns);
        let agree = |root: &i64| recorded.is_none_or(|recorded| recorded.abs_diff(*root) < ROUNDING_NS);
        root.filter(agree).or(recorded).map(number::duration)
    }
}

/// How long each open span is known to have run: to the latest start or end below it. Those without any are left out.
pub(super) fn of_open_spans(spans: &Spans) -> HashMap<SpanId, i64> {
    let mut latest: Vec<i64> = spans.list.iter().map(last_known).collect();
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

/// From the first to the last time recorded in the spans.
fn age(spans: &Spans) -> Option<i64> {
    let first = spans.list.iter().map(|span| span.start.0).min()?;
    Some(spans.list.iter().map(last_known).max()?.saturating_sub(first))
}

fn last_known(span: &Span) -> i64 {
    span.end.unwrap_or(span.start).max(span.start).0
}

/// The root, where there is only one: none of several represents the trace.
fn only_root(spans: &Spans) -> Option<&Span> {
    let mut roots = spans.list.iter().zip(&spans.nodes).filter(|(_, node)| node.parent.is_none());
    let (span, node) = roots.next()?;
    (roots.next().is_none() && !node.is_orphan).then_some(span)
}
