//! Statistics of a measure over many traces.

use super::measure::MeasuredValue;
use crate::analysis::stats::percentile;

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
