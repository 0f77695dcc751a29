//! Who says what a model says. A call of a model tells no name; but whoever hears the answer later may name its source.

use super::told::{Key, key};
use crate::message::{self, Message, Part, Role};
use crate::model::Span;
use std::collections::HashMap;

/// Who is named elsewhere in a trace as having said something.
#[derive(Debug, Default)]
pub(super) struct Witnesses {
    /// For what was said, those who said it one after another, as the list of messages tells that has most of them.
    sources: HashMap<Key, Vec<String>>,
    /// How many calls were answered with it so far.
    answered: HashMap<Key, usize>,
    /// Whom the instructions are for.
    instructed: HashMap<Vec<Key>, String>,
}

impl Witnesses {
    pub(super) fn of(spans: &[Span]) -> Self {
        let mut sources: HashMap<Key, Vec<String>> = HashMap::new();
        for payload in spans.iter().filter_map(|span| span.payload.as_ref()) {
            let heard = payload.inputs().map(message::request);
            let said = payload.outputs().map(message::response);
            for list in [heard, said].into_iter().flatten() {
                let mut named: HashMap<Key, Vec<String>> = HashMap::new();
                for message in &list {
                    let Some(speaker) = &message.speaker else { continue };
                    for part in message.parts.iter().filter(|part| !matches!(part, Part::ToolResult(_))) {
                        named.entry(key(message, part)).or_default().push(speaker.clone());
                    }
                }
                for (key, speakers) in named {
                    let known = sources.entry(key).or_default();
                    if speakers.len() > known.len() {
                        *known = speakers;
                    }
                }
            }
        }
        Self { sources, answered: HashMap::new(), instructed: HashMap::new() }
    }

    /// Who answers a call with what it was sent: the one named for the answer, or for earlier answers to the same
    /// instructions, or the one in whose name the model spoke before.
    pub(super) fn speaker(&mut self, request: &[Message], said: &[Message]) -> Option<String> {
        let instructions = request.iter().filter(|message| message.role.is_instruction());
        let instructions: Vec<Key> =
            instructions.flat_map(|message| message.parts.iter().map(|part| key(message, part))).collect();
        let named = said.iter().find_map(|message| message.speaker.clone().or_else(|| self.source(message)));
        let answers = request.iter().rev().filter(|message| message.role == Role::Assistant);
        let before = || answers.map(|message| message.speaker.clone()).next().flatten();
        let speaker = named.or_else(before).or_else(|| self.instructed.get(&instructions).cloned())?;
        if !instructions.is_empty() {
            self.instructed.insert(instructions, speaker.clone());
        }
        Some(speaker)
    }

    /// The source of an answer. Where the same was said several times, the answers are those of the sources in their order.
    fn source(&mut self, message: &Message) -> Option<String> {
        let keys = message.parts.iter().map(|part| key(message, part));
        let key = keys.into_iter().find(|key| self.sources.contains_key(key))?;
        let answered = self.answered.entry(key).or_default();
        *answered += 1;
        self.sources.get(&key)?.get(*answered - 1).cloned()
    }

    /// Who opens a conversation, where only others name him.
    pub(super) fn opener(&self, message: &Message) -> Option<String> {
        message.parts.iter().find_map(|part| self.sources.get(&key(message, part))?.first().cloned())
    }
}
