//! One tree of the spans of two traces: that of the second, with what only the first has where it was.

use super::DiffNode;
use super::align::SpanPairing;
use super::span_index::SpanIndex;
use std::collections::HashMap;

/// A span of one of the traces, or of both.
type SpanPair = (Option<usize>, Option<usize>);

/// The spans of both traces as one tree, parents before children.
pub(super) fn build<'s>(a: &'s SpanIndex<'_>, b: &'s SpanIndex<'_>, pairing: &SpanPairing) -> Vec<DiffNode> {
    let mut nodes: Vec<DiffNode> = Vec::with_capacity(b.spans.len());
    let mut open: Vec<(SpanPair, Option<usize>)> = Vec::new();
    let push = |open: &mut Vec<(SpanPair, Option<usize>)>, pairs: Vec<SpanPair>, parent| {
        open.extend(pairs.into_iter().rev().map(|pair| (pair, parent)));
    };
    push(&mut open, family(a, &a.roots, &b.roots, pairing), None);
    while let Some(((of_a, of_b), parent)) = open.pop() {
        let depth = parent.map_or(0, |parent: usize| nodes[parent].depth + 1);
        let place = nodes.len();
        nodes.push(DiffNode { a: of_a, b: of_b, parent, depth, changes: Vec::new(), repeats: 0, ignored: 0 });
        let children = |side: &'s SpanIndex<'_>, at: Option<usize>| at.map_or(&[][..], |at| &side.children[at]);
        push(&mut open, family(a, children(a, of_a), children(b, of_b), pairing), Some(place));
    }
    nodes
}

/// So many spans around another are looked at for its place.
const MOST_AROUND: usize = 8;

/// The children of a span in both traces: those of the second, and before each of them what only the first has there.
fn family(a: &SpanIndex<'_>, of_a: &[usize], of_b: &[usize], pairing: &SpanPairing) -> Vec<SpanPair> {
    let places: HashMap<usize, usize> = of_a.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let is_gone = |at: &&usize| pairing.of_a[**at].is_none();
    let mut pairs = Vec::new();
    let mut next = 0;
    for at in of_b {
        let other = pairing.of_b[*at];
        // What stood within a span that is gone follows it.
        let mut above = std::iter::successors(other, |at| a.parents[*at]).skip(1).take(MOST_AROUND);
        let place = other.and_then(|other| places.get(&other).copied());
        let place = place.or_else(|| above.find_map(|above| Some(places.get(&above)? + 1)));
        if let Some(place) = place.filter(|place| *place > next) {
            pairs.extend(of_a[next..place].iter().filter(is_gone).map(|gone| (Some(*gone), None)));
            next = place;
        }
        pairs.push((other, Some(*at)));
    }
    pairs.extend(of_a[next..].iter().filter(is_gone).map(|gone| (Some(*gone), None)));
    pairs
}
