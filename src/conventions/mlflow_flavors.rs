//! Attributes that MLflow's own integrations record besides MLflow's: the fields of the agent or tool that was called.

use super::convention::{Attributes, Convention};
use crate::json::Json;

pub(super) const CONVENTION: Convention = Convention {
    // PydanticAI, smolagents.
    agent_names: &["name"],
    agent: langgraph_agent,
    // DSPy, LlamaIndex; Claude Code.
    tool_names: &["name", "tool_name"],
    // LangChain; Claude Code.
    tool_call_ids: &["tool_call_id", "tool_id"],
    usage_object: response_usage,
    ..Convention::NONE
};

/// Returns the agent whose graph a span is in: the name passed to `create_agent` of LangChain 1; else, for a model or a
/// tool, the innermost node around it that is not one of [`AGENT_NODES`], as `concierge` in
/// `concierge:55c2…|agent:3c6a…`.
fn langgraph_agent(attributes: &dyn Attributes) -> Option<String> {
    let metadata = attributes.get("metadata")?;
    if let Some(name) = metadata.member("lc_agent_name").and_then(|name| name.as_string()) {
        return Some(name);
    }
    let nodes = metadata.member("langgraph_checkpoint_ns")?.as_string()?;
    matches!(attributes.text("mlflow.spanType").as_deref(), Some("CHAT_MODEL" | "LLM" | "TOOL")).then_some(())?;
    let mut names = nodes.rsplit('|').filter_map(|node| node.split(':').next());
    names.find(|name| !name.is_empty() && !AGENT_NODES.contains(name)).map(str::to_owned)
}

/// The nodes inside an agent: those of `create_agent`, and of `create_react_agent` of langgraph 1.2.
const AGENT_NODES: [&str; 4] = ["agent", "model", "tools", "call_agent"];

/// Returns the usage of a `Response` span of OpenAI's Agents SDK, whose attributes are the fields of the response.
fn response_usage(attributes: &dyn Attributes) -> Option<Json> {
    attributes.get("usage").filter(|_| attributes.text("object").as_deref() == Some("response"))
}
