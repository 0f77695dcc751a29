//! What changed of the spans that both traces have, each change at the span where it comes up first.

use super::content::{self, Piece};
use super::draft::DraftChange;
use super::failures::{self, ChangedFailure, TraceFailures};
use super::ids::normal;
use super::ignored::Ignored;
use super::pieces;
use super::remainder::{self, Remainder, ShownTexts};
use super::reported::{Location, Reported, Reporter, TraceIndex};
use super::span_index::SpanIndex;
use super::structure::differences;
use super::{ChangedField, DiffNode, Strictness};
use crate::analysis::exceptions::Failure;
use crate::model::{Json, Payload, Span, SpanStatus, SpanType};
use std::collections::HashMap;

/// Fills in what changed of each span of the merged tree; the differences that are no changes are counted.
pub(super) fn find(
    sides: [TraceSide<'_>; 2],
    nodes: Vec<DiffNode>,
    strictness: Strictness,
) -> (Vec<DiffNode>, Ignored) {
    let nodes_of = |side: TraceIndex| {
        let place = |(at, node): (usize, &DiffNode)| Some((node.places()[side as usize]?, at));
        nodes.iter().enumerate().filter_map(place).collect()
    };
    let mut finder = ChangeFinder {
        nodes_of: TraceIndex::BOTH.map(nodes_of),
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
            finder.end(last);
        }
        finder.begin(at);
        open.push(at);
    }
    while let Some(last) = open.pop() {
        finder.end(last);
    }
    (finder.nodes, finder.remainder.ignored)
}

/// One of the two traces.
#[derive(Debug)]
pub(super) struct TraceSide<'a> {
    pub(super) index: &'a SpanIndex<'a>,
    pub(super) failures: TraceFailures,
}

struct ChangeFinder<'a> {
    sides: [TraceSide<'a>; 2],
    nodes: Vec<DiffNode>,
    /// The node of each span of either trace.
    nodes_of: [HashMap<usize, usize>; 2],
    reported: Reported,
    remainder: Remainder,
    /// What the inputs of open nodes show.
    shown: HashMap<usize, ShownTexts>,
}

impl<'a> ChangeFinder<'a> {
    /// Notes what spans show that only one of the traces has, and which failures are reported.
    fn prepare(&mut self) {
        for at in 0..self.nodes.len() {
            let places = self.nodes[at].places();
            let is_shown = self.pair(at).is_none() && self.home(at) == at;
            let [of_a, of_b] = [0, 1].map(|side| places[side].map_or(&[][..], |at| self.sides[side].failures.at(at)));
            let has_failed = !failures::changed(of_a, of_b).is_empty();
            for (side, place) in TraceIndex::BOTH.into_iter().zip(places) {
                let Some(place) = place else { continue };
                let TraceSide { index, failures } = &mut self.sides[side as usize];
                if is_shown {
                    note(&mut self.reported, index, place, side);
                }
                if has_failed {
                    failures.explain(place, &index.parents);
                }
            }
        }
    }

    /// The node at which changes of a node are shown: the spans of one LLM call have them at the outermost one that both
    /// traces have.
    fn home(&self, at: usize) -> usize {
        let places = self.nodes[at].places();
        let outermost = |side: usize| {
            let outermost = self.sides[side].index.outermost.get(&places[side]?)?;
            self.nodes_of[side].get(outermost).copied()
        };
        let is_shared = |home: usize| self.pair(home).is_some();
        match (places, [outermost(0), outermost(1)]) {
            ([Some(_), Some(_)], [Some(home), Some(other)]) if home == other => home,
            ([_, None], [Some(home), _]) | ([None, _], [_, Some(home)]) if is_shared(home) => home,
            _ => at,
        }
    }

    /// The spans of a node that both traces have.
    fn pair(&self, at: usize) -> Option<(usize, usize, &'a Span, &'a Span)> {
        let (a, b) = self.nodes[at].a.zip(self.nodes[at].b)?;
        Some((a, b, &self.sides[0].index.spans[a], &self.sides[1].index.spans[b]))
    }

