//! Streamed responses.

use super::answer::StreamedMessage;
use super::framework::MessageReader;
use crate::json::Json;
use crate::json::JsonView;
use crate::message::{Message, Part};
use crate::model::{SpanEvent, Timestamp};

/// A streamed response.
#[derive(Clone, Debug)]
pub struct StreamedResponse {
    /// The response, assembled from its chunks.
    pub messages: Vec<Message>,
    /// The number of chunks.
    pub chunks: usize,
    /// The time of the first chunk with content, if any.
    pub first_content: Option<Timestamp>,
}

/// Reads the chunks that MLflow records as events (`mlflow.chunk.item.N`, 2.20 on).
pub(super) fn read(events: &[SpanEvent], reader: MessageReader) -> Option<StreamedResponse> {
    let value = |event: &SpanEvent| {
        let (_, value) = event.attributes.iter().find(|(key, _)| key == "mlflow.chunk.value")?;
        let text = value.as_string();
        text.and_then(|text| Json::from_strict(&text)).or_else(|| Some(value.clone()))
    };
    let mut chunks: Vec<(u64, Timestamp, Json)> =
        events.iter().filter_map(|event| Some((chunk_number(event)?, event.time, value(event)?))).collect();
    chunks.sort_by_key(|(number, ..)| *number);
    if chunks.is_empty() {
        return None;
    }
    let mut answer = StreamedMessage::default();
    let mut first = None;
    for (_, time, chunk) in &chunks {
        let has_content = add_chunk(&mut answer, JsonView::new(chunk), reader);
        if has_content && first.is_none() {
            first = Some(*time);
        }
    }
    Some(StreamedResponse { messages: answer.into_messages(), chunks: chunks.len(), first_content: first })
}

/// Whether an event is a chunk of a stream.
#[must_use]
pub fn is_chunk(event: &SpanEvent) -> bool {
    chunk_number(event).is_some()
}

fn chunk_number(event: &SpanEvent) -> Option<u64> {
    event.name.strip_prefix("mlflow.chunk.item.")?.parse().ok()
}

impl StreamedResponse {
    /// Returns the whole response as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => Some(text.clone()),
            Part::ToolCall(call) => Some(format!("{} {}", call.name, call.arguments.display())),
            _ => None,
        };
        let parts = self.messages.iter().flat_map(|message| &message.parts);
        parts.filter_map(text).collect::<Vec<_>>().join("\n")
    }
}

/// Assembles a list of chunks, as recorded for a generator function.
pub(super) fn join_chunks(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let items = list.items();
    let is_chunk = |item: &JsonView<'_>| {
        item.get("choices").is_some_and(|choices| choices.items().iter().all(|choice| choice.get("message").is_none()))
    };
    if items.is_empty() || !items.iter().all(is_chunk) {
        return None;
    }
    let mut answer = StreamedMessage::default();
    for item in items {
        add_chunk(&mut answer, item, reader);
    }
    Some(answer.into_messages())
}

/// Adds a chunk. Returns whether it has content.
fn add_chunk(answer: &mut StreamedMessage, chunk: JsonView<'_>, reader: MessageReader) -> bool {
    if let Some(text) = chunk.string() {
        answer.text.push_str(&text);
        return !text.is_empty();
    }
    let object = chunk.fields();
    let kind = object.get_string("type").unwrap_or_default();
    let known = reader.frameworks.iter().find_map(|framework| (framework.chunk)(&object, &kind, answer));
    known.unwrap_or_else(|| object.get("delta").is_some_and(|delta| answer.add_delta(delta)))
}
