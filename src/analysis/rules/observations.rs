//! Traces that violate a rule, or whose data does not decide it.

use super::limit::Limit;
use super::trace::MeasuredTrace;
use super::values::{MeasuredValue, Statistic};
use crate::model::Trace;
use std::collections::{BTreeSet, HashSet};

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

/// Maximum number of traces named for each rule.
pub const MAX_EVIDENCE: usize = 20;

/// The traces that violate a rule, and those whose data does not decide it.
#[derive(Debug)]
pub struct Observations {
    limit: Limit,
    pub(super) violating: TopEvidence,
    pub(super) unknown: TopEvidence,
    /// Why traces do not decide the rule, at most two different reasons.
    unknown_reasons: BTreeSet<String>,
    /// The value closest to, or furthest beyond, the limit; for rules on each trace.
    extreme: Option<f64>,
    /// Number of occurrences that violate the rule; for rules that allow none.
    count: u64,
}

impl Observations {
    /// Creates observations of a rule with this limit.
    pub(super) fn new(limit: Limit) -> Self {
        let top = || TopEvidence { is_minimum: limit.is_minimum, ..TopEvidence::default() };
        Self { limit, violating: top(), unknown: top(), unknown_reasons: BTreeSet::new(), extreme: None, count: 0 }
    }

    /// Returns the value closest to, or furthest beyond, the limit, and whether all values are known.
    pub(super) const fn extreme(&self) -> (Option<f64>, bool) {
        (self.extreme, self.unknown.count == 0)
    }

    /// Returns the number of occurrences, and whether it is exact.
    pub(super) const fn occurrences(&self) -> (Option<f64>, bool) {
        (Some(self.count as f64), self.unknown.count == 0)
    }

    /// Adds a trace that violates the rule, though it has no value.
    pub(super) fn add_violation(&mut self, trace: &MeasuredTrace<'_>) {
        self.count += 1;
        self.violating.add(trace.trace, None, None);
    }

    /// Adds a trace whose data does not decide the rule.
    pub(super) fn add_unknown(&mut self, trace: &MeasuredTrace<'_>, reason: String) {
        self.unknown.add(trace.trace, None, Some(reason.clone()));
        if self.unknown_reasons.len() < 2 {
            self.unknown_reasons.insert(reason);
        }
    }

    /// Returns why traces do not decide the rule, if the reason is the same for all.
    pub(super) fn common_unknown_reason(&self) -> Option<&str> {
        let mut reasons = self.unknown_reasons.iter();
        reasons.next().filter(|_| reasons.next().is_none()).map(String::as_str)
    }

    /// Adds a value of a trace. For sums, the traces with the largest values are the evidence.
    pub(super) fn add_value(&mut self, trace: &MeasuredTrace<'_>, measured: &MeasuredValue) {
        let limit = self.limit;
        if let Some(value) = measured.min {
            let further = |old: f64| if limit.is_minimum { old.min(value) } else { old.max(value) };
            self.extreme = Some(self.extreme.map_or(value, further));
            if limit.is_violated_by(value) || (limit.statistic.is_some_and(Statistic::is_sum) && value != 0.0) {
                self.violating.add(trace.trace, Some(value), None);
            }
        }
        let passes_anyway = limit.is_of_each() && measured.max.is_some_and(|value| !limit.is_violated_by(value));
        if let Some(reason) = measured.unknown_reason.as_ref().filter(|_| !passes_anyway) {
            self.add_unknown(trace, reason.clone());
        }
    }

    /// Adds the occurrences of a trace to a rule that allows none: their number, the text of the first one, and why
    /// there may be more.
    pub(super) fn add_occurrences(
        &mut self,
        trace: &MeasuredTrace<'_>,
        count: usize,
        text: Option<String>,
        unknown: Option<String>,
    ) {
        self.count += count as u64;
        if count > 0 {
            self.violating.add(trace.trace, Some(count as f64), text);
        } else if let Some(reason) = unknown {
            self.add_unknown(trace, reason);
        }
    }
}

/// The worst traces, with the number of all.
#[derive(Debug, Default)]
pub(super) struct TopEvidence {
    pub(super) list: Vec<Evidence>,
    pub(super) count: u64,
    last: String,
    /// Whether the smallest values are the worst, and not the largest.
    is_minimum: bool,
}

impl TopEvidence {
    /// Adds a trace.
    fn add(&mut self, trace: &Trace, value: Option<f64>, text: Option<String>) {
        // A trace with several values counts once.
        self.count += u64::from(self.last != trace.info.trace_id);
        self.last.clone_from(&trace.info.trace_id);
        let text = text.map(|text| shortened(&text));
        self.list.push(Evidence { trace_id: Some(trace.info.trace_id.clone()), value, text });
        // Bounds the memory.
        if self.list.len() == 2 * MAX_EVIDENCE {
            self.truncate();
        }
    }

    /// Keeps the worst value of each trace, worst first, then in order of arrival.
    pub(super) fn truncate(&mut self) {
        let badness =
            |evidence: &Evidence| evidence.value.map_or(0.0, |value| if self.is_minimum { -value } else { value });
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
