//! The message of a chat: a role, a content, and tool calls beside it. OpenAI's chat completions have it, and most others
//! copied it.

use super::content::{result, tool_call};
use super::framework::MessageReader;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

/// A message in a role, if it has content.
pub(super) fn message(object: &JsonFields<'_>, role: Role, reader: MessageReader) -> Option<Vec<Message>> {
    let has_content = |key: &str| matches!(key, "content" | "parts" | "tool_calls" | "function_call" | "refusal");
    if !object.members.iter().any(|(key, _)| has_content(key)) {
        return None;
    }
    let is_result = role == Role::Tool && (object.get("tool_call_id").is_some() || object.get("name").is_some());
    let content = if is_result {
        vec![result(object, reader)]
    } else {
        object.first(&["content", "parts"]).map(|content| reader.parts(content)).unwrap_or_default()
    };
    Some(vec![with(object, role, content)])
}

/// The message of a content that was read already.
pub(super) fn with(object: &JsonFields<'_>, role: Role, content: Vec<Part>) -> Message {
    let reasoning = ["reasoning_content", "reasoning", "thought"].iter().find_map(|key| object.word(key));
    let mut parts: Vec<Part> = reasoning.map(Part::Reasoning).into_iter().chain(content).collect();
    parts.extend(object.word("refusal").map(Part::Refusal));
    if let Some(audio) = object.get("audio").filter(|audio| !audio.is_empty()) {
        parts.extend(audio.word("transcript").map(Part::Text));
    }
    let calls = object.get("tool_calls").map(JsonView::items).unwrap_or_default();
    let calls = calls.into_iter().chain(object.get("function_call"));
    for call in calls.filter_map(|call| tool_call(&call.fields())) {
        // LangChain has the calls of Claude in the content, too.
        let is_same = |part: &Part| matches!(part, Part::ToolCall(known) if known.id.is_some() && known.id == call.id);
        if !parts.iter().any(is_same) {
            parts.push(Part::ToolCall(call));
        }
    }
    // Semantic Kernel names the agent that instructions are for.
    let has_name = !matches!(role, Role::Tool | Role::System);
    let speaker = object.word("source").or_else(|| object.word("name").filter(|_| has_name));
    Message::new(role, parts).said_by(speaker)
}
