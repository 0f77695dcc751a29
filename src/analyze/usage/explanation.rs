//! Why figures of usage are what they are.

use super::TraceUsage;
use crate::model::{TokenUsage, Trace};
use std::collections::BTreeMap;

/// Why figures are what they are.
#[derive(Debug)]
pub struct Explanation {
    /// At most so many of each kind are kept.
    limit: usize,
    /// Spans with tokens that are not counted.
    pub left_out: Vec<LeftOut>,
    /// How many there are.
    pub left_out_count: u64,
    /// Traces of which MLflow recorded another total.
    pub differing: Vec<Differing>,
    /// How many there are.
    pub differing_count: u64,
    /// How many calls with tokens have no known cost, by provider and model.
    pub unpriced: BTreeMap<(Option<String>, Option<String>), u64>,
}

/// A span with tokens that are in no total.
#[derive(Debug)]
pub struct LeftOut {
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
}

/// A trace of which MLflow recorded another total than its spans tell.
#[derive(Debug)]
pub struct Differing {
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
        for call in usage.calls.iter().filter(|call| !call.is_counted) {
            let span = &spans[call.span];
            let Some(left_out) = span.usage().filter(|usage| !usage.is_empty()) else { continue };
            self.left_out_count += 1;
            if self.left_out.len() < self.limit {
                self.left_out.push(LeftOut {
                    trace_id: trace.info.trace_id.clone(),
                    span_id: span.id.to_string(),
                    name: span.name.clone(),
                    token_usage: left_out.clone(),
                    counted_in: call.counted_in.map(|top| (spans[top].id.to_string(), spans[top].name.clone())),
                });
            }
        }
        let mut told: Option<TokenUsage> = None;
        for call in usage.calls.iter().filter(|call| call.is_counted) {
            told.get_or_insert_default().add(spans[call.span].usage().unwrap_or(&TokenUsage::default()));
        }
        if let Some(recorded) = &trace.info.recorded_usage
            && told.as_ref().map_or((None, None, None), TokenUsage::figures) != recorded.figures()
        {
            self.differing_count += 1;
            if self.differing.len() < self.limit {
                let (trace_id, recorded) = (trace.info.trace_id.clone(), recorded.clone());
                self.differing.push(Differing { trace_id, token_usage: told, recorded });
            }
        }
        for at in &usage.unpriced {
            *self.unpriced.entry((spans[*at].provider.clone(), spans[*at].model.clone())).or_default() += 1;
        }
    }
}
