//! Rows of `mltrace sessions`, and the turns of one session.

use super::conversation::{StepJson, Steps, step_csv_columns};
use super::json::TraceJson;
use super::trace::state_role;
use crate::analysis::conversation::Conversation;
use crate::analysis::sessions::Session;
use crate::error::Result;
use crate::model::{Cost, Timestamp, TokenUsage, Trace, TraceInfo, short_trace_ids};
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::{Block, Cell, Column, Document, Heading, Item, RenderOptions, Row, StyledText, TextRole, View};
use crate::reading::{recorded_answer, recorded_question};
use serde::Serialize;
use std::borrow::Cow;

/// Row of the session list.
#[derive(Clone, Debug)]
pub struct SessionRow(pub Session);

/// A session: the traces of one conversation. Figures are those that MLflow recorded for the selected traces.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SessionJson<'a> {
    /// Id of the session.
    session_id: &'a str,
    /// True if no client named the session. Its traces belong together according to their messages, and its id is that
    /// of the first trace.
    derived: bool,
    /// The users of its traces.
    user_ids: &'a [String],
    /// Names of the experiments that contain its traces.
    experiments: &'a [String],
    /// Number of traces.
    trace_count: u64,
    /// Number of traces in state ERROR.
    error_count: u64,
    /// Number of traces in state IN_PROGRESS.
    in_progress_count: u64,
    /// Start of the first trace.
    first_trace_time: Timestamp,
    /// Start of the last trace.
    last_trace_time: Timestamp,
    /// Time from the start of the first trace to the last end of any, in milliseconds; null if no duration is known.
    duration_ms: Option<i64>,
    /// Sum of the durations of its traces in milliseconds; null if none is known.
    execution_duration_ms: Option<i64>,
    /// Sum of the tokens that MLflow recorded; null if none were recorded.
    token_usage: Option<&'a TokenUsage>,
    /// Sum of the costs that MLflow recorded, in US dollars; null if none were recorded.
    cost: Option<Cost>,
}

impl<'a> From<&'a Session> for SessionJson<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            session_id: &session.id,
            derived: session.is_derived,
            user_ids: &session.users,
            experiments: &session.experiments,
            trace_count: session.traces,
            error_count: session.errors,
            in_progress_count: session.in_progress,
            first_trace_time: session.first,
            last_trace_time: session.last,
            duration_ms: session.duration_ns().map(|nanos| nanos / 1_000_000),
            execution_duration_ms: session.execution_duration_ms,
            token_usage: session.token_usage.as_ref(),
            cost: session.cost.cost(),
        }
    }
}

fn count(number: u64) -> String {
    number::count(number.cast_signed())
}

fn duration_cell(millis: Option<i64>) -> Cell {
    millis.map_or_else(Cell::none, |millis| Cell::new(number::millis(millis), TextRole::Plain))
}

impl Row for SessionRow {
    const KEY: &'static str = "sessions";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("session_id", Heading::text("session").shrinks_to(12), |Self(session), _| {
            if session.is_derived {
                Cell::marked_trace_id(&session.id, "derived", TextRole::Name)
            } else {
                Cell::escaped(&session.id, TextRole::Name)
            }
        }),
        Column::data("derived"),
        Column::new("user_ids", Heading::text("user").shrinks_to(6).drops(4), |Self(session), _| {
            Cell::optional(Some(&session.users.join(", ")), TextRole::Plain)
        }),
        Column::data("experiments"),
        Column::new("trace_count", Heading::number("turns"), |Self(session), _| Cell::count(session.traces)),
        Column::new("error_count", Heading::number("errors"), |Self(session), _| Cell::errors(session.errors)),
        Column::new("in_progress_count", Heading::number("running").drops(3), |Self(session), _| {
            let running = session.in_progress;
            if running == 0 { Cell::none() } else { Cell::new(count(running), TextRole::Warn) }
        }),
        Column::new("first_trace_time", Heading::number("first").drops(7), |Self(session), options| {
            Cell::age(session.first, options)
        }),
        Column::new("last_trace_time", Heading::number("last").drops(1), |Self(session), options| {
            Cell::age(session.last, options)
        }),
        Column::new("duration_ms", Heading::number("wall time").drops(8), |Self(session), _| {
            duration_cell(session.duration_ns().map(|nanos| nanos / 1_000_000))
        }),
        Column::new("execution_duration_ms", Heading::number("busy").drops(5), |Self(session), _| {
            duration_cell(session.execution_duration_ms)
        }),
        Column::data("token_usage.input_tokens"),
        Column::data("token_usage.output_tokens"),
        Column::new("token_usage.total_tokens", Heading::number("tokens").drops(2), |Self(session), _| {
            Cell::tokens(session.token_usage.as_ref())
        }),
        Column::new("cost.total_cost", Heading::number("cost").drops(6), |Self(session), _| {
            Cell::cost(session.cost.cost().as_ref())
        }),
    ];

    fn json(&self) -> impl Serialize {
        SessionJson::from(&self.0)
    }

    fn id(&self) -> &str {
        &self.0.id
    }
}

