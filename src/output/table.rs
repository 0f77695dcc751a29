//! Tables that fit the screen: columns shrink, then drop out, and no row takes two lines. The only user of comfy-table.

use super::look::RenderOptions;
use super::text::{clip, tail, whole_clusters, width};
use super::theme::{TextRole, Theme};
use crate::model::short_trace_ids;
use crate::query::TextMatch;
use comfy_table::{Cell as TableCell, ContentArrangement, Table, presets};
use std::io::{self, Write};
use std::ops::Range;

/// Text of a cell, safe to print, and what it is.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    role: TextRole,
    /// A part that stands out. Only the last column may have one: colours within a cell are not counted by the table.
    mark: Option<Range<usize>>,
    /// How many bytes of the text are a whole trace id, which [`shorten_ids`] cuts.
    trace_id: usize,
}

impl Cell {
    /// Text from a trace.
    #[must_use]
    pub fn stored(text: &str, role: TextRole) -> Self {
        Self { text: super::text::one_line(text).into_owned(), role, mark: None, trace_id: 0 }
    }

    /// The id of a trace, shortened to a prefix that is unique in the table.
    #[must_use]
    pub fn trace_id(id: &str) -> Self {
        let cell = Self::stored(id, TextRole::Id);
        Self { trace_id: cell.text.len(), ..cell }
    }

    /// The same with a word behind it.
    #[must_use]
    pub fn marked_trace_id(id: &str, word: &str, role: TextRole) -> Self {
        let cell = Self::trace_id(id);
        Self { text: format!("{} ({word})", cell.text), role, ..cell }
    }

    /// A text that was looked for, with what stands around it.
    #[must_use]
    pub fn found(found: &TextMatch) -> Self {
        let shown = |range: Range<usize>| super::text::one_line(&found.excerpt[range]).into_owned();
        let before = shown(0..found.at.start);
        let text = shown(found.at.clone());
        let mark = before.len()..before.len() + text.len();
        let text = before + &text + &shown(found.at.end..found.excerpt.len());
        let mark = Some(whole_clusters(&text, mark));
        Self { text, role: TextRole::Plain, mark, trace_id: 0 }
    }

    /// Text that this program made.
    #[must_use]
    pub fn own(text: impl Into<String>, role: TextRole) -> Self {
        Self { text: text.into(), role, mark: None, trace_id: 0 }
    }

    /// Text from a trace that may be absent.
    #[must_use]
    pub fn maybe(text: Option<&str>, role: TextRole) -> Self {
        text.filter(|text| !text.is_empty()).map_or_else(Self::none, |text| Self::stored(text, role))
    }

    /// Nothing, visibly.
    #[must_use]
    pub fn none() -> Self {
        Self { text: "-".to_owned(), role: TextRole::Dim, mark: None, trace_id: 0 }
    }
}

/// Shortens the trace ids of rows that are printed together to unique prefixes.
pub(crate) fn shorten_ids(rows: &mut [Vec<Cell>]) {
    let ids: Vec<&str> =
        rows.iter().flatten().filter(|cell| cell.trace_id > 0).map(|cell| &cell.text[..cell.trace_id]).collect();
    let lengths: Vec<usize> = short_trace_ids(&ids).into_iter().map(str::len).collect();
    for (cell, length) in rows.iter_mut().flatten().filter(|cell| cell.trace_id > 0).zip(lengths) {
        cell.text.replace_range(length..cell.trace_id, "");
    }
}

/// How a column behaves.
#[derive(Clone, Copy, Debug)]
pub struct Column<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Numbers stand right.
    pub is_right: bool,
    /// How narrow it may become; `None` = not at all.
    pub shrinks_to: Option<usize>,
    /// The greater, the sooner it drops out; 0 = never.
    pub drops: u8,
}

const GAP: usize = 2;

/// Which columns are shown, and how wide.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    widths: Vec<Option<usize>>,
}

