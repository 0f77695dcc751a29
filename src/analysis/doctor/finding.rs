//! Findings of `mltrace doctor`: kind, severity and details.

use super::gap::Gap;
use super::signs::unreadable;
use super::store::StoreFacts;
use crate::model::{Problem, Spans, Timestamp, Trace, TraceInfo};
use crate::number;
use crate::reading::TraceUsage;
use crate::shell::Suggestion;
use std::collections::BTreeMap;
use std::fmt;

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

/// The message of a finding.
#[derive(Clone, Copy, Debug)]
pub enum Message {
    /// A message without a count.
    Fixed(&'static str),
    /// The messages for one and for several, with `{}` for the count.
    Counted(&'static str, &'static str),
}

/// A kind of finding: its texts, and what detects it.
///
/// Detectors are called for each kind, and add what they detect to the finding. It is reported if its count is not 0.
pub struct FindingKind {
    /// The name in JSON and messages.
    pub name: &'static str,
    /// The severity.
    pub severity: Severity,
    /// What was found.
    pub message: Message,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Returns a command to run, if there is one.
    pub command: fn(&Finding, &StoreFacts) -> Option<String>,
    /// Detects it in the record of a trace, at a time from which ages count.
    pub(super) in_record: fn(&TraceInfo, Timestamp, &mut Finding),
    /// Detects it in the spans of a trace.
    pub(super) in_spans: fn(&ExaminedTrace<'_>, &mut Finding),
    /// Whether it covers a read problem of a trace, which is then not reported elsewhere.
    pub(super) covers: fn(&Problem, &TraceInfo) -> bool,
    /// Whether it may be in a trace, and the attributes of the spans are needed to tell.
    pub(super) needs_attributes: fn(&TraceInfo, &Spans) -> bool,
    /// Detects it in such a trace, whose spans have their attributes.
    pub(super) in_attributes: fn(&Trace, &mut Finding),
    /// Detects it in a read problem of the store. Returns whether the problem is then not to be reported elsewhere.
    pub(super) in_problem: fn(&Problem, &mut Finding) -> bool,
    /// Detects it in the store as a whole, after all traces.
    pub(super) in_store: fn(&ExaminedStore<'_>, &mut Finding),
}

impl FindingKind {
    /// A kind without texts that detects nothing.
    pub(super) const NONE: Self = Self {
        name: "",
        severity: Severity::Hint,
        message: Message::Fixed(""),
        meaning: "",
        remedy: "",
        command: |_, _| None,
        in_record: |_, _, _| {},
        in_spans: |_, _| {},
        covers: |_, _| false,
        needs_attributes: |_, _| false,
        in_attributes: |_, _| {},
        in_problem: |_, _| false,
        in_store: |_, _| {},
    };
}

impl fmt::Debug for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({:?})", self.name, self.message)
    }
}

/// A trace whose spans were read.
#[derive(Debug)]
pub(super) struct ExaminedTrace<'a> {
    pub(super) trace: &'a Trace,
    pub(super) info: &'a TraceInfo,
    pub(super) spans: &'a Spans,
    pub(super) usage: TraceUsage,
    /// What is missing, if nothing else explains it.
    pub(super) gap: Option<Gap>,
}

/// A store whose traces were examined.
#[derive(Debug)]
pub(super) struct ExaminedStore<'a> {
    pub(super) facts: &'a StoreFacts,
    /// Number of traces whose spans are rows of a database.
    pub(super) traces_in_rows: u64,
    /// Whether some data cannot be read.
    pub(super) is_damaged: bool,
}

/// A fact that supports a finding, with the trace it is about, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The trace.
    pub trace_id: Option<String>,
    /// The fact.
    pub fact: String,
}

/// A problem, warning or hint about a store.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The kind.
    pub kind: &'static FindingKind,
    /// Number of affected traces, records, models or experiments.
    pub count: u64,
    /// The first affected traces.
    pub trace_ids: Vec<String>,
    /// The first facts.
    pub details: Vec<Detail>,
    /// Occurrences by name, for kinds that add their details at the end.
    pub(super) tally: BTreeMap<String, u64>,
}

/// Maximum number of trace ids, and of facts, in a finding.
const MAX_DETAILS: usize = 100;

impl Finding {
    /// Creates a finding of which nothing was detected.
    pub(super) const fn new(kind: &'static FindingKind) -> Self {
        Self { kind, count: 0, trace_ids: Vec::new(), details: Vec::new(), tally: BTreeMap::new() }
    }

    /// Returns the message, with the count.
    #[must_use]
    pub fn message(&self) -> String {
        match self.kind.message {
            Message::Fixed(text) => text.to_owned(),
            Message::Counted(one, _) if self.count == 1 => one.replace("{}", "1"),
            Message::Counted(_, several) => several.replace("{}", &number::count(self.count.cast_signed())),
        }
    }

    /// Returns a command to run, if there is one.
    #[must_use]
    pub fn command(&self, store: &StoreFacts) -> Option<String> {
        (self.kind.command)(self, store)
    }

    /// Counts a trace and adds facts about it.
    pub(super) fn add_trace(&mut self, trace_id: &str, facts: impl IntoIterator<Item = String>) {
        self.count += 1;
        let is_known = self.trace_ids.iter().any(|known| known == trace_id);
        if !is_known && self.trace_ids.len() < MAX_DETAILS {
            self.trace_ids.push(trace_id.to_owned());
        }
        facts.into_iter().for_each(|fact| self.add_detail(Some(trace_id), fact));
    }

    /// Adds a trace with its read problems that this finding covers, if there are any.
    pub(super) fn add_problems(&mut self, trace: &ExaminedTrace<'_>, is_covered: fn(&Problem) -> bool) {
        let mut problems = trace.spans.problems.iter().filter(|problem| is_covered(problem)).peekable();
        if problems.peek().is_some() {
            self.add_trace(&trace.info.trace_id, problems.map(unreadable));
        }
    }

    /// Counts what is not a trace and adds facts about it.
    pub(super) fn add_others(&mut self, count: u64, facts: impl IntoIterator<Item = String>) {
        self.count += count;
        facts.into_iter().for_each(|fact| self.add_detail(None, fact));
    }

    /// Adds a fact that is not about a single trace, unless it was added before.
    pub(super) fn add_fact_once(&mut self, fact: String) {
        if !self.details.iter().any(|detail| detail.fact == fact) {
            self.add_detail(None, fact);
        }
    }

    fn add_detail(&mut self, trace_id: Option<&str>, fact: String) {
        if self.details.len() < MAX_DETAILS {
            self.details.push(Detail { trace_id: trace_id.map(str::to_owned), fact });
        }
    }
}

/// Returns a command that shows the first affected trace.
pub(super) fn show_trace(finding: &Finding, store: &StoreFacts) -> Option<String> {
    let id = finding.trace_ids.first()?;
    Some(store.command(&Suggestion::new("trace show").operand(id)))
}

/// Returns a command that explains the usage of the first affected trace.
pub(super) fn explain_usage(finding: &Finding, store: &StoreFacts) -> Option<String> {
    let id = finding.trace_ids.first()?;
    Some(store.command(&Suggestion::new("usage").operand(id).flag("--explain")))
}
