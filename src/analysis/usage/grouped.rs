//! Tokens and cost of many traces, in groups that add up to the total.

use super::TraceUsage;
use crate::analysis::groups::{self, GroupMap};
use crate::analysis::key::{self, GroupKey, GroupValues, KeyFields};
use crate::model::{Cost, CostSum, TokenUsage, Trace, TraceInfo, Zone};
use crate::reading::RowKind;
use std::collections::BTreeMap;

/// Tokens and cost of some calls in some traces.
#[derive(Clone, Debug)]
pub struct UsageGroup {
    /// Number of traces with tokens or cost in this group; `None` for several groups of calls together, which may share
    /// traces.
    pub traces: Option<u64>,
    /// Number of calls counted; `None` if spans were not read.
    pub calls: Option<u64>,
    /// Sum of the tokens.
    pub token_usage: Option<TokenUsage>,
    /// Sum of the costs.
    pub cost: CostSum,
    /// Number of calls (or traces, if spans were not read) with tokens and no known cost.
    pub unpriced: u64,
}

impl Default for UsageGroup {
    /// A group without traces.
    fn default() -> Self {
        Self { traces: Some(0), calls: None, token_usage: None, cost: CostSum::default(), unpriced: 0 }
    }
}

impl UsageGroup {
    fn add_trace(&mut self) {
        self.traces = self.traces.map(|traces| traces + 1);
    }

    /// Adds tokens and cost.
    pub(in crate::analysis) fn add(&mut self, usage: Option<&TokenUsage>, cost: Option<&Cost>, is_unpriced: bool) {
        if let Some(usage) = usage {
            self.token_usage.get_or_insert_default().add(usage);
        }
        if let Some(cost) = cost {
            self.cost.add(cost);
        }
        self.unpriced += u64::from(is_unpriced);
    }

    /// Returns the cost, as far as it is known.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        self.cost.cost()
    }

    /// Adds the tokens and the cost of another group.
    pub(in crate::analysis) fn add_usage(&mut self, more: &Self) {
        self.add(more.token_usage.as_ref(), None, false);
        self.cost.merge(&more.cost);
        self.unpriced += more.unpriced;
    }

    /// Adds another group, which has no trace in common.
    fn merge(&mut self, more: &Self) {
        self.traces = self.traces.zip(more.traces).map(|(traces, more)| traces + more);
        self.calls = self.calls.zip(more.calls).map(|(calls, more)| calls + more);
        self.add_usage(more);
    }

    fn total_tokens(&self) -> i64 {
        self.token_usage.as_ref().and_then(|usage| usage.total_tokens).unwrap_or(0)
    }
}

/// Usage of many traces in groups that always add up to the total. The key of an unrecorded value is `None`.
#[derive(Debug)]
pub struct GroupedUsage {
    /// The grouping keys.
    pub keys: Vec<GroupKey>,
    groups: GroupMap<UsageGroup>,
    /// All groups together.
    pub total: UsageGroup,
    /// Number of traces for which MLflow recorded more tokens than the stored spans have.
    pub incomplete: u64,
    /// Number of counted calls whose tokens were read from their responses.
    pub derived: u64,
    /// Number of calls without tokens and cost, which are in no group.
    pub without_tokens: u64,
    /// Number of calls with tokens and no known price, by model.
    pub unpriced: BTreeMap<Option<String>, u64>,
}

impl GroupedUsage {
    /// Creates empty groups.
    #[must_use]
    pub fn new(keys: Vec<GroupKey>, zone: Zone) -> Self {
        let calls = keys.iter().any(GroupKey::is_per_call).then_some(0);
        let total = UsageGroup { calls, ..UsageGroup::default() };
        let (groups, unpriced) = (GroupMap::new(keys.clone(), zone, false), BTreeMap::new());
        Self { keys, groups, total, incomplete: 0, derived: 0, without_tokens: 0, unpriced }
    }

    /// Whether the calls of one trace may be in different groups, so that spans must be read.
    #[must_use]
    pub fn is_per_call(&self) -> bool {
        self.keys.iter().any(GroupKey::is_per_call)
    }

    /// Adds a trace with its spans. Usage that carriers and the record have beyond the calls is grouped by what is
    /// known of the carrier or trace.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.derived += usage.rows.iter().filter(|row| row.is_derived).count() as u64;
        let spans = trace.span_list();
        for row in usage.unpriced_rows() {
            *self.unpriced.entry(row.model(spans).map(str::to_owned)).or_default() += 1;
        }
        if !self.is_per_call() {
            self.add_trace_totals(&trace.info, usage.token_usage.as_ref(), usage.cost);
            return;
        }
        let agents = key::agents(&self.keys, trace, usage);
        let mut seen: Vec<usize> = Vec::new();
        let mut is_incomplete = false;
        for row in &usage.rows {
            let is_call = u64::from(row.kind != RowKind::Remainder && row.token_usage.is_some());
            let is_unknown = row.token_usage.is_none() && row.cost.is_none();
            self.without_tokens += u64::from(is_unknown && row.kind != RowKind::Remainder);
            if is_call == 0 && row.is_empty_remainder() || is_unknown {
                continue;
            }
            is_incomplete |= row.span.is_none() && row.token_usage.is_some();
            let group = self.groups.index_for(&trace.info, Some(&KeyFields::from_row(row, spans, &agents)));
            seen.push(group);
            for sum in [self.groups.get_mut(group), &mut self.total] {
                sum.calls = Some(sum.calls.unwrap_or(0) + is_call);
                sum.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
            }
        }
        self.incomplete += u64::from(is_incomplete);
        if !seen.is_empty() {
            self.total.add_trace();
        }
        seen.sort_unstable();
        seen.dedup();
        for group in seen {
            self.groups.get_mut(group).add_trace();
        }
    }

    /// Adds a trace from its totals. A trace without tokens and cost is not counted.
    pub fn add_trace_totals(&mut self, info: &TraceInfo, usage: Option<&TokenUsage>, cost: Option<Cost>) {
        if usage.is_none() && cost.is_none() {
            return;
        }
        let is_unpriced = cost.is_none() && usage.is_some_and(TokenUsage::has_tokens);
        for sum in [self.groups.entry(info, None), &mut self.total] {
            sum.add_trace();
            sum.add(usage, cost.as_ref(), is_unpriced);
        }
    }

    /// Returns the number of groups.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    /// Returns the groups, by time if a key is a time, else most tokens first; those beyond `limit` are merged into
    /// one.
    #[must_use]
    pub fn sorted(&self, limit: usize) -> (Vec<(&GroupValues, &UsageGroup)>, Option<UsageGroup>) {
        let mut groups: Vec<(&GroupValues, &UsageGroup)> =
            self.groups.list().iter().map(|(values, group)| (values, group)).collect();
        groups.sort_by(|(a, left), (b, right)| {
            groups::compare(&self.keys, (a, left.total_tokens()), (b, right.total_tokens()))
        });
        let (groups, rest) = groups::split(&self.keys, groups, limit, |(values, _)| values);
        let others = rest.into_iter().map(|(_, group)| group).cloned().reduce(|mut sum, group| {
            sum.merge(&group);
            sum
        });
        let traces = |others: &UsageGroup| others.traces.filter(|_| !self.is_per_call());
        (groups, others.map(|others| UsageGroup { traces: traces(&others), ..others }))
    }
}
