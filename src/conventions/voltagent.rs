//! VoltAgent.

use super::convention::{Convention, TokenKeys};

/// Children inherit `entity.type` from the agent above them, so `span.type` takes precedence.
const KINDS: &[(&str, &str)] = &[("agent", "AGENT"), ("llm", "LLM"), ("tool", "TOOL"), ("memory", "MEMORY")];

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["voltagent.", "agent.messages", "usage.", "span.type", "llm."],
    span_types: &[("span.type", KINDS), ("entity.type", KINDS)],
    tokens: &[TokenKeys {
        input: &["usage.prompt_tokens", "llm.usage.prompt_tokens"],
        output: &["usage.completion_tokens", "llm.usage.completion_tokens"],
        total: &["usage.total_tokens", "llm.usage.total_tokens"],
        ..TokenKeys::NONE
    }],
    inputs: &["agent.messages", "llm.messages"],
    ..Convention::NONE
};
