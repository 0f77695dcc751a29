//! Diagnosis of a store and its traces: counts of what was read, and findings.

mod finding;
mod findings;
mod gap;
mod schema;
mod signs;
mod store;

pub use finding::{Detail, Finding, FindingKind, Message, Severity};
pub use store::{InstalledMlflow, OtherStore, StoreFacts};

use super::usage;
use crate::model::{Problem, SpansSource, Timestamp, Trace, TraceInfo, TraceState};
use finding::{ExaminedStore, ExaminedTrace, explain_usage, show_trace};
use gap::Gap;

/// Counts of what was read.
#[derive(Clone, Debug, Default)]
pub struct DoctorCounts {
    /// Trace records.
    pub traces: u64,
    /// Traces whose spans were also read.
    pub traces_with_spans: u64,
    /// Traces whose spans the server failed to return.
    pub traces_unserved: u64,
    /// Traces whose spans are rows of a database.
    pub traces_in_rows: u64,
    /// Spans.
    pub spans: u64,
    /// Traces in state OK.
    pub ok: u64,
    /// Traces in state ERROR.
    pub errors: u64,
    /// Traces in state `IN_PROGRESS`.
    pub in_progress: u64,
    /// Traces without a state, or with an unknown one.
    pub other: u64,
    /// Start of the oldest trace.
    pub oldest: Option<Timestamp>,
    /// Start of the newest trace.
    pub newest: Option<Timestamp>,
}

/// Collects findings over a stream of traces.
#[derive(Debug)]
pub struct Doctor {
    now: Timestamp,
    /// Counts of what was read.
    pub counts: DoctorCounts,
    /// A finding for each kind, in the order of output. Those with a count of 0 are not reported.
    findings: Vec<Finding>,
    suspects: Vec<TraceInfo>,
}

impl Doctor {
    /// Creates a doctor without findings. `now` = the time from which ages count.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let findings = findings::ALL.iter().map(|kind| Finding::new(kind)).collect();
        Self { now, counts: DoctorCounts::default(), findings, suspects: Vec::new() }
    }

    /// Checks a trace record.
    pub fn add_record(&mut self, info: &TraceInfo) {
        let counts = &mut self.counts;
        counts.traces += 1;
        *match info.state {
            TraceState::Ok => &mut counts.ok,
            TraceState::Error => &mut counts.errors,
            TraceState::InProgress => &mut counts.in_progress,
            TraceState::Unspecified | TraceState::Other(_) => &mut counts.other,
        } += 1;
        counts.oldest = Some(counts.oldest.map_or(info.request_time, |oldest| oldest.min(info.request_time)));
        counts.newest = counts.newest.max(Some(info.request_time));
        for finding in &mut self.findings {
            (finding.kind.in_record)(info, self.now, finding);
        }
    }

    /// Checks the spans of a trace; their costs must be set. Returns the problems that are not findings.
    pub fn add_spans(&mut self, trace: &Trace) -> Vec<Problem> {
        let (Some(spans), info) = (&trace.spans, &trace.info) else { return Vec::new() };
        let is_unserved = spans.problems.iter().any(|problem| problem.kind == "unserved_spans");
        let counts = &mut self.counts;
        *(if is_unserved { &mut counts.traces_unserved } else { &mut counts.traces_with_spans }) += 1;
        counts.spans += spans.list.len() as u64;
        counts.traces_in_rows += u64::from(spans.source == SpansSource::Database && info.has_spans_in_database());
        let (usage, gap) = (usage::trace_usage(trace), Gap::find(info, spans));
        let examined = ExaminedTrace { trace, info, spans, usage, gap };
        for finding in &mut self.findings {
            (finding.kind.in_spans)(&examined, finding);
        }
        if findings::ALL.iter().any(|kind| (kind.needs_attributes)(info, spans)) {
            self.suspects.push(info.clone());
        }
        let is_covered = |problem: &&Problem| findings::ALL.iter().any(|kind| (kind.covers)(problem, info));
        spans.problems.iter().filter(|problem| !is_covered(problem)).cloned().collect()
    }

    /// Takes the records of traces for which the attributes of their spans are needed, by [`Self::add_suspect`].
    #[must_use]
    pub fn take_suspects(&mut self) -> Vec<TraceInfo> {
        std::mem::take(&mut self.suspects)
    }

    /// Checks such a trace; its spans must have their attributes.
    pub fn add_suspect(&mut self, trace: &Trace) {
        for finding in &mut self.findings {
            (finding.kind.in_attributes)(trace, finding);
        }
    }

    /// Adds read problems of the store, and returns the problems that are not findings.
    pub fn add_problems(&mut self, mut problems: Vec<Problem>) -> Vec<Problem> {
        problems.retain(|problem| !self.findings.iter_mut().any(|finding| (finding.kind.in_problem)(problem, finding)));
        problems
    }

    /// Returns all findings, including those about the store, worst first.
    #[must_use]
    pub fn findings(mut self, store: &StoreFacts) -> Vec<Finding> {
        let is_damaged = self.findings.iter().any(|finding| finding.is_damage() && finding.count > 0);
        let examined = ExaminedStore { facts: store, traces_in_rows: self.counts.traces_in_rows, is_damaged };
        for finding in &mut self.findings {
            (finding.kind.in_store)(&examined, finding);
        }
        self.findings.retain(|finding| finding.count > 0);
        self.findings
    }
}

impl Finding {
    /// Whether it is about data that cannot be read.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        self.kind.name == findings::damaged_records::KIND.name
    }
}

/// Returns the names of all kinds of findings, each once.
#[cfg(test)]
pub(crate) fn finding_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = findings::ALL.iter().map(|kind| kind.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests;
