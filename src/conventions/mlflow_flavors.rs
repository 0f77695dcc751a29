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

/// The agent in whose graph a span is: the name that `create_agent` of LangChain 1 was given; else of a model or a tool the
/// innermost node around it with a name of its own, as `concierge` in `concierge:55c2…|agent:3c6a…`.
fn agent_of_langgraph(attributes: &dyn Attributes) -> Option<String> {
    let metadata = attributes.get("metadata")?;
    if let Some(name) = metadata.member("lc_agent_name").and_then(|name| name.as_string()) {
        return Some(name);
    }
    let nodes = metadata.member("langgraph_checkpoint_ns")?.as_string()?;
    matches!(attributes.text("mlflow.spanType").as_deref(), Some("CHAT_MODEL" | "LLM" | "TOOL")).then_some(())?;
    let mut names = nodes.rsplit('|').filter_map(|node| node.split(':').next());
    names.find(|name| !name.is_empty() && !NODES_OF_AGENTS.contains(name)).map(str::to_owned)
}

/// The nodes that agents have within: those of `create_agent`, and of `create_react_agent` of langgraph 1.2.
const NODES_OF_AGENTS: [&str; 4] = ["agent", "model", "tools", "call_agent"];

/// The usage of a `Response` span of OpenAI's Agents SDK, whose attributes are the fields of the response.
fn usage_of_response(attributes: &dyn Attributes) -> Option<Json> {
    attributes.get("usage").filter(|_| attributes.text("object").as_deref() == Some("response"))
}
