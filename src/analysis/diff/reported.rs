//! The changes that were reported, so that none is reported twice.
//!
//! A part of a tool call is recognized by the call, wherever a trace repeats it; a distinctive text wherever it is. A short
//! value is not: `true` in place of `false` is another change for each argument. It is recognized in the messages of later
//! requests and of agents, and where spans pass it on to those below or above them.

use super::ChangedField;
use super::content::{CallPart, Piece, PieceKey, is_of_function, key_of};
use super::draft::{ChangeKey, DraftChange};
use std::collections::HashMap;

/// Where a change is reported: a node, and the place among its changes.
pub(super) type ChangePosition = (usize, usize);

/// What reported a change before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reporter {
    /// A change.
    Change(ChangePosition),
    /// A span that only one of the traces has, or a failure.
    Span,
}

/// Which of the traces a text is of: the place in a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TraceIndex {
    A,
    B,
}

impl TraceIndex {
    pub(super) const BOTH: [Self; 2] = [Self::A, Self::B];
}

/// Which texts are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Location {
    pub(super) node: usize,
    /// Inputs, or outputs.
    pub(super) field: ChangedField,
    /// Whether a tool is at work, which repeats nothing that was said before.
    pub(super) is_tool: bool,
    /// Whether a model answers.
    pub(super) is_llm: bool,
}

impl Location {
    /// The keys by which a text is recognized here.
    fn recognized_by(self, piece: &Piece) -> impl Iterator<Item = PieceKey> {
        // Requests repeat what was said before, and agents repeat what models said.
        let repeats = !self.is_tool && (self.field == ChangedField::Input || !self.is_llm);
        let is_history = repeats && !piece.is_member && !is_of_function(&piece.name);
        let words = piece.is_distinctive.then_some(piece.words);
        let part = piece.call.map(key_of);
        part.into_iter().chain(words).chain(is_history.then(|| piece.key()))
    }
}

/// The keys by which a text that is reported is recognized.
fn reported_as(piece: &Piece) -> impl Iterator<Item = PieceKey> {
    let words = piece.is_distinctive.then_some(piece.words);
    piece.call.map(key_of).into_iter().chain([piece.key()]).chain(words)
}

/// The changes that were reported.
#[derive(Debug, Default)]
pub(super) struct Reported {
    texts: HashMap<(TraceIndex, PieceKey), Reporter>,
    values: HashMap<PieceKey, ChangePosition>,
    words: HashMap<(PieceKey, PieceKey), ChangePosition>,
    /// For each pair of texts the latest change that reported it.
    pairs: HashMap<PieceKey, ChangePosition>,
}

impl Reported {
    /// What reported a change before. If nothing did, it is reported now. `is_above` = whether a node lies above this one.
    pub(super) fn report(
        &mut self,
        location: Location,
        draft: &DraftChange,
        change: usize,
        is_above: impl Fn(usize) -> bool,
    ) -> Option<Reporter> {
        let place = (location.node, change);
        let known = match &draft.identity {
            ChangeKey::Values(key) => self.values.get(key).copied().map(Reporter::Change),
            ChangeKey::Texts { texts, words } => {
                let known = self.find_pair(location, texts).or_else(|| self.find_words(words));
                // Two arguments of a span are two.
                let is_member = texts.iter().flatten().any(|piece| piece.is_member);
                let is_own = |known: &Reporter| matches!(known, Reporter::Change((node, _)) if *node == location.node);
                let known = known.filter(|known| !(is_member && is_own(known)));
                known.or_else(|| self.find_passed_on(location, texts, is_above))
            }
        };
        if known.is_none() {
            self.add_draft(location, draft, place);
        }
        known
    }

