//! How agents are called, and when two spans are the same one.

use crate::message::Message;
use crate::model::{Payload, Span};

/// The methods of AutoGen's agents that MLflow records; in 3.1 their names alone name the spans.
pub(super) const METHODS: [&str; 4] = ["run", "run_stream", "on_messages", "on_messages_stream"];

/// The methods of other agents: DSPy's, behind the name of the class, and Agno's.
const OTHER_METHODS: [&str; 3] = ["forward", "aforward", "arun"];

/// The names of spans that an agent has within its own (Haystack).
const INNER_SPANS: [&str; 1] = ["haystack.agent.run"];

/// Whether a span of an agent is one that the agent has within its own.
pub(super) fn is_inner_span(span: &Span) -> bool {
    span.declared_name.is_none() && INNER_SPANS.contains(&span.name.as_str())
}

/// The entry points of Semantic Kernel, which run the function passed to them. MLflow gives their spans the type AGENT (3.18
/// `semantic_kernel/tracing_utils.py`, `patched_kernel_entry_point`).
const KERNEL_ENTRY_POINTS: [&str; 2] = ["Kernel.invoke", "Kernel.invoke_prompt"];

/// Whether a span is an entry point of Semantic Kernel.
pub(super) fn is_kernel_entry_point(span: &Span) -> bool {
    KERNEL_ENTRY_POINTS.contains(&span.name.as_str())
}

/// Whether a span is the work of an agent: its type is AGENT, and it is no entry point of Semantic Kernel.
#[must_use]
pub fn is_agent(span: &Span) -> bool {
    span.span_type.is_agent() && !is_kernel_entry_point(span)
}

/// The name of a span without the number that MLflow put behind repeated ones up to 3.5 (`calculator_2`).
#[must_use]
pub fn stem(name: &str) -> &str {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 { name } else { name[..name.len() - digits].strip_suffix('_').unwrap_or(name) }
}

/// The name of an agent: as it is recorded, else who sent the answer (AG2), else the span's without the method called.
#[must_use]
pub fn name_of(span: &Span, response: &[Message]) -> String {
    if let Some(name) = &span.declared_name {
        return name.clone();
    }
    let bare = bare_name(&span.name);
    match response.iter().filter_map(|message| message.speaker.as_deref()).next_back() {
        Some(speaker) if METHODS.contains(&stem(bare)) || speaker == stem(bare) => speaker.to_owned(),
        _ => bare.to_owned(),
    }
}

/// The name of an agent within that of its span, which tells too what it does (`invoke_agent NAME`) or which method of it
/// was called (`NAME.run`).
#[must_use]
pub fn bare_name(name: &str) -> &str {
    let bare = name.strip_prefix("invoke_agent ").or_else(|| name.strip_prefix("agent.")).unwrap_or(name);
    match bare.rsplit_once('.') {
        Some((agent, method)) if METHODS.contains(&stem(method)) || OTHER_METHODS.contains(&method) => agent,
        _ => bare,
    }
}

/// Who asked an agent: the sender of the message (AG2).
#[must_use]
pub fn asked_by(payload: Option<&Payload>) -> Option<String> {
    payload?.inputs()?.member("sender")?.as_string()
}

/// Whether a span is the inner one of the agent whose outer one is right above it, and has no name: AutoGen's `on_messages`
/// within `run`, as methods that failed have none up to 3.1, and Haystack's `haystack.agent.run`.
#[must_use]
pub fn is_nameless_within(name: &str, span: &Span, above: &Span) -> bool {
    let is_method =
        |span: &Span, start: &str| stem(&span.name).starts_with(start) && METHODS.contains(&stem(&span.name));
    let is_of_autogen = is_method(span, "on_messages") && is_method(above, "run") && METHODS.contains(&stem(name));
    is_of_autogen || is_inner_span(span)
}
