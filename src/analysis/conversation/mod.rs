//! A trace as a conversation: who said what to whom at which turn, and the work between.
//!
//! Every request to a model repeats the whole history, and every agent repeats the answer of its model. Here each message
//! is shown once: where it was sent first, or where an agent receives it for the first time.

mod open;
mod seen;

use crate::frameworks;
use crate::message::{Message, Part, Role, ToolResultPart};
use crate::model::{Json, Payload, Span, Spans, Timestamp, Trace, UsageScope, is_runtime_message, keys};
use crate::reading::identity::{self, PartHash};
use crate::reading::{self, AgentSource, Agents, CallIndex, Reading, Speakers, messages};
use open::{OpenSpan, OpenSpans};
use seen::{SeenMessages, keys_of};
use std::collections::{HashMap, HashSet};

/// A trace as a conversation.
#[derive(Debug)]
pub struct Conversation {
    /// Its steps, by the start of their spans, parents first.
    pub steps: Vec<Step>,
    /// Request and response of the trace's record, where the root span is not stored.
    pub record: Option<RecordedMessages>,
}

/// Request and response of a trace by its record: those messages that no step holds.
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
    /// Its place in the trace's list of spans.
    pub span: usize,
    /// The number of steps around it.
    pub depth: usize,
    /// Its kind.
    pub kind: StepKind,
    /// The number of the turn that begins with it, counted from 1.
    pub turn: Option<usize>,
    /// The agent that speaks.
    pub speaker: Option<String>,
    /// The agent that is spoken to.
    pub addressee: Option<String>,
    /// The parameters of a request to a model, where they differ from those of the request before.
    pub parameters: Vec<(String, Json)>,
    /// The messages that went in and are shown by no step before.
    pub received: Vec<Message>,
    /// Where repeated messages were left out of them.
    pub gaps: Vec<RepeatedMessages>,
    /// The messages that came out and are shown by no step within.
    pub sent: Vec<Message>,
    /// The chunks of a streamed response.
    pub streamed: Option<Streamed>,
    /// The id of the tool call that this tool answers.
    pub call_id: Option<String>,
    /// Failures that are shown by no step within.
    pub failures: Vec<StepFailure>,
    /// Whether a tool result that is shown holds the text of the handled failure.
    pub shows_failure: bool,
}

/// Repeated messages that were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RepeatedMessages {
    /// The index of the received message that follows them.
    pub at: usize,
    /// Their number.
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
    /// The number of repeated messages that were left out.
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
    /// A tool that runs.
    Tool,
    /// Anything else.
    Other,
}

impl StepKind {
    fn of(span: &Span) -> Self {
        match span.span_type.as_str() {
            _ if span.usage_scope == UsageScope::Nothing => Self::Other,
            "AGENT" if reading::is_agent(span) => Self::Agent,
            "LLM" | "CHAT_MODEL" | "EMBEDDING" => Self::Call,
            "TOOL" => Self::Tool,
            _ => Self::Other,
        }
    }

    /// The word of the JSON output.
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
    /// The number of chunks.
    pub chunks: usize,
    /// Nanoseconds from the start of the call to the first chunk with content.
    pub first_after_ns: Option<i64>,
}

/// Reads a trace as a conversation. `is_full` = repeated messages too; `shown` = which spans are steps.
///
/// The spans need their payload.
#[must_use]
pub fn of_trace(trace: &Trace, is_full: bool, shown: &[bool]) -> Conversation {
    ConversationReader::new(is_full).read(trace, shown)
}

/// Reads one trace after another and shows no message again that an earlier trace holds.
#[derive(Debug)]
pub struct ConversationReader {
    is_full: bool,
    seen: SeenMessages,
}

impl ConversationReader {
    /// A reader before its first trace. `is_full` = repeated messages too.
    #[must_use]
    pub fn new(is_full: bool) -> Self {
        Self { is_full, seen: SeenMessages::default() }
    }

