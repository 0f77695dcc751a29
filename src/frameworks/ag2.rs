//! AG2 and AutoGen 0.2: chat messages with a separate sender, and several tool results in one message.

use super::framework::{Framework, MessageReader, RequestMessages};
use super::{chat, content, values};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    message: parse_messages,
    request,
    response,
    tool_signs: &["tool_"],
    speaker_keys: &["sender", "recipient"],
    ..Framework::NONE
};

/// Reads several tool results; the content repeats them.
fn parse_messages(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let role = Role::parse(&object.get_string("role")?);
    let responses = object.get("tool_responses")?.items();
    let results: Vec<Part> =
        responses.into_iter().map(|result| content::tool_result(&result.fields(), reader)).collect();
    (!results.is_empty()).then(|| vec![chat::message_with_content(object, role, results)])
}

/// Reads a message with its sender, or the first message of a chat (`initiate_chat`).
fn request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    let body = object.get("message")?;
    if let Some(sender) = object.get_string("sender") {
        return Some((sent_messages(body, &sender, reader), &["message", "sender", "valid"]));
    }
    let addressee = Some(object.get_string("recipient")?);
    let opening = Message::new(Role::User, reader.parts(body));
    Some((vec![Message { addressee, ..opening }], &["message", "recipient"]))
}

/// Reads the messages of a sender.
fn sent_messages(body: JsonView<'_>, sender: &str, reader: MessageReader) -> Vec<Message> {
    let messages = match body.string() {
        Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
        None => reader.message(body).unwrap_or_else(|| vec![Message::new(Role::User, reader.parts(body))]),
    };
    // In a group chat the manager forwards the messages of others.
    messages
        .into_iter()
        .map(|message| if message.speaker.is_some() { message } else { message.with_speaker(Some(sender.to_owned())) })
        .collect()
}

/// Reads a reply, or a `ChatResult`.
fn response(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let Some(list) = object.get("chat_history").filter(|list| list.is_list()) {
        let messages = reader.messages(list)?;
        let rest = values::remaining_values(object, &["chat_history", "chat_id", "cost", "human_input"], Role::Output);
        return Some(messages.into_iter().chain(rest).collect());
    }
    let sender = object.get_string("sender")?;
    let messages = sent_messages(object.get("message")?, &sender, reader).into_iter().map(into_answer);
    Some(messages.chain(values::remaining_values(object, &["message", "sender", "valid"], Role::Output)).collect())
}

/// Turns a user message into a response: AG2 does not distinguish them.
fn into_answer(message: Message) -> Message {
    if message.role == Role::User { Message { role: Role::Assistant, ..message } } else { message }
}
