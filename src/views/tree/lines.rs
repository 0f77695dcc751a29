//! The lines of a tree and their guides.

use crate::model::{SpanId, Spans, have_below};
use crate::output::text::width;
use std::collections::HashMap;
use std::ops::Range;

/// What stands on a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum LineContent<'a> {
    /// A span, by its place in the list.
    Span(usize),
    /// The spans below it name a parent that is not stored.
    MissingParent(&'a SpanId),
    /// The trace's own record, in place of a root that is not stored.
    Record,
}

/// A line of the tree.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) subject: LineContent<'a>,
    /// Where it stands.
    pub(super) guide: Guide,
    /// Shown only because something below it is.
    pub(super) is_context: bool,
}

/// The columns of a level.
const LEVEL: usize = 3;
/// The most levels drawn, however wide the screen is, so that time and size of a line are bounded.
const MOST_LEVELS: usize = 80;
/// The levels whose columns the number of levels takes that are not drawn.
const LEVELS_OF_MARK: usize = 2;
/// The columns of a name that guides leave free.
pub(in crate::views) const LEAST_NAME: usize = 12;
/// The columns that guides have at least.
const LEAST_ROOM: usize = 12;

/// What is drawn before a line to show where it stands in a tree.
#[derive(Debug)]
pub(in crate::views) struct Guide {
    /// The number of levels above.
    depth: usize,
    /// For each of the innermost levels, at most [`MOST_LEVELS`], whether something follows on it.
    follows: Vec<bool>,
    /// Whether the next line is one level deeper.
    has_children: bool,
}

impl Line<'_> {
    /// The place of its span, if it is one.
    pub(super) const fn span(&self) -> Option<usize> {
        if let LineContent::Span(at) = self.subject { Some(at) } else { None }
    }
}

impl Guide {
    /// How many columns it takes.
    pub(in crate::views) fn columns(&self) -> usize {
        self.depth.min(MOST_LEVELS) * LEVEL
    }

    /// What stands before the name, and before the lines below it, in up to `room` columns, and in [`LEAST_ROOM`] at least. Of
    /// levels for which there is no room the outer ones are counted, and not drawn.
    pub(in crate::views) fn signs(&self, unicode: bool, room: usize) -> (String, String) {
        let (branch, last, pipe) = if unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
        let levels = (room.max(LEAST_ROOM) / LEVEL).min(MOST_LEVELS);
        let drawn = if self.depth > levels { levels - LEVELS_OF_MARK } else { self.depth };
        let outer = self.depth - drawn;
        let mark = match (outer, unicode) {
            (0, _) => String::new(),
            (_, true) => format!("{:<1$}", format!("⋯{outer} "), LEVELS_OF_MARK * LEVEL),
            (_, false) => format!("{:<1$}", format!("..{outer} "), LEVELS_OF_MARK * LEVEL),
        };
        let space = " ".repeat(width(&mark));
        let shown = &self.follows[self.follows.len() - drawn..];
        let above = shown.iter().take(shown.len().saturating_sub(1));
        let above: String = above.map(|follows| if *follows { pipe } else { "   " }).collect();
        let own = if self.has_children { pipe } else { "   " };
        match shown.last() {
            None => (String::new(), own.to_owned()),
            Some(true) => (format!("{mark}{above}{branch}"), format!("{space}{above}{pipe}{own}")),
            Some(false) => (format!("{mark}{above}{last}"), format!("{space}{above}   {own}")),
        }
    }
}

/// The lines of a tree: the spans to show, with those above them.
pub(super) fn lines<'a>(spans: &'a Spans, shown: &[bool]) -> Vec<Line<'a>> {
    let mut lines = guided(&order(spans, &staying(spans, shown)));
    for line in &mut lines {
        line.is_context = line.span().is_some_and(|at| !shown[at]);
    }
    lines
}

/// A span stays if it is to be shown, or anything below it is.
fn staying(spans: &Spans, shown: &[bool]) -> Vec<bool> {
    let below = have_below(&spans.nodes, |at| shown[at]);
    shown.iter().zip(below).map(|(shown, below)| *shown || below).collect()
}

/// What stands on the lines, and how deep. Where no root is stored (the client failed to send it, or was killed), all hangs
/// under the trace's own record. Spans of the same missing parent hang under a line that names it, unless it can only be
/// that root.
fn order<'a>(spans: &'a Spans, stays: &[bool]) -> Vec<(LineContent<'a>, usize)> {
    let families = families(spans);
    let has_root = families.iter().any(|(missing, _)| missing.is_none());
    let names_parents = has_root || families.len() > 1;
    let base = usize::from(!has_root);
    let mut order = Vec::new();
    if !has_root && stays.contains(&true) {
        order.push((LineContent::Record, 0));
    }
    for (missing, subtrees) in families {
        let stay = subtrees.into_iter().flatten().filter(|at| stays[*at]);
        let mut stay = stay.peekable();
        let heading = missing.filter(|_| names_parents && stay.peek().is_some());
        order.extend(heading.map(|parent| (LineContent::MissingParent(parent), base)));
        let base = base + usize::from(heading.is_some());
        order.extend(stay.map(|at| (LineContent::Span(at), spans.nodes[at].depth + base)));
    }
    order
}

/// The subtrees of the list: of each root alone, of orphans with those of the same missing parent.
fn families(spans: &Spans) -> Vec<(Option<&SpanId>, Vec<Range<usize>>)> {
    let starts: Vec<usize> = (0..spans.list.len()).filter(|at| spans.nodes[*at].parent.is_none()).collect();
    let ends = starts.iter().skip(1).copied().chain([spans.list.len()]);
    let mut places: HashMap<&SpanId, usize> = HashMap::new();
    let mut families: Vec<(Option<&SpanId>, Vec<Range<usize>>)> = Vec::new();
    for (&start, end) in starts.iter().zip(ends) {
        let missing = spans.list[start].parent.as_ref().filter(|_| spans.nodes[start].is_orphan);
        let next = families.len();
        let place = missing.map_or(next, |parent| *places.entry(parent).or_insert(next));
        if place == next {
            families.push((missing, Vec::new()));
        }
        families[place].1.push(start..end);
    }
    families
}

fn guided<'a>(order: &[(LineContent<'a>, usize)]) -> Vec<Line<'a>> {
    let guides = guides(order.iter().map(|(_, depth)| *depth));
    order.iter().zip(guides).map(|((subject, _), guide)| Line { subject: *subject, guide, is_context: false }).collect()
}

/// The guides of lines by their depths. Goes from the end: on each level, something follows as long as the tree does not go
/// back above it.
pub(in crate::views) fn guides(depths: impl DoubleEndedIterator<Item = usize>) -> Vec<Guide> {
    let mut open: Vec<bool> = Vec::new();
    let mut guides: Vec<Guide> = Vec::new();
    for depth in depths.rev() {
        let has_next = open.get(depth).copied().unwrap_or(false);
        open.resize(depth, false);
        // The last level is the line's own.
        let innermost = open.len().saturating_sub(MOST_LEVELS - 1).max(1);
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
