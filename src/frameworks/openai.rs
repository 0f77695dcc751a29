//! OpenAI's chat completions, legacy completions and embeddings. Most servers use these formats.

use super::framework::{Framework, MessageReader, RequestMessages};
use super::{chat, content};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    message_keys: &["messages"],
    message: |object, _, reader| chat::parse_messages(object, Role::parse(&object.get_string("role")?), reader),
    part: |object, kind, _| match kind {
        "text" => content::text(object, &["text", "content"]).map(|text| vec![Part::Text(text)]),
        "refusal" => content::text(object, &["refusal"]).map(|text| vec![Part::Refusal(text)]),
        "image_url" | "image_file" => Some(content::media(object, "image")),
        "input_audio" | "audio" => Some(content::media(object, "audio")),
        "file" => Some(content::media(object, "file")),
        "function" => content::tool_call_part(object),
        _ => None,
    },
    request: prompt,
    response: |object, reader| choices(object, reader).or_else(|| embeddings(object)),
    chunk: |object, _, answer| {
        let pieces = object.get("choices")?.items();
        let pieces = pieces.iter().filter_map(|choice| choice.get("delta").or_else(|| choice.get("text")));
        Some(pieces.filter(|piece| answer.add_delta(*piece)).count() > 0)
    },
    tool_signs: &["tool_", "unction_"],
    ..Framework::NONE
};

/// Reads the request of a legacy completion.
fn prompt(object: &JsonFields<'_>, _: MessageReader) -> Option<RequestMessages> {
    let text = object.get("prompt").filter(|_| object.get("model").is_some())?.string()?;
    Some((vec![Message::new(Role::User, vec![Part::Text(text)])], &["prompt"]))
}

fn choices(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let choices = object.get("choices").filter(|choices| choices.is_list())?.items();
    let messages = choices.into_iter().map(|item| choice(item, reader)).collect::<Option<Vec<_>>>()?.concat();
    (!messages.is_empty()).then_some(messages)
}

fn choice(view: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let Some(body) = view.get("message") {
        return reader.message(body);
    }
    // Legacy completions.
    view.get("text")?.string().map(|text| vec![Message::new(Role::Assistant, vec![Part::Text(text)])])
}

/// Reads vectors: `{"data":[{"embedding":[…]}]}`; OpenAI's client requests them in base64.
fn embeddings(object: &JsonFields<'_>) -> Option<Vec<Message>> {
    let list = object.get("data").filter(|list| list.is_list())?.items();
    let first = list.first()?.get("embedding")?;
    let dimensions = match first.string() {
        // Four bytes per number.
        Some(base64) => Some(base64.trim_end_matches('=').len() * 3 / 16),
        None if first.is_list() => Some(first.items().len()),
        None => None,
    };
    Some(vec![Message::new(Role::Output, vec![Part::Embedding { count: list.len(), dimensions }])])
}
