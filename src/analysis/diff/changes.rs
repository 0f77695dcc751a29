//! Finds what changed in paired spans. Each change is reported once, at the span where it first appears.

use super::content::{self, Piece};
use super::draft::DraftChange;
use super::failures::{self, ChangedFailure, TraceFailures};
use super::ids::mask_ids;
use super::ignored::Ignored;
use super::pieces;
use super::remainder::{self, Remainder, ShownTexts};
use super::reported::{Location, Reported, Reporter, TraceIndex};
use super::span_index::SpanIndex;
use super::structure::differences;
use super::{ChangedField, DiffNode, Strictness};
use crate::analysis::exceptions::Failure;
use crate::json::Json;
use crate::model::{Payload, Span, SpanStatus, SpanType};
use std::collections::HashMap;

/// Fills in the changes of each node of the merged tree, and counts the ignored differences.
pub(super) fn find(
    sides: [TraceSide<'_>; 2],
    nodes: Vec<DiffNode>,
    strictness: Strictness,
) -> (Vec<DiffNode>, Ignored) {
    let node_by_span = |side: TraceIndex| {
        let entry = |(at, node): (usize, &DiffNode)| Some((node.span_indices()[side as usize]?, at));
        nodes.iter().enumerate().filter_map(entry).collect()
    };
    let mut finder = ChangeFinder {
        node_by_span: TraceIndex::BOTH.map(node_by_span),
        sides,
        nodes,
        reported: Reported::default(),
        remainder: Remainder::new(strictness),
        shown: HashMap::new(),
    };
    finder.prepare();
    let mut open: Vec<usize> = Vec::new();
    for at in 0..finder.nodes.len() {
        while let Some(last) = open.pop_if(|last| finder.nodes[*last].depth >= finder.nodes[at].depth) {
            finder.leave(last);
        }
        finder.enter(at);
        open.push(at);
    }
    while let Some(last) = open.pop() {
        finder.leave(last);
    }
    (finder.nodes, finder.remainder.ignored)
}

/// One of the two traces being compared.
#[derive(Debug)]
pub(super) struct TraceSide<'a> {
    pub(super) index: &'a SpanIndex<'a>,
    pub(super) failures: TraceFailures,
}

struct ChangeFinder<'a> {
    sides: [TraceSide<'a>; 2],
    nodes: Vec<DiffNode>,
    /// For each trace: span index to node index.
    node_by_span: [HashMap<usize, usize>; 2],
    reported: Reported,
    remainder: Remainder,
    /// Texts shown by the input changes of open nodes, by node.
    shown: HashMap<usize, ShownTexts>,
}

impl<'a> ChangeFinder<'a> {
    /// Records the contents of spans that only one trace has, and the spans that failed because of a reported failure.
    fn prepare(&mut self) {
        for at in 0..self.nodes.len() {
            let spans = self.nodes[at].span_indices();
            let is_shown = self.span_pair(at).is_none() && self.display_node(at) == at;
            let [failures_a, failures_b] =
                [0, 1].map(|side| spans[side].map_or(&[][..], |at| self.sides[side].failures.for_span(at)));
            let has_failed = !failures::changed(failures_a, failures_b).is_empty();
            for (side, span) in TraceIndex::BOTH.into_iter().zip(spans) {
                let Some(span) = span else { continue };
                let TraceSide { index, failures } = &mut self.sides[side as usize];
                if is_shown {
                    report_one_sided_span(&mut self.reported, index, span, side);
                }
                if has_failed {
                    failures.mark_explained(span, &index.parents);
                }
            }
        }
    }

    /// Returns the node at which changes of a node are shown: for the spans of one LLM call, the outermost span, if
    /// both traces have it.
    fn display_node(&self, at: usize) -> usize {
        let spans = self.nodes[at].span_indices();
        let outermost = |side: usize| {
            let outermost = self.sides[side].index.outermost.get(&spans[side]?)?;
            self.node_by_span[side].get(outermost).copied()
        };
        let is_paired = |node: usize| self.span_pair(node).is_some();
        match (spans, [outermost(0), outermost(1)]) {
            ([Some(_), Some(_)], [Some(node), Some(other)]) if node == other => node,
            ([_, None], [Some(node), _]) | ([None, _], [_, Some(node)]) if is_paired(node) => node,
            _ => at,
        }
    }

