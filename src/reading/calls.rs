//! The LLM calls of a trace, and the tokens and the cost of each.

use crate::model::{Cost, CostSum, Node, Span, Spans, TokenUsage, Trace, have_below};

/// The tokens and the cost of a trace, and the rows that they are made of.
#[derive(Debug, Default)]
pub struct TraceUsage {
    /// The total, which is that of the rows; `None` where nothing is known.
    pub token_usage: Option<TokenUsage>,
    /// Where the total comes from: `spans`, or `recorded` where spans are missing.
    pub source: Option<&'static str>,
    /// The total cost, as far as it is known.
    pub cost: Option<Cost>,
    /// The calls and the remainders, in the order of the tree; the remainder of the trace's record comes last.
    pub rows: Vec<UsageRow>,
}

/// What a row of usage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A request to a language model.
    Llm,
    /// A request for embeddings.
    Embedding,
    /// What a carrier, or the trace's record, has beyond the calls below it. Its figures are negative where it has less.
    Remainder,
}

impl RowKind {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Llm => "llm",
            Self::Embedding => "embedding",
            Self::Remainder => "remainder",
        }
    }
}

/// A call of a model, or a remainder.
#[derive(Debug)]
pub struct UsageRow {
    /// What it is.
    pub kind: RowKind,
    /// Its spans as places in the trace's list, in the order of the tree: of a call those that serve the request, of a
    /// remainder the carrier and those between it and the calls that carry tokens too. None of the trace's record.
    pub spans: Vec<usize>,
    /// The span that counts: the top-most one with tokens, else the outermost.
    pub span: Option<usize>,
    /// Of a remainder, how many calls with tokens lie below it.
    pub calls_below: usize,
    /// Its own tokens.
    pub token_usage: Option<TokenUsage>,
    /// Whether these come from a response or from other conventions, and MLflow recorded none.
    pub is_derived: bool,
    /// Its own cost.
    pub cost: Option<Cost>,
    /// Whether it has tokens whose cost neither it nor a span above has.
    pub is_unpriced: bool,
}

impl UsageRow {
    /// Whether it is a call of a language model.
    #[must_use]
    pub fn is_llm(&self) -> bool {
        self.kind == RowKind::Llm
    }

    /// Whether it is a remainder of nothing.
    #[must_use]
    pub fn is_void(&self) -> bool {
        let has_tokens = self.token_usage.as_ref().is_some_and(TokenUsage::has_tokens);
        self.kind == RowKind::Remainder && !has_tokens && self.cost.is_none()
    }

    /// The model: of the span that counts, else of the outermost of its other spans that has one.
    #[must_use]
    pub fn model<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.model.as_deref())
    }

    /// Who runs the model.
    #[must_use]
    pub fn provider<'a>(&self, spans: &'a [Span]) -> Option<&'a str> {
        self.find(spans, |span| span.provider.as_deref())
    }

    /// Nanoseconds from its start to the first piece of a streamed answer.
    #[must_use]
    pub fn first_token_ns(&self, spans: &[Span]) -> Option<i64> {
        self.find(spans, |span| span.first_token.map(|first| first.0.saturating_sub(span.start.0)))
    }

    fn find<'a, T>(&self, spans: &'a [Span], get: impl Fn(&'a Span) -> Option<T>) -> Option<T> {
        let all = if self.kind == RowKind::Remainder { &[][..] } else { &self.spans };
        self.span.iter().chain(all).find_map(|at| get(&spans[*at]))
    }
}

impl TraceUsage {
    /// The calls of language models.
    pub fn llm_calls(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_llm())
    }

    /// The row that each of `count` spans belongs to.
    #[must_use]
    pub fn rows_of_spans(&self, count: usize) -> Vec<Option<usize>> {
        let mut rows = vec![None; count];
        for (row, at) in self.rows.iter().enumerate().flat_map(|(row, of)| of.spans.iter().map(move |at| (row, *at))) {
            rows[at] = Some(row);
        }
        rows
    }

    /// The rows with tokens of unknown cost.
    pub fn unpriced(&self) -> impl Iterator<Item = &UsageRow> {
        self.rows.iter().filter(|row| row.is_unpriced)
    }
}

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

/// The tokens that each span carries: those that MLflow recorded take precedence over those of a response, anywhere in
/// the tree. An empty usage counts as one.
fn carried<'a>(spans: &'a [Span], nodes: &[Node]) -> Vec<Option<&'a TokenUsage>> {
    let is_recorded = |span: &Span| span.usage_source() == Some("recorded");
    let below = have_below(nodes, |at| is_recorded(&spans[at]));
    let carried = |(span, is_recorded_below): (&'a Span, bool)| {
        let usage = span.usage().filter(|_| !is_recorded_below || is_recorded(span));
        usage.or(span.token_usage.as_ref())
    };
    spans.iter().zip(below).map(carried).collect()
}

