//! Evaluates the rules of `mltrace check` over a stream of traces: pass, fail or unknown, with evidence.

mod baseline;
mod flag;
mod gaps;
mod measure;
mod rule;
mod statistic;

pub use baseline::{Baseline, Tolerance};
pub use flag::{FlagValues, RuleFlag};
pub use measure::Measure;
pub use rule::{NamePattern, RequiredData, Rule, RuleKind, RuleUnit};
pub use statistic::Statistic;

use super::exceptions::{ExceptionGroups, FailureKind, Occurrence, occurrences};
use crate::model::{Assessment, AssessmentKind, Trace, TraceState};
use crate::reading::{Reading, ToolCall};
use measure::MeasuredValue;
use statistic::ValueSeries;
use std::collections::{BTreeMap, HashSet};

/// Declares the modules and the list of their flags.
macro_rules! rules {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// The flags of all rules, in the order of the help.
        pub static FLAGS: &[&RuleFlag] = &[$(&$module::FLAG),*];
    };
}

rules! {
    max_tokens
    max_cost
    max_latency
    max_llm_calls
    max_tool_calls
    max_error_rate
    no_exceptions
    require_span
    forbid_span
    require_tool
    forbid_tool
    min_feedback
    min_traces
}

/// Returns the measures that rules limit, in the order of the help.
fn measures() -> impl Iterator<Item = &'static Measure> {
    FLAGS.iter().filter_map(|flag| flag.measure)
}

/// The result of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rule holds.
    Pass,
    /// The rule is violated.
    Fail,
    /// The recorded data does not decide it. `check` exits with 1, as for a failure.
    Unknown,
}

impl Verdict {
    /// The verdict in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

/// Evidence that a rule fails or is unknown, usually a trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The id of the trace; `None` if the evidence is not a trace.
    pub trace_id: Option<String>,
    /// The value of the trace, in the unit of the rule.
    pub value: Option<f64>,
    /// A message, such as that of an exception.
    pub text: Option<String>,
}

/// A rule and its result.
#[derive(Clone, Debug)]
pub struct RuleResult {
    /// The rule.
    pub rule: Rule,
    /// The result.
    pub verdict: Verdict,
    /// The value that was compared; for [`Verdict::Unknown`] the least possible value.
    pub value: Option<f64>,
    /// Traces that show why the rule fails or is unknown, worst first, at most [`MAX_EVIDENCE`].
    pub evidence: Vec<Evidence>,
    /// Number of such traces, shown or not.
    pub count: u64,
    /// Number of traces whose data does not decide the rule, for any verdict.
    pub unknown_count: u64,
}

/// Maximum number of traces named for each rule.
pub const MAX_EVIDENCE: usize = 20;

/// Evaluates rules over a stream of traces; [`RuleEvaluator::report`] returns the result.
#[derive(Debug)]
pub struct RuleEvaluator {
    rules: Vec<(Rule, RuleObservations)>,
    required_data: RequiredData,
    traces: u64,
    errors: u64,
    /// By name of the measure.
    measures: BTreeMap<&'static str, ValueSeries>,
    feedback: BTreeMap<String, ValueSeries>,
    exceptions: ExceptionGroups,
    /// Whether failures may be missing from the recorded data.
    has_unrecorded_failure: bool,
}

/// The result of a [`RuleEvaluator`].
#[derive(Debug)]
pub struct Evaluation {
    /// Number of traces read.
    pub traces: u64,
    /// The results, in the order of the rules.
    pub results: Vec<RuleResult>,
    /// The values of these traces, for later comparison.
    pub baseline: Baseline,
}

/// A trace with its values.
struct Measured<'a> {
    trace: &'a Trace,
    /// By name of the measure.
    values: BTreeMap<&'static str, MeasuredValue>,
    failures: Vec<Occurrence>,
    reading: &'a Reading,
}

