//! What two spans differ in beside what their messages, parameters and failures show: shown as a change of its own, or
//! ignored and counted.

use super::attributes::is_parameter;
use super::content::Piece;
use super::draft::DraftChange;
use super::ids::{Renames, ids};
use super::ignored::{Ignored, IgnoredKind, kind};
use super::readable::nested;
use super::structure::{self, Difference, ValuePairing};
use super::words::{MatchIds, diff};
use super::{Change, ChangedField, Strictness};
use crate::model::{Json, Span};
use std::collections::HashSet;

/// Attributes that differ in any two traces and are not compared: `mlflow.traceRequestId` is the id of the trace, which
/// MLflow writes into each span (from 2.14 on).
pub const PER_TRACE_ATTRIBUTES: [&str; 1] = ["mlflow.traceRequestId"];

/// The texts that the changes of a span show of either trace, and what they were found in.
#[derive(Debug, Default)]
pub(super) struct ShownTexts {
    a: HashSet<String>,
    b: HashSet<String>,
}

impl ShownTexts {
    /// Adds pieces that only one of the traces has.
    pub(super) fn add_pieces(&mut self, (gone, new): &(Vec<&Piece>, Vec<&Piece>)) {
        for (texts, pieces) in [(&mut self.a, gone), (&mut self.b, new)] {
            texts.extend(pieces.iter().flat_map(|piece| [piece.name.clone(), piece.text.clone()]));
        }
    }

    /// Adds what changes show.
    pub(super) fn add_changes(&mut self, drafts: &[DraftChange]) {
        for change in drafts.iter().map(|draft| &draft.change) {
            self.a.extend(change.a.iter().chain(&change.name).cloned());
            self.b.extend(change.b.iter().chain(&change.name).cloned());
        }
    }

    /// Adds what tells that the spans failed, which is shown here or at the span where the failure began.
    pub(super) fn add_failures(&mut self, a: &Span, b: &Span) {
        for (texts, span) in [(&mut self.a, a), (&mut self.b, b)] {
            let exceptions = span.exceptions().into_iter().filter_map(|(exception, _)| exception.message);
            texts.extend(exceptions.chain([span.status.as_str().to_owned(), span.status_message.clone()]));
        }
    }

    pub(super) fn add_all(&mut self, texts: Self) {
        self.a.extend(texts.a);
        self.b.extend(texts.b);
    }

    /// Whether a difference is one of those that are shown.
    fn cover(&self, Difference { a, b, pairing, .. }: &Difference) -> bool {
        let texts = [a, b].map(|value| value.as_ref().map(texts).unwrap_or_default());
        *pairing != ValuePairing::Moved
            && texts.iter().any(|texts| !texts.is_empty())
            && texts.iter().zip([&self.a, &self.b]).all(|(texts, shown)| {
                texts.is_empty() || texts.iter().any(|text| shown.iter().any(|whole| holds(whole, text)))
            })
    }
}

/// The texts of a value: its own, or those of its members.
fn texts(value: &Json) -> Vec<String> {
    if let Some(members) = value.members() {
        return members.iter().flat_map(|(_, value)| texts(value)).collect();
    }
    if let Some(items) = value.items() {
        return items.iter().flat_map(texts).collect();
    }
    match value.as_string() {
        Some(text) => match nested(&text) {
            Some(value) => texts(&value),
            None => Some(text).filter(|text| !text.is_empty()).into_iter().collect(),
        },
        None => Some(value.text().to_owned()).filter(|_| !value.is_null()).into_iter().collect(),
    }
}

/// Whether a text holds another as whole words, as it is or as JSON writes it.
fn holds(whole: &str, text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_whole = |at: usize, text: &str| {
        let begins_within = text.starts_with(is_word) && whole[..at].ends_with(is_word);
        let ends_within = text.ends_with(is_word) && whole[at + text.len()..].starts_with(is_word);
        !begins_within && !ends_within
    };
    let found = |text: &str| whole.match_indices(text).any(|(at, text)| is_whole(at, text));
    let is_found = |line: &str| found(line) || found(Json::string(line).text().trim_matches('"'));
    // Lines may be pieces of their own.
    whole == text || text.lines().map(str::trim).filter(|line| !line.is_empty()).all(is_found)
}

/// Sorts what is left into changes and what is ignored.
#[derive(Debug)]
pub(super) struct Remainder {
    pub(super) strictness: Strictness,
    pub(super) ignored: Ignored,
    renames: Renames,
}