    /// Reads a trace, whose spans need their payload; `shown` = which of them are steps.
    pub fn read(&mut self, trace: &Trace, shown: &[bool]) -> Conversation {
        let Some(spans) = &trace.spans else { return Conversation { steps: Vec::new(), record: None } };
        let reading = Reading::of(trace);
        let mut builder = ConversationBuilder {
            spans,
            is_full: self.is_full,
            seen: std::mem::take(&mut self.seen),
            agents: Agents::of(spans, &reading.usage),
            speakers: Speakers::default(),
            record: HashSet::new(),
            calls: CallIndex::new(&reading.tool_calls),
            parameters: Vec::new(),
            open: OpenSpans::default(),
            steps: Vec::new(),
            turns: 0,
        };
        let is_rootless = !spans.list.is_empty() && spans.nodes.iter().all(|node| node.depth > 0 || node.is_orphan);
        if is_rootless || spans.list.iter().any(opens_chat) {
            builder.speakers = Speakers::of(&spans.list);
        }
        let previewed = |preview: &Option<String>, key: &str| {
            let text = preview.as_deref().or_else(|| trace.info.metadata.get(key));
            text.filter(|_| is_rootless).and_then(structured_preview)
        };
        let asked = previewed(&trace.info.request_preview, keys::INPUTS).map(|preview| frameworks::request(&preview));
        let asked = asked.unwrap_or_default();
        let of_record = keys_of(&asked);
        let (received, _) = builder.new_messages(0, asked);
        builder.record = of_record;
        let whole = shown.contains(&false).then(|| Self::new(self.is_full).read(trace, &[]));
        for (at, node) in spans.nodes.iter().enumerate() {
            builder.close(node.depth);
            if shown.get(at).copied().unwrap_or(true) {
                builder.begin(at, node.depth);
            }
        }
        builder.close(0);
        let answered =
            previewed(&trace.info.response_preview, keys::OUTPUTS).map(|preview| frameworks::response(&preview));
        let is_new = |message: &Message| self.is_full || !builder.seen.was_sent(message);
        let sent = answered.unwrap_or_default().into_iter().filter(is_new).collect();
        let record = is_rootless.then_some(RecordedMessages { received, sent });
        if let Some(whole) = whole {
            number_as_in(&whole, &mut builder.steps);
        }
        self.seen = builder.seen;
        Conversation { steps: builder.steps, record }
    }
}

/// Whether a span opens a chat. Only later messages name the agent that did (AG2).
fn opens_chat(span: &Span) -> bool {
    let inputs = span.payload.as_ref().and_then(Payload::inputs);
    inputs.is_some_and(|inputs| inputs.member("recipient").is_some())
}

/// The content of a preview. The speakers in JSON that was cut at 1,000 characters are unknown.
fn structured_preview(text: &str) -> Option<Json> {
    let plain = || (!text.starts_with(['{', '['])).then(|| Json::string(text));
    Json::from_strict(text).or_else(plain)
}

/// Numbers turns as in the whole trace, whichever steps are shown.
fn number_as_in(whole: &Conversation, steps: &mut [Step]) {
    let turns: HashMap<usize, usize> = whole.steps.iter().filter_map(|step| Some((step.span, step.turn?))).collect();
    for step in steps.iter_mut().filter(|step| step.turn.is_some()) {
        step.turn = turns.get(&step.span).copied().or(step.turn);
    }
}

/// Walks the tree of spans and collects the steps.
struct ConversationBuilder<'a> {
    spans: &'a Spans,
    is_full: bool,
    seen: SeenMessages,
    agents: Agents,
    speakers: Speakers,
    /// The request of the record.
    record: HashSet<PartHash>,
    /// The tool calls, by which results are known.
    calls: CallIndex<'a>,
    /// The parameters of the last request to a model.
    parameters: Vec<(String, Json)>,
    open: OpenSpans,
    steps: Vec<Step>,
    turns: usize,
}

