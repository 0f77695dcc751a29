//! What changed of the spans that both traces have, each change at the span where it comes up first.

use super::change_key::{ChangeKey, Draft, Location};
use super::content::{self, Piece};
use super::ids::normal;
use super::ignored::Ignored;
use super::pieces;
use super::remainder::{self, Remainder, ShownTexts};
use super::reported::{Report, ReportedChanges, quotes};
use super::span_index::SpanIndex;
use super::structure::differences;
use super::{Field, Node, Strictness};
use crate::analyze::exceptions::{self, Failure};
use crate::model::{Json, Payload, Span, SpanStatus, Trace};
use std::collections::{HashMap, HashSet};

/// Fills in what changed of each span of the merged tree; the differences that are no changes are counted.
pub(super) fn find(
    traces: (&Trace, &Trace),
    sides: (&SpanIndex<'_>, &SpanIndex<'_>),
    nodes: Vec<Node>,
    strictness: Strictness,
) -> (Vec<Node>, Ignored) {
    let failures = (Failures::of(traces.0), Failures::of(traces.1));
    let mut finder = ChangeFinder {
        sides,
        failures,
        paired: nodes.iter().filter(|node| node.b.is_some()).filter_map(|node| node.a).collect(),
        nodes,
        reported: ReportedChanges::default(),
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

/// What failed in a trace.
struct Failures {
    /// By span.
    of_span: HashMap<usize, Vec<Failure>>,
    /// Spans that failed because of what is shown of another.
    explained: HashSet<usize>,
}

impl Failures {
    fn of(trace: &Trace) -> Self {
        let mut of_span: HashMap<usize, Vec<Failure>> = HashMap::new();
        for failure in exceptions::of_trace(trace) {
            of_span.entry(failure.span).or_default().push(failure);
        }
        Self { of_span, explained: HashSet::new() }
    }

    fn at(&self, span: usize) -> &[Failure] {
        self.of_span.get(&span).map_or(&[], Vec::as_slice)
    }

    /// Notes that failures of a span are shown: this is why those above failed, and those through which the cause came.
    fn explain(&mut self, span: usize, parents: &[Option<usize>]) {
        let causes = self.at(span).iter().filter_map(|failure| failure.cause.as_ref()?.span);
        let starts: Vec<usize> = causes.chain([span]).collect();
        for start in starts {
            let mut at = Some(start);
            // Above a span that is explained all are.
            while let Some(span) = at.filter(|span| self.explained.insert(*span)) {
                at = parents[span];
            }
        }
    }
}

/// By what a failure is the same in another run, and as it is shown.
fn text_of(failure: &Failure) -> String {
    match (&failure.exception_type, &failure.message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "failed without a message".to_owned(),
    }
}

/// A failure of one span, of the other, or one in place of another.
type ChangedFailure<'a> = (Option<&'a Failure>, Option<&'a Failure>);

/// Failures that only one of two spans has, and pairs of those that took the place of another.
fn changed_failures<'a>(a: &'a [Failure], b: &'a [Failure]) -> Vec<ChangedFailure<'a>> {
    let key = |failure: &Failure| (failure.kind.as_str(), normal(&text_of(failure)));
    let mut open: Vec<&Failure> = a.iter().collect();
    let mut new: Vec<&Failure> = Vec::new();
    for failure in b {
        match open.iter().position(|known| key(known) == key(failure)) {
            Some(place) => drop(open.remove(place)),
            None => new.push(failure),
        }
    }
    let count = open.len().max(new.len());
    (0..count).map(|at| (open.get(at).copied(), new.get(at).copied())).collect()
}

struct ChangeFinder<'a> {
    sides: (&'a SpanIndex<'a>, &'a SpanIndex<'a>),
    failures: (Failures, Failures),
    nodes: Vec<Node>,
    reported: ReportedChanges,
    remainder: Remainder,
    /// The spans of the first trace that the second has too.
    paired: HashSet<usize>,
    /// What the inputs of open nodes show.
    shown: HashMap<usize, ShownTexts>,
}

impl<'a> ChangeFinder<'a> {
    /// Notes what spans show that are new or gone, and which failures are shown.
    fn prepare(&mut self) {
        let (side_a, side_b) = self.sides;
        for node in &self.nodes {
            match (node.a, node.b) {
                (Some(a), Some(b)) => {
                    if !changed_failures(self.failures.0.at(a), self.failures.1.at(b)).is_empty() {
                        self.failures.0.explain(a, &side_a.parents);
                        self.failures.1.explain(b, &side_b.parents);
                    }
                }
                (Some(a), None) => {
                    note(&mut self.reported, side_a, a, ChangeKey::Removed);
                    if !self.failures.0.at(a).is_empty() {
                        self.failures.0.explain(a, &side_a.parents);
                    }
                }
                (None, Some(b)) => {
                    note(&mut self.reported, side_b, b, ChangeKey::Added);
                    if !self.failures.1.at(b).is_empty() {
                        self.failures.1.explain(b, &side_b.parents);
                    }
                }
                (None, None) => {}
            }
        }
    }

    /// The spans of a node that both traces have.
    fn pair(&self, at: usize) -> Option<(usize, usize, &'a Span, &'a Span)> {
        let (a, b) = self.nodes[at].a.zip(self.nodes[at].b)?;
        Some((a, b, &self.sides.0.spans[a], &self.sides.1.spans[b]))
    }

    /// Another parent, spans that only one of the traces has left aside.
    fn parent(&self, at: usize, a: usize) -> Option<Draft> {
        let (nodes, (side_a, _)) = (&self.nodes, self.sides);
        let mut above_b = std::iter::successors(nodes[at].parent, |at| nodes[*at].parent).map(|at| &nodes[at]);
        let of_b = above_b.find_map(|node| node.b.and(node.a));
        let mut above_a = std::iter::successors(side_a.parents[a], |at| side_a.parents[*at]);
        let of_a = above_a.find(|at| self.paired.contains(at));
        let name = |at: Option<usize>| at.map(|at| side_a.spans[at].name.as_str());
        (of_a != of_b).then(|| Draft::value(Field::Parent, None, name(of_a), name(of_b)))
    }

    /// What changed of what a span is and is called with.
    fn begin(&mut self, at: usize) {
        let Some((place_a, place_b, a, b)) = self.pair(at) else { return };
        let (name_a, name_b) = (&self.sides.0.names[place_a], &self.sides.1.names[place_b]);
        let mut drafts = Vec::new();
        let mut value = |field, a: Option<&str>, b: Option<&str>| {
            // What one of the traces does not show may be the same.
            if a.zip(b).is_some_and(|(a, b)| a != b) {
                drafts.push(Draft::value(field, None, a, b));
            }
        };
        value(Field::Name, Some(name_a), Some(name_b));
        value(Field::SpanType, Some(a.span_type.as_str()), Some(b.span_type.as_str()));
        value(Field::Model, a.model.as_deref(), b.model.as_deref());
        value(Field::Provider, a.provider.as_deref(), b.provider.as_deref());
        drafts.extend(self.parent(at, place_a));
        let mut shown = ShownTexts::default();
        if payload_differs(a, b, Payload::inputs) {
            let tool = content::tool_of(b, name_b);
            let location = Location { field: Field::Input, tool: tool.as_deref() };
            let ((a, parameters_a), (b, parameters_b)) = (content::of_inputs(a), content::of_inputs(b));
            drafts.extend(parameters(&parameters_a, &parameters_b));
            drafts.extend(pieces::drafts(location, &a, &b, &self.reported));
            shown.add_pieces(&pieces::changed(&a, &b));
        }
        for field in [Field::Input, Field::Parameter] {
            shown.add_changes(&drafts);
            drafts.extend(self.remainder(at, field, &shown));
        }
        shown.add_changes(&drafts);
        self.shown.insert(at, shown);
        self.report(at, drafts);
    }

    /// What changed of what a span gave, and of how it ended.
    fn end(&mut self, at: usize) {
        self.reported.end(at);
        let Some((place_a, place_b, a, b)) = self.pair(at) else { return };
        let (failures_a, failures_b) = (self.failures.0.at(place_a), self.failures.1.at(place_b));
        let changed = changed_failures(failures_a, failures_b);
        let tool = content::tool_of(b, &self.sides.1.names[place_b]);
        let location = Location { field: Field::Output, tool: tool.as_deref() };
        let (mut drafts, mut shown) = outputs(&mut self.reported, location, a, b, &changed);
        drafts.extend(changed.into_iter().map(|(a, b)| failure(a, b)));
        shown.add_changes(&drafts);
        drafts.extend(self.remainder(at, Field::Output, &shown));
        shown.add_all(self.shown.remove(&at).unwrap_or_default());
        let is_reported = self.failures.0.explained.contains(&place_a) || self.failures.1.explained.contains(&place_b);
        let status = status(a, b);
        self.nodes[at].repeats += usize::from(status.is_some() && is_reported && drafts.is_empty());
        drafts.extend(status.filter(|_| !is_reported));
        shown.add_changes(&drafts);
        if is_reported {
            shown.add_failures(a, b);
        }
        drafts.extend(self.remainder(at, Field::Attribute, &shown));
        self.report(at, drafts);
    }

    /// What a part of two spans differs in beside what is shown of it.
    fn remainder(&mut self, at: usize, field: Field, shown: &ShownTexts) -> Vec<Draft> {
        let Some((_, _, a, b)) = self.pair(at) else { return Vec::new() };
        let of = |part: fn(&Payload) -> Option<&Json>| {
            let [a, b] = [a, b].map(|span| span.payload.as_ref().and_then(part));
            differences(a, b)
        };
        let differences = match field {
            Field::Input => of(Payload::inputs),
            Field::Output => of(Payload::outputs),
            Field::Parameter => remainder::of_parameters(a, b),
            _ => remainder::of_attributes(a, b),
        };
        let (drafts, ignored) = self.remainder.drafts(field, &differences, shown);
        self.nodes[at].ignored += ignored;
        drafts
    }

    /// Adds to a node what was not shown before.
    fn report(&mut self, at: usize, drafts: Vec<Draft>) {
        for mut draft in drafts {
            self.nodes[at].ignored += self.remainder.settle_ids(&mut draft.change);
            let place = (at, self.nodes[at].changes.len());
            let report = self.reported.report(&draft, place);
            // Each failure is one, however like another.
            if report == Report::New || draft.change.field == Field::Exception {
                self.nodes[at].changes.push(draft.change);
                continue;
            }
            self.nodes[at].repeats += 1;
            if let Report::RepeatOf((node, change)) = report {
                self.nodes[node].changes[change].repeated += 1;
            }
        }
    }
}

/// What changed of what a span gave; `changed` = what failed in one of the traces only.
fn outputs(
    reported: &mut ReportedChanges,
    location: Location<'_>,
    a: &Span,
    b: &Span,
    changed: &[ChangedFailure<'_>],
) -> (Vec<Draft>, ShownTexts) {
    if !payload_differs(a, b, Payload::outputs) && changed.is_empty() {
        return Default::default();
    }
    let (said_a, said_b) = (content::of_outputs(a), content::of_outputs(b));
    let failures = changed.iter().flat_map(|(a, b)| [a, b]).flatten();
    let messages: Vec<&str> = failures.filter_map(|failure| failure.message.as_deref()).collect();
    let is_bad = |span: &Span| span.status == SpanStatus::Error;
    // Who failed gives nothing; the failure says why. And the text that shows it stands in place of an answer.
    let is_cut = is_bad(a) != is_bad(b) && (said_a.is_empty() || said_b.is_empty());
    let is_quote = |piece: &Piece| messages.iter().any(|message| quotes(&piece.text, message));
    let is_failure = said_a.iter().chain(&said_b).any(is_quote);
    let (mut drafts, mut shown) = (Vec::new(), ShownTexts::default());
    shown.add_pieces(&pieces::changed(&said_a, &said_b));
    if !is_cut && !is_failure {
        drafts = pieces::drafts(location, &said_a, &said_b, reported);
    }
    if !changed.is_empty() && (is_cut || is_failure) {
        for piece in &said_a {
            reported.note_piece(location, piece, ChangeKey::Removed);
        }
        for piece in &said_b {
            reported.note_piece(location, piece, ChangeKey::Added);
        }
    }
    for message in messages {
        reported.note_failure(message);
    }
    (drafts, shown)
}

/// Notes what a span shows that only one of the traces has.
fn note(reported: &mut ReportedChanges, side: &SpanIndex<'_>, at: usize, fact: fn(u64) -> ChangeKey) {
    let span = &side.spans[at];
    let tool = content::tool_of(span, &side.names[at]);
    let location = Location { field: Field::Output, tool: tool.as_deref() };
    for piece in content::of_outputs(span) {
        reported.note_piece(location, &piece, fact);
    }
    if let Some(tool) = &tool {
        let (call, result) = content::work(span, tool);
        reported.note(fact(call));
        if let Some(piece) = &result {
            reported.note_piece(location, piece, fact);
        }
    }
}

/// Whether a part of the payload of two spans is not written alike.
fn payload_differs(a: &Span, b: &Span, of: fn(&Payload) -> Option<&Json>) -> bool {
    content::differs(a.payload.as_ref().and_then(of), b.payload.as_ref().and_then(of))
}

fn parameters(a: &[(String, String)], b: &[(String, String)]) -> Vec<Draft> {
    let value = |list: &[(String, String)], name: &str| {
        list.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let new = b.iter().map(|(name, _)| name).filter(|name| value(a, name).is_none());
    let names = a.iter().map(|(name, _)| name).chain(new);
    let changed = names.filter_map(|name| {
        let (a, b) = (value(a, name), value(b, name));
        let normal = |text: Option<&str>| text.map(normal);
        let is_same = normal(a.as_deref()) == normal(b.as_deref());
        (!is_same).then(|| Draft::wordy(Field::Parameter, Some(name), a.as_deref(), b.as_deref()))
    });
    changed.collect()
}

fn failure(a: Option<&Failure>, b: Option<&Failure>) -> Draft {
    let (text_a, text_b) = (a.map(text_of), b.map(text_of));
    // Of another class nothing is the same but by chance.
    let is_of_class = a.zip(b).is_some_and(|(a, b)| a.exception_type == b.exception_type);
    let draft = if is_of_class { Draft::wordy } else { Draft::value };
    draft(Field::Exception, None, text_a.as_deref(), text_b.as_deref())
}

/// The change of how a span ended. Nothing said is taken for done, as OpenTelemetry has it.
fn status(a: &Span, b: &Span) -> Option<Draft> {
    let word = |span: &Span| match &span.status {
        SpanStatus::Unset => SpanStatus::Ok.as_str().to_owned(),
        status => status.as_str().to_owned(),
    };
    let (a, b) = (word(a), word(b));
    (a != b).then(|| Draft::value(Field::Status, None, Some(&a), Some(&b)))
}
