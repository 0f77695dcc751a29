//! Vercel's AI SDK: `ai.operationId`, `ai.prompt.messages`.

use super::convention::{Attributes, Convention, Side, structured};
use crate::model::{Json, SpanEvent};

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
    inputs: &["ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"],
    outputs: &["ai.response.text", "ai.toolCall.result", "ai.response.object", "ai.embedding", "ai.embeddings"],
    elsewhere: members_of_call,
    first_token: &["ai.stream.firstChunk"],
    ..Convention::NONE
};

const OPERATION: &str = "ai.operationId";

/// All attributes below the prefix of a call's request or response, as one object.
fn members_of_call(attributes: &dyn Attributes, _: &[SpanEvent], side: Side) -> Option<Json> {
    let operation = attributes.text(OPERATION)?;
    if !matches!(operation.as_str(), "ai.generateText.doGenerate" | "ai.streamText.doStream") {
        return None;
    }
    let prefix = if side == Side::Inputs { "ai.prompt." } else { "ai.response." };
    let names = attributes.keys().into_iter().filter_map(|key| Some((key, key.strip_prefix(prefix)?)));
    let members: Vec<(String, Json)> =
        names.filter_map(|(key, name)| Some((name.to_owned(), structured(attributes.get(key)?)))).collect();
    (!members.is_empty()).then(|| Json::object(&members))
}
