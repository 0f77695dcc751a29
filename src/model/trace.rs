//! Traces: the record of a trace, its spans, and its experiment.

use super::{Assessment, Cost, Labels, Node, SearchableSpan, Span, Timestamp, TokenUsage, short_trace_id};
use crate::json::Json;
use std::borrow::Cow;

/// Tag and metadata keys that MLflow defines (`tracing/constant.py`).
pub mod keys {
    /// Tag: the trace name; a column since 3.17.
    pub const NAME: &str = "mlflow.traceName";
    /// Tag: the location of the artifacts.
    pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
    /// Tag: the location of the spans (3.6 on).
    pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
    /// Value of [`SPANS_LOCATION`]: rows of the database.
    pub const IN_TRACKING_STORE: &str = "TRACKING_STORE";
    /// Value of [`SPANS_LOCATION`]: archived (3.13 on).
    pub const IN_ARCHIVE: &str = "ARCHIVE_REPO";
    /// Tag: the folder with the `traces.pb` of an archived trace (3.13 on).
    pub const ARCHIVE_LOCATION: &str = "mlflow.trace.archiveLocation";
    /// Metadata: the session id; a column since 3.17.
    pub const SESSION: &str = "mlflow.trace.session";
    /// Metadata: the user id.
    pub const USER: &str = "mlflow.trace.user";
    /// Metadata: the active run.
    pub const RUN: &str = "mlflow.sourceRun";
    /// Metadata: the logged model.
    pub const MODEL: &str = "mlflow.modelId";
    /// Metadata: inputs of the root span, truncated to 250 characters.
    pub const INPUTS: &str = "mlflow.traceInputs";
    /// Metadata: outputs of the root span, truncated to 250 characters.
    pub const OUTPUTS: &str = "mlflow.traceOutputs";
    /// Metadata: total tokens; columns since 3.17.
    pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
    /// Metadata: total cost (3.10 on); columns since 3.17.
    pub const COST: &str = "mlflow.trace.cost";
    /// Tag: the prompts used, `[{"name", "version"}]` (`tracing/constant.py`, `TraceTagKey.LINKED_PROMPTS`).
    pub const LINKED_PROMPTS: &str = "mlflow.linkedPrompts";
    /// Metadata: the version of the trace schema, which every MLflow client records.
    pub const SCHEMA_VERSION: &str = "mlflow.trace_schema.version";
    /// Metadata: sizes, including the number of spans (3.1 on).
    pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";
}

/// The state of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceState {
    /// Succeeded.
    Ok,
    /// The root span failed.
    Error,
    /// Running, or killed while running.
    InProgress,
    /// Not set.
    Unspecified,
    /// An unknown state.
    Other(String),
}

impl TraceState {
    /// Parses the names of MLflow 2 and 3.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "OK" => Self::Ok,
            "ERROR" => Self::Error,
            "IN_PROGRESS" => Self::InProgress,
            "STATE_UNSPECIFIED" | "TRACE_STATUS_UNSPECIFIED" | "" => Self::Unspecified,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// MLflow 3's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::InProgress => "IN_PROGRESS",
            Self::Unspecified => "STATE_UNSPECIFIED",
            Self::Other(text) => text,
        }
    }
}

