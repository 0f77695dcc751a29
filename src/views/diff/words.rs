//! Texts with deleted and inserted words, in the format of `git diff --word-diff`: `[-old-]{+new+}`.

use crate::analysis::diff::{WordOp, WordRun};
use crate::error::Result;
use crate::number;
use crate::output::text::{block, width, wrap};
use crate::output::{RenderOptions, TextRole};
use std::io::Write;

/// Number of unchanged words shown on either side of a change.
const CONTEXT_WORDS: usize = 6;

/// Maximum number of characters of these words.
const MAX_CONTEXT_CHARS: usize = 60;

/// Maximum number of characters shown of a deleted or inserted text, unless everything is shown.
const MAX_CHANGED_CHARS: usize = 320;

/// A text whose parts have roles.
#[derive(Debug, Default)]
pub(super) struct MarkedText {
    text: String,
    /// End of each part in bytes, and its role.
    ends: Vec<(usize, TextRole)>,
}

impl MarkedText {
    /// Appends text as it is.
    pub(super) fn push(&mut self, text: &str, role: TextRole) {
        self.text.push_str(text);
        self.ends.push((self.text.len(), role));
    }

    /// Appends a stored text, marked as deleted or inserted.
    pub(super) fn push_run(&mut self, options: &RenderOptions, op: WordOp, text: &str, is_full: bool) {
        let (open, close, role) = match op {
            WordOp::Equal => ("", "", TextRole::Plain),
            WordOp::Delete => ("[-", "-]", TextRole::Bad),
            WordOp::Insert => ("{+", "+}", TextRole::Good),
        };
        let count = text.chars().count();
        let is_cut = !is_full && op != WordOp::Equal && count > MAX_CHANGED_CHARS;
        let shown: String = if is_cut { text.chars().take(MAX_CHANGED_CHARS).collect() } else { text.to_owned() };
        let left = number::count(i64::try_from(count - MAX_CHANGED_CHARS.min(count)).unwrap_or(i64::MAX));
        let more = if is_cut { format!("{} {left} more", options.ellipsis()) } else { String::new() };
        let shown = shown.replace("\r\n", "\n");
        // A tab has no fixed width; as a change of its own it would be invisible.
        let shown = shown.replace('\t', if op == WordOp::Equal { "    " } else { "\\t" });
        // A changed line break would be invisible.
        let shown = if op == WordOp::Equal {
            shown
        } else {
            shown.replace('\n', if options.unicode { "⏎\n" } else { "\\n\n" })
        };
        self.push(&format!("{open}{}{more}{close}", block(&escape_markers(&shown))), role);
    }

    /// Appends a word diff. Long unchanged runs are shortened, unless everything is shown.
    pub(super) fn push_words(&mut self, options: &RenderOptions, words: &[WordRun], is_full: bool) {
        for (at, run) in words.iter().enumerate() {
            if run.op != WordOp::Equal || is_full {
                self.push_run(options, run.op, &run.text, is_full);
                continue;
            }
            let cut = elide(&run.text, at > 0, at + 1 < words.len(), options.ellipsis());
            self.push_run(options, WordOp::Equal, &cut, is_full);
        }
    }

    /// Writes the wrapped text: `first` before the first line, `rest` before the others, at most `max_lines` lines.
    pub(super) fn write(
        &self,
        options: &RenderOptions,
        out: &mut dyn Write,
        [first, rest]: [&str; 2],
        max_lines: usize,
    ) -> Result<()> {
        let room = options.width.map_or(usize::MAX, |all| all.saturating_sub(width(rest)).max(20));
        let mut prefix = first;
        let (mut at, mut count) = (0, 0);
        for line in self.text.split_inclusive('\n') {
            for piece in wrap(line.trim_end_matches('\n'), room) {
                if count < max_lines {
                    let shown = self.paint(options, at, piece);
                    writeln!(out, "{}", format!("{}{shown}", options.theme.paint(TextRole::Dim, prefix)).trim_end())?;
                }
                prefix = rest;
                count += 1;
                at += piece.len();
            }
            at += line.len() - line.trim_end_matches('\n').len();
        }
        if count > max_lines {
            let more = format!("{rest}{} {} more lines", options.ellipsis(), count - max_lines);
            writeln!(out, "{}", options.theme.paint(TextRole::Dim, &more))?;
        }
        Ok(())
    }

    /// Colors a piece of the text that starts at a byte offset.
    fn paint(&self, options: &RenderOptions, start: usize, piece: &str) -> String {
        let end = start + piece.len();
        let mut from = start;
        let mut out = String::new();
        let first = self.ends.partition_point(|(part_end, _)| *part_end <= start);
        for (part_end, role) in &self.ends[first..] {
            let to = end.min(*part_end);
            if to > from {
                out += &options.theme.paint(*role, &self.text[from..to]);
                from = to;
            }
            if from == end {
                break;
            }
        }
        out
    }
}

/// Escapes the diff markers in a stored text: `{+` becomes `{\+`.
fn escape_markers(text: &str) -> String {
    let markers = [("[-", "[\\-"), ("-]", "-\\]"), ("{+", "{\\+"), ("+}", "+\\}")];
    markers.iter().fold(
        text.to_owned(),
        |text, (marker, escaped)| {
            if text.contains(marker) { text.replace(marker, escaped) } else { text }
        },
    )
}

/// Shortens an unchanged text: keeps its start if a change precedes it, and its end if a change follows.
fn elide(text: &str, follows_change: bool, precedes_change: bool, ellipsis: &str) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let is_short = text.chars().count() <= 2 * MAX_CONTEXT_CHARS && words.len() <= 2 * CONTEXT_WORDS + 2;
    if is_short && (follows_change && precedes_change) {
        return text.to_owned();
    }
    let joined = |words: &[&str]| {
        let text = words.concat();
        let length = text.chars().count();
        (text, length)
    };
    let mut head = String::new();
    if follows_change {
        let (start, length) = joined(&words[..words.len().min(CONTEXT_WORDS)]);
        head = if length > MAX_CONTEXT_CHARS { start.chars().take(MAX_CONTEXT_CHARS).collect() } else { start };
    }
    let mut tail = String::new();
    if precedes_change {
        let (end, length) = joined(&words[words.len() - words.len().min(CONTEXT_WORDS)..]);
        tail = end.chars().skip(length.saturating_sub(MAX_CONTEXT_CHARS)).collect();
    }
    if head.len() + tail.len() >= text.len() {
        return text.to_owned();
    }
    let gap = |side: &str| if side.is_empty() { "" } else { " " };
    format!("{}{}{ellipsis}{}{tail}", head.trim_end(), gap(&head), gap(&tail))
}

#[cfg(test)]
mod tests;