impl Measured<'_> {
    /// Returns the number of matching spans or tool calls.
    fn match_count(&self, pattern: &NamePattern) -> u64 {
        let spans = self.trace.span_list();
        if !pattern.is_tool {
            return spans.iter().filter(|span| pattern.name.matches(&span.name)).count() as u64;
        }
        let is_match = |call: &&ToolCall| {
            let names = call.name.as_deref().into_iter().chain(call.span.map(|at| spans[at].name.as_str()));
            names.into_iter().any(|name| pattern.name.matches(name))
        };
        self.reading.made_tool_calls().filter(is_match).count() as u64
    }

    /// Returns why there may be more matches, if so.
    fn unknown_reason(&self, pattern: &NamePattern) -> Option<String> {
        if pattern.is_tool {
            gaps::unrecorded_tool_calls(self.trace, self.reading)
        } else {
            gaps::unknown_reason(self.trace)
        }
    }
}

impl RuleEvaluator {
    /// Creates an evaluator. `required_data` = the parts of traces that are read, at least those that the rules need.
    #[must_use]
    pub fn new(rules: Vec<Rule>, required_data: RequiredData) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, RuleObservations::default())).collect(),
            required_data,
            traces: 0,
            errors: 0,
            measures: BTreeMap::new(),
            feedback: BTreeMap::new(),
            exceptions: ExceptionGroups::default(),
            has_unrecorded_failure: false,
        }
    }

    /// Adds a trace.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        self.traces += 1;
        self.errors += u64::from(trace.info.state == TraceState::Error);
        let available = measures().filter(|measure| measure.required_data <= self.required_data);
        let values = available.map(|measure| (measure.name, (measure.evaluate)(trace, reading))).collect();
        let failures = if self.required_data == RequiredData::Exceptions { occurrences(trace) } else { Vec::new() };
        self.has_unrecorded_failure |= unrecorded_failure(trace, &failures).is_some();
        let measured = Measured { trace, values, failures, reading };
        for (rule, seen) in &mut self.rules {
            seen.add(&rule.kind, &measured);
        }
        for (measure, value) in &measured.values {
            // Measures are never negative; feedback may be.
            self.measures.entry(*measure).or_default().add(value, Some(0.0));
        }
        for feedback in trace.info.assessments.iter().filter(|assessment| is_feedback(assessment)) {
            self.feedback.entry(feedback.name.clone()).or_default().add(&MeasuredValue::from_feedback(feedback), None);
        }
        let raised = |occurrence: &Occurrence| occurrence.failure.kind == FailureKind::Raised;
        self.exceptions.add(measured.failures.into_iter().filter(raised).collect());
    }

    /// Returns the results over all traces added.
    #[must_use]
    pub fn report(mut self) -> Evaluation {
        let rules = std::mem::take(&mut self.rules);
        let findings = rules.into_iter().map(|(rule, seen)| self.evaluate(rule, seen)).collect();
        Evaluation { traces: self.traces, results: findings, baseline: Baseline::from_evaluator(&self) }
    }

    fn evaluate(&self, rule: Rule, seen: RuleObservations) -> RuleResult {
        let kind = &rule.kind;
        let is_complete = seen.unknown.count == 0;
        let share = |errors: u64| (self.traces > 0).then(|| errors as f64 / self.traces as f64);
        // The value, and whether it is complete. Without traces only `min-traces` fails.
        let (value, is_exact) = match kind {
            RuleKind::Traces(_) => (Some(self.traces as f64), true),
            RuleKind::ErrorRate(_) => {
                // Exact if the rule would hold even if all running traces failed.
                let max = share(self.errors + seen.unknown.count);
                (share(self.errors), !max.is_some_and(|max| kind.is_violated_by(max)))
            }
            RuleKind::Max(_, Statistic::Each, _) | RuleKind::Feedback(_, Statistic::Each, _) => {
                (seen.extreme, is_complete)
            }
            RuleKind::Max(measure, statistic, _) => {
                self.measures.get(measure.name).map_or((None, true), |values| values.statistic(*statistic))
            }
            RuleKind::Feedback(name, statistic, _) => {
                self.feedback.get(name).map_or((None, self.traces == 0), |values| values.statistic(*statistic))
            }
            RuleKind::Readable
            | RuleKind::NoExceptions(_)
            | RuleKind::NoNewExceptions(_)
            | RuleKind::RequiredSpan(_)
            | RuleKind::ForbiddenSpan(_) => (Some(seen.match_count as f64), is_complete),
        };
        // Missing data can only increase a value with an upper limit, so a violation stays one. A mean of feedback can
        // move either way.
        let is_certain = is_exact || !kind.is_minimum() || kind.statistic() == Some(Statistic::Each);
        let verdict = match value {
            Some(value) if kind.is_violated_by(value) && is_certain => Verdict::Fail,
            _ if is_exact => Verdict::Pass,
            _ => Verdict::Unknown,
        };
        let unknown_count = seen.unknown.count;
        let mut worst = match verdict {
            Verdict::Pass => TopEvidence::default(),
            Verdict::Fail => seen.violating,
            Verdict::Unknown => seen.unknown,
        };
        worst.truncate(kind.is_minimum());
        RuleResult { verdict, value, count: worst.count, evidence: worst.list, unknown_count, rule }
    }
}

