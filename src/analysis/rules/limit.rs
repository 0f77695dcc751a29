//! Limits of rules.

use super::values::Statistic;

/// The unit of a value and its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleUnit {
    /// Traces, calls, exceptions.
    Count,
    /// Tokens.
    Tokens,
    /// US dollars.
    Dollars,
    /// Milliseconds.
    Millis,
    /// A fraction from 0 to 1.
    Share,
    /// A number whose meaning depends on the feedback.
    Score,
}

/// The limit of a rule.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// The limit.
    pub value: f64,
    /// Its unit, and that of the values compared with it.
    pub unit: RuleUnit,
    /// Whether it is a minimum, and not a maximum.
    pub is_minimum: bool,
    /// The statistic that is compared with it; `None` for rules without a choice.
    pub statistic: Option<Statistic>,
    /// The value in the baseline, if the limit comes from one.
    pub baseline: Option<f64>,
}

impl Limit {
    /// Creates a maximum.
    pub(super) const fn at_most(value: f64, unit: RuleUnit) -> Self {
        Self { value, unit, is_minimum: false, statistic: None, baseline: None }
    }

    /// Creates a minimum.
    pub(super) const fn at_least(value: f64, unit: RuleUnit) -> Self {
        Self { value, unit, is_minimum: true, statistic: None, baseline: None }
    }

    /// Makes this the limit of a statistic.
    pub(super) const fn of(self, statistic: Statistic) -> Self {
        Self { statistic: Some(statistic), ..self }
    }

    /// Whether it is a limit of each trace, and not of all together.
    pub(super) fn is_of_each(&self) -> bool {
        self.statistic == Some(Statistic::Each)
    }

    /// Makes this limit, the value in a baseline, less strict by a share of it.
    pub(super) fn with_tolerance(self, share: f64) -> Self {
        let strict = self.value;
        let value = if self.is_minimum { strict - strict.abs() * share } else { strict * (1.0 + share) };
        Self { value, baseline: Some(strict), ..self }
    }

    /// Whether a value violates the limit by more than the rounding error of sums.
    pub(super) fn is_violated_by(&self, value: f64) -> bool {
        let slack = self.value.abs() * 1e-9;
        if self.is_minimum { value < self.value - slack } else { value > self.value + slack }
    }
}
