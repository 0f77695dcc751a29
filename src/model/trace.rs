//! A trace's own record, the spans that belong to it, and the experiment it lies in.

use super::{Assessment, Cost, Json, Labels, Node, SearchableSpan, Span, Timestamp, TokenUsage, short_trace_id};
use std::borrow::Cow;

/// Keys of tags and metadata that mean something (MLflow `tracing/constant.py`).
pub mod keys {
    /// Tag: the trace's name; a column since 3.17.
    pub const NAME: &str = "mlflow.traceName";
    /// Tag: where the artifacts of the trace are.
    pub const ARTIFACT_LOCATION: &str = "mlflow.artifactLocation";
    /// Tag: where the spans are (3.6 on).
    pub const SPANS_LOCATION: &str = "mlflow.trace.spansLocation";
    /// Value of that tag: they are rows of the database.
    pub const IN_ROWS: &str = "TRACKING_STORE";
    /// Value of that tag: they were archived (3.13 on).
    pub const IN_ARCHIVE: &str = "ARCHIVE_REPO";
    /// Tag: the folder of an archived trace's `traces.pb` (3.13 on).
    pub const ARCHIVE_LOCATION: &str = "mlflow.trace.archiveLocation";
    /// Metadata: session; a column since 3.17.
    pub const SESSION: &str = "mlflow.trace.session";
    /// Metadata: user.
    pub const USER: &str = "mlflow.trace.user";
    /// Metadata: the run that was active.
    pub const RUN: &str = "mlflow.sourceRun";
    /// Metadata: the logged model.
    pub const MODEL: &str = "mlflow.modelId";
    /// Metadata: inputs of the root, cut to 250 characters.
    pub const INPUTS: &str = "mlflow.traceInputs";
    /// Metadata: outputs of the root, cut likewise.
    pub const OUTPUTS: &str = "mlflow.traceOutputs";
    /// Metadata: total tokens; columns since 3.17.
    pub const TOKEN_USAGE: &str = "mlflow.trace.tokenUsage";
    /// Metadata: total cost (3.10 on); columns since 3.17.
    pub const COST: &str = "mlflow.trace.cost";
    /// Tag: prompts that were used, `[{"name", "version"}]` (`tracing/constant.py`, `TraceTagKey.LINKED_PROMPTS`).
    pub const LINKED_PROMPTS: &str = "mlflow.linkedPrompts";
    /// Metadata: the form of the trace's data, which every client of MLflow records.
    pub const SCHEMA_VERSION: &str = "mlflow.trace_schema.version";
    /// Metadata: sizes, among them the number of spans (3.1 on).
    pub const SIZE_STATS: &str = "mlflow.trace.sizeStats";
}

/// How a trace ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceState {
    /// It worked.
    Ok,
    /// Its root failed.
    Error,
    /// It is running, or was killed.
    InProgress,
    /// Nothing was said.
    Unspecified,
    /// A word this program does not know.
    Other(String),
}

impl TraceState {
    /// Reads the words of MLflow 2 and 3.
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

