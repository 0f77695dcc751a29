//! Gemini CLI, which uses OpenTelemetry's key for its own operation names.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    span_type: |attributes| {
        if attributes.text("gen_ai.agent.name").as_deref() != Some("gemini-cli") {
            return None;
        }
        match attributes.text("gen_ai.operation.name")?.as_str() {
            "llm_call" => Some("LLM"),
            "tool_call" => Some("TOOL"),
            "agent_call" => Some("AGENT"),
            _ => None,
        }
    },
    ..Convention::NONE
};
