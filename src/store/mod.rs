//! Where traces are. A store reads; it decides nothing: it may hand out more than was asked for, never less, and
//! [`select`] drops what is not meant. A new store is one file that implements [`TraceStore`] and one line in [`open`].

mod artifact;
mod document;
mod file;
mod http;
mod parallel;
mod room;
mod rows;
mod spans;
mod sqlite;
mod summary;
mod uri;

pub use http::{Secret, ServerSettings, without_credentials};
pub use summary::{PERCENTS, Summaries, Summary, SummaryGrouping};
pub use uri::{Address, StoreEnvironment, resolve};

use crate::error::Result;
use crate::model::{Experiment, Problem, StoreInfo, Totals, Trace, TraceInfo, keys};
use crate::query::{AssessmentTest, Clause, Filter, Label};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;

/// How much of each trace is wanted; reading less is faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Projection {
    /// The record only.
    Info,
    /// And of the spans what they cost: tokens, model and cost of each call.
    Calls,
    /// And the spans as a tree shows them.
    Tree,
    /// And each exception that they recorded.
    Exceptions,
    /// And all that the spans carry.
    Full,
}

impl Projection {
    /// What the conditions of a filter need of the spans as they are shown.
    fn of_filter(filter: &Filter) -> Self {
        if filter.grep().is_some() {
            Self::Full
        } else if filter.needs_spans() {
            Self::Tree
        } else {
            Self::Info
        }
    }

    /// What its conditions on rows need of spans that are none.
    fn of_rows(filter: &Filter) -> Self {
        if filter.needs_content() || filter.needs_attributes() {
            Self::Full
        } else if filter.needs_rows() {
            Self::Tree
        } else {
            Self::Info
        }
    }
}

/// The key that traces are sorted by; ties are broken by trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Start.
    Time,
    /// Duration.
    Duration,
    /// End: the start and the duration, which counts as 0 where it is not known.
    End,
    /// Recorded total of tokens.
    Tokens,
    /// Recorded total cost.
    Cost,
    /// State.
    State,
    /// The trace id.
    TraceId,
    /// The experiment's id.
    Experiment,
    /// A tag, the recorded name among them, or an entry of the metadata.
    Label(Label),
}

impl SortKey {
    /// The recorded name.
    #[must_use]
    pub fn name() -> Self {
        Self::Label(Label::Tag(keys::NAME.to_owned()))
    }
}

/// An order of traces. Unknown values come last either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub key: SortKey,
    /// Greatest first.
    pub is_descending: bool,
}

impl Order {
    /// Newest first.
    pub const NEWEST: Self = Self { key: SortKey::Time, is_descending: true };

    /// First ended first: the history that a trace repeats comes from traces that ended before it began.
    pub const FIRST_ENDED: Self = Self { key: SortKey::End, is_descending: false };

    /// The order of two values.
    #[must_use]
    pub fn compare(&self, a: &SortValue, b: &SortValue) -> Ordering {
        a.compare(b, self.is_descending)
    }
}

/// What a trace is sorted by.
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
    /// The value of a trace.
    #[must_use]
    pub fn of(info: &TraceInfo, key: &SortKey) -> Self {
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
            // Ids of databases are numbers, those of file stores too, though long ones.
            SortKey::Experiment => info.experiment_id.parse().map_or(Self::Unknown, Self::Number),
            SortKey::Label(label) => label.value(info).map_or(Self::Unknown, |text| Self::Text(text.into_owned())),
        }
    }

    /// The order of two values; unknown ones come last either way.
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

/// Which traces, in which order, and how much of them.
#[derive(Clone, Debug)]
pub struct Query {
    /// The experiments to look in.
    pub experiments: Vec<Experiment>,
    /// What has to hold.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// How many are likely to be taken; only a hint for the size of pages.
    pub expected: Option<usize>,
    /// How much of each.
    pub need: Projection,
    /// Whether only spans of the types in the filter are looked at, so that others need not be read whole.
    pub only_types: bool,
    /// Whether only spans that say they failed are looked at, so that others need not be read whole.
    pub only_errors: bool,
    /// Whether only figures of records are looked at, and these labels, so that records need not be read whole: name, state,
    /// times, tokens and cost. They may come in any order then, though always in the same.
    pub only_figures: Option<Vec<Label>>,
    /// Whether it is wanted to know how many traces are meant in all, where that is cheap to tell.
    pub counts: bool,
}