    /// Another parent, spans that only one of the traces has left aside.
    fn parent(&self, at: usize, a: usize) -> Option<DraftChange> {
        let index = self.sides[0].index;
        let mut above_b = std::iter::successors(self.nodes[at].parent, |at| self.nodes[*at].parent);
        let of_b = above_b.find_map(|node| self.pair(node)).map(|(a, ..)| a);
        let mut above_a = std::iter::successors(index.parents[a], |at| index.parents[*at]);
        let of_a = above_a.find(|at| self.nodes_of[0].get(at).is_some_and(|node| self.pair(*node).is_some()));
        let name = |at: Option<usize>| at.map(|at| index.spans[at].name.as_str());
        (of_a != of_b).then(|| DraftChange::value(ChangedField::Parent, None, name(of_a), name(of_b)))
    }

    /// The location of what the spans of a node are called with, or give.
    fn location(&self, at: usize, field: ChangedField) -> Location {
        let span_type = self.pair(at).map(|(.., b)| &b.span_type);
        let (is_tool, is_llm) = (span_type.is_some_and(SpanType::is_tool), span_type.is_some_and(SpanType::is_llm));
        Location { node: at, field, is_tool, is_llm }
    }

    /// What changed of what a span is and is called with.
    fn begin(&mut self, at: usize) {
        let Some((place_a, place_b, a, b)) = self.pair(at) else { return };
        let [index_a, index_b] = self.sides.each_ref().map(|side| side.index);
        let mut drafts = Vec::new();
        let mut value = |field, a: Option<&str>, b: Option<&str>| {
            // What one of the traces does not show may be the same.
            if a.zip(b).is_some_and(|(a, b)| a != b) {
                drafts.push(DraftChange::value(field, None, a, b));
            }
        };
        value(ChangedField::Name, Some(&index_a.names[place_a]), Some(&index_b.names[place_b]));
        value(ChangedField::SpanType, Some(a.span_type.as_str()), Some(b.span_type.as_str()));
        value(ChangedField::Model, a.model.as_deref(), b.model.as_deref());
        value(ChangedField::Provider, a.provider.as_deref(), b.provider.as_deref());
        drafts.extend(self.parent(at, place_a));
        let mut shown = ShownTexts::default();
        if payload_differs(a, b, Payload::inputs) {
            let location = self.location(at, ChangedField::Input);
            let (said_a, parameters_a) = index_a.contents.inputs(place_a);
            let (said_b, parameters_b) = index_b.contents.inputs(place_b);
            drafts.extend(parameters(&parameters_a, &parameters_b));
            shown.add_pieces(&pieces::changed(&said_a, &said_b));
            let said = pieces::drafts(location, &said_a, &said_b, &self.reported);
            match self.reporter_of_request(at, location) {
                // A model requested the tool with this.
                Some(reporter) => {
                    for _ in said {
                        self.repeat(at, reporter);
                    }
                }
                None => drafts.extend(said),
            }
        }
        for field in [ChangedField::Input, ChangedField::Parameter] {
            shown.add_changes(&drafts);
            drafts.extend(self.remainder(at, field, &shown));
        }
        shown.add_changes(&drafts);
        self.shown.insert(at, shown);
        self.report(at, drafts);
        if payload_differs(a, b, Payload::inputs) {
            self.report_call(at, ChangedField::Input);
        }
    }

    /// What changed of what a span gave, and of how it ended.
    fn end(&mut self, at: usize) {
        let Some((place_a, place_b, a, b)) = self.pair(at) else { return };
        let of = |side: &TraceSide<'_>, place| side.failures.at(place).to_vec();
        let (failures_a, failures_b) = (of(&self.sides[0], place_a), of(&self.sides[1], place_b));
        let changed = failures::changed(&failures_a, &failures_b);
        let (mut drafts, mut shown) = self.outputs(at, &changed);
        let has_changed = !changed.is_empty() || payload_differs(a, b, Payload::outputs);
        drafts.extend(changed.into_iter().map(failure));
        shown.add_changes(&drafts);
        drafts.extend(self.remainder(at, ChangedField::Output, &shown));
        shown.add_all(self.shown.remove(&at).unwrap_or_default());
        let [of_a, of_b] = &self.sides;
        let is_reported = of_a.failures.is_explained(place_a) || of_b.failures.is_explained(place_b);
        let status = status(a, b);
        self.nodes[at].repeats += usize::from(status.is_some() && is_reported && drafts.is_empty());
        drafts.extend(status.filter(|_| !is_reported));
        shown.add_changes(&drafts);
        if is_reported {
            shown.add_failures(a, b);
        }
        drafts.extend(self.remainder(at, ChangedField::Attribute, &shown));
        self.report(at, drafts);
        if has_changed {
            self.report_call(at, ChangedField::Output);
        }
    }

