//! AG2 and AutoGen 0.2: chat messages with who sent them beside, and several tool results in one.

use super::framework::{Framework, MessageReader, RequestMessages};
use super::{chat, content, values};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    message,
    request,
    response,
    tool_signs: &["tool_"],
    speaker_keys: &["sender", "recipient"],
    ..Framework::NONE
};

/// Several tool results, which the content repeats.
fn message(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let role = Role::parse(&object.word("role")?);
    let responses = object.get("tool_responses")?.items();
    let results: Vec<Part> = responses.into_iter().map(|one| content::result(&one.fields(), reader)).collect();
    (!results.is_empty()).then(|| vec![chat::with(object, role, results)])
}

/// A message with its sender, or the opening of a chat (`initiate_chat`).
fn request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    let body = object.get("message")?;
    if let Some(sender) = object.word("sender") {
        return Some((sent(body, &sender, reader), &["message", "sender", "valid"]));
    }
    let addressee = Some(object.word("recipient")?);
    let opening = Message::new(Role::User, reader.parts(body));
    Some((vec![Message { addressee, ..opening }], &["message", "recipient"]))
}

/// A message of a sender.
fn sent(body: JsonView<'_>, sender: &str, reader: MessageReader) -> Vec<Message> {
    let messages = match body.string() {
        Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
        None => reader.message(body).unwrap_or_else(|| vec![Message::new(Role::User, reader.parts(body))]),
    };
    // In a group chat the manager forwards the messages of others.
    messages
        .into_iter()
        .map(|message| if message.speaker.is_some() { message } else { message.said_by(Some(sender.to_owned())) })
        .collect()
}

/// A reply, or `ChatResult`.
fn response(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let Some(list) = object.get("chat_history").filter(|list| list.is_list()) {
        let messages = reader.messages(list)?;
        let rest = values::others(object, &["chat_history", "chat_id", "cost", "human_input"], Role::Output);
        return Some(messages.into_iter().chain(rest).collect());
    }
    let sender = object.word("sender")?;
    let messages = sent(object.get("message")?, &sender, reader).into_iter().map(as_answer);
    Some(messages.chain(values::others(object, &["message", "sender", "valid"], Role::Output)).collect())
}

/// An answer, which AG2 records like any other message.
fn as_answer(message: Message) -> Message {
    if message.role == Role::User { Message { role: Role::Assistant, ..message } } else { message }
}
