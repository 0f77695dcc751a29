//! Tokens and cost of many traces, in groups that add up.

use super::TraceUsage;
use crate::analysis::groups::{self, GroupMap};
use crate::analysis::key::{self, GroupKey, GroupValues, GroupedPart};
use crate::model::{Cost, CostSum, TokenUsage, Trace, TraceInfo, Zone};
use crate::reading::RowKind;
use std::collections::BTreeMap;

/// Tokens and cost of some calls in some traces.
#[derive(Clone, Debug, Default)]
pub struct UsageGroup {
    /// How many traces have any of it.
    pub traces: u64,
    /// How many counted calls; not known of traces whose spans were not read.
    pub calls: Option<u64>,
    /// Their tokens.
    pub token_usage: Option<TokenUsage>,
    /// Their costs added up.
    pub cost: CostSum,
    /// How many calls, or traces where calls are not known, have tokens and no known cost.
    pub unpriced: u64,
}

impl UsageGroup {
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

    /// Their cost, as far as it is known.
    #[must_use]
    pub fn cost(&self) -> Option<Cost> {
        self.cost.cost()
    }

    /// Adds the tokens and the cost of another group.
    pub(in crate::analysis) fn add_used(&mut self, more: &Self) {
        self.add(more.token_usage.as_ref(), None, false);
        self.cost.merge(&more.cost);
        self.unpriced += more.unpriced;
    }

    /// Adds another group, of other traces.
    fn merge(&mut self, more: &Self) {
        self.traces += more.traces;
        self.calls = self.calls.zip(more.calls).map(|(calls, more)| calls + more);
        self.add_used(more);
    }

    fn total_tokens(&self) -> i64 {
        self.token_usage.as_ref().and_then(|usage| usage.total_tokens).unwrap_or(0)
    }
}

/// Usage of many traces in groups that always add up to the total. What nobody recorded comes under `None`.
#[derive(Debug)]
pub struct GroupedUsage {
    /// What they are grouped by.
    pub keys: Vec<GroupKey>,
    groups: GroupMap<UsageGroup>,
    /// All together.
    pub total: UsageGroup,
    /// Traces of which MLflow recorded more tokens than the spans that are left tell.
    pub incomplete: u64,
    /// Counted calls whose tokens are those that their responses tell.
    pub derived: u64,
    /// Calls without tokens and cost, which are in no group.
    pub without_tokens: u64,
    /// Models of which no price is known, with how many calls of each have tokens.
    pub unpriced: BTreeMap<Option<String>, u64>,
}

impl GroupedUsage {
    /// No traces yet.
    #[must_use]
    pub fn new(keys: Vec<GroupKey>, zone: Zone) -> Self {
        let calls = keys.iter().any(GroupKey::is_of_calls).then_some(0);
        let total = UsageGroup { calls, ..UsageGroup::default() };
        let (groups, unpriced) = (GroupMap::new(keys.clone(), zone, false), BTreeMap::new());
        Self { keys, groups, total, incomplete: 0, derived: 0, without_tokens: 0, unpriced }
    }

    /// Whether groups differ within a trace, so that spans have to be read.
    #[must_use]
    pub fn is_of_calls(&self) -> bool {
        self.keys.iter().any(GroupKey::is_of_calls)
    }

    /// Adds a trace with its spans. What carriers and its record have beyond its calls comes under what is known of these.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.derived += usage.rows.iter().filter(|row| row.is_derived).count() as u64;
        let spans = trace.span_list();
        for row in usage.unpriced() {
            *self.unpriced.entry(row.model(spans).map(str::to_owned)).or_default() += 1;
        }
        if !self.is_of_calls() {
            self.add_record(&trace.info, usage.token_usage.as_ref(), usage.cost);
            return;
        }
        let agents = key::agents(&self.keys, trace, usage);
        let mut seen: Vec<usize> = Vec::new();
        let mut is_incomplete = false;
        for row in &usage.rows {
            let is_call = u64::from(row.kind != RowKind::Remainder && row.token_usage.is_some());
            let is_unknown = row.token_usage.is_none() && row.cost.is_none();
            self.without_tokens += u64::from(is_unknown && row.kind != RowKind::Remainder);
            if is_call == 0 && row.is_void() || is_unknown {
                continue;
            }
            is_incomplete |= row.span.is_none() && row.token_usage.is_some();
            let place = self.groups.place(&trace.info, Some(&GroupedPart::of_row(row, spans, &agents)));
            seen.push(place);
            for sum in [self.groups.at(place), &mut self.total] {
                sum.calls = Some(sum.calls.unwrap_or(0) + is_call);
                sum.add(row.token_usage.as_ref(), row.cost.as_ref(), row.is_unpriced);
            }
        }
        self.incomplete += u64::from(is_incomplete);
        self.total.traces += u64::from(!seen.is_empty());
        seen.sort_unstable();
        seen.dedup();
        for place in seen {
            self.groups.at(place).traces += 1;
        }
    }

    /// Adds a trace with what is known of it as a whole. One without tokens is none that used any.
    pub fn add_record(&mut self, info: &TraceInfo, usage: Option<&TokenUsage>, cost: Option<Cost>) {
        if usage.is_none() && cost.is_none() {
            return;
        }
        let is_unpriced = cost.is_none() && usage.is_some_and(TokenUsage::has_tokens);
        for sum in [self.groups.of(info, None), &mut self.total] {
            sum.traces += 1;
            sum.add(usage, cost.as_ref(), is_unpriced);
        }
    }

    /// How many groups there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    /// The groups: by time where that is what they are grouped by, else those with the most tokens first. All but the first
    /// so many come together.
    #[must_use]
    pub fn sorted(&self, limit: usize) -> (Vec<(&GroupValues, &UsageGroup)>, Option<UsageGroup>) {
        let mut groups: Vec<(&GroupValues, &UsageGroup)> =
            self.groups.list().iter().map(|(values, group)| (values, group)).collect();
        groups.sort_by(|(a, one), (b, other)| {
            groups::order(&self.keys, (a, one.total_tokens()), (b, other.total_tokens()))
        });
        let (groups, rest) = groups::split(&self.keys, groups, limit, |(values, _)| values);
        let others = rest.into_iter().map(|(_, group)| group).cloned().reduce(|mut sum, group| {
            sum.merge(&group);
            sum
        });
        (groups, others)
    }
}
