//! Tokens and cost of many traces, and how they were counted. Those of one trace come from [`crate::reading`].

mod explanation;
mod grouped;

pub use crate::reading::{TraceUsage, UsageRow, trace_usage};
pub use explanation::{ExcludedSpan, Explanation, TotalMismatch};
pub use grouped::{GroupedUsage, UsageGroup};
