//! What a trace used: from its spans, and from its record where these are missing.

use super::calls::Calls;
use super::ledger::{Ledger, carried, is_nothing};
use super::usage::{RowKind, TraceUsage, UsageRow};
use crate::model::{Cost, CostSum, Spans, TokenUsage, Trace};

/// Reads the calls of a trace and what they used.
///
/// The total is MLflow's (3.10+, `aggregate_usage_from_spans`): the top-most carrier counts and hides all below it, one
/// with an empty usage too. Where spans are missing the recorded total is truer than the sum of what is left.
#[must_use]
pub fn of_trace(trace: &Trace) -> TraceUsage {
    let TraceUsage { token_usage: total, cost, mut rows, .. } = trace.spans.as_ref().map(of_spans).unwrap_or_default();
    let recorded = trace.info.recorded_usage.as_ref();
    let total = match recorded.and_then(|recorded| total_of_calls(&rows, total.as_ref(), recorded)) {
        Some(of_calls) => {
            rows.retain(|row| row.kind != RowKind::Remainder);
            Some(of_calls)
        }
        None => total,
    };
    let (token_usage, source) = match (total, recorded) {
        (_, Some(recorded)) if trace.lacks_spans() => (Some(recorded.clone()), Some("recorded")),
        (Some(total), _) => (Some(total), Some("spans")),
        (None, _) => (None, None),
    };
    let recorded = recorded.filter(|_| source == Some("recorded"));
    let known = if trace.lacks_spans() { trace.info.cost.or(cost) } else { cost.or(trace.info.cost) };
    rows.extend(remainder_of_record(&rows, recorded, known.filter(|known| Some(*known) != cost)));
    TraceUsage { token_usage, source, cost: known, rows }
}

/// The total of the calls, where it is what MLflow recorded and carriers have more: their figures are cumulative. An agent of
/// Strands carries the tokens of all its turns so far (1.62), and MLflow adds up the calls.
fn total_of_calls(rows: &[UsageRow], total: Option<&TokenUsage>, recorded: &TokenUsage) -> Option<TokenUsage> {
    let is_remainder = |row: &&UsageRow| row.kind == RowKind::Remainder;
    if total?.figures() == recorded.figures() || rows.iter().filter(is_remainder).any(|row| row.cost.is_some()) {
        return None;
    }
    let mut sum = TokenUsage::default();
    let calls = rows.iter().filter(|row| !is_remainder(row));
    calls.filter_map(|row| row.token_usage.as_ref()).for_each(|usage| sum.add(usage));
    (sum.figures() == recorded.figures()).then_some(sum)
}

/// The same from spans alone, whatever the trace's record has.
#[must_use]
pub fn of_spans(spans: &Spans) -> TraceUsage {
    let (spans, nodes) = (&spans.list[..], &spans.nodes[..]);
    let calls = Calls::of(spans, nodes);
    let carried = carried(spans, nodes);
    let mut ledger = Ledger::new(spans, nodes, &calls);
    let token_usage = ledger.add_tokens(&carried);
    let cost = ledger.add_costs(&carried);
    let mut rows = ledger.rows;
    rows.sort_by_key(|row| row.spans.first().copied());
    let source = token_usage.as_ref().map(|_| "spans");
    TraceUsage { token_usage, source, cost, rows }
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
