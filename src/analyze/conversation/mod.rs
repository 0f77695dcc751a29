//! A trace as a conversation: who said what to whom at which turn, and the work between.
//!
//! Every call of a model is sent the whole history again, and every agent repeats what its model said. Here each thing is
//! said once: where it was said first, or where somebody new hears it as the first message of its kind.

mod told;

use crate::frameworks;
use crate::message::{Message, Part, Role};
use crate::model::{Json, Payload, Span, SpanType, Spans, Timestamp, Trace, is_runtime_message, keys};
use crate::reading::identity::Key;
use crate::reading::{self, AgentSource, Agents, CallIndex, Reading, Speakers, messages};
use std::collections::{HashMap, HashSet};
use told::{Told, keys_of};

/// A trace as a conversation.
#[derive(Debug)]
pub struct Conversation {
    /// What happened, in the order in which it began.
    pub steps: Vec<Step>,
    /// What the trace's record tells in place of a root that is not stored.
    pub record: Option<Record>,
}

/// What went into and came out of a trace as its record has it, where its root is not stored and the steps do not tell it.
#[derive(Debug)]
pub struct Record {
    /// What was asked.
    pub heard: Vec<Message>,
    /// What was answered.
    pub said: Vec<Message>,
}

/// A span with what was heard and said in it.
#[derive(Debug)]
pub struct Step {
    /// Its place in the trace's list of spans.
    pub span: usize,
    /// How many steps it is within.
    pub depth: usize,
    /// What it is.
    pub kind: StepKind,
    /// Its number, where it is somebody's turn to speak.
    pub turn: Option<usize>,
    /// Who speaks.
    pub speaker: Option<String>,
    /// To whom.
    pub addressee: Option<String>,
    /// What a model was asked beside the messages.
    pub parameters: Vec<(String, Json)>,
    /// What was heard and not told before.
    pub heard: Vec<Message>,
    /// Where in between messages were heard that were told before.
    pub gaps: Vec<Gap>,
    /// What was said and not told by a step within.
    pub said: Vec<Message>,
    /// How a streamed answer came.
    pub streamed: Option<Streamed>,
    /// The call that this tool answers.
    pub call_id: Option<String>,
    /// What failed and is not told by a step within.
    pub failures: Vec<Failure>,
    /// Whether the failure that left no error is told by an answer of a tool.
    pub tells_failure: bool,
}

/// Messages that were told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The place among those that are told before which they stand.
    pub at: usize,
    /// How many they are.
    pub count: usize,
}

/// A failure of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Type and message.
    pub text: String,
    /// Whether MLflow's own logging failed, and not what was logged.
    pub is_logging: bool,
}

impl Step {
    /// How many messages were heard that were told before.
    #[must_use]
    pub fn repeated(&self) -> usize {
        self.gaps.iter().map(|gap| gap.count).sum()
    }
}

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Somebody with a name.
    Agent,
    /// A call of a model.
    Call,
    /// A tool at work.
    Tool,
    /// Anything else.
    Other,
}

