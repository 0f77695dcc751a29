//! The changes reported so far, so that none is reported twice.
//!
//! A part of a tool call is recognized by the call wherever the trace repeats it, and a distinctive text anywhere. A
//! short value is not: `false` → `true` is a separate change for each argument. It is recognized only in the messages
//! of later requests and of agents, and where spans pass it down to children or up to parents.

use super::ChangedField;
use super::content::{CallPart, Piece, PieceKey, is_function_role, key_of};
use super::draft::{ChangeKey, DraftChange};
use std::collections::HashMap;

/// Where a change is reported: index of the node, index among its changes.
pub(super) type ChangePosition = (usize, usize);

/// What reported a change or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reporter {
    /// A change.
    Change(ChangePosition),
    /// A span that only one trace has, or a failure.
    Span,
}

/// The trace that a text belongs to; the value is the index in pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TraceIndex {
    A,
    B,
}

impl TraceIndex {
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];
}

/// The inputs or outputs being compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) node: usize,
    /// `Input` or `Output`.
    pub(super) field: ChangedField,
    /// Whether the span is a tool, whose inputs and outputs do not repeat history.
    pub(super) is_tool: bool,
    /// Whether the span is a model call.
    pub(super) is_llm: bool,
}

impl Location {
    /// Returns the keys under which a text may have been reported before.
    fn lookup_keys(self, piece: &Piece) -> impl Iterator<Item = PieceKey> {
        // Requests repeat earlier messages, and agents repeat model outputs.
        let repeats = !self.is_tool && (self.field == ChangedField::Input || !self.is_llm);
        let is_history = repeats && !piece.is_member && !is_function_role(&piece.name);
        let words = piece.is_distinctive.then_some(piece.text_key);
        let part = piece.call.map(key_of);
        part.into_iter().chain(words).chain(is_history.then(|| piece.key()))
    }
}

/// Returns the keys under which a reported text is stored.
fn stored_keys(piece: &Piece) -> impl Iterator<Item = PieceKey> {
    let words = piece.is_distinctive.then_some(piece.text_key);
    piece.call.map(key_of).into_iter().chain([piece.key()]).chain(words)
}

/// The changes reported so far.
#[derive(Debug, Default)]
pub(super) struct Reported {
    texts: HashMap<(TraceIndex, PieceKey), Reporter>,
    values: HashMap<PieceKey, ChangePosition>,
    words: HashMap<(PieceKey, PieceKey), ChangePosition>,
    /// For each pair of texts, the latest change that reported it.
    pairs: HashMap<PieceKey, ChangePosition>,
}

impl Reported {
    /// Returns what reported the same change before; otherwise records the change and returns `None`. `is_ancestor` =
    /// whether a node is an ancestor of this one.
    pub(super) fn report(
        &mut self,
        location: Location,
        draft: &DraftChange,
        change: usize,
        is_ancestor: impl Fn(usize) -> bool,
    ) -> Option<Reporter> {
        let position = (location.node, change);
        let known = match &draft.identity {
            ChangeKey::Values(key) => self.values.get(key).copied().map(Reporter::Change),
            ChangeKey::Texts { texts, replacements } => {
                let known = self.find_pair(location, texts).or_else(|| self.find_words(replacements));
                // Equal changes of two arguments of one span are two changes.
                let is_member = texts.iter().flatten().any(|piece| piece.is_member);
                let is_here = |known: &Reporter| matches!(known, Reporter::Change((node, _)) if *node == location.node);
                let known = known.filter(|known| !(is_member && is_here(known)));
                known.or_else(|| self.find_passed_on(location, texts, is_ancestor))
            }
        };
        if known.is_none() {
            self.record_draft(location, draft, position);
        }
        known
    }

    fn record_draft(&mut self, location: Location, draft: &DraftChange, position: ChangePosition) {
        match &draft.identity {
            ChangeKey::Values(key) => drop(self.values.insert(*key, position)),
            ChangeKey::Texts { texts, replacements } => {
                for (side, piece) in TraceIndex::BOTH.into_iter().zip(texts) {
                    if let Some(piece) = piece {
                        self.record(side, piece, Reporter::Change(position));
                    }
                }
                for (words, _) in replacements.iter().filter(|(_, is_distinctive)| *is_distinctive) {
                    self.words.entry(*words).or_insert(position);
                }
                self.pairs.extend(pair_keys(location.field, texts).stored.map(|key| (key, position)));
            }
        }
    }