/// Session and its traces, oldest first.
#[derive(Debug)]
pub struct SessionView {
    /// Totals of the session.
    pub session: Session,
    /// Traces, oldest first.
    pub traces: Vec<TraceInfo>,
    /// Traces with their conversations, if requested.
    pub conversations: Vec<(Trace, Conversation)>,
    /// Whether long messages are shown in full.
    pub is_full: bool,
}

/// A session and its traces, oldest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SessionDocument<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The session.
    session: SessionJson<'a>,
    /// The traces, with the tokens that MLflow recorded.
    traces: Vec<TraceJson<'a>>,
    /// The conversation of each trace; only with --conversation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conversations: Vec<SessionConversationJson<'a>>,
}

/// The conversation of one trace.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SessionConversationJson<'a> {
    /// Id of the trace.
    trace_id: &'a str,
    /// The steps, in the order in which they began.
    conversation: Vec<StepJson<'a>>,
}

impl View for SessionView {
    type Item = TraceInfo;

    fn json(&self) -> impl Serialize {
        let conversations = self.conversations.iter().map(|(trace, conversation)| SessionConversationJson {
            trace_id: &trace.info.trace_id,
            conversation: self.steps(trace, conversation).json().collect(),
        });
        let traces = self.traces.iter().map(TraceJson::from).collect();
        let session = SessionJson::from(&self.session);
        SessionDocument { schema: SCHEMA, session, traces, conversations: conversations.collect() }
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        write_heading(document, &self.session)?;
        let ids: Vec<&str> = self.conversations.iter().map(|(trace, _)| &*trace.info.trace_id).collect();
        let turns = (1..).zip(short_trace_ids(&ids));
        for (turn, (trace, conversation)) in turns.zip(&self.conversations) {
            self.write_turn(document, turn, trace, conversation)?;
        }
        if !self.conversations.is_empty() {
            return Ok(());
        }
        document.add(Block::Blank)?;
        let mut previous_end: Option<Timestamp> = None;
        let mut rows = Vec::with_capacity(self.traces.len());
        for (at, trace) in self.traces.iter().enumerate() {
            rows.push(turn_cells(&document.options, at + 1, trace, previous_end));
            // A trace in progress has no end.
            let nanos = trace.final_duration_ms().map(|millis| millis.saturating_mul(1_000_000));
            previous_end = nanos.map(|nanos| Timestamp(trace.request_time.0.saturating_add(nanos)));
        }
        document.add(Block::Table(&TURN_COLUMNS, rows))
    }

    fn items(&self) -> Vec<TraceInfo> {
        self.traces.clone()
    }
}

/// Session as one conversation, whose items are its steps.
#[derive(Debug)]
pub struct SessionConversation(pub SessionView);

impl View for SessionConversation {
    type Item = Item;

    fn json(&self) -> impl Serialize {
        self.0.json()
    }

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        self.0.text(document)
    }

    fn items(&self) -> Vec<Item> {
        let conversations = self.0.conversations.iter();
        conversations.flat_map(|(trace, conversation)| self.0.steps(trace, conversation).rows()).collect()
    }

    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        step_csv_columns()
    }
}

impl SessionView {
    const fn steps<'a>(&self, trace: &'a Trace, conversation: &'a Conversation) -> Steps<'a> {
        Steps { trace, conversation, is_full: self.is_full }
    }

