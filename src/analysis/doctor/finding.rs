//! Findings of `mltrace doctor`: kind, severity and details.

use crate::model::{Cost, Problem, Timestamp};

/// The severity of a finding, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data is lost, or MLflow cannot use the store.
    Problem,
    /// Something is misleading or at risk.
    Warning,
    /// Good to know.
    Hint,
}

impl Severity {
    /// Returns the name in JSON and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// The kind of a finding, in the order of output: worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The installed MLflow does not know the schema of the database.
    DatabaseTooNew,
    /// The database names no schema revision.
    SchemaUnnamed,
    /// The database names several schema revisions.
    UpgradeBroken,
    /// The installed MLflow refuses file stores.
    FileStoreRefused,
    /// Spans that a server failed to load.
    SpansNotServed,
    /// Records, spans or files that cannot be read.
    DamagedRecords,
    /// Span files that cannot be found.
    MissingArtifacts,
    /// Traces with fewer spans than were recorded.
    SpansMissing,
    /// Traces that ended and have no root span.
    MissingRoot,
    /// The installed MLflow needs a newer schema than the database has.
    DatabaseTooOld,
    /// Traces whose spans are where the installed MLflow does not look.
    SpansNotRead,
    /// Traces whose spans are in a file but not in the database.
    RowsMissing,
    /// Traces that never ended.
    StuckTraces,
    /// Traces whose client failed to complete the record.
    RecordIncomplete,
    /// Traces whose recorded tokens differ from those of their spans.
    TokensDiffer,
    /// Traces whose recorded cost differs from that of their spans.
    CostsDiffer,
    /// Traces with a span whose tokens differ from those of the calls below it, where it is unknown which are right.
    UsageConflict,
    /// Traces with spans whose parent is missing.
    Orphans,
    /// Traces with several spans of the same id.
    RepeatedSpans,
    /// Span files that are not at the recorded location.
    MovedArtifacts,
    /// Span files read from another store; this one is a copy of it.
    OutsideArtifacts,
    /// A store without traces.
    EmptyStore,
    /// MLflow uses the other store in the folder, which has no traces.
    OtherStorePreferred,
    /// Another store with traces in the same folder.
    TwoStores,
    /// Span files at a location that mltrace cannot read.
    ForeignArtifacts,
    /// A schema revision of no known release.
    UnknownRevision,
    /// Models without a known price.
    UnpricedModels,
    /// Deleted experiments that contain traces.
    DeletedExperiments,
}

impl FindingKind {
    /// Returns the name in JSON and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseTooOld | Self::DatabaseTooNew => "schema_mismatch",
            Self::SchemaUnnamed => "schema_unnamed",
            Self::UpgradeBroken => "schema_broken",
            Self::FileStoreRefused => "file_store_refused",
            Self::SpansNotServed => "spans_not_served",
            Self::DamagedRecords => "damaged_records",
            Self::MissingArtifacts => "missing_artifacts",
            Self::SpansMissing => "spans_missing",
            Self::MissingRoot => "missing_root",
            Self::SpansNotRead => "spans_unseen",
            Self::RowsMissing => "rows_missing",
            Self::StuckTraces => "stuck_traces",
            Self::RecordIncomplete => "record_incomplete",
            Self::TokensDiffer => "tokens_differ",
            Self::CostsDiffer => "costs_differ",
            Self::UsageConflict => "usage_conflict",
            Self::Orphans => "orphans",
            Self::RepeatedSpans => "repeated_spans",
            Self::MovedArtifacts => "moved_artifacts",
            Self::OutsideArtifacts => "outside_artifacts",
            Self::EmptyStore => "empty_store",
            Self::OtherStorePreferred | Self::TwoStores => "two_stores",
            Self::ForeignArtifacts => "foreign_artifacts",
            Self::UnknownRevision => "schema_unknown",
            Self::UnpricedModels => "unpriced_models",
            Self::DeletedExperiments => "deleted_experiments",
        }
    }

    /// Returns the severity.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::DatabaseTooNew
            | Self::SchemaUnnamed
            | Self::UpgradeBroken
            | Self::FileStoreRefused
            | Self::SpansNotServed
            | Self::DamagedRecords
            | Self::MissingArtifacts
            | Self::SpansMissing
            | Self::MissingRoot => Severity::Problem,
            Self::DatabaseTooOld
            | Self::SpansNotRead
            | Self::RowsMissing
            | Self::StuckTraces
            | Self::RecordIncomplete
            | Self::TokensDiffer
            | Self::CostsDiffer
            | Self::UsageConflict
            | Self::Orphans
            | Self::RepeatedSpans
            | Self::MovedArtifacts
            | Self::OutsideArtifacts
            | Self::EmptyStore
            | Self::OtherStorePreferred
            | Self::TwoStores => Severity::Warning,
            Self::ForeignArtifacts | Self::UnknownRevision | Self::UnpricedModels | Self::DeletedExperiments => {
                Severity::Hint
            }
        }
    }
}

