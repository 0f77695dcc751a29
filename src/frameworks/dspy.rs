//! DSPy: answers as named fields in one text, and the program that asks for them.

use super::framework::Framework;
use crate::message::{Message, Part, Role};
use crate::model::Json;

pub(super) const FRAMEWORK: Framework = Framework {
    ignored: &["signature", "demos"],
    text: fields,
    // The inputs of an adapter (`dspy/adapters/base.py`, `format`).
    opened: |object| object.get("inputs").filter(|inputs| inputs.is_object() && object.get("signature").is_some()),
    ..Framework::NONE
};

/// The fields of an answer, as the chat adapter asks for them: `[[ ## answer ## ]]` and the value below it
/// (`dspy/adapters/chat_adapter.py`, 3.4).
fn fields(text: &str) -> Option<Message> {
    let sections = text.trim_start().strip_prefix("[[ ## ")?.split("[[ ## ");
    let part = |section: &str| {
        let (name, value) = section.split_once(" ## ]]")?;
        let (name, value) = (name.to_owned(), Json::string(value.trim()));
        Some((name != "completed").then_some(Part::Data { name: Some(name), value }))
    };
    let parts: Option<Vec<Option<Part>>> = sections.map(part).collect();
    Some(Message::new(Role::Output, parts?.into_iter().flatten().collect()))
}
