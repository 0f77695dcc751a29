//! Lines of a tree and their guides.

use crate::model::{SpanId, Spans, has_descendant_where};
use crate::output::text::width;
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
    /// Guides before the line.
    pub(super) guide: Guide,
    /// Whether the line is shown only because a descendant is.
    pub(super) is_context: bool,
}

/// Width of a level, in columns.
const LEVEL_WIDTH: usize = 3;
/// Maximum number of levels drawn at any width, to bound the time and size of a line.
const MAX_LEVELS: usize = 80;
/// Number of levels whose columns are used for the count of omitted levels.
const OMITTED_MARK_LEVELS: usize = 2;
/// Minimum width that guides leave for a name.
pub(in crate::views) const MIN_NAME_WIDTH: usize = 12;
/// Minimum width available to guides.
const MIN_GUIDE_WIDTH: usize = 12;

/// Guides drawn before a line to show its position in a tree.
#[derive(Debug)]
pub(in crate::views) struct Guide {
    /// Number of levels above.
    depth: usize,
    /// For each of the innermost levels, up to [`MAX_LEVELS`], whether a later line is on that level.
    follows: Vec<bool>,
    /// Whether the next line is one level deeper.
    has_children: bool,
}

impl Line<'_> {
    /// Index of the span on this line, if any.
    pub(super) const fn span(&self) -> Option<usize> {
        if let LineContent::Span(at) = self.content { Some(at) } else { None }
    }
}

impl Guide {
    /// Width in columns.
    pub(in crate::views) fn width(&self) -> usize {
        self.depth.min(MAX_LEVELS) * LEVEL_WIDTH
    }

    /// Renders the guides before the name and those before the lines below it, in up to `room` columns but at least
    /// [`MIN_GUIDE_WIDTH`]. Outer levels that do not fit are replaced by their count.
    pub(in crate::views) fn render(&self, unicode: bool, room: usize) -> (String, String) {
        let (branch, last, pipe) = if unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
        let levels = (room.max(MIN_GUIDE_WIDTH) / LEVEL_WIDTH).min(MAX_LEVELS);
        let drawn = if self.depth > levels { levels - OMITTED_MARK_LEVELS } else { self.depth };
        let outer = self.depth - drawn;
        let mark = match (outer, unicode) {
            (0, _) => String::new(),
            (_, true) => format!("{:<1$}", format!("⋯{outer} "), OMITTED_MARK_LEVELS * LEVEL_WIDTH),
            (_, false) => format!("{:<1$}", format!("..{outer} "), OMITTED_MARK_LEVELS * LEVEL_WIDTH),
        };
        let space = " ".repeat(width(&mark));
        let shown = &self.follows[self.follows.len() - drawn..];
        let above = shown.iter().take(shown.len().saturating_sub(1));
        let above: String = above.map(|follows| if *follows { pipe } else { "   " }).collect();
        let to_children = if self.has_children { pipe } else { "   " };
        match shown.last() {
            None => (String::new(), to_children.to_owned()),
            Some(true) => (format!("{mark}{above}{branch}"), format!("{space}{above}{pipe}{to_children}")),
            Some(false) => (format!("{mark}{above}{last}"), format!("{space}{above}   {to_children}")),
        }
    }
}

/// Returns the lines of a tree: the spans to show, with their ancestors.
pub(super) fn lines<'a>(spans: &'a Spans, shown: &[bool]) -> Vec<Line<'a>> {
    let mut lines = with_guides(&line_order(spans, &find_visible(spans, shown)));
    for line in &mut lines {
        line.is_context = line.span().is_some_and(|at| !shown[at]);
    }
    lines
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

fn with_guides<'a>(order: &[(LineContent<'a>, usize)]) -> Vec<Line<'a>> {
    let guides = guides(order.iter().map(|(_, depth)| *depth));
    order.iter().zip(guides).map(|((content, _), guide)| Line { content: *content, guide, is_context: false }).collect()
}

/// Returns the guides of lines by their depths. Works backward: a later line is on a level until a line above that
/// level.
pub(in crate::views) fn guides(depths: impl DoubleEndedIterator<Item = usize>) -> Vec<Guide> {
    let mut open: Vec<bool> = Vec::new();
    let mut guides: Vec<Guide> = Vec::new();
    for depth in depths.rev() {
        let has_next = open.get(depth).copied().unwrap_or(false);
        open.resize(depth, false);
        // The last level is that of the line itself.
        let innermost = open.len().saturating_sub(MAX_LEVELS - 1).max(1);
        let mut follows: Vec<bool> = open.iter().skip(innermost).copied().collect();
        if depth > 0 {
            follows.push(has_next);
        }
        open.push(true);
        let has_children = guides.last().is_some_and(|next| next.depth > depth);
        guides.push(Guide { depth, follows, has_children });
    }
    guides.reverse();
    guides
}
