//! Tokens and cost of a trace from its spans, and of many traces in groups.

use super::key::{self, Groups, Key, Values, agent};
use crate::model::{Cost, CostSum, Node, Span, Spans, TokenUsage, Trace, TraceInfo, Zone};
use std::collections::{BTreeMap, HashMap};

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
    let below = have_below(spans, nodes, is_recorded);
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
    let below = have_below(spans, nodes, is_recorded);
    let has_cost: Vec<bool> =
        spans.iter().zip(below).map(|(span, below)| span.cost.is_some() && (!below || is_recorded(span))).collect();
    let standing = standing(nodes, |at| has_cost[at]);
    let has_tokens = |span: &Span| span.usage().is_some_and(TokenUsage::has_tokens);
    let told_below = have_below(spans, nodes, |span| has_tokens(span) || span.cost.is_some());
    let mut total: Option<Cost> = None;
    let (mut priced, mut unpriced) = (Vec::new(), Vec::new());
    for (at, span) in spans.iter().enumerate() {
        match (standing[at], &span.cost) {
            (Carrier::Top, Some(cost)) => {
                priced.push(at);
                match &mut total {
                    Some(sum) => sum.add(cost),
                    None => total = Some(*cost),
                }
            }
            (Carrier::No, _) if has_tokens(span) && !told_below[at] => unpriced.push(at),
            _ => {}
        }
    }
    (total, priced, unpriced)
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

/// Which spans have one below them for which something holds.
fn have_below(spans: &[Span], nodes: &[Node], holds: impl Fn(&Span) -> bool) -> Vec<bool> {
    let mut below = vec![false; spans.len()];
    // Children come after parents, so that all of a span's own were looked at before it.
    for at in (0..spans.len()).rev() {
        if let Some(parent) = nodes[at].parent
            && (below[at] || holds(&spans[at]))
        {
            below[parent] = true;
        }
    }
    below
}

/// Tokens of a trace that belong to one call, and what they cost.
#[derive(Debug)]
struct Share {
    /// The span whose call it is.
    span: usize,
    usage: Option<TokenUsage>,
    cost: Option<Cost>,
    /// Whether tokens are among them whose cost is not known.
    is_unpriced: bool,
}

/// The counted calls of a trace. Where one that counts names no model, those below it tell the models, in their proportion.
fn shares(spans: &Spans, usage: &TraceUsage, by_model: bool) -> Vec<Share> {
    let share = |span, usage| Share { span, usage: Some(usage), cost: None, is_unpriced: false };
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
            shares.push(Share { span: at, usage: None, cost: None, is_unpriced: false });
            shares.len() - 1
        });
        let share = &mut shares[to];
        match (&mut share.cost, spans.list[at].cost) {
            (Some(sum), Some(cost)) => sum.add(&cost),
            (None, Some(cost)) => share.cost = Some(cost),
            (_, None) => share.is_unpriced = true,
        }
    }
    shares
}

/// The top-most spans below one that carry tokens and name a model.
fn told_below(spans: &Spans, top: usize) -> Vec<usize> {
    let mut told = Vec::new();
    let mut inside = vec![false; spans.list.len()];
    inside[top] = true;
    for at in top + 1..spans.list.len() {
        if !spans.nodes[at].parent.is_some_and(|parent| inside[parent]) {
            continue;
        }
        let span = &spans.list[at];
        if span.model.is_some() && span.usage().is_some_and(|usage| !usage.is_empty()) {
            told.push(at);
        } else {
            inside[at] = true;
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
    pub(super) fn add(&mut self, usage: Option<&TokenUsage>, cost: Option<&Cost>, is_unpriced: bool) {
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
    pub(super) fn add_used(&mut self, more: &Self) {
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
                sum.add(share.usage.as_ref(), share.cost.as_ref(), share.is_unpriced);
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
        let time = self.keys.iter().position(Key::is_time);
        groups.sort_by(|(a, one), (b, other)| {
            let by_time = time.map(|at| a[at].cmp(&b[at]));
            by_time
                .unwrap_or(std::cmp::Ordering::Equal)
                .then_with(|| other.total_tokens().cmp(&one.total_tokens()))
                .then_with(|| a.cmp(b))
        });
        let (groups, rest) = key::split(&self.keys, groups, limit);
        let others = rest.into_iter().map(|(_, group)| group).cloned().reduce(|mut sum, group| {
            sum.merge(&group);
            sum
        });
        (groups, others)
    }
}

/// Why figures are what they are.
#[derive(Debug)]
pub struct Explanation {
    /// At most so many of each kind are kept.
    limit: usize,
    /// Spans with tokens that are not counted.
    pub left_out: Vec<LeftOut>,
    /// How many there are.
    pub left_out_count: u64,
    /// Traces of which MLflow recorded another total.
    pub differing: Vec<Differing>,
    /// How many there are.
    pub differing_count: u64,
    /// How many calls with tokens have no known cost, by provider and model.
    pub unpriced: BTreeMap<(Option<String>, Option<String>), u64>,
}

/// A span with tokens that are in no total.
#[derive(Debug)]
pub struct LeftOut {
    /// Its trace.
    pub trace_id: String,
    /// Its id.
    pub span_id: String,
    /// Its name.
    pub name: String,
    /// Its tokens.
    pub token_usage: TokenUsage,
    /// The id and name of the span above that counts for it; none where spans below count, on which MLflow recorded tokens.
    pub counted_in: Option<(String, String)>,
}

/// A trace of which MLflow recorded another total than its spans tell.
#[derive(Debug)]
pub struct Differing {
    /// The trace.
    pub trace_id: String,
    /// What the spans tell.
    pub token_usage: Option<TokenUsage>,
    /// What MLflow recorded.
    pub recorded: TokenUsage,
}

impl Explanation {
    /// Keeps so many of each kind.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        let (left_out, differing) = (Vec::new(), Vec::new());
        Self { limit, left_out, left_out_count: 0, differing, differing_count: 0, unpriced: BTreeMap::new() }
    }

    /// Looks at a trace.
    pub fn add(&mut self, trace: &Trace, usage: &TraceUsage) {
        let spans = trace.span_list();
        for call in usage.calls.iter().filter(|call| !call.is_counted) {
            let span = &spans[call.span];
            let Some(left_out) = span.usage().filter(|usage| !usage.is_empty()) else { continue };
            self.left_out_count += 1;
            if self.left_out.len() < self.limit {
                self.left_out.push(LeftOut {
                    trace_id: trace.info.trace_id.clone(),
                    span_id: span.id.to_string(),
                    name: span.name.clone(),
                    token_usage: left_out.clone(),
                    counted_in: call.counted_in.map(|top| (spans[top].id.to_string(), spans[top].name.clone())),
                });
            }
        }
        let mut told: Option<TokenUsage> = None;
        for call in usage.calls.iter().filter(|call| call.is_counted) {
            told.get_or_insert_default().add(spans[call.span].usage().unwrap_or(&TokenUsage::default()));
        }
        if let Some(recorded) = &trace.info.recorded_usage
            && told.as_ref().map_or((None, None, None), TokenUsage::figures) != recorded.figures()
        {
            self.differing_count += 1;
            if self.differing.len() < self.limit {
                let (trace_id, recorded) = (trace.info.trace_id.clone(), recorded.clone());
                self.differing.push(Differing { trace_id, token_usage: told, recorded });
            }
        }
        for at in &usage.unpriced {
            *self.unpriced.entry((spans[*at].provider.clone(), spans[*at].model.clone())).or_default() += 1;
        }
    }
}
