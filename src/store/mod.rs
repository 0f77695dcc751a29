//! Trace stores. A store may return more traces than the query selects, never fewer; [`select`] drops the rest. A new
//! store needs one folder that implements [`TraceStore`], an [`Address`], and one line in [`open`].

pub mod aggregates;
mod artifact;
mod document;
mod file;
mod http;
mod parallel;
mod projection;
mod rows;
mod spans;
mod sqlite;
mod summary;
mod thread_limit;
mod uri;

pub use crate::formats::SpanDetail;
pub use http::{Secret, ServerSettings, without_credentials};
pub use projection::{Projection, RecordPart, SpanSubset};
pub use summary::{PERCENTILES, Summaries, Summary, SummaryGrouping};
pub use uri::{Address, StoreEnvironment, resolve};

use crate::error::Result;
use crate::model::{Experiment, Problem, StoreInfo, Totals, Trace, TraceInfo, keys};
use crate::query::{AssessmentTest, Clause, Filter, Label, ValueTest};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

/// The key that traces are sorted by; ties are broken by trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Start time.
    Time,
    /// Duration.
    Duration,
    /// End time: start plus duration. An unknown duration counts as 0.
    End,
    /// Recorded total token count.
    Tokens,
    /// Recorded total cost.
    Cost,
    /// State.
    State,
    /// Trace id.
    TraceId,
    /// Experiment id.
    Experiment,
    /// A tag (the recorded name is one) or a metadata entry.
    Label(Label),
}

impl SortKey {
    /// Returns the key for the recorded name.
    #[must_use]
    pub fn name() -> Self {
        Self::Label(Label::Tag(keys::NAME.to_owned()))
    }
}

/// A sort order of traces. Unknown values sort last in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The sort key.
    pub key: SortKey,
    /// Whether the greatest value comes first.
    pub is_descending: bool,
}

impl Order {
    /// Newest first.
    pub const NEWEST: Self = Self { key: SortKey::Time, is_descending: true };

    /// Earliest end first: a trace repeats the history of traces that ended before it started.
    pub const FIRST_ENDED: Self = Self { key: SortKey::End, is_descending: false };

    /// Compares two values in this order.
    #[must_use]
    pub fn compare(&self, a: &SortValue, b: &SortValue) -> Ordering {
        a.compare(b, self.is_descending)
    }
}

/// The value of a trace's sort key.
#[derive(Clone, Debug)]
pub enum SortValue {
    /// Not known.
    Unknown,
    /// A time, duration, count or cost.
    Number(f64),
    /// A name, state or id.
    Text(String),
}

impl SortValue {
    /// Returns the sort value of a trace record.
    #[must_use]
    pub fn from_info(info: &TraceInfo, key: &SortKey) -> Self {
        let number = |value: Option<f64>| value.map_or(Self::Unknown, Self::Number);
        let start = info.request_time.millis();
        match key {
            SortKey::Time => Self::Number(start as f64),
            SortKey::Duration => number(info.execution_duration_ms.map(|millis| millis as f64)),
            SortKey::End => Self::Number(start.saturating_add(info.execution_duration_ms.unwrap_or(0)) as f64),
            SortKey::Tokens => {
                number(info.recorded_usage.as_ref().and_then(|usage| usage.total_tokens).map(|tokens| tokens as f64))
            }
            SortKey::Cost => number(info.cost.and_then(|cost| cost.total_cost)),
            SortKey::State => Self::Text(info.state.as_str().to_owned()),
            SortKey::TraceId => Self::Text(info.trace_id.clone()),
            // Experiment ids are numeric in databases and in file stores (long ones there).
            SortKey::Experiment => info.experiment_id.parse().map_or(Self::Unknown, Self::Number),
            SortKey::Label(label) => label.value(info).map_or(Self::Unknown, |text| Self::Text(text.into_owned())),
        }
    }

