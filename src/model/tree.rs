//! The span tree: parents first, children by start time. Input may be damaged and in any order.

use super::{Span, SpanId};

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
pub fn arrange(mut spans: Vec<Span>) -> (Vec<Span>, Vec<Node>, usize) {
    let mut by_id = sorted_by_id(&spans);
    let total = spans.len();
    if by_id.windows(2).any(|pair| spans[pair[0]].id == spans[pair[1]].id) {
        drop_repeated(&mut spans, &by_id);
        by_id = sorted_by_id(&spans);
    }
    let dropped = total - spans.len();
    let order = tree_order(&spans, &by_id);
    // Most stores hold the spans of a trace in this order.
    if order.iter().enumerate().any(|(position, (at, _))| position != *at) {
        let mut unordered: Vec<Option<Span>> = spans.into_iter().map(Some).collect();
        spans = order.iter().filter_map(|(at, _)| unordered[*at].take()).collect();
    }
    (spans, order.into_iter().map(|(_, node)| node).collect(), dropped)
}

/// Drops the spans whose id an earlier span has.
fn drop_repeated(spans: &mut Vec<Span>, by_id: &[usize]) {
    let mut is_repeated = vec![false; spans.len()];
    for pair in by_id.windows(2) {
        is_repeated[pair[1]] = spans[pair[0]].id == spans[pair[1]].id;
    }
    let mut is_repeated = is_repeated.into_iter();
    spans.retain(|_| is_repeated.next() != Some(true));
}

/// Returns the indices of spans, sorted by id.
fn sorted_by_id(spans: &[Span]) -> Vec<usize> {
    let mut by_id: Vec<usize> = (0..spans.len()).collect();
    // A stable sort keeps the first of several spans with the same id first.
    by_id.sort_by(|a, b| spans[*a].id.cmp(&spans[*b].id));
    by_id
}

/// Returns the index of each span and its node, in tree order. `by_id` = the indices sorted by id; ids are unique.
fn tree_order(spans: &[Span], by_id: &[usize]) -> Vec<(usize, Node)> {
    let find = |id: &SpanId| by_id.binary_search_by(|at| spans[*at].id.cmp(id)).ok().map(|found| by_id[found]);
    let mut roots = Vec::new();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut orphan = vec![false; spans.len()];
    for (at, span) in spans.iter().enumerate() {
        match span.parent.as_ref().map(find) {
            Some(Some(parent)) if parent != at => children[parent].push(at),
            Some(None) => {
                orphan[at] = true;
                roots.push(at);
            }
            _ => roots.push(at),
        }
    }
    let by_start = |a: &usize, b: &usize| {
        let (a, b) = (&spans[*a], &spans[*b]);
        a.start.cmp(&b.start).then_with(|| a.id.cmp(&b.id))
    };
    for list in children.iter_mut().chain([&mut roots]) {
        list.sort_by(by_start);
    }
    let mut order = Vec::with_capacity(spans.len());
    let mut seen = vec![false; spans.len()];
    let mut stack = Vec::new();
    let mut add_subtree = |start: usize, order: &mut Vec<(usize, Node)>| {
        stack.push((start, None, 0));
        while let Some((at, parent, depth)) = stack.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let position = order.len();
            order.push((at, Node { depth, parent, is_orphan: orphan[at] }));
            stack.extend(children[at].iter().rev().map(|child| (*child, Some(position), depth + 1)));
        }
    };
    for start in roots {
        add_subtree(start, &mut order);
    }
    if order.len() < spans.len() {
        // Spans that are not reachable from a root belong to a cycle or descend from one: break each at its earliest
        // span.
        let mut rest: Vec<usize> = (0..spans.len()).collect();
        rest.sort_by(by_start);
        for start in rest {
            add_subtree(start, &mut order);
        }
    }
    order
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
