//! LlamaIndex: MLflow gives the methods of a model its type, by the class (3.18 `llama_index/tracer.py`).

use super::convention::{Attributes, Convention};

pub(super) const CONVENTION: Convention = Convention {
    // Puts a request together (llama-index-core 0.14 `llms/function_calling.py`).
    no_calls: &["._prepare_chat_with_tools"],
    agent_of_run,
    ..Convention::NONE
};

/// The agent whose run ended with this output: of one agent alone, since that of several is named after the last.
fn agent_of_run(attributes: &dyn Attributes, span: &str) -> Option<String> {
    let result = span.ends_with("Agent.run").then(|| attributes.get("mlflow.spanOutputs"))??.member("result")?;
    result.member("current_agent_name")?.as_string()
}