/// The traces that violate a rule, and those whose data does not decide it.
#[derive(Debug, Default)]
struct RuleObservations {
    violating: TopEvidence,
    unknown: TopEvidence,
    /// The value closest to, or furthest beyond, the limit; for rules on each trace.
    extreme: Option<f64>,
    /// Number of matches that violate the rule.
    match_count: u64,
}

impl RuleObservations {
    fn add(&mut self, kind: &RuleKind, measured: &Measured<'_>) {
        let trace = measured.trace;
        match kind {
            RuleKind::Readable | RuleKind::Traces(_) => {}
            RuleKind::Max(measure, statistic, _) => {
                if let Some(value) = measured.values.get(measure.name) {
                    self.add_value(kind, trace, value, *statistic);
                }
            }
            RuleKind::ErrorRate(_) => match trace.info.state {
                TraceState::Error => self.violating.add(trace, None, None, false),
                TraceState::InProgress => self.add_unknown(trace, gaps::IN_PROGRESS.to_owned()),
                TraceState::Ok | TraceState::Unspecified | TraceState::Other(_) => {}
            },
            RuleKind::NoExceptions(with_handled) => {
                let counts = |occurrence: &&Occurrence| match occurrence.failure.kind {
                    FailureKind::Raised => true,
                    FailureKind::Handled => *with_handled,
                    FailureKind::Logging => false,
                };
                self.add_failures(measured, counts);
            }
            RuleKind::NoNewExceptions(known) => {
                let is_new = |occurrence: &&Occurrence| {
                    occurrence.failure.kind == FailureKind::Raised && !known.contains(&occurrence.fingerprint())
                };
                self.add_failures(measured, is_new);
            }
            RuleKind::RequiredSpan(pattern) if measured.match_count(pattern) > 0 => {}
            RuleKind::RequiredSpan(pattern) => {
                if let Some(reason) = measured.unknown_reason(pattern) {
                    self.add_unknown(trace, reason);
                } else {
                    self.match_count += 1;
                    self.violating.add(trace, None, None, false);
                }
            }
            RuleKind::ForbiddenSpan(pattern) => {
                self.add_matches(trace, measured.match_count(pattern), None, measured.unknown_reason(pattern));
            }
            RuleKind::Feedback(name, statistic, _) => {
                let is_named = |assessment: &&Assessment| is_feedback(assessment) && assessment.name == *name;
                let mut feedback = trace.info.assessments.iter().filter(is_named).peekable();
                if feedback.peek().is_none() && *statistic == Statistic::Each {
                    self.add_unknown(trace, "no such feedback".to_owned());
                }
                feedback.for_each(|one| self.add_value(kind, trace, &MeasuredValue::from_feedback(one), *statistic));
            }
        }
    }