impl Layout {
    pub(crate) fn new(shapes: &[Column<'_>], rows: &[Vec<Cell>], room: Option<usize>) -> Self {
        let natural = |column: usize| {
            let cells = rows.iter().map(|row| width(&row[column].text));
            cells.chain([width(shapes[column].title)]).max().unwrap_or(0)
        };
        let is_empty = |column: usize| !rows.is_empty() && rows.iter().all(|row| row[column].text == "-");
        let mut widths: Vec<Option<usize>> = (0..shapes.len())
            .map(|column| (shapes[column].drops == 0 || !is_empty(column)).then(|| natural(column)))
            .collect();
        let Some(room) = room else { return Self { widths } };
        while total(&widths) > room {
            let excess = total(&widths) - room;
            let shrinkable = (0..shapes.len()).filter_map(|column| {
                let (width, least) = (widths[column]?, shapes[column].shrinks_to?);
                (width > least).then_some((width, least, column))
            });
            if let Some((width, least, column)) = shrinkable.max() {
                // Take from the widest only down to the next one, so that columns share what is missing.
                let next = (0..shapes.len())
                    .filter(|other| *other != column && shapes[*other].shrinks_to.is_some())
                    .filter_map(|other| widths[other]);
                let next = next.filter(|other| *other < width).max().unwrap_or(least).max(least);
                let take = excess.min((width - next).max(1));
                widths[column] = Some(width - take);
            } else if let Some(column) = (0..shapes.len())
                .filter(|column| widths[*column].is_some() && shapes[*column].drops > 0)
                .max_by_key(|column| shapes[*column].drops)
            {
                widths[column] = None;
                // What is left may grow again.
                for (other, width) in widths.iter_mut().enumerate() {
                    *width = width.map(|_| natural(other));
                }
            } else {
                // Text before numbers: a number cut short reads as a smaller one.
                let widest = |right: bool| {
                    let columns = (0..shapes.len()).filter(|column| shapes[*column].is_right == right);
                    columns
                        .filter(|column| widths[*column].is_some_and(|width| width > 3))
                        .max_by_key(|column| widths[*column])
                };
                let Some(column) = widest(false).or_else(|| widest(true)) else { break };
                widths[column] = widths[column].map(|width| width - 1);
            }
        }
        Self { widths }
    }

    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        theme: Theme,
        ellipsis: &str,
        shapes: &[Column<'_>],
        rows: &[Vec<Cell>],
        with_titles: bool,
    ) -> io::Result<()> {
        let shown: Vec<(usize, usize)> =
            self.widths.iter().enumerate().filter_map(|(column, width)| Some((column, (*width)?))).collect();
        // Colors end with the text of the last column, so that no space behind it has any.
        let last = shown.last().map(|(column, _)| *column).filter(|column| !shapes[*column].is_right);
        if with_titles {
            // Titles are a row like any other, so that a chunk without them lines up.
            let title = |(column, width): &(usize, usize)| {
                if Some(*column) == last {
                    return TableCell::new(theme.paint(TextRole::Dim, &clip(shapes[*column].title, *width, ellipsis)));
                }
                let text = padded(&clip(shapes[*column].title, *width, ellipsis), *width, shapes[*column].is_right);
                theme.cell(TextRole::Dim, TableCell::new(text))
            };
            write_row(out, theme, shown.iter().map(title).collect())?;
        }
        for row in rows {
            let cell = |(column, width): &(usize, usize)| {
                let cell = &row[*column];
                let text = clip(&cell.text, *width, ellipsis);
                if let Some(mark) = &cell.mark {
                    return TableCell::new(marked(&cell.text, mark, *width, ellipsis, theme));
                }
                if Some(*column) == last {
                    return TableCell::new(theme.paint(cell.role, &text));
                }
                theme.cell(cell.role, TableCell::new(padded(&text, *width, shapes[*column].is_right)))
            };
            write_row(out, theme, shown.iter().map(cell).collect())?;
        }
        Ok(())
    }
}

/// Writes a line. Each is a table of its own: cells are padded already, by the columns that `text::width` counts, and comfy-table,
/// which counts some scripts otherwise, has nothing left to align.
fn write_row(out: &mut dyn Write, theme: Theme, cells: Vec<TableCell>) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.force_no_tty();
    if theme.color {
        table.enforce_styling();
    }
    let last = cells.len().saturating_sub(1);
    table.add_row(cells);
    for (at, column) in table.column_iter_mut().enumerate() {
        // Space behind the last column would wrap on a screen that is just wide enough.
        column.set_padding((0, if at == last { 0 } else { GAP as u16 }));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A text cut to a width so that the beginning of its mark is seen, which stands out.
fn marked(text: &str, mark: &Range<usize>, columns: usize, ellipsis: &str, theme: Theme) -> String {
    let (before, rest) = text.split_at(mark.start);
    let found = &rest[..mark.len()];
    // Where both do not fit, the mark has three quarters of the room.
    let room = columns.saturating_sub(width(found).min(columns * 3 / 4)).saturating_sub(width(ellipsis));
    let fits = width(before) + width(found) < columns || width(text) <= columns;
    let before =
        if !fits && width(before) > room { ellipsis.to_owned() + tail(before, room) } else { before.to_owned() };
    let shown = clip(&format!("{before}{rest}"), columns, ellipsis);
    let end = |most: usize| (0..=most.min(shown.len())).rev().find(|at| shown.is_char_boundary(*at)).unwrap_or(0);
    let (start, end) = (end(before.len()), end(before.len() + found.len()));
    format!("{}{}{}", &shown[..start], theme.paint(TextRole::Found, &shown[start..end]), &shown[end..])
}

/// Pads to a width, which keeps the columns of one chunk as wide as those of the next.
fn padded(text: &str, columns: usize, is_right: bool) -> String {
    let space = " ".repeat(columns.saturating_sub(width(text)));
    if is_right { space + text } else { text.to_owned() + &space }
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten().count();
    widths.iter().flatten().sum::<usize>() + GAP * shown.saturating_sub(1)
}

/// Writes rows as a table within a view.
///
/// # Errors
/// When it cannot be written.
pub fn write_table(
    look: &RenderOptions,
    out: &mut dyn Write,
    shapes: &[Column<'_>],
    rows: &[Vec<Cell>],
) -> crate::error::Result<()> {
    let mut rows = rows.to_vec();
    shorten_ids(&mut rows);
    Ok(Layout::new(shapes, &rows, look.width).write(out, look.theme, look.ellipsis(), shapes, &rows, true)?)
}