    /// Compares two values. Unknown values sort last in both directions.
    pub(crate) fn compare(&self, other: &Self, is_descending: bool) -> Ordering {
        let known = |value: &Self| !matches!(value, Self::Unknown);
        let order = match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            _ => return known(other).cmp(&known(self)),
        };
        if is_descending { order.reverse() } else { order }
    }
}

/// How much of the result of a query the caller reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPlan {
    /// How many traces the caller is likely to read, for the size of pages; `None` if all.
    pub expected: Option<usize>,
    /// Whether to count all matching traces, if that is cheap.
    pub counts_matches: bool,
}

impl ReadPlan {
    /// All traces.
    pub const ALL: Self = Self { expected: None, counts_matches: false };

    /// Probably only the first traces, `expected` of them.
    #[must_use]
    pub const fn first(expected: usize) -> Self {
        Self { expected: Some(expected), counts_matches: false }
    }
}

/// A query: which traces to load, in which order, and which parts of them.
#[derive(Clone, Debug)]
pub struct Query {
    /// The experiments to search.
    pub experiments: Vec<Experiment>,
    /// The conditions that traces must match.
    pub filter: Filter,
    /// The sort order.
    pub order: Order,
    /// What to load of each trace.
    pub projection: Projection,
    /// How much of the result the caller reads.
    pub plan: ReadPlan,
    /// If known, the ids of the only traces that can match a condition on an assessment.
    pub candidates: Option<Vec<String>>,
}

impl Query {
    /// Selects the records of all traces of some experiments, newest first.
    #[must_use]
    pub fn newest(experiments: Vec<Experiment>) -> Self {
        Self {
            experiments,
            filter: Filter::default(),
            order: Order::NEWEST,
            projection: Projection::RECORDS,
            plan: ReadPlan::ALL,
            candidates: None,
        }
    }

    /// Returns the names of the experiments by id.
    fn experiment_names(&self) -> HashMap<&str, &str> {
        self.experiments.iter().map(|experiment| (&*experiment.experiment_id, &*experiment.name)).collect()
    }
}

/// Receives traces from a store as they are read.
pub trait Sink {
    /// Receives a trace. `Break` ends the search.
    ///
    /// # Errors
    /// An error of the receiver, which ends the search.
    fn trace(&mut self, trace: Trace) -> Result<ControlFlow<()>>;
    /// Receives a problem: something that could not be read.
    fn problem(&mut self, problem: Problem);
}

/// Which trace to load.
#[derive(Clone, Debug)]
pub enum TraceKey {
    /// The one with this exact id.
    Id(String),
    /// The one with this record, which the store has returned. A store that requests records does not request it again.
    Record(Box<TraceInfo>),
}

impl TraceKey {
    /// Returns the trace id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Record(info) => &info.trace_id,
        }
    }
}

/// Diagnostic emitted when a store is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Information, shown by default.
    Note(String),
    /// A warning, shown by default.
    Warning(String),
    /// A detail, shown with `-v`.
    Detail(String),
}

/// A source of traces.
pub trait TraceStore {
    /// Returns the store's name for messages.
    fn name(&self) -> &str;

    /// Returns diagnostics about how the store is read.
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// Returns all experiments sorted by id, including deleted ones.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>>;

    /// Sends traces to the sink in the order of the query: all that match, possibly others too. Returns the number of
    /// matching traces if the query asks for it and counting is cheap.
    ///
    /// # Errors
    /// When the store cannot be read, or the sink fails.
    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>>;

    /// Returns the traces whose id starts with one of the prefixes, in all experiments, at most `limit` per prefix.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn with_id_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>>;

    /// Loads a trace; without spans if `detail` is `None`.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>>;

    /// Whether the store is on this machine, so that reading more of it is cheap.
    fn is_local(&self) -> bool {
        true
    }