    /// MLflow 3's word.
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

/// A trace's record without its spans.
#[derive(Clone, Debug)]
pub struct TraceInfo {
    /// `tr-` and 32 hex digits since 3.2, 32 hex digits before, or what a client chose.
    pub trace_id: String,
    /// An id the client gave.
    pub client_request_id: Option<String>,
    /// The experiment's id.
    pub experiment_id: String,
    /// The experiment's name, where known.
    pub experiment_name: Option<String>,
    /// The recorded name.
    pub name: Option<String>,
    /// The name of the root span, looked up where no name was recorded.
    pub root_name: Option<String>,
    /// How it ended.
    pub state: TraceState,
    /// When it began.
    pub request_time: Timestamp,
    /// How long it took, in milliseconds.
    pub execution_duration_ms: Option<i64>,
    /// Number of spans recorded, else stored.
    pub span_count: Option<u64>,
    /// Total tokens as MLflow recorded them.
    pub recorded_usage: Option<TokenUsage>,
    /// Total cost as MLflow recorded it; a 0 is unknown.
    pub cost: Option<Cost>,
    /// What went in, cut to 1,000 characters by MLflow (3.2 on).
    pub request_preview: Option<String>,
    /// What came out.
    pub response_preview: Option<String>,
    /// Changeable labels.
    pub tags: Labels,
    /// Unchangeable facts.
    pub metadata: Labels,
    /// Judgements.
    pub assessments: Vec<Assessment>,
    /// Runs the trace was linked to afterwards (3.3 on); looked up only where a condition asks for it.
    pub linked_runs: Vec<String>,
    /// Versions of prompts that it used, `name/version` (3.7 on); databases are asked only where a condition needs it.
    pub linked_prompts: Vec<String>,
    /// The session that its root names, where the record has none and the spans were read.
    pub session_of_spans: Option<String>,
    /// The user that its root names, where the record has none and the spans were read.
    pub user_of_spans: Option<String>,
}

impl TraceInfo {
    /// A record of which no more is known.
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
            session_of_spans: None,
            user_of_spans: None,
        }
    }

    /// The recorded name, else the root span's.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.name.as_deref().or(self.root_name.as_deref())
    }

    /// The id, cut to what is usually unique: [`short_trace_id`]. Of an id that begins with the time twice as many digits, as
    /// its first ones are those of all traces of an hour: seconds (AWS X-Ray) or milliseconds (UUID version 7, Logfire).
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

    /// The session in the record, if any.
    #[must_use]
    pub fn session_id(&self) -> Option<&str> {
        self.metadata.get(keys::SESSION)
    }

    /// The user in the record, if any.
    #[must_use]
    pub fn user_id(&self) -> Option<&str> {
        self.metadata.get(keys::USER)
    }

    /// The run that was active, if any.
    #[must_use]
    pub fn run_id(&self) -> Option<&str> {
        self.metadata.get(keys::RUN)
    }

    /// The logged model, if any.
    #[must_use]
    pub fn model_id(&self) -> Option<&str> {
        self.metadata.get(keys::MODEL)
    }

    /// Whether its spans are rows of a database, according to its tags.
    #[must_use]
    pub fn is_in_rows(&self) -> bool {
        self.tags.get(keys::SPANS_LOCATION) == Some(keys::IN_ROWS)
    }

    /// Whether its spans were archived, according to its tags.
    #[must_use]
    pub fn is_archived(&self) -> bool {
        self.tags.get(keys::SPANS_LOCATION) == Some(keys::IN_ARCHIVE)
    }

    /// Fills the fields that MLflow keeps in tags and metadata. `parse` reads JSON that may be cut in the middle.
    pub fn derive(&mut self, parse: impl Fn(&str) -> Option<Json>) {
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
        // MLflow records 0 where it knows no price (3.10 on), and a record does not tell the models.
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

/// An experiment: the folder of traces.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Digits; up to 18 of them in file stores.
    pub experiment_id: String,
    /// Unique within its workspace.
    pub name: String,
    /// `active` or `deleted`.
    pub lifecycle_stage: String,
    /// The workspace (3.10 on).
    pub workspace: Option<String>,
    /// Where its artifacts go.
    pub artifact_location: Option<String>,
    /// When it was made.
    pub creation_time: Option<Timestamp>,
    /// When it was last changed.
    pub last_update_time: Option<Timestamp>,
    /// Labels.
    pub tags: Labels,
}

impl Experiment {
    /// Whether it was not deleted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.lifecycle_stage != "deleted"
    }
}

/// Figures of an experiment's traces.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Number of traces.
    pub traces: u64,
    /// Of them, in state ERROR.
    pub errors: u64,
    /// Start of the newest.
    pub last_trace_time: Option<Timestamp>,
    /// Recorded tokens.
    pub token_usage: Option<TokenUsage>,
}

impl Totals {
    /// Adds a trace with what was recorded of it.
    pub fn add_trace(&mut self, info: &TraceInfo) {
        self.traces += 1;
        self.errors += u64::from(info.state == TraceState::Error);
        self.last_trace_time = self.last_trace_time.max(Some(info.request_time));
        if let Some(usage) = &info.recorded_usage {
            self.add(usage);
        }
    }

    /// Adds the recorded tokens of a trace.
    pub fn add(&mut self, usage: &TokenUsage) {
        if !usage.is_empty() {
            self.token_usage.get_or_insert_default().add(usage);
        }
    }
}