/// The record of a trace, without its spans.
#[derive(Clone, Debug)]
pub struct TraceInfo {
    /// `tr-` and 32 hex digits since 3.2, 32 hex digits before, or an id chosen by the client.
    pub trace_id: String,
    /// The request id set by the client.
    pub client_request_id: Option<String>,
    /// The experiment id.
    pub experiment_id: String,
    /// The experiment name, if known.
    pub experiment_name: Option<String>,
    /// The recorded trace name.
    pub name: Option<String>,
    /// The name of the root span, looked up if no trace name was recorded.
    pub root_name: Option<String>,
    /// The state.
    pub state: TraceState,
    /// The start time.
    pub request_time: Timestamp,
    /// The duration in milliseconds.
    pub execution_duration_ms: Option<i64>,
    /// The recorded number of spans, else the number of stored spans.
    pub span_count: Option<u64>,
    /// The total tokens that MLflow recorded.
    pub recorded_usage: Option<TokenUsage>,
    /// The total cost that MLflow recorded; a recorded 0 becomes `None`.
    pub cost: Option<Cost>,
    /// The request, truncated to 1,000 characters by MLflow (3.2 on).
    pub request_preview: Option<String>,
    /// The response, truncated to 1,000 characters by MLflow (3.2 on).
    pub response_preview: Option<String>,
    /// Mutable tags.
    pub tags: Labels,
    /// Immutable metadata.
    pub metadata: Labels,
    /// Assessments of the trace and its spans.
    pub assessments: Vec<Assessment>,
    /// Runs that the trace was linked to later (3.3 on); looked up only if a condition needs them.
    pub linked_runs: Vec<String>,
    /// Prompt versions used, as `name/version` (3.7 on); databases are queried for them only if a condition needs them.
    pub linked_prompts: Vec<String>,
    /// The session id from the root span, if the record has none and spans were read.
    pub session_from_spans: Option<String>,
    /// The user id from the root span, if the record has none and spans were read.
    pub user_from_spans: Option<String>,
}

impl TraceInfo {
    /// Returns a record with all other fields unset.
    #[must_use]
    pub fn new(trace_id: String, experiment_id: String, state: TraceState, request_time: Timestamp) -> Self {
        Self {
            trace_id,
            client_request_id: None,
            experiment_id,
            experiment_name: None,
            name: None,
            root_name: None,
            state,
            request_time,
            execution_duration_ms: None,
            span_count: None,
            recorded_usage: None,
            cost: None,
            request_preview: None,
            response_preview: None,
            tags: Labels::default(),
            metadata: Labels::default(),
            assessments: Vec::new(),
            linked_runs: Vec::new(),
            linked_prompts: Vec::new(),
            session_from_spans: None,
            user_from_spans: None,
        }
    }

    /// Returns the recorded name, else the name of the root span.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.root_name.as_deref())
    }

    /// Returns the recorded duration in milliseconds; `None` for a trace in progress, whose record covers only the spans
    /// received so far.
    #[must_use]
    pub fn final_duration_ms(&self) -> Option<i64> {
        self.execution_duration_ms.filter(|_| self.state != TraceState::InProgress)
    }

    /// Returns a prefix of the id that is usually unique, as [`short_trace_id`] does. Ids that start with the time, in
    /// seconds (AWS X-Ray) or milliseconds (UUID version 7, Logfire), keep twice as many digits, because all traces of
    /// an hour share the first ones.
    #[must_use]
    pub fn short_id(&self) -> &str {
        const DAY_MILLIS: i64 = 86_400_000;
        const MORE_DIGITS: usize = 8;
        let short = short_trace_id(&self.trace_id);
        let digits = self.trace_id.strip_prefix("tr-").unwrap_or(&self.trace_id);
        let is_time = |length: usize, millis: i64| {
            let time = digits.get(..length).and_then(|digits| i64::from_str_radix(digits, 16).ok());
            time.is_some_and(|time| (time.saturating_mul(millis) - self.request_time.millis()).abs() < DAY_MILLIS)
        };
        let more = if is_time(8, 1_000) || is_time(12, 1) { MORE_DIGITS } else { 0 };
        self.trace_id.get(..short.len() + more).unwrap_or(short)
    }

    /// Returns the recorded session id.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.metadata.get(keys::SESSION)
    }

    /// Returns the recorded user id.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.metadata.get(keys::USER)
    }

    /// Returns the run that was active.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.metadata.get(keys::RUN)
    }

    /// Returns the logged model.
    #[must_use]
    pub fn model_id(&self) -> Option<&str> {
        self.metadata.get(keys::MODEL)
    }

    /// Whether its tags place its spans in the database.
    #[must_use]
    pub fn has_spans_in_database(&self) -> bool {
        self.tags.get(keys::SPANS_LOCATION) == Some(keys::IN_TRACKING_STORE)
    }

    /// Whether its tags place its spans in an archive.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.tags.get(keys::SPANS_LOCATION) == Some(keys::IN_ARCHIVE)
    }

    /// Fills the fields that MLflow stores in tags and metadata. `parse` parses JSON that may be truncated.
    pub fn derive_fields(&mut self, parse: impl Fn(&str) -> Option<Json>) {
        if self.name.is_none() {
            self.name = self.tags.get(keys::NAME).map(str::to_owned);
        }
        if self.recorded_usage.is_none() {
            self.recorded_usage = self
                .metadata
                .get(keys::TOKEN_USAGE)
                .and_then(|text| TokenUsage::from_json(&parse(text)?))
                .filter(|usage| !usage.is_empty());
        }
        if self.cost.is_none() {
            self.cost = self.metadata.get(keys::COST).and_then(|text| Cost::from_json(&parse(text)?));
        }
        // MLflow records 0 for models without a known price (3.10 on), and a record does not name the models.
        self.cost = self.cost.filter(|cost| cost.total_cost != Some(0.0));
        if let Some(prompts) = self.tags.get(keys::LINKED_PROMPTS).and_then(|text| parse(text)?.items()) {
            let id = |prompt: &Json| {
                Some(format!("{}/{}", prompt.member("name")?.display(), prompt.member("version")?.display()))
            };
            self.linked_prompts.extend(prompts.iter().filter_map(id));
        }
        if self.span_count.is_none() {
            self.span_count = self
                .metadata
                .get(keys::SIZE_STATS)
                .and_then(|text| u64::try_from(parse(text)?.member("num_spans")?.as_i64()?).ok());
        }
    }
}