    /// Returns the span indices and spans of a paired node.
    fn span_pair(&self, at: usize) -> Option<(usize, usize, &'a Span, &'a Span)> {
        let (a, b) = self.nodes[at].a.zip(self.nodes[at].b)?;
        Some((a, b, &self.sides[0].index.spans[a], &self.sides[1].index.spans[b]))
    }

    /// Returns the change of the parent, not counting spans that only one trace has.
    fn parent_change(&self, at: usize, a: usize) -> Option<DraftChange> {
        let index = self.sides[0].index;
        let mut ancestors_b = std::iter::successors(self.nodes[at].parent, |at| self.nodes[*at].parent);
        let parent_b = ancestors_b.find_map(|node| self.span_pair(node)).map(|(a, ..)| a);
        let mut ancestors_a = std::iter::successors(index.parents[a], |at| index.parents[*at]);
        let parent_a =
            ancestors_a.find(|at| self.node_by_span[0].get(at).is_some_and(|node| self.span_pair(*node).is_some()));
        let name = |at: Option<usize>| at.map(|at| index.spans[at].name.as_str());
        (parent_a != parent_b).then(|| DraftChange::value(ChangedField::Parent, None, name(parent_a), name(parent_b)))
    }

    /// Returns the location of the inputs or outputs of a node.
    fn location(&self, at: usize, field: ChangedField) -> Location {
        let span_type = self.span_pair(at).map(|(.., b)| &b.span_type);
        let (is_tool, is_llm) = (span_type.is_some_and(SpanType::is_tool), span_type.is_some_and(SpanType::is_llm));
        Location { node: at, field, is_tool, is_llm }
    }

    /// Reports the changes of a node that come before those of its children: name, type, model, parent, inputs.
    fn enter(&mut self, at: usize) {
        let Some((at_a, at_b, a, b)) = self.span_pair(at) else { return };
        let [index_a, index_b] = self.sides.each_ref().map(|side| side.index);
        let mut drafts = Vec::new();
        let mut value = |field, a: Option<&str>, b: Option<&str>| {
            // A value that one trace does not record may be the same.
            if a.zip(b).is_some_and(|(a, b)| a != b) {
                drafts.push(DraftChange::value(field, None, a, b));
            }
        };
        value(ChangedField::Name, Some(&index_a.names[at_a]), Some(&index_b.names[at_b]));
        value(ChangedField::SpanType, Some(a.span_type.as_str()), Some(b.span_type.as_str()));
        value(ChangedField::Model, a.model.as_deref(), b.model.as_deref());
        value(ChangedField::Provider, a.provider.as_deref(), b.provider.as_deref());
        drafts.extend(self.parent_change(at, at_a));
        let mut shown = ShownTexts::default();
        if payload_differs(a, b, Payload::inputs) {
            let location = self.location(at, ChangedField::Input);
            let (pieces_a, parameters_a) = index_a.contents.inputs(at_a);
            let (pieces_b, parameters_b) = index_b.contents.inputs(at_b);
            drafts.extend(parameter_changes(&parameters_a, &parameters_b));
            shown.add_pieces(&pieces::unmatched(&pieces_a, &pieces_b));
            let input_drafts = pieces::drafts(location, &pieces_a, &pieces_b, &self.reported);
            match self.request_reporter(at, location) {
                // Already shown at the model that requested the tool call.
                Some(reporter) => {
                    for _ in input_drafts {
                        self.count_repeat(at, reporter);
                    }
                }
                None => drafts.extend(input_drafts),
            }
        }
        for field in [ChangedField::Input, ChangedField::Parameter] {
            shown.add_changes(&drafts);
            drafts.extend(self.remainder_changes(at, field, &shown));
        }
        shown.add_changes(&drafts);
        self.shown.insert(at, shown);
        self.report(at, drafts);
        if payload_differs(a, b, Payload::inputs) {
            self.report_call(at, ChangedField::Input);
        }
    }

