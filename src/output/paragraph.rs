//! Texts of any length, wrapped to the width.

use super::styled::StyledText;
use super::text::wrap;
use super::theme::TextRole;

/// A text of any length, and what comes before its lines.
#[derive(Debug, Default)]
pub struct Paragraph {
    text: StyledText,
    /// Before the first line.
    first: StyledText,
    /// Before the other lines.
    rest: StyledText,
    limit: Option<LineLimit>,
}

/// How many lines of a text are shown.
#[derive(Clone, Copy, Debug)]
pub struct LineLimit {
    /// Maximum number of lines.
    pub lines: usize,
    /// Number of further lines that are shown if the text ends with them.
    pub slack: usize,
    /// How to see the lines that are not shown, after their number.
    pub hint: &'static str,
}

impl LineLimit {
    /// At most this many lines; `None` for 0, which stands for all.
    #[must_use]
    pub fn new(lines: usize) -> Option<Self> {
        (lines > 0).then_some(Self { lines, slack: 0, hint: "" })
    }

    /// Number of lines shown of a text.
    const fn shown(self, lines: usize) -> usize {
        if lines <= self.lines.saturating_add(self.slack) { lines } else { self.lines }
    }
}

impl Paragraph {
    /// A styled text.
    #[must_use]
    pub fn new(text: StyledText) -> Self {
        Self { text, ..Self::default() }
    }

    /// A stored text.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        Self::new(StyledText::block(TextRole::Plain, text))
    }

    /// Puts a label before the first line, and as much space before the others.
    #[must_use]
    pub fn labeled(self, label: StyledText) -> Self {
        let space = " ".repeat(label.width());
        self.with_prefixes(label, StyledText::plain(&space))
    }

    /// Puts a mark before each line.
    #[must_use]
    pub fn marked(self, mark: StyledText) -> Self {
        self.with_prefixes(mark.clone(), mark)
    }

    /// Puts one text before the first line, and another before the others.
    #[must_use]
    pub fn with_prefixes(self, first: StyledText, rest: StyledText) -> Self {
        Self { first, rest, ..self }
    }

    /// Limits the number of lines.
    #[must_use]
    pub fn limited(self, limit: Option<LineLimit>) -> Self {
        Self { limit, ..self }
    }

    /// Width in columns of what comes before the first line.
    pub(super) fn label_width(&self) -> usize {
        self.first.width()
    }

    /// Returns the lines of a text that has `room` columns.
    pub(super) fn lines(&self, room: usize, ellipsis: &str) -> impl Iterator<Item = StyledText> {
        let pieces: Vec<Piece> = pieces(self.text.as_str(), room).collect();
        let shown = self.limit.map_or(pieces.len(), |limit| limit.shown(pieces.len()));
        let omitted = pieces.len() - shown;
        let more = (omitted > 0).then(|| {
            let space = " ".repeat(self.rest.width());
            let hint = self.limit.map_or("", |limit| limit.hint);
            StyledText::new(TextRole::Dim, &format!("{space}{ellipsis} {omitted} more lines{hint}"))
        });
        let line = |(at, piece): (usize, Piece)| {
            let mut line = if at == 0 { self.first.clone() } else { self.rest.clone() };
            if piece.start < piece.end {
                line.push_spaces(piece.indent);
            }
            line.append_range(&self.text, piece.start..piece.end);
            line
        };
        pieces.into_iter().take(shown).enumerate().map(line).chain(more)
    }
}

/// A part of a text that fits on a line, as a range of bytes without leading and trailing spaces.
struct Piece {
    /// Indentation of the line that the piece belongs to, in columns.
    indent: usize,
    start: usize,
    end: usize,
}

/// Splits a text into pieces that fit.
fn pieces(text: &str, room: usize) -> impl Iterator<Item = Piece> {
    let mut next_line = 0;
    text.split_inclusive('\n').flat_map(move |line| {
        let start = next_line;
        next_line += line.len();
        let line = line.strip_suffix('\n').unwrap_or(line);
        let content = line.trim_start_matches(' ');
        let leading = line.len() - content.len();
        let indent = leading.min(room / 2);
        let mut next_piece = start + leading;
        wrap(content, room - indent).map(move |piece| {
            let start = next_piece;
            next_piece += piece.len();
            Piece { indent, start, end: start + piece.trim_end().len() }
        })
    })
}
