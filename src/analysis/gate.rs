//! Evaluates the rules of `mltrace check` over traces: pass, fail or unknown, with the traces that show it.

mod baseline;
mod measure;
mod rule;

pub use baseline::{Baseline, Tolerance};
pub use measure::{Measure, Statistic};
pub use rule::{NamePattern, RequiredData, Rule, RuleKind, RuleUnit};

use super::exceptions::{ExceptionGroups, FailureKind, Occurrence, occurrences};
use crate::model::{Assessment, AssessmentKind, Trace, TraceState};
use crate::reading::{Reading, ToolCall};
use measure::{MeasuredValue, ValueSeries};
use std::collections::{BTreeMap, HashSet};

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

/// A trace that shows why a rule fails or is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The trace, where it is one.
    pub trace_id: Option<String>,
    /// Its own value, in the unit of the rule.
    pub value: Option<f64>,
    /// A sentence, such as the message of its exception.
    pub text: Option<String>,
}

/// A rule and its result.
#[derive(Clone, Debug)]
pub struct RuleResult {
    /// The rule.
    pub rule: Rule,
    /// The result.
    pub verdict: Verdict,
    /// The value that was compared; for [`Verdict::Unknown`] the least that it can be.
    pub value: Option<f64>,
    /// Traces that show why the rule fails or is unknown, worst first, at most [`MAX_EVIDENCE`].
    pub evidence: Vec<Evidence>,
    /// Number of such traces, shown or not.
    pub count: u64,
    /// Number of traces whose data does not decide the rule, whatever the verdict.
    pub unknown_count: u64,
}

/// Maximum number of traces named for each rule.
pub const MAX_EVIDENCE: usize = 20;

/// Evaluates rules over a stream of traces; [`RuleEvaluator::report`] gives the result.
#[derive(Debug)]
pub struct RuleEvaluator {
    rules: Vec<(Rule, RuleObservations)>,
    need: RequiredData,
    traces: u64,
    errors: u64,
    measures: BTreeMap<Measure, ValueSeries>,
    feedback: BTreeMap<String, ValueSeries>,
    exceptions: ExceptionGroups,
    /// Whether more may have failed than was recorded.
    has_unrecorded_failure: bool,
}

/// The result of a [`RuleEvaluator`].
#[derive(Debug)]
pub struct Evaluation {
    /// Number of traces read.
    pub traces: u64,
    /// The result of each rule, in their order.
    pub findings: Vec<RuleResult>,
    /// Figures of these traces, for later comparison.
    pub baseline: Baseline,
}

/// A trace with what rules measure.
struct Measured<'a> {
    trace: &'a Trace,
    figures: BTreeMap<Measure, MeasuredValue>,
    failures: Vec<Occurrence>,
    reading: &'a Reading,
}

impl Measured<'_> {
    /// Number of spans, or tool calls, that match.
    fn found(&self, pattern: &NamePattern) -> u64 {
        let spans = self.trace.span_list();
        if !pattern.is_tool {
            return spans.iter().filter(|span| pattern.name.matches(&span.name)).count() as u64;
        }
        let is_match = |call: &&ToolCall| {
            let names = call.name.as_deref().into_iter().chain(call.span.map(|at| spans[at].name.as_str()));
            names.into_iter().any(|name| pattern.name.matches(name))
        };
        self.reading.own_tool_calls().filter(is_match).count() as u64
    }

    /// Why there may be more matches than these, if so.
    fn unknown(&self, pattern: &NamePattern) -> Option<String> {
        if pattern.is_tool {
            measure::unrecorded_tool_calls(self.trace, self.reading)
        } else {
            measure::unknown(self.trace)
        }
    }
}

