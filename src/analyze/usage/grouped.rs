//! Tokens and cost of many traces, in groups that add up.

use super::{Call, TraceUsage};
use crate::analyze::groups::{self, Groups};
use crate::analyze::key::{Key, Values};
use crate::model::{Cost, CostSum, Spans, TokenUsage, Trace, TraceInfo, Zone};
use std::collections::{BTreeMap, HashMap};

/// Tokens of a trace that belong to one call, and what they cost.
#[derive(Debug)]
struct Share {
    /// The span whose call it is.
    span: usize,
    usage: Option<TokenUsage>,
    cost: CostSum,
    /// Whether tokens are among them whose cost is not known.
    is_unpriced: bool,
}

/// The counted calls of a trace. Where one that counts names no model, those below it tell the models, in their proportion.
fn shares(spans: &Spans, usage: &TraceUsage, by_model: bool) -> Vec<Share> {
    let share = |span, usage| Share { span, usage: Some(usage), cost: CostSum::default(), is_unpriced: false };
    let mut shares = Vec::new();
    for call in usage.calls.iter().filter(|call| call.is_counted) {
        let span = &spans.list[call.span];
        let Some(counted) = span.usage() else { continue };
        let told = if by_model && span.model.is_none() { told_below(spans, call.span) } else { Vec::new() };
        if told.is_empty() {
            shares.push(share(call.span, counted.clone()));
        } else {
            let weights: Vec<i64> =
                told.iter().map(|at| spans.list[*at].usage().map_or(0, TokenUsage::weight)).collect();
            let parts = counted.split(&weights);
            shares.extend(told.into_iter().zip(parts).map(|(at, part)| share(at, part)));
        }
    }
    let mut share_of: HashMap<usize, usize> = shares.iter().enumerate().map(|(at, share)| (share.span, at)).collect();
    for &at in usage.priced.iter().chain(&usage.unpriced) {
        // The call that it lies in, or that lies in it.
        let mut above = std::iter::successors(Some(at), |at| spans.nodes[*at].parent);
        let within = above.find_map(|above| share_of.get(&above).copied());
        let inside = || shares.iter().position(|share| is_above(spans, at, share.span));
        let to = within.or_else(inside).unwrap_or_else(|| {
            share_of.insert(at, shares.len());
            shares.push(Share { span: at, usage: None, cost: CostSum::default(), is_unpriced: false });
            shares.len() - 1
        });
        let share = &mut shares[to];
        match &spans.list[at].cost {
            Some(cost) => share.cost.add(cost),
            None => share.is_unpriced = true,
        }
    }
    shares
}

/// The top-most spans below one that carry tokens and name a model.
fn told_below(spans: &Spans, top: usize) -> Vec<usize> {
    let depth = |at: usize| spans.nodes[at].depth;
    // In tree order all that lies below comes at once.
    let below = (top + 1..spans.list.len()).take_while(|at| depth(*at) > depth(top));
    let mut told: Vec<usize> = Vec::new();
    let mut within: Option<usize> = None;
    for at in below {
        within = within.filter(|outer| depth(at) > depth(*outer));
        let span = &spans.list[at];
        if within.is_none() && span.model.is_some() && span.usage().is_some_and(|usage| !usage.is_empty()) {
            told.push(at);
            within = Some(at);
        }
    }
    told
}

fn is_above(spans: &Spans, top: usize, at: usize) -> bool {
    std::iter::successors(spans.nodes[at].parent, |at| spans.nodes[*at].parent).any(|above| above == top)
}

