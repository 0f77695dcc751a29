//! Names of agents, and which spans are the same agent.

use crate::message::Message;
use crate::model::{Payload, Span};

/// The methods of AutoGen's agents that MLflow records. MLflow 3.1 names their spans after the method only.
pub(super) const METHODS: [&str; 4] = ["run", "run_stream", "on_messages", "on_messages_stream"];

/// The methods of other agents: DSPy's, after the class name, and Agno's.
const OTHER_METHODS: [&str; 3] = ["forward", "aforward", "arun"];

/// The names of spans that an agent opens inside its own span (Haystack).
const INNER_SPANS: [&str; 1] = ["haystack.agent.run"];

/// Whether an agent opened this span inside its own span.
pub(super) fn is_inner_span(span: &Span) -> bool {
    span.declared_name.is_none() && INNER_SPANS.contains(&span.name.as_str())
}

/// The entry points of Semantic Kernel, which run the function passed to them. MLflow gives their spans the type AGENT
/// (3.18 `semantic_kernel/tracing_utils.py`, `patched_kernel_entry_point`).
const KERNEL_ENTRY_POINTS: [&str; 2] = ["Kernel.invoke", "Kernel.invoke_prompt"];

/// Whether a span is an entry point of Semantic Kernel.
pub(super) fn is_kernel_entry_point(span: &Span) -> bool {
    KERNEL_ENTRY_POINTS.contains(&span.name.as_str())
}

/// Whether a span is an agent's: its type is AGENT, and it is not an entry point of Semantic Kernel.
#[must_use]
pub fn is_agent(span: &Span) -> bool {
    span.span_type.is_agent() && !is_kernel_entry_point(span)
}

/// Returns a span name without the number that MLflow up to 3.5 appends to repeated names (`calculator_2`).
#[must_use]
pub fn strip_repeat_number(name: &str) -> &str {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 { name } else { name[..name.len() - digits].strip_suffix('_').unwrap_or(name) }
}

/// Returns the name of an agent: the recorded name, else the sender of the response (AG2), else the span name without
/// the method.
#[must_use]
pub fn agent_name(span: &Span, response: &[Message]) -> String {
    if let Some(name) = &span.declared_name {
        return name.clone();
    }
    let bare = bare_agent_name(&span.name);
    match response.iter().filter_map(|message| message.speaker.as_deref()).next_back() {
        Some(speaker) if METHODS.contains(&strip_repeat_number(bare)) || speaker == strip_repeat_number(bare) => {
            speaker.to_owned()
        }
        _ => bare.to_owned(),
    }
}

/// Returns the agent's part of a span name, without the operation (`invoke_agent NAME`) or the method (`NAME.run`).
#[must_use]
pub fn bare_agent_name(name: &str) -> &str {
    let bare = name.strip_prefix("invoke_agent ").or_else(|| name.strip_prefix("agent.")).unwrap_or(name);
    match bare.rsplit_once('.') {
        Some((agent, method)) if METHODS.contains(&strip_repeat_number(method)) || OTHER_METHODS.contains(&method) => {
            agent
        }
        _ => bare,
    }
}

/// Returns the sender of the message in an agent's inputs (AG2).
#[must_use]
pub fn message_sender(payload: Option<&Payload>) -> Option<String> {
    payload?.inputs()?.member("sender")?.as_string()
}

/// Whether a span is the inner, unnamed span of the agent in its parent span: AutoGen's `on_messages` in `run` (up to
/// MLflow 3.1, failed methods have no agent name), or Haystack's `haystack.agent.run`. `name` is the agent name found
/// for the span.
#[must_use]
pub fn is_unnamed_inner_span(name: &str, span: &Span, above: &Span) -> bool {
    let is_method = |span: &Span, start: &str| {
        strip_repeat_number(&span.name).starts_with(start) && METHODS.contains(&strip_repeat_number(&span.name))
    };
    let is_autogen =
        is_method(span, "on_messages") && is_method(above, "run") && METHODS.contains(&strip_repeat_number(name));
    is_autogen || is_inner_span(span)
}