impl ConversationBuilder<'_> {
    fn begin(&mut self, at: usize, depth: usize) {
        let span = &self.spans.list[at];
        let kind = StepKind::of(span);
        let (sent, stream) = messages::response(span).unwrap_or_default();
        let sent: Vec<Message> = sent.into_iter().map(|message| answer_of(kind, message)).collect();
        // What a parser is given came out of another span.
        let is_shown = self.is_full || span.span_type.as_str() != "PARSER";
        let request = if is_shown { messages::request(span) } else { None };
        let (request, parameters) = request.map(|read| (read.messages, read.parameters)).unwrap_or_default();
        let above = self.open.step().and_then(|step| self.steps[step].speaker.clone());
        // Whoever asks the model speaks through it: the agent around, or one that only messages tell.
        let own = self.agents.find(at).filter(|_| kind == StepKind::Call);
        let speaks = own.filter(|(_, source)| *source != AgentSource::Span || above.is_none());
        let is_other = speaks.is_some_and(|(name, _)| above.as_deref() != Some(name)) && !self.open.is_within_call();
        let is_turn = kind == StepKind::Agent
            || (kind == StepKind::Call && !self.open.is_within_call() && (is_other || !self.open.is_within_agent()));
        let caller = own.map(|(name, _)| name.to_owned());
        let all = keys_of(&request);
        // The arguments of a tool are always shown with it.
        let (received, gaps) =
            if kind == StepKind::Tool { (request, Vec::new()) } else { self.new_messages(at, request) };
        let agent = (kind == StepKind::Agent).then(|| reading::name_of(span, &sent));
        let mut open = OpenSpan {
            span: at,
            depth,
            step: None,
            sent,
            received: all,
            within: HashSet::new(),
            failures: HashSet::new(),
        };
        if !self.is_full && agent.as_deref().is_some_and(|name| self.is_same_agent(name, span)) {
            // AutoGen's `run` and `on_messages` are one turn of the same agent.
            if let Some(step) = self.open.step() {
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
            // AutoGen's runtime passed on messages that were sent before.
            self.open.push(open);
            return;
        }
        self.turns += usize::from(is_turn);
        let parameters = self.parameters(kind, parameters);
        let call = self.calls.run_by(at).filter(|_| kind == StepKind::Tool);
        let call_id = call.and_then(|call| self.calls.list()[call].id.clone());
        self.steps.push(Step {
            span: at,
            depth: self.open.steps(),
            kind,
            turn: is_turn.then_some(self.turns),
            speaker: agent.or(caller),
            addressee: (kind == StepKind::Agent).then(|| reading::asked_by(span.payload.as_ref())).flatten(),
            parameters,
            received,
            gaps,
            sent: Vec::new(),
            streamed: stream.map(|stream| Streamed {
                chunks: stream.chunks,
                first_after_ns: stream.first.map(|Timestamp(first)| first.saturating_sub(span.start.0)),
            }),
            call_id,
            failures: Vec::new(),
            shows_failure: false,
        });
        open.step = Some((self.steps.len() - 1, kind));
        self.open.push(open);
    }

    /// Ends all spans at this depth of the tree and below.
    fn close(&mut self, depth: usize) {
        while let Some(open) = self.open.pop_from(depth) {
            self.end(open);
        }
    }

    fn end(&mut self, mut open: OpenSpan) {
        let span = &self.spans.list[open.span];
        let Some(step) = open.step.map(|(step, _)| step).or_else(|| self.open.step()) else { return };
        // The response of a model or a tool is new, whatever was sent before; the responses of other spans may repeat it.
        let is_leaf = matches!(self.steps[step].kind, StepKind::Call | StepKind::Tool) && step + 1 == self.steps.len();
        let failures = failures_of(span);
        if let Some(id) = self.steps[step].call_id.as_ref().filter(|_| failures.is_empty()) {
            let words: Vec<String> =
                open.sent.iter().flat_map(|message| &message.parts).filter_map(Part::words).collect();
            open.within.insert(self.seen.add_result(id, &words.join("\n")));
        }
        // A step of a framework may hand on the messages that it was given.
        let passes_on = open.step.is_some() && self.steps[step].kind == StepKind::Other;
        for mut message in std::mem::take(&mut open.sent) {
            self.calls.name_results(&mut message, &self.spans.list, span.end.unwrap_or(Timestamp::MAX));
            let keys = keys_of(std::slice::from_ref(&message));
            let is_passed_on = passes_on && message.role != Role::Output && keys.is_subset(&open.received);
            let is_repeated = || is_passed_on || self.seen.is_repeated(&message, &open.within, &open.received);
            let is_new = is_leaf || !is_repeated();
            if is_new && !is_leaf && !self.is_full {
                // Where one of several tools failed, the results of the others are shown with their tools.
                let is_shown = |result: &ToolResultPart| {
                    open.within.contains(&identity::result_key(result.id.as_deref(), &result.words()))
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
            let is_shown = self.steps.iter().rev().take(NEARBY_STEPS).any(|step| shows(step, handled));
            self.steps[step].shows_failure = is_shown;
        }
        self.open.take_over(open, failures);
    }

    /// The messages of a request that are new, and where repeated ones were left out.
    fn new_messages(&mut self, span: usize, messages: Vec<Message>) -> (Vec<Message>, Vec<RepeatedMessages>) {
        let until = self.spans.list.get(span).map_or(Timestamp::MAX, |span| span.start);
        let was_received = |key: PartHash| self.open.received(key) || self.record.contains(&key);
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
            self.calls.name_results(&mut message, &self.spans.list, until);
            if message.speaker.is_none() && message.addressee.is_some() {
                message.speaker = self.speakers.opener(&message);
            }
            self.seen.add_received(&message);
            received.push(message);
        }
        (received, gaps)
    }

    /// The parameters of a request to a model, where they differ from those of the request before.
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

    /// Whether the span around an agent's span is one of the same agent.
    fn is_same_agent(&self, name: &str, span: &Span) -> bool {
        let Some(above) = self.open.last().map(|open| &self.spans.list[open.span]) else { return false };
        let speaker = self.open.step().and_then(|step| self.steps[step].speaker.as_deref());
        let is_same = || speaker == Some(name) || reading::is_nameless_within(name, span, above);
        reading::is_agent(above) && is_same()
    }
}

/// The failures of a span, each once: some instrumentations record an exception twice.
fn failures_of(span: &Span) -> Vec<StepFailure> {
    let mut found: Vec<StepFailure> = Vec::new();
    for (exception, _) in span.exceptions() {
        let is_logging = exception.is_of_mlflow();
        if exception.purpose().is_some() {
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

/// The number of steps back in which the result that holds a failure is searched: it comes right before.
const NEARBY_STEPS: usize = 50;

/// Whether a tool result of a step holds the text of a failure.
fn shows(step: &Step, failure: &str) -> bool {
    let parts = step.received.iter().chain(&step.sent).flat_map(|message| &message.parts);
    let mut results = parts.filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.words()),
        Part::Text(text) => Some(text.clone()),
        Part::Data { value, .. } => value.as_string(),
        _ => None,
    });
    results.any(|words| failure.contains(&words) && !words.is_empty())
}

/// Marks the plain text that a model or an agent returns as its answer.
fn answer_of(kind: StepKind, message: Message) -> Message {
    // Where a model failed, AG2 logs which one in place of its answer (`log_chat_completion`).
    let is_answer = |part: &Part| matches!(part, Part::Text(text) if !text.starts_with("error_code:"));
    let is_text = message.role == Role::Output && message.parts.iter().all(is_answer);
    if is_text && matches!(kind, StepKind::Call | StepKind::Agent) {
        Message { role: Role::Assistant, ..message }
    } else {
        message
    }
}
