//! A trace as a conversation: turns, messages with speaker and addressee, and the steps in between.
//!
//! Every request to a model repeats the whole history, and every agent repeats the response of its model. Here each
//! message is shown once: where it was first sent, or where an agent first receives it.

mod open;
mod seen;

use crate::frameworks;
use crate::json::Json;
use crate::message::{Message, Part, Role, ToolResultPart};
use crate::model::{Payload, Span, Spans, Timestamp, Trace, UsageScope, is_runtime_message, keys};
use crate::reading::identity::{self, PartHash};
use crate::reading::{self, AgentSource, Agents, CallIndex, Reading, Speakers, messages};
use open::{OpenSpan, OpenSpans};
use seen::{SeenMessages, part_keys};
use std::collections::{HashMap, HashSet};

/// A trace as a conversation.
#[derive(Debug)]
pub struct Conversation {
    /// The steps in tree order: by start of the span, parents first.
    pub steps: Vec<Step>,
    /// Request and response of the trace record, if the root span is not stored.
    pub record: Option<RecordedMessages>,
}

/// Messages of the trace record that no step contains.
#[derive(Debug)]
pub struct RecordedMessages {
    /// The messages of the request.
    pub received: Vec<Message>,
    /// The messages of the response.
    pub sent: Vec<Message>,
}

/// A span with the messages that went into and came out of it.
#[derive(Debug)]
pub struct Step {
    /// Index in the trace's list of spans.
    pub span: usize,
    /// Number of enclosing steps.
    pub depth: usize,
    /// The kind.
    pub kind: StepKind,
    /// Number of the turn that starts with this step, counted from 1.
    pub turn: Option<usize>,
    /// The agent that sends.
    pub speaker: Option<String>,
    /// The agent that receives.
    pub addressee: Option<String>,
    /// Parameters of a model request, if they differ from those of the previous request.
    pub parameters: Vec<(String, Json)>,
    /// Input messages that no earlier step shows.
    pub received: Vec<Message>,
    /// Positions in `received` where repeated messages were left out.
    pub gaps: Vec<RepeatedMessages>,
    /// Output messages that no nested step shows.
    pub sent: Vec<Message>,
    /// Chunk count and delay of a streamed response.
    pub streamed: Option<Streamed>,
    /// Id of the tool call that this tool executes.
    pub call_id: Option<String>,
    /// Failures that no nested step shows.
    pub failures: Vec<StepFailure>,
    /// Whether a tool result that is shown contains the text of the handled failure.
    pub is_failure_shown: bool,
}

/// Repeated messages that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedMessages {
    /// The index of the received message that follows them.
    pub at: usize,
    /// Number of messages.
    pub count: usize,
}

/// A failure of a span.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepFailure {
    /// Type and message.
    pub text: String,
    /// Whether it is a failure of MLflow's own logging.
    pub is_logging: bool,
}

impl Step {
    /// Returns the number of repeated messages that were left out.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.gaps.iter().map(|gap| gap.count).sum()
    }
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// An agent.
    Agent,
    /// A request to a model.
    Call,
    /// A tool execution.
    Tool,
    /// Anything else.
    Other,
}

impl StepKind {
    fn from_span(span: &Span) -> Self {
        match span.span_type.as_str() {
            _ if span.usage_scope == UsageScope::NoCall => Self::Other,
            "AGENT" if reading::is_agent(span) => Self::Agent,
            "LLM" | "CHAT_MODEL" | "EMBEDDING" => Self::Call,
            "TOOL" => Self::Tool,
            _ => Self::Other,
        }
    }

    /// The value in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Call => "call",
            Self::Tool => "tool",
            Self::Other => "other",
        }
    }
}

/// How a streamed response arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// Number of chunks.
    pub chunks: usize,
    /// Nanoseconds from the start of the call to the first chunk with content.
    pub first_after_ns: Option<i64>,
}

/// Reads a trace as a conversation. `is_full` = include repeated messages; `shown` = for each span, whether it is a
/// step (missing entries count as true).
///
/// The spans must have their payload.
#[must_use]
pub fn read(trace: &Trace, is_full: bool, shown: &[bool]) -> Conversation {
    ConversationReader::new(is_full).read(trace, shown)
}

/// Reads one trace after another and leaves out messages that an earlier trace contains.
#[derive(Debug)]
pub struct ConversationReader {
    is_full: bool,
    seen: SeenMessages,
}

impl ConversationReader {
    /// Creates a reader. `is_full` = include repeated messages.
    #[must_use]
    pub fn new(is_full: bool) -> Self {
        Self { is_full, seen: SeenMessages::default() }
    }

