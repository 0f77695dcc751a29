//! Stored text on as many lines as it needs, behind guides and broken at the width.

use super::text::{block, one_line, width, wrap};
use super::{RenderOptions, TextRole, pretty};
use crate::error::Result;
use crate::model::Json;
use std::io::Write;

/// Where a text stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paragraph<'a> {
    /// How things look.
    pub look: &'a RenderOptions,
    /// What stands before its first line.
    pub first: &'a str,
    /// What stands before the others.
    pub rest: &'a str,
    /// How many lines to write; 0 = all.
    pub lines: usize,
}

impl<'a> Paragraph<'a> {
    /// A whole text, each line behind the same.
    pub(crate) const fn whole(look: &'a RenderOptions, indent: &'a str) -> Self {
        Self { look, first: indent, rest: indent, lines: 0 }
    }

    fn room(&self) -> usize {
        self.look.width.map_or(usize::MAX, |all| all.saturating_sub(width(self.first)).max(20))
    }

    /// Writes a text.
    pub(crate) fn text(&self, out: &mut dyn Write, text: &str) -> Result<()> {
        let theme = self.look.theme;
        let room = self.room();
        let text = block(text);
        let mut left = 0_usize;
        for (at, (indent, piece)) in text.lines().flat_map(|line| pieces(line, room)).enumerate() {
            if self.lines > 0 && at >= self.lines {
                left += 1;
                continue;
            }
            let lead = if at == 0 { self.first } else { self.rest };
            let piece = piece.trim_end();
            let (lead, indent) = if piece.is_empty() { (lead.trim_end(), 0) } else { (lead, indent) };
            writeln!(out, "{}{:indent$}{piece}", theme.paint(TextRole::Dim, lead), "")?;
        }
        if left > 0 {
            let more = format!("{}{} {left} more lines", self.rest, self.look.ellipsis());
            writeln!(out, "{}", theme.paint(TextRole::Dim, &more))?;
        }
        Ok(())
    }

    /// Writes a value, on one line where it fits.
    pub(crate) fn value(&self, out: &mut dyn Write, value: &Json) -> Result<()> {
        let room = if self.look.width.is_some() { self.room() } else { 120 };
        self.text(out, &pretty::readable_within(value, room))
    }
}

/// A line in pieces that fit, those after the first indented as the line is.
fn pieces(line: &str, room: usize) -> impl Iterator<Item = (usize, &str)> {
    let text = line.trim_start_matches(' ');
    let indent = (line.len() - text.len()).min(room / 2);
    wrap(text, room - indent).map(move |piece| (indent, piece))
}

/// Writes a key and its value: beside it where it fits, else as a block below it.
pub(crate) fn pair(look: &RenderOptions, out: &mut dyn Write, indent: &str, key: &str, value: &Json) -> Result<()> {
    let key = one_line(key);
    let room = look.width.unwrap_or(120).saturating_sub(width(indent) + width(&key) + 2);
    let text = pretty::readable_within(value, room);
    let title = look.theme.paint(TextRole::Dim, &format!("{indent}{key}"));
    let shown = block(&text);
    if !shown.contains('\n') && width(&shown) <= room {
        return Ok(writeln!(out, "{}", format!("{title}  {shown}").trim_end())?);
    }
    writeln!(out, "{title}")?;
    Paragraph::whole(look, &format!("{indent}  ")).text(out, &text)
}

/// Facts one after another, on as many lines as they need.
pub(crate) fn flow(
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

/// Columns that a text takes, without the colours that this program put around it.
fn visible_width(text: &str) -> usize {
    let mut total = 0;
    let mut rest = text;
    while let Some(at) = rest.find("\x1b[") {
        total += width(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    total + width(rest)
}
