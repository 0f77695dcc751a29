//! Token usage and cost of a trace, in total and by row.

use super::usage_conflict::UsageConflict;
use super::usage_row::UsageRow;
use crate::model::{Cost, TokenUsage, Trace};

/// Token usage and cost of a trace, in total and by row.
#[derive(Debug, Default)]
pub struct TraceUsage {
    /// The total, which is the sum of the rows; `None` if nothing is known.
    pub token_usage: Option<TokenUsage>,
    /// The source of the total: `spans`, or `recorded` if spans are missing.
    pub source: Option<&'static str>,
    /// The total cost, as far as it is known.
    pub cost: Option<Cost>,
    /// Calls and remainders in tree order; the remainder of the trace record is last.
    pub rows: Vec<UsageRow>,
    /// The second total, if spans contradict each other.
    pub conflict: Option<UsageConflict>,
}

impl TraceUsage {
    /// The requests to language models.
    pub fn llm_calls(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_llm())
    }

    /// Returns the index of the row that each of `count` spans belongs to.
    #[must_use]
    pub fn rows_of_spans(&self, count: usize) -> Vec<Option<usize>> {
        let mut indexes = vec![None; count];
        for (at, row) in self.rows.iter().enumerate() {
            row.spans.iter().for_each(|span| indexes[*span] = Some(at));
        }
        indexes
    }

    /// Returns the cost that MLflow recorded for the trace and the cost of its spans, if they differ and no usage
    /// conflict explains it: MLflow 3.18 adds up costs while spans arrive, and may lose some.
    #[must_use]
    pub fn cost_mismatch(&self, trace: &Trace) -> Option<(Cost, Cost)> {
        const ROUNDING: f64 = 1e-6;
        let is_comparable = self.source == Some("spans") && self.conflict.is_none() && !trace.is_incomplete();
        let (recorded, spans) = (trace.info.cost.filter(|_| is_comparable)?, self.cost?);
        let (first, second) = (recorded.total_cost?, spans.total_cost?);
        let are_recorded = recorded.source == "recorded" && spans.source == "recorded";
        let differ = (first - second).abs() > ROUNDING * first.abs().max(second.abs());
        (are_recorded && differ).then_some((recorded, spans))
    }

    /// The rows with tokens but without a cost.
    pub fn unpriced_rows(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_unpriced)
    }
}
