//! What of two lists of pieces is not the same: what took the place of what, what came, what went.

use super::ChangedField;
use super::content::{Piece, PieceKey};
use super::draft::DraftChange;
use super::reported::{Location, Reported, TraceIndex};
use super::sequence::gaps;
use std::collections::{HashMap, HashSet, VecDeque};

/// The differences of two lists of pieces, in the order of the second, without those that spans of one trace show.
pub(super) fn drafts(location: Location, a: &[Piece], b: &[Piece], reported: &Reported) -> Vec<DraftChange> {
    let (gone, new) = changed(a, b);
    let is_shown = |side: TraceIndex, piece: &Piece| reported.is_reported_by_span(location, side, piece);
    let mut others: HashMap<&str, VecDeque<&Piece>> = HashMap::new();
    let mut failed: HashMap<&str, usize> = HashMap::new();
    for piece in gone.iter().copied() {
        if piece.is_failure {
            *failed.entry(&piece.name).or_default() += 1;
        } else if !is_shown(TraceIndex::A, piece) {
            others.entry(&piece.name).or_default().push_back(piece);
        }
    }
    let mut drafts = Vec::new();
    // What a new span shows may have taken the place of something that none shows; it comes last.
    let (shown, new): (Vec<&Piece>, Vec<&Piece>) = new.into_iter().partition(|piece| is_shown(TraceIndex::B, piece));
    let new = new.into_iter().map(|piece| (piece, false));
    for (piece, is_shown) in new.chain(shown.into_iter().map(|piece| (piece, true))) {
        let other = others.get_mut(piece.name.as_str()).filter(|_| !piece.is_failure).and_then(VecDeque::pop_front);
        let failures = failed.entry(&piece.name).or_default();
        if other.is_none() && !is_shown && *failures > 0 {
            // It is there because a failure is not, which was reported.
            *failures -= 1;
        } else if other.is_some() || !is_shown {
            drafts.push(DraftChange::text(location.field, other, Some(piece)));
        }
    }
    let left: HashSet<*const Piece> = others.into_values().flatten().map(std::ptr::from_ref).collect();
    let gone = gone.into_iter().filter(|piece| left.contains(&std::ptr::from_ref(*piece)));
    drafts.extend(gone.map(|piece| DraftChange::text(location.field, Some(piece), None)));
    drafts.extend(order(location.field, a, b));
    drafts
}

/// The pieces that only one of two lists has. What stands at another place has not changed.
pub(super) fn changed<'p>(a: &'p [Piece], b: &'p [Piece]) -> (Vec<&'p Piece>, Vec<&'p Piece>) {
    let keys = |list: &[Piece]| list.iter().map(Piece::key).collect::<Vec<PieceKey>>();
    let found = gaps(&keys(a), &keys(b));
    let gone: Vec<&Piece> = found.iter().flat_map(|(in_a, _)| &a[in_a.clone()]).collect();
    let new: Vec<&Piece> = found.iter().flat_map(|(_, in_b)| &b[in_b.clone()]).collect();
    (without(&gone, &new), without(&new, &gone))
}

/// Another order of what was said in both. Tools that are called at once answer in any order.
fn order(field: ChangedField, a: &[Piece], b: &[Piece]) -> Option<DraftChange> {
    let is_said = |piece: &&Piece| !piece.is_member && !piece.is_call() && !piece.is_result();
    let keys = |list: &[Piece]| list.iter().filter(is_said).map(Piece::key).collect::<HashSet<PieceKey>>();
    let (of_a, of_b) = (keys(a), keys(b));
    let both = |list: &[Piece]| {
        let mut seen = HashSet::new();
        let mut is_first = |piece: &&Piece| seen.insert(piece.key());
        let is_in_both = |piece: &&Piece| of_a.contains(&piece.key()) && of_b.contains(&piece.key());
        let told = list.iter().filter(is_said).filter(is_in_both).filter(&mut is_first);
        let start = |piece: &Piece| piece.text.chars().take(SHOWN_OF_EACH).collect::<String>();
        let told: Vec<(PieceKey, String)> =
            told.map(|piece| (piece.key(), format!("{}: {}", piece.name, start(piece)))).collect();
        told
    };
    let (of_a, of_b) = (both(a), both(b));
    let text = |told: &[(PieceKey, String)]| told.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    let is_moved = of_a.iter().map(|(key, _)| key).ne(of_b.iter().map(|(key, _)| key));
    let piece = |told: &[(PieceKey, String)]| Piece::new("order", text(told));
    is_moved.then(|| DraftChange::text(field, Some(&piece(&of_a)), Some(&piece(&of_b))))
}

/// So many characters of each message show which one it is.
const SHOWN_OF_EACH: usize = 40;

/// The pieces of a list without those that another has too, as often as it has them.
fn without<'p>(list: &[&'p Piece], other: &[&Piece]) -> Vec<&'p Piece> {
    let mut counts: HashMap<PieceKey, usize> = HashMap::new();
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
