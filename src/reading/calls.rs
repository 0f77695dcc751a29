//! The LLM calls of a trace: which spans are requests to a model.

use super::usage_row::{RowKind, UsageRow};
use crate::model::{Node, Span, UsageScope};
use std::collections::HashMap;

/// The calls of a trace, as the spans that belong to them.
pub(super) struct CallSpans {
    /// The spans of each call that serve its request: the outermost first, then the one it wraps, and so on.
    pub(super) chains: Vec<(RowKind, Vec<usize>)>,
    /// For each span, the call (index into `chains`) whose subtree contains it.
    pub(super) call_of_span: Vec<Option<usize>>,
    /// The spans of duplicate calls, which were appended to the chain of the original.
    pub(super) repeated: Vec<usize>,
}

/// The requests at and below a span, as its ancestors need to know them.
#[derive(Clone, Copy)]
enum RequestSummary {
    None,
    /// The outermost span of the only request, and whether an agent or a tool, which may make its own requests, is in
    /// between.
    One(usize, bool),
    Many,
}

impl CallSpans {
    /// Finds the requests to models. A span with the type of a model is a request, unless there are requests below it:
    /// above one of the same kind it is the wrapper of that request, above several it is not a call. A span of another
    /// type that names a model and carries tokens is a request too if there is none below it; an agent is not, since it
    /// may have made any number of requests.
    pub(super) fn new(spans: &[Span], nodes: &[Node]) -> Self {
        let mut below = vec![RequestSummary::None; spans.len()];
        let mut wrapped: Vec<Option<usize>> = vec![None; spans.len()];
        let mut kinds: Vec<Option<RowKind>> = vec![None; spans.len()];
        for (at, span) in spans.iter().enumerate().rev() {
            let kind = request_kind(span, matches!(below[at], RequestSummary::None));
            let upwards = if let Some(kind) = kind {
                match below[at] {
                    RequestSummary::None => kinds[at] = Some(kind),
                    RequestSummary::One(inner, false) if kinds[inner] == Some(kind) => {
                        (kinds[at], wrapped[at]) = (Some(kind), Some(inner));
                    }
                    RequestSummary::One(..) | RequestSummary::Many => {}
                }
                RequestSummary::One(at, false)
            } else {
                match below[at] {
                    RequestSummary::One(inner, _) if span.span_type.is_agent() || span.span_type.is_tool() => {
                        RequestSummary::One(inner, true)
                    }
                    same => same,
                }
            };
            if let Some(parent) = nodes[at].parent {
                below[parent] = match (below[parent], upwards) {
                    (RequestSummary::None, other) | (other, RequestSummary::None) => other,
                    _ => RequestSummary::Many,
                };
            }
        }
        let (chains, call_of_span) = (Vec::new(), Vec::with_capacity(spans.len()));
        let mut calls = Self { chains, call_of_span, repeated: Vec::new() };
        for (at, node) in nodes.iter().enumerate() {
            // Parents come before children, so the outermost span of a call is visited first.
            let above = node.parent.and_then(|parent| calls.call_of_span[parent]);
            let new = || {
                let chain = std::iter::successors(Some(at), |at| wrapped[*at]).collect();
                calls.chains.push((kinds[at]?, chain));
                Some(calls.chains.len() - 1)
            };
            let call = above.or_else(new);
            calls.call_of_span.push(call);
        }
        calls.merge_duplicates(spans);
        calls
    }

    /// Returns the kind of the call whose outermost span this is.
    pub(super) fn starting_at(&self, span: usize) -> Option<RowKind> {
        let (kind, chain) = &self.chains[self.call_of_span[span]?];
        (chain[0] == span).then_some(*kind)
    }

    /// Merges calls that two instrumentations recorded side by side: AG2's `chat_completion` and OpenAI's `Completions`
    /// (MLflow 3.18, AG2 agents inside a user's span), Anthropic's own spans and those of OpenLLMetry.
    ///
    /// Duplicates have the same response id. Many fake models use one id for all responses, so duplicates must also
    /// overlap in time and have different names.
    fn merge_duplicates(&mut self, spans: &[Span]) {
        /// Bounds the time when all ids are equal.
        const MAX_COMPARED: usize = 16;
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (call, (_, chain)) in self.chains.iter().enumerate() {
            if let Some(id) = chain.iter().find_map(|at| spans[*at].response_id.as_deref()) {
                by_id.entry(id).or_default().push(call);
            }
        }
        let mut original_of: Vec<Option<usize>> = vec![None; self.chains.len()];
        for mut calls in by_id.into_values().filter(|calls| calls.len() > 1) {
            calls.sort_by_key(|call| spans[self.chains[*call].1[0]].start);
            for (nth, call) in calls.iter().enumerate() {
                let earlier = calls[..nth].iter().rev().take(MAX_COMPARED);
                let mut originals = earlier.filter(|call| original_of[**call].is_none());
                original_of[*call] = originals.find(|original| self.is_same_request(spans, **original, *call)).copied();
            }
        }
        if original_of.iter().all(Option::is_none) {
            return;
        }
        let mut new_index = Vec::with_capacity(original_of.len());
        let mut count = 0;
        for (call, original) in original_of.iter().enumerate() {
            new_index.push(count);
            count += usize::from(original.is_none());
            if let Some(original) = original {
                let repeated = std::mem::take(&mut self.chains[call].1);
                self.repeated.extend(&repeated);
                self.chains[*original].1.extend(repeated);
            }
        }
        self.chains.retain(|(_, chain)| !chain.is_empty());
        let renumbered = |call: usize| new_index[original_of[call].unwrap_or(call)];
        self.call_of_span.iter_mut().flatten().for_each(|call| *call = renumbered(*call));
    }

    fn is_same_request(&self, spans: &[Span], first: usize, second: usize) -> bool {
        let ((kind, first), (other, second)) = (&self.chains[first], &self.chains[second]);
        let (first, second) = (&spans[first[0]], &spans[second[0]]);
        let overlap =
            first.end.is_none_or(|end| second.start <= end) && second.end.is_none_or(|end| first.start <= end);
        kind == other && overlap && first.name != second.name
    }

    /// Returns an empty row for each call.
    pub(super) fn rows(&self) -> Vec<UsageRow> {
        let row = |(kind, chain): &(RowKind, Vec<usize>)| UsageRow {
            kind: *kind,
            spans: chain.clone(),
            span: chain.first().copied(),
            calls_below: 0,
            model_below: None,
            token_usage: None,
            is_derived: false,
            cost: None,
            is_unpriced: false,
        };
        self.chains.iter().map(row).collect()
    }
}

/// Returns the kind of request that a span is, if it is one. `is_innermost`: there is no request below it.
fn request_kind(span: &Span, is_innermost: bool) -> Option<RowKind> {
    if matches!(span.usage_scope, UsageScope::OtherCalls | UsageScope::NoCall) {
        return None;
    }
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