impl Query {
    /// The records of all traces of some experiments, newest first.
    #[must_use]
    pub fn newest(experiments: Vec<Experiment>) -> Self {
        Self {
            experiments,
            filter: Filter::default(),
            order: Order::NEWEST,
            expected: None,
            need: Projection::Info,
            only_types: false,
            only_errors: false,
            only_figures: None,
            counts: false,
        }
    }
}

/// Takes traces from a store as they come.
pub trait Sink {
    /// One trace; breaking ends the search.
    ///
    /// # Errors
    /// Whatever the taker could not do with it; ends the search.
    fn trace(&mut self, trace: Trace) -> Result<ControlFlow<()>>;
    /// Something that could not be read.
    fn problem(&mut self, problem: Problem);
}

/// What a reader should know of how a store is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Good to know.
    Note(String),
    /// Better not ignored.
    Warning(String),
    /// Of interest to those who ask for it.
    Detail(String),
}

/// A place where traces are kept.
pub trait TraceStore {
    /// What to call it in messages.
    fn name(&self) -> &str;

    /// What the reader should know of how the store is read.
    fn notices(&self) -> Vec<Notice> {
        Vec::new()
    }

    /// All experiments, deleted ones too, by id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>>;

    /// Figures of each experiment that has traces, by experiment id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>>;

    /// Hands out traces in the order asked for: all that are meant, possibly others too. Gives how many are meant in all,
    /// where the query asks for it and that is cheap to tell.
    ///
    /// # Errors
    /// When the store cannot be read, or the sink fails.
    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>>;

    /// Ids that begin in one of these ways, of all experiments, at most `limit` of each.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn ids_with_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<String>>;

    /// One trace by its exact id.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>>;

    /// Whether it is on this machine, so that looking at more of it costs little.
    fn is_local(&self) -> bool {
        true
    }

    /// Of so many traces the spans may be read although records would nearly do.
    fn few_traces(&self) -> usize {
        1_000
    }

    /// Figures of the selected traces, where the store can tell them without handing out records, and that is of use.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn summaries(&self, _query: &Query, _division: SummaryGrouping) -> Result<Option<Summaries>> {
        Ok(None)
    }

    /// Traces whose records were handed out before, now with their spans. Those that are gone are left out.
    ///
    /// # Errors
    /// When the store cannot be read, or the sink fails.
    fn complete(&self, infos: Vec<TraceInfo>, need: Projection, sink: &mut dyn Sink) -> Result<()> {
        for info in infos {
            if let Some(trace) = self.trace(&info.trace_id, need)?
                && sink.trace(trace)?.is_break()
            {
                break;
            }
        }
        Ok(())
    }

    /// The bytes of an attachment (MLflow 3.11 on).
    ///
    /// # Errors
    /// When it cannot be found or read.
    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>>;

    /// What it says of itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn describe(&self) -> Result<StoreInfo>;

    /// Whether there is any trace at all.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_empty(&self) -> Result<bool>;
}

/// Opens the store at an address.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn open(address: &Address, around: &StoreEnvironment) -> Result<Box<dyn TraceStore>> {
    Ok(match address {
        Address::Sqlite(path) => Box::new(sqlite::SqliteStore::open(path, around)?),
        Address::Files(path) => Box::new(file::FileStore::open(path, around)?),
        Address::Server(uri) => Box::new(http::HttpStore::open(uri, &around.server)?),
        Address::Documents(path) => Box::new(document::DocumentStore::open(path)?),
        Address::Stdin => Box::new(document::DocumentStore::stdin()?),
        Address::Demo => Box::new(sqlite::SqliteStore::demo()?),
    })
}