    /// Loads the spans of traces whose records were returned before. Traces deleted since are left out.
    ///
    /// # Errors
    /// When the store cannot be read, or the sink fails.
    fn load_spans(&self, infos: Vec<TraceInfo>, detail: SpanDetail, sink: &mut dyn Sink) -> Result<()> {
        for info in infos {
            if let Some(trace) = self.trace(&TraceKey::Id(info.trace_id), Some(detail))?
                && sink.trace(trace)?.is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// Returns the bytes of an attachment (MLflow 3.11+).
    ///
    /// # Errors
    /// When the attachment cannot be found or read.
    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>>;

    /// Returns facts about the store itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn describe(&self) -> Result<StoreInfo>;

    /// Returns the aggregates that the store computes itself. Without them, searches answer the same questions.
    fn aggregates(&self) -> Option<&dyn Aggregates> {
        None
    }
}

/// Answers about many traces that a store finds faster than by returning their records. [`aggregates`] has the functions
/// for callers, which work with every store.
pub trait Aggregates {
    /// Returns the totals of each experiment that has traces, by experiment id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>>;

    /// Whether the store has no traces.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_empty(&self) -> Result<bool>;

    /// Returns summaries of the matching traces; `None` if it is faster to read their records.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn summaries(&self, _query: &Query, _grouping: SummaryGrouping) -> Result<Option<Summaries>> {
        Ok(None)
    }

    /// Returns the traces with an assessment that matches a condition; `None` if the store cannot find them so.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn assessed_traces(&self, _experiments: &[Experiment], _test: &AssessmentTest) -> Result<Option<AssessedTraces>> {
        Ok(None)
    }
}

/// Opens the store at an address.
///
/// # Errors
/// When the store does not exist or cannot be read.
pub fn open(address: &Address, env: &StoreEnvironment) -> Result<Box<dyn TraceStore>> {
    Ok(match address {
        Address::Sqlite(path) => Box::new(sqlite::SqliteStore::open(path, env)?),
        Address::Files(path) => Box::new(file::FileStore::open(path, env)?),
        Address::Server(uri) => Box::new(http::HttpStore::open(uri, &env.server)?),
        Address::Documents(path) => Box::new(document::DocumentStore::open(path)?),
        Address::Stdin => Box::new(document::DocumentStore::stdin()?),
        Address::Demo => Box::new(sqlite::SqliteStore::demo()?),
    })
}