    fn add_draft(&mut self, location: Location, draft: &DraftChange, place: ChangePosition) {
        match &draft.identity {
            ChangeKey::Values(key) => drop(self.values.insert(*key, place)),
            ChangeKey::Texts { texts, words } => {
                for (side, piece) in TraceIndex::BOTH.into_iter().zip(texts) {
                    if let Some(piece) = piece {
                        self.add(side, piece, Reporter::Change(place));
                    }
                }
                for (words, _) in words.iter().filter(|(_, is_distinctive)| *is_distinctive) {
                    self.words.entry(*words).or_insert(place);
                }
                self.pairs.extend(pair_keys(location.field, texts).reported.map(|key| (key, place)));
            }
        }
    }

    /// What reported the texts of both traces.
    fn find_pair(&self, location: Location, texts: &[Option<Piece>; 2]) -> Option<Reporter> {
        let texts = TraceIndex::BOTH.into_iter().zip(texts).filter_map(|(side, piece)| Some((side, piece.as_ref()?)));
        let found: Option<Vec<Reporter>> = texts.map(|(side, piece)| self.find(location, side, piece)).collect();
        found?.pop()
    }

    /// What reported that the same words took the place of others.
    fn find_words(&self, words: &[((PieceKey, PieceKey), bool)]) -> Option<Reporter> {
        let find = |(words, is_distinctive): &((PieceKey, PieceKey), bool)| {
            self.words.get(words).filter(|_| *is_distinctive).map(|place| Reporter::Change(*place))
        };
        let found: Option<Vec<Reporter>> = words.iter().map(find).collect();
        found?.first().copied()
    }

    /// Where a span above was given the same texts, or one below gave them.
    fn find_passed_on(
        &self,
        location: Location,
        texts: &[Option<Piece>; 2],
        is_above: impl Fn(usize) -> bool,
    ) -> Option<Reporter> {
        let keys = pair_keys(location.field, texts).recognized;
        let mut places = keys.into_iter().flatten().filter_map(|key| self.pairs.get(&key));
        // Outputs are compared when a span ends: all later nodes that were reported are below it.
        let is_passed_on =
            |node: usize| if location.field == ChangedField::Input { is_above(node) } else { node > location.node };
        places.find(|(node, _)| is_passed_on(*node)).map(|place| Reporter::Change(*place))
    }

    /// What reported a text.
    pub(super) fn find(&self, location: Location, side: TraceIndex, piece: &Piece) -> Option<Reporter> {
        location.recognized_by(piece).find_map(|key| self.texts.get(&(side, key)).copied())
    }

    /// Whether a span that only one of the traces has reported a text, a failure did, or the text is the result of a call
    /// that such a span reported.
    pub(super) fn is_reported_by_span(&self, location: Location, side: TraceIndex, piece: &Piece) -> bool {
        let request = match piece.call {
            Some(CallPart::Result(call)) => self.texts.get(&(side, key_of(CallPart::Request(call)))),
            _ => None,
        };
        piece.is_failure || self.find(location, side, piece) == Some(Reporter::Span) || request == Some(&Reporter::Span)
    }

    /// A text is reported.
    pub(super) fn add(&mut self, side: TraceIndex, piece: &Piece, reporter: Reporter) {
        for key in reported_as(piece) {
            self.texts.entry((side, key)).or_insert(reporter);
        }
    }
}

/// The keys of a pair of texts that spans may pass on.
struct PairKeys {
    recognized: [Option<PieceKey>; 2],
    reported: std::array::IntoIter<PieceKey, 2>,
}

/// Arguments have a name that has to be the same; a text without one may be any of them.
fn pair_keys(field: ChangedField, texts: &[Option<Piece>; 2]) -> PairKeys {
    let [a, b] = texts.each_ref().map(|piece| piece.as_ref().map(|piece| piece.words));
    let member = texts.iter().flatten().find(|piece| piece.is_member);
    let key = |kind: &str, name: Option<&str>| key_of((field, kind, name, a, b));
    let (any, plain) = (key("any", None), key("plain", None));
    match member.map(|piece| key("named", Some(&piece.name))) {
        Some(named) => PairKeys { recognized: [Some(named), Some(plain)], reported: [named, any].into_iter() },
        None => PairKeys { recognized: [Some(any), None], reported: [plain, any].into_iter() },
    }
}

#[cfg(test)]
mod tests;