    /// What a part of two spans differs in beside what is shown of it.
    fn remainder(&mut self, at: usize, field: ChangedField, shown: &ShownTexts) -> Vec<DraftChange> {
        let Some((_, _, a, b)) = self.pair(at) else { return Vec::new() };
        let of = |part: fn(&Payload) -> Option<&Json>| {
            let [a, b] = [a, b].map(|span| span.payload.as_ref().and_then(part));
            differences(a, b)
        };
        let differences = match field {
            ChangedField::Input => of(Payload::inputs),
            ChangedField::Output => of(Payload::outputs),
            ChangedField::Parameter => remainder::of_parameters(a, b),
            _ => remainder::of_attributes(a, b),
        };
        let (drafts, ignored) = self.remainder.drafts(field, &differences, shown);
        self.nodes[at].ignored += ignored;
        drafts
    }

    /// What reported the request of the tool call that the spans of a node run, in both traces.
    fn reporter_of_request(&self, at: usize, location: Location) -> Option<Reporter> {
        let mut reporter = None;
        for (side, place) in TraceIndex::BOTH.into_iter().zip(self.nodes[at].places()) {
            let [request, _] = self.sides[side as usize].index.contents.tool_call(place?);
            reporter = Some(self.reported.find(location, side, &request?)?);
        }
        reporter
    }

    /// The request or the result of the tool call that the spans of a node run is reported: messages repeat it.
    fn report_call(&mut self, at: usize, field: ChangedField) {
        let change = self.nodes[at].changes.iter().position(|change| change.field == field);
        let reporter = change.map_or(Reporter::Span, |change| Reporter::Change((at, change)));
        for (side, place) in TraceIndex::BOTH.into_iter().zip(self.nodes[at].places()) {
            let Some(place) = place else { continue };
            let [request, result] = self.sides[side as usize].index.contents.tool_call(place);
            if let Some(part) = if field == ChangedField::Input { request } else { result } {
                self.reported.add(side, &part, reporter);
            }
        }
    }

