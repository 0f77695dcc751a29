//! The agent that answers in an LLM call. The call itself does not name it, but a later message with the answer may.

use super::identity::{PartHash, part_key};
use super::messages;
use crate::message::{Message, Part, Role};
use crate::model::Span;
use std::collections::{HashMap, HashSet};

/// How it is known which agent a call, a tool call or a failure belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentSource {
    /// It lies within the agent's span.
    Span,
    /// An attribute of the span names it (LangGraph).
    Attribute,
    /// A message names who answered.
    Message,
    /// The same instructions were answered by one agent only, whom a message names.
    Instructions,
}

impl AgentSource {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Attribute => "attribute",
            Self::Message => "message",
            Self::Instructions => "instructions",
        }
    }
}

/// How AutoGen calls whoever gives the task, who is no agent.
const HUMAN: &str = "user";

/// The speakers that the messages of a trace name.
#[derive(Debug, Default)]
pub struct Speakers {
    /// The speakers of each part, in order, from the list of messages that has most of them.
    sources: HashMap<PartHash, Vec<String>>,
    /// How many calls were answered with it so far.
    answered: HashMap<PartHash, usize>,
}

impl Speakers {
    /// Looks through the messages of some spans, which need their payload.
    #[must_use]
    pub fn of(spans: &[Span]) -> Self {
        let mut sources: HashMap<PartHash, Vec<String>> = HashMap::new();
        for span in spans {
            for list in [messages::request_messages(span), messages::response_messages(span)].into_iter().flatten() {
                let mut named: HashMap<PartHash, Vec<String>> = HashMap::new();
                for message in &list {
                    let Some(speaker) = &message.speaker else { continue };
                    for part in message.parts.iter().filter(|part| !matches!(part, Part::ToolResult(_))) {
                        named.entry(part_key(message, part)).or_default().push(speaker.clone());
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
        Self { sources, answered: HashMap::new() }
    }

    /// Who answers a request: the one named for the answer, or the one in whose name the model spoke before. Calls have to
    /// be asked for in the order in which they began.
    fn speaker(&mut self, request: &[Message], answer: &[Message]) -> Option<String> {
        let before = request.iter().rev().find(|message| message.role == Role::Assistant);
        let own = before.and_then(|message| message.speaker.as_deref());
        let named = answer.iter().find_map(|message| message.speaker.clone().or_else(|| self.source(message, own)));
        named.or_else(|| own.map(str::to_owned)).filter(|name| name != HUMAN)
    }

    /// The source of an answer. Of several agents that gave the same answer it is the one in whose name the model spoke before
    /// (`own`), if any; else equal answers belong to their sources in order.
    fn source(&mut self, message: &Message, own: Option<&str>) -> Option<String> {
        let mut keys = message.parts.iter().map(|part| part_key(message, part));
        let key = keys.find(|key| self.sources.contains_key(key))?;
        let answered = self.answered.entry(key).or_default();
        *answered += 1;
        let sources = self.sources.get(&key)?;
        if let Some(own) = own.filter(|own| sources.iter().any(|source| source == own)) {
            return Some(own.to_owned());
        }
        let agents = || sources.iter().filter(|name| *name != HUMAN);
        agents().nth(*answered - 1).or_else(|| agents().next_back()).cloned()
    }

    /// Who opens a conversation, where only others name him.
    #[must_use]
    pub fn opener(&self, message: &Message) -> Option<String> {
        message.parts.iter().find_map(|part| self.sources.get(&part_key(message, part))?.first().cloned())
    }

    /// Who answers each call. Calls are in the order of their start, each as its spans, outermost first.
    pub(super) fn of_calls(&mut self, spans: &[Span], calls: &[&[usize]]) -> Vec<Option<(String, AgentSource)>> {
        let mut instructed: HashMap<Vec<PartHash>, HashSet<String>> = HashMap::new();
        let mut found: Vec<(Option<String>, Vec<PartHash>)> = Vec::with_capacity(calls.len());
        for call in calls {
            let request = messages::request_of_call(spans, call);
            let answer = messages::response_of_call(spans, call);
            let instructions = request.iter().filter(|message| message.role.is_instruction());
            let instructions: Vec<PartHash> =
                instructions.flat_map(|message| message.parts.iter().map(|part| part_key(message, part))).collect();
            let speaker = self.speaker(&request, &answer);
            if let Some(speaker) = speaker.clone().filter(|_| !instructions.is_empty()) {
                instructed.entry(instructions.clone()).or_default().insert(speaker);
            }
            found.push((speaker, instructions));
        }
        let only = |instructions: &Vec<PartHash>| {
            let names = instructed.get(instructions).filter(|names| names.len() == 1)?;
            names.iter().next().cloned()
        };
        let answer = |(speaker, instructions): (Option<String>, Vec<PartHash>)| {
            let named = speaker.map(|name| (name, AgentSource::Message));
            named.or_else(|| only(&instructions).map(|name| (name, AgentSource::Instructions)))
        };
        found.into_iter().map(answer).collect()
    }
}
