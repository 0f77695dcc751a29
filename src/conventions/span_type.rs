//! What spans of other instrumentations mean in MLflow's words: the span type, which MLflow derives when it loads a span
//! (`tracing/otel/translation`, MLflow 3.18). First hit wins, in MLflow's order of translators.

use super::Attributes;

/// The span type told by foreign attributes; `None` when they tell none.
pub(crate) fn span_type(attributes: &dyn Attributes) -> Option<String> {
    let word = |key: &str, table: &[(&str, &'static str)]| {
        let value = attributes.text(key)?;
        table.iter().find(|(name, _)| *name == value).map(|(_, kind)| (*kind).to_owned())
    };
    openinference(attributes)
        .or_else(|| {
            if attributes.text("gen_ai.agent.name").as_deref() == Some("gemini-cli") {
                word("gen_ai.operation.name", GEMINI_CLI)
            } else {
                None
            }
        })
        .or_else(|| word("span.type", CLAUDE_CODE))
        .or_else(|| word("gen_ai.operation.name", GEN_AI))
        .or_else(|| word("traceloop.span.kind", TRACELOOP))
        .or_else(|| word("ai.operationId", VERCEL))
        .or_else(|| word("span.type", VOLTAGENT))
        .or_else(|| word("entity.type", VOLTAGENT))
        .or_else(|| livekit(attributes).map(str::to_owned))
        .or_else(|| word("lmnr.span.type", LAMINAR))
        .or_else(|| word("langfuse.observation.type", LANGFUSE))
        .or_else(|| word("respan.entity.log_type", RESPAN))
}

fn openinference(attributes: &dyn Attributes) -> Option<String> {
    attributes.text("openinference.span.kind").filter(|kind| OPENINFERENCE.contains(&kind.as_str()))
}

fn livekit(attributes: &dyn Attributes) -> Option<&'static str> {
    // MLflow asks this one of every span that no translator before has told.
    if attributes.text("gen_ai.request.model").is_some() {
        return Some("LLM");
    }
    if !attributes.has_prefix("lk.") {
        return None;
    }
    if attributes.text("lk.retry_count").is_some() {
        Some("LLM")
    } else if attributes.has_prefix("lk.function_tool") {
        Some("TOOL")
    } else {
        let is_agent =
            ["lk.agent_name", "lk.instructions", "lk.generation_id"].iter().any(|key| attributes.text(key).is_some());
        is_agent.then_some("AGENT")
    }
}

const OPENINFERENCE: [&str; 10] =
    ["TOOL", "CHAIN", "LLM", "RETRIEVER", "EMBEDDING", "AGENT", "RERANKER", "UNKNOWN", "GUARDRAIL", "EVALUATOR"];
const GEMINI_CLI: &[(&str, &str)] = &[("llm_call", "LLM"), ("tool_call", "TOOL"), ("agent_call", "AGENT")];
const CLAUDE_CODE: &[(&str, &str)] = &[
    ("interaction", "AGENT"),
    ("llm_request", "LLM"),
    ("tool", "TOOL"),
    ("claude_code.interaction", "AGENT"),
    ("claude_code.llm_request", "LLM"),
    ("claude_code.tool", "TOOL"),
];
const GEN_AI: &[(&str, &str)] = &[
    ("chat", "CHAT_MODEL"),
    ("create_agent", "AGENT"),
    ("invoke_agent", "AGENT"),
    ("embeddings", "EMBEDDING"),
    ("execute_tool", "TOOL"),
    ("generate_content", "LLM"),
    ("text_completion", "LLM"),
    ("response", "LLM"),
];
const TRACELOOP: &[(&str, &str)] =
    &[("workflow", "WORKFLOW"), ("task", "TASK"), ("agent", "AGENT"), ("tool", "TOOL"), ("unknown", "UNKNOWN")];
const VERCEL: &[(&str, &str)] = &[
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
];
const VOLTAGENT: &[(&str, &str)] = &[("agent", "AGENT"), ("llm", "LLM"), ("tool", "TOOL"), ("memory", "MEMORY")];
const LAMINAR: &[(&str, &str)] = &[
    ("LLM", "LLM"),
    ("TOOL", "TOOL"),
    ("DEFAULT", "CHAIN"),
    ("PIPELINE", "CHAIN"),
    ("EXECUTOR", "AGENT"),
    ("EVALUATOR", "EVALUATOR"),
    ("HUMAN_EVALUATOR", "EVALUATOR"),
    ("EVALUATION", "EVALUATOR"),
    ("CACHED", "LLM"),
];
const LANGFUSE: &[(&str, &str)] = &[
    ("generation", "LLM"),
    ("embedding", "EMBEDDING"),
    ("tool", "TOOL"),
    ("retriever", "RETRIEVER"),
    ("agent", "AGENT"),
    ("chain", "CHAIN"),
    ("evaluator", "EVALUATOR"),
    ("guardrail", "GUARDRAIL"),
    ("span", "UNKNOWN"),
];
/// Respan's kinds of spans, of which MLflow 3.18 knows nothing (`respan_sdk/constants`, respan-sdk 2.9).
const RESPAN: &[(&str, &str)] = &[
    ("chat", "CHAT_MODEL"),
    ("completion", "LLM"),
    ("response", "LLM"),
    ("generation", "LLM"),
    ("text", "LLM"),
    ("embedding", "EMBEDDING"),
    ("workflow", "WORKFLOW"),
    ("task", "TASK"),
    ("agent", "AGENT"),
    ("tool", "TOOL"),
    ("function", "TOOL"),
    ("guardrail", "GUARDRAIL"),
];