/// Tokens and cost of some calls in some traces.
#[derive(Clone, Debug, Default)]
pub struct Group {
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

impl Group {
    /// Adds tokens and cost.
    pub(in crate::analyze) fn add(&mut self, usage: Option<&TokenUsage>, cost: Option<&Cost>, is_unpriced: bool) {
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
    pub(in crate::analyze) fn add_used(&mut self, more: &Self) {
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
pub struct Grouped {
    /// What they are grouped by.
    pub keys: Vec<Key>,
    groups: Groups<Group>,
    /// All together.
    pub total: Group,
    /// Traces of which MLflow recorded more tokens than the spans that are left tell.
    pub incomplete: u64,
    /// Counted calls whose tokens are those that their responses tell.
    pub derived: u64,
    /// Models of which no price is known, with how many calls of each have tokens.
    pub unpriced: BTreeMap<Option<String>, u64>,
}

impl Grouped {
    /// No traces yet.
    #[must_use]
    pub fn new(keys: Vec<Key>, zone: Zone) -> Self {
        let calls = keys.iter().any(Key::is_of_calls).then_some(0);
        let total = Group { calls, ..Group::default() };
        let (groups, unpriced) = (Groups::new(keys.clone(), zone, false), BTreeMap::new());
        Self { keys, groups, total, incomplete: 0, derived: 0, unpriced }
    }

    /// Whether groups differ within a trace, so that spans have to be read.
    #[must_use]
    pub fn is_of_calls(&self) -> bool {
        self.keys.iter().any(Key::is_of_calls)
    }

    /// Adds a trace with its spans. Where they are not all there, what was recorded beyond them comes under `None`.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        self.tell(trace, usage);
        if !self.is_of_calls() {
            let info = &trace.info;
            self.add_record(
                info,
                info.recorded_usage.as_ref().or(usage.token_usage.as_ref()),
                info.cost.or(usage.cost),
            );
            return;
        }
        let Some(spans) = &trace.spans else { return };
        let by_model = self.keys.iter().any(|key| matches!(key, Key::Model | Key::Provider | Key::Agent));
        let mut seen: Vec<usize> = Vec::new();
        let mut counted = TokenUsage::default();
        for share in shares(spans, usage, by_model) {
            let is_call = u64::from(share.usage.is_some());
            let place = self.groups.place(&trace.info, Some((spans, share.span)));
            seen.push(place);
            for sum in [self.groups.at(place), &mut self.total] {
                sum.calls = Some(sum.calls.unwrap_or(0) + is_call);
                sum.add(share.usage.as_ref(), None, share.is_unpriced);
                sum.cost.merge(&share.cost);
            }
            counted.add(&share.usage.unwrap_or_default());
        }
        // Recorded of the trace as a whole, on no span.
        let beyond = usage.cost.filter(|_| usage.priced.is_empty());
        let recorded = usage.token_usage.as_ref().filter(|_| usage.source == Some("recorded"));
        let rest = recorded.and_then(|recorded| recorded.beyond(&counted));
        if rest.is_some() || beyond.is_some() {
            self.incomplete += u64::from(rest.is_some());
            let place = self.groups.place(&trace.info, None);
            seen.push(place);
            for sum in [self.groups.at(place), &mut self.total] {
                sum.calls = Some(sum.calls.unwrap_or(0));
                sum.add(rest.as_ref(), beyond.as_ref(), false);
            }
        }
        self.total.traces += u64::from(!seen.is_empty());
        seen.sort_unstable();
        seen.dedup();
        for place in seen {
            self.groups.at(place).traces += 1;
        }
    }

    /// Remembers what should be said of a trace's figures.
    fn tell(&mut self, trace: &Trace, usage: &TraceUsage) {
        let spans = trace.span_list();
        let is_derived = |call: &&Call| call.is_counted && spans[call.span].usage_source() == Some("derived");
        self.derived += usage.calls.iter().filter(is_derived).count() as u64;
        for at in &usage.unpriced {
            *self.unpriced.entry(spans[*at].model.clone()).or_default() += 1;
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
    pub fn sorted(&self, limit: usize) -> (Vec<(&Values, &Group)>, Option<Group>) {
        let mut groups: Vec<(&Values, &Group)> =
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
