//! `LlamaIndex`: messages of typed blocks (`llama_index/core/base/llms/types.py`, 0.12 on), and the events of its workflows.

use super::content;
use super::framework::{EVERYTHING, Framework, KeyList, MessageReader, RequestMessages};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role, ToolCallPart, ToolResultPart};
use crate::model::Json;

pub(super) const FRAMEWORK: Framework = Framework {
    // A Python object that only has an address.
    ignored: &["ctx", "current_agent_name"],
    nested: &["kwargs"],
    message,
    part,
    request,
    response,
    tool_signs: &["tool_call", "tool_kwargs"],
    ..Framework::NONE
};

fn message(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let blocks = object.get("blocks").filter(|blocks| blocks.is_list())?;
    let role = Role::parse(&object.word("role")?);
    let extra = object.get("additional_kwargs").map(JsonView::fields);
    if let (Role::Tool, Some(id)) = (&role, extra.as_ref().and_then(|extra| extra.word("tool_call_id"))) {
        let content = reader.within().parts(blocks);
        return Some(vec![Message::new(role, vec![result(Some(id), None, content, false)])]);
    }
    let mut parts = reader.parts(blocks);
    // Releases before 0.13 have the calls beside the blocks only.
    if !parts.iter().any(|part| matches!(part, Part::ToolCall(_))) {
        let calls = extra.as_ref().and_then(|extra| extra.get("tool_calls")).map(JsonView::items).unwrap_or_default();
        parts.extend(calls.into_iter().filter_map(|call| content::call(&call.fields())).flatten());
    }
    Some(vec![Message::new(role, parts)])
}

fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    Some(match object.word("block_type")?.as_str() {
        "text" => object.word("text").map(Part::Text).into_iter().collect(),
        "thinking" => object.word("content").map(Part::Reasoning).into_iter().collect(),
        "tool_call" => vec![call(object, "tool_call_id")?],
        "image" => content::media(object, "image"),
        "audio" => content::media(object, "audio"),
        "video" => content::media(object, "video"),
        "document" => content::media(object, "file"),
        _ => reader.within().parts(object.get("content")?),
    })
}

fn call(object: &JsonFields<'_>, id: &str) -> Option<Part> {
    let arguments = object.get("tool_kwargs").map_or_else(|| Json::object(&[]), JsonView::decoded);
    Some(Part::ToolCall(ToolCallPart { id: object.word(id), name: object.word("tool_name")?, arguments }))
}

fn result(id: Option<String>, name: Option<String>, content: Vec<Part>, is_error: bool) -> Part {
    Part::ToolResult(ToolResultPart { id, name, content, is_error })
}

/// The event that a step of a workflow is given, and the message that starts a run.
fn request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    const KEYS: KeyList = &["ev", "ctx"];
    if let Some(event) = object.get("ev").filter(|event| event.is_object()) {
        return Some((of_event(&event.fields(), reader).unwrap_or_default(), KEYS));
    }
    // The values of a template, which is a Python object beside them.
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

/// What a step of a workflow, a tool or a model gives back.
fn response(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    // `ToolOutput`
    if object.get("raw_input").is_some() && object.get("blocks").is_some() {
        return Some(vec![Message::new(Role::Output, reader.parts(object.get("blocks")?))]);
    }
    // What the next span sends to the provider (`prepare_chat_with_tools`).
    let sent =
        object.get("messages").filter(|_| object.get("tools").is_some()).map(JsonView::items).unwrap_or_default();
    if sent.first().is_some_and(|message| message.get("blocks").is_some()) {
        return Some(Vec::new());
    }
    // `ChatResponse`, beside which the raw response of the provider is.
    if let Some(message) = object.get("message").filter(|message| message.get("blocks").is_some()) {
        return reader.message(message);
    }
    // `CompletionResponse`
    if let Some(text) = object.word("text").filter(|_| object.get("raw").is_some()) {
        return Some(vec![Message::new(Role::Assistant, vec![Part::Text(text)])]);
    }
    let result = object.get("result").filter(|result| result.get("current_agent_name").is_some());
    of_event(&result.map_or_else(|| object.view.fields(), JsonView::fields), reader)
}

/// An event of a workflow: messages to an agent, its answer, or a tool call with its result.
fn of_event(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    if let Some(id) = object.get("tool_kwargs").and_then(|_| object.word("tool_id")) {
        let Some(output) = object.get("tool_output").map(JsonView::fields) else {
            return Some(vec![Message::new(Role::Assistant, vec![call(object, "tool_id")?])]);
        };
        let content = output.get("blocks").map(|blocks| reader.within().parts(blocks)).unwrap_or_default();
        let part = result(Some(id), object.word("tool_name"), content, output.is_true("is_error"));
        return Some(vec![Message::new(Role::Tool, vec![part])]);
    }
    if let Some(text) = object.get("user_msg") {
        let history = object.get("chat_history").filter(|list| !list.is_empty());
        let history = history.map_or(Some(Vec::new()), |list| reader.messages(list))?;
        return Some(history.into_iter().chain([Message::new(Role::User, reader.parts(text))]).collect());
    }
    let agent = object.word("current_agent_name")?;
    match object.get("response") {
        Some(answer) => reader
            .message(answer)
            .map(|messages| messages.into_iter().map(|message| message.said_by(Some(agent.clone()))).collect()),
        None => reader.messages(object.get("input")?),
    }
}
