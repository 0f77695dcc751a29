//! Stored text wrapped to the width, with guides before each line.

use super::text::{block, one_line, width, wrap};
use super::{RenderOptions, TextRole, pretty};
use crate::error::Result;
use crate::model::Json;
use std::io::Write;

/// Layout of a multi-line text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paragraph<'a> {
    /// Rendering options.
    pub options: &'a RenderOptions,
    /// Prefix of the first line.
    pub first_indent: &'a str,
    /// Prefix of the other lines.
    pub rest_indent: &'a str,
    /// Maximum number of lines to write; 0 = all.
    pub max_lines: usize,
}

impl<'a> Paragraph<'a> {
    /// Layout for a whole text with the same prefix on each line.
    pub(crate) const fn with_indent(options: &'a RenderOptions, indent: &'a str) -> Self {
        Self { options, first_indent: indent, rest_indent: indent, max_lines: 0 }
    }

    fn room(&self) -> usize {
        self.options.width.map_or(usize::MAX, |all| all.saturating_sub(width(self.first_indent)).max(20))
    }

    /// Writes a text, escaped and wrapped.
    pub(crate) fn write_text(&self, out: &mut dyn Write, text: &str) -> Result<()> {
        let theme = self.options.theme;
        let room = self.room();
        let text = block(text);
        let mut omitted = 0_usize;
        for (at, (indent, piece)) in text.lines().flat_map(|line| pieces(line, room)).enumerate() {
            if self.max_lines > 0 && at >= self.max_lines {
                omitted += 1;
                continue;
            }
            let prefix = if at == 0 { self.first_indent } else { self.rest_indent };
            let piece = piece.trim_end();
            let (prefix, indent) = if piece.is_empty() { (prefix.trim_end(), 0) } else { (prefix, indent) };
            writeln!(out, "{}{:indent$}{piece}", theme.paint(TextRole::Dim, prefix), "")?;
        }
        if omitted > 0 {
            let more = format!("{}{} {omitted} more lines", self.rest_indent, self.options.ellipsis());
            writeln!(out, "{}", theme.paint(TextRole::Dim, &more))?;
        }
        Ok(())
    }

    /// Writes a JSON value, on one line if it fits.
    pub(crate) fn write_value(&self, out: &mut dyn Write, value: &Json) -> Result<()> {
        let room = if self.options.width.is_some() { self.room() } else { 120 };
        self.write_text(out, &pretty::readable_within(value, room))
    }
}

/// Splits a line into pieces that fit, each with the indentation of the line in columns.
fn pieces(line: &str, room: usize) -> impl Iterator<Item = (usize, &str)> {
    let text = line.trim_start_matches(' ');
    let indent = (line.len() - text.len()).min(room / 2);
    wrap(text, room - indent).map(move |piece| (indent, piece))
}

/// Writes a key and its value: on the same line if it fits, otherwise as a block below.
pub(crate) fn write_pair(
    options: &RenderOptions,
    out: &mut dyn Write,
    indent: &str,
    key: &str,
    value: &Json,
) -> Result<()> {
    let key = one_line(key);
    let room = options.width.unwrap_or(120).saturating_sub(width(indent) + width(&key) + 2);
    let text = pretty::readable_within(value, room);
    let title = options.theme.paint(TextRole::Dim, &format!("{indent}{key}"));
    let shown = block(&text);
    if !shown.contains('\n') && width(&shown) <= room {
        return Ok(writeln!(out, "{}", format!("{title}  {shown}").trim_end())?);
    }
    writeln!(out, "{title}")?;
    Paragraph::with_indent(options, &format!("{indent}  ")).write_text(out, &text)
}

/// Writes facts one after another, wrapped between facts.
pub(crate) fn write_facts(
    out: &mut dyn Write,
    facts: impl Iterator<Item = String>,
    gap: &str,
    room: Option<usize>,
) -> Result<()> {
    let mut line = String::new();
    let mut used = 0;
    for fact in facts {
        let length = visible_width(&fact);
        if used > 0 && room.is_some_and(|room| used + width(gap) + length > room) {
            writeln!(out, "{line}")?;
            line.clear();
            used = 0;
        }
        if used > 0 {
            line += gap;
            used += width(gap);
        }
        line += &fact;
        used += length;
    }
    Ok(writeln!(out, "{line}")?)
}

/// Width of a text in columns, not counting color escape sequences.
fn visible_width(text: &str) -> usize {
    let mut total = 0;
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        total += width(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    total + width(rest)
}
