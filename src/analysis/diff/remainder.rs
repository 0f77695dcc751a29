//! Differences of two spans that their messages, parameters and failures do not show. Each becomes a change, or is
//! ignored and counted.

use super::attributes::is_parameter;
use super::content::Piece;
use super::draft::DraftChange;
use super::ids::{Renames, ids};
use super::ignored::{Ignored, IgnoredKind, ignored_kind};
use super::readable::nested_json;
use super::structure::{self, Difference, ValuePairing};
use super::words::{MatchIds, diff_words};
use super::{Change, ChangedField, Strictness};
use crate::json::Json;
use crate::model::Span;
use std::collections::HashSet;

/// Attributes that differ between any two traces and are not compared: `mlflow.traceRequestId` is the trace id, which
/// MLflow (since 2.14) writes into each span.
pub const PER_TRACE_ATTRIBUTES: [&str; 1] = ["mlflow.traceRequestId"];

/// Texts that the changes of a span already show, for each trace.
#[derive(Debug, Default)]
pub(super) struct ShownTexts {
    a: HashSet<String>,
    b: HashSet<String>,
}

impl ShownTexts {
    /// Adds the names and texts of pieces that only one trace has.
    pub(super) fn add_pieces(&mut self, (gone, new): &(Vec<&Piece>, Vec<&Piece>)) {
        for (texts, pieces) in [(&mut self.a, gone), (&mut self.b, new)] {
            texts.extend(pieces.iter().flat_map(|piece| [piece.name.clone(), piece.text.clone()]));
        }
    }

    /// Adds the names and values of changes.
    pub(super) fn add_changes(&mut self, drafts: &[DraftChange]) {
        for change in drafts.iter().map(|draft| &draft.change) {
            self.a.extend(change.a.iter().chain(&change.name).cloned());
            self.b.extend(change.b.iter().chain(&change.name).cloned());
        }
    }

    /// Adds status and exception messages, which are shown here or at the span where the failure started.
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

    /// Whether a difference is already shown.
    fn covers(&self, Difference { a, b, pairing, .. }: &Difference) -> bool {
        let texts = [a, b].map(|value| value.as_ref().map(leaf_texts).unwrap_or_default());
        *pairing != ValuePairing::Moved
            && texts.iter().any(|texts| !texts.is_empty())
            && texts.iter().zip([&self.a, &self.b]).all(|(texts, shown)| {
                texts.is_empty() || texts.iter().any(|text| shown.iter().any(|whole| contains_words(whole, text)))
            })
    }
}

/// Returns the texts of the leaves of a value, including JSON inside strings.
fn leaf_texts(value: &Json) -> Vec<String> {
    if let Some(members) = value.members() {
        return members.iter().flat_map(|(_, value)| leaf_texts(value)).collect();
    }
    if let Some(items) = value.items() {
        return items.iter().flat_map(leaf_texts).collect();
    }
    match value.as_string() {
        Some(text) => match nested_json(&text) {
            Some(value) => leaf_texts(&value),
            None => Some(text).filter(|text| !text.is_empty()).into_iter().collect(),
        },
        None => Some(value.text().to_owned()).filter(|_| !value.is_null()).into_iter().collect(),
    }
}

/// Whether a text contains every line of another as whole words, literally or JSON-escaped.
fn contains_words(whole: &str, text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_whole = |at: usize, text: &str| {
        let begins_within = text.starts_with(is_word) && whole[..at].ends_with(is_word);
        let ends_within = text.ends_with(is_word) && whole[at + text.len()..].starts_with(is_word);
        !begins_within && !ends_within
    };
    let found = |text: &str| whole.match_indices(text).any(|(at, text)| is_whole(at, text));
    let is_found = |line: &str| found(line) || found(Json::string(line).text().trim_matches('"'));
    // Each line may be a separate piece.
    whole == text || text.lines().map(str::trim).filter(|line| !line.is_empty()).all(is_found)
}