    /// Reports the changes of a node that come after those of its children: outputs, failures, status, attributes.
    fn leave(&mut self, at: usize) {
        let Some((at_a, at_b, a, b)) = self.span_pair(at) else { return };
        let failures = |side: &TraceSide<'_>, span| side.failures.for_span(span).to_vec();
        let (failures_a, failures_b) = (failures(&self.sides[0], at_a), failures(&self.sides[1], at_b));
        let changed = failures::changed(&failures_a, &failures_b);
        let (mut drafts, mut shown) = self.output_changes(at, &changed);
        let has_changed = !changed.is_empty() || payload_differs(a, b, Payload::outputs);
        drafts.extend(changed.into_iter().map(failure_change));
        shown.add_changes(&drafts);
        drafts.extend(self.remainder_changes(at, ChangedField::Output, &shown));
        shown.add_all(self.shown.remove(&at).unwrap_or_default());
        let [side_a, side_b] = &self.sides;
        let is_reported = side_a.failures.is_explained(at_a) || side_b.failures.is_explained(at_b);
        let status = status_change(a, b);
        self.nodes[at].repeats += usize::from(status.is_some() && is_reported && drafts.is_empty());
        drafts.extend(status.filter(|_| !is_reported));
        shown.add_changes(&drafts);
        if is_reported {
            shown.add_failures(a, b);
        }
        drafts.extend(self.remainder_changes(at, ChangedField::Attribute, &shown));
        self.report(at, drafts);
        if has_changed {
            self.report_call(at, ChangedField::Output);
        }
    }

    /// Returns the differences of a node in one field that are not shown yet, as changes.
    fn remainder_changes(&mut self, at: usize, field: ChangedField, shown: &ShownTexts) -> Vec<DraftChange> {
        let Some((_, _, a, b)) = self.span_pair(at) else { return Vec::new() };
        let compare = |part: fn(&Payload) -> Option<&Json>| {
            let [a, b] = [a, b].map(|span| span.payload.as_ref().and_then(part));
            differences(a, b)
        };
        let differences = match field {
            ChangedField::Input => compare(Payload::inputs),
            ChangedField::Output => compare(Payload::outputs),
            ChangedField::Parameter => remainder::parameter_differences(a, b),
            _ => remainder::attribute_differences(a, b),
        };
        let (drafts, ignored) = self.remainder.drafts(field, &differences, shown);
        self.nodes[at].ignored += ignored;
        drafts
    }

    /// Returns what reported the request of the tool call that a node runs, if it was reported for both traces.
    fn request_reporter(&self, at: usize, location: Location) -> Option<Reporter> {
        let mut reporter = None;
        for (side, span) in TraceIndex::BOTH.into_iter().zip(self.nodes[at].span_indices()) {
            let [request, _] = self.sides[side as usize].index.contents.tool_call(span?);
            reporter = Some(self.reported.find(location, side, &request?)?);
        }
        reporter
    }

    /// Records the request or the result of the tool call that a node runs as reported, because later messages repeat
    /// it.
    fn report_call(&mut self, at: usize, field: ChangedField) {
        let change = self.nodes[at].changes.iter().position(|change| change.field == field);
        let reporter = change.map_or(Reporter::Span, |change| Reporter::Change((at, change)));
        for (side, span) in TraceIndex::BOTH.into_iter().zip(self.nodes[at].span_indices()) {
            let Some(span) = span else { continue };
            let [request, result] = self.sides[side as usize].index.contents.tool_call(span);
            if let Some(part) = if field == ChangedField::Input { request } else { result } {
                self.reported.record(side, &part, reporter);
            }
        }
    }

