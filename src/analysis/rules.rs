//! Evaluates the rules of `mltrace check` over a stream of traces: pass, fail or unknown, with evidence.
//!
//! # Adding a rule
//!
//! One file and one line:
//!
//! ```ignore
//! // src/analysis/rules/max_spans.rs
//! //! `--max-spans`
//! // ...
//!
//! pub(super) static FLAG: RuleFlag = RuleFlag {
//!     name: "max-spans",
//!     value_name: "[STAT=]SPANS",
//!     help: &["Maximum number of spans: 10, mean=4"],
//!     values: FlagValues::Many,
//!     parse: |text| parse_maximum(&MEASURE, text, parse_amount, "a number of spans"),
//!     measure: Some(&MEASURE),
//! };
//! ```
//!
//! and `max_spans` in the list below. A rule that limits no measure implements [`Rule`]. The flag of `check`, the key in
//! a rules file, the baseline and all reports follow from it.

mod baseline;
mod gaps;
mod limit;
mod maximum;
mod names;
mod no_new_exceptions;
mod observations;
mod parse;
mod readable;
mod result;
mod rule;
mod totals;
mod trace;
mod values;

pub use baseline::{Baseline, Tolerance};
pub use limit::{Limit, RuleUnit};
pub use min_traces::MinTraces;
pub use observations::{Evidence, MAX_EVIDENCE};
pub use readable::unreadable_records;
pub use result::{RuleResult, Verdict};
pub use rule::{FlagValues, Measure, Phrases, RequiredData, Rule, RuleFlag};
pub use values::Statistic;

use super::exceptions::occurrences;
use crate::model::Trace;
use crate::reading::Reading;
use observations::Observations;
use std::sync::Arc;
use totals::Totals;
use trace::MeasuredTrace;
use values::{MeasuredValue, ValueSeries};

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

/// Evaluates rules over a stream of traces; [`RuleEvaluator::report`] returns the result.
#[derive(Debug)]
pub struct RuleEvaluator {
    rules: Vec<(Arc<dyn Rule>, Observations)>,
    required_data: RequiredData,
    totals: Totals,
}

/// The result of a [`RuleEvaluator`].
#[derive(Debug)]
pub struct Evaluation {
    /// Number of traces read.
    pub traces: u64,
    /// Number of them in progress.
    pub in_progress: u64,
    /// The results, in the order of the rules.
    pub results: Vec<RuleResult>,
    /// The values of these traces, for later comparison.
    pub baseline: Baseline,
}

impl RuleEvaluator {
    /// Creates an evaluator. `required_data` = the parts of traces that are read, at least those that the rules need.
    #[must_use]
    pub fn new(rules: Vec<Arc<dyn Rule>>, required_data: RequiredData) -> Self {
        let with_observations = |rule: Arc<dyn Rule>| (Arc::clone(&rule), Observations::new(rule.limit()));
        Self { rules: rules.into_iter().map(with_observations).collect(), required_data, totals: Totals::default() }
    }

    /// Adds a trace.
    pub fn add(&mut self, trace: &Trace, reading: &Reading) {
        let available = measures().filter(|measure| measure.required_data <= self.required_data);
        let values = available.map(|measure| (measure.name, (measure.evaluate)(trace, reading))).collect();
        let failures = if self.required_data == RequiredData::Exceptions { occurrences(trace) } else { Vec::new() };
        let measured = MeasuredTrace { trace, reading, values, failures };
        for (rule, seen) in &mut self.rules {
            rule.observe(&measured, seen);
        }
        self.totals.add(measured);
    }

    /// Returns the results over all traces added.
    #[must_use]
    pub fn report(self) -> Evaluation {
        let Self { rules, required_data, totals } = self;
        let results = rules.into_iter().map(|(rule, seen)| RuleResult::new(rule, seen, &totals)).collect();
        Evaluation {
            traces: totals.traces,
            in_progress: totals.in_progress,
            results,
            baseline: Baseline::new(&totals, required_data),
        }
    }
}

#[cfg(test)]
mod tests;
