//! Texts whose parts have roles, which the terminal shows in colors.

use super::text;
use super::theme::TextRole;
use std::ops::Range;

/// A text whose parts have roles. What is appended is escaped, so that every styled text is safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StyledText {
    text: String,
    /// Role of the first part. Most texts have no other, and need no list.
    role: TextRole,
    /// Start of each further part in bytes, and its role.
    starts: Vec<(usize, TextRole)>,
}

impl StyledText {
    /// A text on one line, with one role.
    #[must_use]
    pub fn new(role: TextRole, text: &str) -> Self {
        Self::default().with(role, text)
    }

    /// A text without a role, on one line.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::new(TextRole::Plain, text)
    }

    /// A text that keeps its line breaks, with one role.
    #[must_use]
    pub fn block(role: TextRole, text: &str) -> Self {
        let mut block = Self::default();
        block.push_block(role, text);
        block
    }

    /// Appends a text on one line.
    #[must_use]
    pub fn with(mut self, role: TextRole, text: &str) -> Self {
        self.push(role, text);
        self
    }

    /// Appends a text on one line.
    pub fn push(&mut self, role: TextRole, text: &str) {
        self.push_escaped(role, &text::one_line(text));
    }

    /// Appends a text that keeps its line breaks.
    pub fn push_block(&mut self, role: TextRole, text: &str) {
        self.push_escaped(role, &text::block(text));
    }

    /// Appends another styled text.
    pub fn append(&mut self, other: &Self) {
        self.append_range(other, 0..other.text.len());
    }

    /// Appends a range of bytes of another styled text.
    pub(super) fn append_range(&mut self, other: &Self, range: Range<usize>) {
        for (part, role) in other.parts(range) {
            self.push_escaped(role, part);
        }
    }

    fn push_escaped(&mut self, role: TextRole, text: &str) {
        if !text.is_empty() {
            self.begin_part(role);
            self.text.push_str(text);
        }
    }

    /// Makes what is appended next have a role.
    fn begin_part(&mut self, role: TextRole) {
        if self.text.is_empty() {
            self.role = role;
        } else if self.starts.last().map_or(self.role, |(_, last)| *last) != role {
            self.starts.push((self.text.len(), role));
        }
    }

    /// The text without roles.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is no text.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Width in columns of a text on one line.
    #[must_use]
    pub fn width(&self) -> usize {
        text::width(&self.text)
    }

    /// Truncates to a width in columns; an ellipsis that replaces the rest has the role of the last part shown.
    #[must_use]
    pub fn truncated(mut self, columns: usize, ellipsis: &str) -> Self {
        if let Some((end, ellipsis)) = text::cut(&self.text, columns, ellipsis) {
            self.text.truncate(end);
            self.text.push_str(ellipsis);
            self.starts.truncate(self.starts.partition_point(|(start, _)| *start < end));
        }
        self
    }

    /// Appends spaces up to a width in columns.
    #[must_use]
    pub fn padded(mut self, columns: usize) -> Self {
        self.push_spaces(columns.saturating_sub(self.width()));
        self
    }

    /// Appends a number of spaces.
    pub(super) fn push_spaces(&mut self, count: usize) {
        if count > 0 {
            self.begin_part(TextRole::Plain);
            self.text.extend(std::iter::repeat_n(' ', count));
        }
    }

    /// The parts within a range of bytes, with their roles.
    pub(super) fn parts(&self, range: Range<usize>) -> impl Iterator<Item = (&str, TextRole)> {
        // The part that the range begins in, and those that start within it.
        let first = self.starts.partition_point(|(start, _)| *start <= range.start);
        let role = first.checked_sub(1).map_or(self.role, |before| self.starts[before].1);
        let within = self.starts[first..].iter().copied().take_while(move |(start, _)| *start < range.end);
        let mut begun = Some((range.start, role));
        let mut rest = within.chain([(range.end, TextRole::Plain)]);
        std::iter::from_fn(move || {
            let (from, role) = begun?;
            let next = rest.next()?;
            begun = Some(next);
            Some((&self.text[from..next.0], role))
        })
        .filter(|(part, _)| !part.is_empty())
    }
}
