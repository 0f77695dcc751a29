//! What MLflow's own integrations record beside MLflow's attributes: the fields of the agent or the tool that was called.

use super::convention::{Attributes, Convention};

pub(super) const CONVENTION: Convention = Convention {
    // PydanticAI, smolagents.
    agent_names: &["name"],
    agent: agent_of_langgraph,
    // DSPy, LlamaIndex; Claude Code.
    tool_names: &["name", "tool_name"],
    // LangChain; Claude Code.
    tool_call_ids: &["tool_call_id", "tool_id"],
    ..Convention::NONE
};

/// The agent in whose graph a span is (`create_agent` of LangChain 1).
fn agent_of_langgraph(attributes: &dyn Attributes) -> Option<String> {
    attributes.get("metadata")?.member("lc_agent_name")?.as_string()
}
