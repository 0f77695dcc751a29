//! What went into a span and what came out of it, as messages: the inputs and outputs, and what instrumentations keep beside
//! them.

use crate::frameworks::{self, SpanRequest, StreamedResponse};
use crate::message::Message;
use crate::model::Span;

/// The request of a span: its inputs, behind the instructions that OpenTelemetry keeps in an attribute of their own
/// (`gen_ai.system_instructions`). `None` where neither is recorded.
#[must_use]
pub fn request(span: &Span) -> Option<SpanRequest> {
    let payload = span.payload.as_ref()?;
    let inputs = payload.inputs().map(SpanRequest::of);
    let instructions = payload.attribute("gen_ai.system_instructions").map(frameworks::instructions);
    let Some(instructions) = instructions else { return inputs };
    let mut request = inputs.unwrap_or_else(|| SpanRequest { messages: Vec::new(), parameters: Vec::new() });
    request.messages.insert(0, instructions);
    Some(request)
}

/// The response of a span, and the stream that it came in where one is recorded. MLflow up to 2.22 leaves the outputs of a
/// streamed tool call empty; its messages are those of the stream. `None` where nothing is recorded.
#[must_use]
pub fn response(span: &Span) -> Option<(Vec<Message>, Option<StreamedResponse>)> {
    let payload = span.payload.as_ref()?;
    let stream = frameworks::streamed(&payload.events);
    let outputs = payload.outputs().map(frameworks::response);
    if outputs.is_none() && stream.is_none() {
        return None;
    }
    let is_silent = |messages: &Vec<Message>| messages.iter().all(|message| message.parts.is_empty());
    let of_stream = || stream.as_ref().map(|stream| stream.messages.clone());
    let messages = outputs.filter(|messages| stream.is_none() || !is_silent(messages)).or_else(of_stream);
    Some((messages.unwrap_or_default(), stream))
}

/// The messages of a span's request.
#[must_use]
pub fn request_messages(span: &Span) -> Option<Vec<Message>> {
    request(span).map(|request| request.messages)
}

/// The messages of a span's response.
#[must_use]
pub fn response_messages(span: &Span) -> Option<Vec<Message>> {
    response(span).map(|(messages, _)| messages)
}

/// The messages of the first span of a call that has a request.
pub(super) fn request_of_call(spans: &[Span], call: &[usize]) -> Vec<Message> {
    call.iter().find_map(|at| request_messages(&spans[*at])).unwrap_or_default()
}

/// The messages of the first span of a call that has a response.
pub(super) fn response_of_call(spans: &[Span], call: &[usize]) -> Vec<Message> {
    call.iter().find_map(|at| response_messages(&spans[*at])).unwrap_or_default()
}