    /// Returns what reported the texts of both traces.
    fn find_pair(&self, location: Location, texts: &[Option<Piece>; 2]) -> Option<Reporter> {
        let texts = TraceIndex::BOTH.into_iter().zip(texts).filter_map(|(side, piece)| Some((side, piece.as_ref()?)));
        let found: Option<Vec<Reporter>> = texts.map(|(side, piece)| self.find(location, side, piece)).collect();
        found?.pop()
    }

    /// Returns what reported the same replaced words.
    fn find_words(&self, replacements: &[((PieceKey, PieceKey), bool)]) -> Option<Reporter> {
        let find = |(words, is_distinctive): &((PieceKey, PieceKey), bool)| {
            self.words.get(words).filter(|_| *is_distinctive).map(|position| Reporter::Change(*position))
        };
        let found: Option<Vec<Reporter>> = replacements.iter().map(find).collect();
        found?.first().copied()
    }

    /// Returns the change of an ancestor with the same input texts, or of a descendant with the same output texts.
    fn find_passed_on(
        &self,
        location: Location,
        texts: &[Option<Piece>; 2],
        is_ancestor: impl Fn(usize) -> bool,
    ) -> Option<Reporter> {
        let keys = pair_keys(location.field, texts).lookup;
        let mut positions = keys.into_iter().flatten().filter_map(|key| self.pairs.get(&key));
        // Outputs are compared after the descendants, so later nodes reported so far are all descendants.
        let is_passed_on =
            |node: usize| if location.field == ChangedField::Input { is_ancestor(node) } else { node > location.node };
        positions.find(|(node, _)| is_passed_on(*node)).map(|position| Reporter::Change(*position))
    }

    /// Returns what reported a text.
    pub(super) fn find(&self, location: Location, side: TraceIndex, piece: &Piece) -> Option<Reporter> {
        location.lookup_keys(piece).find_map(|key| self.texts.get(&(side, key)).copied())
    }

    /// Whether a text was reported by a failure or by a span that only one trace has, or is the result of a tool call
    /// that was.
    pub(super) fn is_reported_by_span(&self, location: Location, side: TraceIndex, piece: &Piece) -> bool {
        let request = match piece.call {
            Some(CallPart::Result(call)) => self.texts.get(&(side, key_of(CallPart::Request(call)))),
            _ => None,
        };
        piece.is_failure || self.find(location, side, piece) == Some(Reporter::Span) || request == Some(&Reporter::Span)
    }

    /// Records a text as reported.
    pub(super) fn record(&mut self, side: TraceIndex, piece: &Piece, reporter: Reporter) {
        for key in stored_keys(piece) {
            self.texts.entry((side, key)).or_insert(reporter);
        }
    }
}

/// The keys of a pair of texts that spans may pass on to each other.
struct PairKeys {
    lookup: [Option<PieceKey>; 2],
    stored: std::array::IntoIter<PieceKey, 2>,
}

/// Returns the keys of a pair of texts. Named arguments match by name; an unnamed text matches any of them.
fn pair_keys(field: ChangedField, texts: &[Option<Piece>; 2]) -> PairKeys {
    let [a, b] = texts.each_ref().map(|piece| piece.as_ref().map(|piece| piece.text_key));
    let member = texts.iter().flatten().find(|piece| piece.is_member);
    let key = |kind: &str, name: Option<&str>| key_of((field, kind, name, a, b));
    let (any, plain) = (key("any", None), key("plain", None));
    match member.map(|piece| key("named", Some(&piece.name))) {
        Some(named) => PairKeys { lookup: [Some(named), Some(plain)], stored: [named, any].into_iter() },
        None => PairKeys { lookup: [Some(any), None], stored: [plain, any].into_iter() },
    }
}

#[cfg(test)]
mod tests;
