//! Haystack: parts without a type, named by their only member (`ChatMessage.to_dict`, 2.9 on), and inputs and outputs
//! of pipelines, by component.

use super::content;
use super::framework::{EVERYTHING, Framework, MessageReader, RequestMessages};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role, ToolCallPart, ToolResultPart};

pub(super) const FRAMEWORK: Framework = Framework {
    ignored_keys: &["hook_context", "streaming_callback", "generation_kwargs"],
    part,
    request: |object, reader| {
        component_messages(object, reader).map(|messages| -> RequestMessages { (messages, EVERYTHING) })
    },
    response: |object, reader| {
        if let Some(replies) = object.get("replies").filter(|replies| replies.is_list()) {
            return reader.messages(replies);
        }
        // An agent repeats its last message.
        match object.get("last_message") {
            Some(_) => reader.messages(object.get("messages")?),
            None => component_messages(object, reader),
        }
    },
    tool_signs: &["tool_call"],
    ..Framework::NONE
};

fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    let [(key, body)] = object.members.as_slice() else { return None };
    let body = body.fields();
    match key.as_ref() {
        "tool_call" => call(&body).map(|call| vec![Part::ToolCall(call)]),
        "tool_call_result" => {
            let origin = body.get("origin").map(JsonView::fields);
            let origin = origin.as_ref().and_then(call);
            let content = body.get("result").map(|text| reader.deeper().parts(text)).unwrap_or_default();
            let (id, name) = origin.map_or((None, None), |call| (call.id, Some(call.name)));
            Some(vec![Part::ToolResult(ToolResultPart { id, name, content, is_error: body.is_true("error") })])
        }
        "reasoning" => body.get_string("reasoning_text").map(|text| vec![Part::Reasoning(text)]),
        "image" => Some(content::media(&body, "image")),
        _ => None,
    }
}

fn call(object: &JsonFields<'_>) -> Option<ToolCallPart> {
    let arguments = object.get("arguments").map_or_else(|| Json::object(&[]), JsonView::decoded);
    Some(ToolCallPart { id: object.get_string("id"), name: object.get_string("tool_name")?, arguments })
}

/// Reads the messages of a pipeline's components, and their texts and numbers as `COMPONENT.KEY`.
fn component_messages(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let is_message = |item: &JsonView<'_>| item.get("role").is_some() && item.get("meta").is_some();
    let (mut messages, mut others) = (Vec::new(), Vec::new());
    for (component, values) in &object.members {
        for (key, value) in values.is_object().then(|| values.members())? {
            if value.is_list() && !value.items().is_empty() && value.items().iter().all(is_message) {
                messages.extend(reader.messages(value)?);
            } else if !value.is_empty() && !value.is_object() && !value.is_list() {
                others.push(Part::Data { name: Some(format!("{component}.{key}")), value: value.json() });
            }
        }
    }
    if messages.is_empty() {
        return None;
    }
    let others = (!others.is_empty()).then(|| Message::new(Role::Input, others));
    Some(others.into_iter().chain(messages).collect())
}
