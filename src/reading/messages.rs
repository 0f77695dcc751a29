//! The request and response of a span as messages: its inputs and outputs, and what instrumentations record elsewhere.

use crate::frameworks::{self, SpanRequest, StreamedResponse};
use crate::message::Message;
use crate::model::Span;

/// Returns the request of a span: its inputs, after the instructions that OpenTelemetry records in a separate attribute
/// (`gen_ai.system_instructions`). `None` if neither is recorded.
#[must_use]
pub fn request(span: &Span) -> Option<SpanRequest> {
    let payload = span.payload.as_ref()?;
    let inputs = payload.inputs().map(SpanRequest::from_inputs);
    let instructions = payload.attribute("gen_ai.system_instructions").map(frameworks::instructions);
    let Some(instructions) = instructions else { return inputs };
    let mut request = inputs.unwrap_or_else(|| SpanRequest { messages: Vec::new(), parameters: Vec::new() });
    request.messages.insert(0, instructions);
    Some(request)
}

/// Returns the response of a span, and its stream if one is recorded. MLflow up to 2.22 leaves the outputs of a
/// streamed tool call empty; the messages are then those of the stream. `None` if nothing is recorded.
#[must_use]
pub fn response(span: &Span) -> Option<(Vec<Message>, Option<StreamedResponse>)> {
    let payload = span.payload.as_ref()?;
    let stream = frameworks::streamed_response(&payload.events);
    let outputs = payload.outputs().map(frameworks::response);
    if outputs.is_none() && stream.is_none() {
        return None;
    }
    let is_empty = |messages: &Vec<Message>| messages.iter().all(|message| message.parts.is_empty());
    let streamed = || stream.as_ref().map(|stream| stream.messages.clone());
    let messages = outputs.filter(|messages| stream.is_none() || !is_empty(messages)).or_else(streamed);
    Some((messages.unwrap_or_default(), stream))
}

/// Returns the messages of a span's request.
#[must_use]
pub fn request_messages(span: &Span) -> Option<Vec<Message>> {
    request(span).map(|request| request.messages)
}

/// Returns the messages of a span's response.
#[must_use]
pub fn response_messages(span: &Span) -> Option<Vec<Message>> {
    response(span).map(|(messages, _)| messages)
}

/// Returns the request of a call: that of its first span with a request.
pub(super) fn call_request(spans: &[Span], call: &[usize]) -> Vec<Message> {
    call.iter().find_map(|at| request_messages(&spans[*at])).unwrap_or_default()
}

/// Returns the response of a call: that of its first span with a response.
pub(super) fn call_response(spans: &[Span], call: &[usize]) -> Vec<Message> {
    call.iter().find_map(|at| response_messages(&spans[*at])).unwrap_or_default()
}
