//! The span tree: parents first, children by start time. Input may be damaged and in any order.

use super::{Span, SpanId};
use std::collections::HashMap;

/// The position of a span in the tree. The n-th node belongs to the n-th span of an arranged list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for roots.
    pub depth: usize,
    /// The parent's index in the list; `None` for roots and for spans whose parent is missing.
    pub parent: Option<usize>,
    /// Whether the recorded parent is missing from the trace.
    pub is_orphan: bool,
}

/// Sorts spans into tree order. Returns the spans, the node of each, and the number of dropped spans. Not recursive, so
/// that any depth is safe.
///
/// Spans whose parent is missing become roots. A cycle is broken at its earliest span. Of several spans with the same
/// id, only the first is kept; the others are dropped.
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
    // Spans that are not reachable from a root belong to a cycle or descend from one: break each at its earliest span.
    for start in roots.into_iter().chain(by_start) {
        let mut stack = vec![(start, None, 0)];
        while let Some((at, parent, depth)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let position = order.len();
            order.push((at, Node { depth, parent, is_orphan: orphan[at] }));
            stack.extend(children[at].iter().rev().map(|child| (*child, Some(position), depth + 1)));
        }
    }
    let (spans, nodes): (Vec<Span>, _) =
        order.into_iter().filter_map(|(at, node)| Some((kept[at].take()?, node))).unzip();
    (spans, nodes, dropped)
}

/// Returns for each span whether a predicate holds for one of its ancestors.
#[must_use]
pub fn has_ancestor_where(nodes: &[Node], holds: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut above: Vec<bool> = Vec::with_capacity(nodes.len());
    // Parents come before children, so the parent's result is known.
    for node in nodes {
        above.push(node.parent.is_some_and(|parent| above[parent] || holds(parent)));
    }
    above
}

/// Returns for each span whether a predicate holds for one of its descendants.
#[must_use]
pub fn has_descendant_where(nodes: &[Node], holds: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut below = vec![false; nodes.len()];
    // Children come after parents, so in reverse order all children of a span are done before it.
    for at in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[at].parent
            && (below[at] || holds(at))
        {
            below[parent] = true;
        }
    }
    below
}
