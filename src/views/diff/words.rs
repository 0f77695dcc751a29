//! Texts with deleted and inserted words, in the format of `git diff --word-diff`: `[-old-]{+new+}`.

use crate::analysis::diff::{WordOp, WordRun};
use crate::number;
use crate::output::{RenderOptions, StyledText, TextRole};

/// Number of unchanged words shown on either side of a change.
const CONTEXT_WORDS: usize = 6;

/// Maximum number of characters of these words.
const MAX_CONTEXT_CHARS: usize = 60;

/// Maximum number of characters shown of a deleted or inserted text, unless everything is shown.
const MAX_CHANGED_CHARS: usize = 320;

/// Appends a stored text, marked as deleted or inserted.
pub(super) fn push_run(line: &mut StyledText, options: &RenderOptions, op: WordOp, text: &str, is_full: bool) {
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
    let shown =
        if op == WordOp::Equal { shown } else { shown.replace('\n', if options.unicode { "⏎\n" } else { "\\n\n" }) };
    line.push_block(role, &format!("{open}{}{more}{close}", escape_markers(&shown)));
}

/// Appends a word diff. Long unchanged runs are shortened, unless everything is shown.
pub(super) fn push_words(line: &mut StyledText, options: &RenderOptions, words: &[WordRun], is_full: bool) {
    for (at, run) in words.iter().enumerate() {
        if run.op != WordOp::Equal || is_full {
            push_run(line, options, run.op, &run.text, is_full);
            continue;
        }
        let cut = elide(&run.text, at > 0, at + 1 < words.len(), options.ellipsis());
        push_run(line, options, WordOp::Equal, &cut, is_full);
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
