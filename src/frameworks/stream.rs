//! Answers that came in pieces.

use super::answer::StreamedMessage;
use super::framework::MessageReader;
use crate::json::JsonView;
use crate::message::{Message, Part};
use crate::model::{Json, SpanEvent, Timestamp};

/// A streamed answer.
#[derive(Clone, Debug)]
pub struct StreamedResponse {
    /// The answer assembled from its chunks.
    pub messages: Vec<Message>,
    /// Number of chunks.
    pub chunks: usize,
    /// Time of the first chunk with content, if any.
    pub first: Option<Timestamp>,
}

/// Reads the chunks that MLflow records as events (`mlflow.chunk.item.N`, 2.20 on).
pub(super) fn read(events: &[SpanEvent], reader: MessageReader) -> Option<StreamedResponse> {
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
    let mut answer = StreamedMessage::default();
    let mut first = None;
    for (_, time, chunk) in &chunks {
        let has_content = take(&mut answer, JsonView::of(chunk), reader);
        if has_content && first.is_none() {
            first = Some(*time);
        }
    }
    Some(StreamedResponse { messages: answer.messages(), chunks: chunks.len(), first })
}

/// Whether an event is a chunk of a stream.
#[must_use]
pub fn is_chunk(event: &SpanEvent) -> bool {
    number(event).is_some()
}

fn number(event: &SpanEvent) -> Option<u64> {
    event.name.strip_prefix("mlflow.chunk.item.")?.parse().ok()
}

impl StreamedResponse {
    /// The whole answer as one text.
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
pub(super) fn of_chunks(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let items = list.items();
    let is_chunk = |item: &JsonView<'_>| {
        item.get("choices").is_some_and(|choices| choices.items().iter().all(|one| one.get("message").is_none()))
    };
    if items.is_empty() || !items.iter().all(is_chunk) {
        return None;
    }
    let mut answer = StreamedMessage::default();
    for item in items {
        take(&mut answer, item, reader);
    }
    Some(answer.messages())
}

/// Adds a chunk. Returns whether it has content.
fn take(answer: &mut StreamedMessage, chunk: JsonView<'_>, reader: MessageReader) -> bool {
    if let Some(text) = chunk.string() {
        answer.text.push_str(&text);
        return !text.is_empty();
    }
    let object = chunk.fields();
    let kind = object.word("type").unwrap_or_default();
    let known = reader.frameworks.iter().find_map(|framework| (framework.chunk)(&object, &kind, answer));
    known.unwrap_or_else(|| object.get("delta").is_some_and(|delta| answer.delta(delta)))
}
