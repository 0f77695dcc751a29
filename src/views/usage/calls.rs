//! The calls of a trace: rows of `mltrace usage TRACE` in all output formats.

use super::tokens::{self, HasUsage};
use crate::analysis::usage::{TraceUsage, UsageRow};
use crate::model::{Cost, TokenUsage, Trace};
use crate::output::{Cell, Column, Heading, Row, TextRole};
use crate::reading::Agents;
use serde::Serialize;

/// An LLM call, or the tokens that a span or the trace record has beyond the calls below it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallRow {
    /// Id of the trace.
    trace_id: String,
    /// `llm`: a request to a language model; `embedding`: a request for embeddings; `remainder`: what a total has
    /// beyond the calls below it, negative if it has less.
    #[cfg_attr(test, schemars(extend("enum" = ["llm", "embedding", "remainder"])))]
    kind: &'static str,
    /// Id of the span that counts: the topmost one with tokens, otherwise the outermost; null for the remainder of the
    /// trace record.
    span_id: Option<String>,
    /// Ids of all its spans, since two instrumentations may record the same request.
    span_ids: Vec<String>,
    /// Name of that span.
    name: Option<String>,
    /// Type of that span.
    span_type: Option<String>,
    /// The agent that made the call; null if unknown.
    agent: Option<String>,
    /// How the agent is known: from the span around the call, an attribute of the span, messages that name the speaker,
    /// or instructions that only this agent has.
    #[cfg_attr(test, schemars(extend("enum" = ["span", "attribute", "message", "instructions", null])))]
    agent_source: Option<&'static str>,
    /// The model that was called; null if unknown.
    model: Option<String>,
    /// The provider of the model; null if unknown.
    provider: Option<String>,
    /// Its tokens; null if none were recorded.
    token_usage: Option<TokenUsage>,
    /// `recorded`: MLflow recorded the tokens; `derived`: they were read from the provider's response or from another
    /// attribute convention; null if there are none.
    #[cfg_attr(test, schemars(extend("enum" = ["recorded", "derived", null])))]
    token_usage_source: Option<&'static str>,
    /// Its cost in US dollars; null if unknown.
    cost: Option<Cost>,
    /// Whether it has tokens, which are part of the total.
    counted: bool,
    /// For a remainder, whether there are calls below the span, and not only the trace record.
    #[serde(skip)]
    is_above_calls: bool,
}

impl CallRow {
    /// Returns the calls of a trace, and the parts of its total that are not in any call.
    pub(super) fn list(trace: &Trace, usage: &TraceUsage, agents: &Agents) -> Vec<Self> {
        usage.rows.iter().map(|row| Self::new(trace, row, agents)).collect()
    }

    fn new(trace: &Trace, row: &UsageRow, agents: &Agents) -> Self {
        let spans = trace.span_list();
        let span = row.span.map(|at| &spans[at]);
        let agent = row.span.and_then(|at| agents.name_and_source(at));
        let source = if row.is_derived { "derived" } else { "recorded" };
        Self {
            trace_id: trace.info.trace_id.clone(),
            kind: row.kind.as_str(),
            span_id: span.map(|span| span.id.to_string()),
            span_ids: row.spans.iter().map(|at| spans[*at].id.to_string()).collect(),
            name: span.map(|span| span.name.clone()),
            span_type: span.map(|span| span.span_type.as_str().to_owned()),
            agent: agent.map(|(name, _)| name.to_owned()),
            agent_source: agent.map(|(_, source)| source.as_str()),
            model: row.model(spans).map(str::to_owned),
            provider: row.provider(spans).map(str::to_owned),
            token_usage: row.token_usage.clone(),
            token_usage_source: row.token_usage.as_ref().map(|_| source),
            cost: row.cost,
            counted: row.token_usage.is_some(),
            is_above_calls: row.calls_below > 0,
        }
    }

    /// Returns a row with the tokens and cost of the whole trace.
    pub(super) fn total(trace: &Trace, usage: &TraceUsage) -> Self {
        Self {
            trace_id: trace.info.trace_id.clone(),
            kind: "total",
            span_id: None,
            span_ids: Vec::new(),
            name: None,
            span_type: None,
            agent: None,
            agent_source: None,
            model: None,
            provider: None,
            token_usage: usage.token_usage.clone(),
            token_usage_source: None,
            cost: usage.cost,
            counted: false,
            is_above_calls: false,
        }
    }

    fn name_cell(&self) -> Cell {
        let Some(name) = &self.name else { return Cell::new("(recorded on the trace only)", TextRole::Dim) };
        if !self.is_above_calls {
            return Cell::escaped(name, TextRole::Name);
        }
        let total = self.token_usage.as_ref().and_then(|usage| usage.total_tokens);
        let comparison = if total.is_some_and(|total| total < 0) { "less" } else { "more" };
        Cell::escaped(&format!("{name} ({comparison} than its calls)"), TextRole::Dim)
    }
}

impl HasUsage for CallRow {
    fn token_usage(&self) -> Option<&TokenUsage> {
        self.token_usage.as_ref()
    }

    fn cost(&self) -> Option<Cost> {
        self.cost
    }
}

impl Row for CallRow {
    const KEY: &'static str = "calls";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::data("kind"),
        Column::data("span_id"),
        Column::new("name", Heading::text("call").shrinks_to(15), |row, _| row.name_cell()),
        Column::new("span_type", Heading::text("type").shrinks_to(10).drops(4), |row, _| {
            Cell::optional(row.span_type.as_deref(), TextRole::Kind)
        }),
        Column::new("agent", Heading::text("agent").shrinks_to(12).drops(5), |row, _| {
            Cell::optional(row.agent.as_deref(), TextRole::Plain)
        }),
        Column::new("model", Heading::text("model").shrinks_to(11).drops(2), |row, _| {
            Cell::optional(row.model.as_deref(), TextRole::Plain)
        }),
        Column::data("provider"),
        Column::new("token_usage.input_tokens", tokens::INPUT, tokens::input),
        Column::new("token_usage.output_tokens", tokens::OUTPUT, tokens::output),
        Column::new("token_usage.total_tokens", tokens::TOTAL, tokens::total),
        Column::new("cost.total_cost", tokens::COST, tokens::cost),
        Column::data("counted"),
        Column::new("token_usage.cache_read_input_tokens", tokens::CACHE_READ, tokens::cache_read),
        Column::new("token_usage.cache_creation_input_tokens", tokens::CACHE_WRITE, tokens::cache_write),
        Column::combined(tokens::REASONING, tokens::reasoning),
        Column::combined(Heading::text("source").shrinks_to(7).drops(1), |row, _| {
            if row.token_usage_source == Some("derived") { Cell::new("derived", TextRole::Dim) } else { Cell::none() }
        }),
        Column::data("cost.source"),
        Column::data("trace_id"),
    ];
    const TABLE_ORDER: &'static [&'static str] = &[
        "call",
        "agent",
        "type",
        "model",
        "input",
        "cache read",
        "cache write",
        "output",
        "reasoning",
        "total",
        "cost",
    ];

    fn json(&self) -> impl Serialize {
        self
    }

    fn id(&self) -> &str {
        self.span_id.as_deref().unwrap_or_default()
    }
}