/// An experiment, which groups traces.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// A number of up to 18 digits.
    pub experiment_id: String,
    /// Unique within its workspace.
    pub name: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
    /// The workspace (3.10 on).
    pub workspace: Option<String>,
    /// The root URI of its artifacts.
    pub artifact_location: Option<String>,
    /// The creation time.
    pub creation_time: Option<Timestamp>,
    /// The time of the last change.
    pub last_update_time: Option<Timestamp>,
    /// The tags.
    pub tags: Labels,
}

impl Experiment {
    /// Whether it is not deleted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.lifecycle_stage != "deleted"
    }
}

/// Totals over the traces of an experiment.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// The number of traces.
    pub traces: u64,
    /// The number of traces whose state is ERROR.
    pub errors: u64,
    /// The start time of the newest trace.
    pub last_trace_time: Option<Timestamp>,
    /// The sum of the recorded tokens.
    pub token_usage: Option<TokenUsage>,
}

impl Totals {
    /// Adds a trace.
    pub fn add_trace(&mut self, info: &TraceInfo) {
        self.traces += 1;
        self.errors += u64::from(info.state == TraceState::Error);
        self.last_trace_time = self.last_trace_time.max(Some(info.request_time));
        if let Some(usage) = &info.recorded_usage {
            self.add_usage(usage);
        }
    }

    /// Adds the totals of other traces.
    pub fn add(&mut self, other: &Self) {
        self.traces += other.traces;
        self.errors += other.errors;
        self.last_trace_time = self.last_trace_time.max(other.last_trace_time);
        if let Some(usage) = &other.token_usage {
            self.add_usage(usage);
        }
    }

    /// Adds the recorded tokens of a trace.
    pub fn add_usage(&mut self, usage: &TokenUsage) {
        if !usage.is_empty() {
            self.token_usage.get_or_insert_default().add(usage);
        }
    }
}

/// The source of spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpansSource {
    /// Rows of the `spans` table.
    Database,
    /// `traces.json`.
    Artifact,
    /// `traces.pb` of an archived trace.
    Archive,
    /// Rows whose archived content is unavailable: names and times only.
    Skeleton,
    /// A tracking server.
    Server,
    /// Trace documents: OTLP, `trace.json`.
    File,
    /// No source.
    None,
}

