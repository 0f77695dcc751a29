//! Longest common subsequence of two lists of keys.

use super::content::PieceKey;
use imara_diff::{Algorithm, Diff, InternedInput};
use std::ops::Range;

/// A range of each list at which the two differ.
pub(super) type DifferingRange = (Range<usize>, Range<usize>);

/// Maximum total length for a minimal diff; longer lists get a nearly minimal one, which is faster.
const MAX_MINIMAL_DIFF_ITEMS: usize = 2_000;

/// Returns the ranges where two lists of keys differ, in order.
pub(super) fn differing_ranges(a: &[PieceKey], b: &[PieceKey]) -> Vec<DifferingRange> {
    let mut input = InternedInput::default();
    input.update_before(a.iter().copied());
    input.update_after(b.iter().copied());
    let algorithm =
        if a.len() + b.len() <= MAX_MINIMAL_DIFF_ITEMS { Algorithm::MyersMinimal } else { Algorithm::Myers };
    let indices = |range: Range<u32>| range.start as usize..range.end as usize;
    Diff::compute(algorithm, &input).hunks().map(|hunk| (indices(hunk.before), indices(hunk.after))).collect()
}

/// Returns the index pairs of equal items: all outside the differing ranges.
pub(super) fn equal_pairs(differing: &[DifferingRange], length_a: usize) -> impl Iterator<Item = (usize, usize)> {
    let ends = differing.iter().map(|(a, _)| a.start).chain([length_a]);
    let starts = [(0, 0)].into_iter().chain(differing.iter().map(|(a, b)| (a.end, b.end)));
    starts.zip(ends).flat_map(|((a, b), end)| (a..end).enumerate().map(move |(offset, at)| (at, b + offset)))
}
