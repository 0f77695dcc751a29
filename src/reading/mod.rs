//! What happened in a trace: the one reading of it that every command answers from.
//!
//! Spans say what was instrumented, which is not what happened: two instrumentations record one request to a model twice,
//! an agent carries the tokens of all its calls, a tool call stands in a message and has no span at all. A reading settles
//! each of these once:
//!
//! * **LLM call**: one request to a model. A *wrapper* (AutoGen's `OpenAIChatCompletionClient.create`) and the provider's
//!   span inside it (`AsyncCompletions`) are one call.
//! * **Carrier**: a span with tokens of its own. A carrier above several calls is none itself; what its total has beyond
//!   theirs is a *remainder*, so that the rows of a trace always add up to its total.
//!
//! A reading is pure: it is made from a trace that was loaded, and needs no more of it than the command has asked for.

mod calls;

pub use calls::{RowKind, TraceUsage, UsageRow, of_spans, of_trace};

#[cfg(test)]
mod tests;