impl SpansSource {
    /// Parses the name in JSON output.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Database, Self::Artifact, Self::Archive, Self::Skeleton, Self::Server, Self::File, Self::None];
        all.into_iter().find(|source| source.as_str() == text)
    }

    /// The name in JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Artifact => "artifact",
            Self::Archive => "archive",
            Self::Skeleton => "skeleton",
            Self::Server => "server",
            Self::File => "file",
            Self::None => "none",
        }
    }
}

/// A problem found while reading a trace or store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// A code for programs: `spans_missing`, `damaged_span` …
    pub kind: Cow<'static, str>,
    /// The message for people.
    pub message: String,
    /// The affected file, if any.
    pub path: Option<String>,
    /// The affected trace, unless the problem is listed with its trace.
    pub trace_id: Option<String>,
}

impl Problem {
    /// Returns a problem without a file or a trace.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), path: None, trace_id: None }
    }

    /// Whether recorded data is not shown because of it.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        ["damaged_", "unreadable_", "missing_", "unserved_", "cut_", "skipped_"]
            .iter()
            .any(|kind| self.kind.starts_with(kind))
    }

    /// Sets the affected trace.
    #[must_use]
    pub fn for_trace(mut self, trace_id: impl Into<String>) -> Self {
        self.trace_id = Some(trace_id.into());
        self
    }

    /// Sets the affected file.
    #[must_use]
    pub fn at_path(mut self, path: &std::path::Path) -> Self {
        self.path = Some(path.display().to_string());
        self
    }
}

/// A file of a trace that is outside its store, although the store has a file with the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideFile {
    /// The file that is read, outside the store.
    pub read: String,
    /// The file with the same name in the store.
    pub in_store: String,
}

/// A file of a trace that is not at the recorded location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFile {
    /// The recorded location.
    pub recorded: String,
    /// The actual location.
    pub found: String,
}

/// The spans of a trace.
#[derive(Clone, Debug)]
pub struct Spans {
    /// The spans in tree order, parents before children.
    pub list: Vec<Span>,
    /// The tree node of each span, in the same order.
    pub nodes: Vec<Node>,
    /// Where the spans were read from.
    pub source: SpansSource,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The file that they were read from, if it is not at the recorded location.
    pub moved: Option<MovedFile>,
    /// The file that they were read from, if it is outside the store and the store has another one.
    pub outside: Option<OutsideFile>,
}

/// A trace: its record, and its spans if requested.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The record.
    pub info: TraceInfo,
    /// The spans, if requested.
    pub spans: Option<Spans>,
    /// The span rows for MLflow's search, if a condition needs them and the store has not evaluated it.
    pub rows: Option<Vec<SearchableSpan>>,
}

impl Trace {
    /// Returns a trace without spans.
    #[must_use]
    pub const fn without_spans(info: TraceInfo) -> Self {
        Self { info, spans: None, rows: None }
    }

    /// Returns the spans in tree order; empty if they were not requested.
    #[must_use]
    pub fn span_list(&self) -> &[Span] {
        self.spans.as_ref().map_or(&[], |spans| &spans.list)
    }

    /// Whether recorded spans are unavailable, so that sums over the others are too small.
    #[must_use]
    pub fn lacks_spans(&self) -> bool {
        let Some(spans) = &self.spans else { return true };
        let fewer = self.info.span_count.is_some_and(|count| (spans.list.len() as u64) < count);
        let damaged =
            spans.problems.iter().any(|problem| problem.kind.starts_with("damaged_") || problem.kind == "cut_file");
        fewer || damaged || matches!(spans.source, SpansSource::None | SpansSource::Skeleton)
    }

    /// Whether the trace is incomplete: spans, tags, metadata or assessments are unavailable, a parent span is missing,
    /// or it is still running.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let orphans = self.spans.iter().flat_map(|spans| &spans.nodes).any(|node| node.is_orphan);
        let mut problems = self.spans.iter().flat_map(|spans| &spans.problems);
        let is_unread = problems.any(|problem| problem.kind.starts_with("unreadable_"));
        self.lacks_spans() || orphans || is_unread || self.info.state == TraceState::InProgress
    }
}