    /// What changed of what a span gave; `changed` = what failed in one of the traces only.
    fn outputs(&mut self, at: usize, changed: &[ChangedFailure<'_>]) -> (Vec<DraftChange>, ShownTexts) {
        let Some((place_a, place_b, a, b)) = self.pair(at) else { return Default::default() };
        if !payload_differs(a, b, Payload::outputs) && changed.is_empty() {
            return Default::default();
        }
        let said_a = self.sides[0].index.contents.outputs(place_a);
        let said_b = self.sides[1].index.contents.outputs(place_b);
        let mut shown = ShownTexts::default();
        shown.add_pieces(&pieces::changed(&said_a, &said_b));
        let failures = changed.iter().flatten().flatten();
        let messages: Vec<&str> = failures.filter_map(|failure| failure.message.as_deref()).collect();
        let is_bad = |span: &Span| span.status == SpanStatus::Error;
        // Who failed gives nothing; the failure says why. And the text that shows it stands in place of an answer.
        let is_cut = is_bad(a) != is_bad(b) && (said_a.is_empty() || said_b.is_empty());
        let is_quote = |piece: &Piece| messages.iter().any(|message| quotes(&piece.text, message));
        if !is_cut && !said_a.iter().chain(&said_b).any(is_quote) {
            let location = self.location(at, ChangedField::Output);
            return (pieces::drafts(location, &said_a, &said_b, &self.reported), shown);
        }
        if !changed.is_empty() {
            let said = said_a
                .iter()
                .map(|piece| (TraceIndex::A, piece))
                .chain(said_b.iter().map(|piece| (TraceIndex::B, piece)));
            for (side, piece) in said {
                self.reported.add(side, piece, Reporter::Span);
            }
        }
        (Vec::new(), shown)
    }

    /// Adds to a node what was not reported before. The spans of one LLM call have its changes at the outermost.
    fn report(&mut self, at: usize, drafts: Vec<DraftChange>) {
        let at = self.home(at);
        for mut draft in drafts {
            self.nodes[at].ignored += self.remainder.settle_ids(&mut draft.change);
            let (location, nodes) = (self.location(at, draft.change.field), &self.nodes);
            let is_above =
                |above: usize| std::iter::successors(nodes[at].parent, |at| nodes[*at].parent).any(|at| at == above);
            match self.reported.report(location, &draft, nodes[at].changes.len(), is_above) {
                // Each failure is one, however like another.
                Some(reporter) if draft.change.field != ChangedField::Exception => self.repeat(at, reporter),
                _ => self.nodes[at].changes.push(draft.change),
            }
        }
    }

    /// A difference of a node was reported before.
    fn repeat(&mut self, at: usize, reporter: Reporter) {
        self.nodes[at].repeats += 1;
        if let Reporter::Change((node, change)) = reporter {
            self.nodes[node].changes[change].repeated += 1;
        }
    }
}

/// Shorter messages are in others by chance.
const SHORTEST_FAILURE: usize = 8;

/// Whether a text has the message of a failure.
fn quotes(text: &str, message: &str) -> bool {
    text == message || (message.len() >= SHORTEST_FAILURE && text.contains(message))
}

/// Notes what a span shows that only one of the traces has.
fn note(reported: &mut Reported, index: &SpanIndex<'_>, at: usize, side: TraceIndex) {
    let (call, is_llm) = (index.contents.tool_call(at), index.spans[at].span_type.is_llm());
    // What a model requested is shown where it did, though agents repeat it.
    let outputs = index.contents.outputs(at).into_iter().filter(|piece| is_llm || !piece.is_call());
    for piece in outputs.chain(call.into_iter().flatten()) {
        reported.add(side, &piece, Reporter::Span);
    }
}

/// Whether a part of the payload of two spans is not written alike.
fn payload_differs(a: &Span, b: &Span, of: fn(&Payload) -> Option<&Json>) -> bool {
    content::differs(a.payload.as_ref().and_then(of), b.payload.as_ref().and_then(of))
}

fn parameters(a: &[(String, String)], b: &[(String, String)]) -> Vec<DraftChange> {
    let value = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let new = b.iter().map(|(name, _)| name).filter(|name| value(a, name).is_none());
    let names = a.iter().map(|(name, _)| name).chain(new);
    let changed = names.filter_map(|name| {
        let (a, b) = (value(a, name), value(b, name));
        let normal = |text: Option<&str>| text.map(normal);
        let is_same = normal(a.as_deref()) == normal(b.as_deref());
        (!is_same).then(|| DraftChange::wordy(ChangedField::Parameter, Some(name), a.as_deref(), b.as_deref()))
    });
    changed.collect()
}

fn failure([a, b]: ChangedFailure<'_>) -> DraftChange {
    let (title_a, title_b) = (a.map(Failure::title), b.map(Failure::title));
    // Of another class nothing is the same but by chance.
    let is_of_class = a.zip(b).is_some_and(|(a, b)| a.exception_type == b.exception_type);
    let draft = if is_of_class { DraftChange::wordy } else { DraftChange::value };
    draft(ChangedField::Exception, None, title_a.as_deref(), title_b.as_deref())
}

/// The change of how a span ended. Nothing said is taken for done, as OpenTelemetry has it.
fn status(a: &Span, b: &Span) -> Option<DraftChange> {
    let word = |span: &Span| match &span.status {
        SpanStatus::Unset => SpanStatus::Ok.as_str().to_owned(),
        status => status.as_str().to_owned(),
    };
    let (a, b) = (word(a), word(b));
    (a != b).then(|| DraftChange::value(ChangedField::Status, None, Some(&a), Some(&b)))
}
