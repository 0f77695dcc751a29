//! OpenTelemetry's semantic conventions for generative AI: `gen_ai.*`, and up to 1.36 an event for each message.

use super::convention::{Attributes, Convention, Side, TokenKeys, says_something, structured};
use crate::model::{Json, SpanEvent};

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
    elsewhere: messages_of_events,
    agent_names: &["gen_ai.agent.name"],
    tool_names: &["gen_ai.tool.name"],
    tool_call_ids: &["gen_ai.tool.call.id"],
    sessions: &["gen_ai.conversation.id"],
    ..Convention::NONE
};

/// Events that carry a message each, and its role.
const INPUT_EVENTS: &[(&str, &str)] =
    &[("gen_ai.system.message", "system"), ("gen_ai.user.message", "user"), ("gen_ai.assistant.message", "assistant")];
const OUTPUT_EVENTS: &[(&str, &str)] = &[("gen_ai.choice", "assistant")];

/// The messages that events carry, one each, as a list of role and content, which is what MLflow's server stores of them
/// (`GenAiTranslator.get_input_value_from_events`, MLflow 3.18).
fn messages_of_events(_: &dyn Attributes, events: &[SpanEvent], side: Side) -> Option<Json> {
    let names = if side == Side::Inputs { INPUT_EVENTS } else { OUTPUT_EVENTS };
    let message = |event: &SpanEvent| {
        let (_, role) = names.iter().find(|(name, _)| *name == event.name)?;
        let attribute = |key: &str| {
            let (_, value) = event.attributes.iter().rev().find(|(name, _)| name == key)?;
            Some(structured(value.clone())).filter(says_something)
        };
        let role = attribute("role").filter(|_| *role == "assistant").unwrap_or_else(|| Json::string(role));
        let member = |key: &str| Some((key.to_owned(), attribute(key)?));
        // A choice may carry the whole message as one value.
        let whole = attribute("message").and_then(|message| message.members());
        let content: Vec<(String, Json)> = match whole {
            Some(members) => members.into_iter().filter(|(key, _)| key != "role").collect(),
            None => [member("content"), member("tool_calls")].into_iter().flatten().collect(),
        };
        let members: Vec<_> = std::iter::once(("role".to_owned(), role)).chain(content).collect();
        (members.len() > 1).then(|| Json::object(&members))
    };
    let messages: Vec<Json> = events.iter().filter_map(message).collect();
    (!messages.is_empty()).then(|| Json::of(&messages))
}
