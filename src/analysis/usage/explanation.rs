//! How token totals were counted: spans left out, totals that differ, models without a price.

use super::TraceUsage;
use crate::model::{TokenUsage, Trace};
use crate::reading::ConflictReason;
use std::collections::BTreeMap;

/// How token totals were counted.
#[derive(Debug)]
pub struct Explanation {
    /// Maximum length of each list.
    limit: usize,
    /// Spans with tokens that are not counted, at most `limit`.
    pub excluded: Vec<ExcludedSpan>,
    /// Number of such spans, listed or not.
    pub excluded_count: u64,
    /// Traces for which MLflow recorded a different total, at most `limit`.
    pub mismatches: Vec<TotalMismatch>,
    /// Number of such traces, listed or not.
    pub mismatch_count: u64,
    /// Number of calls with tokens and no known cost, by provider and model.
    pub unpriced: BTreeMap<(Option<String>, Option<String>), u64>,
}

/// A span whose tokens are in no total.
#[derive(Debug)]
pub struct ExcludedSpan {
    /// The trace.
    pub trace_id: String,
    /// The id of the span.
    pub span_id: String,
    /// The name of the span.
    pub name: String,
    /// The excluded tokens.
    pub token_usage: TokenUsage,
    /// Id and name of the ancestor that is counted instead; `None` if descendants with recorded tokens are.
    pub counted_in: Option<(String, String)>,
    /// How the tokens contradict those of other spans, if they do.
    pub conflict: Option<ConflictReason>,
}

/// A trace whose recorded total differs from that of its spans.
#[derive(Debug)]
pub struct TotalMismatch {
    /// The trace.
    pub trace_id: String,
    /// The total of the spans.
    pub token_usage: Option<TokenUsage>,
    /// The total that MLflow recorded.
    pub recorded: TokenUsage,
}

impl Explanation {
    /// Creates an explanation whose lists hold at most `limit` entries each.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (excluded, mismatches) = (Vec::new(), Vec::new());
        Self { limit, excluded, excluded_count: 0, mismatches, mismatch_count: 0, unpriced: BTreeMap::new() }
    }

    /// Adds a trace.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        let spans = trace.span_list();
        let conflicts = usage.conflict.as_ref().map(|conflict| &conflict.spans[..]).unwrap_or_default();
        let row_of_span = usage.rows_of_spans(spans.len());
        for (at, span) in spans.iter().enumerate() {
            let Some(excluded) = span.usage().filter(|usage| !usage.is_empty()) else { continue };
            let counted = row_of_span[at].map(|row| usage.rows[row].span);
            if counted == Some(Some(at)) {
                continue;
            }
            self.excluded_count += 1;
            if self.excluded.len() < self.limit {
                self.excluded.push(ExcludedSpan {
                    trace_id: trace.info.trace_id.clone(),
                    span_id: span.id.to_string(),
                    name: span.name.clone(),
                    token_usage: excluded.clone(),
                    counted_in: counted
                        .flatten()
                        .map(|counted| (spans[counted].id.to_string(), spans[counted].name.clone())),
                    conflict: conflicts.binary_search_by_key(&at, |(at, _)| *at).ok().map(|found| conflicts[found].1),
                });
            }
        }
        let span_total = if usage.source == Some("spans") { usage.token_usage.clone() } else { sum_rows(usage) };
        if let Some(recorded) = &trace.info.recorded_usage
            && span_total.as_ref().map_or((None, None, None), TokenUsage::counts) != recorded.counts()
        {
            self.mismatch_count += 1;
            if self.mismatches.len() < self.limit {
                let (trace_id, recorded) = (trace.info.trace_id.clone(), recorded.clone());
                self.mismatches.push(TotalMismatch { trace_id, token_usage: span_total, recorded });
            }
        }
        for row in usage.unpriced_rows() {
            let key = (row.provider(spans).map(str::to_owned), row.model(spans).map(str::to_owned));
            *self.unpriced.entry(key).or_default() += 1;
        }
    }
}

/// Sums the tokens of the spans, for traces whose total is the recorded one.
fn sum_rows(usage: &TraceUsage) -> Option<TokenUsage> {
    let usages = usage.rows.iter().filter(|row| row.span.is_some()).filter_map(|row| row.token_usage.as_ref());
    let mut sum: Option<TokenUsage> = None;
    usages.for_each(|usage| sum.get_or_insert_default().add(usage));
    sum
}
