//! JSON of the token usage of a trace.

use super::calls::CallRow;
use super::explanation::ExplanationJson;
use crate::analysis::usage::{Explanation, TraceUsage};
use crate::model::{Cost, TokenUsage, Trace};
use crate::output::json::SCHEMA;
use crate::views::usage_conflict::ConflictJson;
use serde::Serialize;

/// Token usage and cost of a trace, in total and per call.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct UsageJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// Id of the trace.
    trace_id: &'a str,
    /// Recorded name; null if none was recorded.
    name: Option<&'a str>,
    /// Tokens of the whole trace; null if unknown.
    token_usage: Option<&'a TokenUsage>,
    /// `spans`: the sum of the spans; `recorded`: the total that MLflow recorded; null if there are no tokens.
    #[cfg_attr(test, schemars(extend("enum" = ["spans", "recorded", null])))]
    token_usage_source: Option<&'static str>,
    /// The total that MLflow recorded; null if none.
    recorded_token_usage: Option<&'a TokenUsage>,
    /// Present if the tokens of the spans contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_conflict: Option<ConflictJson<'a>>,
    /// Cost of the whole trace in US dollars; null if unknown.
    cost: Option<Cost>,
    /// Number of calls with tokens and no known cost.
    unpriced_calls: usize,
    /// Whether all spans were read; false if some are known to be missing.
    complete: bool,
    /// The calls in tree order, and what totals have beyond the calls. Their tokens add up to the total.
    calls: Vec<CallRow>,
    /// What was left out of the totals, and why; only with --explain.
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
            unpriced_calls: usage.unpriced_rows().count(),
            complete: !trace.is_incomplete(),
            calls,
        }
    }
}
