//! Assigns the tokens and costs that spans carry to calls and remainders.

use super::calls::CallSpans;
use super::usage_row::{RowKind, UsageRow};
use crate::model::{Cost, CostSum, Node, Span, TokenUsage, has_descendant_where};

/// Returns the token usage that each span carries. A usage derived from a response is dropped if MLflow recorded one
/// for the span or below it. An empty usage counts as a usage.
pub(super) fn carried_usage<'a>(spans: &'a [Span], nodes: &[Node]) -> Vec<Option<&'a TokenUsage>> {
    let is_recorded = |span: &Span| span.usage_source() == Some("recorded");
    let below = has_descendant_where(nodes, |at| is_recorded(&spans[at]));
    let carried = |(span, is_recorded_below): (&'a Span, bool)| {
        let usage = span.usage().filter(|_| !is_recorded_below || is_recorded(span));
        usage.or(span.token_usage.as_ref())
    };
    spans.iter().zip(below).map(carried).collect()
}

/// The position of a span relative to the carriers.
#[derive(Clone, Copy)]
struct CarrierPosition {
    /// The topmost carrier above it.
    top: Option<usize>,
    /// Whether a carrier above it belongs to the same call.
    is_hidden_in_call: bool,
}

/// Assigns what spans carry to rows, so that the rows add up to the total.
pub(super) struct UsageLedger<'a> {
    spans: &'a [Span],
    nodes: &'a [Node],
    calls: &'a CallSpans,
    /// First the calls, in the order of [`CallSpans::chains`], then remainders.
    pub(super) rows: Vec<UsageRow>,
    /// For each span, the index of its remainder in `rows`, if it has one.
    remainders: Vec<Option<usize>>,
}

impl<'a> UsageLedger<'a> {
    pub(super) fn new(spans: &'a [Span], nodes: &'a [Node], calls: &'a CallSpans) -> Self {
        Self { spans, nodes, calls, rows: calls.rows(), remainders: vec![None; spans.len()] }
    }

