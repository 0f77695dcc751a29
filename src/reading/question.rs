//! The question and the answer of a trace, as text.

use crate::frameworks;
use crate::json::Json;
use crate::message::{Message, Part, Role};
use crate::model::{Payload, Trace, TraceInfo, keys};

/// Argument names under which functions take a question, in order of precedence.
const QUESTION_KEYS: [&str; 12] = [
    "question",
    "query",
    "message",
    "task",
    "prompt",
    "input",
    "user_input",
    "request",
    "user_message",
    "text",
    "topic",
    "content",
];

/// Names under which functions return an answer, in order of precedence.
const ANSWER_KEYS: [&str; 8] = ["answer", "response", "output", "result", "text", "content", "message", "summary"];

/// Returns the question of a trace: from the root's inputs, else from the trace record.
#[must_use]
pub fn question(trace: &Trace) -> Option<String> {
    root_payload(trace).and_then(Payload::inputs).and_then(question_in).or_else(|| recorded_question(&trace.info))
}

/// Returns the answer of a trace: from the root's outputs, else from the trace record.
#[must_use]
pub fn answer(trace: &Trace) -> Option<String> {
    root_payload(trace).and_then(Payload::outputs).and_then(answer_in).or_else(|| recorded_answer(&trace.info))
}

/// Returns the inputs and outputs of the root span, if it is stored.
fn root_payload(trace: &Trace) -> Option<&Payload> {
    let spans = trace.spans.as_ref()?;
    let is_root = spans.nodes.first().is_some_and(|node| node.parent.is_none() && !node.is_orphan);
    spans.list.first().filter(|_| is_root)?.payload.as_ref()
}

/// Returns the question in the trace record, which MLflow may have truncated.
#[must_use]
pub fn recorded_question(info: &TraceInfo) -> Option<String> {
    let preview = info.request_preview.as_deref().or_else(|| info.metadata.get(keys::INPUTS));
    preview.and_then(|preview| text_in_preview(preview, question_in))
}

/// Returns the answer in the trace record, which MLflow may have truncated.
#[must_use]
pub fn recorded_answer(info: &TraceInfo) -> Option<String> {
    let preview = info.response_preview.as_deref().or_else(|| info.metadata.get(keys::OUTPUTS));
    preview.and_then(|preview| text_in_preview(preview, answer_in))
}

fn text_in_preview(preview: &str, read: impl Fn(&Json) -> Option<String>) -> Option<String> {
    if !preview.starts_with(['{', '[', '"']) {
        return Some(preview.to_owned()).filter(|text| !text.is_empty());
    }
    let json = Json::from_strict(preview).or_else(|| close_truncated(preview));
    json.map_or_else(|| Some(preview.to_owned()), |json| read(&json))
}

/// Parses truncated JSON by closing open strings, lists and objects. A last message that is unreadable because its role
/// was cut off is dropped.
fn close_truncated(cut: &str) -> Option<Json> {
    let cut = cut.strip_suffix("...").unwrap_or(cut);
    let (mut open, mut in_string, mut is_escaped) = (Vec::new(), false, false);
    // For each open level, where its last complete item ends.
    let mut items: Vec<Option<usize>> = vec![None];
    for (at, byte) in cut.bytes().enumerate() {
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                open.push(if byte == b'{' { '}' } else { ']' });
                items.push(None);
            }
            b'}' | b']' => {
                open.pop();
                items.truncate(open.len() + 1);
            }
            b',' => items[open.len()] = Some(at),
            _ => {}
        }
    }
    let close = |text: &str, levels: usize| {
        let json = text.to_owned() + &open[..levels].iter().rev().collect::<String>();
        Json::from_strict(&json)
    };
    // The text may end inside an escape sequence.
    let end = cut.rfind('\\').filter(|at| in_string && cut.len() - at < 6).unwrap_or(cut.len());
    let quote = if in_string { "\"" } else { "" };
    let all = [cut.len(), end].into_iter().map(|end| close(&format!("{}{quote}", &cut[..end]), open.len()));
    let shorter = (0..items.len()).rev().filter_map(|level| Some((level, items[level]?)));
    let shorter = shorter.map(|(level, at)| close(&cut[..at], level));
    let mut readable = all.chain(shorter).flatten();
    let first = readable.next()?;
    if is_chat(&first) {
        return Some(first);
    }
    Some(readable.find(is_chat).unwrap_or(first))
}

