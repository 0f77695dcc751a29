//! The only way of stored text to a screen: what a terminal would obey, or a reader would not see, is made visible.

use std::borrow::Cow;
use std::fmt::Write as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Stored text on one line: line breaks become `⏎`, tabs a space, control and invisible characters escapes.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

/// Stored text as a block: line breaks and tabs stay.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

fn escape(text: &str, on_one_line: bool) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let stops = |c: char| is_dangerous(c) || (on_one_line && matches!(c, '\n' | '\t'));
    if !text.contains(stops) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // Line ends of Windows are one line break.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' if on_one_line => out.push('⏎'),
            '\t' if on_one_line => out.push(' '),
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
    text.bytes().all(|b| matches!(b, b' '..=b'~'))
}

/// Characters that a terminal obeys, or that change or hide what is read: C0 (but tab and line feed), DEL, C1,
/// bidirectional controls, zero-width and other invisible characters, line separators, tags.
#[must_use]
pub(super) const fn is_dangerous(c: char) -> bool {
    matches!(c,
        '\0'..='\x08' | '\x0b'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        // U+200D joins emoji and letters of several scripts, and hides nothing that is not shown as its parts elsewhere.
        | '\u{200b}'..='\u{200c}' | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A text as a shell takes it for one word: ids, names and paths may hold anything.
#[must_use]
pub fn shell_word(text: &str) -> Cow<'_, str> {
    // What no shell can take as an argument (a NUL) is left as it is.
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
}

/// How many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

/// The beginning of a text that fits into so many columns, with an ellipsis where something was cut.
#[must_use]
pub fn clip(text: &str, columns: usize, ellipsis: &str) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    // Where not even the ellipsis fits, the text itself says more.
    let ellipsis = if ellipsis.width() < columns { ellipsis } else { "" };
    let room = columns - ellipsis.width();
    let mut used = 0;
    let kept = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    kept.chain(ellipsis.chars()).collect()
}

/// A line in pieces that fit into so many columns, broken behind a space where one is not far; nothing of it is left out.
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
    let (mut used, mut space) = (0, 0);
    for (at, c) in line.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns && at > 0 {
            return if space > at / 2 { space } else { at };
        }
        if c == ' ' {
            space = at + 1;
        }
    }
    line.len()
}
