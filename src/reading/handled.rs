//! Handled failures: the tool raised an exception, and its caller returned it to the model as text, without an error.

use super::tool_calls::{CallFailure, ToolCall};
use crate::model::{Exception, Spans};

/// Sets [`handled_failure`](crate::model::Span::handled_failure) of the span that each handled failure belongs to.
/// Skips failures that the trace also records as an exception, and results that an earlier trace contains.
pub fn mark_handled_failures(spans: &mut Spans, calls: &[ToolCall]) {
    let handled = |call: &ToolCall| match &call.failure {
        Some(CallFailure::Handled(text)) if call.is_result_new => Some((call.failed_in()?, text.clone())),
        _ => None,
    };
    let handled: Vec<(usize, String)> = calls.iter().filter_map(handled).collect();
    if handled.is_empty() {
        return;
    }
    let message = |exception: &Exception| exception.message.clone().filter(|message| !message.is_empty());
    let raised: Vec<String> =
        spans.list.iter().filter_map(|span| span.exception.as_ref()).filter_map(message).collect();
    for (at, text) in handled {
        if raised.iter().any(|message| text.contains(message.as_str())) {
            continue;
        }
        match &mut spans.list[at].handled_failure {
            Some(known) if known.contains(&text) => {}
            Some(known) => *known = format!("{known}\n{text}"),
            none => *none = Some(text),
        }
    }
}
