//! Diagnosis of a store and its traces. The view of `mltrace doctor` explains the findings.

mod finding;
mod signs;
mod store;

pub use finding::{Detail, Fact, Finding, FindingKind, RecordedTokens, Severity};

pub use store::{InstalledMlflow, OtherStore, StoreFacts};

use super::usage;
use crate::model::{Problem, Spans, SpansSource, Timestamp, TokenUsage, Trace, TraceInfo, TraceState};
use signs::{differing_roots, explains_gaps, had_spans, is_damage, is_from_client, may_be_incomplete, unreadable};
use std::collections::BTreeMap;

/// A trace in progress counts as stuck if it started longer ago than this.
const STUCK_AFTER_SECONDS: i64 = 3_600;

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
    findings: BTreeMap<FindingKind, Finding>,
    unpriced: BTreeMap<String, u64>,
    suspects: Vec<TraceInfo>,
}

impl Doctor {
    /// Creates a doctor without findings. `now` = the time from which ages count.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            counts: DoctorCounts::default(),
            findings: BTreeMap::new(),
            unpriced: BTreeMap::new(),
            suspects: Vec::new(),
        }
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
        let age = self.now.0.saturating_sub(info.request_time.0) / 1_000_000_000;
        if info.state == TraceState::InProgress && age > STUCK_AFTER_SECONDS {
            self.add_finding(FindingKind::StuckTraces, &info.trace_id, [Fact::Started(info.request_time)]);
        }
    }

    /// Checks the spans of a trace; their costs must be set. Returns the problems that are not findings.
    pub fn add_spans(&mut self, trace: &Trace) -> Vec<Problem> {
        let Some(spans) = &trace.spans else { return Vec::new() };
        let (info, id) = (&trace.info, &trace.info.trace_id);
        let is_unserved = spans.problems.iter().any(|problem| problem.kind == "unserved_spans");
        let counts = &mut self.counts;
        *(if is_unserved { &mut counts.traces_unserved } else { &mut counts.traces_with_spans }) += 1;
        counts.spans += spans.list.len() as u64;
        counts.traces_in_rows += u64::from(spans.source == SpansSource::Database && info.has_spans_in_database());
        self.check_locations(id, spans);
        let rest = self.check_problems(info, &spans.problems);
        // Each of these explains missing spans, and those of a trace in progress may not be stored yet.
        let explains = |problem: &Problem| explains_gaps(problem) || problem.kind == "foreign_location";
        if !is_unserved && info.state != TraceState::InProgress && !spans.problems.iter().any(explains) {
            self.check_gaps(info, spans);
        }
        self.check_usage(trace);
        if may_be_incomplete(info, spans) {
            self.suspects.push(info.clone());
        }
        rest
    }

    /// Checks whether span files are at the recorded location and in this store.
    fn check_locations(&mut self, id: &str, spans: &Spans) {
        let moved = spans.moved.as_ref().map(|moved| {
            let (recorded, found) = differing_roots(&moved.recorded, &moved.found);
            (FindingKind::MovedArtifacts, Fact::Moved(recorded, found))
        });
        let outside = spans.outside.as_ref().map(|outside| {
            let (read, in_store) = differing_roots(&outside.read, &outside.in_store);
            (FindingKind::OutsideArtifacts, Fact::Outside(read, in_store))
        });
        for (kind, fact) in moved.into_iter().chain(outside) {
            let finding = self.finding_mut(kind);
            finding.add_trace(id, []);
            finding.add_fact_once(fact);
        }
    }

    /// Adds a finding for each kind of read problem, and returns the problems that are not findings. Missing spans are
    /// left to [`Self::check_gaps`].
    fn check_problems(&mut self, info: &TraceInfo, problems: &[Problem]) -> Vec<Problem> {
        let id = &info.trace_id;
        let mut facts: BTreeMap<FindingKind, Vec<Fact>> = BTreeMap::new();
        let mut rest = Vec::new();
        for problem in problems.iter().filter(|problem| !problem.kind.starts_with("missing_")) {
            let kind = match &*problem.kind {
                "foreign_location" => FindingKind::ForeignArtifacts,
                "repeated_span" => FindingKind::RepeatedSpans,
                "rows_missing" => FindingKind::RowsMissing,
                "unserved_spans" if had_spans(info) => {
                    let finding = self.finding_mut(FindingKind::SpansNotServed);
                    finding.add_trace(id, []);
                    finding.add_fact(unreadable(problem));
                    continue;
                }
                _ if is_damage(problem) => FindingKind::DamagedRecords,
                _ => {
                    rest.push(problem.clone());
                    continue;
                }
            };
            facts.entry(kind).or_default().push(unreadable(problem));
        }
        for (kind, facts) in facts {
            self.add_finding(kind, id, facts);
        }
        rest
    }

    /// Checks whether spans are missing.
    fn check_gaps(&mut self, info: &TraceInfo, spans: &Spans) {
        let is_missing = |problem: &&Problem| problem.kind.starts_with("missing_");
        let missing: Vec<Fact> = spans.problems.iter().filter(is_missing).map(unreadable).collect();
        let (stored, recorded) = (spans.list.len() as u64, info.span_count);
        if !missing.is_empty() && !had_spans(info) {
            return;
        }
        let is_file_missing = spans.problems.iter().any(|problem| problem.kind == "missing_file");
        if is_file_missing && !info.has_spans_in_database() {
            self.add_finding(FindingKind::MissingArtifacts, &info.trace_id, missing);
            return;
        }
        if !missing.is_empty() || recorded.is_some_and(|recorded| stored < recorded) {
            self.add_finding(FindingKind::SpansMissing, &info.trace_id, [Fact::Spans { stored, recorded }]);
        }
        let orphans = spans.nodes.iter().filter(|node| node.is_orphan).count() as u64;
        if orphans > 0 {
            let has_root = spans.nodes.iter().any(|node| node.parent.is_none() && !node.is_orphan);
            let kind = if has_root { FindingKind::Orphans } else { FindingKind::MissingRoot };
            self.add_finding(kind, &info.trace_id, [Fact::Orphans(orphans)]);
        }
    }

    /// Checks whether recorded totals match the spans, and counts models without a price.
    fn check_usage(&mut self, trace: &Trace) {
        let usage = usage::trace_usage(trace);
        let spans = trace.span_list();
        // Tokens that mltrace derived are not in MLflow's totals, so the totals cannot be compared.
        if let (Some(counted), Some(recorded)) = (&usage.token_usage, &trace.info.recorded_usage)
            && !trace.is_incomplete()
            && counted.counts() != recorded.counts()
            && !usage.rows.iter().any(|row| row.is_derived)
        {
            let fact = Fact::Tokens { recorded: recorded.counts(), spans: counted.counts() };
            self.add_finding(FindingKind::TokensDiffer, &trace.info.trace_id, [fact]);
        }
        if let Some((recorded, span_cost)) = usage.cost_mismatch(trace) {
            self.add_finding(FindingKind::CostsDiffer, &trace.info.trace_id, [Fact::Costs(recorded, span_cost)]);
        }
        if let Some(conflict) = usage.conflict.as_ref().filter(|conflict| !conflict.is_resolved) {
            let shown = usage.token_usage.as_ref().map(TokenUsage::counts).unwrap_or_default();
            let fact = Fact::EitherTokens { shown, calls: conflict.other.counts() };
            self.add_finding(FindingKind::UsageConflict, &trace.info.trace_id, [fact]);
        }
        for model in usage.unpriced_rows().filter_map(|row| row.model(spans)) {
            *self.unpriced.entry(model.to_owned()).or_default() += 1;
        }
    }

    /// Takes the records of traces that ended and seem incomplete. The attributes of their spans, which
    /// [`Self::add_suspect`] needs, show whether MLflow's client wrote them.
    #[must_use]
    pub fn take_suspects(&mut self) -> Vec<TraceInfo> {
        std::mem::take(&mut self.suspects)
    }

    /// Checks such a trace; its spans must have their attributes.
    pub fn add_suspect(&mut self, trace: &Trace) {
        if trace.span_list().iter().any(is_from_client) {
            self.add_finding(FindingKind::RecordIncomplete, &trace.info.trace_id, []);
        }
    }

    /// Adds read problems of the store, and returns the problems that are not findings.
    pub fn add_problems(&mut self, problems: Vec<Problem>) -> Vec<Problem> {
        let (damage, rest): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(is_damage);
        for problem in &damage {
            self.finding_mut(FindingKind::DamagedRecords).add_damage(problem);
        }
        rest
    }

    /// Returns all findings, including those about the store, worst first.
    #[must_use]
    pub fn findings(mut self, store: &StoreFacts) -> Vec<Finding> {
        if !self.unpriced.is_empty() {
            let mut models: Vec<(String, u64)> = self.unpriced.into_iter().collect();
            models.sort_by(|(a, a_calls), (b, b_calls)| b_calls.cmp(a_calls).then_with(|| a.cmp(b)));
            let facts: Vec<Fact> = models.into_iter().map(|(name, calls)| Fact::Model(name, calls)).collect();
            let finding = Finding::for_store(FindingKind::UnpricedModels, facts.len() as u64, facts);
            self.findings.insert(finding.kind, finding);
        }
        let store_findings = store.findings(self.counts.traces_in_rows);
        self.findings.extend(store_findings.into_iter().map(|finding| (finding.kind, finding)));
        // A store that looks empty may have only unreadable traces.
        if self.findings.contains_key(&FindingKind::DamagedRecords) {
            self.findings.remove(&FindingKind::EmptyStore);
        }
        self.findings.into_values().collect()
    }

    fn add_finding(&mut self, kind: FindingKind, trace_id: &str, facts: impl IntoIterator<Item = Fact>) {
        self.finding_mut(kind).add_trace(trace_id, facts);
    }

    fn finding_mut(&mut self, kind: FindingKind) -> &mut Finding {
        self.findings.entry(kind).or_insert_with(|| Finding::for_store(kind, 0, []))
    }
}

#[cfg(test)]
mod tests;
