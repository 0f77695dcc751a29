//! What is not as it should be with a store and its traces. What it means and what to do about it is told where it is shown.

mod finding;
mod store;

pub use finding::{Detail, Fact, Finding, Kind, Severity};

pub use store::{Installed, Store};

use super::usage;
use crate::model::{Problem, Span, Spans, SpansSource, Timestamp, Trace, TraceInfo, TraceState, keys};
use finding::MOST_KEPT;
use std::collections::BTreeMap;

/// A trace in progress that began longer ago than this is taken for one that nobody works on any more.
const STUCK_AFTER_SECONDS: i64 = 3_600;

/// Resource attributes that servers keep as tags of what came over OpenTelemetry (3.14 on); every SDK sends this one.
const SERVICE: &str = "service.name";

/// What was looked at.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Records of traces.
    pub traces: u64,
    /// Traces whose spans were read too.
    pub traces_whole: u64,
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
    pub counts: Counts,
    findings: BTreeMap<Kind, Finding>,
    unpriced: BTreeMap<String, u64>,
    suspects: Vec<TraceInfo>,
}

impl Doctor {
    /// Begins at a time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            counts: Counts::default(),
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
            self.found(Kind::StuckTraces, &info.trace_id, [Fact::Begun(info.request_time)]);
        }
    }

    /// Looks at the spans of a trace, which have their cost.
    pub fn add_spans(&mut self, trace: &Trace) {
        let Some(spans) = &trace.spans else { return };
        self.counts.traces_whole += 1;
        self.counts.spans += spans.list.len() as u64;
        let id = &trace.info.trace_id;
        if let Some(moved) = &spans.moved {
            let (recorded, found) = roots(&moved.recorded, &moved.found);
            let finding = self.finding(Kind::MovedArtifacts);
            finding.add(id, []);
            finding.add_once(Fact::Moved(recorded, found));
        }
        let foreign = spans.problems.iter().filter(|problem| problem.kind == "foreign_location").map(unread);
        let foreign: Vec<Fact> = foreign.collect();
        let damage: Vec<Fact> = spans.problems.iter().filter(|problem| is_damage(problem)).map(unread).collect();
        // Each of these explains why spans are missing; and of a trace in progress they are not there yet.
        if !damage.is_empty() {
            self.found(Kind::DamagedRecords, id, damage);
        } else if !foreign.is_empty() {
            self.found(Kind::ForeignArtifacts, id, foreign);
        } else if trace.info.state != TraceState::InProgress {
            self.look_for_gaps(&trace.info, spans);
        }
        self.look_at_usage(trace);
        if may_be_unfinished(&trace.info, spans) {
            self.suspects.push(trace.info.clone());
        }
    }

    /// Spans that should be there.
    fn look_for_gaps(&mut self, info: &TraceInfo, spans: &Spans) {
        let is_missing = |problem: &&Problem| problem.kind.starts_with("missing_");
        let missing: Vec<Fact> = spans.problems.iter().filter(is_missing).map(unread).collect();
        let (stored, recorded) = (spans.list.len() as u64, info.span_count);
        // A record that was made by itself never had spans; with spans come what went in and what came out.
        let root = [keys::INPUTS, keys::OUTPUTS];
        let had_spans =
            recorded.is_some_and(|count| count > 0) || root.iter().any(|key| info.metadata.get(key).is_some());
        let has = |kind: &str| spans.problems.iter().any(|problem| problem.kind == kind);
        if !missing.is_empty() && !had_spans {
            return;
        }
        if has("missing_file") && info.tags.get(keys::SPANS_LOCATION) != Some(IN_ROWS) {
            self.found(Kind::MissingArtifacts, &info.trace_id, missing);
            return;
        }
        if !missing.is_empty() || recorded.is_some_and(|recorded| stored < recorded && !has("repeated_span")) {
            self.found(Kind::SpansMissing, &info.trace_id, [Fact::Spans { stored, recorded }]);
        }
        let orphans = spans.nodes.iter().filter(|node| node.is_orphan).count() as u64;
        if orphans > 0 {
            let has_root = spans.nodes.iter().any(|node| node.parent.is_none() && !node.is_orphan);
            let kind = if has_root { Kind::Orphans } else { Kind::MissingRoot };
            self.found(kind, &info.trace_id, [Fact::Orphans(orphans)]);
        }
    }

    /// Totals that are not those of the spans, and models without a price.
    fn look_at_usage(&mut self, trace: &Trace) {
        let usage = usage::of_trace(trace);
        let spans = trace.span_list();
        let is_recorded = |call: &&usage::Call| spans[call.span].usage_source() == Some("recorded");
        let mut counted = usage.calls.iter().filter(|call| call.is_counted);
        // What MLflow did not see in the spans it could not add up.
        if let (Some(told), Some(recorded)) = (&usage.token_usage, &trace.info.recorded_usage)
            && !trace.is_incomplete()
            && told.figures() != recorded.figures()
            && counted.all(|call| is_recorded(&call))
        {
            let fact = Fact::Tokens { recorded: recorded.total_tokens, spans: told.total_tokens };
            self.found(Kind::TokensDiffer, &trace.info.trace_id, [fact]);
        }
        for model in usage.unpriced.iter().filter_map(|at| spans[*at].model.as_ref()) {
            *self.unpriced.entry(model.clone()).or_default() += 1;
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
            self.found(Kind::RecordIncomplete, &trace.info.trace_id, []);
        }
    }

    /// Takes what could not be read of the store; gives back what says nothing about it.
    pub fn add_problems(&mut self, problems: Vec<Problem>) -> Vec<Problem> {
        let (damage, rest): (Vec<Problem>, Vec<Problem>) = problems.into_iter().partition(is_damage);
        if !damage.is_empty() {
            let more = Finding::of_store(Kind::DamagedRecords, damage.len() as u64, damage.iter().map(unread));
            let all = self.finding(more.kind);
            all.count += more.count;
            all.details.extend(more.details);
            all.details.truncate(MOST_KEPT);
        }
        rest
    }

    /// All that was found, and what is told of the store, the worst first.
    #[must_use]
    pub fn findings(mut self, store: &Store) -> Vec<Finding> {
        if !self.unpriced.is_empty() {
            let mut models: Vec<(String, u64)> = self.unpriced.into_iter().collect();
            models.sort_by(|(a, a_calls), (b, b_calls)| b_calls.cmp(a_calls).then_with(|| a.cmp(b)));
            let facts: Vec<Fact> = models.into_iter().map(|(name, calls)| Fact::Model(name, calls)).collect();
            let finding = Finding::of_store(Kind::UnpricedModels, facts.len() as u64, facts);
            self.findings.insert(finding.kind, finding);
        }
        self.findings.extend(store.findings().into_iter().map(|finding| (finding.kind, finding)));
        self.findings.into_values().collect()
    }

    fn found(&mut self, kind: Kind, trace_id: &str, facts: impl IntoIterator<Item = Fact>) {
        self.finding(kind).add(trace_id, facts);
    }

    fn finding(&mut self, kind: Kind) -> &mut Finding {
        self.findings.entry(kind).or_insert_with(|| Finding::of_store(kind, 0, []))
    }
}

