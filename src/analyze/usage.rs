//! Tokens and cost of a trace from its spans.

mod explanation;
mod grouped;

pub use explanation::{Differing, Explanation, LeftOut};
pub use grouped::{Group, Grouped};

use super::key::agent;
use crate::model::{Cost, CostSum, Node, Span, TokenUsage, Trace, have_below};

/// A trace's tokens and cost, and the calls they come from.
#[derive(Debug)]
pub struct TraceUsage {
    /// The total; `None` where nothing is known.
    pub token_usage: Option<TokenUsage>,
    /// Where the total comes from: `spans`, or `recorded` where spans are missing.
    pub source: Option<&'static str>,
    /// The total cost, as far as it is known.
    pub cost: Option<Cost>,
    /// Every span that carries tokens, and the model calls without.
    pub calls: Vec<Call>,
    /// Spans with tokens whose cost nobody knows: no price, no cost recorded on them, above or below.
    pub unpriced: Vec<usize>,
    /// Spans whose cost is part of the total.
    pub priced: Vec<usize>,
}

/// A call of a model, or another span that carries tokens.
#[derive(Debug)]
pub struct Call {
    /// Its place in the trace's list of spans.
    pub span: usize,
    /// The nearest agent above it.
    pub agent: Option<String>,
    /// Whether its tokens are part of the total.
    pub is_counted: bool,
    /// Where it is not counted: the span above it that is.
    pub counted_in: Option<usize>,
}

/// Counts a trace's tokens as MLflow 3.10+ does (`aggregate_usage_from_spans`): the top-most span with usage counts, and
/// hides all below it. Where spans are missing the recorded total is truer than the sum of what is left.
#[must_use]
pub fn of_trace(trace: &Trace) -> TraceUsage {
    let (spans, nodes) = trace.spans.as_ref().map_or((&[][..], &[][..]), |spans| (&spans.list[..], &spans.nodes[..]));
    let is_recorded = |span: &Span| span.usage_source() == Some("recorded");
    let below = have_below(nodes, |at| is_recorded(&spans[at]));
    // What MLflow recorded goes before what a response tells, wherever in the tree it stands.
    let carried: Vec<Option<&TokenUsage>> = spans
        .iter()
        .zip(below)
        .map(|(span, is_recorded_below)| {
            span.usage()
                .filter(|_| !is_recorded_below || is_recorded(span))
                // One that is empty hides those below it all the same.
                .or(span.token_usage.as_ref())
        })
        .collect();
    let tokens_in = standing(nodes, |at| carried[at].is_some());
    let mut total: Option<TokenUsage> = None;
    let mut calls = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        let counted = carried[at].filter(|usage| tokens_in[at] == Carrier::Top && !usage.is_empty());
        if let Some(usage) = counted {
            total.get_or_insert_default().add(usage);
        }
        if span.usage().is_some() || span.span_type.is_llm() {
            let above = nodes[at].parent;
            calls.push(Call {
                span: at,
                agent: trace.spans.as_ref().and_then(|spans| Some(agent(spans, above?)?.name.clone())),
                is_counted: counted.is_some(),
                counted_in: if let Carrier::Below(top) = tokens_in[at] { Some(top) } else { None },
            });
        }
    }
    let (cost, priced, unpriced) = costs(spans, nodes);
    let recorded = trace.info.recorded_usage.clone();
    let (token_usage, source) = match (total, recorded) {
        (_, Some(recorded)) if trace.lacks_spans() => (Some(recorded), Some("recorded")),
        (Some(total), _) => (Some(total), Some("spans")),
        (None, _) => (None, None),
    };
    let cost = if trace.lacks_spans() { trace.info.cost.or(cost) } else { cost.or(trace.info.cost) };
    TraceUsage { token_usage, source, cost, calls, unpriced, priced }
}

/// The cost of a trace by the same rule, a recorded one before one that is calculated; the spans it comes from; and those
/// whose cost is not known.
fn costs(spans: &[Span], nodes: &[Node]) -> (Option<Cost>, Vec<usize>, Vec<usize>) {
    let is_recorded = |span: &Span| span.cost.is_some_and(|cost| cost.source == "recorded");
    let below = have_below(nodes, |at| is_recorded(&spans[at]));
    let has_cost: Vec<bool> =
        spans.iter().zip(below).map(|(span, below)| span.cost.is_some() && (!below || is_recorded(span))).collect();
    let standing = standing(nodes, |at| has_cost[at]);
    let has_tokens = |span: &Span| span.usage().is_some_and(TokenUsage::has_tokens);
    let told_below = have_below(nodes, |at| has_tokens(&spans[at]) || spans[at].cost.is_some());
    let mut total = CostSum::default();
    let (mut priced, mut unpriced) = (Vec::new(), Vec::new());
    for (at, span) in spans.iter().enumerate() {
        match (standing[at], &span.cost) {
            (Carrier::Top, Some(cost)) => {
                priced.push(at);
                total.add(cost);
            }
            (Carrier::No, _) if has_tokens(span) && !told_below[at] => unpriced.push(at),
            _ => {}
        }
    }
    (total.cost(), priced, unpriced)
}

/// Whether a span's figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    /// It carries none, and none above it does.
    No,
    /// It carries some, and none above it does.
    Top,
    /// A span above it carries some.
    Below(usize),
}

fn standing(nodes: &[Node], carries: impl Fn(usize) -> bool) -> Vec<Carrier> {
    let mut known: Vec<Carrier> = Vec::with_capacity(nodes.len());
    // Parents come before children, so a parent's answer is known.
    for (at, node) in nodes.iter().enumerate() {
        let above = node.parent.map(|parent| (parent, known[parent]));
        known.push(match above {
            Some((_, Carrier::Below(top))) => Carrier::Below(top),
            Some((parent, Carrier::Top)) => Carrier::Below(parent),
            _ if carries(at) => Carrier::Top,
            _ => Carrier::No,
        });
    }
    known
}
