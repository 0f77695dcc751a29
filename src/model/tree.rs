//! Spans as a tree: parents first, children by start time, whatever order and damage they were stored with.

use super::{Span, SpanId};
use std::collections::HashMap;

/// Where a span stands in the tree; the n-th node belongs to the n-th span of an arranged list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for roots.
    pub depth: usize,
    /// The parent's place in the list; `None` for roots and for spans whose parent is missing.
    pub parent: Option<usize>,
    /// Whether a parent is recorded that the trace does not hold.
    pub is_orphan: bool,
}

/// Puts spans into tree order, and returns the tree node of each. Works without recursion, so that any depth is safe.
///
/// Spans whose parent is missing become roots. A cycle is opened at its earliest span. Of several spans with the same id,
/// only the first is kept; the number of those dropped is returned.
#[must_use]
pub fn arrange(spans: Vec<Span>) -> (Vec<Span>, Vec<Node>, usize) {
    let total = spans.len();
    let mut index: HashMap<SpanId, usize> = HashMap::with_capacity(total);
    let mut kept: Vec<Option<Span>> = Vec::with_capacity(total);
    for span in spans {
        if !index.contains_key(&span.id) {
            index.insert(span.id.clone(), kept.len());
            kept.push(Some(span));
        }
    }
    let dropped = total - kept.len();

    let mut roots = Vec::new();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); kept.len()];
    let mut orphan = vec![false; kept.len()];
    let mut key = Vec::with_capacity(kept.len());
    for (at, span) in kept.iter().enumerate() {
        let Some(span) = span else { continue };
        key.push((span.start, span.id.clone()));
        match span.parent.as_ref().map(|parent| index.get(parent)) {
            Some(Some(&parent)) if parent != at => children[parent].push(at),
            Some(None) => {
                orphan[at] = true;
                roots.push(at);
            }
            _ => roots.push(at),
        }
    }
    for list in children.iter_mut().chain([&mut roots]) {
        list.sort_by(|a, b| key[*a].cmp(&key[*b]));
    }

    let mut order = Vec::with_capacity(kept.len());
    let mut seen = vec![false; kept.len()];
    let mut by_start: Vec<usize> = (0..kept.len()).collect();
    by_start.sort_by(|a, b| key[*a].cmp(&key[*b]));
    // After the roots, whatever is left hangs on a cycle: open each at its earliest span.
    for start in roots.into_iter().chain(by_start) {
        let mut stack = vec![(start, None, 0)];
        while let Some((at, parent, depth)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let place = order.len();
            order.push((at, Node { depth, parent, is_orphan: orphan[at] }));
            stack.extend(children[at].iter().rev().map(|child| (*child, Some(place), depth + 1)));
        }
    }
    let (spans, nodes): (Vec<Span>, _) =
        order.into_iter().filter_map(|(at, node)| Some((kept[at].take()?, node))).unzip();
    (spans, nodes, dropped)
}

/// Which spans of a tree have one above them for which something holds.
#[must_use]
pub fn have_above(nodes: &[Node], holds: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut above: Vec<bool> = Vec::with_capacity(nodes.len());
    // Parents come before children, so a parent's answer is known.
    for node in nodes {
        above.push(node.parent.is_some_and(|parent| above[parent] || holds(parent)));
    }
    above
}

/// Which spans of a tree have one below them for which something holds.
#[must_use]
pub fn have_below(nodes: &[Node], holds: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut below = vec![false; nodes.len()];
    // Children come after parents, so that all of a span's own were looked at before it.
    for at in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[at].parent
            && (below[at] || holds(at))
        {
            below[parent] = true;
        }
    }
    below
}
