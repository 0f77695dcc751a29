//! Hashes that identify the same message wherever a trace repeats it.

use crate::json::canonical;
use crate::message::{Message, Part, ToolResultPart};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A hash of the content of a message part, the same wherever the part is repeated.
pub type PartHash = u64;

/// Returns the hash of a part of a message. An instruction never has the hash of an equal text in another role.
#[must_use]
pub fn part_key(message: &Message, part: &Part) -> PartHash {
    let mut hasher = DefaultHasher::new();
    message.role.is_instruction().hash(&mut hasher);
    match part {
        _ if part_text(part).is_some() => part_text(part).hash(&mut hasher),
        Part::ToolCall(call) => (1, &call.id, &call.name, canonical::hash(&call.arguments)).hash(&mut hasher),
        Part::ToolResult(result) => return result_key(result.id.as_deref(), &ToolResultPart::text(result)),
        Part::Media(media) => (3, media).hash(&mut hasher),
        Part::Embedding { count, dimensions } => (4, count, dimensions).hash(&mut hasher),
        Part::Data { value, .. } => value.text().hash(&mut hasher),
        Part::Text(_) | Part::Refusal(_) | Part::Reasoning(_) => {}
    }
    hasher.finish()
}

/// Returns the hash of a tool result.
#[must_use]
pub fn result_key(id: Option<&str>, text: &str) -> PartHash {
    let mut hasher = DefaultHasher::new();
    (2, id, text).hash(&mut hasher);
    hasher.finish()
}

/// Returns the text of a part, if it is text, a refusal, reasoning, or a JSON string.
#[must_use]
pub fn part_text(part: &Part) -> Option<Cow<'_, str>> {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Reasoning(text) => Some(Cow::Borrowed(text)),
        Part::Data { value, .. } => value.as_string().map(Cow::Owned),
        _ => None,
    }
}
