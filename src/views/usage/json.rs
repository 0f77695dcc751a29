//! JSON of the token usage of a trace.

use super::calls::CallRow;
use super::explanation::ExplanationJson;
use crate::analysis::usage::{Explanation, TraceUsage};
use crate::model::{Cost, TokenUsage, Trace};
use crate::output::json::SCHEMA;
use crate::views::usage_conflict::ConflictJson;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct UsageJson<'a> {
    schema: &'static str,
    trace_id: &'a str,
    name: Option<&'a str>,
    token_usage: Option<&'a TokenUsage>,
    token_usage_source: Option<&'static str>,
    recorded_token_usage: Option<&'a TokenUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_conflict: Option<ConflictJson<'a>>,
    cost: Option<Cost>,
    unpriced: usize,
    complete: bool,
    calls: Vec<CallRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationJson<'a>>,
}

impl<'a> UsageJson<'a> {
    pub(super) fn new(
        trace: &'a Trace,
        usage: &'a TraceUsage,
        calls: Vec<CallRow>,
        explanation: Option<&'a Explanation>,
    ) -> Self {
        Self {
            schema: SCHEMA,
            explanation: explanation.map(ExplanationJson::from),
            trace_id: &trace.info.trace_id,
            name: trace.info.name.as_deref(),
            token_usage: usage.token_usage.as_ref(),
            token_usage_source: usage.source,
            recorded_token_usage: trace.info.recorded_usage.as_ref(),
            usage_conflict: usage.conflict.as_ref().map(|conflict| ConflictJson::new(trace, conflict)),
            cost: usage.cost,
            unpriced: usage.unpriced_rows().count(),
            complete: !trace.is_incomplete(),
            calls,
        }
    }
}
