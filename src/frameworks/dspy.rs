//! DSPy: responses as named fields in one text, and the inputs of its programs.

use super::framework::Framework;
use crate::json::Json;
use crate::json::JsonFields;
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    ignored_keys: &["signature", "demos"],
    text: answer_fields,
    response: |object, _| agent_response(object),
    // The inputs of an adapter (`dspy/adapters/base.py`, `format`).
    open_envelope: |object| {
        object.get("inputs").filter(|inputs| inputs.is_object() && object.get("signature").is_some())
    },
    ..Framework::NONE
};

/// Reads the fields of a response in the format of the chat adapter: `[[ ## answer ## ]]` with the value below it
/// (`dspy/adapters/chat_adapter.py`, 3.4).
fn answer_fields(text: &str) -> Option<Message> {
    let sections = text.trim_start().strip_prefix("[[ ## ")?.split("[[ ## ");
    let part = |section: &str| {
        let (name, value) = section.split_once(" ## ]]")?;
        let value = value.trim();
        let is_json = value.starts_with(['{', '[']);
        let value = if is_json { Json::from_strict(value) } else { None }.unwrap_or_else(|| Json::string(value));
        Some((name != "completed").then(|| Part::Data { name: Some(name.to_owned()), value }))
    };
    let parts: Option<Vec<Option<Part>>> = sections.map(part).collect();
    Some(Message::new(Role::Output, parts?.into_iter().flatten().collect()))
}

/// Reads the response of an agent, after its steps (`dspy/predict/react.py`): each a thought, a tool and an
/// observation.
fn agent_response(object: &JsonFields<'_>) -> Option<Vec<Message>> {
    let steps = object.get("trajectory").filter(|steps| steps.get("thought_0").is_some())?;
    let others = object.members.iter().filter(|(key, _)| key != "trajectory");
    let members = steps.members().into_iter().chain(others.cloned());
    let parts = members.map(|(key, value)| Part::Data { name: Some(key.into_owned()), value: value.json() });
    Some(vec![Message::new(Role::Output, parts.collect())])
}
