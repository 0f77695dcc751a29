//! What was shown of the differences between two traces, so that none is shown twice.
//!
//! What says something is known again wherever it comes up. A short value is not: `true` in place of `false` is another
//! change for each argument. It is known again in the history of a later call, at the tool that a model called with it, and
//! at the spans above or below that pass it on.

use super::Field;
use super::change_key::{ChangeKey, Draft, Location, OnPath};
use super::content::{Key, Piece};
use std::collections::{HashMap, HashSet};

/// Where a change was shown: a node, and the place among its changes.
pub(super) type Place = (usize, usize);

/// Whether a change was shown before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// It was not.
    New,
    /// It was, at a place.
    RepeatOf(Place),
    /// A span that is new or gone shows it, or a failure.
    BySpan,
}

/// What was shown, and where; nowhere where a span that is new or gone shows it.
#[derive(Debug, Default)]
pub(super) struct ReportedChanges {
    facts: HashMap<ChangeKey, Option<Place>>,
    /// What was shown of values, by what they are.
    values: HashMap<(Key, ChangeKey), Vec<Place>>,
    /// Nodes of which all was shown.
    ended: HashSet<usize>,
    /// The messages of failures that were shown.
    failures: Vec<String>,
}

/// So many failures are looked for in what tools handed on.
const MOST_FAILURES: usize = 200;

/// Shorter messages stand in others by chance.
const SAYS_SOMETHING: usize = 8;

/// Whether a text shows the message of a failure.
pub(super) fn quotes(text: &str, message: &str) -> bool {
    text == message || (message.len() >= SAYS_SOMETHING && text.contains(message))
}

impl ReportedChanges {
    /// A span that is new or gone, or failed, shows it.
    pub(super) fn note(&mut self, fact: ChangeKey) {
        self.facts.entry(fact).or_insert(None);
    }

    /// The same of what such a span said.
    pub(super) fn note_piece(&mut self, location: Location<'_>, piece: &Piece, fact: fn(Key) -> ChangeKey) {
        let fact = fact(piece.words);
        if piece.is_distinctive {
            self.note(fact);
        }
        if let Some(place) = location.place(piece) {
            self.note(fact.within(place));
        }
    }

    /// A span shows that it failed.
    pub(super) fn note_failure(&mut self, message: &str) {
        if self.failures.len() < MOST_FAILURES && !self.failures.iter().any(|known| known == message) {
            self.failures.push(message.to_owned());
        }
    }

    /// Whether a piece is what a tool handed on of a failure that was shown.
    pub(super) fn is_failure(&self, piece: &Piece) -> bool {
        piece.is_result() && self.failures.iter().any(|message| quotes(&piece.text, message))
    }

    /// Whether a span that is new or gone shows what a piece says.
    pub(super) fn is_noted(&self, location: Location<'_>, piece: &Piece, fact: fn(Key) -> ChangeKey) -> bool {
        let fact = fact(piece.words);
        let is_noted = |fact: &ChangeKey| self.facts.get(fact).is_some_and(Option::is_none);
        // The key of a call holds its tool.
        let is_known = piece.is_distinctive || piece.is_call();
        is_known && is_noted(&fact) || location.sources(piece).iter().any(|place| is_noted(&fact.within(*place)))
    }

    /// Looks where a change was shown that is to be shown; if nowhere, it is shown now, at a place.
    pub(super) fn report(&mut self, draft: &Draft, place: Place) -> Report {
        if let Some(report) = self.known(draft, place) {
            return report;
        }
        for fact in &draft.reports {
            self.facts.entry(*fact).or_insert(Some(place));
        }
        for value in draft.path.iter().flat_map(|path| &path.reports) {
            self.values.entry(*value).or_default().push(place);
        }
        Report::New
    }

    fn known(&mut self, draft: &Draft, (node, _): Place) -> Option<Report> {
        for facts in &draft.known {
            let first = facts.first().filter(|_| facts.iter().all(|fact| self.facts.contains_key(fact)));
            match first.and_then(|fact| self.facts.get(fact)) {
                None => {}
                Some(None) => return Some(Report::BySpan),
                // Two arguments of a span are two.
                Some(Some((told, _))) if draft.is_member && *told == node => {}
                Some(Some(told)) => return Some(Report::RepeatOf(*told)),
            }
        }
        let path = draft.path.as_ref()?;
        self.passed_on(path, draft.change.field, node).map(Report::RepeatOf)
    }

    /// Where a value was shown at a span above, for what went in, or below, for what came out.
    fn passed_on(&mut self, path: &OnPath, field: Field, node: usize) -> Option<Place> {
        for value in &path.known {
            let Some(places) = self.values.get_mut(value) else { continue };
            if field == Field::Input {
                // What ended is above nothing that comes.
                while places.pop_if(|(told, _)| self.ended.contains(told)).is_some() {}
            }
            // Of what is shown when spans end, all since this one began is below it.
            let found =
                places.last().filter(|(told, _)| if field == Field::Input { *told != node } else { *told > node });
            if let Some(found) = found {
                return Some(*found);
            }
        }
        None
    }

    /// All of a node and those below it was shown.
    pub(super) fn end(&mut self, node: usize) {
        self.ended.insert(node);
    }
}

#[cfg(test)]
mod tests;
