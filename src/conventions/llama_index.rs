//! LlamaIndex: MLflow gives all methods of a model class the type of a model (3.18 `llama_index/tracer.py`).

use super::convention::{Attributes, Convention};

pub(super) const CONVENTION: Convention = Convention {
    // Only prepares a request (llama-index-core 0.14 `llms/function_calling.py`).
    non_call_suffixes: &["._prepare_chat_with_tools"],
    agent_of_run,
    ..Convention::NONE
};

/// Returns the agent of a run, from its output. Only for runs of a single agent: those of several name the last one.
fn agent_of_run(attributes: &dyn Attributes, span: &str) -> Option<String> {
    let result = span.ends_with("Agent.run").then(|| attributes.get("mlflow.spanOutputs"))??.member("result")?;
    result.member("current_agent_name")?.as_string()
}
