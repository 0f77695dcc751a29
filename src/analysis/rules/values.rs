//! Values of traces, and their statistics.

use crate::analysis::stats::percentile;
use crate::model::Assessment;

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

/// How the values of many traces are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// The value of each trace.
    Each,
    /// The sum.
    Total,
    /// The mean.
    Mean,
    /// A percentile.
    Percentile(u8),
}

impl Statistic {
    /// Parses `each`, `total`, `mean`, `p50`, `p90`, `p95` or `p99`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "each" => Self::Each,
            "total" => Self::Total,
            "mean" => Self::Mean,
            "p50" => Self::Percentile(50),
            "p90" => Self::Percentile(90),
            "p95" => Self::Percentile(95),
            "p99" => Self::Percentile(99),
            _ => return None,
        })
    }

    /// Returns the name, as [`Statistic::parse`] accepts it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Each => "each",
            Self::Total => "total",
            Self::Mean => "mean",
            Self::Percentile(50) => "p50",
            Self::Percentile(90) => "p90",
            Self::Percentile(95) => "p95",
            Self::Percentile(_) => "p99",
        }
    }

    /// Whether it depends on the sum of all values.
    pub(super) const fn is_sum(self) -> bool {
        matches!(self, Self::Total | Self::Mean)
    }
}

/// The values of one measure over many traces.
#[derive(Debug, Default)]
pub(super) struct ValueSeries {
    values: Vec<f64>,
    /// Whether any value is known.
    is_known: bool,
    /// Whether some value is not exact.
    is_incomplete: bool,
}

impl ValueSeries {
    /// Adds a value; an unknown one counts as `lower_bound`, if given.
    pub(super) fn add(&mut self, value: &MeasuredValue, lower_bound: Option<f64>) {
        self.is_known |= value.min.is_some();
        self.is_incomplete |= value.unknown_reason.is_some();
        self.values.extend(value.min.or(lower_bound));
    }

    /// Returns a statistic of the values, and whether it is exact. If not, it is the least possible value.
    pub(super) fn statistic(&self, statistic: Statistic) -> (Option<f64>, bool) {
        let sum = || self.values.iter().sum::<f64>();
        let value = match statistic {
            // Rules on each trace track the worst value themselves.
            Statistic::Each => None,
            Statistic::Total => Some(sum()),
            Statistic::Mean => Some(sum() / self.values.len() as f64),
            Statistic::Percentile(percent) => {
                let mut sorted = self.values.clone();
                sorted.sort_unstable_by(f64::total_cmp);
                percentile(&sorted, f64::from(percent))
            }
        };
        (value.filter(|_| self.is_known), !self.is_incomplete)
    }
}
