//! `PydanticAI`: requests and responses as lists of parts, each with a `part_kind` (`pydantic_ai/messages.py`).

use super::content;
use super::framework::{Framework, MessageReader};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role, ToolCallPart, ToolResultPart};

pub(super) const FRAMEWORK: Framework = Framework {
    message_keys: &["user_prompt"],
    ignored_keys: &["model_request_parameters", "infer_name", "usage_limits"],
    nested_keys: &["model_settings"],
    message: parse_messages,
    part: |object, _, _| match object.get_string("kind")?.as_str() {
        "image-url" => Some(content::media(object, "image")),
        "audio-url" => Some(content::media(object, "audio")),
        "video-url" => Some(content::media(object, "video")),
        "document-url" | "binary" => Some(vec![Part::Media(content::media_from_data(object.view, "file"))]),
        _ => None,
    },
    response: run_result,
    tool_signs: &["tool-call", "tool-return", "retry-prompt"],
    ..Framework::NONE
};

/// Reads a request or a response. The parts of a request belong to different roles.
fn parse_messages(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    object.get("kind").filter(|kind| matches!(kind.text(), "\"request\"" | "\"response\""))?;
    let parts = object.get("parts").filter(|parts| parts.is_list())?.items();
    let instructions = object.get_string("instructions").map(|text| Message::new(Role::System, vec![Part::Text(text)]));
    let mut messages: Vec<Message> = instructions.into_iter().collect();
    for part in parts {
        let (role, content) = part_content(&part.fields(), reader)?;
        match messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.parts.extend(content),
            None => messages.push(Message::new(role, content)),
        }
    }
    Some(messages)
}

fn part_content(object: &JsonFields<'_>, reader: MessageReader) -> Option<(Role, Vec<Part>)> {
    let content = || object.get("content").map(|content| reader.parts(content)).unwrap_or_default();
    let result = |is_error| {
        let content = object.get("content").map(|content| reader.deeper().parts(content)).unwrap_or_default();
        let (id, name) = (object.get_string("tool_call_id"), object.get_string("tool_name"));
        vec![Part::ToolResult(ToolResultPart { id, name, content, is_error })]
    };
    Some(match object.get_string("part_kind")?.as_str() {
        "system-prompt" => (Role::System, content()),
        // A result that asks the model to try again has another outcome (2.68 on).
        "tool-return" | "builtin-tool-return" => {
            let is_retried = object.get_string("outcome").is_some_and(|outcome| outcome != "success");
            (Role::Tool, result(is_retried))
        }
        "retry-prompt" if object.get("tool_name").is_some() => (Role::Tool, result(true)),
        "user-prompt" | "retry-prompt" => (Role::User, content()),
        "text" => (Role::Assistant, content()),
        "thinking" => (Role::Assistant, content().into_iter().map(content::into_reasoning).collect()),
        "tool-call" | "builtin-tool-call" => {
            let arguments = object.get("args").map_or_else(|| Json::object(&[]), JsonView::decoded);
            let (id, name) = (object.get_string("tool_call_id"), object.get_string("tool_name")?);
            (Role::Assistant, vec![Part::ToolCall(ToolCallPart { id, name, arguments })])
        }
        _ => return None,
    })
}

/// Reads an `AgentRunResult`, whose state repeats the messages of the run.
fn run_result(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    object.get("_state")?;
    let output = object.get("output")?;
    let parts =
        if output.is_string() { reader.parts(output) } else { vec![Part::Data { name: None, value: output.json() }] };
    Some(vec![Message::new(Role::Assistant, parts)])
}
