//! OpenTelemetry's semantic conventions for generative AI: `gen_ai.*`.

use super::convention::{Convention, TokenKeys};
use super::gen_ai_events;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["gen_ai."],
    span_types: &[(
        "gen_ai.operation.name",
        &[
            ("chat", "CHAT_MODEL"),
            ("create_agent", "AGENT"),
            ("invoke_agent", "AGENT"),
            ("embeddings", "EMBEDDING"),
            ("execute_tool", "TOOL"),
            ("generate_content", "LLM"),
            ("text_completion", "LLM"),
            ("response", "LLM"),
        ],
    )],
    tokens: &[TokenKeys {
        input: &["gen_ai.usage.input_tokens"],
        output: &["gen_ai.usage.output_tokens"],
        cache_read: &["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"],
        cache_creation: &["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"],
        reasoning: &[
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.details.reasoning_tokens",
            "gen_ai.usage.thinking_tokens",
        ],
        ..TokenKeys::NONE
    }],
    response_ids: &["gen_ai.response.id"],
    models: &["gen_ai.response.model", "gen_ai.request.model"],
    providers: &["gen_ai.provider.name", "gen_ai.system"],
    inputs: &["gen_ai.input.messages", "gen_ai.tool.call.arguments"],
    outputs: &["gen_ai.output.messages", "gen_ai.tool.call.result"],
    fallback: gen_ai_events::value,
    agent_names: &["gen_ai.agent.name"],
    tool_names: &["gen_ai.tool.name"],
    tool_call_ids: &["gen_ai.tool.call.id"],
    sessions: &["gen_ai.conversation.id"],
    ..Convention::NONE
};
