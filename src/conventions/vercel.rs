//! Vercel's AI SDK: `ai.operationId`, `ai.prompt.messages`.

use super::convention::{Attributes, Convention, Direction, TokenKeys, structured};
use crate::json::Json;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["ai."],
    span_types: &[(
        OPERATION,
        &[
            ("ai.generateText", "LLM"),
            ("ai.generateText.doGenerate", "LLM"),
            ("ai.streamText", "LLM"),
            ("ai.streamText.doStream", "LLM"),
            ("ai.generateObject", "LLM"),
            ("ai.generateObject.doGenerate", "LLM"),
            ("ai.streamObject", "LLM"),
            ("ai.streamObject.doStream", "LLM"),
            ("ai.toolCall", "TOOL"),
            ("ai.embed", "EMBEDDING"),
            ("ai.embed.doEmbed", "EMBEDDING"),
            ("ai.embedMany", "EMBEDDING"),
            ("ai.embedMany.doEmbed", "EMBEDDING"),
        ],
    )],
    tokens: &[TokenKeys {
        input: &["ai.usage.inputTokens", "ai.usage.promptTokens"],
        output: &["ai.usage.outputTokens", "ai.usage.completionTokens"],
        total: &["ai.usage.totalTokens"],
        cache_read: &["ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"],
        cache_creation: &["ai.usage.inputTokenDetails.cacheWriteTokens"],
        reasoning: &["ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"],
    }],
    response_ids: &["ai.response.id"],
    models: &["ai.response.model", "ai.model.id"],
    inputs: &["ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"],
    outputs: &["ai.response.text", "ai.toolCall.result", "ai.response.object", "ai.embedding", "ai.embeddings"],
    messages: call_members,
    agent: |attributes| attributes.text("ai.telemetry.functionId"),
    tool_names: &["ai.toolCall.name"],
    tool_call_ids: &["ai.toolCall.id"],
    sessions: &["ai.telemetry.metadata.sessionId"],
    users: &["ai.telemetry.metadata.userId"],
    first_token_events: &["ai.stream.firstChunk"],
    ..Convention::NONE
};

const OPERATION: &str = "ai.operationId";

/// Returns all attributes below the prefix of a call's request or response, as one object.
fn call_members(attributes: &dyn Attributes, direction: Direction) -> Option<Json> {
    let operation = attributes.text(OPERATION)?;
    if !matches!(operation.as_str(), "ai.generateText.doGenerate" | "ai.streamText.doStream") {
        return None;
    }
    let prefix = if direction == Direction::Inputs { "ai.prompt." } else { "ai.response." };
    let names = attributes.keys().into_iter().filter_map(|key| Some((key, key.strip_prefix(prefix)?)));
    let members: Vec<(String, Json)> =
        names.filter_map(|(key, name)| Some((name.to_owned(), structured(attributes.get(key)?)))).collect();
    (!members.is_empty()).then(|| Json::object(&members))
}
