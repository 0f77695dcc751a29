//! What was told so far, so that nothing is told twice.

use crate::message::{Message, Part};
use crate::reading::identity::{Key, part_key, result_key, words};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What was told, and how often.
#[derive(Debug, Default)]
pub(super) struct Told {
    said: HashMap<Key, usize>,
    heard: HashMap<Key, usize>,
    /// The text that was said last.
    last: String,
}

impl Told {
    /// Somebody says it.
    pub(super) fn say(&mut self, message: &Message) {
        for part in &message.parts {
            *self.said.entry(part_key(message, part)).or_default() += 1;
            if let Part::Text(text) = part {
                self.last.clone_from(text);
            }
        }
    }

    /// A tool gives it, as the answer to a call.
    pub(super) fn give(&mut self, id: &str, words: &str) -> Key {
        let key = result_key(Some(id), words);
        *self.said.entry(key).or_default() += 1;
        key
    }

    /// Somebody hears it.
    pub(super) fn hear(&mut self, message: &Message) {
        for part in &message.parts {
            *self.heard.entry(part_key(message, part)).or_default() += 1;
        }
    }

    /// Whether all of what is said at the end of a span was told in it: `within` by those that it called; its own
    /// request (`heard`) too, where the answer repeats it with the name of who asked.
    pub(super) fn knows(&self, message: &Message, within: &HashSet<Key>, heard: &HashSet<Key>) -> bool {
        message.parts.iter().all(|part| {
            let key = part_key(message, part);
            let is_asked = message.speaker.is_some() && heard.contains(&key);
            within.contains(&key) || is_asked || self.is_summary(part)
        })
    }

    /// Whether all of a message was said by anybody.
    pub(super) fn has_said(&self, message: &Message) -> bool {
        message.parts.iter().all(|part| self.said.contains_key(&part_key(message, part)) || self.is_summary(part))
    }

    /// Whether this is what AG2 makes of the last answer: without the word that ends a chat (`_reflection_with_llm`,
    /// `_last_msg_as_summary` of its `conversable_agent.py`).
    fn is_summary(&self, part: &Part) -> bool {
        let is_last = |words: Cow<'_, str>| words.trim() == self.last.replace("TERMINATE", "").trim();
        self.last.contains("TERMINATE") && words(part).is_some_and(is_last)
    }

    /// Whether all of a message of a list was told, as often as the list has it up to here; `seen` counts that.
    ///
    /// Of the last message of a list, which is why the list was sent, it does not count that somebody else was sent the
    /// same before: only that it was said, or that one of those heard it for whom this is done (`above`).
    pub(super) fn knows_of_list(
        &self,
        message: &Message,
        is_last: bool,
        above: &[&HashSet<Key>],
        seen: &mut HashMap<Key, usize>,
    ) -> bool {
        let mut knows = true;
        for part in &message.parts {
            let key = part_key(message, part);
            let count = seen.entry(key).or_default();
            *count += 1;
            let said = self.said.get(&key).copied().unwrap_or(0);
            let heard = if is_last {
                usize::from(above.iter().any(|heard| heard.contains(&key)))
            } else {
                self.heard.get(&key).copied().unwrap_or(0)
            };
            knows &= said + heard >= *count && !is_too_small(part);
        }
        knows
    }
}

/// The keys of all that some messages hold.
pub(super) fn keys_of(messages: &[Message]) -> HashSet<Key> {
    messages.iter().flat_map(|message| message.parts.iter().map(|part| part_key(message, part))).collect()
}

/// Values of functions that are as short as this are the same by chance.
fn is_too_small(part: &Part) -> bool {
    const SHORTEST: usize = 20;
    matches!(part, Part::Data { value, .. } if value.text().len() < SHORTEST)
}