    fn add_unknown(&mut self, trace: &Trace, reason: String) {
        self.unknown.add(trace, None, Some(reason), false);
    }

    /// Adds a value of a trace. For sums, the traces with the largest values are the evidence.
    fn add_value(&mut self, kind: &RuleKind, trace: &Trace, measured: &MeasuredValue, statistic: Statistic) {
        let is_minimum = kind.is_minimum();
        let is_violation = measured.min.is_some_and(|value| kind.is_violated_by(value));
        if let Some(value) = measured.min {
            let further = |old: f64| if is_minimum { old.min(value) } else { old.max(value) };
            self.extreme = Some(self.extreme.map_or(value, further));
            if is_violation || (statistic.is_sum() && value != 0.0) {
                self.violating.add(trace, Some(value), None, is_minimum);
            }
        }
        let passes_anyway =
            statistic == Statistic::Each && measured.max.is_some_and(|value| !kind.is_violated_by(value));
        if let Some(reason) = measured.unknown_reason.as_ref().filter(|_| !passes_anyway) {
            self.add_unknown(trace, reason.clone());
        }
    }

    fn add_failures(&mut self, measured: &Measured<'_>, counts: impl Fn(&&Occurrence) -> bool) {
        let found: Vec<&Occurrence> = measured.failures.iter().filter(counts).collect();
        let reason = unrecorded_failure(measured.trace, &measured.failures);
        self.add_matches(measured.trace, found.len() as u64, found.first().map(|first| first.failure.title()), reason);
    }

    /// Adds violations of a rule that allows none.
    fn add_matches(&mut self, trace: &Trace, count: u64, text: Option<String>, unknown: Option<String>) {
        self.match_count += count;
        if count > 0 {
            self.violating.add(trace, Some(count as f64), text, false);
        } else if let Some(reason) = unknown {
            self.add_unknown(trace, reason);
        }
    }
}

/// Returns why failures of a trace may be missing from the recorded data, if so.
fn unrecorded_failure(trace: &Trace, failures: &[Occurrence]) -> Option<String> {
    let lacks_failure = trace.info.state == TraceState::Error && failures.is_empty();
    gaps::unknown_reason(trace).or_else(|| lacks_failure.then(|| "failed, but no span records why".to_owned()))
}

/// The worst traces, with the number of all.
#[derive(Debug, Default)]
struct TopEvidence {
    list: Vec<Evidence>,
    count: u64,
    last: String,
}

impl TopEvidence {
    /// Adds a trace. The largest values are the worst, or the smallest if the limit is a minimum.
    fn add(&mut self, trace: &Trace, value: Option<f64>, text: Option<String>, is_minimum: bool) {
        // A trace with several values counts once.
        self.count += u64::from(self.last != trace.info.trace_id);
        self.last.clone_from(&trace.info.trace_id);
        let text = text.map(|text| shortened(&text));
        self.list.push(Evidence { trace_id: Some(trace.info.trace_id.clone()), value, text });
        // Bounds the memory.
        if self.list.len() == 2 * MAX_EVIDENCE {
            self.truncate(is_minimum);
        }
    }

    /// Keeps the worst value of each trace, worst first, then in order of arrival.
    fn truncate(&mut self, is_minimum: bool) {
        let badness = |evidence: &Evidence| evidence.value.map_or(0.0, |value| if is_minimum { -value } else { value });
        self.list.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        let mut known: HashSet<Option<String>> = HashSet::new();
        self.list.retain(|evidence| known.insert(evidence.trace_id.clone()));
        self.list.truncate(MAX_EVIDENCE);
    }
}

/// Maximum number of characters of a text in evidence.
const MAX_TEXT_CHARS: usize = 300;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether an assessment is feedback that was not overridden.
fn is_feedback(assessment: &Assessment) -> bool {
    assessment.kind == AssessmentKind::Feedback && assessment.valid
}

#[cfg(test)]
mod tests;
