//! The messages of a conversation so far, so that repeated ones can be collapsed.

use crate::message::{Message, Part};
use crate::reading::identity::{PartHash, part_key, result_key, words};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// How often each part of a message was sent and received so far.
#[derive(Debug, Default)]
pub(super) struct SeenMessages {
    sent: HashMap<PartHash, usize>,
    received: HashMap<PartHash, usize>,
    /// The text that was sent last.
    last_text: String,
}

impl SeenMessages {
    /// Counts a message that came out of a span.
    pub(super) fn add_sent(&mut self, message: &Message) {
        for part in &message.parts {
            *self.sent.entry(part_key(message, part)).or_default() += 1;
            if let Part::Text(text) = part {
                self.last_text.clone_from(text);
            }
        }
    }

    /// Counts the result of a tool call.
    pub(super) fn add_result(&mut self, id: &str, words: &str) -> PartHash {
        let key = result_key(Some(id), words);
        *self.sent.entry(key).or_default() += 1;
        key
    }

    /// Counts a message that went into a span.
    pub(super) fn add_received(&mut self, message: &Message) {
        for part in &message.parts {
            *self.received.entry(part_key(message, part)).or_default() += 1;
        }
    }

    /// Whether the response of a span repeats what its child spans sent and received (`within`), or, where the response
    /// names the speaker, what its own request holds (`request`).
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

    /// Whether this is what AG2 makes of the last answer: without the word that ends a chat (`_reflection_with_llm`,
    /// `_last_msg_as_summary` of its `conversable_agent.py`).
    fn is_summary(&self, part: &Part) -> bool {
        let is_last = |words: Cow<'_, str>| words.trim() == self.last_text.replace("TERMINATE", "").trim();
        self.last_text.contains("TERMINATE") && words(part).is_some_and(is_last)
    }

    /// Whether a message of a request was seen as often as the request holds it up to here, which `seen` counts.
    ///
    /// The last message of a request is the reason for it. It is a repetition only where it was sent before, or where a
    /// span around this one received it (`was_received`): that another span received the same does not count.
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

/// The keys of all parts of some messages.
pub(super) fn keys_of(messages: &[Message]) -> HashSet<PartHash> {
    messages.iter().flat_map(|message| message.parts.iter().map(|part| part_key(message, part))).collect()
}

/// Values of functions as short as this are equal by chance.
fn is_too_small(part: &Part) -> bool {
    const SHORTEST: usize = 20;
    matches!(part, Part::Data { value, .. } if value.text().len() < SHORTEST)
}
