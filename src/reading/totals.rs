//! What a trace used: from its spans, and from its record where these are missing.

use super::bills::{self, Doubt, UsageConflict};
use super::calls::Calls;
use super::ledger::{Ledger, carried, is_nothing};
use super::usage::{RowKind, TraceUsage, UsageRow};
use crate::model::{Cost, CostSum, Node, Span, Spans, TokenUsage, Trace};

/// Reads the calls of a trace and what they used.
///
/// The total is MLflow's (3.10+, `aggregate_usage_from_spans`): the top-most carrier counts and hides all below it, one
/// with an empty usage too. Where spans contradict each other, see [`Doubt`]. Where spans are missing the recorded total is
/// truer than the sum of what is left.
#[must_use]
pub fn of_trace(trace: &Trace) -> TraceUsage {
    let recorded = trace.info.recorded_usage.as_ref();
    let of_spans = trace.spans.as_ref().map(|spans| weigh(spans, recorded)).unwrap_or_default();
    let TraceUsage { token_usage: total, cost, mut rows, mut conflict, .. } = of_spans;
    let (token_usage, source) = match (total, recorded) {
        (_, Some(recorded)) if trace.lacks_spans() => (Some(recorded.clone()), Some("recorded")),
        (Some(total), _) => (Some(total), Some("spans")),
        (None, _) => (None, None),
    };
    let recorded = recorded.filter(|_| source == Some("recorded"));
    if recorded.is_some() {
        conflict = None;
    }
    let known = if trace.lacks_spans() { trace.info.cost.or(cost) } else { cost.or(trace.info.cost) };
    rows.extend(remainder_of_record(&rows, recorded, known.filter(|known| Some(*known) != cost)));
    TraceUsage { token_usage, source, cost: known, rows, conflict }
}

/// The same from spans alone, whatever the trace's record has.
#[must_use]
pub fn of_spans(spans: &Spans) -> TraceUsage {
    weigh(spans, None)
}

/// Adds up what spans carry, each bill once. Parents that have more than the calls below them are left out only where MLflow
/// `recorded` the total of the calls, as it does for an agent of Strands, which carries the tokens of all its turns so far
/// (1.62).
fn weigh(spans: &Spans, recorded: Option<&TokenUsage>) -> TraceUsage {
    let (spans, nodes) = (&spans.list[..], &spans.nodes[..]);
    let calls = Calls::of(spans, nodes);
    let carried = carried(spans, nodes);
    let doubts = bills::doubts(spans, nodes, &calls, &carried);
    let book = |is_left_out: &dyn Fn(Doubt) -> bool| {
        let is_left_out = |at: usize| doubts[at].is_some_and(is_left_out);
        let counted: Vec<_> =
            carried.iter().enumerate().map(|(at, usage)| usage.filter(|_| !is_left_out(at))).collect();
        let mut ledger = Ledger::new(spans, nodes, &calls);
        let token_usage = ledger.add_tokens(&counted);
        let cost = ledger.add_costs(&counted, is_left_out);
        let mut rows = ledger.rows;
        name_models(&mut rows, spans, nodes);
        rows.sort_by_key(|row| row.spans.first().copied());
        let source = token_usage.as_ref().map(|_| "spans");
        TraceUsage { token_usage, source, cost, rows, conflict: None }
    };
    let is_certain = |doubt: Doubt| doubt != Doubt::MoreThanCalls;
    let usage = book(&is_certain);
    let spans: Vec<_> = doubts.iter().enumerate().filter_map(|(at, doubt)| Some((at, (*doubt)?))).collect();
    if spans.is_empty() {
        return usage;
    }
    let is_certain = spans.iter().all(|(_, doubt)| is_certain(*doubt));
    let other = book(&|_| !is_certain);
    let figures = |usage: &TraceUsage| usage.token_usage.as_ref().map(TokenUsage::figures);
    let is_of_calls = !is_certain && recorded.is_some_and(|recorded| figures(&other) == Some(recorded.figures()));
    let (taken, other) = if is_of_calls { (other, usage) } else { (usage, other) };
    let other = other.token_usage.unwrap_or_default();
    let conflict = Some(UsageConflict { other, is_decided: is_certain || is_of_calls, spans });
    TraceUsage { conflict, ..taken }
}

/// Finds the models of carriers that name none, above calls without tokens or agents that all name one: those of DSPy, Claude
/// Code and CrewAI.
fn name_models(rows: &mut [UsageRow], spans: &[Span], nodes: &[Node]) {
    let is_nameless = |row: &&mut UsageRow| row.kind == RowKind::Remainder && row.calls_below == 0;
    let nameless: Vec<&mut UsageRow> = rows.iter_mut().filter(is_nameless).collect();
    if nameless.is_empty() {
        return;
    }
    // Of each span the one that names the model of all below it, and whether there are several models.
    let mut below: Vec<(Option<usize>, bool)> = vec![(None, false); spans.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        let (found, is_several) = below[at];
        let own = Some(at).filter(|at| spans[*at].model.is_some());
        let upwards = own.or(found);
        let Some(parent) = node.parent else { continue };
        let (known, was_several) = below[parent];
        let differ = known.zip(upwards).is_some_and(|(known, new)| spans[known].model != spans[new].model);
        below[parent] = (upwards.or(known), is_several || was_several || differ);
    }
    for row in nameless {
        row.model_below = row.span.and_then(|at| below[at].0.filter(|_| !below[at].1));
    }
}

/// What the trace's record has beyond all rows, where the total is that of the record.
fn remainder_of_record(rows: &[UsageRow], usage: Option<&TokenUsage>, cost: Option<Cost>) -> Option<UsageRow> {
    let token_usage =
        usage.map(|usage| rows.iter().filter_map(|row| row.token_usage.as_ref()).fold(usage.clone(), minus));
    let cost = cost.and_then(|cost| {
        let mut rest = CostSum::default();
        rest.add(&cost);
        rows.iter().filter_map(|row| row.cost.as_ref()).for_each(|cost| rest.subtract(cost));
        rest.cost().filter(|rest| !is_nothing(rest))
    });
    let token_usage = token_usage.filter(TokenUsage::has_tokens);
    (token_usage.is_some() || cost.is_some()).then_some(UsageRow {
        kind: RowKind::Remainder,
        spans: Vec::new(),
        span: None,
        calls_below: rows.len(),
        model_below: None,
        token_usage,
        is_derived: false,
        cost,
        is_unpriced: false,
    })
}

fn minus(mut usage: TokenUsage, less: &TokenUsage) -> TokenUsage {
    usage.subtract(less);
    usage
}
