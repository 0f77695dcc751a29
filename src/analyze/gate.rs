//! Whether traces keep to rules: what breaks one, what cannot tell, and by which traces that is seen.

mod baseline;
mod measure;
mod rule;

pub use baseline::{Baseline, Tolerance};
pub use measure::{Measure, Over};
pub use rule::{Need, Pattern, Rule, Test, Unit};

use super::exceptions::{Groups, Kind, Occurrence, occurrences};
use crate::model::{Assessment, AssessmentKind, Trace, TraceState};
use crate::reading::{Reading, ToolCall};
use measure::{Figure, Values};
use std::collections::{BTreeMap, HashSet};

/// What came of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Kept,
    /// It does not.
    Broken,
    /// What was recorded does not tell. That is no pass.
    Unanswered,
}

impl Verdict {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "broken",
            Self::Unanswered => "unanswered",
        }
    }
}

/// A trace by which something is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The trace, where it is one.
    pub trace_id: Option<String>,
    /// Its own figure, in the unit of the rule.
    pub value: Option<f64>,
    /// What there is to say of it.
    pub text: Option<String>,
}

/// A rule and what came of it.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What came of it.
    pub verdict: Verdict,
    /// The figure that was compared; the least that it can be where the rule was not answered.
    pub value: Option<f64>,
    /// Traces by which it is seen that the rule is broken or not answered, the worst first, not more than [`MOST_EVIDENCE`].
    pub evidence: Vec<Evidence>,
    /// How many such traces there are.
    pub count: u64,
    /// How many traces cannot tell, whatever came of the others.
    pub silent: u64,
}

/// So many traces are named for each rule.
pub const MOST_EVIDENCE: usize = 20;

/// Looks at traces one by one, and tells at the end which rules they keep to.
#[derive(Debug)]
pub struct Gate {
    rules: Vec<(Rule, Seen)>,
    need: Need,
    traces: u64,
    errors: u64,
    measures: BTreeMap<Measure, Values>,
    feedback: BTreeMap<String, Values>,
    exceptions: Groups,
    /// Whether more may have failed than is told.
    has_untold: bool,
}

/// What a gate tells at the end.
#[derive(Debug)]
pub struct Report {
    /// How many traces were looked at.
    pub traces: u64,
    /// What came of each rule.
    pub findings: Vec<Finding>,
    /// What the traces are like, to compare others with.
    pub baseline: Baseline,
}

/// A trace with what rules look at.
struct Look<'a> {
    trace: &'a Trace,
    figures: BTreeMap<Measure, Figure>,
    failures: Vec<Occurrence>,
    reading: &'a Reading,
}

impl Look<'_> {
    /// How many spans, or tool calls, are meant.
    fn found(&self, pattern: &Pattern) -> u64 {
        let spans = self.trace.span_list();
        if !pattern.is_tool {
            return spans.iter().filter(|span| pattern.name.matches(&span.name)).count() as u64;
        }
        let is_meant = |call: &&ToolCall| {
            let names = call.name.as_deref().into_iter().chain(call.span.map(|at| spans[at].name.as_str()));
            names.into_iter().any(|name| pattern.name.matches(name))
        };
        self.reading.own_tool_calls().filter(is_meant).count() as u64
    }

    /// Why there may be more than these.
    fn unknown(&self, pattern: &Pattern) -> Option<String> {
        if pattern.is_tool {
            measure::unrecorded_tool_calls(self.trace, self.reading)
        } else {
            measure::unknown(self.trace)
        }
    }
}

impl Gate {
    /// Nothing seen yet. `need` = what is read of traces, at least what the rules need.
    #[must_use]
    pub fn new(rules: Vec<Rule>, need: Need) -> Self {
        Self {
            rules: rules.into_iter().map(|rule| (rule, Seen::default())).collect(),
            need,
            traces: 0,
            errors: 0,
            measures: BTreeMap::new(),
            feedback: BTreeMap::new(),
            exceptions: Groups::default(),
            has_untold: false,
        }
    }

