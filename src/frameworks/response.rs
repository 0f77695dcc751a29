//! The outputs of a span as messages.

use super::framework::MessageReader;
use super::unset::is_stream;
use super::{chat, stream, values};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

/// Reads the outputs of a span.
pub(super) fn read(view: JsonView<'_>, reader: MessageReader) -> Vec<Message> {
    let view = reader.without_envelopes(view);
    let known = if view.is_list() {
        let known =
            stream::join_chunks(view, reader).or_else(|| responses(view, reader)).or_else(|| reader.messages(view));
        known.or_else(|| texts(view, reader)).or_else(|| content(view, reader))
    } else if let Some(message) = view.string().and_then(|text| reader.message_from_text(&text)) {
        Some(vec![message])
    } else if let Some(text) = view.string() {
        let parts = if text.is_empty() || is_stream(&text) { Vec::new() } else { vec![Part::Text(text)] };
        Some(vec![Message::new(Role::Output, parts)])
    } else {
        let object = &view.fields();
        let response = reader.frameworks.iter().find_map(|framework| (framework.response)(object, reader));
        response.or_else(|| answer(object, reader)).or_else(|| message_list(object, reader))
    };
    let messages = known.unwrap_or_else(|| values::all_values(view, Role::Output, reader));
    if are_pieces(view, &messages) { vec![join_pieces(messages)] } else { messages }
}

/// Whether messages are the pieces of a streamed message, only the last of which has a finish reason (Google ADK).
fn are_pieces(list: JsonView<'_>, messages: &[Message]) -> bool {
    let items = if list.is_list() && messages.len() > 1 { list.items() } else { Vec::new() };
    let Some((_, pieces)) = items.split_last() else { return false };
    let is_unfinished = |item: &JsonView<'_>| item.get("finish_reason").is_some_and(|reason| reason.text() == "\"\"");
    let is_from_model = |message: &Message| message.role == Role::Assistant;
    pieces.len() + 1 == messages.len() && pieces.iter().all(is_unfinished) && messages.iter().all(is_from_model)
}

/// Joins the pieces of a message.
fn join_pieces(pieces: Vec<Message>) -> Message {
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

/// Reads a list of whole responses (a streamed `Generation` of OpenAI's Agents SDK).
fn responses(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let items = list.items();
    let is_response = |item: &JsonView<'_>| item.get_string("object").is_some_and(|object| object == "response");
    let is_list = !items.is_empty() && items.iter().all(is_response);
    is_list.then(|| items.into_iter().flat_map(|item| read(item, reader)).collect())
}

/// Reads messages that were written as text.
fn texts(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let texts = list.items().into_iter().map(|item| reader.message_from_text(&item.string()?));
    texts.collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
}

/// Reads the content of a message without the message: a list of parts.
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

/// Reads a message, whose role may be missing.
fn answer(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if object.get("role").is_none() && object.get("tool_calls").is_some_and(JsonView::is_list) {
        return chat::parse_messages(object, Role::Assistant, reader);
    }
    reader.message_from_fields(object)
}

/// Reads an object with a list of messages.
fn message_list(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let list = object.get("messages").filter(|list| list.is_list())?;
    let messages = reader.messages(list)?;
    Some(messages.into_iter().chain(values::remaining_values(object, &["messages"], Role::Output)).collect())
}
