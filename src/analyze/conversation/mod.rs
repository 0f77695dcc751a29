//! A trace as a conversation: who said what to whom at which turn, and the work between.
//!
//! Every call of a model is sent the whole history again, and every agent repeats what its model said. Here each thing is
//! said once: where it was said first, or where somebody new hears it as the first message of its kind.

mod calls;
mod told;
mod witness;

use crate::message::{self, Message, Part, Role};
use crate::model::{Json, Payload, Span, SpanType, Timestamp, Trace, is_runtime_message};
use calls::Calls;
use std::collections::HashMap;
use told::{Told, result_key};
use witness::Witnesses;

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
    /// What was heard and not said before.
    pub heard: Vec<Message>,
    /// How many messages were heard that were said before.
    pub repeated: usize,
    /// What was said and not told by a step within.
    pub said: Vec<Message>,
    /// How a streamed answer came.
    pub streamed: Option<Streamed>,
    /// The call that this tool answers.
    pub call_id: Option<String>,
    /// Whether its exception is told by a step within.
    pub failed_within: bool,
    /// Whether the failure that left no error is told by an answer of a tool.
    pub tells_failure: bool,
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
        let mut teller = Teller {
            spans: &spans.list,
            tells_all: self.tells_all,
            told: std::mem::take(&mut self.told),
            witnesses: Witnesses::of(&spans.list),
            calls: Calls::default(),
            parameters: Vec::new(),
            open: Vec::new(),
            steps: Vec::new(),
            turns: 0,
        };
        let is_rootless = !spans.list.is_empty() && spans.nodes.iter().all(|node| node.depth > 0 || node.is_orphan);
        let previewed = |text: &Option<String>| {
            let text = text.as_ref().filter(|_| is_rootless)?;
            // Of JSON that was cut at 1,000 characters nobody can tell who says what.
            let plain = || (!text.starts_with(['{', '['])).then(|| Json::string(text));
            Json::from_strict(text).or_else(plain)
        };
        let asked = previewed(&trace.info.request_preview).map(|preview| message::request(&preview));
        let (heard, _) = teller.heard(asked.unwrap_or_default());
        for (at, node) in spans.nodes.iter().enumerate() {
            teller.close(node.depth);
            if shown.get(at).copied().unwrap_or(true) {
                teller.begin(at, node.depth);
            }
        }
        teller.close(0);
        let answered = previewed(&trace.info.response_preview).map(|preview| message::response(&preview));
        let is_new = |message: &Message| self.tells_all || !teller.told.knows(message);
        let said = answered.unwrap_or_default().into_iter().filter(is_new).collect();
        let record = is_rootless.then_some(Record { heard, said });
        self.told = teller.told;
        Conversation { steps: teller.steps, record }
    }
}

/// Walks the tree and remembers what was told.
struct Teller<'a> {
    spans: &'a [Span],
    tells_all: bool,
    told: Told,
    witnesses: Witnesses,
    /// The calls of tools that were told, by which their answers are known.
    calls: Calls,
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
    /// Exceptions told within.
    failures: Vec<String>,
}