    /// Returns the position of each span relative to the carriers.
    fn positions(&self, carries: impl Fn(usize) -> bool) -> Vec<CarrierPosition> {
        let mut positions: Vec<CarrierPosition> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let position = node.parent.map_or(CarrierPosition { top: None, is_hidden_in_call: false }, |parent| {
                let (above, call) = (positions[parent], self.calls.call_of_span[at]);
                let is_same_call = call.is_some() && call == self.calls.call_of_span[parent];
                CarrierPosition {
                    top: above.top.or_else(|| carries(parent).then_some(parent)),
                    is_hidden_in_call: is_same_call && (above.is_hidden_in_call || carries(parent)),
                }
            });
            positions.push(position);
        }
        positions
    }

    /// Returns the row of a carrier's remainder, which is added if it is missing.
    fn remainder(&mut self, carrier: usize) -> usize {
        *self.remainders[carrier].get_or_insert_with(|| {
            self.rows.push(UsageRow {
                kind: RowKind::Remainder,
                spans: vec![carrier],
                span: Some(carrier),
                calls_below: 0,
                model_below: None,
                token_usage: None,
                is_derived: self.spans[carrier].usage_source() == Some("derived"),
                cost: None,
                is_unpriced: false,
            });
            self.rows.len() - 1
        })
    }

    /// Assigns tokens to rows. Returns their total.
    pub(super) fn add_tokens(&mut self, carried: &[Option<&TokenUsage>]) -> Option<TokenUsage> {
        let positions = self.positions(|at| carried[at].is_some());
        let mut total: Option<TokenUsage> = None;
        for (at, usage) in carried.iter().enumerate() {
            let Some(usage) = usage else { continue };
            let position = positions[at];
            let counted = Some(*usage).filter(|usage| !usage.is_empty());
            if let (None, Some(usage)) = (position.top, counted) {
                total.get_or_insert_default().add(usage);
            }
            let Some(call) = self.calls.call_of_span[at] else {
                let row = self.remainder(position.top.unwrap_or(at));
                if position.top.is_none() {
                    self.rows[row].token_usage = counted.cloned();
                } else {
                    // Its cost, if it has one, belongs to the same row as its tokens.
                    self.rows[row].spans.push(at);
                    self.remainders[at] = Some(row);
                }
                continue;
            };
            let row = &mut self.rows[call];
            if !row.spans.contains(&at) {
                row.spans.push(at);
            }
            let Some(usage) = counted.filter(|_| !position.is_hidden_in_call) else { continue };
            if row.token_usage.is_none() {
                row.span = Some(at);
            }
            row.is_derived |= self.spans[at].usage_source() == Some("derived");
            row.token_usage.get_or_insert_default().add(usage);
            if let Some(top) = position.top {
                let row = self.remainder(top);
                self.rows[row].calls_below += 1;
                self.rows[row].token_usage.get_or_insert_default().subtract(usage);
            }
        }
        total
    }

    /// Assigns costs to rows. Returns their total. As with tokens, a recorded cost takes precedence over a calculated
    /// one. Costs of excluded spans do not count.
    pub(super) fn add_costs(
        &mut self,
        carried: &[Option<&TokenUsage>],
        is_excluded: impl Fn(usize) -> bool,
    ) -> Option<Cost> {
        let cost = |at: usize| self.spans[at].cost.as_ref().filter(|_| !is_excluded(at));
        let is_recorded = |at: usize| cost(at).is_some_and(|cost| cost.source == "recorded");
        let below = has_descendant_where(self.nodes, is_recorded);
        let has_cost: Vec<bool> =
            (0..self.spans.len()).map(|at| cost(at).is_some() && (!below[at] || is_recorded(at))).collect();
        let positions = self.positions(|at| has_cost[at]);
        let (mut total, mut sums) = (CostSum::default(), vec![CostSum::default(); self.rows.len()]);
        for (at, span) in self.spans.iter().enumerate() {
            let Some(cost) = span.cost.as_ref().filter(|_| has_cost[at]) else { continue };
            let position = positions[at];
            if position.top.is_none() {
                total.add(cost);
            }
            let row = match (self.calls.call_of_span[at], position.top) {
                (Some(_), _) if position.is_hidden_in_call => continue,
                (Some(call), _) => call,
                (None, None) => self.remainder(at),
                (None, Some(_)) => continue,
            };
            let above = position.top.map(|top| self.remainder(top));
            sums.resize(self.rows.len(), CostSum::default());
            // The only cost of a row keeps its recorded digits.
            self.rows[row].cost = (sums[row] == CostSum::default()).then_some(*cost);
            sums[row].add(cost);
            if let Some(above) = above {
                self.rows[above].cost = None;
                sums[above].subtract(cost);
            }
        }
        let has_cost_below =
            has_descendant_where(self.nodes, |at| has_cost[at] && self.calls.call_of_span[at].is_none());
        sums.resize(self.rows.len(), CostSum::default());
        for (row, sum) in self.rows.iter_mut().zip(sums) {
            let is_rest = row.kind == RowKind::Remainder;
            row.cost = row.cost.or_else(|| sum.cost()).filter(|cost| !is_rest || !is_negligible(cost));
            let Some(at) = row.span else { continue };
            let has_tokens = row.token_usage.as_ref().is_some_and(|usage| usage.total() > 0);
            let is_priced =
                row.cost.is_some() || has_cost[at] || positions[at].top.is_some() || (is_rest && has_cost_below[at]);
            row.is_unpriced = has_tokens && !is_priced && carried[at].is_some();
        }
        total.cost()
    }
}

/// Whether a difference of costs is only a rounding error.
pub(super) fn is_negligible(cost: &Cost) -> bool {
    const EPSILON: f64 = 1e-12;
    cost.total_cost.is_none_or(|total| total.abs() < EPSILON)
}
