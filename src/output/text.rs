//! Escaping and measuring of stored text. All stored text is printed through this module, which escapes control and
//! invisible characters.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Escapes stored text onto one line: line breaks become `⏎`, tabs a space, control and invisible characters escapes.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, "⏎", " ")
}

/// Escapes stored text as a block: line breaks are preserved; tabs, which have no fixed width, become four spaces.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, "\n", "    ")
}

/// Escapes stored text as data: line breaks and tabs are preserved.
#[must_use]
pub(crate) fn data_text(text: &str) -> Cow<'_, str> {
    escape(text, "\n", "\t")
}

fn escape<'a>(text: &'a str, line_break: &str, tab: &str) -> Cow<'a, str> {
    let is_unchanged = |c: char| match c {
        '\n' => line_break == "\n",
        '\t' => tab == "\t",
        c => !is_dangerous(c),
    };
    if is_plain(text) || text.chars().all(is_unchanged) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // CRLF is one line break.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => out.push_str(line_break),
            '\t' => out.push_str(tab),
            c if !is_dangerous(c) => out.push(c),
            c if u32::from(c) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

/// Whether a text is printable ASCII, as most names are: nothing to escape, and one column per byte.
fn is_plain(text: &str) -> bool {
    is_plain_bytes(text.as_bytes())
}

fn is_plain_bytes(text: &[u8]) -> bool {
    text.iter().all(|b| matches!(b, b' '..=b'~'))
}

/// Whether a terminal could interpret a character, or it could alter or hide displayed text: C0 (except tab and line
/// feed), DEL, C1, bidirectional controls, zero-width and other invisible characters, line separators, tags.
#[must_use]
pub(crate) const fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // Not U+200D, which joins emoji and letters of several scripts and hides nothing.
        | '\u{200b}'..='\u{200c}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Returns the display width of a text in columns: the sum over its grapheme clusters, which terminals draw as units
/// and between which text is truncated.
///
/// `unicode-width` alone also merges letters across clusters (lam and alef into one column), which terminals do not.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { clusters(text).map(|(_, _, columns)| columns).sum() }
}

/// The grapheme clusters of a text: byte index, cluster, width in columns.
fn clusters(text: &str) -> impl DoubleEndedIterator<Item = (usize, &str, usize)> {
    text.grapheme_indices(true).map(|(at, cluster)| (at, cluster, cluster.width()))
}

/// Truncates a text to a width in columns, with an ellipsis if anything was cut.
#[must_use]
pub fn clip(text: &str, columns: usize, ellipsis: &str) -> String {
    cut(text, columns, ellipsis).map_or_else(|| text.to_owned(), |(end, ellipsis)| text[..end].to_owned() + ellipsis)
}

/// Returns the byte index at which a text is cut that does not fit into `columns`, and what is put there.
#[must_use]
pub(super) fn cut<'a>(text: &str, columns: usize, ellipsis: &'a str) -> Option<(usize, &'a str)> {
    // No text has more columns than bytes.
    if text.len() <= columns || width(text) <= columns {
        return None;
    }
    // If not even the ellipsis fits, shows text instead.
    let ellipsis = if width(ellipsis) < columns { ellipsis } else { "" };
    let room = columns - width(ellipsis);
    let mut used = 0;
    let end = clusters(text).find_map(|(at, _, columns)| {
        used += columns;
        (used > room).then_some(at)
    });
    Some((end.unwrap_or(text.len()), ellipsis))
}

/// Returns the longest suffix of a text that fits into `columns`.
#[must_use]
pub(crate) fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let fits = clusters(text).rev().take_while(|(_, _, columns_of_one)| {
        used += columns_of_one;
        used <= columns
    });
    &text[fits.last().map_or(text.len(), |(at, _, _)| at)..]
}

/// Extends a byte range to whole grapheme clusters, which color escape sequences must not split.
#[must_use]
pub(crate) fn whole_clusters(text: &str, range: Range<usize>) -> Range<usize> {
    let starts = || text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]);
    let start = starts().take_while(|at| *at <= range.start).last().unwrap_or(0);
    start..starts().find(|at| *at >= range.end).unwrap_or(text.len())
}

/// Splits a line into pieces that fit into `columns`, after a space if there is one in the second half. The pieces
/// concatenate to the line.
///
/// A piece is too wide only if it is a single character wider than `columns`.
pub fn wrap(line: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let (piece, left) = rest?.split_at(break_point(rest?, columns));
        rest = (!left.is_empty()).then_some(left);
        Some(piece)
    })
}

/// Returns the byte index at which the first piece of a line ends: its end, after a space, or at the width.
fn break_point(line: &str, columns: usize) -> usize {
    // No text has more columns than bytes.
    if line.len() <= columns {
        return line.len();
    }
    let prefer_space = |space: usize, at: usize| if space > at / 2 { space } else { at };
    // Most lines are ASCII, where each byte is a cluster unless a combining character follows.
    if columns > 0 && is_plain_bytes(&line.as_bytes()[..=columns]) {
        return prefer_space(line[..columns].rfind(' ').map_or(0, |at| at + 1), columns);
    }
    let (mut used, mut space) = (0, 0);
    for (at, cluster, columns_of_one) in clusters(line) {
        used += columns_of_one;
        if used > columns {
            return if at > 0 { prefer_space(space, at) } else { cluster_break_point(cluster, columns) };
        }
        if cluster == " " {
            space = at + 1;
        }
    }
    line.len()
}

/// Returns the byte index at which the part of a cluster that fits ends. Clusters can be arbitrarily wide, such as a
/// sequence of leading jamo.
fn cluster_break_point(cluster: &str, columns: usize) -> usize {
    let mut used = 0;
    let end = cluster.char_indices().find(|(at, c)| {
        // A variation selector may widen the preceding character.
        used += if matches!(c, '\u{fe00}'..='\u{fe0f}') { 1 } else { c.width().unwrap_or(0) };
        used > columns && *at > 0
    });
    end.map_or(cluster.len(), |(at, _)| at)
}
