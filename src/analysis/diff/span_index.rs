//! The spans of one trace, indexed by the keys they are matched by.

use super::content::{Contents, PieceKey, is_distinctive, key_of};
use super::ids::normal;
use super::readable::readable;
use crate::analysis::pattern::pattern;
use crate::model::{Payload, Span, Trace};
use crate::reading::{Reading, without_number};
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

/// The spans of one trace, indexed by the keys they are matched by.
#[derive(Debug)]
pub(super) struct SpanIndex<'a> {
    /// In tree order.
    pub(super) spans: &'a [Span],
    /// What they were called with and gave.
    pub(super) contents: Contents<'a>,
    /// For each span of an LLM call its outermost one: a wrapper and the provider's span in it are one call.
    pub(super) outermost: HashMap<usize, usize>,
    /// The place of each span's parent.
    pub(super) parents: Vec<Option<usize>>,
    /// The places of each span's children.
    pub(super) children: Vec<Vec<usize>>,
    /// The places of spans without a parent.
    pub(super) roots: Vec<usize>,
    /// Names without the numbers that MLflow up to 3.5 puts behind repeated ones, and without the model.
    pub(super) names: Vec<String>,
    pub(super) kinds: Vec<[PieceKey; 3]>,
    answers: Vec<OnceCell<Option<PieceKey>>>,
    wholes: OnceCell<Vec<PieceKey>>,
}

/// By what two spans are taken for the same, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchKey {
    /// All that they and those below them are called with and give.
    Whole,
    /// What they give.
    Answer,
    /// Which tools they call, or that they call none.
    Shape,
    /// The name as it is written.
    Name,
    /// The name without the number behind it.
    Bare,
    /// The name with signs in place of numbers.
    Pattern,
    /// The name, whatever the type.
    Untyped,
    /// The type, and all that it is called with and gives, whatever the name.
    Content,
    /// The type, and all that those right below it are called with and give.
    Children,
}

impl<'a> SpanIndex<'a> {
    pub(super) fn new(trace: &'a Trace, reading: &'a Reading) -> Self {
        let spans = trace.span_list();
        let parents: Vec<Option<usize>> =
            trace.spans.iter().flat_map(|spans| &spans.nodes).map(|node| node.parent).collect();
        let mut children = vec![Vec::new(); spans.len()];
        let mut roots = Vec::new();
        for (at, parent) in parents.iter().enumerate() {
            parent.map_or(&mut roots, |parent| &mut children[parent]).push(at);
        }
        let all: HashSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        let names: Vec<String> = spans.iter().map(|span| bare(span, &all)).collect();
        let kinds = spans.iter().zip(&names).map(|(span, name)| {
            [&span.name, name, &pattern(&name.to_lowercase())].map(|name| key_of((name, span.span_type.as_str())))
        });
        let kinds = kinds.collect();
        let answers = vec![OnceCell::new(); spans.len()];
        let contents = Contents::new(spans, reading);
        let llm_calls = reading.usage.llm_calls();
        let outermost = llm_calls.flat_map(|call| call.spans.iter().map(|at| (*at, call.spans[0]))).collect();
        Self { spans, contents, outermost, parents, children, roots, names, kinds, answers, wholes: OnceCell::new() }
    }

    /// The key of a span under a way to match it; `None` where the span has nothing that distinguishes it.
    pub(super) fn key(&self, at: usize, sign: MatchKey) -> Option<PieceKey> {
        let [name, bare, pattern] = self.kinds[at];
        match sign {
            MatchKey::Name => Some(name),
            MatchKey::Bare => Some(bare),
            MatchKey::Pattern => Some(pattern),
            MatchKey::Untyped => Some(key_of(&self.names[at])),
            MatchKey::Whole => self.wholes.get_or_init(|| self.wholes()).get(at).copied(),
            MatchKey::Content => self.content(at),
            MatchKey::Children => self.below(at),
            MatchKey::Answer => self.answer(at).map(|answer| key_of((bare, answer))),
            MatchKey::Shape if !self.spans[at].span_type.is_llm() => None,
            MatchKey::Shape => {
                let mut calls: Vec<String> = self.contents.outputs(at).into_iter().map(|piece| piece.name).collect();
                calls.dedup();
                (!calls.is_empty()).then(|| key_of((bare, calls)))
            }
        }
    }

    pub(super) fn answer(&self, at: usize) -> Option<PieceKey> {
        let outputs = || self.spans[at].payload.as_ref().and_then(Payload::outputs);
        let key = || outputs().filter(|outputs| !outputs.is_null()).map(|outputs| key_of(normal(&readable(outputs))));
        *self.answers[at].get_or_init(key)
    }

    /// What a span is called with.
    pub(super) fn inputs(&self, at: usize) -> Option<String> {
        self.spans[at].payload.as_ref().and_then(Payload::inputs).map(readable)
    }

    /// The type, inputs and outputs of a span, if they say enough to recognize it.
    fn content(&self, at: usize) -> Option<PieceKey> {
        let outputs = self.spans[at].payload.as_ref().and_then(Payload::outputs);
        let (inputs, answer) = (self.inputs(at), self.answer(at));
        let says =
            inputs.as_deref().is_some_and(is_distinctive) || outputs.is_some_and(|told| is_distinctive(told.text()));
        let inputs = inputs.map(|inputs| normal(&inputs));
        says.then(|| key_of((self.spans[at].span_type.as_str(), inputs, answer)))
    }

    fn below(&self, at: usize) -> Option<PieceKey> {
        let below: Option<Vec<PieceKey>> =
            self.children[at].iter().map(|child| self.key(*child, MatchKey::Whole)).collect();
        below.filter(|below| !below.is_empty()).map(|below| key_of((self.spans[at].span_type.as_str(), below)))
    }

    /// Whether one right below a span has a kind.
    pub(super) fn holds(&self, at: usize, kind: PieceKey) -> bool {
        self.children[at].iter().any(|child| self.kinds[*child][1] == kind)
    }

    /// The keys of all spans with those below them. Children come after parents.
    fn wholes(&self) -> Vec<PieceKey> {
        let mut keys = vec![0; self.spans.len()];
        for at in (0..self.spans.len()).rev() {
            let span = &self.spans[at];
            let inputs = self.inputs(at).map(|inputs| normal(&inputs));
            let below: Vec<PieceKey> = self.children[at].iter().map(|child| keys[*child]).collect();
            keys[at] =
                key_of((&span.name, span.span_type.as_str(), span.status.as_str(), inputs, self.answer(at), below));
        }
        keys
    }
}

/// A name without what differs between runs: MLflow's number, and the model in the names of OpenTelemetry (`chat gpt-4o`).
fn bare(span: &Span, all: &HashSet<&str>) -> String {
    let name = without_number(&span.name, all);
    let model = span.model.as_deref().filter(|model| !model.is_empty());
    model.and_then(|model| name.strip_suffix(model)).map_or(name, str::trim_end).to_owned()
}
