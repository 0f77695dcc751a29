//! CrewAI: the fields of the crew, task or agent that runs.

use super::convention::{Attributes, Convention};
use crate::json::Json;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["entity_type", "tools_handler"],
    unrecorded_call_keys: &["tools_handler"],
    models: &["llm"],
    usage_object: crew_usage,
    ..Convention::NONE
};

/// Returns the total of a crew, from the outputs of `Crew.kickoff`. Spans below it have no tokens (CrewAI 1.15, MLflow
/// 3.18).
fn crew_usage(attributes: &dyn Attributes) -> Option<Json> {
    attributes.text("entity_type").filter(|entity| entity == "crew")?;
    attributes.get("mlflow.spanOutputs")?.member("token_usage")
}
