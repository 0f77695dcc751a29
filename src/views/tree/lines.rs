//! Lines of a tree of spans.

use crate::model::{SpanId, Spans, has_descendant_where};
use std::collections::HashMap;
use std::ops::Range;

/// Content of a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineContent<'a> {
    /// A span, by its index.
    Span(usize),
    /// Heading for spans whose parent is not stored, with its id.
    MissingParent(&'a SpanId),
    /// Trace record, in place of a root that is not stored.
    Record,
}

/// Line of the tree.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) content: LineContent<'a>,
    /// Number of levels above.
    pub(super) depth: usize,
    /// Whether the line is shown only because a descendant is.
    pub(super) is_context: bool,
}

impl Line<'_> {
    /// Index of the span on this line, if any.
    pub(super) const fn span(&self) -> Option<usize> {
        if let LineContent::Span(at) = self.content { Some(at) } else { None }
    }
}

/// Returns the lines of a tree: the spans to show, with their ancestors.
pub(super) fn lines<'a>(spans: &'a Spans, shown: &[bool]) -> Vec<Line<'a>> {
    let is_context = |content| matches!(content, LineContent::Span(at) if !shown[at]);
    let order = line_order(spans, &find_visible(spans, shown)).into_iter();
    order.map(|(content, depth)| Line { content, depth, is_context: is_context(content) }).collect()
}

/// Returns for each span whether it or any descendant is shown.
fn find_visible(spans: &Spans, shown: &[bool]) -> Vec<bool> {
    let below = has_descendant_where(&spans.nodes, |at| shown[at]);
    shown.iter().zip(below).map(|(shown, below)| *shown || below).collect()
}

/// Returns the contents of the lines with their depths. If no root is stored (the client failed to send it, or was
/// killed), all spans are below the trace record. Spans with the same missing parent are below a heading with its id,
/// unless that parent can only be the root.
fn line_order<'a>(spans: &'a Spans, is_visible: &[bool]) -> Vec<(LineContent<'a>, usize)> {
    let groups = root_groups(spans);
    let has_root = groups.iter().any(|(missing, _)| missing.is_none());
    let names_parents = has_root || groups.len() > 1;
    let base = usize::from(!has_root);
    let mut order = Vec::new();
    if !has_root && is_visible.contains(&true) {
        order.push((LineContent::Record, 0));
    }
    for (missing, subtrees) in groups {
        let visible = subtrees.into_iter().flatten().filter(|at| is_visible[*at]);
        let mut visible = visible.peekable();
        let heading = missing.filter(|_| names_parents && visible.peek().is_some());
        order.extend(heading.map(|parent| (LineContent::MissingParent(parent), base)));
        let base = base + usize::from(heading.is_some());
        order.extend(visible.map(|at| (LineContent::Span(at), spans.nodes[at].depth + base)));
    }
    order
}

/// Returns the subtrees, as ranges of the list: one group per root, and one per missing parent with its orphans.
fn root_groups(spans: &Spans) -> Vec<(Option<&SpanId>, Vec<Range<usize>>)> {
    let starts: Vec<usize> = (0..spans.list.len()).filter(|at| spans.nodes[*at].parent.is_none()).collect();
    let ends = starts.iter().skip(1).copied().chain([spans.list.len()]);
    let mut index_of_parent: HashMap<&SpanId, usize> = HashMap::new();
    let mut groups: Vec<(Option<&SpanId>, Vec<Range<usize>>)> = Vec::new();
    for (&start, end) in starts.iter().zip(ends) {
        let missing = spans.list[start].parent.as_ref().filter(|_| spans.nodes[start].is_orphan);
        let next = groups.len();
        let index = missing.map_or(next, |parent| *index_of_parent.entry(parent).or_insert(next));
        if index == next {
            groups.push((missing, Vec::new()));
        }
        groups[index].1.push(start..end);
    }
    groups
}
