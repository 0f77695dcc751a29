//! By what the same message is known again, wherever a trace repeats it.

use crate::json::canonical;
use crate::message::{Message, Part, ToolResultPart};
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Identifies a part of a message wherever it is repeated: a hash of its content.
pub type PartHash = u64;

/// The key of a part of a message. An instruction never has the key of an equal text in another role.
#[must_use]
pub fn part_key(message: &Message, part: &Part) -> PartHash {
    let mut hasher = DefaultHasher::new();
    message.role.is_instruction().hash(&mut hasher);
    match part {
        _ if words(part).is_some() => words(part).hash(&mut hasher),
        Part::ToolCall(call) => (1, &call.id, &call.name, canonical::key(&call.arguments)).hash(&mut hasher),
        Part::ToolResult(result) => return result_key(result.id.as_deref(), &ToolResultPart::words(result)),
        Part::Media(media) => (3, media).hash(&mut hasher),
        Part::Embedding { count, dimensions } => (4, count, dimensions).hash(&mut hasher),
        Part::Data { value, .. } => value.text().hash(&mut hasher),
        Part::Text(_) | Part::Refusal(_) | Part::Reasoning(_) => {}
    }
    hasher.finish()
}

/// The key of the result of a tool call.
#[must_use]
pub fn result_key(id: Option<&str>, words: &str) -> PartHash {
    let mut hasher = DefaultHasher::new();
    (2, id, words).hash(&mut hasher);
    hasher.finish()
}

/// The words of a piece that is made of them.
#[must_use]
pub fn words(part: &Part) -> Option<Cow<'_, str>> {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Reasoning(text) => Some(Cow::Borrowed(text)),
        Part::Data { value, .. } => value.as_string().map(Cow::Owned),
        _ => None,
    }
}
