//! What the targets share.

use mltrace::formats::SpanDetail;
use mltrace::frameworks;
use mltrace::json::canonical;
use mltrace::json::{Json, python};
use mltrace::message::{Message, Part};
use mltrace::model::{self, Span};
use mltrace::query::Grep;
use std::collections::HashSet;
use std::sync::LazyLock;

/// What a span is searched for.
static GREP: LazyLock<Grep> = LazyLock::new(|| Grep::new("e.*r|[0-9]{4}").expect("it is a regular expression"));

/// Spans of one source decoded in every projection: all projections must agree on which spans there are.
pub fn decoded(mut spans: impl FnMut(SpanDetail) -> Vec<Span>) {
    let ids = |list: &[Span]| list.iter().map(|span| span.id.clone()).collect::<Vec<_>>();
    let all = spans(SpanDetail::All);
    for keep in [SpanDetail::Calls, SpanDetail::Tree, SpanDetail::Exceptions] {
        let list = spans(keep);
        assert_eq!(ids(&list), ids(&all), "{keep:?}");
    }
    all.iter().for_each(use_span);
    arranged(all);
}

/// Puts spans into tree order, which must keep each of them once and parents before children.
pub fn arranged(spans: Vec<Span>) {
    let total = spans.len();
    let ids: HashSet<_> = spans.iter().map(|span| span.id.clone()).collect();
    let (list, nodes, dropped) = model::arrange(spans);
    assert_eq!(list.len() + dropped, total);
    assert_eq!(list.len(), nodes.len());
    assert_eq!(list.iter().map(|span| span.id.clone()).collect::<HashSet<_>>(), ids);
    for (at, node) in nodes.iter().enumerate() {
        let depth = node.parent.map_or(0, |parent| {
            assert!(parent < at);
            nodes[parent].depth + 1
        });
        assert_eq!(node.depth, depth);
    }
}

/// Reads everything that a span derives on demand.
pub fn use_span(span: &Span) {
    let _ =
        (span.duration_ns(), span.display_name(), span.usage(), span.exceptions(), span.has_failed(), span.failure());
    let Some(payload) = &span.payload else { return };
    if let Some(found) = GREP.find(span) {
        assert!(found.excerpt.get(found.at.clone()).is_some(), "{found:?}");
    }
    use_messages(payload.inputs(), payload.outputs());
    let _ = frameworks::streamed_response(&payload.events).map(|stream| stream.text());
    payload.attributes.iter().for_each(|(_, value)| use_json(value));
}

/// A value in all its forms. Whatever it was read from, it is strict JSON.
pub fn use_json(value: &Json) {
    assert!(Json::from_strict(value.text()).is_some(), "{}", value.text());
    let _ = (value.display(), value.as_i64(), value.as_f64(), value.as_string(), value.items());
    let _ = (python::dumps(value), python::with_spaces(value), python::escape_non_ascii(value.text()));
    for (key, member) in value.members().unwrap_or_default() {
        assert!(value.member(&key).is_some());
        let _ = member.is_null();
    }
    assert_eq!(canonical::hash(value), canonical::hash(&Json::of(&value)));
}

/// The messages of inputs and outputs.
pub fn use_messages(inputs: Option<&Json>, outputs: Option<&Json>) {
    let messages = inputs.map(frameworks::request).into_iter().chain(outputs.map(frameworks::response)).flatten();
    messages.for_each(|message| use_message(&message));
    let _ = frameworks::tool_mentions(inputs, outputs);
    let _ = frameworks::tool_span_mention(None, None, inputs, outputs);
}

fn use_message(message: &Message) {
    let _ = (message.role.is_instruction(), message.role.as_str());
    message.parts.iter().for_each(use_part);
}

fn use_part(part: &Part) {
    let _ = part.text();
    match part {
        Part::ToolCall(call) => use_json(&call.arguments),
        Part::ToolResult(result) => {
            let _ = (result.text(), result.is_failure());
            result.content.iter().for_each(use_part);
        }
        Part::Data { value, .. } => use_json(value),
        Part::Text(_) | Part::Reasoning(_) | Part::Refusal(_) | Part::Media(_) | Part::Embedding { .. } => {}
    }
}

/// Text for a terminal may hold line breaks, and nothing else that a terminal obeys or that hides what is read.
pub fn is_harmless(text: &str) -> bool {
    let is_hidden = |c| matches!(c, '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !text.chars().any(|c| c.is_control() && c != '\n' || is_hidden(c))
}
