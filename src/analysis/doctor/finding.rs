//! What a diagnosis consists of.

use crate::model::{Cost, Problem, Timestamp};

/// How bad something is; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is lost, or MLflow cannot go on.
    Problem,
    /// Something is not as it seems.
    Warning,
    /// Good to know.
    Hint,
}

impl Severity {
    /// The word for people and programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// What was found, in the order in which it is told: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingKind {
    /// The installed MLflow does not know the schema of the database.
    DatabaseTooNew,
    /// The database does not say which revision it has.
    SchemaUnnamed,
    /// The database says that it has several revisions.
    UpgradeBroken,
    /// The installed MLflow refuses file stores.
    FileStoreRefused,
    /// Spans that a server failed to load.
    SpansNotServed,
    /// Records, spans or files that cannot be read.
    DamagedRecords,
    /// Files of spans that are nowhere.
    MissingArtifacts,
    /// Fewer spans than were recorded.
    SpansMissing,
    /// Traces that ended, without their root.
    MissingRoot,
    /// The installed MLflow wants a newer schema than the database has.
    DatabaseTooOld,
    /// Spans that the installed MLflow does not look for where they are.
    SpansUnseen,
    /// Spans that a database lacks and a file has.
    RowsMissing,
    /// Traces that never ended.
    StuckTraces,
    /// Traces whose end their client could not record.
    RecordIncomplete,
    /// Other totals of tokens than those of the spans.
    TokensDiffer,
    /// Other costs than those of the spans.
    CostsDiffer,
    /// Spans whose tokens differ from those of the calls below them, where it is unknown which are right.
    UsageConflict,
    /// Spans whose parent is not there.
    Orphans,
    /// Spans that have the id of another one.
    RepeatedSpans,
    /// Files of spans that are not where the record says.
    MovedArtifacts,
    /// Files of spans that are those of the store from which this one was copied.
    OutsideArtifacts,
    /// A store without traces.
    EmptyStore,
    /// A store that MLflow takes before this one, and that gives no traces.
    PassedOver,
    /// A second store in the same folder.
    TwoStores,
    /// Files of spans at a place that this program does not read.
    ForeignArtifacts,
    /// A schema of no known release.
    UnknownRevision,
    /// Models whose price is not known.
    UnpricedModels,
    /// Deleted experiments that hold traces.
    DeletedExperiments,
}

impl FindingKind {
    /// The word for people and programs.
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
            Self::SpansUnseen => "spans_unseen",
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
            Self::PassedOver | Self::TwoStores => "two_stores",
            Self::ForeignArtifacts => "foreign_artifacts",
            Self::UnknownRevision => "schema_unknown",
            Self::UnpricedModels => "unpriced_models",
            Self::DeletedExperiments => "deleted_experiments",
        }
    }

    /// How bad it is.
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
            | Self::SpansUnseen
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
            | Self::PassedOver
            | Self::TwoStores => Severity::Warning,
            Self::ForeignArtifacts | Self::UnknownRevision | Self::UnpricedModels | Self::DeletedExperiments => {
                Severity::Hint
            }
        }
    }
}

/// The three main figures of a use of tokens, where they are known.
pub type RecordedTokens = (Option<i64>, Option<i64>, Option<i64>);

/// What a finding rests on.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// When a trace began that never ended.
    Begun(Timestamp),
    /// How many spans there are, of how many that were recorded.
    Spans {
        /// Those that are there.
        stored: u64,
        /// Those that were recorded, where their number was.
        recorded: Option<u64>,
    },
    /// How many spans have a parent that is not there.
    Orphans(u64),
    /// Tokens: those sent, those received, all.
    Tokens {
        /// What was recorded.
        recorded: RecordedTokens,
        /// What the spans tell.
        spans: RecordedTokens,
    },
    /// The cost that was recorded, and the one of the spans.
    Costs(Cost, Cost),
    /// Two totals of tokens, one of which is right.
    EitherTokens {
        /// The one that commands show.
        shown: RecordedTokens,
        /// The sum of the calls.
        calls: RecordedTokens,
    },
    /// What could not be read, and where.
    Unread(String, Option<String>),
    /// The folder in which files are recorded to be, and the one in which they are.
    Moved(String, String),
    /// The folder in which files are read, and the one that has them too.
    Outside(String, String),
    /// A model, and how many calls of it have tokens and no cost.
    Model(String, u64),
    /// An experiment, and how many traces it holds.
    Experiment(String, u64),
    /// The revision of a database, and the releases that make it.
    Revision(String, Option<&'static str>),
    /// The installed MLflow: its release, and the revision that it wants.
    Wants(String, String),
    /// A package of a release that does not go with the installed MLflow.
    Unfit {
        /// Its name and release.
        package: String,
        /// The release of MLflow.
        mlflow: String,
        /// What comes of it.
        effect: &'static str,
    },
    /// The installed MLflow, by its release, which knows spans in files only.
    KnowsFilesOnly(String),
    /// A store that holds traces too.
    Store(String),
    /// The store that MLflow takes, and that gives no traces.
    Taken(String),
    /// The installed MLflow, by its release, which refuses that store.
    Refuses(String),
    /// A store that holds none either.
    AlsoEmpty(String),
}

/// A fact, and the trace it is about, if it is about one.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The trace.
    pub trace_id: Option<String>,
    /// What is known of it.
    pub fact: Fact,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// How many traces, records, models or experiments.
    pub count: u64,
    /// The traces concerned, the first ones.
    pub trace_ids: Vec<String>,
    /// What it rests on, the first facts.
    pub details: Vec<Detail>,
}

/// So many traces and facts are kept of each finding.
pub(super) const MOST_KEPT: usize = 100;

impl Finding {
    /// A finding about the store as a whole.
    #[must_use]
    pub fn of_store(kind: FindingKind, count: u64, facts: impl IntoIterator<Item = Fact>) -> Self {
        let detail = |fact| Detail { trace_id: None, fact };
        Self { kind, count, trace_ids: Vec::new(), details: facts.into_iter().take(MOST_KEPT).map(detail).collect() }
    }

    /// Something that could not be read, of a trace or not.
    pub(super) fn add_damage(&mut self, problem: &Problem) {
        let fact = Fact::Unread(problem.message.clone(), problem.path.clone());
        if let Some(id) = &problem.trace_id {
            self.add(id, [fact]);
        } else {
            self.count += 1;
            self.add_fact(fact);
        }
    }

    /// A fact about several traces.
    pub(super) fn add_once(&mut self, fact: Fact) {
        if !self.details.iter().any(|detail| detail.fact == fact) {
            self.add_fact(fact);
        }
    }

    /// A fact that names what it is about.
    pub(super) fn add_fact(&mut self, fact: Fact) {
        if self.details.len() < MOST_KEPT {
            self.details.push(Detail { trace_id: None, fact });
        }
    }

    /// One more trace.
    pub(super) fn add(&mut self, trace_id: &str, facts: impl IntoIterator<Item = Fact>) {
        self.count += 1;
        let is_known = self.trace_ids.iter().any(|known| known == trace_id);
        if !is_known && self.trace_ids.len() < MOST_KEPT {
            self.trace_ids.push(trace_id.to_owned());
        }
        let room = MOST_KEPT.saturating_sub(self.details.len());
        let detail = |fact| Detail { trace_id: Some(trace_id.to_owned()), fact };
        self.details.extend(facts.into_iter().take(room).map(detail));
    }
}