/// Runs a query and calls `on_trace` with exactly the traces that match. Returns the number of matching traces if the
/// query asks for it and counting is cheap.
///
/// # Errors
/// When the store cannot be read, or `on_trace` fails.
pub fn select(
    store: &dyn TraceStore,
    query: &Query,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<Option<usize>> {
    let query = &*resolve_sessions(store, query, problems)?;
    let mut sink = FilteringSink { filter: &query.filter, problems, undecided: Vec::new(), on_trace };
    let matched = store.search(query, &mut sink)?;
    let undecided = sink.undecided;
    if let [first, ..] = undecided.as_slice() {
        let count = undecided.len();
        let which =
            if count == 1 { format!("trace {first} was") } else { format!("{count} traces (including {first}) were") };
        let message = format!("{which} not selected: the filter needs spans that cannot be read");
        problems.push(Problem::new("skipped_undecided", message));
    }
    problems.extend(query.filter.incomplete_searches().into_iter().map(|gap| Problem::new("skipped_text", gap)));
    Ok(matched)
}

/// Loads the spans of traces that were selected before.
///
/// # Errors
/// When the store cannot be read, or `on_trace` fails.
pub fn load_spans(
    store: &dyn TraceStore,
    infos: Vec<TraceInfo>,
    detail: SpanDetail,
    problems: &mut Vec<Problem>,
    on_trace: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<()> {
    store.load_spans(
        infos,
        detail,
        &mut FilteringSink { filter: &Filter::default(), problems, undecided: Vec::new(), on_trace },
    )
}

/// Drops traces that do not match the filter.
struct FilteringSink<'a> {
    filter: &'a Filter,
    problems: &'a mut Vec<Problem>,
    /// Ids of traces whose spans are needed by the filter but cannot be read.
    undecided: Vec<String>,
    on_trace: &'a mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
}

impl Sink for FilteringSink<'_> {
    fn trace(&mut self, trace: Trace) -> Result<ControlFlow<()>> {
        if self.filter.matches(&trace) {
            return (self.on_trace)(trace);
        }
        let is_lost = trace.spans.as_ref().is_some_and(|spans| spans.problems.iter().any(Problem::is_loss));
        // A record that was not written by an MLflow client has no spans that could be lost.
        let has_spans = trace.info.span_count.is_some() || trace.info.metadata.get(keys::SCHEMA_VERSION).is_some();
        if is_lost && has_spans && self.filter.matches_info(&trace.info) {
            self.undecided.push(trace.info.trace_id);
        }
        Ok(if self.filter.is_exhausted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// The traces with an assessment that matches a condition.
#[derive(Clone, Debug)]
pub struct AssessedTraces {
    /// Their ids; `None` if they are many.
    pub all: Option<Vec<String>>,
    /// The ids of those whose assessment applies to the whole session.
    pub session_scoped: Vec<String>,
}

/// Adds to each assessment condition the sessions with a matching session-level assessment, unless they were added
/// before. Such an assessment applies to every trace of the session if the trace that carries it is in one of the
/// experiments (MLflow 3.18 `sqlalchemy_store.py`, `_get_session_scoped_trace_ids`).
///
/// # Errors
/// When the store cannot be read.
pub fn resolve_sessions<'a>(
    store: &dyn TraceStore,
    query: &'a Query,
    problems: &mut Vec<Problem>,
) -> Result<Cow<'a, Query>> {
    let mut query = Cow::Borrowed(query);
    for at in 0..query.filter.clauses.len() {
        let Clause::Assessment(test) = &query.filter.clauses[at] else { continue };
        if test.sessions.is_some() {
            continue;
        }
        let is_presence = test.value != ValueTest::Missing;
        let test = AssessmentTest { is_session_level: true, sessions: Some(BTreeSet::new()), ..test.present() };
        let (candidates, session_scoped) = match aggregates::assessed_traces(store, &query.experiments, &test)? {
            Some(AssessedTraces { all, session_scoped }) => (all.filter(|_| is_presence), Some(session_scoped)),
            None => (None, None),
        };
        let filter = Filter { clauses: vec![Clause::Assessment(test)] };
        let carriers = Query { filter, candidates: session_scoped, ..Query::newest(query.experiments.clone()) };
        let sessions = find_sessions(store, &carriers, problems)?;
        let query = query.to_mut();
        if sessions.is_empty() && query.candidates.is_none() {
            query.candidates = candidates;
        }
        if let Clause::Assessment(test) = &mut query.filter.clauses[at] {
            test.sessions = Some(sessions);
        }
    }
    Ok(query)
}

/// Returns the ids of the sessions of the traces that match.
fn find_sessions(store: &dyn TraceStore, query: &Query, problems: &mut Vec<Problem>) -> Result<BTreeSet<String>> {
    let mut sessions = BTreeSet::new();
    let mut on_trace = |trace: Trace| {
        sessions.extend(trace.info.session_id().map(str::to_owned));
        Ok(ControlFlow::Continue(()))
    };
    let mut sink = FilteringSink { filter: &query.filter, problems, undecided: Vec::new(), on_trace: &mut on_trace };
    store.search(query, &mut sink)?;
    Ok(sessions)
}

/// Returns the error for an attachment whose file cannot be found or read.
fn missing_attachment(id: &str, problem: &Problem) -> crate::error::Error {
    let error = crate::error::Error::new(crate::error::ErrorCode::NotFound, format!("no attachment `{id}`"));
    match &problem.path {
        Some(path) => error.because(format!("{}: `{path}`", problem.message)),
        None => error.because(&problem.message),
    }
}

#[cfg(test)]
mod tests;
