//! What is not as it should be with a store and its traces. What it means and what to do about it is told where it is shown.

mod finding;
mod signs;
mod store;

pub use finding::{Detail, Fact, Finding, FindingKind, RecordedTokens, Severity};

pub use store::{InstalledMlflow, OtherStore, StoreFacts};

use super::usage;
use crate::model::{Problem, Spans, SpansSource, Timestamp, TokenUsage, Trace, TraceInfo, TraceState};
use signs::{explains_gaps, had_spans, is_damage, is_of_client, may_be_unfinished, roots, unread};
use std::collections::BTreeMap;

/// A trace in progress that began longer ago than this is taken for one that nobody works on any more.
const STUCK_AFTER_SECONDS: i64 = 3_600;

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub struct DoctorCounts {
    /// Records of traces.
    pub traces: u64,
    /// Traces whose spans were read too.
    pub traces_whole: u64,
    /// Traces whose spans were asked for, and not given.
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
    /// Traces in no state, or in one that is not known.
    pub other: u64,
    /// When the first one began.
    pub oldest: Option<Timestamp>,
    /// When the last one began.
    pub newest: Option<Timestamp>,
}

/// Looks at traces one by one.
#[derive(Debug)]
pub struct Doctor {
    now: Timestamp,
    /// What was looked at.
    pub counts: DoctorCounts,
    findings: BTreeMap<FindingKind, Finding>,
    unpriced: BTreeMap<String, u64>,
    suspects: Vec<TraceInfo>,
}

impl Doctor {
    /// Begins at a time.
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