    /// Reads a trace, whose spans must have their payload. `shown` = for each span, whether it is a step.
    pub fn read(&mut self, trace: &Trace, shown: &[bool]) -> Conversation {
        let Some(spans) = &trace.spans else { return Conversation { steps: Vec::new(), record: None } };
        let reading = Reading::from_trace(trace);
        let mut builder = ConversationBuilder {
            spans,
            is_full: self.is_full,
            seen: std::mem::take(&mut self.seen),
            agents: Agents::new(spans, &reading.usage),
            speakers: Speakers::default(),
            record_keys: HashSet::new(),
            call_index: CallIndex::new(&reading.tool_calls),
            parameters: Vec::new(),
            open: OpenSpans::default(),
            steps: Vec::new(),
            turns: 0,
        };
        let is_rootless = !spans.list.is_empty() && spans.nodes.iter().all(|node| node.depth > 0 || node.is_orphan);
        if is_rootless || spans.list.iter().any(opens_chat) {
            builder.speakers = Speakers::new(&spans.list);
        }
        let previewed = |preview: &Option<String>, key: &str| {
            let text = preview.as_deref().or_else(|| trace.info.metadata.get(key));
            text.filter(|_| is_rootless).and_then(structured_preview)
        };
        let request = previewed(&trace.info.request_preview, keys::INPUTS).map(|preview| frameworks::request(&preview));
        let request = request.unwrap_or_default();
        let record_keys = part_keys(&request);
        let (received, _) = builder.new_messages(0, request);
        builder.record_keys = record_keys;
        let all_steps = shown.contains(&false).then(|| Self::new(self.is_full).read(trace, &[]));
        for (at, node) in spans.nodes.iter().enumerate() {
            builder.close(node.depth);
            if shown.get(at).copied().unwrap_or(true) {
                builder.start(at, node.depth);
            }
        }
        builder.close(0);
        let response =
            previewed(&trace.info.response_preview, keys::OUTPUTS).map(|preview| frameworks::response(&preview));
        let is_new = |message: &Message| self.is_full || !builder.seen.was_sent(message);
        let sent = response.unwrap_or_default().into_iter().filter(is_new).collect();
        let record = is_rootless.then_some(RecordedMessages { received, sent });
        if let Some(all_steps) = all_steps {
            copy_turn_numbers(&all_steps, &mut builder.steps);
        }
        self.seen = builder.seen;
        Conversation { steps: builder.steps, record }
    }
}

/// Whether a span opens a chat (AG2). Only later messages name the agent that opened it.
fn opens_chat(span: &Span) -> bool {
    let inputs = span.payload.as_ref().and_then(Payload::inputs);
    inputs.is_some_and(|inputs| inputs.member("recipient").is_some())
}

/// Parses a preview. `None` for JSON that was cut at 1,000 characters, in which the speakers are unknown.
fn structured_preview(text: &str) -> Option<Json> {
    let plain = || (!text.starts_with(['{', '['])).then(|| Json::string(text));
    Json::from_strict(text).or_else(plain)
}

/// Numbers turns as in the conversation with all steps.
fn copy_turn_numbers(all_steps: &Conversation, steps: &mut [Step]) {
    let turns: HashMap<usize, usize> =
        all_steps.steps.iter().filter_map(|step| Some((step.span, step.turn?))).collect();
    for step in steps.iter_mut().filter(|step| step.turn.is_some()) {
        step.turn = turns.get(&step.span).copied().or(step.turn);
    }
}

/// Walks the span tree and collects the steps.
struct ConversationBuilder<'a> {
    spans: &'a Spans,
    is_full: bool,
    seen: SeenMessages,
    agents: Agents,
    speakers: Speakers,
    /// Message parts of the request in the trace record.
    record_keys: HashSet<PartHash>,
    /// The tool calls, to name their results.
    call_index: CallIndex<'a>,
    /// Parameters of the last model request.
    parameters: Vec<(String, Json)>,
    open: OpenSpans,
    steps: Vec<Step>,
    turns: usize,
}

