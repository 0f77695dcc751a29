//! Haystack: its own spans below MLflow's, with the inputs and outputs of each step of an agent.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["haystack."],
    span_type: |attributes| {
        let has = |key: &str| attributes.has_prefix(key);
        match () {
            () if has("haystack.agent.step.llm.") => Some("LLM"),
            () if has("haystack.agent.step.tool.") => Some("TOOL"),
            () if has("haystack.agent.input") => Some("AGENT"),
            () => None,
        }
    },
    inputs: &["haystack.agent.step.llm.input", "haystack.agent.step.tool.input", "haystack.agent.input"],
    outputs: &["haystack.agent.step.llm.output", "haystack.agent.step.tool.output", "haystack.agent.output"],
    // MLflow gives prompt builders the type of models.
    non_call_suffixes: &["PromptBuilder"],
    agent_names: &["haystack.component.name"],
    tool_names: &["haystack.tool.name"],
    ..Convention::NONE
};
