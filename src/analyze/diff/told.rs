//! What was told of the differences between two traces, so that none is told twice.
//!
//! What says something is known again wherever it comes up. A short value is not: `true` in place of `false` is another
//! change for each argument. It is known again in the history of a later call, at the tool that a model called with it, and
//! at the spans above or below that pass it on.

use super::Field;
use super::draft::{Draft, Fact, OnPath, Scene};
use super::said::{Key, Piece};
use std::collections::{HashMap, HashSet};

/// Where a change was told: a node, and the place among its changes.
pub(super) type Place = (usize, usize);

/// Whether a change was told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// It was not.
    New,
    /// It was, at a place.
    At(Place),
    /// A span that is new or gone tells it, or a failure.
    WithSpan,
}

/// What was told, and where; nowhere where a span that is new or gone tells it.
#[derive(Debug, Default)]
pub(super) struct Told {
    facts: HashMap<Fact, Option<Place>>,
    /// What was told of values, by what they are.
    values: HashMap<(Key, Fact), Vec<Place>>,
    /// Nodes of which all was told.
    ended: HashSet<usize>,
    /// The messages of failures that were told.
    failures: Vec<String>,
}

/// So many failures are looked for in what tools handed on.
const MOST_FAILURES: usize = 200;

/// Shorter messages stand in others by chance.
const SAYS_SOMETHING: usize = 8;

/// Whether a text tells the message of a failure.
pub(super) fn quotes(text: &str, message: &str) -> bool {
    text == message || (message.len() >= SAYS_SOMETHING && text.contains(message))
}

impl Told {
    /// A span that is new or gone, or failed, tells it.
    pub(super) fn note(&mut self, fact: Fact) {
        self.facts.entry(fact).or_insert(None);
    }

    /// The same of what such a span said.
    pub(super) fn note_piece(&mut self, scene: Scene<'_>, piece: &Piece, fact: fn(Key) -> Fact) {
        let fact = fact(piece.words);
        if piece.is_telling {
            self.note(fact);
        }
        if let Some(place) = scene.place(piece) {
            self.note(fact.within(place));
        }
    }

    /// A span tells that it failed.
    pub(super) fn note_failure(&mut self, message: &str) {
        if self.failures.len() < MOST_FAILURES && !self.failures.iter().any(|known| known == message) {
            self.failures.push(message.to_owned());
        }
    }

    /// Whether a piece is what a tool handed on of a failure that was told.
    pub(super) fn is_failure(&self, piece: &Piece) -> bool {
        piece.is_result() && self.failures.iter().any(|message| quotes(&piece.text, message))
    }

    /// Whether a span that is new or gone tells what a piece says.
    pub(super) fn is_noted(&self, scene: Scene<'_>, piece: &Piece, fact: fn(Key) -> Fact) -> bool {
        let fact = fact(piece.words);
        let is_noted = |fact: &Fact| self.facts.get(fact).is_some_and(Option::is_none);
        // The key of a call holds its tool.
        let is_known = piece.is_telling || piece.is_call();
        is_known && is_noted(&fact) || scene.sources(piece).iter().any(|place| is_noted(&fact.within(*place)))
    }

    /// Looks where a change was told that is to be told; if nowhere, it is told now, at a place.
    pub(super) fn tell(&mut self, draft: &Draft, place: Place) -> Telling {
        if let Some(telling) = self.known(draft, place) {
            return telling;
        }
        for fact in &draft.told {
            self.facts.entry(*fact).or_insert(Some(place));
        }
        for value in draft.path.iter().flat_map(|path| &path.told) {
            self.values.entry(*value).or_default().push(place);
        }
        Telling::New
    }

    fn known(&mut self, draft: &Draft, (node, _): Place) -> Option<Telling> {
        for facts in &draft.known {
            let first = facts.first().filter(|_| facts.iter().all(|fact| self.facts.contains_key(fact)));
            match first.and_then(|fact| self.facts.get(fact)) {
                None => {}
                Some(None) => return Some(Telling::WithSpan),
                // Two arguments of a span are two.
                Some(Some((told, _))) if draft.is_member && *told == node => {}
                Some(Some(told)) => return Some(Telling::At(*told)),
            }
        }
        let path = draft.path.as_ref()?;
        self.passed_on(path, draft.change.field, node).map(Telling::At)
    }

    /// Where a value was told at a span above, for what went in, or below, for what came out.
    fn passed_on(&mut self, path: &OnPath, field: Field, node: usize) -> Option<Place> {
        for value in &path.known {
            let Some(places) = self.values.get_mut(value) else { continue };
            if field == Field::Input {
                // What ended is above nothing that comes.
                while places.pop_if(|(told, _)| self.ended.contains(told)).is_some() {}
            }
            // Of what is told when spans end, all since this one began is below it.
            let found =
                places.last().filter(|(told, _)| if field == Field::Input { *told != node } else { *told > node });
            if let Some(found) = found {
                return Some(*found);
            }
        }
        None
    }

    /// All of a node and those below it was told.
    pub(super) fn end(&mut self, node: usize) {
        self.ended.insert(node);
    }
}

#[cfg(test)]
mod tests;