impl RuleEvaluator {
    /// A gate without traces. `need` = the parts of traces that are read, at least those the rules need.
    #[must_use]
    pub fn new(rules: Vec<Rule>, need: RequiredData) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, RuleObservations::default())).collect(),
            need,
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
        let wanted = Measure::ALL.into_iter().filter(|measure| measure.need() <= self.need);
        let figures = wanted.map(|measure| (measure, measure.of(trace, reading))).collect();
        let failures = if self.need == RequiredData::Exceptions { occurrences(trace) } else { Vec::new() };
        self.has_unrecorded_failure |= unrecorded_failure(trace, &failures).is_some();
        let measured = Measured { trace, figures, failures, reading };
        for (rule, seen) in &mut self.rules {
            seen.add(&rule.test, &measured);
        }
        for (measure, figure) in &measured.figures {
            // Measures of traces are never negative; feedback may be.
            self.measures.entry(*measure).or_default().add(figure, Some(0.0));
        }
        for feedback in trace.info.assessments.iter().filter(|one| is_feedback(one)) {
            self.feedback.entry(feedback.name.clone()).or_default().add(&MeasuredValue::of_feedback(feedback), None);
        }
        self.exceptions
            .add(measured.failures.into_iter().filter(|one| one.failure.kind == FailureKind::Raised).collect());
    }

    /// The result over all traces added.
    #[must_use]
    pub fn report(mut self) -> Evaluation {
        let rules = std::mem::take(&mut self.rules);
        let findings = rules.into_iter().map(|(rule, seen)| self.finding(rule, seen)).collect();
        Evaluation { traces: self.traces, findings, baseline: Baseline::of(&self) }
    }

    fn finding(&self, rule: Rule, seen: RuleObservations) -> RuleResult {
        let test = &rule.test;
        let is_complete = seen.unknown.count == 0;
        let share = |errors: u64| (self.traces > 0).then(|| errors as f64 / self.traces as f64);
        // The value, and whether no data is missing for it. Without traces no rule but min-traces fails.
        let (value, is_exact) = match test {
            RuleKind::Traces(_) => (Some(self.traces as f64), true),
            RuleKind::ErrorRate(_) => {
                // Exact if the rule would hold even if all running traces failed.
                let most = share(self.errors + seen.unknown.count);
                (share(self.errors), !most.is_some_and(|most| test.is_broken_by(most)))
            }
            RuleKind::Most(_, Statistic::Each, _) | RuleKind::Feedback(_, Statistic::Each, _) => {
                (seen.extreme, is_complete)
            }
            RuleKind::Most(measure, over, _) => {
                self.measures.get(measure).map_or((None, true), |values| values.over(*over))
            }
            RuleKind::Feedback(name, over, _) => {
                self.feedback.get(name).map_or((None, self.traces == 0), |values| values.over(*over))
            }
            RuleKind::Readable
            | RuleKind::NoExceptions(_)
            | RuleKind::NoNewExceptions(_)
            | RuleKind::RequiredSpan(_)
            | RuleKind::ForbiddenSpan(_) => (Some(seen.found as f64), is_complete),
        };
        // Missing data can only increase a maximum, so a value beyond its limit stays beyond it. A mean of feedback can move
        // either way.
        let is_certain = is_exact || !test.is_least() || test.over() == Some(Statistic::Each);
        let verdict = match value {
            Some(value) if test.is_broken_by(value) && is_certain => Verdict::Fail,
            _ if is_exact => Verdict::Pass,
            _ => Verdict::Unknown,
        };
        let unknown_count = seen.unknown.count;
        let mut worst = match verdict {
            Verdict::Pass => TopEvidence::default(),
            Verdict::Fail => seen.violating,
            Verdict::Unknown => seen.unknown,
        };
        worst.cut(test.is_least());
        RuleResult { verdict, value, count: worst.count, evidence: worst.list, unknown_count, rule }
    }
}

/// The traces that violate a rule, and those whose data does not decide it.
#[derive(Debug, Default)]
struct RuleObservations {
    violating: TopEvidence,
    unknown: TopEvidence,
    /// The value closest to or furthest beyond the limit, for rules on each trace.
    extreme: Option<f64>,
    /// Number of matches that violate the rule.
    found: u64,
}

impl RuleObservations {
    fn add(&mut self, test: &RuleKind, measured: &Measured<'_>) {
        let trace = measured.trace;
        match test {
            RuleKind::Readable | RuleKind::Traces(_) => {}
            RuleKind::Most(measure, over, _) => {
                if let Some(figure) = measured.figures.get(measure) {
                    self.figure(test, trace, figure, *over);
                }
            }
            RuleKind::ErrorRate(_) => match trace.info.state {
                TraceState::Error => self.violating.add(trace, None, None, false),
                TraceState::InProgress => self.add_unknown(trace, measure::IN_PROGRESS.to_owned()),
                TraceState::Ok | TraceState::Unspecified | TraceState::Other(_) => {}
            },
            RuleKind::NoExceptions(with_handled) => {
                let counts = |one: &&Occurrence| match one.failure.kind {
                    FailureKind::Raised => true,
                    FailureKind::Handled => *with_handled,
                    FailureKind::Logging => false,
                };
                self.failures(measured, counts);
            }
            RuleKind::NoNewExceptions(known) => {
                let is_new =
                    |one: &&Occurrence| one.failure.kind == FailureKind::Raised && !known.contains(&one.fingerprint());
                self.failures(measured, is_new);
            }
            RuleKind::RequiredSpan(pattern) if measured.found(pattern) > 0 => {}
            RuleKind::RequiredSpan(pattern) => {
                if let Some(why) = measured.unknown(pattern) {
                    self.add_unknown(trace, why);
                } else {
                    self.found += 1;
                    self.violating.add(trace, None, None, false);
                }
            }
            RuleKind::ForbiddenSpan(pattern) => {
                self.count(trace, measured.found(pattern), None, measured.unknown(pattern));
            }
            RuleKind::Feedback(name, over, _) => {
                let own = || trace.info.assessments.iter().filter(|one| is_feedback(one) && one.name == *name);
                if own().next().is_none() && *over == Statistic::Each {
                    self.add_unknown(trace, "it has no such feedback".to_owned());
                }
                own().for_each(|one| self.figure(test, trace, &MeasuredValue::of_feedback(one), *over));
            }
        }
    }

