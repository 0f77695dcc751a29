//! The only way of stored text to a screen: what a terminal would obey, or a reader would not see, is made visible.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Stored text on one line: line breaks become `⏎`, tabs a space, control and invisible characters escapes.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, "⏎", " ")
}

/// Stored text as a block: line breaks stay, tabs become four spaces, since a tab has no width of its own.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, "\n", "    ")
}

/// Stored text as data: line breaks and tabs stay.
#[must_use]
pub(crate) fn data(text: &str) -> Cow<'_, str> {
    escape(text, "\n", "\t")
}

fn escape<'a>(text: &'a str, line_break: &str, tab: &str) -> Cow<'a, str> {
    let is_kept = |c: char| match c {
        '\n' => line_break == "\n",
        '\t' => tab == "\t",
        c => !is_dangerous(c),
    };
    if is_plain(text) || text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Line ends of Windows are one line break.
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

/// Printable ASCII, which most names are: nothing to escape, and as wide as it is long.
fn is_plain(text: &str) -> bool {
    is_plain_bytes(text.as_bytes())
}

fn is_plain_bytes(text: &[u8]) -> bool {
    text.iter().all(|b| matches!(b, b' '..=b'~'))
}

/// Characters that a terminal obeys, or that change or hide what is read: C0 (but tab and line feed), DEL, C1,
/// bidirectional controls, zero-width and other invisible characters, line separators, tags.
#[must_use]
pub(crate) const fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // U+200D joins emoji and letters of several scripts, and hides nothing that is not shown as its parts elsewhere.
        | '\u{200b}'..='\u{200c}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The display width of a text in columns: the sum over its grapheme clusters, since those are what a terminal draws and
/// what a text may be cut between.
///
/// `unicode-width` alone also joins letters across clusters (lam and alef to one column), which terminals do not do.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { clusters(text).map(|(_, _, columns)| columns).sum() }
}

/// The grapheme clusters of a text: where each begins, itself, and its columns.
fn clusters(text: &str) -> impl DoubleEndedIterator<Item = (usize, &str, usize)> {
    text.grapheme_indices(true).map(|(at, cluster)| (at, cluster, cluster.width()))
}

/// The beginning of a text that fits into so many columns, with an ellipsis where something was cut.
#[must_use]
pub fn clip(text: &str, columns: usize, ellipsis: &str) -> String {
    // No text has more columns than bytes.
    if text.len() <= columns || width(text) <= columns {
        return text.to_owned();
    }
    // Where not even the ellipsis fits, the text itself says more.
    let ellipsis = if width(ellipsis) < columns { ellipsis } else { "" };
    let room = columns - width(ellipsis);
    let mut used = 0;
    let end = clusters(text).find_map(|(at, _, columns)| {
        used += columns;
        (used > room).then_some(at)
    });
    text[..end.unwrap_or(text.len())].to_owned() + ellipsis
}

/// The longest end of a text that fits into `columns`.
#[must_use]
pub(crate) fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let fits = clusters(text).rev().take_while(|(_, _, columns_of_one)| {
        used += columns_of_one;
        used <= columns
    });
    &text[fits.last().map_or(text.len(), |(at, _, _)| at)..]
}

/// A range of a text, widened to whole grapheme clusters: colors within one would come between its parts.
#[must_use]
pub(crate) fn whole_clusters(text: &str, range: Range<usize>) -> Range<usize> {
    let starts = || text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]);
    let start = starts().take_while(|at| *at <= range.start).last().unwrap_or(0);
    start..starts().find(|at| *at >= range.end).unwrap_or(text.len())
}

/// A line in pieces that fit into so many columns, broken behind a space where one is not far; nothing of it is left out.
///
/// Only a single character that is wider than that makes a piece too wide.
pub fn wrap(line: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let (piece, left) = rest?.split_at(break_of(rest?, columns));
        rest = (!left.is_empty()).then_some(left);
        Some(piece)
    })
}

/// Where the first piece of a line ends: at its end, behind a space, or at the width.
fn break_of(line: &str, columns: usize) -> usize {
    // No text has more columns than bytes.
    if line.len() <= columns {
        return line.len();
    }
    let behind = |space: usize, at: usize| if space > at / 2 { space } else { at };
    // Most lines are ASCII, of which each byte is a cluster unless something else follows.
    if columns > 0 && is_plain_bytes(&line.as_bytes()[..=columns]) {
        return behind(line[..columns].rfind(' ').map_or(0, |at| at + 1), columns);
    }
    let (mut used, mut space) = (0, 0);
    for (at, cluster, columns_of_one) in clusters(line) {
        used += columns_of_one;
        if used > columns {
            return if at > 0 { behind(space, at) } else { break_within(cluster, columns) };
        }
        if cluster == " " {
            space = at + 1;
        }
    }
    line.len()
}

/// Where the part of a cluster ends that fits. Some have no bound on their width, as a row of leading jamo has none.
fn break_within(cluster: &str, columns: usize) -> usize {
    let mut used = 0;
    let end = cluster.char_indices().find(|(at, c)| {
        // A variation selector may widen what is before it.
        used += if matches!(c, '\u{fe00}'..='\u{fe0f}') { 1 } else { c.width().unwrap_or(0) };
        used > columns && *at > 0
    });
    end.map_or(cluster.len(), |(at, _)| at)
}