/// Input, output and total tokens, as far as known.
pub type RecordedTokens = (Option<i64>, Option<i64>, Option<i64>);

/// A fact that supports a finding.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Start of a trace that never ended.
    Started(Timestamp),
    /// Number of spans of a trace.
    Spans {
        /// Spans that are stored.
        stored: u64,
        /// Spans that the client recorded, if known.
        recorded: Option<u64>,
    },
    /// Number of spans whose parent is missing.
    Orphans(u64),
    /// Recorded tokens that differ from those of the spans.
    Tokens {
        /// The recorded tokens.
        recorded: RecordedTokens,
        /// The tokens of the spans.
        spans: RecordedTokens,
    },
    /// The recorded cost, and that of the spans.
    Costs(Cost, Cost),
    /// Two different token totals; it is unknown which is right.
    EitherTokens {
        /// The total that commands show.
        shown: RecordedTokens,
        /// The sum of the calls.
        calls: RecordedTokens,
    },
    /// The message and path of a read error.
    Unreadable(String, Option<String>),
    /// The recorded folder of files, and the actual one.
    Moved(String, String),
    /// The folder from which files are read, and the one in this store that also has them.
    Outside(String, String),
    /// A model, and its number of calls with tokens and no cost.
    Model(String, u64),
    /// An experiment, and its number of traces.
    Experiment(String, u64),
    /// The schema revision of a database, and the MLflow releases that create it.
    Revision(String, Option<&'static str>),
    /// The release of the installed MLflow, and the schema revision it needs.
    RequiredRevision(String, String),
    /// A package whose release is incompatible with the installed MLflow.
    IncompatiblePackage {
        /// Name and release of the package.
        package: String,
        /// The release of MLflow.
        mlflow: String,
        /// The consequence.
        effect: &'static str,
    },
    /// The release of the installed MLflow, which reads spans from files only.
    ReadsFilesOnly(String),
    /// Another store that also contains traces.
    OtherStore(String),
    /// The store that MLflow uses, which has no traces.
    PreferredStore(String),
    /// The release of the installed MLflow, which refuses that file store.
    RefusesFileStore(String),
    /// Another store without traces.
    OtherStoreEmpty(String),
}

/// A fact, with the trace it is about, if any.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The trace.
    pub trace_id: Option<String>,
    /// The fact.
    pub fact: Fact,
}

/// A problem, warning or hint about a store.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// Number of affected traces, records, models or experiments.
    pub count: u64,
    /// The first affected traces.
    pub trace_ids: Vec<String>,
    /// The first facts.
    pub details: Vec<Detail>,
}

/// Maximum number of trace ids, and of facts, in a finding.
pub(super) const MAX_DETAILS: usize = 100;

impl Finding {
    /// Creates a finding about the store as a whole.
    #[must_use]
    pub fn for_store(kind: FindingKind, count: u64, facts: impl IntoIterator<Item = Fact>) -> Self {
        let detail = |fact| Detail { trace_id: None, fact };
        Self { kind, count, trace_ids: Vec::new(), details: facts.into_iter().take(MAX_DETAILS).map(detail).collect() }
    }

    /// Adds a read error, of a trace or not.
    pub(super) fn add_damage(&mut self, problem: &Problem) {
        let fact = Fact::Unreadable(problem.message.clone(), problem.path.clone());
        if let Some(id) = &problem.trace_id {
            self.add_trace(id, [fact]);
        } else {
            self.count += 1;
            self.add_fact(fact);
        }
    }

    /// Adds a fact, unless it was added before.
    pub(super) fn add_fact_once(&mut self, fact: Fact) {
        if !self.details.iter().any(|detail| detail.fact == fact) {
            self.add_fact(fact);
        }
    }

    /// Adds a fact that is not about a single trace.
    pub(super) fn add_fact(&mut self, fact: Fact) {
        if self.details.len() < MAX_DETAILS {
            self.details.push(Detail { trace_id: None, fact });
        }
    }

    /// Counts a trace and adds facts about it.
    pub(super) fn add_trace(&mut self, trace_id: &str, facts: impl IntoIterator<Item = Fact>) {
        self.count += 1;
        let is_known = self.trace_ids.iter().any(|known| known == trace_id);
        if !is_known && self.trace_ids.len() < MAX_DETAILS {
            self.trace_ids.push(trace_id.to_owned());
        }
        let room = MAX_DETAILS.saturating_sub(self.details.len());
        let detail = |fact| Detail { trace_id: Some(trace_id.to_owned()), fact };
        self.details.extend(facts.into_iter().take(room).map(detail));
    }
}