impl ConversationBuilder<'_> {
    fn start(&mut self, at: usize, depth: usize) {
        let span = &self.spans.list[at];
        let kind = StepKind::from_span(span);
        let (sent, stream) = messages::response(span).unwrap_or_default();
        let sent: Vec<Message> = sent.into_iter().map(|message| mark_answer(kind, message)).collect();
        // The input of a parser is the output of another span.
        let is_shown = self.is_full || span.span_type.as_str() != "PARSER";
        let request = if is_shown { messages::request(span) } else { None };
        let (request, parameters) = request.map(|read| (read.messages, read.parameters)).unwrap_or_default();
        let above = self.open.innermost_step().and_then(|step| self.steps[step].speaker.clone());
        // The speaker of a model call is the enclosing agent, or one that only messages name.
        let call_agent = self.agents.name_and_source(at).filter(|_| kind == StepKind::Call);
        let speaking = call_agent.filter(|(_, source)| *source != AgentSource::Span || above.is_none());
        let is_other_agent =
            speaking.is_some_and(|(name, _)| above.as_deref() != Some(name)) && !self.open.is_within_call();
        let is_turn = kind == StepKind::Agent
            || (kind == StepKind::Call
                && !self.open.is_within_call()
                && (is_other_agent || !self.open.is_within_agent()));
        let caller = call_agent.map(|(name, _)| name.to_owned());
        let request_keys = part_keys(&request);
        // The arguments of a tool are always shown with it.
        let (received, gaps) =
            if kind == StepKind::Tool { (request, Vec::new()) } else { self.new_messages(at, request) };
        let agent = (kind == StepKind::Agent).then(|| reading::agent_name(span, &sent));
        let mut open = OpenSpan {
            span: at,
            depth,
            step: None,
            sent,
            received: request_keys,
            within: HashSet::new(),
            failures: HashSet::new(),
        };
        if !self.is_full && agent.as_deref().is_some_and(|name| self.is_same_agent(name, span)) {
            // AutoGen's `run` and `on_messages` spans are one turn of the same agent.
            if let Some(step) = self.open.innermost_step() {
                let shown = &mut self.steps[step].received;
                for message in received {
                    if !shown.contains(&message) {
                        shown.push(message);
                    }
                }
            }
            self.open.push(open);
            return;
        }
        let passes_on = received.is_empty() && span.failure().is_none() && is_runtime_message(&span.name);
        if !self.is_full && passes_on {
            // AutoGen's runtime only forwarded messages that were sent before.
            self.open.push(open);
            return;
        }
        self.turns += usize::from(is_turn);
        let parameters = self.parameters(kind, parameters);
        let call = self.call_index.run_by(at).filter(|_| kind == StepKind::Tool);
        let call_id = call.and_then(|call| self.call_index.list()[call].id.clone());
        self.steps.push(Step {
            span: at,
            depth: self.open.step_count(),
            kind,
            turn: is_turn.then_some(self.turns),
            speaker: agent.or(caller),
            addressee: (kind == StepKind::Agent).then(|| reading::message_sender(span.payload.as_ref())).flatten(),
            parameters,
            received,
            gaps,
            sent: Vec::new(),
            streamed: stream.map(|stream| Streamed {
                chunks: stream.chunks,
                first_after_ns: stream.first_content.map(|Timestamp(first)| first.saturating_sub(span.start.0)),
            }),
            call_id,
            failures: Vec::new(),
            is_failure_shown: false,
        });
        open.step = Some((self.steps.len() - 1, kind));
        self.open.push(open);
    }

    /// Ends all open spans at this depth or deeper.
    fn close(&mut self, depth: usize) {
        while let Some(open) = self.open.pop_from(depth) {
            self.end(open);
        }
    }

    fn end(&mut self, mut open: OpenSpan) {
        let span = &self.spans.list[open.span];
        let Some(step) = open.step.map(|(step, _)| step).or_else(|| self.open.innermost_step()) else { return };
        // The response of a model or tool is always new; responses of other spans may repeat it.
        let is_leaf = matches!(self.steps[step].kind, StepKind::Call | StepKind::Tool) && step + 1 == self.steps.len();
        let failures = failures_of(span);
        if let Some(id) = self.steps[step].call_id.as_ref().filter(|_| failures.is_empty()) {
            let words: Vec<String> =
                open.sent.iter().flat_map(|message| &message.parts).filter_map(Part::text).collect();
            open.within.insert(self.seen.add_result(id, &words.join("\n")));
        }
        // A framework step may return the messages that it received.
        let passes_on = open.step.is_some() && self.steps[step].kind == StepKind::Other;
        for mut message in std::mem::take(&mut open.sent) {
            self.call_index.name_results(&mut message, &self.spans.list, span.end.unwrap_or(Timestamp::MAX));
            let keys = part_keys(std::slice::from_ref(&message));
            let is_passed_on = passes_on && message.role != Role::Output && keys.is_subset(&open.received);
            let is_repeated = || is_passed_on || self.seen.is_repeated(&message, &open.within, &open.received);
            let is_new = is_leaf || !is_repeated();
            if is_new && !is_leaf && !self.is_full {
                // If one of several tools failed, the results of the others are shown with their tools.
                let is_shown = |result: &ToolResultPart| {
                    open.within.contains(&identity::result_key(result.id.as_deref(), &result.text()))
                };
                message.parts.retain(|part| !matches!(part, Part::ToolResult(result) if is_shown(result)));
            }
            open.within.extend(keys);
            if self.is_full || is_new {
                self.seen.add_sent(&message);
                self.steps[step].sent.push(message);
            }
        }
        let new = failures.iter().filter(|failure| !open.failures.contains(failure));
        self.steps[step].failures.extend(new.cloned());
        if let Some(handled) = &span.handled_failure {
            let is_shown = self.steps.iter().rev().take(NEARBY_STEPS).any(|step| contains_failure(step, handled));
            self.steps[step].is_failure_shown = is_shown;
        }
        self.open.merge_into_parent(open, failures);
    }

    /// Returns the new messages of a request, and where repeated ones were left out.
    fn new_messages(&mut self, span: usize, messages: Vec<Message>) -> (Vec<Message>, Vec<RepeatedMessages>) {
        let until = self.spans.list.get(span).map_or(Timestamp::MAX, |span| span.start);
        let was_received = |key: PartHash| self.open.was_received(key) || self.record_keys.contains(&key);
        let last = messages.iter().rposition(|message| !message.role.is_instruction());
        let mut seen = HashMap::new();
        let mut received: Vec<Message> = Vec::new();
        let mut gaps: Vec<RepeatedMessages> = Vec::new();
        for (at, mut message) in messages.into_iter().enumerate() {
            let is_repeated = self.seen.is_repeated_in_request(&message, Some(at) == last, &was_received, &mut seen);
            if is_repeated && !self.is_full {
                match gaps.last_mut().filter(|gap| gap.at == received.len()) {
                    Some(gap) => gap.count += 1,
                    None => gaps.push(RepeatedMessages { at: received.len(), count: 1 }),
                }
                continue;
            }
            self.call_index.name_results(&mut message, &self.spans.list, until);
            if message.speaker.is_none() && message.addressee.is_some() {
                message.speaker = self.speakers.opener(&message);
            }
            self.seen.add_received(&message);
            received.push(message);
        }
        (received, gaps)
    }

    /// Parameters of a model request, if they differ from those of the previous request.
    fn parameters(&mut self, kind: StepKind, parameters: Vec<(String, Json)>) -> Vec<(String, Json)> {
        if kind != StepKind::Call {
            return parameters;
        }
        if !self.is_full && parameters == self.parameters {
            return Vec::new();
        }
        self.parameters.clone_from(&parameters);
        parameters
    }

    /// Whether the enclosing span belongs to the same agent.
    fn is_same_agent(&self, name: &str, span: &Span) -> bool {
        let Some(above) = self.open.last().map(|open| &self.spans.list[open.span]) else { return false };
        let speaker = self.open.innermost_step().and_then(|step| self.steps[step].speaker.as_deref());
        let is_same = || speaker == Some(name) || reading::is_unnamed_inner_span(name, span, above);
        reading::is_agent(above) && is_same()
    }
}

