//! What spans of other instrumentations hold, in MLflow's words: tokens, model, provider, inputs and outputs, for spans that
//! lack MLflow's own attributes (`tracing/otel/translation`, MLflow 3.18). MLflow translates them since 3.6 as its server
//! stores them, and only there; here they are translated as they are read, so that older stores and files tell the same.
//!
//! The first hit wins for each field, in MLflow's order of conventions: OpenInference, OpenTelemetry's `gen_ai`, Spring AI,
//! Traceloop, Google ADK, Vercel AI, VoltAgent, Laminar, Langfuse.

mod messages;
mod span_type;

use crate::json::lenient;
use crate::model::{Json, Payload, SpanEvent, TokenUsage};
pub(crate) use span_type::span_type;

/// Looks attributes up, however they are stored.
pub(crate) trait Attributes {
    /// One attribute, decoded.
    fn get(&self, key: &str) -> Option<Json>;
    /// All keys, in the order written.
    fn keys(&self) -> Vec<&str>;
    /// Whether there is any key with this beginning.
    fn has_prefix(&self, prefix: &str) -> bool;

    /// One attribute as text; `None` for `null` and an empty string too.
    fn text(&self, key: &str) -> Option<String> {
        self.get(key).filter(|json| !json.is_null()).map(|json| json.display()).filter(|text| !text.is_empty())
    }
}

/// How keys of these conventions begin.
const PREFIXES: [&str; 17] = [
    "gen_ai.",
    "llm.",
    "input.value",
    "output.value",
    "embedding.",
    "traceloop.",
    "gcp.vertex.agent.",
    "ai.",
    "agent.messages",
    "usage.",
    "voltagent.",
    "lk.",
    "lmnr.",
    "langfuse.",
    "span.type",
    "respan.",
    "recipient_agent_type",
];

/// Whether a key belongs to one of the conventions: spans that have none of them need no second look.
pub(crate) fn is_foreign(key: &str) -> bool {
    !key.starts_with("mlflow.") && PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// The keys of one convention's token counts.
struct Counts {
    input: &'static [&'static str],
    output: &'static [&'static str],
    total: &'static [&'static str],
    cache_read: &'static str,
    cache_creation: &'static [&'static str],
}

const COUNTS: [Counts; 4] = [
    Counts {
        input: &["llm.token_count.prompt"],
        output: &["llm.token_count.completion"],
        total: &["llm.token_count.total"],
        cache_read: "llm.token_count.prompt_details.cache_read",
        cache_creation: &["llm.token_count.prompt_details.cache_write"],
    },
    Counts {
        input: &["gen_ai.usage.input_tokens"],
        output: &["gen_ai.usage.output_tokens"],
        total: &[],
        cache_read: "gen_ai.usage.cache_read.input_tokens",
        cache_creation: &["gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"],
    },
    Counts {
        input: &["gen_ai.usage.prompt_tokens"],
        output: &["gen_ai.usage.completion_tokens"],
        total: &["llm.usage.total_tokens"],
        cache_read: "",
        cache_creation: &[],
    },
    Counts {
        input: &["usage.prompt_tokens", "llm.usage.prompt_tokens"],
        output: &["usage.completion_tokens", "llm.usage.completion_tokens"],
        total: &["usage.total_tokens", "llm.usage.total_tokens"],
        cache_read: "",
        cache_creation: &[],
    },
];

const MODELS: [&str; 6] = [
    "llm.response.model_name",
    "llm.model_name",
    "llm.request.model_name",
    "embedding.model_name",
    "gen_ai.response.model",
    "gen_ai.request.model",
];

const PROVIDERS: [&str; 3] = ["llm.provider", "gen_ai.provider.name", "gen_ai.system"];

const INPUTS: [&str; 18] = [
    "input.value",
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "gen_ai.prompt",
    "traceloop.entity.input",
    "gcp.vertex.agent.llm_request",
    "gcp.vertex.agent.tool_call_args",
    "ai.prompt",
    "ai.toolCall.args",
    "ai.value",
    "ai.values",
    "agent.messages",
    "llm.messages",
    "lk.user_input",
    "lk.chat_ctx",
    "lmnr.span.input",
    "langfuse.observation.input",
    // AutoGen's runtime (`autogen_core`, `_telemetry`), with whom it is for beside it.
    "message",
];

const OUTPUTS: [&str; 15] = [
    "output.value",
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "gen_ai.completion",
    "traceloop.entity.output",
    "gcp.vertex.agent.llm_response",
    "gcp.vertex.agent.tool_response",
    "ai.response.text",
    "ai.toolCall.result",
    "ai.response.object",
    "ai.embedding",
    "ai.embeddings",
    "lk.response.text",
    "lmnr.span.output",
    "langfuse.observation.output",
];

