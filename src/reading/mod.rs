//! What happened in a trace: the one reading of it that every command answers from.
//!
//! Spans show what was instrumented, not what happened: two instrumentations record one request to a model twice, an
//! agent carries the tokens of all its calls, a tool call is in a message and has no span at all. A reading settles
//! each of these once:
//!
//! * **LLM call**: one request to a model. A *wrapper* (AutoGen's `OpenAIChatCompletionClient.create`) and the provider's
//!   span inside it (`AsyncCompletions`) are one call.
//! * **Carrier**: a span with tokens of its own. A carrier above several calls is none itself; what its total has beyond
//!   theirs is a *remainder*, so that the rows of a trace always add up to its total.
//!
//! A reading is pure: it is made from a trace that was loaded, and needs no more of it than the command has asked for.

mod agent_name;
mod agents;
mod call_index;
mod calls;
mod handled;
mod history;
pub mod identity;
mod ledger;
pub mod messages;
mod question;
mod speakers;
mod threads;
mod tool_calls;
mod totals;
mod usage;
mod usage_conflict;

pub use agent_name::{asked_by, bare_name, is_agent, is_nameless_within, name_of, stem};
pub use agents::{Agents, needs_messages};
pub use call_index::CallIndex;
pub use handled::mark_handled_failures;
pub use history::History;
pub use question::{answer, question, recorded_answer, recorded_question};
pub use speakers::{AgentSource, Speakers};
pub use threads::Threads;
pub use tool_calls::{CallFailure, CallOrigin, ToolCall, without_number};
pub use totals::{of_spans, of_trace};
pub use usage::{RowKind, TraceUsage, UsageRow};
pub use usage_conflict::{ConflictReason, UsageConflict};

use crate::model::Trace;

/// What happened in a trace.
#[derive(Debug)]
pub struct Reading {
    /// Its LLM calls, and the tokens and the cost of each.
    pub usage: TraceUsage,
    /// Its tool calls.
    pub tool_calls: Vec<ToolCall>,
}

impl Reading {
    /// Reads a trace, whose spans are needed as a tree shows them, at least.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let usage = of_trace(trace);
        let tool_calls = trace.spans.as_ref().map(|spans| tool_calls::of_spans(spans, &usage)).unwrap_or_default();
        Self { usage, tool_calls }
    }

    /// The tool calls that were made in this trace, whatever other traces hold.
    pub fn own_tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.tool_calls.iter().filter(|call| call.is_made_here())
    }

    /// The tool calls that were made in this trace and that no earlier trace holds.
    pub fn new_tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.tool_calls.iter().filter(|call| call.is_new)
    }
}

#[cfg(test)]
mod tests;
