//! Compares two lists of pieces: replaced, added and removed ones, and another order.

use super::ChangedField;
use super::content::{Piece, PieceKey};
use super::draft::DraftChange;
use super::reported::{Location, Reported, TraceIndex};
use super::sequence::differing_ranges;
use std::collections::{HashMap, HashSet, VecDeque};

/// Returns the differences of two lists of pieces, in the order of the second, except pieces shown by unpaired spans.
pub(super) fn drafts(location: Location, a: &[Piece], b: &[Piece], reported: &Reported) -> Vec<DraftChange> {
    let (removed, added) = unmatched(a, b);
    let is_shown = |side: TraceIndex, piece: &Piece| reported.is_reported_by_span(location, side, piece);
    let mut others: HashMap<&str, VecDeque<&Piece>> = HashMap::new();
    let mut failed: HashMap<&str, usize> = HashMap::new();
    for piece in removed.iter().copied() {
        if piece.is_failure {
            *failed.entry(&piece.name).or_default() += 1;
        } else if !is_shown(TraceIndex::A, piece) {
            others.entry(&piece.name).or_default().push_back(piece);
        }
    }
    let mut drafts = Vec::new();
    // Pieces shown by an added span come last; they only count if they replace a piece that no span shows.
    let (shown, added): (Vec<&Piece>, Vec<&Piece>) =
        added.into_iter().partition(|piece| is_shown(TraceIndex::B, piece));
    let added = added.into_iter().map(|piece| (piece, false));
    for (piece, is_shown) in added.chain(shown.into_iter().map(|piece| (piece, true))) {
        let other = others.get_mut(piece.name.as_str()).filter(|_| !piece.is_failure).and_then(VecDeque::pop_front);
        let failures = failed.entry(&piece.name).or_default();
        if other.is_none() && !is_shown && *failures > 0 {
            // It replaces a failure, which was reported.
            *failures -= 1;
        } else if other.is_some() || !is_shown {
            drafts.push(DraftChange::text(location.field, other, Some(piece)));
        }
    }
    let unpaired: HashSet<*const Piece> = others.into_values().flatten().map(std::ptr::from_ref).collect();
    let removed = removed.into_iter().filter(|piece| unpaired.contains(&std::ptr::from_ref(*piece)));
    drafts.extend(removed.map(|piece| DraftChange::text(location.field, Some(piece), None)));
    drafts.extend(order_change(location.field, a, b));
    drafts
}

/// Returns the pieces that only the first list has, and those that only the second has. Moved pieces are in neither.
pub(super) fn unmatched<'p>(a: &'p [Piece], b: &'p [Piece]) -> (Vec<&'p Piece>, Vec<&'p Piece>) {
    let keys = |list: &[Piece]| list.iter().map(Piece::key).collect::<Vec<PieceKey>>();
    let found = differing_ranges(&keys(a), &keys(b));
    let removed: Vec<&Piece> = found.iter().flat_map(|(in_a, _)| &a[in_a.clone()]).collect();
    let added: Vec<&Piece> = found.iter().flat_map(|(_, in_b)| &b[in_b.clone()]).collect();
    (without_matches(&removed, &added), without_matches(&added, &removed))
}

/// Returns the change of the order of shared messages. Tool calls are left out: parallel tools may answer in any order.
fn order_change(field: ChangedField, a: &[Piece], b: &[Piece]) -> Option<DraftChange> {
    let is_message = |piece: &&Piece| !piece.is_member && !piece.is_call() && !piece.is_result();
    let keys = |list: &[Piece]| list.iter().filter(is_message).map(Piece::key).collect::<HashSet<PieceKey>>();
    let (keys_a, keys_b) = (keys(a), keys(b));
    let shared = |list: &[Piece]| {
        let mut seen = HashSet::new();
        let mut is_first = |piece: &&Piece| seen.insert(piece.key());
        let is_in_both = |piece: &&Piece| keys_a.contains(&piece.key()) && keys_b.contains(&piece.key());
        let messages = list.iter().filter(is_message).filter(is_in_both).filter(&mut is_first);
        let start = |piece: &Piece| piece.text.chars().take(MAX_PREVIEW_CHARS).collect::<String>();
        let messages: Vec<(PieceKey, String)> =
            messages.map(|piece| (piece.key(), format!("{}: {}", piece.name, start(piece)))).collect();
        messages
    };
    let (shared_a, shared_b) = (shared(a), shared(b));
    let text =
        |messages: &[(PieceKey, String)]| messages.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
    let is_moved = shared_a.iter().map(|(key, _)| key).ne(shared_b.iter().map(|(key, _)| key));
    let piece = |messages: &[(PieceKey, String)]| Piece::new("order", text(messages));
    is_moved.then(|| DraftChange::text(field, Some(&piece(&shared_a)), Some(&piece(&shared_b))))
}

/// Maximum number of characters shown of each message in a change of order.
const MAX_PREVIEW_CHARS: usize = 40;

/// Removes the pieces that another list also has, each as often as it occurs there.
fn without_matches<'p>(list: &[&'p Piece], other: &[&Piece]) -> Vec<&'p Piece> {
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
