//! The parts of a document, as data.

use super::paragraph::{LineLimit, Paragraph};
use super::styled::StyledText;
use super::table::{Cell, Heading};
use super::theme::TextRole;
use crate::json::Json;
use std::borrow::Cow;
use std::fmt::Debug;

/// A part of a document.
#[derive(Debug)]
pub enum Block<'a> {
    /// An empty line.
    Blank,
    /// The heading of a section, after an empty line.
    Heading(&'a str),
    /// A line of any length.
    Line(StyledText),
    /// A line that is truncated to the width.
    Truncated(StyledText),
    /// A title with figures at the right margin; the title is truncated so that the figures fit.
    Title {
        /// What comes before the title, never truncated.
        number: StyledText,
        /// The title.
        title: StyledText,
        /// The figures.
        figures: StyledText,
    },
    /// Facts one after another, with line breaks between facts.
    Facts(Vec<StyledText>, &'a str),
    /// A text of any length, wrapped to the width.
    Text(Paragraph),
    /// A key and its value: on the same line if it fits, otherwise as text below.
    Pair(&'a str, Cow<'a, Json>),
    /// A value after a label, at most as many lines as the limit allows.
    Value(&'static str, &'a Json, Option<LineLimit>),
    /// Blocks whose lines all begin with a prefix.
    Indented(&'static str, Vec<Self>),
    /// A table.
    Table(&'a [Heading<'a>], Vec<Vec<Cell>>),
    /// A tree of spans.
    Tree(&'a dyn TreeRows),
}

/// The rows of a tree, made when they are needed.
pub trait TreeRows: Debug {
    /// The depth of each row.
    fn depths(&self) -> Vec<usize>;
    /// The row at a place of that list.
    fn row(&self, at: usize) -> TreeRow;
    /// What is shown below a row, in `room` columns; `None` = no limit.
    fn below(&self, at: usize, room: Option<usize>) -> Vec<Block<'_>>;
}

/// A row of a tree.
#[derive(Clone, Debug)]
pub enum TreeRow {
    /// A span.
    Span(Box<TreeSpan>),
    /// A text in place of spans.
    Note(StyledText),
}

/// A span in a tree.
#[derive(Clone, Debug, Default)]
pub struct TreeSpan {
    /// Before the guides; has the same width in all rows.
    pub sign: StyledText,
    /// The name.
    pub name: StyledText,
    /// The type.
    pub span_type: StyledText,
    /// When the span ran, if the tree has bars.
    pub bar: Option<TreeBar>,
    /// The duration.
    pub duration: StyledText,
    /// The tokens.
    pub tokens: StyledText,
    /// The model.
    pub model: StyledText,
}

/// When a span ran, in shares of the time that all bars cover.
#[derive(Clone, Copy, Debug)]
pub struct TreeBar {
    /// The start, from 0 to 1.
    pub start: f64,
    /// The duration.
    pub length: f64,
    /// Color of the bar.
    pub role: TextRole,
}
