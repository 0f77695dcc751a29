//! Messages out of the inputs and outputs of spans, whatever framework wrote them.
//!
//! Formats are told by their shape: OpenAI's chat completions and Responses, Anthropic, Gemini, LangChain, AutoGen from 0.4
//! on, AG2 (AutoGen 0.2), OpenTelemetry's gen_ai conventions. What has none of these shapes is passed on as named values,
//! so that nothing is lost.

mod body;
mod mention;
mod part;
mod repr;
mod shape;
mod stream;

pub use mention::{Signs, ran, tool_mentions};
pub use shape::{Request, instructions, request, response};
pub use stream::{Stream, is_chunk, streamed};

#[cfg(test)]
mod tests;