    fn add_unknown(&mut self, trace: &Trace, why: String) {
        self.unknown.add(trace, None, Some(why), false);
    }

    /// Adds a value of a trace. For sums, the traces with the greatest values are the evidence.
    fn figure(&mut self, test: &RuleKind, trace: &Trace, figure: &MeasuredValue, over: Statistic) {
        let is_least = test.is_least();
        let is_violation = figure.least.is_some_and(|value| test.is_broken_by(value));
        if let Some(value) = figure.least {
            let further = |old: f64| if is_least { old.min(value) } else { old.max(value) };
            self.extreme = Some(self.extreme.map_or(value, further));
            if is_violation || (over.is_sum() && value != 0.0) {
                self.violating.add(trace, Some(value), None, is_least);
            }
        }
        let passes_anyway = over == Statistic::Each && figure.most.is_some_and(|value| !test.is_broken_by(value));
        if let Some(why) = figure.unknown.as_ref().filter(|_| !passes_anyway) {
            self.add_unknown(trace, why.clone());
        }
    }

    fn failures(&mut self, measured: &Measured<'_>, counts: impl Fn(&&Occurrence) -> bool) {
        let found: Vec<&Occurrence> = measured.failures.iter().filter(counts).collect();
        let why = unrecorded_failure(measured.trace, &measured.failures);
        self.count(measured.trace, found.len() as u64, found.first().map(|one| one.failure.title()), why);
    }

    /// Adds matches of a rule that allows none.
    fn count(&mut self, trace: &Trace, count: u64, text: Option<String>, unknown: Option<String>) {
        self.found += count;
        if count > 0 {
            self.violating.add(trace, Some(count as f64), text, false);
        } else if let Some(why) = unknown {
            self.add_unknown(trace, why);
        }
    }
}

/// Why more may have failed in a trace than was recorded, if so.
fn unrecorded_failure(trace: &Trace, failures: &[Occurrence]) -> Option<String> {
    let lacks_failure = trace.info.state == TraceState::Error && failures.is_empty();
    measure::unknown(trace).or_else(|| lacks_failure.then(|| "it failed, and no span of it records why".to_owned()))
}

/// The worst traces of many.
#[derive(Debug, Default)]
struct TopEvidence {
    list: Vec<Evidence>,
    count: u64,
    last: String,
}

impl TopEvidence {
    /// Adds a trace. The greatest values are the worst, or the least where the limit is a minimum.
    fn add(&mut self, trace: &Trace, value: Option<f64>, text: Option<String>, is_least: bool) {
        // Several values of one trace count once.
        self.count += u64::from(self.last != trace.info.trace_id);
        self.last.clone_from(&trace.info.trace_id);
        let text = text.map(|text| shortened(&text));
        self.list.push(Evidence { trace_id: Some(trace.info.trace_id.clone()), value, text });
        // Memory stays bounded: cut whenever twice as many have come.
        if self.list.len() == 2 * MAX_EVIDENCE {
            self.cut(is_least);
        }
    }

    /// Keeps the worst value of each trace, worst first, earlier ones first among equals.
    fn cut(&mut self, is_least: bool) {
        let badness = |one: &Evidence| one.value.map_or(0.0, |value| if is_least { -value } else { value });
        self.list.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        let mut known: HashSet<Option<String>> = HashSet::new();
        self.list.retain(|one| known.insert(one.trace_id.clone()));
        self.list.truncate(MAX_EVIDENCE);
    }
}

/// Maximum characters of a text in evidence.
const MAX_TEXT: usize = 300;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether an assessment is feedback that was not overridden.
fn is_feedback(assessment: &Assessment) -> bool {
    assessment.kind == AssessmentKind::Feedback && assessment.valid
}
