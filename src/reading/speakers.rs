//! The agent that made an LLM call. The call itself does not name it, but a later message with its response may.

use super::identity::{PartHash, part_key};
use super::messages;
use crate::message::{Message, Part, Role};
use crate::model::Span;
use std::collections::{HashMap, HashSet};

/// How the agent of a call, a tool call or a failure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentSource {
    /// It is inside the agent's span.
    Span,
    /// An attribute of the span names it (LangGraph).
    Attribute,
    /// A message names the speaker of the response.
    Message,
    /// Only one agent, named by a message, has the same instructions.
    Instructions,
}

impl AgentSource {
    /// The name in JSON output.
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

/// The name that AutoGen gives to the source of the task, which is not an agent.
const USER_NAME: &str = "user";

/// The speakers that the messages of a trace name.
#[derive(Debug, Default)]
pub struct Speakers {
    /// For each part, its speakers in order, from the message list that repeats the part most often.
    sources: HashMap<PartHash, Vec<String>>,
    /// For each part, how many calls were answered with it so far.
    answered: HashMap<PartHash, usize>,
}

impl Speakers {
    /// Collects the speakers from the messages of spans, which must be loaded with their payloads.
    #[must_use]
    pub fn new(spans: &[Span]) -> Self {
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

    /// Returns the speaker of a response: the one that messages name for it, else the one of the model's previous
    /// message in the request. Must be called in the order in which the calls started.
    fn speaker(&mut self, request: &[Message], answer: &[Message]) -> Option<String> {
        let before = request.iter().rev().find(|message| message.role == Role::Assistant);
        let previous = before.and_then(|message| message.speaker.as_deref());
        let named =
            answer.iter().find_map(|message| message.speaker.clone().or_else(|| self.source(message, previous)));
        named.or_else(|| previous.map(str::to_owned)).filter(|name| name != USER_NAME)
    }

    /// Returns the source of a response. If several agents gave the same response, it is `previous`, the speaker of the
    /// model's previous message, if that is one of them; else equal responses belong to their sources in order.
    fn source(&mut self, message: &Message, previous: Option<&str>) -> Option<String> {
        let mut keys = message.parts.iter().map(|part| part_key(message, part));
        let key = keys.find(|key| self.sources.contains_key(key))?;
        let answered = self.answered.entry(key).or_default();
        *answered += 1;
        let sources = self.sources.get(&key)?;
        if let Some(name) = previous.filter(|name| sources.iter().any(|source| source == name)) {
            return Some(name.to_owned());
        }
        let agents = || sources.iter().filter(|name| *name != USER_NAME);
        agents().nth(*answered - 1).or_else(|| agents().next_back()).cloned()
    }

    /// Returns the speaker of the message that starts a conversation, if a repetition of the message names it.
    #[must_use]
    pub fn opener(&self, message: &Message) -> Option<String> {
        message.parts.iter().find_map(|part| self.sources.get(&part_key(message, part))?.first().cloned())
    }

    /// Returns the agent of each call. Calls are ordered by start, each as its spans, outermost first.
    pub(super) fn call_agents(&mut self, spans: &[Span], calls: &[&[usize]]) -> Vec<Option<(String, AgentSource)>> {
        let mut instructed: HashMap<Vec<PartHash>, HashSet<String>> = HashMap::new();
        let mut found: Vec<(Option<String>, Vec<PartHash>)> = Vec::with_capacity(calls.len());
        for call in calls {
            let request = messages::call_request(spans, call);
            let answer = messages::call_response(spans, call);
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
