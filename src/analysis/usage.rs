//! Tokens and cost of many traces, and why they are what they are. Those of one trace come from its reading.

mod explanation;
mod grouped;

pub use crate::reading::{TraceUsage, UsageRow, of_trace};
pub use explanation::{ExcludedSpan, Explanation, TotalMismatch};
pub use grouped::{GroupedUsage, UsageGroup};