/// Whether a value contains chat messages.
fn is_chat(json: &Json) -> bool {
    let is_chat_message = |message: &Message| !matches!(message.role, Role::Input | Role::Output);
    frameworks::request(json).iter().any(is_chat_message)
}

/// Returns the question in inputs: the first user message after the last one of the model, else the arguments of a
/// function.
fn question_in(inputs: &Json) -> Option<String> {
    // Most functions take a single string.
    if let Some([(_, only)]) = inputs.members().as_deref()
        && let Some(text) = only.as_string().filter(|text| !text.is_empty())
    {
        return Some(text);
    }
    let messages = frameworks::request(inputs);
    let is_from_model = |message: &Message| matches!(message.role, Role::Assistant | Role::Tool);
    let new = messages.iter().rposition(is_from_model).map_or(0, |at| at + 1);
    let by_user = |list: &[Message]| {
        let user_messages = list.iter().filter(|message| message.role == Role::User);
        user_messages.map(message_text).find(|text| !text.is_empty())
    };
    let by_user = by_user(&messages[new..]).or_else(|| by_user(&messages));
    let argument = messages
        .iter()
        .find(|message| message.role == Role::Input)
        .and_then(|message| main_value(message, &QUESTION_KEYS));
    // A function that takes a history in addition to the question has messages too.
    let has_name =
        messages.first().is_some_and(|first| first.role == Role::Input && has_named_text(first, &QUESTION_KEYS));
    if has_name { argument.or(by_user) } else { by_user.or(argument) }
}

/// Returns the answer in outputs: the last text of the model, else the return value of a function.
fn answer_in(outputs: &Json) -> Option<String> {
    if let Some(text) = outputs.as_string() {
        return Some(text).filter(|text| !text.is_empty() && !frameworks::is_stream(text));
    }
    let messages = frameworks::response(outputs);
    let model_messages = messages.iter().rev().filter(|message| message.role == Role::Assistant);
    let by_model = model_messages.map(message_text).find(|text| !text.is_empty());
    let return_value = || {
        messages
            .iter()
            .rev()
            .find(|message| message.role == Role::Output)
            .and_then(|message| main_value(message, &ANSWER_KEYS))
    };
    by_model.or_else(return_value)
}

/// Returns the text of a message, without tool calls and reasoning.
fn message_text(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn has_named_text(message: &Message, names: &[&str]) -> bool {
    message.parts.iter().any(|part| {
        matches!(part, Part::Data { name: Some(name), value } if names.contains(&name.as_str()) && value.as_string().is_some())
    })
}

/// Returns the main value of a function: its text, the value under one of `names`, the only string, else all values.
fn main_value(message: &Message, names: &[&str]) -> Option<String> {
    let text = message_text(message);
    if !text.is_empty() {
        return Some(text);
    }
    let under = |wanted: &str| {
        message.parts.iter().find_map(|part| match part {
            Part::Data { name: Some(name), value } if name == wanted => {
                value.as_string().filter(|text| !text.is_empty())
            }
            _ => None,
        })
    };
    let mut texts = message.parts.iter().filter_map(|part| match part {
        Part::Data { value, .. } => value.as_string().filter(|text| !text.is_empty()),
        _ => None,
    });
    let only = || texts.next().filter(|_| texts.next().is_none());
    let all = || {
        let shown = message.parts.iter().filter_map(|part| match part {
            Part::Data { name: Some(name), value } => Some(format!("{name}: {}", value.display())),
            Part::Data { name: None, value } => Some(value.display()),
            _ => None,
        });
        Some(shown.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
    };
    names.iter().find_map(|name| under(name)).or_else(only).or_else(all)
}
