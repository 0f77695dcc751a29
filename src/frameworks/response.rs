//! The outputs of a span as messages.

use super::framework::MessageReader;
use super::unset::is_stream;
use super::{chat, stream, values};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

/// Reads the outputs of a span.
pub(super) fn read(view: JsonView<'_>, reader: MessageReader) -> Vec<Message> {
    let view = reader.opened(view);
    let known = if view.is_list() {
        let known =
            stream::of_chunks(view, reader).or_else(|| responses(view, reader)).or_else(|| reader.messages(view));
        known.or_else(|| texts(view, reader)).or_else(|| content(view, reader))
    } else if let Some(message) = view.string().and_then(|text| reader.message_of_text(&text)) {
        Some(vec![message])
    } else if let Some(text) = view.string() {
        let parts = if text.is_empty() || is_stream(&text) { Vec::new() } else { vec![Part::Text(text)] };
        Some(vec![Message::new(Role::Output, parts)])
    } else {
        let object = &view.fields();
        let of_framework = reader.frameworks.iter().find_map(|framework| (framework.response)(object, reader));
        of_framework.or_else(|| answer(object, reader)).or_else(|| list(object, reader))
    };
    let messages = known.unwrap_or_else(|| values::all(view, Role::Output, reader));
    if is_in_pieces(view, &messages) { vec![joined(messages)] } else { messages }
}

/// Whether messages are the pieces of a streamed one, of which only the last has a reason to end (Google ADK).
fn is_in_pieces(list: JsonView<'_>, messages: &[Message]) -> bool {
    let items = if list.is_list() && messages.len() > 1 { list.items() } else { Vec::new() };
    let Some((_, pieces)) = items.split_last() else { return false };
    let goes_on = |item: &JsonView<'_>| item.get("finish_reason").is_some_and(|reason| reason.text() == "\"\"");
    let is_said = |message: &Message| message.role == Role::Assistant;
    pieces.len() + 1 == messages.len() && pieces.iter().all(goes_on) && messages.iter().all(is_said)
}

/// One message of the pieces of it.
fn joined(pieces: Vec<Message>) -> Message {
    let mut parts: Vec<Part> = Vec::new();
    for part in pieces.into_iter().flat_map(|piece| piece.parts) {
        match (parts.last_mut(), part) {
            (Some(Part::Text(text)), Part::Text(more)) | (Some(Part::Reasoning(text)), Part::Reasoning(more)) => {
                text.push_str(&more);
            }
            (_, part) => parts.push(part),
        }
    }
    Message::new(Role::Assistant, parts)
}

/// Whole responses in a list (a `Generation` of OpenAI's Agents SDK that was streamed).
fn responses(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let items = list.items();
    let is_response = |item: &JsonView<'_>| item.word("object").is_some_and(|object| object == "response");
    let is_list = !items.is_empty() && items.iter().all(is_response);
    is_list.then(|| items.into_iter().flat_map(|item| read(item, reader)).collect())
}

/// Messages that were written as texts.
fn texts(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let texts = list.items().into_iter().map(|item| reader.message_of_text(&item.string()?));
    texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
}

/// The content of a message alone: a list of parts.
fn content(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let items = list.items();
    let parts: Vec<Part> = items.iter().flat_map(|item| reader.parts(*item)).collect();
    let is_known = |part: &Part| !matches!(part, Part::Data { .. });
    if !items.iter().all(|item| item.is_object()) || parts.is_empty() || !parts.iter().all(is_known) {
        return None;
    }
    let calls_tool = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    Some(vec![Message::new(if calls_tool { Role::Assistant } else { Role::Output }, parts)])
}

/// A message, of which the role may be left out.
fn answer(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if object.get("role").is_none() && object.get("tool_calls").is_some_and(JsonView::is_list) {
        return chat::message(object, Role::Assistant, reader);
    }
    reader.message_of(object)
}

/// An object with a list of messages in it.
fn list(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let list = object.get("messages").filter(|list| list.is_list())?;
    let messages = reader.messages(list)?;
    Some(messages.into_iter().chain(values::others(object, &["messages"], Role::Output)).collect())
}
