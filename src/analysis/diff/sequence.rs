//! What two lists have in common, in order.

use super::content::PieceKey;
use imara_diff::{Algorithm, Diff, InternedInput};
use std::ops::Range;

/// Places in two lists between which they are not alike.
pub(super) type DifferingRange = (Range<usize>, Range<usize>);

/// Shorter lists are compared for the least difference; of longer ones one that is nearly the least is found in time.
const SHORT: usize = 2_000;

/// The places where two lists of keys differ, in order.
pub(super) fn gaps(a: &[PieceKey], b: &[PieceKey]) -> Vec<DifferingRange> {
    let mut input = InternedInput::default();
    input.update_before(a.iter().copied());
    input.update_after(b.iter().copied());
    let algorithm = if a.len() + b.len() <= SHORT { Algorithm::MyersMinimal } else { Algorithm::Myers };
    let places = |range: Range<u32>| range.start as usize..range.end as usize;
    Diff::compute(algorithm, &input).hunks().map(|hunk| (places(hunk.before), places(hunk.after))).collect()
}

/// The places of what is alike: all outside of the gaps, pair by pair.
pub(super) fn alike(gaps: &[DifferingRange], length_of_a: usize) -> impl Iterator<Item = (usize, usize)> {
    let ends = gaps.iter().map(|(a, _)| a.start).chain([length_of_a]);
    let starts = [(0, 0)].into_iter().chain(gaps.iter().map(|(a, b)| (a.end, b.end)));
    starts.zip(ends).flat_map(|((a, b), end)| (a..end).enumerate().map(move |(offset, at)| (at, b + offset)))
}