/// Tokens; each is counted once, whatever names it has.
pub(crate) fn usage(attributes: &dyn Attributes) -> Option<TokenUsage> {
    let count = |keys: &[&str]| keys.iter().find_map(|key| attributes.get(key)?.as_i64());
    COUNTS.iter().find_map(|keys| {
        let (input, output) = (count(keys.input), count(keys.output));
        let sum = || Some(input?.saturating_add(output?));
        let total = count(keys.total).or_else(sum);
        input.or(output).or(total)?;
        let cached = [count(&[keys.cache_read]), count(keys.cache_creation), None];
        Some(TokenUsage { input_tokens: input, output_tokens: output, total_tokens: total, cached, other: Vec::new() })
    })
}

/// The model called.
pub(crate) fn model(attributes: &dyn Attributes) -> Option<String> {
    MODELS.iter().find_map(|key| attributes.get(key).filter(says_something)?.as_string())
}

/// Who runs the model.
pub(crate) fn provider(attributes: &dyn Attributes) -> Option<String> {
    PROVIDERS.iter().find_map(|key| attributes.get(key).filter(says_something)?.as_string())
}

/// What went in.
pub(crate) fn inputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    let indexed = [("gen_ai.prompt.", ""), ("llm.input_messages.", "message.")];
    value(attributes, "ai.prompt.", &INPUTS, indexed).or_else(|| messages::from_events(events, INPUT_EVENTS))
}

/// What came out.
pub(crate) fn outputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    let indexed = [("gen_ai.completion.", ""), ("llm.output_messages.", "message.")];
    value(attributes, "ai.response.", &OUTPUTS, indexed).or_else(|| messages::from_events(events, OUTPUT_EVENTS))
}

/// Events that carry a message each, and whose it is (semantic conventions of OpenTelemetry up to 1.36).
const INPUT_EVENTS: &[(&str, &str)] =
    &[("gen_ai.system.message", "system"), ("gen_ai.user.message", "user"), ("gen_ai.assistant.message", "assistant")];
const OUTPUT_EVENTS: &[(&str, &str)] = &[("gen_ai.choice", "assistant")];

/// The first value that says something. A text alone gives way to messages, of which it is a part.
fn value(attributes: &dyn Attributes, vercel: &str, keys: &[&str], indexed: [(&str, &str); 2]) -> Option<Json> {
    let messages = || indexed.into_iter().find_map(|(list, item)| messages::from_indexed(attributes, list, item));
    let is_vercel_call = || {
        let operation = attributes.get("ai.operationId").map(|json| json.display());
        matches!(operation.as_deref(), Some("ai.generateText.doGenerate" | "ai.streamText.doStream"))
    };
    let first = keys.iter().find_map(|key| attributes.get(key).map(structured).filter(says_something));
    match first {
        Some(whole) if is_container(&whole) => Some(whole),
        Some(text) => messages().or(Some(text)),
        None if is_vercel_call() => members_below(attributes, vercel),
        None => messages(),
    }
}

/// All attributes below a prefix as one object.
fn members_below(attributes: &dyn Attributes, prefix: &str) -> Option<Json> {
    let names = attributes.keys().into_iter().filter_map(|key| Some((key, key.strip_prefix(prefix)?)));
    let members: Vec<(String, Json)> =
        names.filter_map(|(key, name)| Some((name.to_owned(), structured(attributes.get(key)?)))).collect();
    (!members.is_empty()).then(|| Json::object(&members))
}

/// JSON that stands in a string, as these conventions carry it.
pub(crate) fn structured(value: Json) -> Json {
    let inner = value.as_string().and_then(|text| lenient::json(&text)).filter(is_container);
    inner.unwrap_or(value)
}

pub(crate) fn is_container(value: &Json) -> bool {
    value.text().starts_with(['{', '['])
}

/// Python's notion of truth, by which MLflow passes over values (`OtelSchemaTranslator._get_and_check_attribute_value`).
pub(crate) fn says_something(value: &Json) -> bool {
    !matches!(value.text(), "null" | "\"\"" | "{}" | "[]" | "0" | "false")
}

/// What spans say of the trace that they belong to: its session (`SpanAttributeKey.SESSION_ID`, and Respan's names).
#[must_use]
pub fn session_of(payload: &Payload) -> Option<String> {
    let keys = [
        "session.id",
        "gen_ai.conversation.id",
        "respan.sessions.session_identifier",
        "respan.threads.thread_identifier",
    ];
    keys.iter().find_map(|key| text_of(payload, key))
}

/// The user of the trace; Respan calls it a customer.
#[must_use]
pub fn user_of(payload: &Payload) -> Option<String> {
    ["user.id", "respan.customer_params.customer_identifier"].iter().find_map(|key| text_of(payload, key))
}

fn text_of(payload: &Payload, key: &str) -> Option<String> {
    payload.attribute(key).filter(|value| says_something(value)).map(Json::display)
}

#[cfg(test)]
mod tests;
