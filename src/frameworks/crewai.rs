//! CrewAI: tasks, agents and their outputs as Python objects, which contain the messages of the model (`crewai` 1.x).

use super::framework::{EVERYTHING, Framework, MessageReader, RequestMessages};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework { request, response, ..Framework::NONE };

/// Reads the task of an agent, with its context.
fn request(object: &JsonFields<'_>, _: MessageReader) -> Option<RequestMessages> {
    let task = object.get("task").filter(|task| task.get("expected_output").is_some());
    let agent = object.get("agent").filter(|agent| agent.get("backstory").is_some());
    let named = |name: &str, view: JsonView<'_>| Part::Data { name: Some(name.to_owned()), value: view.json() };
    let mut parts: Vec<Part> = Vec::new();
    if let Some(task) = task {
        parts.extend(task.get_string("description").map(Part::Text));
        parts.extend(task.get("expected_output").map(|value| named("expected_output", value)));
    } else {
        let agent = agent?;
        let role = agent.get_string("role").unwrap_or_default();
        parts.push(Part::Data { name: Some("agent".to_owned()), value: Json::string(&role) });
        parts.extend(agent.get("goal").map(|value| named("goal", value)));
    }
    parts.extend(object.get("context").filter(|context| !context.is_empty()).map(|context| named("context", context)));
    let role = if task.is_some() { Role::User } else { Role::Input };
    Some((vec![Message::new(role, parts)], EVERYTHING))
}

/// Reads a `TaskOutput` or `CrewOutput`.
fn response(object: &JsonFields<'_>, _: MessageReader) -> Option<Vec<Message>> {
    let is_output = object.get("tasks_output").is_some() || object.get("output_format").is_some();
    let raw = object.get_string("raw").filter(|_| is_output)?;
    let forms = ["json_dict", "pydantic"].iter().filter_map(|key| object.get(key).filter(|value| !value.is_empty()));
    let forms = forms.map(|value| Part::Data { name: None, value: value.json() });
    let parts = std::iter::once(Part::Text(raw)).chain(forms).collect();
    Some(vec![Message::new(Role::Assistant, parts).with_speaker(object.get_string("agent"))])
}
