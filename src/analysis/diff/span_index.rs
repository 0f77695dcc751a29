//! The spans of one trace, indexed by the keys they are matched by.

use super::content::{Contents, PieceKey, is_distinctive, key_of};
use super::ids::mask_ids;
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
    /// Inputs and outputs.
    pub(super) contents: Contents<'a>,
    /// For each span of an LLM call, the outermost span of the call: a wrapper and the provider's span in it are one
    /// call.
    pub(super) outermost: HashMap<usize, usize>,
    /// For each span, the index of its parent.
    pub(super) parents: Vec<Option<usize>>,
    /// For each span, the indices of its children.
    pub(super) children: Vec<Vec<usize>>,
    /// The indices of spans without a parent.
    pub(super) roots: Vec<usize>,
    /// Names without the model and without the number that MLflow up to 3.5 appends to repeated names.
    pub(super) names: Vec<String>,
    /// Keys of name and type: the name as recorded, as in `names`, and as a pattern.
    pub(super) name_keys: Vec<[PieceKey; 3]>,
    output_keys: Vec<OnceCell<Option<PieceKey>>>,
    subtree_keys: OnceCell<Vec<PieceKey>>,
}

/// The criteria by which two spans are paired, most reliable first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchKey {
    /// Name, type, status, inputs and outputs of the whole subtree.
    Subtree,
    /// Name, type and outputs.
    Output,
    /// Name and type of a model call, and the tools it calls.
    ToolCalls,
    /// The name as recorded, and the type.
    Name,
    /// The name without number and model, and the type.
    BareName,
    /// The name as a pattern, and the type.
    NamePattern,
    /// The name without number and model, whatever the type.
    UntypedName,
    /// The type, inputs and outputs, whatever the name.
    Content,
    /// The type and the subtrees of the children.
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
        let names: Vec<String> = spans.iter().map(|span| bare_name(span, &all)).collect();
        let name_keys = spans.iter().zip(&names).map(|(span, name)| {
            [&span.name, name, &pattern(&name.to_lowercase())].map(|name| key_of((name, span.span_type.as_str())))
        });
        let name_keys = name_keys.collect();
        let output_keys = vec![OnceCell::new(); spans.len()];
        let contents = Contents::new(spans, reading);
        let llm_calls = reading.usage.llm_calls();
        let outermost = llm_calls.flat_map(|call| call.spans.iter().map(|at| (*at, call.spans[0]))).collect();
        Self {
            spans,
            contents,
            outermost,
            parents,
            children,
            roots,
            names,
            name_keys,
            output_keys,
            subtree_keys: OnceCell::new(),
        }
    }

    /// Returns the key of a span under a criterion; `None` if the span has nothing that distinguishes it.
    pub(super) fn key(&self, at: usize, match_key: MatchKey) -> Option<PieceKey> {
        let [name, bare, pattern] = self.name_keys[at];
        match match_key {
            MatchKey::Name => Some(name),
            MatchKey::BareName => Some(bare),
            MatchKey::NamePattern => Some(pattern),
            MatchKey::UntypedName => Some(key_of(&self.names[at])),
            MatchKey::Subtree => self.subtree_keys.get_or_init(|| self.compute_subtree_keys()).get(at).copied(),
            MatchKey::Content => self.content_key(at),
            MatchKey::Children => self.children_key(at),
            MatchKey::Output => self.output_key(at).map(|answer| key_of((bare, answer))),
            MatchKey::ToolCalls if !self.spans[at].span_type.is_llm() => None,
            MatchKey::ToolCalls => {
                let mut calls: Vec<String> = self.contents.outputs(at).into_iter().map(|piece| piece.name).collect();
                calls.dedup();
                (!calls.is_empty()).then(|| key_of((bare, calls)))
            }
        }
    }

    /// Returns the hash of the outputs; `None` if there are none.
    pub(super) fn output_key(&self, at: usize) -> Option<PieceKey> {
        let outputs = || self.spans[at].payload.as_ref().and_then(Payload::outputs);
        let key = || outputs().filter(|outputs| !outputs.is_null()).map(|outputs| key_of(mask_ids(&readable(outputs))));
        *self.output_keys[at].get_or_init(key)
    }

    /// Returns the inputs of a span as normalized text.
    pub(super) fn inputs(&self, at: usize) -> Option<String> {
        self.spans[at].payload.as_ref().and_then(Payload::inputs).map(readable)
    }

    /// Returns the key of type, inputs and outputs, if inputs or outputs are distinctive.
    fn content_key(&self, at: usize) -> Option<PieceKey> {
        let outputs = self.spans[at].payload.as_ref().and_then(Payload::outputs);
        let (inputs, output_key) = (self.inputs(at), self.output_key(at));
        let is_distinctive = inputs.as_deref().is_some_and(is_distinctive)
            || outputs.is_some_and(|outputs| is_distinctive(outputs.text()));
        let inputs = inputs.map(|inputs| mask_ids(&inputs));
        is_distinctive.then(|| key_of((self.spans[at].span_type.as_str(), inputs, output_key)))
    }

    fn children_key(&self, at: usize) -> Option<PieceKey> {
        let below: Option<Vec<PieceKey>> =
            self.children[at].iter().map(|child| self.key(*child, MatchKey::Subtree)).collect();
        below.filter(|below| !below.is_empty()).map(|below| key_of((self.spans[at].span_type.as_str(), below)))
    }

    /// Whether a child has the given name and type.
    pub(super) fn has_child_named(&self, at: usize, name_key: PieceKey) -> bool {
        self.children[at].iter().any(|child| self.name_keys[*child][1] == name_key)
    }

    /// Returns the keys of all subtrees. Children come after parents, so spans are visited in reverse.
    fn compute_subtree_keys(&self) -> Vec<PieceKey> {
        let mut keys = vec![0; self.spans.len()];
        for at in (0..self.spans.len()).rev() {
            let span = &self.spans[at];
            let inputs = self.inputs(at).map(|inputs| mask_ids(&inputs));
            let below: Vec<PieceKey> = self.children[at].iter().map(|child| keys[*child]).collect();
            keys[at] =
                key_of((&span.name, span.span_type.as_str(), span.status.as_str(), inputs, self.output_key(at), below));
        }
        keys
    }
}

/// Returns the name without MLflow's number, and without the model in OpenTelemetry names (`chat gpt-4o`).
fn bare_name(span: &Span, all: &HashSet<&str>) -> String {
    let name = without_number(&span.name, all);
    let model = span.model.as_deref().filter(|model| !model.is_empty());
    model.and_then(|model| name.strip_suffix(model)).map_or(name, str::trim_end).to_owned()
}
