//! Measures of a trace.

use super::flag::parse_limit;
use super::{RequiredData, RuleFlag, RuleKind, RuleUnit, Statistic};
use crate::model::{Assessment, Trace};
use crate::reading::Reading;

/// A measure of a trace that a rule limits.
#[derive(Debug)]
pub struct Measure {
    /// The name in baselines and tolerances.
    pub name: &'static str,
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
}

impl Measure {
    /// Parses a limit of this measure; `expected` describes a valid number.
    pub(super) fn parse_maximum(
        &'static self,
        text: &str,
        number: impl Fn(&str) -> Option<f64>,
        expected: &str,
    ) -> Result<RuleKind, String> {
        let (statistic, limit) = parse_limit(text, Statistic::Each, number, expected)?;
        Ok(RuleKind::Max(self, statistic, limit))
    }
}

/// A value of a trace, possibly known only as a range.
#[derive(Clone, Debug, Default)]
pub(super) struct MeasuredValue {
    /// The lower bound, or the exact value if `unknown_reason` is `None`.
    pub(super) min: Option<f64>,
    /// The upper bound, if the value is not exact and a bound is known.
    pub(super) max: Option<f64>,
    /// Why the value is not exact.
    pub(super) unknown_reason: Option<String>,
}

impl MeasuredValue {
    /// Creates a number of calls, which is a lower bound if `unknown_reason` is set.
    pub(super) fn count(count: usize, unknown_reason: Option<String>) -> Self {
        Self { min: Some(count as f64), max: None, unknown_reason }
    }

    /// Converts feedback to a number: yes is 1, no is 0 (MLflow 3 `genai/judges`, `CategoricalRating`).
    pub(super) fn from_feedback(feedback: &Assessment) -> Self {
        let Some(value) = feedback.value.as_ref().filter(|value| !value.is_null()) else {
            return Self { unknown_reason: Some("the judge failed".to_owned()), ..Self::default() };
        };
        let text = value.display();
        let number = match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "pass" => Some(1.0),
            "false" | "no" | "fail" => Some(0.0),
            _ => value.as_f64(),
        };
        let reason = || format!("`{text:.40}` is neither a number nor yes or no");
        Self { min: number, max: None, unknown_reason: number.is_none().then(reason) }
    }
}
