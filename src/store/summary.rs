//! Figures of traces as a store itself tells them, without handing out records.

use crate::model::{Timestamp, TokenUsage};

/// What a store is to divide traces by before it tells their figures.
#[derive(Clone, Copy, Debug, Default)]
pub struct SummaryGrouping {
    /// By recorded name.
    pub by_name: bool,
    /// By intervals of so many seconds since 1970.
    pub seconds: Option<i64>,
}

/// The percentiles of a [`Summary`].
pub const PERCENTS: [f64; 4] = [50.0, 90.0, 95.0, 99.0];

/// Figures of some traces, as the store itself tells them.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Their name.
    pub name: Option<String>,
    /// The interval in which they began.
    pub time: Option<Timestamp>,
    /// How many.
    pub count: u64,
    /// Of them, those in state ERROR.
    pub errors: u64,
    /// The [`PERCENTS`] of how long they took; none where that is known of none.
    pub latency_ms: Option<[f64; 4]>,
    /// Their recorded tokens.
    pub token_usage: Option<TokenUsage>,
}

/// Figures of all that a query means, and of its parts.
#[derive(Clone, Debug, Default)]
pub struct Summaries {
    /// Of all.
    pub total: Summary,
    /// Of each part; nothing where it is not divided.
    pub parts: Vec<Summary>,
}

impl SummaryGrouping {
    /// Whether there are parts.
    pub(super) const fn has_parts(self) -> bool {
        self.by_name || self.seconds.is_some()
    }
}
