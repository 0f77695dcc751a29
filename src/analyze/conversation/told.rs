//! What was told so far, so that nothing is told twice.

use crate::message::{Message, Part};
use std::collections::HashMap;

/// What was told, and how often.
#[derive(Debug, Default)]
pub(super) struct Told {
    counts: HashMap<String, usize>,
    /// What was told last.
    last: String,
}

impl Told {
    pub(super) fn add(&mut self, message: &Message) {
        for part in &message.parts {
            let key = key(part);
            self.last.clone_from(&key);
            self.add_key(key);
        }
    }

    /// Has something count as told that is known by this key.
    pub(super) fn add_key(&mut self, key: String) {
        *self.counts.entry(key).or_default() += 1;
    }

    /// Whether all of a message was told.
    pub(super) fn knows(&self, message: &Message) -> bool {
        message.parts.iter().all(|part| {
            let key = key(part);
            // A summary is often the last answer without its closing word.
            self.counts.contains_key(&key) || (key.len() > 8 && self.last.contains(key.trim()))
        })
    }

    /// What of a message was not told as often as its list has it up to here; `seen` counts that.
    pub(super) fn new_parts(&self, message: &Message, seen: &mut HashMap<String, usize>) -> Vec<Part> {
        let is_new = |part: &&Part| {
            let key = key(part);
            if is_too_small(part, &key) {
                return true;
            }
            let count = seen.entry(key.clone()).or_default();
            *count += 1;
            self.counts.get(&key).is_none_or(|told| told < count)
        };
        message.parts.iter().filter(is_new).cloned().collect()
    }
}

/// Values of functions that are as short as this are the same by chance.
fn is_too_small(part: &Part, key: &str) -> bool {
    const SHORTEST: usize = 20;
    matches!(part, Part::Data { .. }) && key.len() < SHORTEST
}

/// By what the same piece is known in another message.
pub(super) fn key(part: &Part) -> String {
    match part {
        Part::Text(text) | Part::Refusal(text) | Part::Reasoning(text) => text.clone(),
        Part::ToolCall(call) => match &call.id {
            Some(id) => format!("\u{1}{id}"),
            None => format!("\u{1}{}{}", call.name, call.arguments.text()),
        },
        Part::ToolResult(result) => match &result.id {
            Some(id) => result_key(id),
            None => format!("\u{2}{}", result.content.iter().map(key).collect::<String>()),
        },
        Part::Media(media) => format!("\u{3}{}{:?}", media.kind, media.bytes),
        Part::Embedding { count, dimensions } => format!("\u{4}{count}{dimensions:?}"),
        Part::Data { value, .. } => value.as_string().unwrap_or_else(|| value.text().to_owned()),
    }
}

/// By what the answer to a call is known.
pub(super) fn result_key(id: &str) -> String {
    format!("\u{2}{id}")
}