impl StepKind {
    fn of(span_type: &SpanType) -> Self {
        match span_type.as_str() {
            "AGENT" => Self::Agent,
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

/// How a streamed answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// In how many pieces.
    pub chunks: usize,
    /// Nanoseconds from the start of the call to the first piece that says something.
    pub first_after_ns: Option<i64>,
}

/// Reads a trace as a conversation. `tells_all` = also what was said before; `shown` = which spans are steps.
///
/// The spans need their payload.
#[must_use]
pub fn of_trace(trace: &Trace, tells_all: bool, shown: &[bool]) -> Conversation {
    Listener::new(tells_all).hear(trace, shown)
}

/// Reads one trace after another, and tells nothing again of what was said in those before.
#[derive(Debug)]
pub struct Listener {
    tells_all: bool,
    told: Told,
}

impl Listener {
    /// One who has heard nothing. `tells_all` = also what was said before.
    #[must_use]
    pub fn new(tells_all: bool) -> Self {
        Self { tells_all, told: Told::default() }
    }

    /// Reads a trace, whose spans need their payload; `shown` = which of them are steps.
    pub fn hear(&mut self, trace: &Trace, shown: &[bool]) -> Conversation {
        let Some(spans) = &trace.spans else { return Conversation { steps: Vec::new(), record: None } };
        let reading = Reading::of(trace);
        let mut teller = Teller {
            spans,
            tells_all: self.tells_all,
            told: std::mem::take(&mut self.told),
            agents: Agents::of(spans, &reading.usage),
            speakers: Speakers::default(),
            record: HashSet::new(),
            calls: CallIndex::new(&reading.tool_calls),
            parameters: Vec::new(),
            open: Vec::new(),
            steps: Vec::new(),
            turns: 0,
        };
        let is_rootless = !spans.list.is_empty() && spans.nodes.iter().all(|node| node.depth > 0 || node.is_orphan);
        if is_rootless || spans.list.iter().any(is_sent_to_somebody) {
            teller.speakers = Speakers::of(&spans.list);
        }
        let previewed = |preview: &Option<String>, key: &str| {
            let text = preview.as_deref().or_else(|| trace.info.metadata.get(key));
            text.filter(|_| is_rootless).and_then(structured_preview)
        };
        let asked = previewed(&trace.info.request_preview, keys::INPUTS).map(|preview| frameworks::request(&preview));
        let asked = asked.unwrap_or_default();
        let of_record = keys_of(&asked);
        let (heard, _) = teller.heard(0, asked);
        teller.record = of_record;
        let whole = shown.contains(&false).then(|| Self::new(self.tells_all).hear(trace, &[]));
        for (at, node) in spans.nodes.iter().enumerate() {
            teller.close(node.depth);
            if shown.get(at).copied().unwrap_or(true) {
                teller.begin(at, node.depth);
            }
        }
        teller.close(0);
        let answered =
            previewed(&trace.info.response_preview, keys::OUTPUTS).map(|preview| frameworks::response(&preview));
        let is_new = |message: &Message| self.tells_all || !teller.told.has_said(message);
        let said = answered.unwrap_or_default().into_iter().filter(is_new).collect();
        let record = is_rootless.then_some(Record { heard, said });
        if let Some(whole) = whole {
            number_as_in(&whole, &mut teller.steps);
        }
        self.told = teller.told;
        Conversation { steps: teller.steps, record }
    }
}

/// Whether a span opens a chat, of which only later messages tell who did (AG2).
fn is_sent_to_somebody(span: &Span) -> bool {
    let inputs = span.payload.as_ref().and_then(Payload::inputs);
    inputs.is_some_and(|inputs| inputs.member("recipient").is_some())
}

/// What a preview holds. Of JSON that was cut at 1,000 characters nobody can tell who says what.
fn structured_preview(text: &str) -> Option<Json> {
    let plain = || (!text.starts_with(['{', '['])).then(|| Json::string(text));
    Json::from_strict(text).or_else(plain)
}

/// A turn keeps the number that it has in the whole trace, whatever is shown beside it.
fn number_as_in(whole: &Conversation, steps: &mut [Step]) {
    let turns: HashMap<usize, usize> = whole.steps.iter().filter_map(|step| Some((step.span, step.turn?))).collect();
    for step in steps.iter_mut().filter(|step| step.turn.is_some()) {
        step.turn = turns.get(&step.span).copied().or(step.turn);
    }
}

/// Walks the tree and remembers what was told.
struct Teller<'a> {
    spans: &'a Spans,
    tells_all: bool,
    told: Told,
    agents: Agents,
    speakers: Speakers,
    /// What the record tells that was heard.
    record: HashSet<Key>,
    /// The tool calls, by which results are known.
    calls: CallIndex<'a>,
    /// What the model was last asked beside the messages.
    parameters: Vec<(String, Json)>,
    open: Vec<Open>,
    steps: Vec<Step>,
    turns: usize,
}

/// A span whose end was not reached.
struct Open {
    span: usize,
    depth: usize,
    /// Its step; none where it is part of the step above it.
    step: Option<usize>,
    said: Vec<Message>,
    /// All that was heard.
    heard: HashSet<Key>,
    /// What was heard and said within.
    within: HashSet<Key>,
    /// Failures told within.
    failures: Vec<Failure>,
}

impl Teller<'_> {
    fn begin(&mut self, at: usize, depth: usize) {
        let span = &self.spans.list[at];
        let kind = StepKind::of(&span.span_type);
        let (said, stream) = messages::response(span).unwrap_or_default();
        let said: Vec<Message> = said.into_iter().map(|message| answer_of(kind, message)).collect();
        let request = messages::request(span);
        let (request, parameters) = request.map(|read| (read.messages, read.parameters)).unwrap_or_default();
        let above = self.step_above().and_then(|step| self.steps[step].speaker.clone());
        // Whoever asks the model speaks through it: the agent around, or one that only messages tell.
        let own = self.agents.find(at).filter(|_| kind == StepKind::Call);
        let speaks = own.filter(|(_, source)| *source != AgentSource::Span || above.is_none());
        let is_other =
            speaks.is_some_and(|(name, _)| above.as_deref() != Some(name)) && !self.is_within(StepKind::Call);
        let is_turn = kind == StepKind::Agent
            || (kind == StepKind::Call
                && !self.is_within(StepKind::Call)
                && (is_other || !self.is_within(StepKind::Agent)));
        let caller = own.map(|(name, _)| name.to_owned());
        let all = keys_of(&request);
        // What a tool is called with is told with it, whoever asked for the same before.
        let (heard, gaps) = if kind == StepKind::Tool { (request, Vec::new()) } else { self.heard(at, request) };
        let agent = (kind == StepKind::Agent).then(|| reading::name_of(span, &said));
        let mut open =
            Open { span: at, depth, step: None, said, heard: all, within: HashSet::new(), failures: Vec::new() };
        if !self.tells_all && agent.as_deref().is_some_and(|name| self.is_same_agent(name, span)) {
            // AutoGen's `run` and `on_messages` are one turn of the same agent.
            if let Some(step) = self.step_above() {
                let heard_so_far = &mut self.steps[step].heard;
                for message in heard {
                    if !heard_so_far.contains(&message) {
                        heard_so_far.push(message);
                    }
                }
            }
            self.open.push(open);
            return;
        }
        let passes_on = heard.is_empty() && span.failure().is_none() && is_runtime_message(&span.name);
        if !self.tells_all && passes_on {
            // How AutoGen's runtime passed on what was said before.
            self.open.push(open);
            return;
        }
        self.turns += usize::from(is_turn);
        let parameters = self.parameters(kind, parameters);
        let call = self.calls.run_by(at).filter(|_| kind == StepKind::Tool);
        let call_id = call.and_then(|call| self.calls.list()[call].id.clone());
        self.steps.push(Step {
            span: at,
            depth: self.open.iter().filter(|open| open.step.is_some()).count(),
            kind,
            turn: is_turn.then_some(self.turns),
            speaker: agent.or(caller),
            addressee: (kind == StepKind::Agent).then(|| reading::asked_by(span.payload.as_ref())).flatten(),
            parameters,
            heard,
            gaps,
            said: Vec::new(),
            streamed: stream.map(|stream| Streamed {
                chunks: stream.chunks,
                first_after_ns: stream.first.map(|Timestamp(first)| first.saturating_sub(span.start.0)),
            }),
            call_id,
            failures: Vec::new(),
            tells_failure: false,
        });
        open.step = Some(self.steps.len() - 1);
        self.open.push(open);
    }