    /// Returns the changes of the outputs; `changed` = failures of the node that differ between the traces.
    fn output_changes(&mut self, at: usize, changed: &[ChangedFailure<'_>]) -> (Vec<DraftChange>, ShownTexts) {
        let Some((at_a, at_b, a, b)) = self.span_pair(at) else { return Default::default() };
        if !payload_differs(a, b, Payload::outputs) && changed.is_empty() {
            return Default::default();
        }
        let pieces_a = self.sides[0].index.contents.outputs(at_a);
        let pieces_b = self.sides[1].index.contents.outputs(at_b);
        let mut shown = ShownTexts::default();
        shown.add_pieces(&pieces::unmatched(&pieces_a, &pieces_b));
        let failures = changed.iter().flatten().flatten();
        let messages: Vec<&str> = failures.filter_map(|failure| failure.message.as_deref()).collect();
        let has_failed = |span: &Span| span.status == SpanStatus::Error;
        // Missing outputs are explained by the failure; a text that quotes its message is not an answer.
        let is_missing = has_failed(a) != has_failed(b) && (pieces_a.is_empty() || pieces_b.is_empty());
        let is_quote = |piece: &Piece| messages.iter().any(|message| quotes(&piece.text, message));
        if !is_missing && !pieces_a.iter().chain(&pieces_b).any(is_quote) {
            let location = self.location(at, ChangedField::Output);
            return (pieces::drafts(location, &pieces_a, &pieces_b, &self.reported), shown);
        }
        if !changed.is_empty() {
            let pieces = pieces_a
                .iter()
                .map(|piece| (TraceIndex::A, piece))
                .chain(pieces_b.iter().map(|piece| (TraceIndex::B, piece)));
            for (side, piece) in pieces {
                self.reported.record(side, piece, Reporter::Span);
            }
        }
        (Vec::new(), shown)
    }

    /// Adds the changes that were not reported before, at the node returned by [`Self::display_node`].
    fn report(&mut self, at: usize, drafts: Vec<DraftChange>) {
        let at = self.display_node(at);
        for mut draft in drafts {
            self.nodes[at].ignored += self.remainder.settle_ids(&mut draft.change);
            let (location, nodes) = (self.location(at, draft.change.field), &self.nodes);
            let is_ancestor =
                |other: usize| std::iter::successors(nodes[at].parent, |at| nodes[*at].parent).any(|at| at == other);
            match self.reported.report(location, &draft, nodes[at].changes.len(), is_ancestor) {
                // Equal failures are separate changes.
                Some(reporter) if draft.change.field != ChangedField::Exception => self.count_repeat(at, reporter),
                _ => self.nodes[at].changes.push(draft.change),
            }
        }
    }

    /// Counts a change of a node that was reported before.
    fn count_repeat(&mut self, at: usize, reporter: Reporter) {
        self.nodes[at].repeats += 1;
        if let Reporter::Change((node, change)) = reporter {
            self.nodes[node].changes[change].repeated += 1;
        }
    }
}

/// Shorter messages may be part of another text by chance.
const MIN_QUOTED_BYTES: usize = 8;

/// Whether a text contains the message of a failure.
fn quotes(text: &str, message: &str) -> bool {
    text == message || (message.len() >= MIN_QUOTED_BYTES && text.contains(message))
}

/// Records the contents of a span that only one trace has as reported.
fn report_one_sided_span(reported: &mut Reported, index: &SpanIndex<'_>, at: usize, side: TraceIndex) {
    let (call, is_llm) = (index.contents.tool_call(at), index.spans[at].span_type.is_llm());
    // Tool calls that agents repeat are shown at the model that requested them.
    let outputs = index.contents.outputs(at).into_iter().filter(|piece| is_llm || !piece.is_call());
    for piece in outputs.chain(call.into_iter().flatten()) {
        reported.record(side, &piece, Reporter::Span);
    }
}

/// Whether the text of a part of the payload differs.
fn payload_differs(a: &Span, b: &Span, part: fn(&Payload) -> Option<&Json>) -> bool {
    content::differs(a.payload.as_ref().and_then(part), b.payload.as_ref().and_then(part))
}

fn parameter_changes(a: &[(String, String)], b: &[(String, String)]) -> Vec<DraftChange> {
    let value = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let new = b.iter().map(|(name, _)| name).filter(|name| value(a, name).is_none());
    let names = a.iter().map(|(name, _)| name).chain(new);
    let changed = names.filter_map(|name| {
        let (a, b) = (value(a, name), value(b, name));
        let masked = |text: Option<&str>| text.map(mask_ids);
        let is_same = masked(a.as_deref()) == masked(b.as_deref());
        (!is_same)
            .then(|| DraftChange::value_with_words(ChangedField::Parameter, Some(name), a.as_deref(), b.as_deref()))
    });
    changed.collect()
}

fn failure_change([a, b]: ChangedFailure<'_>) -> DraftChange {
    let (title_a, title_b) = (a.map(Failure::title), b.map(Failure::title));
    // Messages of different exception types have words in common only by chance.
    let is_same_type = a.zip(b).is_some_and(|(a, b)| a.exception_type == b.exception_type);
    let draft = if is_same_type { DraftChange::value_with_words } else { DraftChange::value };
    draft(ChangedField::Exception, None, title_a.as_deref(), title_b.as_deref())
}

/// Returns the change of the status. `Unset` counts as `Ok`, as in OpenTelemetry.
fn status_change(a: &Span, b: &Span) -> Option<DraftChange> {
    let word = |span: &Span| match &span.status {
        SpanStatus::Unset => SpanStatus::Ok.as_str().to_owned(),
        status => status.as_str().to_owned(),
    };
    let (a, b) = (word(a), word(b));
    (a != b).then(|| DraftChange::value(ChangedField::Status, None, Some(&a), Some(&b)))
}
