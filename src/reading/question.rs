//! What a trace was asked and what it answered, as text.

use crate::frameworks;
use crate::message::{Message, Part, Role};
use crate::model::{Json, Payload, Trace, TraceInfo, keys};

/// Names under which functions take what they are asked, the plainest first.
const ASKED: [&str; 12] = [
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

/// Names under which they give what they answer.
const ANSWERED: [&str; 8] = ["answer", "response", "output", "result", "text", "content", "message", "summary"];

/// The question of a trace: of the root's inputs, or of the record where the root's are not there.
#[must_use]
pub fn question(trace: &Trace) -> Option<String> {
    root(trace).and_then(Payload::inputs).and_then(asked).or_else(|| recorded_question(&trace.info))
}

/// The answer of a trace, likewise.
#[must_use]
pub fn answer(trace: &Trace) -> Option<String> {
    root(trace).and_then(Payload::outputs).and_then(answered).or_else(|| recorded_answer(&trace.info))
}

/// What came in and out of the root, where there is one.
fn root(trace: &Trace) -> Option<&Payload> {
    let spans = trace.spans.as_ref()?;
    let is_root = spans.nodes.first().is_some_and(|node| node.parent.is_none() && !node.is_orphan);
    spans.list.first().filter(|_| is_root)?.payload.as_ref()
}

/// The question as far as the trace's record holds it, which may have cut it.
#[must_use]
pub fn recorded_question(info: &TraceInfo) -> Option<String> {
    let preview = info.request_preview.as_deref().or_else(|| info.metadata.get(keys::INPUTS));
    preview.and_then(|preview| of_preview(preview, asked))
}

/// The answer, likewise.
#[must_use]
pub fn recorded_answer(info: &TraceInfo) -> Option<String> {
    let preview = info.response_preview.as_deref().or_else(|| info.metadata.get(keys::OUTPUTS));
    preview.and_then(|preview| of_preview(preview, answered))
}

fn of_preview(preview: &str, read: impl Fn(&Json) -> Option<String>) -> Option<String> {
    if !preview.starts_with(['{', '[', '"']) {
        return Some(preview.to_owned()).filter(|text| !text.is_empty());
    }
    let json = Json::from_strict(preview).or_else(|| closed(preview));
    json.map_or_else(|| Some(preview.to_owned()), |json| read(&json))
}

/// JSON that was cut, with what is open closed: strings, lists and objects. Where that leaves a message that cannot be read,
/// as its role was cut, the message is dropped.
fn closed(cut: &str) -> Option<Json> {
    let cut = cut.strip_suffix("...").unwrap_or(cut);
    let (mut open, mut in_string, mut is_escaped) = (Vec::new(), false, false);
    // For each level that is open, where its last whole item ended.
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
    // An escape may be cut in the middle.
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

/// Whether a value holds messages of a chat.
fn is_chat(json: &Json) -> bool {
    let is_of_chat = |message: &Message| !matches!(message.role, Role::Input | Role::Output);
    frameworks::request(json).iter().any(is_of_chat)
}

/// The question in inputs: the user message after the last answer of the model, else the arguments of a function.
fn asked(inputs: &Json) -> Option<String> {
    // Most functions take a text and no more.
    if let Some([(_, only)]) = inputs.members().as_deref()
        && let Some(text) = only.as_string().filter(|text| !text.is_empty())
    {
        return Some(text);
    }
    let messages = frameworks::request(inputs);
    let is_of_model = |message: &Message| matches!(message.role, Role::Assistant | Role::Tool);
    let new = messages.iter().rposition(is_of_model).map_or(0, |at| at + 1);
    let by_user = |list: &[Message]| {
        let of_role = list.iter().filter(|message| message.role == Role::User);
        of_role.map(words).find(|text| !text.is_empty())
    };
    let by_user = by_user(&messages[new..]).or_else(|| by_user(&messages));
    let own = messages.iter().find(|message| message.role == Role::Input).and_then(|message| value(message, &ASKED));
    // A function that takes a history beside the question has messages too.
    let has_name = messages.first().is_some_and(|first| first.role == Role::Input && has_named(first, &ASKED));
    if has_name { own.or(by_user) } else { by_user.or(own) }
}

/// The answer in outputs: the last text of a model, else the return value of a function.
fn answered(outputs: &Json) -> Option<String> {
    if let Some(text) = outputs.as_string() {
        return Some(text).filter(|text| !text.is_empty() && !frameworks::is_stream(text));
    }
    let messages = frameworks::response(outputs);
    let of_role = messages.iter().rev().filter(|message| message.role == Role::Assistant);
    let by_model = of_role.map(words).find(|text| !text.is_empty());
    let own =
        || messages.iter().rev().find(|message| message.role == Role::Output).and_then(|one| value(one, &ANSWERED));
    by_model.or_else(own)
}

/// The words of a message.
fn words(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) | Part::Refusal(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn has_named(message: &Message, names: &[&str]) -> bool {
    message.parts.iter().any(|part| {
        matches!(part, Part::Data { name: Some(name), value } if names.contains(&name.as_str()) && value.as_string().is_some())
    })
}

/// The main value of a function: a text alone, one under a known name, the only text, else all of them.
fn value(message: &Message, names: &[&str]) -> Option<String> {
    let text = words(message);
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
