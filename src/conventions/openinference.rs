//! OpenInference (Arize): `openinference.span.kind`, `llm.token_count.*`, `llm.input_messages.0.message.role`.

use super::convention::{Convention, Direction, TokenKeys};
use super::indexed;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["llm.", "input.value", "output.value", "embedding."],
    span_types: &[(
        "openinference.span.kind",
        &[
            ("TOOL", "TOOL"),
            ("CHAIN", "CHAIN"),
            ("LLM", "LLM"),
            ("RETRIEVER", "RETRIEVER"),
            ("EMBEDDING", "EMBEDDING"),
            ("AGENT", "AGENT"),
            ("RERANKER", "RERANKER"),
            ("UNKNOWN", "UNKNOWN"),
            ("GUARDRAIL", "GUARDRAIL"),
            ("EVALUATOR", "EVALUATOR"),
        ],
    )],
    tokens: &[TokenKeys {
        input: &["llm.token_count.prompt"],
        output: &["llm.token_count.completion"],
        total: &["llm.token_count.total"],
        cache_read: &["llm.token_count.prompt_details.cache_read"],
        cache_creation: &["llm.token_count.prompt_details.cache_write"],
        reasoning: &["llm.token_count.completion_details.reasoning"],
    }],
    models: &["llm.response.model_name", "llm.model_name", "llm.request.model_name", "embedding.model_name"],
    providers: &["llm.provider"],
    inputs: &["input.value"],
    outputs: &["output.value"],
    messages: |attributes, direction| {
        let list = if direction == Direction::Inputs { "llm.input_messages." } else { "llm.output_messages." };
        indexed::messages(attributes, list, "message.")
    },
    sessions: &["session.id"],
    users: &["user.id"],
    first_token_events: &["First Token Stream Event"],
    ..Convention::NONE
};
