//! Why a value of a trace may be incomplete.

use crate::model::{Span, SpanStatus, Trace, TraceState, UsageScope, has_ancestor_where};
use crate::reading::{Reading, RowKind, TraceUsage, UsageRow};

/// The reason for traces that have not ended.
pub(super) const IN_PROGRESS: &str = "in progress";

/// Returns why the spans of a trace may be incomplete, if so.
pub(super) fn unknown_reason(trace: &Trace) -> Option<String> {
    if trace.info.state == TraceState::InProgress {
        Some(IN_PROGRESS.to_owned())
    } else {
        trace.lacks_spans().then(|| "spans are missing".to_owned())
    }
}

/// Returns why the number of LLM calls is unknown, if so: agents of some frameworks record none (smolagents, CrewAI).
pub(super) fn unrecorded_calls(trace: &Trace, usage: &TraceUsage) -> Option<String> {
    let has_calls = usage.rows.iter().any(|row| row.kind != RowKind::Remainder);
    let mut spans = trace.span_list().iter();
    let has_agent = spans.any(|span| span.usage_scope == UsageScope::UnrecordedCalls);
    (!has_calls && has_agent).then(|| "model calls are not recorded".to_owned())
}

/// Returns why a value of successful model calls is unknown, if neither they nor a span above them have it.
pub(super) fn calls_without(
    trace: &Trace,
    usage: &TraceUsage,
    has: &dyn Fn(&UsageRow) -> bool,
    covers: fn(&Span) -> bool,
    name: &str,
) -> Option<String> {
    let spans = trace.spans.as_ref()?;
    let is_covered = has_ancestor_where(&spans.nodes, |at| covers(&spans.list[at]));
    let is_unknown = |row: &&UsageRow| {
        let has_succeeded = row.spans.iter().any(|at| spans.list[*at].status != SpanStatus::Error);
        has_succeeded && !has(row) && !row.spans.first().is_some_and(|at| is_covered[*at])
    };
    let calls = usage.rows.iter().filter(|row| row.kind != RowKind::Remainder);
    match calls.filter(is_unknown).count() {
        0 => None,
        1 => Some(format!("1 model call has no recorded {name}")),
        count => Some(format!("{count} model calls have no recorded {name}")),
    }
}

/// Returns why a trace may have more tool calls than are recorded, if so: for instance, responses of models are
/// missing.
pub(super) fn unrecorded_tool_calls(trace: &Trace, reading: &Reading) -> Option<String> {
    let spans = trace.span_list();
    // If tools have spans, each call has one.
    let has_tools = spans.iter().any(|span| span.span_type.is_tool());
    let is_unrecorded = |call: &&UsageRow| {
        if has_tools {
            return false;
        }
        let mut call_spans = call.spans.iter().map(|at| &spans[*at]);
        call_spans.clone().all(|span| !span.has_outputs) && call_spans.any(|span| span.status != SpanStatus::Error)
    };
    let unnamed = reading.made_tool_calls().filter(|call| call.name.is_none()).count();
    let reason = match (reading.usage.llm_calls().filter(is_unrecorded).count(), unnamed) {
        (0, 0) => return unknown_reason(trace),
        (0, 1) => "a tool call has no name".to_owned(),
        (0, count) => format!("{count} tool calls have no name"),
        (1, _) => "the response of 1 model call is not recorded".to_owned(),
        (count, _) => format!("the responses of {count} model calls are not recorded"),
    };
    unknown_reason(trace).or(Some(reason))
}