    /// Ends all spans at this depth of the tree and below.
    fn close(&mut self, depth: usize) {
        while let Some(open) = self.open.pop_if(|open| open.depth >= depth) {
            self.end(open);
        }
    }

    fn end(&mut self, mut open: Open) {
        let span = &self.spans.list[open.span];
        let Some(step) = open.step.or_else(|| self.step_above()) else { return };
        // What a call of a model or a tool says is new, whatever was said before; what others say may repeat it.
        let is_leaf = matches!(self.steps[step].kind, StepKind::Call | StepKind::Tool) && step + 1 == self.steps.len();
        let failures = failures_of(span);
        if let Some(id) = self.steps[step].call_id.as_ref().filter(|_| failures.is_empty()) {
            let words: Vec<String> =
                open.said.iter().flat_map(|message| &message.parts).filter_map(Part::words).collect();
            open.within.insert(self.told.give(id, &words.join("\n")));
        }
        for mut message in std::mem::take(&mut open.said) {
            self.calls.name_results(&mut message, &self.spans.list, span.end.unwrap_or(Timestamp::MAX));
            let is_new = is_leaf || !self.told.knows(&message, &open.within, &open.heard);
            open.within.extend(keys_of(std::slice::from_ref(&message)));
            if self.tells_all || is_new {
                self.told.say(&message);
                self.steps[step].said.push(message);
            }
        }
        let new = failures.iter().filter(|failure| !open.failures.contains(failure));
        self.steps[step].failures.extend(new.cloned());
        if let Some(handled) = &span.handled_failure {
            let is_told = self.steps.iter().rev().take(NEAR).any(|step| tells(step, handled));
            self.steps[step].tells_failure = is_told;
        }
        if let Some(above) = self.open.last_mut() {
            above.failures.extend(open.failures);
            above.failures.extend(failures);
            above.within.extend(open.within);
            above.within.extend(open.heard);
        }
    }

