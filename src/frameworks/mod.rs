//! Message frameworks: what went into and came out of spans, as messages, whatever framework wrote it.
//!
//! Frameworks are recognized by the shape of what they wrote. Unknown shapes are passed on as named values, so that
//! nothing is lost.
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
//! and `acme` in the list below. The first framework of the list that knows a shape reads it, so its place is its
//! precedence: it matters only where one shape is a special case of another.

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

use crate::json::JsonView;
use crate::message::{Message, Role};
use crate::model::{Json, SpanEvent};
use framework::MessageReader;
pub use mention::{ARGUMENT_KEYS, PossibleMentions, ran, tool_mentions};
pub use request::SpanRequest;
pub use stream::{StreamedResponse, is_chunk};
pub(crate) use unset::is_stream;

/// Makes the modules and the list of them.
macro_rules! frameworks {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// All frameworks, in the order of precedence.
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
    pub fn of(inputs: &Json) -> Self {
        Self::read(JsonView::of(inputs), ALL)
    }
}

/// What went in, as messages.
#[must_use]
pub fn request(inputs: &Json) -> Vec<Message> {
    SpanRequest::of(inputs).messages
}

/// What came out, as messages.
#[must_use]
pub fn response(outputs: &Json) -> Vec<Message> {
    response::read(JsonView::of(outputs), ALL)
}

/// The instructions to a model beside its inputs: `gen_ai.system_instructions` of OpenTelemetry.
#[must_use]
pub fn instructions(value: &Json) -> Message {
    let value = JsonView::of(value).decoded();
    Message::new(Role::System, ALL.parts(JsonView::of(&value)))
}

/// A streamed answer, out of the pieces that MLflow records as events.
#[must_use]
pub fn streamed(events: &[SpanEvent]) -> Option<StreamedResponse> {
    stream::read(events, ALL)
}

#[cfg(test)]
mod tests;
