//! Vercel's AI SDK: prompts, responses, and parts with types of its own.

use super::framework::{EVERYTHING, Framework, MessageReader, RequestMessages};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role, ToolCallPart, ToolResultPart};

pub(super) const FRAMEWORK: Framework = Framework {
    part: |object, kind, reader| match kind {
        "tool-call" => tool_call(object).map(|call| vec![Part::ToolCall(call)]),
        "tool-result" => Some(vec![tool_result(object, reader)]),
        _ => None,
    },
    request: prompt,
    response: answer,
    tool_signs: &["toolCall", "tool-call", "tool-result"],
    ..Framework::NONE
};

/// Returns a text that is not empty.
fn non_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn tool_call(object: &JsonFields<'_>) -> Option<ToolCallPart> {
    let arguments = object.first(&["input", "args"]).map_or_else(|| Json::object(&[]), JsonView::decoded);
    Some(ToolCallPart { id: object.get_string("toolCallId"), name: object.get_string("toolName")?, arguments })
}

/// Reads a tool result, whose `output` has the type `text`, `json`, `error-text`, `error-json` or `content`.
fn tool_result(object: &JsonFields<'_>, reader: MessageReader) -> Part {
    let output = object.first(&["output", "result"]);
    let is_error = output.and_then(|output| output.get_string("type")).is_some_and(|kind| kind.starts_with("error"));
    let value = output.map(|output| output.get("value").unwrap_or(output));
    Part::ToolResult(ToolResultPart {
        id: object.get_string("toolCallId"),
        name: object.get_string("toolName"),
        content: value.map(|value| reader.deeper().parts(value)).unwrap_or_default(),
        is_error: is_error || object.is_true("isError"),
    })
}

/// Reads the arguments of `generateText` and `streamText` (`ai.prompt`, SDK 5 and 6).
fn prompt(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    let is_known = |key: &str| matches!(key, "system" | "prompt" | "messages");
    if !object.members.iter().all(|(key, _)| is_known(key)) {
        return None;
    }
    let prompt = object.get("prompt").filter(|prompt| !prompt.is_empty())?;
    let messages = match prompt.string() {
        Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
        None => reader.messages(prompt)?,
    };
    let system = object.get("system").filter(|system| !system.is_empty());
    let system = system.map(|system| Message::new(Role::System, reader.parts(system)));
    Some((system.into_iter().chain(messages).collect(), EVERYTHING))
}

/// Reads the attributes `ai.response.*` of a call, combined into one object.
fn answer(object: &JsonFields<'_>, _: MessageReader) -> Option<Vec<Message>> {
    object.get("finishReason")?;
    let reasoning = object.get_string("reasoning").and_then(non_empty).map(Part::Reasoning);
    let text = object.get_string("text").and_then(non_empty).map(Part::Text);
    let calls = object.get("toolCalls").map(JsonView::items).unwrap_or_default();
    let calls = calls.into_iter().filter_map(|call| tool_call(&call.fields())).map(Part::ToolCall);
    let data = object.get("object").map(|value| Part::Data { name: None, value: value.decoded() });
    Some(vec![Message::new(Role::Assistant, reasoning.into_iter().chain(text).chain(data).chain(calls).collect())])
}