/// Returns the failures of a span, each once: some instrumentations record an exception twice.
fn failures_of(span: &Span) -> Vec<StepFailure> {
    let mut found: Vec<StepFailure> = Vec::new();
    for (exception, _) in span.exceptions() {
        let is_logging = exception.is_from_mlflow_logging();
        if exception.control_flow().is_some() {
            continue;
        }
        let text = exception.to_string();
        let text = if is_logging { exception.message.unwrap_or(text) } else { text };
        let failure = StepFailure { text, is_logging };
        if !found.contains(&failure) {
            found.push(failure);
        }
    }
    if found.is_empty() {
        found.extend(span.failure().map(|text| StepFailure { text, is_logging: false }));
    }
    found
}

/// Number of steps to search backwards for the tool result with a failure; it is normally just before.
const NEARBY_STEPS: usize = 50;

/// Whether a tool result of a step contains the text of a failure.
fn contains_failure(step: &Step, failure: &str) -> bool {
    let parts = step.received.iter().chain(&step.sent).flat_map(|message| &message.parts);
    let mut results = parts.filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.text()),
        Part::Text(text) => Some(text.clone()),
        Part::Data { value, .. } => value.as_string(),
        _ => None,
    });
    results.any(|text| failure.contains(&text) && !text.is_empty())
}

/// Marks the plain text that a model or an agent returns as its answer.
fn mark_answer(kind: StepKind, message: Message) -> Message {
    // AG2 logs an error code instead of the answer of a failed model (`log_chat_completion`).
    let is_answer = |part: &Part| matches!(part, Part::Text(text) if !text.starts_with("error_code:"));
    let is_text = message.role == Role::Output && message.parts.iter().all(is_answer);
    if is_text && matches!(kind, StepKind::Call | StepKind::Agent) {
        Message { role: Role::Assistant, ..message }
    } else {
        message
    }
}
