//! The messages of a conversation so far, so that repeated ones can be collapsed.

use crate::message::{Message, Part};
use crate::reading::identity::{PartHash, part_key, part_text, result_key};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Number of times that each message part was sent and received so far.
#[derive(Debug, Default)]
pub(super) struct SeenMessages {
    sent: HashMap<PartHash, usize>,
    received: HashMap<PartHash, usize>,
    /// The last text sent.
    last_text: String,
}

impl SeenMessages {
    /// Counts an output message of a span.
    pub(super) fn add_sent(&mut self, message: &Message) {
        for part in &message.parts {
            *self.sent.entry(part_key(message, part)).or_default() += 1;
            if let Part::Text(text) = part {
                self.last_text.clone_from(text);
            }
        }
    }

    /// Counts the result of a tool call, and returns its key.
    pub(super) fn add_result(&mut self, id: &str, text: &str) -> PartHash {
        let key = result_key(Some(id), text);
        *self.sent.entry(key).or_default() += 1;
        key
    }

    /// Counts an input message of a span.
    pub(super) fn add_received(&mut self, message: &Message) {
        for part in &message.parts {
            *self.received.entry(part_key(message, part)).or_default() += 1;
        }
    }

    /// Whether an output message repeats what nested spans sent and received (`within`) or, if it names the speaker,
    /// what the span's own request contains (`request`).
    pub(super) fn is_repeated(
        &self,
        message: &Message,
        within: &HashSet<PartHash>,
        request: &HashSet<PartHash>,
    ) -> bool {
        message.parts.iter().all(|part| {
            let key = part_key(message, part);
            let is_request = message.speaker.is_some() && request.contains(&key);
            within.contains(&key) || is_request || self.is_summary(part)
        })
    }

    /// Whether every part of a message was sent by any span.
    pub(super) fn was_sent(&self, message: &Message) -> bool {
        message.parts.iter().all(|part| self.sent.contains_key(&part_key(message, part)) || self.is_summary(part))
    }

    /// Whether this is AG2's chat summary: the last answer without the word that ends a chat (`conversable_agent.py`,
    /// `_reflection_with_llm` and `_last_msg_as_summary`).
    fn is_summary(&self, part: &Part) -> bool {
        let is_last = |text: Cow<'_, str>| text.trim() == self.last_text.replace("TERMINATE", "").trim();
        self.last_text.contains("TERMINATE") && part_text(part).is_some_and(is_last)
    }

    /// Whether a message was already seen as often as the request contains it up to here, which `seen` counts.
    ///
    /// The last message is what the request is about. It is a repetition only if it was sent before, or if an enclosing
    /// span received it (`was_received`); other spans that received the same do not count.
    pub(super) fn is_repeated_in_request(
        &self,
        message: &Message,
        is_last: bool,
        was_received: &dyn Fn(PartHash) -> bool,
        seen: &mut HashMap<PartHash, usize>,
    ) -> bool {
        let mut is_repeated = true;
        for part in &message.parts {
            let key = part_key(message, part);
            let count = seen.entry(key).or_default();
            *count += 1;
            let sent = self.sent.get(&key).copied().unwrap_or(0);
            let received =
                if is_last { usize::from(was_received(key)) } else { self.received.get(&key).copied().unwrap_or(0) };
            is_repeated &= sent + received >= *count && !is_too_small(part);
        }
        is_repeated
    }
}

/// Returns the keys of all parts of some messages.
pub(super) fn part_keys(messages: &[Message]) -> HashSet<PartHash> {
    messages.iter().flat_map(|message| message.parts.iter().map(|part| part_key(message, part))).collect()
}

/// Whether a value is so short that it may be equal by chance.
fn is_too_small(part: &Part) -> bool {
    const MIN_LEN: usize = 20;
    matches!(part, Part::Data { value, .. } if value.text().len() < MIN_LEN)
}
