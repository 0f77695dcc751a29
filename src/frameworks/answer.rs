//! An answer that comes in pieces.

use crate::json::JsonView;
use crate::message::{Message, Part, Role, ToolCallPart};
use crate::model::Json;

/// A streamed answer, as far as it has arrived.
#[derive(Debug, Default)]
pub(super) struct StreamedMessage {
    pub(super) reasoning: String,
    pub(super) text: String,
    pub(super) refusal: String,
    calls: Vec<PartialToolCall>,
}

/// A tool call in the making.
#[derive(Debug, Default)]
pub(super) struct PartialToolCall {
    index: Option<i64>,
    id: Option<String>,
    name: String,
    pub(super) arguments: String,
}

impl StreamedMessage {
    /// Adds a chunk of chat completions. Returns whether it has content.
    pub(super) fn delta(&mut self, delta: JsonView<'_>) -> bool {
        if let Some(text) = delta.string() {
            return add(&mut self.text, Some(text));
        }
        let mut has_content = add(&mut self.text, delta.word("content"));
        has_content |= add(&mut self.refusal, delta.word("refusal"));
        has_content |= add(&mut self.reasoning, delta.word("reasoning_content").or_else(|| delta.word("reasoning")));
        for piece in delta.get("tool_calls").map(JsonView::items).unwrap_or_default() {
            let index = piece.get("index").and_then(|index| index.text().parse().ok());
            let function = piece.get("function");
            let call = self.call(index);
            call.id = call.id.take().or_else(|| piece.word("id"));
            add(&mut call.name, function.and_then(|function| function.word("name")));
            add(&mut call.arguments, function.and_then(|function| function.word("arguments")));
            has_content = true;
        }
        has_content
    }

    /// The beginning of a tool call, if it is one.
    pub(super) fn begin(&mut self, item: JsonView<'_>) -> bool {
        let is_call = item.word("type").is_some_and(|kind| matches!(kind.as_str(), "function_call" | "tool_use"));
        if is_call {
            let id = ["call_id", "id"].iter().find_map(|key| item.word(key));
            self.calls.push(PartialToolCall {
                id,
                name: item.word("name").unwrap_or_default(),
                ..PartialToolCall::default()
            });
        }
        is_call
    }

    /// The call with a number, else the last one.
    pub(super) fn call(&mut self, index: Option<i64>) -> &mut PartialToolCall {
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

    pub(super) fn messages(self) -> Vec<Message> {
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

/// Appends a text. Returns whether there was any.
pub(super) fn add(to: &mut String, more: Option<String>) -> bool {
    let has_content = more.as_ref().is_some_and(|more| !more.is_empty());
    to.push_str(&more.unwrap_or_default());
    has_content
}
