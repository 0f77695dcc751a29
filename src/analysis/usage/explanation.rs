//! Why figures of usage are what they are.

use super::TraceUsage;
use crate::model::{TokenUsage, Trace};
use crate::reading::ConflictReason;
use std::collections::BTreeMap;

/// Why figures are what they are.
#[derive(Debug)]
pub struct Explanation {
    /// At most so many of each kind are kept.
    limit: usize,
    /// Spans with tokens that are not counted.
    pub left_out: Vec<ExcludedSpan>,
    /// How many there are.
    pub left_out_count: u64,
    /// Traces of which MLflow recorded another total.
    pub differing: Vec<TotalMismatch>,
    /// How many there are.
    pub differing_count: u64,
    /// How many calls with tokens have no known cost, by provider and model.
    pub unpriced: BTreeMap<(Option<String>, Option<String>), u64>,
}

/// A span with tokens that are in no total.
#[derive(Debug)]
pub struct ExcludedSpan {
    /// Its trace.
    pub trace_id: String,
    /// Its id.
    pub span_id: String,
    /// Its name.
    pub name: String,
    /// Its tokens.
    pub token_usage: TokenUsage,
    /// The id and name of the span above that counts for it; none where spans below count, on which MLflow recorded tokens.
    pub counted_in: Option<(String, String)>,
    /// How its tokens contradict those of other spans, if they do.
    pub conflict: Option<ConflictReason>,
}

/// A trace of which MLflow recorded another total than its spans tell.
#[derive(Debug)]
pub struct TotalMismatch {
    /// The trace.
    pub trace_id: String,
    /// What the spans tell.
    pub token_usage: Option<TokenUsage>,
    /// What MLflow recorded.
    pub recorded: TokenUsage,
}

impl Explanation {
    /// Keeps so many of each kind.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (left_out, differing) = (Vec::new(), Vec::new());
        Self { limit, left_out, left_out_count: 0, differing, differing_count: 0, unpriced: BTreeMap::new() }
    }

    /// Looks at a trace.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        let spans = trace.span_list();
        let conflicts = usage.conflict.as_ref().map(|conflict| &conflict.spans[..]).unwrap_or_default();
        let row_of_span = usage.rows_of_spans(spans.len());
        for (at, span) in spans.iter().enumerate() {
            let Some(left_out) = span.usage().filter(|usage| !usage.is_empty()) else { continue };
            let counted = row_of_span[at].map(|row| usage.rows[row].span);
            if counted == Some(Some(at)) {
                continue;
            }
            self.left_out_count += 1;
            if self.left_out.len() < self.limit {
                self.left_out.push(ExcludedSpan {
                    trace_id: trace.info.trace_id.clone(),
                    span_id: span.id.to_string(),
                    name: span.name.clone(),
                    token_usage: left_out.clone(),
                    counted_in: counted.flatten().map(|top| (spans[top].id.to_string(), spans[top].name.clone())),
                    conflict: conflicts.binary_search_by_key(&at, |(at, _)| *at).ok().map(|found| conflicts[found].1),
                });
            }
        }
        let of_spans = if usage.source == Some("spans") { usage.token_usage.clone() } else { of_rows(usage) };
        if let Some(recorded) = &trace.info.recorded_usage
            && of_spans.as_ref().map_or((None, None, None), TokenUsage::figures) != recorded.figures()
        {
            self.differing_count += 1;
            if self.differing.len() < self.limit {
                let (trace_id, recorded) = (trace.info.trace_id.clone(), recorded.clone());
                self.differing.push(TotalMismatch { trace_id, token_usage: of_spans, recorded });
            }
        }
        for row in usage.unpriced() {
            let of_row = (row.provider(spans).map(str::to_owned), row.model(spans).map(str::to_owned));
            *self.unpriced.entry(of_row).or_default() += 1;
        }
    }
}

/// The tokens of the spans, where the total is that of the record.
fn of_rows(usage: &TraceUsage) -> Option<TokenUsage> {
    let of_spans = usage.rows.iter().filter(|row| row.span.is_some()).filter_map(|row| row.token_usage.as_ref());
    let mut sum: Option<TokenUsage> = None;
    of_spans.for_each(|usage| sum.get_or_insert_default().add(usage));
    sum
}