    /// Looks at a trace.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        self.traces += 1;
        self.errors += u64::from(trace.info.state == TraceState::Error);
        let measures = Measure::ALL.into_iter().filter(|measure| measure.need() <= self.need);
        let figures = measures.map(|measure| (measure, measure.of(trace, reading))).collect();
        let failures = if self.need == Need::Exceptions { occurrences(trace) } else { Vec::new() };
        self.has_untold |= untold_failure(trace, &failures).is_some();
        let look = Look { trace, figures, failures, reading };
        for (rule, seen) in &mut self.rules {
            seen.add(&rule.test, &look);
        }
        for (measure, figure) in &look.figures {
            // Less than nothing is not used.
            self.measures.entry(*measure).or_default().add(figure, Some(0.0));
        }
        for feedback in trace.info.assessments.iter().filter(|one| is_feedback(one)) {
            self.feedback.entry(feedback.name.clone()).or_default().add(&Figure::of_feedback(feedback), None);
        }
        self.exceptions.add(look.failures.into_iter().filter(|one| one.failure.kind == Kind::Raised).collect());
    }

    /// What came of it all.
    #[must_use]
    pub fn report(mut self) -> Report {
        let rules = std::mem::take(&mut self.rules);
        let findings = rules.into_iter().map(|(rule, seen)| self.finding(rule, seen)).collect();
        Report { traces: self.traces, findings, baseline: Baseline::of(&self) }
    }

    fn finding(&self, rule: Rule, seen: Seen) -> Finding {
        let test = &rule.test;
        let is_told = seen.silent.count == 0;
        let share = |errors: u64| (self.traces > 0).then(|| errors as f64 / self.traces as f64);
        // The value, and whether nothing is missing of it. Of no traces nothing can be said against a rule.
        let (value, is_exact) = match test {
            Test::Traces(_) => (Some(self.traces as f64), true),
            Test::ErrorRate(_) => {
                // Even if all that still run fail.
                let most = share(self.errors + seen.silent.count);
                (share(self.errors), !most.is_some_and(|most| test.is_broken_by(most)))
            }
            Test::Most(_, Over::Each, _) | Test::Feedback(_, Over::Each, _) => (seen.extreme, is_told),
            Test::Most(measure, over, _) => {
                self.measures.get(measure).map_or((None, true), |values| values.over(*over))
            }
            Test::Feedback(name, over, _) => {
                self.feedback.get(name).map_or((None, self.traces == 0), |values| values.over(*over))
            }
            Test::Readable
            | Test::NoExceptions(_)
            | Test::NoNewExceptions(_)
            | Test::RequiredSpan(_)
            | Test::ForbiddenSpan(_) => (Some(seen.found as f64), is_told),
        };
        // What is missing can only make a figure greater, and one that is too great stays so. Of a mean of judgements that is
        // not so.
        let is_certain = is_exact || !test.is_least() || test.over() == Some(Over::Each);
        let verdict = match value {
            Some(value) if test.is_broken_by(value) && is_certain => Verdict::Broken,
            _ if is_exact => Verdict::Kept,
            _ => Verdict::Unanswered,
        };
        let silent = seen.silent.count;
        let mut worst = match verdict {
            Verdict::Kept => Worst::default(),
            Verdict::Broken => seen.against,
            Verdict::Unanswered => seen.silent,
        };
        worst.cut(test.is_least());
        Finding { verdict, value, count: worst.count, evidence: worst.list, silent, rule }
    }
}

/// The traces that speak against a rule, and those that do not tell.
#[derive(Debug, Default)]
struct Seen {
    against: Worst,
    silent: Worst,
    /// The figure furthest towards the limit or beyond it, where each trace has one.
    extreme: Option<f64>,
    /// How much was found that must not be.
    found: u64,
}

impl Seen {
    /// What a trace says to a rule.
    fn add(&mut self, test: &Test, look: &Look<'_>) {
        let trace = look.trace;
        match test {
            Test::Readable | Test::Traces(_) => {}
            Test::Most(measure, over, _) => {
                if let Some(figure) = look.figures.get(measure) {
                    self.figure(test, trace, figure, *over);
                }
            }
            Test::ErrorRate(_) => match trace.info.state {
                TraceState::Error => self.against.add(trace, None, None, false),
                TraceState::InProgress => self.silence(trace, measure::IN_PROGRESS.to_owned()),
                TraceState::Ok | TraceState::Unspecified | TraceState::Other(_) => {}
            },
            Test::NoExceptions(with_handled) => {
                let counts = |one: &&Occurrence| match one.failure.kind {
                    Kind::Raised => true,
                    Kind::Handled => *with_handled,
                    Kind::Logging => false,
                };
                self.failures(look, counts);
            }
            Test::NoNewExceptions(known) => {
                let is_new =
                    |one: &&Occurrence| one.failure.kind == Kind::Raised && !known.contains(&one.fingerprint());
                self.failures(look, is_new);
            }
            Test::RequiredSpan(pattern) if look.found(pattern) > 0 => {}
            Test::RequiredSpan(pattern) => {
                if let Some(why) = look.unknown(pattern) {
                    self.silence(trace, why);
                } else {
                    self.found += 1;
                    self.against.add(trace, None, None, false);
                }
            }
            Test::ForbiddenSpan(pattern) => self.count(trace, look.found(pattern), None, look.unknown(pattern)),
            Test::Feedback(name, over, _) => {
                let own = || trace.info.assessments.iter().filter(|one| is_feedback(one) && one.name == *name);
                if own().next().is_none() && *over == Over::Each {
                    self.silence(trace, "it has no such feedback".to_owned());
                }
                own().for_each(|one| self.figure(test, trace, &Figure::of_feedback(one), *over));
            }
        }
    }

