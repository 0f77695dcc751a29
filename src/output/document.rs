//! Text for people: a document of blocks, laid out and painted as they are added.

use super::block::{Block, TreeRow, TreeRows};
use super::options::RenderOptions;
use super::paragraph::Paragraph;
use super::pretty;
use super::styled::StyledText;
use super::table::{Cell, Heading, Layout, shorten_ids};
use super::text::{block, one_line, width};
use super::theme::{TextRole, Theme};
use super::tree::{TreeColumns, guides};
use crate::error::Result;
use crate::json::Json;
use std::io::Write;

/// A document that is written block by block.
pub struct Document<'a> {
    /// How it is laid out.
    pub options: RenderOptions,
    theme: Theme,
    out: &'a mut dyn Write,
    /// Before each line.
    prefix: String,
}

/// Minimum width of wrapped text, in columns.
const MIN_TEXT_WIDTH: usize = 20;

/// Width that values are laid out for if that of the output is unknown.
const DEFAULT_WIDTH: usize = 120;

impl<'a> Document<'a> {
    /// Starts a document.
    pub fn new(options: RenderOptions, theme: Theme, out: &'a mut dyn Write) -> Self {
        Self { options, theme, out, prefix: String::new() }
    }

    /// A part of this document whose lines all begin with a prefix.
    pub fn indented(&mut self, prefix: &str) -> Document<'_> {
        let prefix = format!("{}{}", self.prefix, one_line(prefix));
        Document { options: self.options, theme: self.theme, out: &mut *self.out, prefix }
    }

    /// Adds a block.
    ///
    /// # Errors
    /// If writing fails.
    pub fn add(&mut self, block: Block<'_>) -> Result<()> {
        match block {
            Block::Blank => self.write(&StyledText::default()),
            Block::Heading(title) => {
                self.add(Block::Blank)?;
                self.write(&StyledText::new(TextRole::Heading, title))
            }
            Block::Line(line) => self.write(&line),
            Block::Truncated(line) => self.write(&line.truncated(self.room(), self.options.ellipsis())),
            Block::Title { number, title, figures } => self.write_title(number, title, &figures),
            Block::Facts(facts, separator) => self.write_facts(facts, separator),
            Block::Text(paragraph) => self.write_text(&paragraph),
            Block::Pair(key, value) => self.write_pair(key, &value),
            Block::Value(label, value, limit) => {
                let room = self.options.width.map_or(DEFAULT_WIDTH, |_| self.text_room(width(label)));
                let paragraph = Paragraph::plain(&pretty::readable_within(value, room));
                self.write_text(&paragraph.labeled(StyledText::new(TextRole::Dim, label)).limited(limit))
            }
            Block::Indented(prefix, blocks) => {
                let mut document = self.indented(prefix);
                blocks.into_iter().try_for_each(|block| document.add(block))
            }
            Block::Table(headings, rows) => self.write_table(headings, rows),
            Block::Tree(rows) => self.write_tree(rows),
        }
    }

    /// Adds a line of secondary information.
    ///
    /// # Errors
    /// If writing fails.
    pub fn dim(&mut self, text: &str) -> Result<()> {
        self.add(Block::Line(StyledText::new(TextRole::Dim, text)))
    }

    /// Columns available to a line; `usize::MAX` if there is no limit.
    #[must_use]
    pub fn room(&self) -> usize {
        self.options.width.map_or(usize::MAX, |all| all.saturating_sub(width(&self.prefix)))
    }

    /// Columns available to wrapped text after the first `lead` columns of a line; at least 20.
    #[must_use]
    pub fn text_room(&self, lead: usize) -> usize {
        self.room().saturating_sub(lead).max(MIN_TEXT_WIDTH)
    }

    /// Writes a line without trailing space, which would wrap on a screen that is just wide enough.
    fn write(&mut self, line: &StyledText) -> Result<()> {
        let end = line.as_str().trim_end().len();
        let prefix = if end == 0 { self.prefix.trim_end() } else { &self.prefix };
        let mut painted = String::with_capacity(prefix.len() + end + 1);
        self.theme.paint(&mut painted, TextRole::Dim, prefix);
        for (part, role) in line.parts(0..end) {
            self.theme.paint(&mut painted, role, part);
        }
        painted.push('\n');
        Ok(self.out.write_all(painted.as_bytes())?)
    }

    fn write_title(&mut self, number: StyledText, title: StyledText, figures: &StyledText) -> Result<()> {
        let room = self.room().saturating_sub(number.width() + figures.width() + TITLE_GAP).max(MIN_TITLE_WIDTH);
        let mut line = number;
        line.append(&title.truncated(room, self.options.ellipsis()));
        let columns = match self.options.width {
            Some(_) => self.room().saturating_sub(figures.width()).max(line.width() + TITLE_GAP),
            None => line.width() + TITLE_GAP,
        };
        let mut line = line.padded(columns);
        line.append(figures);
        self.write(&line)
    }

    fn write_facts(&mut self, facts: Vec<StyledText>, separator: &str) -> Result<()> {
        let room = self.room();
        let mut line = StyledText::default();
        for fact in facts {
            if !line.is_empty() && line.width() + width(separator) + fact.width() > room {
                self.write(&std::mem::take(&mut line))?;
            }
            if !line.is_empty() {
                line.push(TextRole::Plain, separator);
            }
            line.append(&fact);
        }
        self.write(&line)
    }

    fn write_pair(&mut self, key: &str, value: &Json) -> Result<()> {
        let title = StyledText::new(TextRole::Dim, key);
        let room = self.options.width.map_or(DEFAULT_WIDTH, |_| self.room());
        let room = room.saturating_sub(title.width() + 2);
        let text = pretty::readable_within(value, room);
        let shown = block(&text);
        if !shown.contains('\n') && width(&shown) <= room {
            return self.write(&title.with(TextRole::Plain, "  ").with(TextRole::Plain, &shown));
        }
        self.write(&title)?;
        self.indented("  ").add(Block::Text(Paragraph::plain(&text)))
    }

    fn write_text(&mut self, paragraph: &Paragraph) -> Result<()> {
        let room = self.text_room(paragraph.label_width());
        paragraph.lines(room, self.options.ellipsis()).try_for_each(|line| self.write(&line))
    }

    fn write_table(&mut self, headings: &[Heading<'_>], mut rows: Vec<Vec<Cell>>) -> Result<()> {
        shorten_ids(&mut rows);
        let layout = Layout::new(headings, &rows, self.options.width.map(|_| self.room()));
        self.write(&layout.header(headings, self.options.ellipsis()))?;
        self.write_rows(&layout, headings, &rows)
    }

    /// Writes rows of a table.
    pub(super) fn write_rows(&mut self, layout: &Layout, headings: &[Heading<'_>], rows: &[Vec<Cell>]) -> Result<()> {
        rows.iter().try_for_each(|row| self.write(&layout.row(headings, row, self.options.ellipsis())))
    }

    fn write_tree(&mut self, rows: &dyn TreeRows) -> Result<()> {
        let guides = guides(rows.depths().into_iter());
        let columns = TreeColumns::fit(rows, &guides, self.options.width.map(|_| self.room()));
        let sign = " ".repeat(columns.sign);
        for (at, guide) in guides.iter().enumerate() {
            let (guide, below) = guide.render(self.options.unicode, columns.guides);
            let line = match rows.row(at) {
                TreeRow::Span(span) => columns.line(*span, &guide, &self.options),
                TreeRow::Note(note) => {
                    let mut line = StyledText::new(TextRole::Dim, &format!("{sign}{guide}"));
                    line.append(&note);
                    line
                }
            };
            self.write(&line)?;
            let room = self.options.width.map(|_| self.room().saturating_sub(width(&sign) + width(&below)));
            let blocks = rows.below(at, room);
            if !blocks.is_empty() {
                let mut document = self.indented(&format!("{sign}{below}"));
                blocks.into_iter().try_for_each(|block| document.add(block))?;
            }
        }
        Ok(())
    }
}

/// Minimum width of a title, in columns.
const MIN_TITLE_WIDTH: usize = 8;

/// Columns between a title and its figures.
const TITLE_GAP: usize = 2;

impl std::fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { options, theme, prefix, out: _ } = self;
        let mut shown = f.debug_struct("Document");
        shown.field("options", options).field("theme", theme).field("prefix", prefix).finish_non_exhaustive()
    }
}
