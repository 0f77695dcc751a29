//! The agents of a trace, and the spans of each.

use super::agent_name::{METHODS, agent_name, is_agent, is_inner_span, strip_repeat_number};
use super::messages;
use super::speakers::{AgentSource, Speakers};
use super::usage::TraceUsage;
use crate::model::{Span, Spans, SpeakerSigns};
use std::collections::HashMap;

/// Which agent each span of a trace belongs to.
#[derive(Debug, Default)]
pub struct Agents {
    /// The distinct names, in the order found.
    names: Vec<String>,
    index_by_name: HashMap<String, usize>,
    /// For each span, the index into `names` and the source of that name.
    by_span: Vec<Option<(usize, AgentSource)>>,
}

impl Agents {
    /// Finds the agents in spans and, where messages name their speakers, in messages: a team that runs in one span, or
    /// without a span, names its agents only there. Without payloads only agents with spans are found; see
    /// [`needs_messages`].
    #[must_use]
    pub fn new(spans: &Spans, usage: &TraceUsage) -> Self {
        let mut agents = Self { by_span: Vec::with_capacity(spans.list.len()), ..Self::default() };
        for (at, span) in spans.list.iter().enumerate() {
            let is_inner = |parent: usize| is_inner_span(span) && is_agent(&spans.list[parent]);
            let agent = if let Some(parent) = spans.nodes[at].parent.filter(|parent| is_inner(*parent)) {
                agents.by_span[parent]
            } else if is_agent(span) {
                let response = messages::response_messages(span).unwrap_or_default();
                Some((agents.index_of(&agent_name(span, &response)), AgentSource::Span))
            } else if let Some(name) = &span.agent {
                Some((agents.index_of(name), AgentSource::Attribute))
            } else {
                spans.nodes[at].parent.and_then(|parent| agents.by_span[parent])
            };
            agents.by_span.push(agent);
        }
        if needs_messages(spans) && spans.list.iter().any(|span| span.payload.is_some()) {
            agents.assign_from_messages(spans, usage);
        }
        agents
    }

    /// Assigns each call, and the spans below it, to the agent that messages name for it.
    fn assign_from_messages(&mut self, spans: &Spans, usage: &TraceUsage) {
        let mut calls: Vec<&[usize]> = usage.llm_calls().map(|call| call.spans.as_slice()).collect();
        calls.sort_by_key(|call| call.first().map(|at| spans.list[*at].start));
        let speakers = Speakers::new(&spans.list).call_agents(&spans.list, &calls);
        let named: Vec<&String> = speakers.iter().flatten().map(|(name, _)| name).collect();
        let mut by_messages: Vec<Option<(usize, AgentSource)>> = vec![None; spans.list.len()];
        for (call, speaker) in calls.iter().zip(&speakers) {
            let (Some(outermost), Some((name, source))) = (call.first(), speaker) else { continue };
            // An agent with a span that messages also name keeps the calls in its span.
            let by_span = self.by_span[*outermost].map(|(agent, _)| &self.names[agent]);
            if self.by_span[*outermost].is_some_and(|(_, source)| source == AgentSource::Attribute) {
                continue;
            }
            if *source == AgentSource::Instructions && by_span.is_some_and(|name| named.contains(&name)) {
                continue;
            }
            if by_span != Some(name) {
                by_messages[*outermost] = Some((self.index_of(name), *source));
            }
        }
        for at in 0..by_messages.len() {
            let above = spans.nodes[at].parent.and_then(|parent| by_messages[parent]);
            by_messages[at] = by_messages[at].or_else(|| above.filter(|_| !is_agent(&spans.list[at])));
            self.by_span[at] = by_messages[at].or(self.by_span[at]);
        }
    }

    fn index_of(&mut self, name: &str) -> usize {
        if let Some(index) = self.index_by_name.get(name) {
            return *index;
        }
        self.index_by_name.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }

    /// Returns the agent that a span belongs to.
    #[must_use]
    pub fn name(&self, at: usize) -> Option<&str> {
        self.name_and_source(at).map(|(name, _)| name)
    }

    /// Returns the agent that a span belongs to, and the source of its name.
    #[must_use]
    pub fn name_and_source(&self, at: usize) -> Option<(&str, AgentSource)> {
        let (agent, source) = (*self.by_span.get(at)?)?;
        Some((&self.names[agent], source))
    }

    /// Whether any agent is known only from messages.
    #[must_use]
    pub fn has_message_sources(&self) -> bool {
        self.by_span.iter().flatten().any(|(_, source)| !matches!(source, AgentSource::Span | AgentSource::Attribute))
    }

    /// The distinct names of the agents, in the order found.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// Whether agents of a trace are named only in messages, so that its spans must be loaded with their payloads: messages
/// name their speakers, or an agent's span is named after a method (AutoGen under MLflow 3.1).
#[must_use]
pub fn needs_messages(spans: &Spans) -> bool {
    let signs = spans.list.iter().map(|span| span.speaker_signs).max().unwrap_or_default();
    let is_method = |span: &Span| is_agent(span) && METHODS.contains(&strip_repeat_number(&span.name));
    let has_agents = || spans.list.iter().any(is_agent);
    match signs {
        SpeakerSigns::Source => true,
        SpeakerSigns::Name => !has_agents() || spans.list.iter().any(is_method),
        SpeakerSigns::None => spans.list.iter().any(is_method),
    }
}