/// The spans that belong to calls.
struct Calls {
    /// The outermost span of each call with the one right within that serves the same request, and so on.
    chains: Vec<(RowKind, Vec<usize>)>,
    /// For each span the call in whose subtree it lies.
    of_span: Vec<Option<usize>>,
}

/// The requests at and below a span, as far as they matter to one above it.
#[derive(Clone, Copy)]
enum Requests {
    None,
    /// One, and whether an agent or a tool is in between, which makes requests of its own.
    One(usize, bool),
    Many,
}

impl Calls {
    /// Finds the requests to models. A span of a model's type is one unless others lie below it: with a single one of its
    /// kind it is that request's wrapper, with several it is none. A span of another type that names a model and carries
    /// tokens is one too, where no request lies below it; agents are not, since they may have made any number.
    fn of(spans: &[Span], nodes: &[Node]) -> Self {
        let mut below = vec![Requests::None; spans.len()];
        let mut wrapped: Vec<Option<usize>> = vec![None; spans.len()];
        let mut kinds: Vec<Option<RowKind>> = vec![None; spans.len()];
        for (at, span) in spans.iter().enumerate().rev() {
            let kind = request_kind(span, matches!(below[at], Requests::None));
            let upwards = if let Some(kind) = kind {
                match below[at] {
                    Requests::None => kinds[at] = Some(kind),
                    Requests::One(inner, false) if kinds[inner] == Some(kind) => {
                        (kinds[at], wrapped[at]) = (Some(kind), Some(inner));
                    }
                    Requests::One(..) | Requests::Many => {}
                }
                Requests::One(at, false)
            } else {
                match below[at] {
                    Requests::One(inner, _) if span.span_type.is_agent() || span.span_type.is_tool() => {
                        Requests::One(inner, true)
                    }
                    same => same,
                }
            };
            if let Some(parent) = nodes[at].parent {
                below[parent] = match (below[parent], upwards) {
                    (Requests::None, one) | (one, Requests::None) => one,
                    _ => Requests::Many,
                };
            }
        }
        let mut calls = Self { chains: Vec::new(), of_span: Vec::with_capacity(spans.len()) };
        for (at, node) in nodes.iter().enumerate() {
            // Parents come before children, so that the outermost span of a call is seen first.
            let above = node.parent.and_then(|parent| calls.of_span[parent]);
            let new = || {
                let chain = std::iter::successors(Some(at), |at| wrapped[*at]).collect();
                calls.chains.push((kinds[at]?, chain));
                Some(calls.chains.len() - 1)
            };
            let call = above.or_else(new);
            calls.of_span.push(call);
        }
        calls
    }

    fn rows(&self) -> Vec<UsageRow> {
        let row = |(kind, chain): &(RowKind, Vec<usize>)| UsageRow {
            kind: *kind,
            spans: chain.clone(),
            span: chain.first().copied(),
            calls_below: 0,
            token_usage: None,
            is_derived: false,
            cost: None,
            is_unpriced: false,
        };
        self.chains.iter().map(row).collect()
    }
}

/// What kind of request a span is, if it is one. `is_innermost` = no request lies below it.
fn request_kind(span: &Span, is_innermost: bool) -> Option<RowKind> {
    if span.span_type.is_llm() {
        return Some(RowKind::Llm);
    }
    let has_tokens = || span.usage().is_some_and(|usage| !usage.is_empty());
    if span.span_type.as_str() == "EMBEDDING" {
        return (span.model.is_some() || has_tokens()).then_some(RowKind::Embedding);
    }
    let calls_model = || span.model.is_some() && has_tokens();
    (is_innermost && !span.span_type.is_agent() && calls_model()).then_some(RowKind::Llm)
}

/// The place of a span among the carriers.
#[derive(Clone, Copy)]
struct Place {
    /// The top-most carrier above it.
    top: Option<usize>,
    /// Whether a carrier lies between it and the outermost span of its call.
    is_hidden_in_call: bool,
}

/// Books what spans carry on the rows, so that these add up.
struct Ledger<'a> {
    spans: &'a [Span],
    nodes: &'a [Node],
    calls: &'a Calls,
    /// First the calls, in the order of [`Calls::chains`], then remainders.
    rows: Vec<UsageRow>,
    /// For each span its remainder, where it has one.
    remainders: Vec<Option<usize>>,
}

impl<'a> Ledger<'a> {
    fn new(spans: &'a [Span], nodes: &'a [Node], calls: &'a Calls) -> Self {
        Self { spans, nodes, calls, rows: calls.rows(), remainders: vec![None; spans.len()] }
    }