    fn silence(&mut self, trace: &Trace, why: String) {
        self.silent.add(trace, None, Some(why), false);
    }

    /// A figure of a trace. Where figures are added up, the greatest are what speaks against the rule.
    fn figure(&mut self, test: &Test, trace: &Trace, figure: &Figure, over: Over) {
        let is_least = test.is_least();
        let is_against = figure.least.is_some_and(|value| test.is_broken_by(value));
        if let Some(value) = figure.least {
            let further = |old: f64| if is_least { old.min(value) } else { old.max(value) };
            self.extreme = Some(self.extreme.map_or(value, further));
            if is_against || (over.is_sum() && value != 0.0) {
                self.against.add(trace, Some(value), None, is_least);
            }
        }
        let is_kept_anyway = over == Over::Each && figure.most.is_some_and(|value| !test.is_broken_by(value));
        if let Some(why) = figure.unknown.as_ref().filter(|_| !is_kept_anyway) {
            self.silence(trace, why.clone());
        }
    }

    fn failures(&mut self, look: &Look<'_>, counts: impl Fn(&&Occurrence) -> bool) {
        let found: Vec<&Occurrence> = look.failures.iter().filter(counts).collect();
        let why = untold_failure(look.trace, &look.failures);
        self.count(look.trace, found.len() as u64, found.first().map(|one| one.failure.title()), why);
    }

    /// Things that must not be.
    fn count(&mut self, trace: &Trace, count: u64, text: Option<String>, unknown: Option<String>) {
        self.found += count;
        if count > 0 {
            self.against.add(trace, Some(count as f64), text, false);
        } else if let Some(why) = unknown {
            self.silence(trace, why);
        }
    }
}

/// Why more may have failed in a trace than is told.
fn untold_failure(trace: &Trace, failures: &[Occurrence]) -> Option<String> {
    let is_untold = trace.info.state == TraceState::Error && failures.is_empty();
    measure::unknown(trace).or_else(|| is_untold.then(|| "it failed, and no span of it records why".to_owned()))
}

/// The worst of many traces.
#[derive(Debug, Default)]
struct Worst {
    list: Vec<Evidence>,
    count: u64,
    last: String,
}

impl Worst {
    /// Adds one. The greatest values are the worst, or where a rule asks for at least so much, the least.
    fn add(&mut self, trace: &Trace, value: Option<f64>, text: Option<String>, is_least: bool) {
        // Several judgements of a trace are one trace.
        self.count += u64::from(self.last != trace.info.trace_id);
        self.last.clone_from(&trace.info.trace_id);
        let text = text.map(|text| shortened(&text));
        self.list.push(Evidence { trace_id: Some(trace.info.trace_id.clone()), value, text });
        // No more than a few are told, however many there are.
        if self.list.len() == 2 * MOST_EVIDENCE {
            self.cut(is_least);
        }
    }

    /// Keeps the worst of each trace, these first; of equal ones those that came first.
    fn cut(&mut self, is_least: bool) {
        let badness = |one: &Evidence| one.value.map_or(0.0, |value| if is_least { -value } else { value });
        self.list.sort_by(|a, b| badness(b).total_cmp(&badness(a)));
        let mut known: HashSet<Option<String>> = HashSet::new();
        self.list.retain(|one| known.insert(one.trace_id.clone()));
        self.list.truncate(MOST_EVIDENCE);
    }
}

/// So much of a text is evidence enough.
const MOST_TEXT: usize = 300;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether it is a judgement that still counts.
fn is_feedback(assessment: &Assessment) -> bool {
    assessment.kind == AssessmentKind::Feedback && assessment.valid
}