/// Splits the remaining differences into changes and ignored ones.
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

    /// Returns the changes among the differences that are not shown yet, and the number of ignored ones.
    pub(super) fn drafts(
        &mut self,
        field: ChangedField,
        differences: &[Difference],
        shown: &ShownTexts,
    ) -> (Vec<DraftChange>, usize) {
        let (mut drafts, mut count) = (Vec::new(), 0);
        for difference in differences.iter().filter(|difference| !shown.covers(difference)) {
            let kind = ignored_kind(difference, field, &mut self.renames);
            match kind.filter(|_| self.strictness == Strictness::Content) {
                Some(kind) => {
                    let text = |value: &Option<Json>| value.as_ref().map(|value| value.text().to_owned());
                    self.ignored.add(kind, text(&difference.a), text(&difference.b));
                    count += 1;
                }
                None => drafts.push(DraftChange::from_difference(field, difference)),
            }
        }
        (drafts, count)
    }

    /// Ignores the ids that differ within a changed text, or marks them in its word diff if they do not correspond.
    /// Returns the number of ignored ids.
    pub(super) fn settle_ids(&mut self, change: &mut Change) -> usize {
        let pairs = change.words.iter().filter_map(|words| Some((words.text_a.as_deref()?, words.text.as_str())));
        let pairs: Vec<(&str, &str)> = pairs.flat_map(|(a, b)| ids(a).into_iter().zip(ids(b))).collect();
        let renamed: Vec<&(&str, &str)> = pairs.iter().filter(|(a, b)| a != b).collect();
        let is_consistent = renamed.iter().all(|(a, b)| self.renames.is_consistent(a, b));
        if is_consistent && self.strictness == Strictness::Content {
            for (a, b) in &renamed {
                self.ignored.add(IgnoredKind::Ids, Some((*a).to_owned()), Some((*b).to_owned()));
            }
            return renamed.len();
        }
        if let Some((a, b)) = change.a.as_ref().zip(change.b.as_ref()).filter(|_| !renamed.is_empty()) {
            change.words = diff_words(a, b, MatchIds::No);
        }
        0
    }
}

/// Returns the differences in attributes that are parameters.
pub(super) fn parameter_differences(a: &Span, b: &Span) -> Vec<Difference> {
    let members = |span| attributes(span, is_parameter);
    structure::member_differences(&members(a), &members(b))
}

/// Returns the differences in all other attributes, in events and links, and in the raw name and status.
pub(super) fn attribute_differences(a: &Span, b: &Span) -> Vec<Difference> {
    let (others_a, others_b) = (other_members(a), other_members(b));
    let is_metadata = |key: &str| !is_parameter(key);
    let (mut members_a, mut members_b) = (attributes(a, is_metadata), attributes(b, is_metadata));
    members_a.extend(structure::borrowed(&others_a));
    members_b.extend(structure::borrowed(&others_b));
    structure::member_differences(&members_a, &members_b)
}

/// Returns the compared attributes of a span that match.
fn attributes(span: &Span, matches: impl Fn(&str) -> bool) -> Vec<(&str, &Json)> {
    const INPUTS_OUTPUTS: [&str; 2] = ["mlflow.spanInputs", "mlflow.spanOutputs"];
    let is_compared =
        |key: &str| !INPUTS_OUTPUTS.contains(&key) && !PER_TRACE_ATTRIBUTES.contains(&key) && matches(key);
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.filter(|(key, _)| is_compared(key)).map(|(key, value)| (&**key, value)).collect()
}

/// Returns name, status, events and links of a span as JSON members.
fn other_members(span: &Span) -> Vec<(String, Json)> {
    let fields = [("name", &*span.name), ("status", span.status.as_str()), ("status_message", &*span.status_message)];
    let fields = fields.into_iter().filter(|(_, text)| !text.is_empty());
    let mut found: Vec<(String, Json)> = fields.map(|(key, text)| (key.to_owned(), Json::string(text))).collect();
    let Some(payload) = &span.payload else { return found };
    for (at, event) in payload.events.iter().enumerate() {
        found.push((format!("events[{at}].{}", event.name), Json::object(&event.attributes)));
    }
    for (at, link) in payload.links.iter().enumerate() {
        let ids = [("trace_id", &link.trace_id), ("span_id", &link.span_id)];
        let ids = ids.map(|(key, id)| (key.to_owned(), Json::string(id)));
        let members: Vec<_> = ids.into_iter().chain([("attributes".to_owned(), link.attributes.clone())]).collect();
        found.push((format!("links[{at}]"), Json::object(&members)));
    }
    found
}