    /// The place of each span among the carriers.
    fn places(&self, carries: impl Fn(usize) -> bool) -> Vec<Place> {
        let mut places: Vec<Place> = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            let place = node.parent.map_or(Place { top: None, is_hidden_in_call: false }, |parent| {
                let (above, call) = (places[parent], self.calls.of_span[at]);
                let is_same_call = call.is_some() && call == self.calls.of_span[parent];
                Place {
                    top: above.top.or_else(|| carries(parent).then_some(parent)),
                    is_hidden_in_call: is_same_call && (above.is_hidden_in_call || carries(parent)),
                }
            });
            places.push(place);
        }
        places
    }

    /// The remainder of a carrier.
    fn remainder(&mut self, carrier: usize) -> usize {
        *self.remainders[carrier].get_or_insert_with(|| {
            self.rows.push(UsageRow {
                kind: RowKind::Remainder,
                spans: vec![carrier],
                span: Some(carrier),
                calls_below: 0,
                token_usage: None,
                is_derived: self.spans[carrier].usage_source() == Some("derived"),
                cost: None,
                is_unpriced: false,
            });
            self.rows.len() - 1
        })
    }

    /// Books tokens, and gives their total.
    fn add_tokens(&mut self, carried: &[Option<&TokenUsage>]) -> Option<TokenUsage> {
        let places = self.places(|at| carried[at].is_some());
        let mut total: Option<TokenUsage> = None;
        for (at, usage) in carried.iter().enumerate() {
            let Some(usage) = usage else { continue };
            let place = places[at];
            let counted = Some(*usage).filter(|usage| !usage.is_empty());
            if let (None, Some(usage)) = (place.top, counted) {
                total.get_or_insert_default().add(usage);
            }
            let Some(call) = self.calls.of_span[at] else {
                let row = self.remainder(place.top.unwrap_or(at));
                if place.top.is_none() {
                    self.rows[row].token_usage = counted.cloned();
                } else {
                    // Its cost, which may be of its own, goes with its tokens.
                    self.rows[row].spans.push(at);
                    self.remainders[at] = Some(row);
                }
                continue;
            };
            let row = &mut self.rows[call];
            if !row.spans.contains(&at) {
                row.spans.push(at);
            }
            let Some(usage) = counted.filter(|_| !place.is_hidden_in_call) else { continue };
            if row.token_usage.is_none() {
                row.span = Some(at);
            }
            row.is_derived |= self.spans[at].usage_source() == Some("derived");
            row.token_usage.get_or_insert_default().add(usage);
            if let Some(top) = place.top {
                let row = self.remainder(top);
                self.rows[row].calls_below += 1;
                self.rows[row].token_usage.get_or_insert_default().subtract(usage);
            }
        }
        total
    }

    /// Books costs, and gives their total: by the same rule, a recorded one before one that is calculated.
    fn add_costs(&mut self, carried: &[Option<&TokenUsage>]) -> Option<Cost> {
        let is_recorded = |at: usize| self.spans[at].cost.is_some_and(|cost| cost.source == "recorded");
        let below = have_below(self.nodes, is_recorded);
        let has_cost: Vec<bool> =
            (0..self.spans.len()).map(|at| self.spans[at].cost.is_some() && (!below[at] || is_recorded(at))).collect();
        let places = self.places(|at| has_cost[at]);
        let (mut total, mut sums) = (CostSum::default(), vec![CostSum::default(); self.rows.len()]);
        for (at, span) in self.spans.iter().enumerate() {
            let Some(cost) = span.cost.as_ref().filter(|_| has_cost[at]) else { continue };
            let place = places[at];
            if place.top.is_none() {
                total.add(cost);
            }
            let row = match (self.calls.of_span[at], place.top) {
                (Some(_), _) if place.is_hidden_in_call => continue,
                (Some(call), _) => call,
                (None, None) => self.remainder(at),
                (None, Some(_)) => continue,
            };
            let above = place.top.map(|top| self.remainder(top));
            sums.resize(self.rows.len(), CostSum::default());
            // A cost alone stays as it was recorded, to the last digit.
            self.rows[row].cost = (sums[row] == CostSum::default()).then_some(*cost);
            sums[row].add(cost);
            if let Some(above) = above {
                self.rows[above].cost = None;
                sums[above].subtract(cost);
            }
        }
        let has_cost_below = have_below(self.nodes, |at| has_cost[at] && self.calls.of_span[at].is_none());
        sums.resize(self.rows.len(), CostSum::default());
        for (row, sum) in self.rows.iter_mut().zip(sums) {
            let is_rest = row.kind == RowKind::Remainder;
            row.cost = row.cost.or_else(|| sum.cost()).filter(|cost| !is_rest || !is_nothing(cost));
            let Some(at) = row.span else { continue };
            let has_tokens = row.token_usage.as_ref().is_some_and(|usage| usage.weight() > 0);
            let is_priced =
                row.cost.is_some() || has_cost[at] || places[at].top.is_some() || (is_rest && has_cost_below[at]);
            row.is_unpriced = has_tokens && !is_priced && carried[at].is_some();
        }
        total.cost()
    }
}

/// Whether a difference of costs is one of rounding only.
fn is_nothing(cost: &Cost) -> bool {
    const LEAST: f64 = 1e-12;
    cost.total_cost.is_none_or(|total| total.abs() < LEAST)
}
