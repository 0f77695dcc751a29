//! Texts with what was deleted and inserted, as `git diff --word-diff` writes it: `[-old-]{+new+}`.

use crate::analysis::diff::{WordOp, WordRun};
use crate::error::Result;
use crate::output::text::{block, width, wrap};
use crate::output::{RenderOptions, TextRole, number};
use std::io::Write;

/// So many words of what did not change are shown on either side of what did.
const CONTEXT: usize = 6;

/// These in no more characters than so many.
const LONGEST_CONTEXT: usize = 60;

/// So many characters of what was deleted or inserted are shown, unless all is.
const LONGEST: usize = 320;

/// Pieces of a text, each in its role.
#[derive(Debug, Default)]
pub(super) struct MarkedText {
    text: String,
    /// Where each piece ends.
    ends: Vec<(usize, TextRole)>,
}

impl MarkedText {
    /// A text of this program.
    pub(super) fn own(&mut self, text: &str, role: TextRole) {
        self.text.push_str(text);
        self.ends.push((self.text.len(), role));
    }

    /// A stored text that is only in one of the traces.
    pub(super) fn one_sided(&mut self, look: &RenderOptions, op: WordOp, text: &str, is_full: bool) {
        let (open, close, role) = match op {
            WordOp::Equal => ("", "", TextRole::Plain),
            WordOp::Delete => ("[-", "-]", TextRole::Bad),
            WordOp::Insert => ("{+", "+}", TextRole::Good),
        };
        let count = text.chars().count();
        let is_cut = !is_full && op != WordOp::Equal && count > LONGEST;
        let kept: String = if is_cut { text.chars().take(LONGEST).collect() } else { text.to_owned() };
        let left = number::count(i64::try_from(count - LONGEST.min(count)).unwrap_or(i64::MAX));
        let more = if is_cut { format!("{} {left} more", look.ellipsis()) } else { String::new() };
        let kept = kept.replace("\r\n", "\n");
        // A tab has no width of its own, and alone it is not seen.
        let kept = kept.replace('\t', if op == WordOp::Equal { "    " } else { "\\t" });
        // A line break alone is not seen.
        let kept =
            if op == WordOp::Equal { kept } else { kept.replace('\n', if look.unicode { "⏎\n" } else { "\\n\n" }) };
        self.own(&format!("{open}{}{more}{close}", block(&without_signs(&kept))), role);
    }

    /// Two texts word by word. Long stretches that did not change are cut, unless all is shown.
    pub(super) fn words(&mut self, look: &RenderOptions, words: &[WordRun], is_full: bool) {
        for (at, piece) in words.iter().enumerate() {
            if piece.op != WordOp::Equal || is_full {
                self.one_sided(look, piece.op, &piece.text, is_full);
                continue;
            }
            let cut = context(&piece.text, at > 0, at + 1 < words.len(), look.ellipsis());
            self.one_sided(look, WordOp::Equal, &cut, is_full);
        }
    }

    /// Writes it behind a title, on as many lines as it needs, but for those beyond so many.
    pub(super) fn write(
        &self,
        look: &RenderOptions,
        out: &mut dyn Write,
        [first, rest]: [&str; 2],
        most: usize,
    ) -> Result<()> {
        let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(width(rest)).max(20));
        let mut lead = first;
        let (mut at, mut count) = (0, 0);
        for line in self.text.split_inclusive('\n') {
            for piece in wrap(line.trim_end_matches('\n'), room) {
                if count < most {
                    let shown = self.painted(look, at, piece);
                    writeln!(out, "{}", format!("{}{shown}", look.theme.paint(TextRole::Dim, lead)).trim_end())?;
                }
                lead = rest;
                count += 1;
                at += piece.len();
            }
            at += line.len() - line.trim_end_matches('\n').len();
        }
        if count > most {
            let more = format!("{rest}{} {} more lines", look.ellipsis(), count - most);
            writeln!(out, "{}", look.theme.paint(TextRole::Dim, &more))?;
        }
        Ok(())
    }

    /// A piece of the text that begins at a place, in the colours of its parts.
    fn painted(&self, look: &RenderOptions, start: usize, piece: &str) -> String {
        let end = start + piece.len();
        let mut from = start;
        let mut out = String::new();
        let first = self.ends.partition_point(|(part_end, _)| *part_end <= start);
        for (part_end, role) in &self.ends[first..] {
            let to = end.min(*part_end);
            if to > from {
                out += &look.theme.paint(*role, &self.text[from..to]);
                from = to;
            }
            if from == end {
                break;
            }
        }
        out
    }
}

/// A stored text in which nothing reads as a sign of this view: `{+` becomes `{\+`.
fn without_signs(text: &str) -> String {
    let signs = [("[-", "[\\-"), ("-]", "-\\]"), ("{+", "{\\+"), ("+}", "+\\}")];
    signs.iter().fold(
        text.to_owned(),
        |text, (sign, shown)| {
            if text.contains(sign) { text.replace(sign, shown) } else { text }
        },
    )
}

/// What is shown of a text that did not change: its beginning where something changed before it, its end where something
/// does behind it.
fn context(text: &str, is_behind: bool, is_before: bool, ellipsis: &str) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let is_short = text.chars().count() <= 2 * LONGEST_CONTEXT && words.len() <= 2 * CONTEXT + 2;
    if is_short && (is_behind && is_before) {
        return text.to_owned();
    }
    let fits = |words: &[&str]| {
        let text = words.concat();
        let length = text.chars().count();
        (text, length)
    };
    let mut head = String::new();
    if is_behind {
        let (start, length) = fits(&words[..words.len().min(CONTEXT)]);
        head = if length > LONGEST_CONTEXT { start.chars().take(LONGEST_CONTEXT).collect() } else { start };
    }
    let mut tail = String::new();
    if is_before {
        let (end, length) = fits(&words[words.len() - words.len().min(CONTEXT)..]);
        tail = end.chars().skip(length.saturating_sub(LONGEST_CONTEXT)).collect();
    }
    if head.len() + tail.len() >= text.len() {
        return text.to_owned();
    }
    let gap = |side: &str| if side.is_empty() { "" } else { " " };
    format!("{}{}{ellipsis}{}{tail}", head.trim_end(), gap(&head), gap(&tail))
}

#[cfg(test)]
mod tests;
