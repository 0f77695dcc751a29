//! What of two lists of pieces is not the same: what took the place of what, what came, what went.

use super::change_key::{ChangeKey, Draft, Location};
use super::content::{Key, Piece};
use super::reported::ReportedChanges;
use super::sequence::gaps;
use std::collections::{HashMap, HashSet, VecDeque};

/// The differences of two lists of pieces, in the order of the second. What spans show that are new or gone is none.
pub(super) fn drafts(location: Location<'_>, a: &[Piece], b: &[Piece], reported: &ReportedChanges) -> Vec<Draft> {
    let (gone, new) = changed(a, b);
    let went = Noted::of(a, location, reported, ChangeKey::Removed);
    let came = Noted::of(b, location, reported, ChangeKey::Added);
    let mut others: HashMap<&str, VecDeque<&Piece>> = HashMap::new();
    let mut failed: HashMap<&str, usize> = HashMap::new();
    for piece in gone.iter().copied() {
        if reported.is_failure(piece) {
            *failed.entry(&piece.name).or_default() += 1;
        } else if !went.has(piece) {
            others.entry(&piece.name).or_default().push_back(piece);
        }
    }
    let mut drafts = Vec::new();
    let (shown_by_spans, new): (Vec<&Piece>, Vec<&Piece>) = new.into_iter().partition(|piece| came.has(piece));
    for piece in new {
        if let Some(other) = others.get_mut(piece.name.as_str()).and_then(VecDeque::pop_front) {
            drafts.push(Draft::text(location, other, piece));
        } else if let Some(count) = failed.get_mut(piece.name.as_str()).filter(|count| **count > 0) {
            // What is there because a failure is not, which was shown.
            *count -= 1;
        } else {
            drafts.push(Draft::single(location, piece, true));
        }
    }
    // What a new span shows too may have taken the place of something that none shows.
    for piece in shown_by_spans {
        let other = others.get_mut(piece.name.as_str()).and_then(VecDeque::pop_front);
        let other = other.filter(|_| !reported.is_failure(piece));
        drafts.extend(other.map(|other| Draft::text(location, other, piece)));
    }
    let is_left = |piece: &&&Piece| {
        others.get(piece.name.as_str()).is_some_and(|left| left.iter().any(|one| std::ptr::eq(*one, **piece)))
    };
    drafts.extend(gone.iter().filter(is_left).map(|piece| Draft::single(location, piece, false)));
    drafts.extend(order(location, a, b));
    drafts
}

/// The pieces that only one of two lists has. What stands at another place has not changed.
pub(super) fn changed<'p>(a: &'p [Piece], b: &'p [Piece]) -> (Vec<&'p Piece>, Vec<&'p Piece>) {
    let keys = |list: &[Piece]| list.iter().map(Piece::key).collect::<Vec<Key>>();
    let found = gaps(&keys(a), &keys(b));
    let gone: Vec<&Piece> = found.iter().flat_map(|(in_a, _)| &a[in_a.clone()]).collect();
    let new: Vec<&Piece> = found.iter().flat_map(|(_, in_b)| &b[in_b.clone()]).collect();
    (without(&gone, &new), without(&new, &gone))
}

/// Another order of what was said in both. Tools that are called at once answer in any order.
fn order(location: Location<'_>, a: &[Piece], b: &[Piece]) -> Option<Draft> {
    let is_said = |piece: &&Piece| !piece.is_member && !piece.is_call() && !piece.is_result();
    let keys = |list: &[Piece]| list.iter().filter(is_said).map(Piece::key).collect::<HashSet<Key>>();
    let (of_a, of_b) = (keys(a), keys(b));
    let both = |list: &[Piece]| {
        let mut seen = HashSet::new();
        let mut is_first = |piece: &&Piece| seen.insert(piece.key());
        let is_in_both = |piece: &&Piece| of_a.contains(&piece.key()) && of_b.contains(&piece.key());
        let told = list.iter().filter(is_said).filter(is_in_both).filter(&mut is_first);
        let start = |piece: &Piece| piece.text.chars().take(SHOWN_OF_EACH).collect::<String>();
        let told: Vec<(Key, String)> =
            told.map(|piece| (piece.key(), format!("{}: {}", piece.name, start(piece)))).collect();
        told
    };
    let (of_a, of_b) = (both(a), both(b));
    let text = |told: &[(Key, String)]| told.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    let is_moved = of_a.iter().map(|(key, _)| key).ne(of_b.iter().map(|(key, _)| key));
    let piece = |told: &[(Key, String)]| Piece::new("order", text(told));
    is_moved.then(|| Draft::text(location, &piece(&of_a), &piece(&of_b)))
}

/// So many characters of each message show which one it is.
const SHOWN_OF_EACH: usize = 40;

/// The pieces of a list without those that another has too, as often as it has them.
fn without<'p>(list: &[&'p Piece], other: &[&Piece]) -> Vec<&'p Piece> {
    let mut counts: HashMap<Key, usize> = HashMap::new();
    for piece in other {
        *counts.entry(piece.key()).or_default() += 1;
    }
    let is_left = |piece: &&&Piece| match counts.get_mut(&piece.key()).filter(|count| **count > 0) {
        Some(count) => {
            *count -= 1;
            false
        }
        None => true,
    };
    list.iter().filter(is_left).copied().collect()
}

/// What of a list is shown by spans that are new or gone: their answers, calls of tools, and what came back from these.
struct Noted<'p> {
    location: Location<'p>,
    reported: &'p ReportedChanges,
    fact: fn(Key) -> ChangeKey,
    calls: HashSet<&'p str>,
}

impl<'p> Noted<'p> {
    fn of(
        list: &'p [Piece],
        location: Location<'p>,
        reported: &'p ReportedChanges,
        fact: fn(Key) -> ChangeKey,
    ) -> Self {
        let noted = list.iter().filter(|piece| reported.is_noted(location, piece, fact));
        Self { location, reported, fact, calls: noted.filter_map(|piece| piece.call.as_deref()).collect() }
    }

    fn has(&self, piece: &Piece) -> bool {
        let answers = || piece.call.as_deref().is_some_and(|call| self.calls.contains(call));
        self.reported.is_noted(self.location, piece, self.fact) || self.reported.is_failure(piece) || answers()
    }
}