    /// Writes a turn of the session: a line for its trace, then its conversation.
    fn write_turn(
        &self,
        document: &mut Document<'_>,
        (turn, id): (usize, &str),
        trace: &Trace,
        conversation: &Conversation,
    ) -> Result<()> {
        let info = &trace.info;
        let tokens = info.recorded_usage.as_ref().map(|usage| number::total_tokens(Some(usage)) + " tokens");
        let facts = [
            Some((TextRole::Heading, format!("turn {turn}"))),
            Some((state_role(&info.state), info.state.as_str().to_owned())),
            number::format_trace_duration(info).map(|duration| (TextRole::Plain, duration)),
            tokens.map(|tokens| (TextRole::Plain, tokens)),
            Some((TextRole::Id, id.to_owned())),
            Some((TextRole::Plain, info.request_time.date_time(document.options.zone))),
        ];
        let facts = facts.into_iter().flatten().map(|(role, fact)| StyledText::new(role, &fact)).collect();
        document.add(Block::Blank)?;
        document.add(Block::Facts(facts, "  "))?;
        if conversation.steps.is_empty() {
            let why = if trace.span_list().is_empty() { "(no spans stored)" } else { "(no new messages)" };
            return document.dim(why);
        }
        self.steps(trace, conversation).write(document)
    }
}

/// Writes the totals of the session.
fn write_heading(document: &mut Document<'_>, session: &Session) -> Result<()> {
    let options = document.options;
    let counted = |number: u64, noun: &str| format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" });
    let if_any = |number: u64, role, text: String| (number > 0).then(|| StyledText::new(role, &text));
    let facts = [
        Some(StyledText::new(TextRole::Name, &session.id)),
        Some(StyledText::plain(&counted(session.traces, "turn"))),
        if_any(session.errors, TextRole::Bad, counted(session.errors, "error")),
        if_any(session.in_progress, TextRole::Warn, format!("{} in progress", count(session.in_progress))),
        session.execution_duration_ms.map(|millis| StyledText::plain(&format!("busy {}", number::millis(millis)))),
        session.token_usage.as_ref().map(|usage| {
            let parts = format!(
                "{} in{}{} out",
                number::count_or_dash(usage.input_tokens),
                options.separator(),
                number::count_or_dash(usage.output_tokens)
            );
            let total = StyledText::new(TextRole::Figure, &number::total_tokens(Some(usage)));
            total.with(TextRole::Plain, &format!(" tokens ({parts})"))
        }),
        session.cost.cost().as_ref().and_then(number::cost).map(|cost| StyledText::plain(&cost)),
    ];
    document.add(Block::Facts(facts.into_iter().flatten().collect(), "  "))?;
    let facts = [
        Some(format!("experiment {}", session.experiments.join(", "))),
        Some(session.users.join(", ")).filter(|users| !users.is_empty()).map(|users| format!("user {users}")),
        Some(format!("since {}", options.time(session.first))),
        session.duration_ns().map(|nanos| format!("wall time {}", number::duration(nanos))),
    ];
    let facts = facts.into_iter().flatten().map(|fact| StyledText::new(TextRole::Dim, &fact)).collect();
    document.add(Block::Facts(facts, options.separator()))
}

const TURN_COLUMNS: [Heading<'static>; 10] = [
    Heading::number("turn"),
    Heading::text("trace"),
    Heading::text("time").drops(6),
    Heading::number("after").drops(5),
    Heading::text("state"),
    Heading::number("duration").drops(3),
    Heading::number("tokens").drops(2),
    Heading::number("cost").drops(4),
    Heading::text("request").shrinks_to(12),
    Heading::text("response").shrinks_to(12).drops(1),
];

/// Returns the cells of one trace of the session; `previous_end` = end of the trace before it.
fn turn_cells(options: &RenderOptions, number: usize, trace: &TraceInfo, previous_end: Option<Timestamp>) -> Vec<Cell> {
    let gap = previous_end.map(|end| number::duration(trace.request_time.0.saturating_sub(end.0)));
    vec![
        Cell::new(number.to_string(), TextRole::Dim),
        Cell::trace_id(&trace.trace_id),
        Cell::new(trace.request_time.date_time(options.zone), TextRole::Plain),
        gap.map_or_else(Cell::none, |gap| Cell::new(gap, TextRole::Dim)),
        super::trace::state_cell(trace),
        super::trace::duration_cell(trace),
        Cell::tokens(trace.recorded_usage.as_ref()),
        Cell::cost(trace.cost.as_ref()),
        Cell::optional(recorded_question(trace).as_deref(), TextRole::Plain),
        Cell::optional(recorded_answer(trace).as_deref(), TextRole::Plain),
    ]
}
