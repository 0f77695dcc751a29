//! Assembly of a streamed response from its chunks.

use crate::json::Json;
use crate::json::JsonView;
use crate::message::{Message, Part, Role, ToolCallPart};

/// A streamed response, as received so far.
#[derive(Debug, Default)]
pub(super) struct StreamedMessage {
    pub(super) reasoning: String,
    pub(super) text: String,
    pub(super) refusal: String,
    calls: Vec<PartialToolCall>,
}

/// A tool call, as received so far.
#[derive(Debug, Default)]
pub(super) struct PartialToolCall {
    index: Option<i64>,
    id: Option<String>,
    name: String,
    pub(super) arguments: String,
}

impl StreamedMessage {
    /// Adds a chunk of chat completions. Returns whether it has content.
    pub(super) fn add_delta(&mut self, delta: JsonView<'_>) -> bool {
        if let Some(text) = delta.string() {
            return append(&mut self.text, Some(text));
        }
        let mut has_content = append(&mut self.text, delta.get_string("content"));
        has_content |= append(&mut self.refusal, delta.get_string("refusal"));
        has_content |= append(
            &mut self.reasoning,
            delta.get_string("reasoning_content").or_else(|| delta.get_string("reasoning")),
        );
        for piece in delta.get("tool_calls").map(JsonView::items).unwrap_or_default() {
            let index = piece.get("index").and_then(|index| index.text().parse().ok());
            let function = piece.get("function");
            let call = self.tool_call(index);
            call.id = call.id.take().or_else(|| piece.get_string("id"));
            append(&mut call.name, function.and_then(|function| function.get_string("name")));
            append(&mut call.arguments, function.and_then(|function| function.get_string("arguments")));
            has_content = true;
        }
        has_content
    }

    /// Starts a tool call, if `item` is one. Returns whether it is.
    pub(super) fn begin_tool_call(&mut self, item: JsonView<'_>) -> bool {
        let is_call = item.get_string("type").is_some_and(|kind| matches!(kind.as_str(), "function_call" | "tool_use"));
        if is_call {
            let id = ["call_id", "id"].iter().find_map(|key| item.get_string(key));
            self.calls.push(PartialToolCall {
                id,
                name: item.get_string("name").unwrap_or_default(),
                ..PartialToolCall::default()
            });
        }
        is_call
    }

    /// Returns the tool call with an index, else the last one; adds it if there is none.
    pub(super) fn tool_call(&mut self, index: Option<i64>) -> &mut PartialToolCall {
        let known = self.calls.iter().position(|call| index.is_some() && call.index == index);
        let at = match (known, index) {
            (Some(at), _) => at,
            (None, None) if !self.calls.is_empty() => self.calls.len() - 1,
            _ => {
                self.calls.push(PartialToolCall { index, ..PartialToolCall::default() });
                self.calls.len() - 1
            }
        };
        &mut self.calls[at]
    }

    /// Returns the response as a message, or none if it is empty.
    pub(super) fn into_messages(self) -> Vec<Message> {
        let text = |text: String, part: fn(String) -> Part| (!text.is_empty()).then(|| part(text));
        let calls = self.calls.into_iter().filter(|call| !call.name.is_empty());
        let call = |call: PartialToolCall| {
            let arguments = Json::from_strict(&call.arguments).unwrap_or_else(|| Json::string(&call.arguments));
            Part::ToolCall(ToolCallPart { id: call.id, name: call.name, arguments })
        };
        let parts: Vec<Part> = text(self.reasoning, Part::Reasoning)
            .into_iter()
            .chain(text(self.text, Part::Text))
            .chain(text(self.refusal, Part::Refusal))
            .chain(calls.map(call))
            .collect();
        if parts.is_empty() { Vec::new() } else { vec![Message::new(Role::Assistant, parts)] }
    }
}

/// Appends text. Returns whether there was any.
pub(super) fn append(to: &mut String, more: Option<String>) -> bool {
    let has_content = more.as_ref().is_some_and(|more| !more.is_empty());
    to.push_str(&more.unwrap_or_default());
    has_content
}
