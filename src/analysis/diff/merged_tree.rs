//! Merges the span trees of two traces: the tree of the second, plus the spans that only the first has, at their
//! original position.

use super::DiffNode;
use super::align::SpanPairing;
use super::span_index::SpanIndex;
use std::collections::HashMap;

/// The span index in the first and in the second trace.
type SpanPair = (Option<usize>, Option<usize>);

/// Returns the spans of both traces as one tree, parents before children.
pub(super) fn build<'s>(a: &'s SpanIndex<'_>, b: &'s SpanIndex<'_>, pairing: &SpanPairing) -> Vec<DiffNode> {
    let mut nodes: Vec<DiffNode> = Vec::with_capacity(b.spans.len());
    let mut open: Vec<(SpanPair, Option<usize>)> = Vec::new();
    let push = |open: &mut Vec<(SpanPair, Option<usize>)>, pairs: Vec<SpanPair>, parent| {
        open.extend(pairs.into_iter().rev().map(|pair| (pair, parent)));
    };
    push(&mut open, merge_children(a, &a.roots, &b.roots, pairing), None);
    while let Some(((at_a, at_b), parent)) = open.pop() {
        let depth = parent.map_or(0, |parent: usize| nodes[parent].depth + 1);
        let place = nodes.len();
        nodes.push(DiffNode { a: at_a, b: at_b, parent, depth, changes: Vec::new(), repeats: 0, ignored: 0 });
        let children = |side: &'s SpanIndex<'_>, at: Option<usize>| at.map_or(&[][..], |at| &side.children[at]);
        push(&mut open, merge_children(a, children(a, at_a), children(b, at_b), pairing), Some(place));
    }
    nodes
}

/// Maximum number of ancestors searched for the position of a span.
const MAX_ANCESTORS: usize = 8;

/// Merges the children of a span: those of the second trace, each preceded by the ones that only the first has there.
fn merge_children(
    a: &SpanIndex<'_>,
    children_a: &[usize],
    children_b: &[usize],
    pairing: &SpanPairing,
) -> Vec<SpanPair> {
    let places: HashMap<usize, usize> = children_a.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let is_gone = |at: &&usize| pairing.a_to_b[**at].is_none();
    let mut pairs = Vec::new();
    let mut next = 0;
    for at in children_b {
        let other = pairing.b_to_a[*at];
        // A span from inside a removed wrapper follows that wrapper.
        let mut ancestors = std::iter::successors(other, |at| a.parents[*at]).skip(1).take(MAX_ANCESTORS);
        let place = other.and_then(|other| places.get(&other).copied());
        let place = place.or_else(|| ancestors.find_map(|ancestor| Some(places.get(&ancestor)? + 1)));
        if let Some(place) = place.filter(|place| *place > next) {
            pairs.extend(children_a[next..place].iter().filter(is_gone).map(|gone| (Some(*gone), None)));
            next = place;
        }
        pairs.push((other, Some(*at)));
    }
    pairs.extend(children_a[next..].iter().filter(is_gone).map(|gone| (Some(*gone), None)));
    pairs
}
