//! Message frameworks: inputs and outputs of spans as messages, independent of the framework that wrote them.
//!
//! Frameworks are recognized by the shape of their JSON. Unknown shapes are passed on as named values, so that nothing
//! is lost.
//!
//! # Adding a framework
//!
//! One file and one line:
//!
//! ```ignore
//! // src/frameworks/acme.rs
//! //! Acme's agents: `{"acme_text": "hi"}`.
//! use super::framework::Framework;
//! use crate::message::Part;
//!
//! pub(super) const FRAMEWORK: Framework =
//!     Framework { part: |object, _, _| Some(vec![Part::Text(object.word("acme_text")?)]), ..Framework::NONE };
//! ```
//!
//! and `acme` in the list below. The first framework in the list that knows a shape reads it. The order matters only
//! where one shape is a special case of another.

mod answer;
mod chat;
mod content;
mod framework;
mod mention;
mod request;
mod response;
mod stream;
mod unset;
mod values;

use crate::json::Json;
use crate::json::JsonView;
use crate::message::{Message, Role};
use crate::model::SpanEvent;
use framework::MessageReader;
pub use mention::{ARGUMENT_KEYS, PossibleMentions, tool_mentions, tool_span_mention};
pub use request::SpanRequest;
pub use stream::{StreamedResponse, is_chunk};
pub(crate) use unset::is_stream;

/// Declares the modules and the list of their frameworks.
macro_rules! frameworks {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// All frameworks, in order of precedence.
        const ALL: MessageReader = MessageReader::new(&[$(&$module::FRAMEWORK),*]);
    };
}

frameworks! {
    ag2
    openai
    anthropic
    langchain
    openai_responses
    gen_ai
    gemini
    bedrock
    haystack
    pydantic_ai
    llama_index
    crewai
    dspy
    smolagents
    traceloop
    vercel
    autogen
    autogen_repr
}

impl SpanRequest {
    /// Reads the inputs of a span.
    #[must_use]
    pub fn from_inputs(inputs: &Json) -> Self {
        Self::read(JsonView::new(inputs), ALL)
    }
}

/// Reads the inputs of a span as messages.
#[must_use]
pub fn request(inputs: &Json) -> Vec<Message> {
    SpanRequest::from_inputs(inputs).messages
}

/// Reads the outputs of a span as messages.
#[must_use]
pub fn response(outputs: &Json) -> Vec<Message> {
    response::read(JsonView::new(outputs), ALL)
}

/// Reads instructions to a model that are not part of its inputs: OpenTelemetry's `gen_ai.system_instructions`.
#[must_use]
pub fn instructions(value: &Json) -> Message {
    let value = JsonView::new(value).decoded();
    Message::new(Role::System, ALL.parts(JsonView::new(&value)))
}

/// Assembles a streamed response from the chunks that MLflow records as events.
#[must_use]
pub fn streamed_response(events: &[SpanEvent]) -> Option<StreamedResponse> {
    stream::read(events, ALL)
}

#[cfg(test)]
mod tests;
