//! The agents of a trace, and what each of them did.

use super::agent_name::{METHODS, is_agent, is_inner_span, name_of, stem};
use super::messages;
use super::speakers::{AgentSource, Speakers};
use super::usage::TraceUsage;
use crate::model::{Span, Spans, SpeakerSigns};
use std::collections::HashMap;

/// Which agent each span of a trace belongs to.
#[derive(Debug, Default)]
pub struct Agents {
    /// Each agent once.
    names: Vec<String>,
    places: HashMap<String, usize>,
    of_span: Vec<Option<(usize, AgentSource)>>,
}

impl Agents {
    /// Finds the agents by their spans and, where messages name who speaks, by these: a team that runs within one span, or
    /// within none, has its agents in messages only. Without payloads only agents with spans are found; see
    /// [`needs_messages`].
    #[must_use]
    pub fn of(spans: &Spans, usage: &TraceUsage) -> Self {
        let mut agents = Self { of_span: Vec::with_capacity(spans.list.len()), ..Self::default() };
        for (at, span) in spans.list.iter().enumerate() {
            let is_inner = |parent: usize| is_inner_span(span) && is_agent(&spans.list[parent]);
            let agent = if let Some(parent) = spans.nodes[at].parent.filter(|parent| is_inner(*parent)) {
                agents.of_span[parent]
            } else if is_agent(span) {
                let response = messages::response_messages(span).unwrap_or_default();
                Some((agents.place(&name_of(span, &response)), AgentSource::Span))
            } else if let Some(name) = &span.agent {
                Some((agents.place(name), AgentSource::Attribute))
            } else {
                spans.nodes[at].parent.and_then(|parent| agents.of_span[parent])
            };
            agents.of_span.push(agent);
        }
        if needs_messages(spans) && spans.list.iter().any(|span| span.payload.is_some()) {
            agents.ask_messages(spans, usage);
        }
        agents
    }

    /// Gives each call to the agent that messages name for it, with all that lies below it.
    fn ask_messages(&mut self, spans: &Spans, usage: &TraceUsage) {
        let mut calls: Vec<&[usize]> = usage.llm_calls().map(|call| call.spans.as_slice()).collect();
        calls.sort_by_key(|call| call.first().map(|at| spans.list[*at].start));
        let speakers = Speakers::of(&spans.list).of_calls(&spans.list, &calls);
        let spoken: Vec<&String> = speakers.iter().flatten().map(|(name, _)| name).collect();
        let mut by_messages: Vec<Option<(usize, AgentSource)>> = vec![None; spans.list.len()];
        for (call, speaker) in calls.iter().zip(&speakers) {
            let (Some(outermost), Some((name, source))) = (call.first(), speaker) else { continue };
            // An agent that messages know too answers for what lies within its span.
            let by_span = self.of_span[*outermost].map(|(agent, _)| &self.names[agent]);
            if self.of_span[*outermost].is_some_and(|(_, source)| source == AgentSource::Attribute) {
                continue;
            }
            if *source == AgentSource::Instructions && by_span.is_some_and(|name| spoken.contains(&name)) {
                continue;
            }
            if by_span != Some(name) {
                by_messages[*outermost] = Some((self.place(name), *source));
            }
        }
        for at in 0..by_messages.len() {
            let above = spans.nodes[at].parent.and_then(|parent| by_messages[parent]);
            by_messages[at] = by_messages[at].or_else(|| above.filter(|_| !is_agent(&spans.list[at])));
            self.of_span[at] = by_messages[at].or(self.of_span[at]);
        }
    }

    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// The agent that a span belongs to.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        self.find(at).map(|(name, _)| name)
    }

    /// The same, and how it is known.
    #[must_use]
    pub fn find(&self, at: usize) -> Option<(&str, AgentSource)> {
        let (agent, source) = (*self.of_span.get(at)?)?;
        Some((&self.names[agent], source))
    }

    /// Whether any is known from messages only.
    #[must_use]
    pub fn are_in_messages(&self) -> bool {
        self.of_span.iter().flatten().any(|(_, source)| !matches!(source, AgentSource::Span | AgentSource::Attribute))
    }

    /// All of them.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Whether agents of a trace are known from messages only, so that its spans are needed with their payload: messages
/// name their speakers, or an agent's span has the name of a method (AutoGen under MLflow 3.1).
#[must_use]
pub fn needs_messages(spans: &Spans) -> bool {
    let signs = spans.list.iter().map(|span| span.speaker_signs).max().unwrap_or_default();
    let is_method = |span: &Span| is_agent(span) && METHODS.contains(&stem(&span.name));
    let has_agents = || spans.list.iter().any(is_agent);
    match signs {
        SpeakerSigns::Source => true,
        SpeakerSigns::Name => !has_agents() || spans.list.iter().any(is_method),
        SpeakerSigns::None => spans.list.iter().any(is_method),
    }
}
