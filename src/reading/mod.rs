//! The calls, tool calls, agents and token usage in a trace, as used by all commands.
//!
//! Spans show what was instrumented, not what happened: two instrumentations record one request to a model twice, an
//! agent span carries the tokens of all its calls, and a tool call may have no span but only messages. A reading
//! resolves this once, in these terms:
//!
//! | Term | Meaning |
//! | --- | --- |
//! | Reading | The calls and tool calls of one loaded trace ([`Reading`]); a pure function of that trace |
//! | Call | One request to a model (LLM or embedding) with its response; recorded as one or more spans |
//! | Wrapper | A span around another span of the same call: AutoGen's `create` around `AsyncCompletions` |
//! | Carrier | A span with token usage or a cost; the topmost one counts and hides those below it |
//! | Remainder | What a carrier, or the trace record, has beyond the calls below it, so that rows add up to totals |
//! | Tool call | One use of a tool: its request, its run (a span of type TOOL, if any) and its result |
//! | Mention | The request, run or result of a tool call in one span; later spans repeat requests and results |
//! | History | The earlier messages that a request repeats; across traces, [`History`] |
//! | Handled failure | A tool failure that was returned to the model as text, without an error in the trace |
//! | Agent | What a call or tool call belongs to, known from a span, an attribute or messages ([`AgentSource`]) |
//! | Handoff | A message or tool call that passes the task to another agent; read like any other |
//! | Turn | In a request: a user message and what follows; in a session: a trace; in a conversation: an agent step |
//! | Run | Two or more traces without a session that continue each other, as their messages prove ([`RunFinder`]) |

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
mod usage_row;

pub use agent_name::{
    agent_name, bare_agent_name, is_agent, is_unnamed_inner_span, message_sender, strip_repeat_number,
};
pub use agents::{Agents, needs_messages};
pub use call_index::CallIndex;
pub use handled::mark_handled_failures;
pub use history::History;
pub use question::{answer, question, recorded_answer, recorded_question};
pub use speakers::{AgentSource, Speakers};
pub use threads::RunFinder;
pub use tool_calls::{CallFailure, CallOrigin, ToolCall, without_number};
pub use totals::{spans_usage, trace_usage};
pub use usage::TraceUsage;
pub use usage_conflict::{ConflictReason, UsageConflict};
pub use usage_row::{RowKind, UsageRow};

use crate::model::Trace;

/// The calls and tool calls of a trace.
#[derive(Debug)]
pub struct Reading {
    /// The calls and remainders, with the tokens and the cost of each.
    pub usage: TraceUsage,
    /// The tool calls, including those that are only in the history of requests.
    pub tool_calls: Vec<ToolCall>,
}

impl Reading {
    /// Reads a trace, whose spans must be loaded at least as for a tree.
    #[must_use]
    pub fn from_trace(trace: &Trace) -> Self {
        let usage = trace_usage(trace);
        let tool_calls = trace.spans.as_ref().map(|spans| tool_calls::find(spans, &usage)).unwrap_or_default();
        Self { usage, tool_calls }
    }

    /// The tool calls that were made in this trace, even if another trace contains them too.
    pub fn made_tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.tool_calls.iter().filter(|call| call.is_made_here())
    }

    /// The tool calls that were made in this trace and that no earlier trace contains.
    pub fn new_tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.tool_calls.iter().filter(|call| call.is_new)
    }
}

#[cfg(test)]
mod tests;