/// Where spans were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpansSource {
    /// Rows of the `spans` table.
    Database,
    /// `traces.json`.
    Artifact,
    /// `traces.pb` of an archived trace.
    Archive,
    /// Rows whose content was archived and is not to be had: names and times only.
    Skeleton,
    /// A tracking server.
    Server,
    /// Documents that were named: OTLP, `trace.json`.
    File,
    /// Nowhere.
    None,
}

impl SpansSource {
    /// Reads the word of the JSON output.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Database, Self::Artifact, Self::Archive, Self::Skeleton, Self::Server, Self::File, Self::None];
        all.into_iter().find(|source| source.as_str() == text)
    }

    /// The word of the JSON output.
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

/// Something that could not be read as it should.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// A short word for programs: `spans_missing`, `damaged_span` …
    pub kind: Cow<'static, str>,
    /// What is wrong, for people.
    pub message: String,
    /// The file concerned, if one is.
    pub path: Option<String>,
    /// The trace concerned, where that is not said by where the problem stands.
    pub trace_id: Option<String>,
}

impl Problem {
    /// A problem without a file.
    #[must_use]
    pub fn new(kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into(), path: None, trace_id: None }
    }

    /// Whether something that was recorded is not shown because of it.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        ["damaged_", "unreadable_", "missing_", "unserved_", "cut_", "skipped_"]
            .iter()
            .any(|kind| self.kind.starts_with(kind))
    }

    /// Names the trace concerned.
    #[must_use]
    pub fn of(mut self, trace_id: impl Into<String>) -> Self {
        self.trace_id = Some(trace_id.into());
        self
    }

    /// Names the file concerned.
    #[must_use]
    pub fn at(mut self, path: &std::path::Path) -> Self {
        self.path = Some(path.display().to_string());
        self
    }
}

/// A file of a trace that lies outside of its store, in which there is one like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideFile {
    /// The file that is read.
    pub read: String,
    /// The one in the store.
    pub own: String,
}

/// A file of a trace that is not where its record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFile {
    /// Where the record says that it is.
    pub recorded: String,
    /// Where it was found.
    pub found: String,
}

/// The spans of a trace, parents before children.
#[derive(Clone, Debug)]
pub struct Spans {
    /// In tree order.
    pub list: Vec<Span>,
    /// Where each stands in the tree.
    pub nodes: Vec<Node>,
    /// Where they were read from.
    pub source: SpansSource,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// Where the file that they were read from was found, if not where the record says.
    pub moved: Option<MovedFile>,
    /// The file from which they come, where it lies outside of the store and the store has one like it.
    pub outside: Option<OutsideFile>,
}

/// A trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its record.
    pub info: TraceInfo,
    /// Its spans, where they were asked for.
    pub spans: Option<Spans>,
    /// Its spans as MLflow's search sees them, where a condition looks at them and the store has not decided it.
    pub rows: Option<Vec<SearchableSpan>>,
}

impl Trace {
    /// A trace whose spans are not looked at.
    #[must_use]
    pub const fn without_spans(info: TraceInfo) -> Self {
        Self { info, spans: None, rows: None }
    }

    /// The spans in tree order; none where they were not asked for.
    #[must_use]
    pub fn span_list(&self) -> &[Span] {
        self.spans.as_ref().map_or(&[], |spans| &spans.list)
    }

    /// Whether spans that were recorded are not to be had, so that sums over the rest are too small.
    #[must_use]
    pub fn lacks_spans(&self) -> bool {
        let Some(spans) = &self.spans else { return true };
        let fewer = self.info.span_count.is_some_and(|count| (spans.list.len() as u64) < count);
        let damaged =
            spans.problems.iter().any(|problem| problem.kind.starts_with("damaged_") || problem.kind == "cut_file");
        fewer || damaged || matches!(spans.source, SpansSource::None | SpansSource::Skeleton)
    }

    /// Whether this is not the whole trace: spans, tags, metadata or assessments are lacking, a parent is not there, or it
    /// still runs.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let orphans = self.spans.iter().flat_map(|spans| &spans.nodes).any(|node| node.is_orphan);
        let mut problems = self.spans.iter().flat_map(|spans| &spans.problems);
        let is_unread = problems.any(|problem| problem.kind.starts_with("unreadable_"));
        self.lacks_spans() || orphans || is_unread || self.info.state == TraceState::InProgress
    }
}
