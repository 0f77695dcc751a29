//! Failures that left no error: what a tool raised, and its caller handed back to the model as text.

use super::calls;
use super::history::History;
use super::tool_calls::{CallFailure, ToolCall, of_spans};
use crate::model::{Span, Spans};

/// Gives each failure that was handed back as text to one span, for the views that show spans. What a span of the trace
/// raised is told by its exception.
///
/// Where a history of earlier traces is kept, failures that these told are left out.
pub fn mark_handled_failures(spans: &mut Spans, history: Option<&mut History>) {
    let has_failure = |span: &Span| span.tool_mentions.iter().any(|mention| mention.failure.is_some());
    if history.is_none() && !spans.list.iter().any(has_failure) {
        return;
    }
    let mut calls = of_spans(spans, &calls::of_spans(spans));
    let news = history.map(|history| history.read(&mut calls));
    let handled = |(at, call): (usize, ToolCall)| match &call.failure {
        Some(CallFailure::Handled(text)) if news.as_ref().is_none_or(|news| news[at].is_answer_new) => {
            Some((call.failed_in()?, text.clone()))
        }
        _ => None,
    };
    let handled: Vec<(usize, String)> = calls.into_iter().enumerate().filter_map(handled).collect();
    let raised: Vec<&str> = spans.list.iter().filter_map(|span| span.exception.as_ref()?.message.as_deref()).collect();
    let raised: Vec<String> = raised.into_iter().filter(|message| !message.is_empty()).map(str::to_owned).collect();
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
