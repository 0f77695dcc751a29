//! Guides before the lines of a tree.

use crate::output::text::width;

/// Width of a level, in columns.
const LEVEL_WIDTH: usize = 3;
/// Maximum number of levels drawn at any width, to bound the time and size of a line.
const MAX_LEVELS: usize = 80;
/// Number of levels whose columns are used for the count of omitted levels.
const OMITTED_MARK_LEVELS: usize = 2;
/// Minimum width that guides leave for a name.
pub(super) const MIN_NAME_WIDTH: usize = 12;
/// Minimum width available to guides.
const MIN_GUIDE_WIDTH: usize = 12;

/// Guides drawn before a line to show its position in a tree.
#[derive(Debug)]
pub(in crate::output) struct Guide {
    /// Number of levels above.
    depth: usize,
    /// For each of the innermost levels, up to [`MAX_LEVELS`], whether a later line is on that level.
    follows: Vec<bool>,
    /// Whether the next line is one level deeper.
    has_children: bool,
}

impl Guide {
    /// Width in columns.
    pub(in crate::output) fn width(&self) -> usize {
        self.depth.min(MAX_LEVELS) * LEVEL_WIDTH
    }

    /// Renders the guides before the name and those before the lines below it, in up to `room` columns but at least
    /// [`MIN_GUIDE_WIDTH`]. Outer levels that do not fit are replaced by their count.
    pub(in crate::output) fn render(&self, unicode: bool, room: usize) -> (String, String) {
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

/// Returns the guides of lines by their depths. Works backward: a later line is on a level until a line above that
/// level.
pub(in crate::output) fn guides(depths: impl DoubleEndedIterator<Item = usize>) -> Vec<Guide> {
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
