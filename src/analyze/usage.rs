//! Tokens and cost of a trace from its spans, and of many traces by model.

use crate::model::{Cost, Node, Span, TokenUsage, Trace};
use std::collections::BTreeMap;

/// A trace's tokens and cost, and the calls they come from.
#[derive(Debug)]
pub struct TraceUsage {
    /// The total; `None` where nothing is known.
    pub token_usage: Option<TokenUsage>,
    /// Where the total comes from: `spans`, or `recorded` where spans are missing.
    pub source: Option<&'static str>,
    /// The total cost.
    pub cost: Option<Cost>,
    /// Every span that carries tokens, and the model calls without.
    pub calls: Vec<Call>,
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
    let tokens_in = standing(spans, nodes, |span| span.token_usage.is_some());
    let costs_in = standing(spans, nodes, |span| span.cost.is_some());
    let mut total: Option<TokenUsage> = None;
    let mut cost: Option<Cost> = None;
    let mut calls = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        let counted = span.token_usage.as_ref().filter(|usage| tokens_in[at] == Carrier::Top && !usage.is_empty());
        if let Some(usage) = counted {
            total.get_or_insert_default().add(usage);
        }
        if let (Some(part), Carrier::Top) = (&span.cost, costs_in[at]) {
            match &mut cost {
                Some(sum) => sum.add(part),
                None => cost = Some(*part),
            }
        }
        let has_figures = span.token_usage.as_ref().is_some_and(|usage| !usage.is_empty());
        if has_figures || span.span_type.is_llm() {
            calls.push(Call {
                span: at,
                agent: agent_of(spans, nodes, at),
                is_counted: has_figures && tokens_in[at] == Carrier::Top,
                counted_in: if let Carrier::Below(top) = tokens_in[at] { Some(top) } else { None },
            });
        }
    }
    let recorded = trace.info.recorded_usage.clone();
    let (token_usage, source) = match (total, recorded) {
        (_, Some(recorded)) if trace.lacks_spans() => (Some(recorded), Some("recorded")),
        (Some(total), _) => (Some(total), Some("spans")),
        (None, _) => (None, None),
    };
    let cost = if trace.lacks_spans() { trace.info.cost.or(cost) } else { cost.or(trace.info.cost) };
    TraceUsage { token_usage, source, cost, calls }
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

fn standing(spans: &[Span], nodes: &[Node], carries: impl Fn(&Span) -> bool) -> Vec<Carrier> {
    let mut known: Vec<Carrier> = Vec::with_capacity(spans.len());
    // Parents come before children, so a parent's answer is known.
    for (span, node) in spans.iter().zip(nodes) {
        let above = node.parent.map(|parent| (parent, known[parent]));
        known.push(match above {
            Some((_, Carrier::Below(top))) => Carrier::Below(top),
            Some((parent, Carrier::Top)) => Carrier::Below(parent),
            _ if carries(span) => Carrier::Top,
            _ => Carrier::No,
        });
    }
    known
}

fn agent_of(spans: &[Span], nodes: &[Node], at: usize) -> Option<String> {
    let parents = std::iter::successors(nodes[at].parent, |parent| nodes[*parent].parent);
    parents.map(|parent| &spans[parent]).find(|span| span.span_type.as_str() == "AGENT").map(|span| span.name.clone())
}

/// Tokens and cost of some calls in some traces.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// How many traces have any of it.
    pub traces: u64,
    /// How many counted calls.
    pub calls: u64,
    /// Their tokens.
    pub token_usage: Option<TokenUsage>,
    /// Their cost.
    pub cost: Option<Cost>,
}

impl Group {
    fn add(&mut self, usage: Option<&TokenUsage>, cost: Option<&Cost>) {
        if let Some(usage) = usage {
            self.token_usage.get_or_insert_default().add(usage);
        }
        match (&mut self.cost, cost) {
            (Some(sum), Some(part)) => sum.add(part),
            (None, Some(part)) => self.cost = Some(*part),
            _ => {}
        }
    }
}

/// Usage of many traces, by the model of the spans that count. Calls whose model nobody recorded come under `None`,
/// so that the groups always add up to the total.
#[derive(Debug, Default)]
pub struct ByModel {
    /// One group per model.
    pub groups: BTreeMap<Option<String>, Group>,
    /// All together.
    pub total: Group,
    /// Traces of which MLflow recorded more tokens than the spans that are left tell.
    pub incomplete: u64,
}

impl ByModel {
    /// Adds a trace. Where its spans are not all there, what was recorded beyond them comes under `None`.
    pub fn add(&mut self, trace: &Trace) {
        let usage = of_trace(trace);
        let mut seen: Vec<Option<&str>> = Vec::new();
        let mut counted = TokenUsage::default();
        for call in usage.calls.iter().filter(|call| call.is_counted) {
            let span = &trace.span_list()[call.span];
            let group = self.groups.entry(span.model.clone()).or_default();
            if !seen.contains(&span.model.as_deref()) {
                seen.push(span.model.as_deref());
                group.traces += 1;
            }
            for sum in [group, &mut self.total] {
                sum.calls += 1;
                sum.add(span.token_usage.as_ref(), span.cost.as_ref());
            }
            counted.add(span.token_usage.as_ref().unwrap_or(&TokenUsage::default()));
        }
        self.total.traces += u64::from(!seen.is_empty());
        let recorded = usage.token_usage.filter(|_| usage.source == Some("recorded"));
        if let Some(rest) = recorded.and_then(|recorded| recorded.beyond(&counted)) {
            self.incomplete += 1;
            self.total.traces += u64::from(seen.is_empty());
            let group = self.groups.entry(None).or_default();
            group.traces += u64::from(!seen.contains(&None));
            for sum in [group, &mut self.total] {
                sum.add(Some(&rest), None);
            }
        }
    }
}
