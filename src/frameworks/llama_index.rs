//! `LlamaIndex`: messages with typed blocks (`llama_index/core/base/llms/types.py`, 0.12 on), and workflow events.

use super::content;
use super::framework::{EVERYTHING, Framework, KeyList, MessageReader, RequestMessages};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role, ToolCallPart, ToolResultPart};

pub(super) const FRAMEWORK: Framework = Framework {
    // A Python object without content.
    ignored_keys: &["ctx", "current_agent_name"],
    nested_keys: &["kwargs"],
    message: parse_messages,
    part,
    request,
    response,
    tool_signs: &["tool_call", "tool_kwargs"],
    ..Framework::NONE
};

/// Parses a message with blocks.
fn parse_messages(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let blocks = object.get("blocks").filter(|blocks| blocks.is_list())?;
    let role = Role::parse(&object.get_string("role")?);
    let extra = object.get("additional_kwargs").map(JsonView::fields);
    if let (Role::Tool, Some(id)) = (&role, extra.as_ref().and_then(|extra| extra.get_string("tool_call_id"))) {
        let content = reader.deeper().parts(blocks);
        return Some(vec![Message::new(role, vec![result(Some(id), None, content, false)])]);
    }
    let mut parts = reader.parts(blocks);
    // Releases before 0.13 have tool calls only outside the blocks.
    if !parts.iter().any(|part| matches!(part, Part::ToolCall(_))) {
        let calls = extra.as_ref().and_then(|extra| extra.get("tool_calls")).map(JsonView::items).unwrap_or_default();
        parts.extend(calls.into_iter().filter_map(|call| content::tool_call_part(&call.fields())).flatten());
    }
    Some(vec![Message::new(role, parts)])
}

fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    Some(match object.get_string("block_type")?.as_str() {
        "text" => object.get_string("text").map(Part::Text).into_iter().collect(),
        "thinking" => object.get_string("content").map(Part::Reasoning).into_iter().collect(),
        "tool_call" => vec![call(object, "tool_call_id")?],
        "image" => content::media(object, "image"),
        "audio" => content::media(object, "audio"),
        "video" => content::media(object, "video"),
        "document" => content::media(object, "file"),
        _ => reader.deeper().parts(object.get("content")?),
    })
}

fn call(object: &JsonFields<'_>, id: &str) -> Option<Part> {
    let arguments = object.get("tool_kwargs").map_or_else(|| Json::object(&[]), JsonView::decoded);
    Some(Part::ToolCall(ToolCallPart { id: object.get_string(id), name: object.get_string("tool_name")?, arguments }))
}

fn result(id: Option<String>, name: Option<String>, content: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult(ToolResultPart { id, name, content, is_error })
}

/// Reads the input event of a workflow step, or the message that starts a run.
fn request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    const KEYS: KeyList = &["ev", "ctx"];
    if let Some(event) = object.get("ev").filter(|event| event.is_object()) {
        return Some((event_messages(&event.fields(), reader).unwrap_or_default(), KEYS));
    }
    // The values of a template; the template itself is a Python object.
    if let Some(values) = object.get("prompt_args").filter(|_| object.get("prompt").is_some()) {
        let part = |(key, value): (std::borrow::Cow<'_, str>, JsonView<'_>)| Part::Data {
            name: Some(key.into_owned()),
            value: value.json(),
        };
        let parts = values.members().into_iter().map(part).collect();
        return Some((vec![Message::new(Role::Input, parts)], EVERYTHING));
    }
    if let Some(history) = object.get("chat_history").filter(|list| list.is_list() && !list.is_empty()) {
        let question = object.get("user_msg").filter(|text| !text.is_empty());
        let question = question.map(|text| Message::new(Role::User, reader.parts(text)));
        return Some((reader.messages(history)?.into_iter().chain(question).collect(), &["chat_history", "user_msg"]));
    }
    let is_run = object.members.iter().any(|(key, _)| key == "early_stopping_method");
    let text = object.get("user_msg").filter(|_| is_run)?;
    Some((vec![Message::new(Role::User, reader.parts(text))], &["user_msg"]))
}

/// Reads the outputs of a workflow step, a tool or a model.
fn response(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    // `ToolOutput`
    if object.get("raw_input").is_some() && object.get("blocks").is_some() {
        return Some(vec![Message::new(Role::Output, reader.parts(object.get("blocks")?))]);
    }
    // The request that the next span sends to the provider (`prepare_chat_with_tools`).
    let sent =
        object.get("messages").filter(|_| object.get("tools").is_some()).map(JsonView::items).unwrap_or_default();
    if sent.first().is_some_and(|message| message.get("blocks").is_some()) {
        return Some(Vec::new());
    }
    // `ChatResponse`, which also contains the raw response of the provider.
    if let Some(message) = object.get("message").filter(|message| message.get("blocks").is_some()) {
        return reader.message(message);
    }
    // `CompletionResponse`
    if let Some(text) = object.get_string("text").filter(|_| object.get("raw").is_some()) {
        return Some(vec![Message::new(Role::Assistant, vec![Part::Text(text)])]);
    }
    let result = object.get("result").filter(|result| result.get("current_agent_name").is_some());
    event_messages(&result.map_or_else(|| object.view.fields(), JsonView::fields), reader)
}

/// Reads a workflow event: messages to an agent, its response, or a tool call with its result.
fn event_messages(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let Some(id) = object.get("tool_kwargs").and_then(|_| object.get_string("tool_id")) {
        let Some(output) = object.get("tool_output").map(JsonView::fields) else {
            return Some(vec![Message::new(Role::Assistant, vec![call(object, "tool_id")?])]);
        };
        let content = output.get("blocks").map(|blocks| reader.deeper().parts(blocks)).unwrap_or_default();
        let part = result(Some(id), object.get_string("tool_name"), content, output.is_true("is_error"));
        return Some(vec![Message::new(Role::Tool, vec![part])]);
    }
    if let Some(text) = object.get("user_msg") {
        let history = object.get("chat_history").filter(|list| !list.is_empty());
        let history = history.map_or(Some(Vec::new()), |list| reader.messages(list))?;
        return Some(history.into_iter().chain([Message::new(Role::User, reader.parts(text))]).collect());
    }
    let agent = object.get_string("current_agent_name")?;
    match object.get("response") {
        Some(answer) => reader
            .message(answer)
            .map(|messages| messages.into_iter().map(|message| message.with_speaker(Some(agent.clone()))).collect()),
        None => reader.messages(object.get("input")?),
    }
}