    /// What is new of what was heard, and where in between something is not.
    fn heard(&mut self, span: usize, messages: Vec<Message>) -> (Vec<Message>, Vec<Gap>) {
        let until = self.spans.list.get(span).map_or(Timestamp::MAX, |span| span.start);
        let above: Vec<&HashSet<Key>> = self.open.iter().map(|open| &open.heard).chain([&self.record]).collect();
        let last = messages.iter().rposition(|message| !message.role.is_instruction());
        let mut seen = HashMap::new();
        let mut heard: Vec<Message> = Vec::new();
        let mut gaps: Vec<Gap> = Vec::new();
        for (at, mut message) in messages.into_iter().enumerate() {
            let is_known = self.told.knows_of_list(&message, Some(at) == last, &above, &mut seen);
            if is_known && !self.tells_all {
                match gaps.last_mut().filter(|gap| gap.at == heard.len()) {
                    Some(gap) => gap.count += 1,
                    None => gaps.push(Gap { at: heard.len(), count: 1 }),
                }
                continue;
            }
            self.calls.name_results(&mut message, &self.spans.list, until);
            if message.speaker.is_none() && message.addressee.is_some() {
                message.speaker = self.speakers.opener(&message);
            }
            self.told.hear(&message);
            heard.push(message);
        }
        (heard, gaps)
    }

    /// What a model is asked beside the messages, where it differs from what the one before was asked.
    fn parameters(&mut self, kind: StepKind, parameters: Vec<(String, Json)>) -> Vec<(String, Json)> {
        if kind != StepKind::Call {
            return parameters;
        }
        if !self.tells_all && parameters == self.parameters {
            return Vec::new();
        }
        self.parameters.clone_from(&parameters);
        parameters
    }

    fn is_within(&self, kind: StepKind) -> bool {
        self.open.iter().filter_map(|open| open.step).any(|step| self.steps[step].kind == kind)
    }

    /// The innermost step that has not ended.
    fn step_above(&self) -> Option<usize> {
        self.open.iter().rev().find_map(|open| open.step)
    }

    /// Whether an agent is the one right within whose span its own is.
    fn is_same_agent(&self, name: &str, span: &Span) -> bool {
        let Some(above) = self.open.last().map(|open| &self.spans.list[open.span]) else { return false };
        let speaker = self.step_above().and_then(|step| self.steps[step].speaker.as_deref());
        let is_same = || speaker == Some(name) || reading::is_nameless_within(name, span, above);
        above.span_type.as_str() == "AGENT" && is_same()
    }
}

/// What a span tells of failures, each once: some instrumentations record an exception twice.
fn failures_of(span: &Span) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    for (exception, _) in span.exceptions() {
        let is_logging = exception.is_of_mlflow();
        let text = exception.to_string();
        let text = if is_logging { exception.message.unwrap_or(text) } else { text };
        let failure = Failure { text, is_logging };
        if !found.contains(&failure) {
            found.push(failure);
        }
    }
    if found.is_empty() {
        found.extend(span.failure().map(|text| Failure { text, is_logging: false }));
    }
    found
}

/// So many steps back the answer that tells a failure is looked for: it is told right before, and long traces stay fast.
const NEAR: usize = 50;

/// Whether an answer of a tool in a step tells a failure.
fn tells(step: &Step, failure: &str) -> bool {
    let parts = step.heard.iter().chain(&step.said).flat_map(|message| &message.parts);
    let mut results = parts.filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.words()),
        Part::Text(text) => Some(text.clone()),
        _ => None,
    });
    results.any(|words| failure.contains(&words) && !words.is_empty())
}

/// What a model or an agent gives back as plain text is its answer.
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
