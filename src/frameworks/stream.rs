//! Answers that came in pieces.

use crate::json::View;
use crate::message::{Message, Part, Role, ToolCall};
use crate::model::{Json, SpanEvent, Timestamp};

/// A streamed answer.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What the pieces say together.
    pub messages: Vec<Message>,
    /// How many pieces there were.
    pub chunks: usize,
    /// When the first piece came that says something, if any did.
    pub first: Option<Timestamp>,
}

/// Reads the pieces that MLflow records as events (`mlflow.chunk.item.N`, 2.20 on).
#[must_use]
pub fn streamed(events: &[SpanEvent]) -> Option<Stream> {
    let value = |event: &SpanEvent| {
        let (_, value) = event.attributes.iter().find(|(key, _)| key == "mlflow.chunk.value")?;
        let text = value.as_string();
        text.and_then(|text| Json::from_strict(&text)).or_else(|| Some(value.clone()))
    };
    let mut chunks: Vec<(u64, Timestamp, Json)> =
        events.iter().filter_map(|event| Some((number(event)?, event.time, value(event)?))).collect();
    chunks.sort_by_key(|(number, ..)| *number);
    if chunks.is_empty() {
        return None;
    }
    let mut answer = Answer::default();
    let mut first = None;
    for (_, time, chunk) in &chunks {
        let said = answer.take(View::of(chunk));
        if said && first.is_none() {
            first = Some(*time);
        }
    }
    Some(Stream { messages: answer.messages(), chunks: chunks.len(), first })
}

/// Whether an event is a piece of a stream.
#[must_use]
pub fn is_chunk(event: &SpanEvent) -> bool {
    number(event).is_some()
}

fn number(event: &SpanEvent) -> Option<u64> {
    event.name.strip_prefix("mlflow.chunk.item.")?.parse().ok()
}

impl Stream {
    /// What the pieces say together, as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let words = |part: &Part| match part {
            Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => Some(text.clone()),
            Part::ToolCall(call) => Some(format!("{} {}", call.name, call.arguments.display())),
            _ => None,
        };
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        parts.filter_map(words).collect::<Vec<_>>().join("\n")
    }
}

/// A list of pieces, as a function that yields them leaves.
pub(super) fn of_chunks(list: View<'_>) -> Option<Vec<Message>> {
    let items = list.items();
    let is_chunk = |item: &View<'_>| {
        item.get("choices").is_some_and(|choices| choices.items().iter().all(|one| one.get("message").is_none()))
    };
    if items.is_empty() || !items.iter().all(is_chunk) {
        return None;
    }
    let mut answer = Answer::default();
    for item in items {
        answer.take(item);
    }
    Some(answer.messages())
}

/// What has been said so far.
#[derive(Debug, Default)]
struct Answer {
    reasoning: String,
    text: String,
    refusal: String,
    calls: Vec<Call>,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<i64>,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Answer {
    /// Adds a piece; whether it says anything.
    fn take(&mut self, chunk: View<'_>) -> bool {
        if let Some(text) = chunk.string() {
            self.text.push_str(&text);
            return !text.is_empty();
        }
        let kind = chunk.word("type").unwrap_or_default();
        let delta = chunk.get("delta");
        match (kind.as_str(), delta) {
            ("response.output_text.delta", Some(delta)) => add(&mut self.text, delta.string()),
            ("response.refusal.delta", Some(delta)) => add(&mut self.refusal, delta.string()),
            ("response.reasoning_summary_text.delta" | "response.reasoning_text.delta", Some(delta)) => {
                add(&mut self.reasoning, delta.string())
            }
            ("response.function_call_arguments.delta", Some(delta)) => {
                let call = self.call(None);
                add(&mut call.arguments, delta.string())
            }
            ("response.output_item.added", _) => chunk.get("item").is_some_and(|item| self.begin(item)),
            // Anthropic's stream.
            ("content_block_delta" | "message_delta", Some(delta)) => self.anthropic(delta),
            ("content_block_start", _) => chunk.get("content_block").is_some_and(|block| self.begin(block)),
            (_, Some(delta)) => self.delta(delta),
            // LangChain's.
            (kind, None) if kind.ends_with("Chunk") => add(&mut self.text, chunk.word("content")),
            (_, None) => {
                let choices = chunk.get("choices").map(View::items).unwrap_or_default();
                let mut said = false;
                for delta in choices.into_iter().filter_map(|choice| choice.get("delta").or_else(|| choice.get("text")))
                {
                    said |= self.delta(delta);
                }
                said
            }
        }
    }

    /// A piece of a chat completion.
    fn delta(&mut self, delta: View<'_>) -> bool {
        if let Some(text) = delta.string() {
            return add(&mut self.text, Some(text));
        }
        let mut said = add(&mut self.text, delta.word("content"));
        said |= add(&mut self.refusal, delta.word("refusal"));
        said |= add(&mut self.reasoning, delta.word("reasoning_content").or_else(|| delta.word("reasoning")));
        for piece in delta.get("tool_calls").map(View::items).unwrap_or_default() {
            let index = piece.get("index").and_then(|index| index.text().parse().ok());
            let function = piece.get("function");
            let call = self.call(index);
            call.id = call.id.take().or_else(|| piece.word("id"));
            add(&mut call.name, function.and_then(|function| function.word("name")));
            add(&mut call.arguments, function.and_then(|function| function.word("arguments")));
            said = true;
        }
        said
    }

    fn anthropic(&mut self, delta: View<'_>) -> bool {
        let mut said = add(&mut self.text, delta.word("text"));
        said |= add(&mut self.reasoning, delta.word("thinking"));
        if let Some(json) = delta.word("partial_json") {
            self.call(None).arguments.push_str(&json);
            said = true;
        }
        said
    }

    /// The beginning of a call of a tool.
    fn begin(&mut self, item: View<'_>) -> bool {
        let is_call = item.word("type").is_some_and(|kind| matches!(kind.as_str(), "function_call" | "tool_use"));
        if is_call {
            let id = ["call_id", "id"].iter().find_map(|key| item.word(key));
            self.calls.push(Call { id, name: item.word("name").unwrap_or_default(), ..Call::default() });
        }
        is_call
    }

    /// The call with a number, else the last one.
    fn call(&mut self, index: Option<i64>) -> &mut Call {
        let known = self.calls.iter().position(|call| index.is_some() && call.index == index);
        let at = match (known, index) {
            (Some(at), _) => at,
            (None, None) if !self.calls.is_empty() => self.calls.len() - 1,
            _ => {
                self.calls.push(Call { index, ..Call::default() });
                self.calls.len() - 1
            }
        };
        &mut self.calls[at]
    }

    fn messages(self) -> Vec<Message> {
        let text = |text: String, part: fn(String) -> Part| (!text.is_empty()).then(|| part(text));
        let calls = self.calls.into_iter().filter(|call| !call.name.is_empty());
        let call = |call: Call| {
            let arguments = Json::from_strict(&call.arguments).unwrap_or_else(|| Json::string(&call.arguments));
            Part::ToolCall(ToolCall { id: call.id, name: call.name, arguments })
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

fn add(to: &mut String, more: Option<String>) -> bool {
    let said = more.as_ref().is_some_and(|more| !more.is_empty());
    to.push_str(&more.unwrap_or_default());
    said
}