/// Runs a query and hands on exactly the traces that are meant. Gives how many these are in all, where that was wanted and
/// is cheap to tell.
///
/// # Errors
/// When the store cannot be read, or the taker fails.
pub fn select(
    store: &dyn TraceStore,
    query: &Query,
    problems: &mut Vec<Problem>,
    take: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<Option<usize>> {
    let query = &*with_sessions(store, query, problems)?;
    let mut exact = FilteringSink { filter: &query.filter, problems, undecided: Vec::new(), take };
    let matched = store.search(query, &mut exact)?;
    let undecided = exact.undecided;
    if let [first, ..] = undecided.as_slice() {
        let count = undecided.len();
        let which =
            if count == 1 { format!("trace {first} was") } else { format!("{count} traces, {first} among them, were") };
        let message =
            format!("{which} not selected: conditions on spans cannot be decided, since these cannot be read");
        problems.push(Problem::new("skipped_undecided", message));
    }
    problems.extend(query.filter.gaps().into_iter().map(|gap| Problem::new("skipped_text", gap)));
    Ok(matched)
}

/// Hands on traces that were selected before, with their spans.
///
/// # Errors
/// When the store cannot be read, or the taker fails.
pub fn complete(
    store: &dyn TraceStore,
    infos: Vec<TraceInfo>,
    need: Projection,
    problems: &mut Vec<Problem>,
    take: &mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
) -> Result<()> {
    store.complete(
        infos,
        need,
        &mut FilteringSink { filter: &Filter::default(), problems, undecided: Vec::new(), take },
    )
}

/// Takes what a store hands out, and hands on what is meant.
struct FilteringSink<'a> {
    filter: &'a Filter,
    problems: &'a mut Vec<Problem>,
    /// Traces whose spans cannot be read, though conditions ask for them.
    undecided: Vec<String>,
    take: &'a mut dyn FnMut(Trace) -> Result<ControlFlow<()>>,
}

impl Sink for FilteringSink<'_> {
    fn trace(&mut self, trace: Trace) -> Result<ControlFlow<()>> {
        if self.filter.matches(&trace) {
            return (self.take)(trace);
        }
        let is_lost = trace.spans.as_ref().is_some_and(|spans| spans.problems.iter().any(Problem::is_loss));
        // A record that no client of MLflow made has no spans that could be lost.
        let has_spans = trace.info.span_count.is_some() || trace.info.metadata.get(keys::SCHEMA_VERSION).is_some();
        if is_lost && has_spans && self.filter.matches_info(&trace.info) {
            self.undecided.push(trace.info.trace_id);
        }
        Ok(if self.filter.is_spent() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// The query with the sessions that an assessment was made of as a whole: it counts for each of their traces, as long as
/// the trace that carries it is in one of the experiments (MLflow 3.18 `sqlalchemy_store.py`, `_get_session_scoped_trace_ids`).
fn with_sessions<'a>(store: &dyn TraceStore, query: &'a Query, problems: &mut Vec<Problem>) -> Result<Cow<'a, Query>> {
    let mut query = Cow::Borrowed(query);
    for at in 0..query.filter.clauses.len() {
        let Clause::Assessment(test) = &query.filter.clauses[at] else { continue };
        let test = AssessmentTest { of_session: true, ..test.present() };
        let filter = Filter { clauses: vec![Clause::Assessment(test.clone())] };
        let carriers = Query { filter: filter.clone(), ..Query::newest(query.experiments.clone()) };
        let mut sessions = BTreeSet::new();
        let mut take = |trace: Trace| {
            sessions.extend(trace.info.session_id().map(str::to_owned));
            Ok(ControlFlow::Continue(()))
        };
        let mut exact = FilteringSink { filter: &filter, problems, undecided: Vec::new(), take: &mut take };
        store.search(&carriers, &mut exact)?;
        if let Clause::Assessment(test) = &mut query.to_mut().filter.clauses[at] {
            test.sessions = sessions;
        }
    }
    Ok(query)
}

/// An attachment that is not where its trace keeps such files.
fn attachment_missing(id: &str, problem: &Problem) -> crate::error::Error {
    let error = crate::error::Error::new(crate::error::ErrorCode::NotFound, format!("no attachment `{id}`"));
    match &problem.path {
        Some(path) => error.because(format!("{}: `{path}`", problem.message)),
        None => error.because(&problem.message),
    }
}

#[cfg(test)]
mod tests;
