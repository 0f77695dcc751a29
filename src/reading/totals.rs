//! Token usage and cost of a trace: from its spans, or from its record if spans are missing.

use super::calls::CallSpans;
use super::ledger::{UsageLedger, carried_usage, is_negligible};
use super::usage::TraceUsage;
use super::usage_conflict::{self, ConflictReason, UsageConflict};
use super::usage_row::{RowKind, UsageRow};
use crate::model::{Cost, CostSum, Node, Span, Spans, TokenUsage, Trace};

/// Returns the calls of a trace with their token usage and cost.
///
/// The total is MLflow's (3.10+, `aggregate_usage_from_spans`): the topmost carrier counts and hides all carriers below
/// it, even if its usage is empty. [`ConflictReason`] lists the exceptions. If spans are missing, the recorded total
/// replaces the incomplete sum.
#[must_use]
pub fn trace_usage(trace: &Trace) -> TraceUsage {
    let recorded = trace.info.recorded_usage.as_ref();
    let from_spans = trace.spans.as_ref().map(|spans| total_of(spans, recorded)).unwrap_or_default();
    let TraceUsage { token_usage: total, cost, mut rows, mut conflict, .. } = from_spans;
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

/// Returns the same from spans alone, without the trace record.
#[must_use]
pub fn spans_usage(spans: &Spans) -> TraceUsage {
    total_of(spans, None)
}

/// Adds up the tokens of spans, without spans that conflict with calls. A parent with more tokens than the calls below
/// it is excluded only if MLflow `recorded` the total of the calls.
fn total_of(spans: &Spans, recorded: Option<&TokenUsage>) -> TraceUsage {
    let (spans, nodes) = (&spans.list[..], &spans.nodes[..]);
    let calls = CallSpans::new(spans, nodes);
    let carried = carried_usage(spans, nodes);
    let reasons = usage_conflict::reasons(spans, nodes, &calls, &carried);
    let total_without = |excludes: fn(ConflictReason) -> bool| {
        let is_excluded = |at: usize| reasons[at].is_some_and(excludes);
        let counted: Vec<_> =
            carried.iter().enumerate().map(|(at, usage)| usage.filter(|_| !is_excluded(at))).collect();
        let mut ledger = UsageLedger::new(spans, nodes, &calls);
        let token_usage = ledger.add_tokens(&counted);
        let cost = ledger.add_costs(&counted, is_excluded);
        let mut rows = ledger.rows;
        name_models(&mut rows, spans, nodes);
        rows.sort_by_key(|row| row.spans.first().copied());
        let source = token_usage.as_ref().map(|_| "spans");
        TraceUsage { token_usage, source, cost, rows, conflict: None }
    };
    let usage = total_without(ConflictReason::is_certain);
    let spans: Vec<_> = reasons.iter().enumerate().filter_map(|(at, reason)| Some((at, (*reason)?))).collect();
    if spans.is_empty() {
        return usage;
    }
    let (chosen, other, is_resolved) = if spans.iter().all(|(_, reason)| reason.is_certain()) {
        (usage, total_without(|_| false), true)
    } else {
        let without_conflicts = total_without(|_| true);
        let figures = without_conflicts.token_usage.as_ref().map(TokenUsage::counts);
        let is_recorded = recorded.is_some_and(|recorded| figures == Some(recorded.counts()));
        if is_recorded { (without_conflicts, usage, true) } else { (usage, without_conflicts, false) }
    };
    let conflict = UsageConflict { other: other.token_usage.unwrap_or_default(), is_resolved, spans };
    TraceUsage { conflict: Some(conflict), ..chosen }
}

/// The models named at or below a span, each as a span that names it.
#[derive(Clone, Copy)]
enum NamedModels {
    None,
    One(usize),
    Several,
}

/// Sets the model of carriers without calls with tokens below them, if all spans below name the same model (DSPy,
/// Claude Code, CrewAI).
fn name_models(rows: &mut [UsageRow], spans: &[Span], nodes: &[Node]) {
    let is_nameless = |row: &&mut UsageRow| row.kind == RowKind::Remainder && row.calls_below == 0;
    let nameless: Vec<&mut UsageRow> = rows.iter_mut().filter(is_nameless).collect();
    if nameless.is_empty() {
        return;
    }
    let merge = |a: NamedModels, b: NamedModels| match (a, b) {
        (NamedModels::None, models) | (models, NamedModels::None) => models,
        (NamedModels::One(a), NamedModels::One(b)) if spans[a].model == spans[b].model => NamedModels::One(a),
        _ => NamedModels::Several,
    };
    let mut below = vec![NamedModels::None; spans.len()];
    for (at, node) in nodes.iter().enumerate().rev() {
        let this = if spans[at].model.is_some() { NamedModels::One(at) } else { NamedModels::None };
        if let Some(parent) = node.parent {
            below[parent] = merge(merge(this, below[at]), below[parent]);
        }
    }
    for row in nameless {
        row.model_below =
            row.span.and_then(|at| if let NamedModels::One(named) = below[at] { Some(named) } else { None });
    }
}

/// Returns what the trace record has beyond the sum of all rows, if the total is that of the record.
fn remainder_of_record(rows: &[UsageRow], usage: Option<&TokenUsage>, cost: Option<Cost>) -> Option<UsageRow> {
    let token_usage =
        usage.map(|usage| rows.iter().filter_map(|row| row.token_usage.as_ref()).fold(usage.clone(), minus));
    let cost = cost.and_then(|cost| {
        let mut rest = CostSum::default();
        rest.add(&cost);
        rows.iter().filter_map(|row| row.cost.as_ref()).for_each(|cost| rest.subtract(cost));
        rest.cost().filter(|rest| !is_negligible(rest))
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
