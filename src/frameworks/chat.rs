//! Chat messages: a role, content and tool calls. The format of OpenAI's chat completions, which most others copied.

use super::content::{tool_call, tool_result};
use super::framework::MessageReader;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

/// Parses an object with content as the messages of a role; `None` if it has no content.
pub(super) fn parse_messages(object: &JsonFields<'_>, role: Role, reader: MessageReader) -> Option<Vec<Message>> {
    let has_content = |key: &str| matches!(key, "content" | "parts" | "tool_calls" | "function_call" | "refusal");
    if !object.members.iter().any(|(key, _)| has_content(key)) {
        return None;
    }
    let is_result = role == Role::Tool && (object.get("tool_call_id").is_some() || object.get("name").is_some());
    let content = if is_result {
        vec![tool_result(object, reader)]
    } else {
        object.first(&["content", "parts"]).map(|content| reader.parts(content)).unwrap_or_default()
    };
    Some(vec![message_with_content(object, role, content)])
}

/// Returns the message whose content was read already.
pub(super) fn message_with_content(object: &JsonFields<'_>, role: Role, content: Vec<Part>) -> Message {
    let reasoning = ["reasoning_content", "reasoning", "thought"].iter().find_map(|key| object.get_string(key));
    let mut parts: Vec<Part> = reasoning.map(Part::Reasoning).into_iter().chain(content).collect();
    parts.extend(object.get_string("refusal").map(Part::Refusal));
    if let Some(audio) = object.get("audio").filter(|audio| !audio.is_empty()) {
        parts.extend(audio.get_string("transcript").map(Part::Text));
    }
    let calls = object.get("tool_calls").map(JsonView::items).unwrap_or_default();
    let calls = calls.into_iter().chain(object.get("function_call"));
    for call in calls.filter_map(|call| tool_call(&call.fields())) {
        // LangChain repeats Claude's tool calls in the content.
        let is_same = |part: &Part| matches!(part, Part::ToolCall(known) if known.id.is_some() && known.id == call.id);
        if !parts.iter().any(is_same) {
            parts.push(Part::ToolCall(call));
        }
    }
    // For instructions, Semantic Kernel records the name of the recipient.
    let has_name = !matches!(role, Role::Tool | Role::System);
    let speaker = object.get_string("source").or_else(|| object.get_string("name").filter(|_| has_name));
    Message::new(role, parts).with_speaker(speaker)
}
