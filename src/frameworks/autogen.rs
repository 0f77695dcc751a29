//! AutoGen 0.4 and later: messages to models (`autogen_core.models`), of agents (`autogen_agentchat.messages`), and
//! within teams (`autogen_agentchat.teams`).

use super::framework::{Framework, KeyList, MessageReader, RequestMessages};
use super::{chat, content};
use crate::json::JsonFields;
use crate::message::{Media, Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    // A Python object without content.
    ignored_keys: &["cancellation_token"],
    message: |object, kind, reader| match role(kind) {
        Some(role) => chat::parse_messages(object, role, reader),
        None => agent_message(object, kind, reader).map(|message| vec![message]),
    },
    part,
    request,
    response,
    tool_signs: &["call_id", "\"arguments"],
    speaker_keys: &["source"],
    ..Framework::NONE
};

/// Returns the role of a message to a model.
fn role(class: &str) -> Option<Role> {
    Some(match class {
        "SystemMessage" => Role::System,
        "UserMessage" => Role::User,
        "AssistantMessage" => Role::Assistant,
        "FunctionExecutionResultMessage" => Role::Tool,
        _ => return None,
    })
}

/// Reads a message of an agent.
fn agent_message(object: &JsonFields<'_>, kind: &str, reader: MessageReader) -> Option<Message> {
    let source = object.get("source")?.string().filter(|source| !source.is_empty());
    let content = object.get("content")?;
    let role = match (kind, source.as_deref()) {
        ("ToolCallExecutionEvent", _) => Role::Tool,
        (_, Some("user")) => Role::User,
        _ => Role::Assistant,
    };
    let parts = match kind {
        "ThoughtEvent" => reader.parts(content).into_iter().map(content::into_reasoning).collect(),
        "StructuredMessage" => vec![Part::Data { name: None, value: content.json() }],
        _ if content.is_object() => vec![Part::Data { name: None, value: content.json() }],
        _ => reader.parts(content),
    };
    let addressee = object.get_string("target");
    Some(Message { addressee, ..Message::new(role, parts).with_speaker(source) })
}

/// Reads tool calls, tool results and images, which have no type (0.7).
fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    if object.get("call_id").is_some() && object.get("content").is_some() {
        return Some(vec![content::tool_result(object, reader)]);
    }
    if object.get("name").is_some() && object.get("arguments").is_some() {
        return content::tool_call_part(object);
    }
    match object.members.as_slice() {
        [(key, data)] if key == "data" => {
            let image = |data: String| Media { kind: "image".to_owned(), ..Media::from_base64(&data) };
            data.string().map(|data| vec![Part::Media(image(data))])
        }
        _ => None,
    }
}

/// The keys of the inputs of `run`.
const TASK_KEYS: KeyList = &["task", "cancellation_token", "output_task_messages"];

/// Reads the request to an agent: a message of its team, or a task.
fn request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    if let Some(response) = object.get("response").filter(|response| response.get("chat_message").is_some()) {
        return self::response(&response.fields(), reader).map(|messages| (messages, &["response", "name"][..]));
    }
    if let Some(body) = object.get("message").filter(|body| body.get("source").is_some()) {
        return reader.message(body).map(|messages| (messages, &["message"][..]));
    }
    let is_task = object.members.iter().all(|(key, _)| TASK_KEYS.contains(&key.as_ref()));
    let task = object.get("task").filter(|_| is_task)?;
    let messages = match task.string() {
        Some(text) => {
            Some(vec![Message::new(Role::User, vec![Part::Text(text)]).with_speaker(Some("user".to_owned()))])
        }
        None if task.is_list() => reader.messages(task),
        None => reader.message(task),
    };
    messages.map(|messages| (messages, TASK_KEYS))
}

/// Reads the `CreateResult` of a model, or the `Response` of an agent.
fn response(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let (Some(_), Some(content)) = (object.get("finish_reason"), object.get("content")) {
        let thought = object.get_string("thought").map(Part::Reasoning);
        let parts = thought.into_iter().chain(reader.parts(content)).collect();
        return Some(vec![Message::new(Role::Assistant, parts)]);
    }
    let answer = object.get("chat_message")?;
    let inner = object.get("inner_messages").and_then(|inner| reader.messages(inner)).unwrap_or_default();
    Some(inner.into_iter().chain(reader.message(answer)?).collect())
}
