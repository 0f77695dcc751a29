//! CrewAI: the fields of the crew, the task or the agent that runs.

use super::convention::{Attributes, Convention};
use crate::model::Json;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["entity_type", "tools_handler"],
    unseen_calls: &["tools_handler"],
    models: &["llm"],
    usage_object: usage_of_crew,
    ..Convention::NONE
};

/// The total of a crew, in the outputs of `Crew.kickoff`. No span below has tokens (CrewAI 1.15, MLflow 3.18).
fn usage_of_crew(attributes: &dyn Attributes) -> Option<Json> {
    attributes.text("entity_type").filter(|entity| entity == "crew")?;
    attributes.get("mlflow.spanOutputs")?.member("token_usage")
}
