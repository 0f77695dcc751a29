//! JSON of the calls and token usage of a trace.

use super::explanation::ExplanationJson;
use crate::analysis::usage::{Explanation, TraceUsage, UsageRow};
use crate::model::{Cost, TokenUsage, Trace};
use crate::output::json::SCHEMA;
use crate::reading::Agents;
use crate::views::usage_conflict::ConflictJson;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(super) struct CallJson<'a> {
    /// Repeated per call, since a list may contain calls of several traces.
    trace_id: &'a str,
    kind: &'static str,
    span_id: Option<&'a str>,
    span_ids: Vec<&'a str>,
    name: Option<&'a str>,
    span_type: Option<&'a str>,
    agent: Option<&'a str>,
    agent_source: Option<&'static str>,
    model: Option<&'a str>,
    provider: Option<&'a str>,
    token_usage: Option<&'a TokenUsage>,
    token_usage_source: Option<&'static str>,
    cost: Option<Cost>,
    /// Whether the tokens are included in the total.
    counted: bool,
}

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
    calls: Vec<CallJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationJson<'a>>,
}

/// Returns the calls of a trace, and the part of its total that is not in any call.
pub(super) fn calls<'a>(trace: &'a Trace, usage: &'a TraceUsage, agents: &'a Agents) -> Vec<CallJson<'a>> {
    let spans = trace.span_list();
    let call = |row: &'a UsageRow| {
        let span = row.span.map(|at| &spans[at]);
        let agent = row.span.and_then(|at| agents.name_and_source(at));
        let source = if row.is_derived { "derived" } else { "recorded" };
        CallJson {
            trace_id: &trace.info.trace_id,
            kind: row.kind.as_str(),
            span_id: span.map(|span| span.id.as_str()),
            span_ids: row.spans.iter().map(|at| spans[*at].id.as_str()).collect(),
            name: span.map(|span| span.name.as_str()),
            span_type: span.map(|span| span.span_type.as_str()),
            agent: agent.map(|(name, _)| name),
            agent_source: agent.map(|(_, source)| source.as_str()),
            model: row.model(spans),
            provider: row.provider(spans),
            token_usage: row.token_usage.as_ref(),
            token_usage_source: row.token_usage.as_ref().map(|_| source),
            cost: row.cost,
            counted: row.token_usage.is_some(),
        }
    };
    usage.rows.iter().map(call).collect()
}

impl<'a> UsageJson<'a> {
    pub(super) fn new(
        trace: &'a Trace,
        usage: &'a TraceUsage,
        agents: &'a Agents,
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
            calls: calls(trace, usage, agents),
        }
    }
}