impl Remainder {
    pub(super) fn new(strictness: Strictness) -> Self {
        Self { strictness, ignored: Ignored::default(), renames: Renames::default() }
    }

    /// The changes among differences that are not shown yet, and how many of them are ignored.
    pub(super) fn drafts(
        &mut self,
        field: ChangedField,
        differences: &[Difference],
        shown: &ShownTexts,
    ) -> (Vec<DraftChange>, usize) {
        let (mut drafts, mut count) = (Vec::new(), 0);
        for difference in differences.iter().filter(|difference| !shown.cover(difference)) {
            let kind = kind(difference, field, &mut self.renames);
            match kind.filter(|_| self.strictness == Strictness::Content) {
                Some(kind) => {
                    let text = |value: &Option<Json>| value.as_ref().map(|value| value.text().to_owned());
                    self.ignored.add(kind, text(&difference.a), text(&difference.b));
                    count += 1;
                }
                None => drafts.push(DraftChange::structure(field, difference)),
            }
        }
        (drafts, count)
    }

    /// Decides on ids that match within a changed text: they are shown, or counted as ignored. Gives how many are.
    pub(super) fn settle_ids(&mut self, change: &mut Change) -> usize {
        let pairs = change.words.iter().filter_map(|words| Some((words.of_a.as_deref()?, words.text.as_str())));
        let pairs: Vec<(&str, &str)> = pairs.flat_map(|(a, b)| ids(a).into_iter().zip(ids(b))).collect();
        let renamed: Vec<&(&str, &str)> = pairs.iter().filter(|(a, b)| a != b).collect();
        let agrees = renamed.iter().all(|(a, b)| self.renames.agree(a, b));
        if agrees && self.strictness == Strictness::Content {
            for (a, b) in &renamed {
                self.ignored.add(IgnoredKind::Ids, Some((*a).to_owned()), Some((*b).to_owned()));
            }
            return renamed.len();
        }
        if let Some((a, b)) = change.a.as_ref().zip(change.b.as_ref()).filter(|_| !renamed.is_empty()) {
            change.words = diff(a, b, MatchIds::No);
        }
        0
    }
}

/// What two spans differ in among the parameters that are attributes.
pub(super) fn of_parameters(a: &Span, b: &Span) -> Vec<Difference> {
    let members = |span| attributes(span, is_parameter);
    structure::of_members(&members(a), &members(b))
}

/// What two spans differ in beside inputs, outputs and parameters: attributes, events, links, and how name and status are
/// written.
pub(super) fn of_attributes(a: &Span, b: &Span) -> Vec<Difference> {
    let (own_a, own_b) = (beside_attributes(a), beside_attributes(b));
    let is_described = |key: &str| !is_parameter(key);
    let (mut of_a, mut of_b) = (attributes(a, is_described), attributes(b, is_described));
    of_a.extend(structure::borrowed(&own_a));
    of_b.extend(structure::borrowed(&own_b));
    structure::of_members(&of_a, &of_b)
}

fn attributes(span: &Span, is_one: impl Fn(&str) -> bool) -> Vec<(&str, &Json)> {
    const SHOWN: [&str; 2] = ["mlflow.spanInputs", "mlflow.spanOutputs"];
    let is_compared = |key: &str| !SHOWN.contains(&key) && !PER_TRACE_ATTRIBUTES.contains(&key) && is_one(key);
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.filter(|(key, _)| is_compared(key)).map(|(key, value)| (&**key, value)).collect()
}

fn beside_attributes(span: &Span) -> Vec<(String, Json)> {
    let own = [("name", &*span.name), ("status", span.status.as_str()), ("status_message", &*span.status_message)];
    let own = own.into_iter().filter(|(_, text)| !text.is_empty());
    let mut found: Vec<(String, Json)> = own.map(|(key, text)| (key.to_owned(), Json::string(text))).collect();
    let Some(payload) = &span.payload else { return found };
    for (at, event) in payload.events.iter().enumerate() {
        found.push((format!("events[{at}].{}", event.name), Json::object(&event.attributes)));
    }
    for (at, link) in payload.links.iter().enumerate() {
        let ids = [("trace_id", &link.trace_id), ("span_id", &link.span_id)];
        let ids = ids.map(|(key, id)| (key.to_owned(), Json::string(id)));
        let of_link: Vec<_> = ids.into_iter().chain([("attributes".to_owned(), link.attributes.clone())]).collect();
        found.push((format!("links[{at}]"), Json::object(&of_link)));
    }
    found
}
