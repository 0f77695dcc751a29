//! The lines of a tree and their guides.

use crate::model::{Span, SpanId, Spans};
use crate::render::text::width;
use std::collections::HashSet;

/// A line of the tree: a span, or the heading of spans whose parent is missing.
pub(super) struct Line {
    pub(super) span: Option<usize>,
    pub(super) title: String,
    /// For each level, whether something follows on it.
    pub(super) follows: Vec<bool>,
    /// Shown only because something below it is.
    pub(super) is_context: bool,
    /// Whether the next line is one level deeper.
    pub(super) has_children: bool,
}

impl Line {
    /// The guides before the name, and those before the lines below it.
    pub(super) fn guides(&self, unicode: bool, room: usize) -> (String, String) {
        let (branch, last, pipe) = if unicode { ("├─ ", "└─ ", "│  ") } else { ("|- ", "`- ", "|  ") };
        let depth = self.follows.len();
        if depth * 3 + 12 > room.max(24) {
            // Deeper than the screen: tell the depth instead of drawing it.
            let sign = if unicode { "⋯" } else { "..." };
            let text = format!("{sign}{depth} ");
            return (text.clone(), " ".repeat(width(&text)));
        }
        let above: String = self
            .follows
            .iter()
            .take(depth.saturating_sub(1))
            .map(|follows| if *follows { pipe } else { "   " })
            .collect();
        let own = if self.has_children { pipe } else { "   " };
        match self.follows.last() {
            None => (String::new(), own.to_owned()),
            Some(true) => (above.clone() + branch, above + pipe + own),
            Some(false) => (above.clone() + last, above + "   " + own),
        }
    }
}

/// The lines of a tree. Spans whose parent is missing hang under a line that names it.
pub(super) fn lines(spans: &Spans, passes: impl Fn(&Span) -> bool) -> Vec<Line> {
    let count = spans.list.len();
    // A span stays if it passes, or anything below it does.
    let mut stays = vec![false; count];
    for at in (0..count).rev() {
        stays[at] = stays[at] || passes(&spans.list[at]);
        if let (true, Some(parent)) = (stays[at], spans.nodes[at].parent) {
            stays[parent] = true;
        }
    }
    let mut order: Vec<(Option<usize>, usize)> = Vec::new();
    let mut named: HashSet<&SpanId> = HashSet::new();
    let roots: Vec<usize> = (0..count).filter(|at| spans.nodes[*at].parent.is_none()).collect();
    let end_of = |root: usize| roots.iter().find(|next| **next > root).copied().unwrap_or(count);
    for &root in &roots {
        match spans.list[root].parent.as_ref().filter(|_| spans.nodes[root].is_orphan) {
            None => order.extend((root..end_of(root)).map(|at| (Some(at), spans.nodes[at].depth))),
            Some(parent) if named.insert(parent) => {
                order.push((None, root));
                let siblings = roots
                    .iter()
                    .filter(|at| spans.nodes[**at].is_orphan && spans.list[**at].parent.as_ref() == Some(parent));
                for &sibling in siblings {
                    order.extend((sibling..end_of(sibling)).map(|at| (Some(at), spans.nodes[at].depth + 1)));
                }
            }
            Some(_) => {}
        }
    }
    order.retain(|(span, root)| stays[span.unwrap_or(*root)]);
    // From the end: on each level, whether something follows before the tree goes back above it.
    let depth_of = |entry: &(Option<usize>, usize)| if entry.0.is_some() { entry.1 } else { 0 };
    let mut follows: Vec<bool> = Vec::new();
    let mut out: Vec<Line> = Vec::with_capacity(order.len());
    for entry in order.iter().rev() {
        let depth = depth_of(entry);
        let has_next = follows.get(depth).copied().unwrap_or(false);
        follows.resize(depth, false);
        let mut levels: Vec<bool> = follows.iter().skip(1).copied().collect();
        if depth > 0 {
            levels.push(has_next);
        }
        follows.push(true);
        let title = entry.0.is_none().then(|| {
            let parent = spans.list[entry.1].parent.as_ref().map_or("", SpanId::as_str);
            format!("(missing parent {parent})")
        });
        let is_context = entry.0.is_some_and(|at| !passes(&spans.list[at]));
        let has_children = out.last().is_some_and(|next: &Line| next.follows.len() > depth);
        out.push(Line { span: entry.0, title: title.unwrap_or_default(), follows: levels, is_context, has_children });
    }
    out.reverse();
    out
}