impl Teller<'_> {
    fn begin(&mut self, at: usize, depth: usize) {
        let span = &self.spans[at];
        let kind = StepKind::of(&span.span_type);
        let payload = span.payload.as_ref();
        let stream = payload.and_then(|payload| message::streamed(&payload.events));
        let said = payload.and_then(Payload::outputs).map(message::response).unwrap_or_default();
        // Up to 2.22 a streamed call of a tool leaves an empty text.
        let said = if said.iter().all(|message| message.parts.is_empty()) {
            stream.as_ref().map(|stream| stream.messages.clone()).unwrap_or_default()
        } else {
            said
        };
        let said: Vec<Message> = said.into_iter().map(|message| answer_of(kind, message)).collect();
        let request = payload.and_then(Payload::inputs).map(message::request).unwrap_or_default();
        // What a tool is called with is told with it, whoever asked for the same before.
        let (heard, repeated) = if kind == StepKind::Tool { (request, 0) } else { self.heard(request) };
        let agent = (kind == StepKind::Agent).then(|| agent_name(span, &said));
        if !self.tells_all && agent.as_deref().is_some_and(|name| self.is_same_agent(name)) {
            // AutoGen's `run` and `on_messages` are one turn of the same agent.
            if let Some(step) = self.step_above() {
                self.steps[step].heard.extend(heard);
            }
            self.open.push(Open { span: at, depth, step: None, said, failures: Vec::new() });
            return;
        }
        if !self.tells_all && heard.is_empty() && is_runtime_message(&span.name) {
            // How AutoGen's runtime passed on what was said before.
            self.open.push(Open { span: at, depth, step: None, said: Vec::new(), failures: Vec::new() });
            return;
        }
        let is_turn = kind == StepKind::Agent
            || (kind == StepKind::Call && !self.is_within(StepKind::Agent) && !self.is_within(StepKind::Call));
        self.turns += usize::from(is_turn);
        let speaker = match kind {
            StepKind::Agent => agent,
            StepKind::Call if is_turn => payload.and_then(|payload| self.witnesses.speaker(payload, &said)),
            // Whoever asks the model speaks through it.
            StepKind::Call => self.step_above().and_then(|step| self.steps[step].speaker.clone()),
            StepKind::Tool | StepKind::Other => None,
        };
        let parameters = if kind == StepKind::Call { self.parameters(payload) } else { Vec::new() };
        let call_id = if kind == StepKind::Tool { self.calls.answered_by(span) } else { None };
        self.steps.push(Step {
            span: at,
            depth: self.open.iter().filter(|open| open.step.is_some()).count(),
            kind,
            turn: is_turn.then_some(self.turns),
            speaker,
            addressee: (kind == StepKind::Agent).then(|| asked_by(payload)).flatten(),
            parameters,
            heard,
            repeated,
            said: Vec::new(),
            streamed: stream.map(|stream| Streamed {
                chunks: stream.chunks,
                first_after_ns: stream.first.map(|Timestamp(first)| first.saturating_sub(span.start.0)),
            }),
            call_id,
            failed_within: false,
            tells_failure: false,
        });
        self.open.push(Open { span: at, depth, step: Some(self.steps.len() - 1), said, failures: Vec::new() });
    }

    /// Ends all spans at this depth of the tree and below.
    fn close(&mut self, depth: usize) {
        while let Some(open) = self.open.pop_if(|open| open.depth >= depth) {
            self.end(open);
        }
    }

    fn end(&mut self, open: Open) {
        let span = &self.spans[open.span];
        let Some(step) = open.step.or_else(|| self.step_above()) else { return };
        // What a call of a model or a tool says is new, whatever was said before; what others say may repeat it.
        let is_leaf = matches!(self.steps[step].kind, StepKind::Call | StepKind::Tool) && step + 1 == self.steps.len();
        for mut message in open.said {
            self.calls.name_results(&mut message);
            if self.tells_all || is_leaf || !self.told.knows(&message) {
                self.tell(&message);
                self.steps[step].said.push(message);
            }
        }
        let failure = span.failure();
        if let (Some(id), None) = (&self.steps[step].call_id, &failure) {
            self.told.add_key(result_key(id));
        }
        if let Some(failure) = &failure {
            self.steps[step].failed_within = open.failures.contains(failure);
        }
        if let Some(handled) = &span.handled_failure {
            let is_told = self.steps.iter().rev().take(50).any(|step| tells(step, handled));
            self.steps[step].tells_failure = is_told;
        }
        if let Some(above) = self.open.last_mut() {
            above.failures.extend(open.failures);
            above.failures.extend(failure);
        }
    }

    /// What is new of what was heard, and how much is not.
    fn heard(&mut self, messages: Vec<Message>) -> (Vec<Message>, usize) {
        let total = messages.len();
        let mut seen = HashMap::new();
        let mut heard = Vec::new();
        for mut message in messages {
            self.calls.name_results(&mut message);
            if message.speaker.is_none() && message.addressee.is_some() {
                message.speaker = self.witnesses.opener(&message);
            }
            let new = self.told.new_parts(&message, &mut seen);
            if !self.tells_all {
                message.parts = new;
            }
            if !message.parts.is_empty() {
                self.tell(&message);
                heard.push(message);
            }
        }
        let repeated = total - heard.len();
        (heard, repeated)
    }

    fn tell(&mut self, message: &Message) {
        self.told.add(message);
        self.calls.add(message);
    }

    /// What a model is asked beside the messages, where it differs from what the one before was asked.
    fn parameters(&mut self, payload: Option<&Payload>) -> Vec<(String, Json)> {
        let parameters = payload.and_then(Payload::inputs).map(message::parameters).unwrap_or_default();
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

    /// Whether an agent is the one within whose span its own is. A span that failed may tell no more than the method.
    fn is_same_agent(&self, name: &str) -> bool {
        let above = self.open.last().map(|open| &self.spans[open.span]);
        let speaker = self.step_above().and_then(|step| self.steps[step].speaker.as_deref());
        above.is_some_and(|span| span.span_type.as_str() == "AGENT")
            && (speaker == Some(name) || METHODS.contains(&stem(name)))
    }
}

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
    let is_text = message.role == Role::Output && message.parts.iter().all(|part| matches!(part, Part::Text(_)));
    if is_text && matches!(kind, StepKind::Call | StepKind::Agent) {
        Message { role: Role::Assistant, ..message }
    } else {
        message
    }
}

/// The methods of AutoGen's agents that MLflow records; in 3.1 their names alone name the spans.
const METHODS: [&str; 4] = ["run", "run_stream", "on_messages", "on_messages_stream"];

/// The name of a span without the number that MLflow put behind repeated ones up to 3.5 (`calculator_2`).
fn stem(name: &str) -> &str {
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    if digits == 0 { name } else { name[..name.len() - digits].strip_suffix('_').unwrap_or(name) }
}

/// The name of an agent: as it is recorded, else who sent the answer (AG2), else the span's without the method called.
fn agent_name(span: &Span, said: &[Message]) -> String {
    let recorded = span.payload.as_ref().and_then(|payload| payload.attribute("gen_ai.agent.name")?.as_string());
    if let Some(name) = recorded {
        return name;
    }
    let name = span.name.as_str();
    let bare = name.strip_prefix("invoke_agent ").or_else(|| name.strip_prefix("agent.")).unwrap_or(name);
    let bare = match bare.rsplit_once('.') {
        Some((agent, method)) if METHODS.contains(&stem(method)) => agent,
        _ => bare,
    };
    match said.iter().filter_map(|message| message.speaker.as_deref()).next_back() {
        Some(speaker) if METHODS.contains(&stem(bare)) || speaker == stem(bare) => speaker.to_owned(),
        _ => bare.to_owned(),
    }
}

/// Who asked an agent: the sender of the message (AG2).
fn asked_by(payload: Option<&Payload>) -> Option<String> {
    payload?.inputs()?.member("sender")?.as_string()
}
