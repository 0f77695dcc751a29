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
    let below = have_recorded_below(spans, nodes);
    // What MLflow recorded goes before what a response tells, wherever in the tree it stands.
    let carried: Vec<Option<&TokenUsage>> = spans
        .iter()
        .zip(below)
        .map(|(span, is_recorded_below)| {
            span.usage()
                .filter(|_| !is_recorded_below || span.usage_source() == Some("recorded"))
                // One that is empty hides those below it all the same.
                .or(span.token_usage.as_ref())
        })
        .collect();
    let tokens_in = standing(nodes, |at| carried[at].is_some());
    let costs_in = standing(nodes, |at| spans[at].cost.is_some());
    let mut total: Option<TokenUsage> = None;
    let mut cost: Option<Cost> = None;
    let mut calls = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        let counted = carried[at].filter(|usage| tokens_in[at] == Carrier::Top && !usage.is_empty());
        if let Some(usage) = counted {
            total.get_or_insert_default().add(usage);
        }
        if let (Some(part), Carrier::Top) = (&span.cost, costs_in[at]) {
            match &mut cost {
                Some(sum) => sum.add(part),
                None => cost = Some(*part),
            }
        }
        let has_figures = span.usage().is_some();
        if has_figures || span.span_type.is_llm() {
            calls.push(Call {
                span: at,
                agent: agent_of(spans, nodes, at),
                is_counted: counted.is_some(),
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

/// Which spans have one below them on which MLflow recorded tokens.
fn have_recorded_below(spans: &[Span], nodes: &[Node]) -> Vec<bool> {
    let mut below = vec![false; spans.len()];
    // Children come after parents, so that all of a span's own were looked at before it.
    for at in (0..spans.len()).rev() {
        if let Some(parent) = nodes[at].parent
            && (below[at] || spans[at].usage_source() == Some("recorded"))
        {
            below[parent] = true;
        }
    }
    below
}

fn agent_of(spans: &[Span], nodes: &[Node], at: usize) -> Option<String> {
    let parents = std::iter::successors(nodes[at].parent, |parent| nodes[*parent].parent);
    parents.map(|parent| &spans[parent]).find(|span| span.span_type.is_agent()).map(|span| span.name.clone())
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
    /// Counted calls whose tokens are those that their responses tell.
    pub derived: u64,
}

impl ByModel {
    /// Adds a trace. Where its spans are not all there, what was recorded beyond them comes under `None`.
    pub fn add(&mut self, trace: &Trace) {
        let usage = of_trace(trace);
        let mut seen: Vec<Option<&str>> = Vec::new();
        let mut counted = TokenUsage::default();
        for call in usage.calls.iter().filter(|call| call.is_counted) {
            let span = &trace.span_list()[call.span];
            self.derived += u64::from(span.usage_source() == Some("derived"));
            let group = self.groups.entry(span.model.clone()).or_default();
            if !seen.contains(&span.model.as_deref()) {
                seen.push(span.model.as_deref());
                group.traces += 1;
            }
            for sum in [group, &mut self.total] {
                sum.calls += 1;
                sum.add(span.usage(), span.cost.as_ref());
            }
            counted.add(span.usage().unwrap_or(&TokenUsage::default()));
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