/// Two paths without what they end with alike: the folders from which a file was moved, and to which.
fn roots(recorded: &str, found: &str) -> (String, String) {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let ends = recorded.rsplit(is_separator).zip(found.rsplit(is_separator)).take_while(|(a, b)| a == b);
    let length = ends.map(|(part, _)| part.len() + 1).sum::<usize>();
    let root = |path: &str| {
        path.get(..path.len().saturating_sub(length)).filter(|root| !root.is_empty()).unwrap_or("/").to_owned()
    };
    (root(recorded), root(found))
}

/// The value of the tag that tells where spans are, if they are rows of a database.
const IN_ROWS: &str = "TRACKING_STORE";

/// Whether something was stored and cannot be read.
fn is_damage(problem: &Problem) -> bool {
    ["damaged_", "unreadable_", "cut_"].iter().any(|kind| problem.kind.starts_with(kind))
}

fn unread(problem: &Problem) -> Fact {
    Fact::Unread(problem.message.clone(), problem.path.clone())
}

/// Whether a trace ended and lacks what a client of MLflow records at the end. So do traces of OpenTelemetry, for which no
/// client speaks; servers of 3.14 on tell those by the tags that they get.
fn may_be_unfinished(info: &TraceInfo, spans: &Spans) -> bool {
    let has_ended = matches!(info.state, TraceState::Ok | TraceState::Error);
    let is_recorded = info.name.is_some() || info.metadata.get(keys::SCHEMA_VERSION).is_some();
    let is_in_store = matches!(spans.source, SpansSource::Database | SpansSource::Server);
    has_ended && !is_recorded && is_in_store && info.tags.get(SERVICE).is_none()
}

/// Whether MLflow's own client made a span: it writes the type before what others add (`entities/span.py`, `LiveSpan`),
/// while servers translate the type of a span that came over OpenTelemetry from what stands before it.
fn is_of_client(span: &Span) -> bool {
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.map(|(key, _)| key.as_str()).take_while(|key| key.starts_with("mlflow.")).any(|key| key == TYPE)
}

/// The attribute of a span's type.
const TYPE: &str = "mlflow.spanType";

#[cfg(test)]
mod tests;
