//! What a rule of `mltrace check` consists of: a flag, and the rule that its value creates.

use super::limit::{Limit, RuleUnit};
use super::observations::Observations;
use super::totals::Totals;
use super::trace::MeasuredTrace;
use super::values::{MeasuredValue, Statistic};
use crate::model::Trace;
use crate::reading::Reading;
use crate::shell::Suggestion;
use std::fmt::Debug;
use std::sync::Arc;

/// The flag of a rule. A rules file has the same names.
#[derive(Debug)]
pub struct RuleFlag {
    /// The name, without dashes. Also that of the rule in output.
    pub name: &'static str,
    /// The name of the value in the help.
    pub value_name: &'static str,
    /// The help: a line, then paragraphs for `--help`.
    pub help: &'static [&'static str],
    /// Which values it takes.
    pub values: FlagValues,
    /// Creates the rule from a value.
    pub parse: fn(&str) -> Result<Arc<dyn Rule>, String>,
    /// The measure that the rule limits, if any. Baselines store it, and `--tolerance` accepts its name.
    pub measure: Option<&'static Measure>,
}

/// Which values a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagValues {
    /// A single value.
    One,
    /// Several values, for which the flag is repeated.
    Many,
    /// One of these, after `=`; the first one if the flag has no value.
    Choice(&'static [&'static str]),
}

/// A rule with its limit.
pub trait Rule: Debug + Send + Sync {
    /// Returns the name, which is that of the flag.
    fn name(&self) -> &'static str;

    /// Returns the name of the span, tool or feedback that the rule is about.
    fn subject(&self) -> Option<String> {
        None
    }

    /// Returns the name with subject and statistic: `max-tokens p95`, `require-tool search*`.
    fn label(&self) -> String {
        let statistic = self.limit().statistic.filter(|statistic| *statistic != Statistic::Each);
        let parts = [Some(self.name().to_owned()), self.subject(), statistic.map(|one| one.as_str().to_owned())];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Returns the limit. By default nothing that the rule finds is allowed.
    fn limit(&self) -> Limit {
        Limit::at_most(0.0, RuleUnit::Count)
    }

    /// Returns the data that the rule needs.
    fn required_data(&self) -> RequiredData;

    /// Adds to the observations what a trace contributes.
    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations);

    /// Returns the value that is compared with the limit, and whether it is exact. If not, it is the least possible
    /// value. By default it is the number of occurrences.
    fn value(&self, seen: &Observations, _totals: &Totals) -> (Option<f64>, bool) {
        seen.occurrences()
    }

    /// Returns what the rule observes in a trace, for messages about traces where it is unknown.
    fn observed(&self) -> &'static str;

    /// Returns the messages.
    fn phrases(&self) -> Phrases {
        Phrases::LIMIT
    }

    /// Returns a command that shows why a trace does not pass.
    fn explain_trace(&self, id: &str) -> Suggestion {
        Suggestion::new("trace show").operand(id)
    }

    /// Returns a command that shows more if the rule does not pass because of no trace in particular.
    fn explain(&self) -> Suggestion {
        Suggestion::new("traces list")
    }
}

/// The message for each verdict. `{value}` stands for the value, `{observed}` for what the rule observes, `{traces}` for
/// the number of traces that do not pass, `{bound}` for the limit as in `at most 5`, and `{excess}` as in `more than 5`.
#[derive(Clone, Copy, Debug)]
pub struct Phrases {
    /// The rule holds.
    pub pass: &'static str,
    /// The rule is violated.
    pub fail: &'static str,
    /// Some traces do not decide it.
    pub unknown: &'static str,
}

impl Phrases {
    /// The messages of rules that compare a value with a limit.
    const LIMIT: Self = Self {
        pass: "{value}, {bound}",
        fail: "{value} is {excess}",
        unknown: "{observed} of {traces} unknown; limit: {bound}",
    };

    /// The messages of rules that allow no occurrence.
    pub(super) const NO_OCCURRENCE: Self =
        Self { pass: "none", fail: "{value} in {traces}", unknown: "{observed} of {traces} unknown" };
}

/// A measure of a trace that a rule limits.
#[derive(Debug)]
pub struct Measure {
    /// The name in baselines and tolerances.
    pub name: &'static str,
    /// The name in messages.
    pub noun: &'static str,
    /// The flag of the rule that limits it.
    pub flag: &'static RuleFlag,
    /// The unit of its values.
    pub unit: RuleUnit,
    /// The data that it needs.
    pub required_data: RequiredData,
    /// The statistics that a baseline stores.
    pub in_baseline: &'static [Statistic],
    /// Returns the value of a trace.
    pub(super) evaluate: fn(&Trace, &Reading) -> MeasuredValue,
    /// Returns a command that shows the value of a trace.
    pub(super) explain: fn(&str) -> Suggestion,
}

/// The data of traces that a rule needs; each level includes the previous ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequiredData {
    /// Trace records.
    Records,
    /// Assessments.
    Assessments,
    /// Spans with their LLM calls.
    Spans,
    /// Tool calls.
    ToolCalls,
    /// Exceptions.
    Exceptions,
}
