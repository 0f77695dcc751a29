//! LiveKit Agents.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["lk."],
    span_type: |attributes| {
        // MLflow checks this for every span that no earlier convention has classified.
        if attributes.text("gen_ai.request.model").is_some() {
            return Some("LLM");
        }
        if !attributes.has_prefix("lk.") {
            return None;
        }
        if attributes.text("lk.retry_count").is_some() {
            return Some("LLM");
        }
        if attributes.has_prefix("lk.function_tool") {
            return Some("TOOL");
        }
        let is_agent =
            ["lk.agent_name", "lk.instructions", "lk.generation_id"].iter().any(|key| attributes.text(key).is_some());
        is_agent.then_some("AGENT")
    },
    inputs: &["lk.user_input", "lk.chat_ctx"],
    outputs: &["lk.response.text"],
    ..Convention::NONE
};