    /// Looks at a record.
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
            self.found(FindingKind::StuckTraces, &info.trace_id, [Fact::Begun(info.request_time)]);
        }
    }

    /// Looks at the spans of a trace, which have their cost. Gives back the problems that are no findings.
    pub fn add_spans(&mut self, trace: &Trace) -> Vec<Problem> {
        let Some(spans) = &trace.spans else { return Vec::new() };
        let (info, id) = (&trace.info, &trace.info.trace_id);
        let is_unserved = spans.problems.iter().any(|problem| problem.kind == "unserved_spans");
        let counts = &mut self.counts;
        *(if is_unserved { &mut counts.traces_unserved } else { &mut counts.traces_whole }) += 1;
        counts.spans += spans.list.len() as u64;
        counts.traces_in_rows += u64::from(spans.source == SpansSource::Database && info.is_in_rows());
        self.look_at_places(id, spans);
        let rest = self.look_at_problems(info, &spans.problems);
        // Each of these explains why spans are missing; and of a trace in progress they are not there yet.
        let explains = |problem: &Problem| explains_gaps(problem) || problem.kind == "foreign_location";
        if !is_unserved && info.state != TraceState::InProgress && !spans.problems.iter().any(explains) {
            self.look_for_gaps(info, spans);
        }
        self.look_at_usage(trace);
        if may_be_unfinished(info, spans) {
            self.suspects.push(info.clone());
        }
        rest
    }

    /// Files that are not where they are looked for, or should be.
    fn look_at_places(&mut self, id: &str, spans: &Spans) {
        let moved = spans.moved.as_ref().map(|moved| {
            let (recorded, found) = roots(&moved.recorded, &moved.found);
            (FindingKind::MovedArtifacts, Fact::Moved(recorded, found))
        });
        let outside = spans.outside.as_ref().map(|outside| {
            let (read, own) = roots(&outside.read, &outside.own);
            (FindingKind::OutsideArtifacts, Fact::Outside(read, own))
        });
        for (kind, fact) in moved.into_iter().chain(outside) {
            let finding = self.finding(kind);
            finding.add(id, []);
            finding.add_once(fact);
        }
    }

    /// What could not be read as it should, each kind as a finding of its own. Gives back what is none; spans that are
    /// missing are looked for where they are counted.
    fn look_at_problems(&mut self, info: &TraceInfo, problems: &[Problem]) -> Vec<Problem> {
        let id = &info.trace_id;
        let mut facts: BTreeMap<FindingKind, Vec<Fact>> = BTreeMap::new();
        let mut rest = Vec::new();
        for problem in problems.iter().filter(|problem| !problem.kind.starts_with("missing_")) {
            let kind = match &*problem.kind {
                "foreign_location" => FindingKind::ForeignArtifacts,
                "repeated_span" => FindingKind::RepeatedSpans,
                "rows_missing" => FindingKind::RowsMissing,
                "unserved_spans" if had_spans(info) => {
                    let finding = self.finding(FindingKind::SpansNotServed);
                    finding.add(id, []);
                    finding.add_fact(unread(problem));
                    continue;
                }
                _ if is_damage(problem) => FindingKind::DamagedRecords,
                _ => {
                    rest.push(problem.clone());
                    continue;
                }
            };
            facts.entry(kind).or_default().push(unread(problem));
        }
        for (kind, facts) in facts {
            self.found(kind, id, facts);
        }
        rest
    }

    /// Spans that should be there.
    fn look_for_gaps(&mut self, info: &TraceInfo, spans: &Spans) {
        let is_missing = |problem: &&Problem| problem.kind.starts_with("missing_");
        let missing: Vec<Fact> = spans.problems.iter().filter(is_missing).map(unread).collect();
        let (stored, recorded) = (spans.list.len() as u64, info.span_count);
        if !missing.is_empty() && !had_spans(info) {
            return;
        }
        let is_file_missing = spans.problems.iter().any(|problem| problem.kind == "missing_file");
        if is_file_missing && !info.is_in_rows() {
            self.found(FindingKind::MissingArtifacts, &info.trace_id, missing);
            return;
        }
        if !missing.is_empty() || recorded.is_some_and(|recorded| stored < recorded) {
            self.found(FindingKind::SpansMissing, &info.trace_id, [Fact::Spans { stored, recorded }]);
        }
        let orphans = spans.nodes.iter().filter(|node| node.is_orphan).count() as u64;
        if orphans > 0 {
            let has_root = spans.nodes.iter().any(|node| node.parent.is_none() && !node.is_orphan);
            let kind = if has_root { FindingKind::Orphans } else { FindingKind::MissingRoot };
            self.found(kind, &info.trace_id, [Fact::Orphans(orphans)]);
        }
    }

    /// Totals that are not those of the spans, and models without a price.
    fn look_at_usage(&mut self, trace: &Trace) {
        let usage = usage::of_trace(trace);
        let spans = trace.span_list();
        // What MLflow did not see in the spans it could not add up.
        if let (Some(told), Some(recorded)) = (&usage.token_usage, &trace.info.recorded_usage)
            && !trace.is_incomplete()
            && told.figures() != recorded.figures()
            && !usage.rows.iter().any(|row| row.is_derived)
        {
            let fact = Fact::Tokens { recorded: recorded.figures(), spans: told.figures() };
            self.found(FindingKind::TokensDiffer, &trace.info.trace_id, [fact]);
        }
        if let Some((recorded, of_spans)) = usage.costs_that_differ(trace) {
            self.found(FindingKind::CostsDiffer, &trace.info.trace_id, [Fact::Costs(recorded, of_spans)]);
        }
        if let Some(conflict) = usage.conflict.as_ref().filter(|conflict| !conflict.is_decided) {
            let shown = usage.token_usage.as_ref().map(TokenUsage::figures).unwrap_or_default();
            let fact = Fact::EitherTokens { shown, calls: conflict.other.figures() };
            self.found(FindingKind::UsageConflict, &trace.info.trace_id, [fact]);
        }
        for model in usage.unpriced().filter_map(|row| row.model(spans)) {
            *self.unpriced.entry(model.to_owned()).or_default() += 1;
        }
    }

    /// The records of traces that ended without their client having recorded it, so it seems. The attributes of their
    /// spans tell whether they had one.
    #[must_use]
    pub fn take_suspects(&mut self) -> Vec<TraceInfo> {
        std::mem::take(&mut self.suspects)
    }

    /// Looks at such a trace, whose spans have their attributes.
    pub fn add_suspect(&mut self, trace: &Trace) {
        if trace.span_list().iter().any(is_of_client) {
            self.found(FindingKind::RecordIncomplete, &trace.info.trace_id, []);
        }
    }

    /// Takes what could not be read of the store; gives back what says nothing about it.
    pub fn add_problems(&mut self, problems: Vec<Problem>) -> Vec<Problem> {
        let (damage, rest): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(is_damage);
        for problem in &damage {
            self.finding(FindingKind::DamagedRecords).add_damage(problem);
        }
        rest
    }

    /// All that was found, and what is told of the store, the worst first.
    #[must_use]
    pub fn findings(mut self, store: &StoreFacts) -> Vec<Finding> {
        if !self.unpriced.is_empty() {
            let mut models: Vec<(String, u64)> = self.unpriced.into_iter().collect();
            models.sort_by(|(a, a_calls), (b, b_calls)| b_calls.cmp(a_calls).then_with(|| a.cmp(b)));
            let facts: Vec<Fact> = models.into_iter().map(|(name, calls)| Fact::Model(name, calls)).collect();
            let finding = Finding::of_store(FindingKind::UnpricedModels, facts.len() as u64, facts);
            self.findings.insert(finding.kind, finding);
        }
        let of_store = store.findings(self.counts.traces_in_rows);
        self.findings.extend(of_store.into_iter().map(|finding| (finding.kind, finding)));
        // What could not be read may be all there is.
        if self.findings.contains_key(&FindingKind::DamagedRecords) {
            self.findings.remove(&FindingKind::EmptyStore);
        }
        self.findings.into_values().collect()
    }

    fn found(&mut self, kind: FindingKind, trace_id: &str, facts: impl IntoIterator<Item = Fact>) {
        self.finding(kind).add(trace_id, facts);
    }

    fn finding(&mut self, kind: FindingKind) -> &mut Finding {
        self.findings.entry(kind).or_insert_with(|| Finding::of_store(kind, 0, []))
    }
}

#[cfg(test)]
mod tests;
