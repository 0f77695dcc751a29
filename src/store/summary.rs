//! Aggregates that a store computes itself, without returning records.

use crate::model::{Timestamp, TokenUsage};

/// How a store groups traces before it aggregates them. By default, they form one group.
#[derive(Clone, Copy, Debug, Default)]
pub struct SummaryGrouping {
    /// Whether to group by recorded name.
    pub by_name: bool,
    /// Group by start time, in intervals of this many seconds since the Unix epoch.
    pub interval_seconds: Option<i64>,
}

/// The latency percentiles of a [`Summary`], from 0 to 100.
pub const PERCENTILES: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Aggregates of a group of traces.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// The recorded name that the traces share, when grouped by name.
    pub name: Option<String>,
    /// The start of the interval that the traces started in, when grouped by time.
    pub time: Option<Timestamp>,
    /// The number of traces.
    pub count: u64,
    /// Traces whose state is ERROR.
    pub errors: u64,
    /// Latency percentiles in milliseconds, in the order of [`PERCENTILES`]; `None` if no trace has a known duration.
    pub latency_ms: Option<[f64; 4]>,
    /// Recorded token counts, summed.
    pub token_usage: Option<TokenUsage>,
}

/// Aggregates of the traces that a query matches, in total and by group.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    /// Aggregates of all matching traces.
    pub total: Summary,
    /// Aggregates of each group; empty if there is no grouping.
    pub groups: Vec<Summary>,
}

impl SummaryGrouping {
    /// Whether traces are divided into groups.
    pub(super) const fn is_grouped(self) -> bool {
        self.by_name || self.interval_seconds.is_some()
    }
}
