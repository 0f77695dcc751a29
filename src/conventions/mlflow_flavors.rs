//! What MLflow's own integrations record beside MLflow's attributes: the fields of the agent or the tool that was called.

use super::convention::{Attributes, Convention};
use crate::model::Json;

pub(super) const CONVENTION: Convention = Convention {
    // PydanticAI, smolagents.
    agent_names: &["name"],
    agent: agent_of_langgraph,
    // DSPy, LlamaIndex; Claude Code.
    tool_names: &["name", "tool_name"],
    // LangChain; Claude Code.
    tool_call_ids: &["tool_call_id", "tool_id"],
    usage_object: usage_of_response,
    ..Convention::NONE
};

/// The agent in whose graph a span is (`create_agent` of LangChain 1).
fn agent_of_langgraph(attributes: &dyn Attributes) -> Option<String> {
    attributes.get("metadata")?.member("lc_agent_name")?.as_string()
}

/// The usage of a `Response` span of OpenAI's Agents SDK, whose attributes are the fields of the response.
fn usage_of_response(attributes: &dyn Attributes) -> Option<Json> {
    attributes.get("usage").filter(|_| attributes.text("object").as_deref() == Some("response"))
}
