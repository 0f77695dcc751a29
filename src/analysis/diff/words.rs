//! Word diff of two texts.

use super::content::{PieceKey, key_of};
use super::ids;
use super::sequence::differing_ranges;
use std::ops::Range;

/// How words differ between two texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordOp {
    /// They are in both texts.
    Equal,
    /// They are in the first text only.
    Delete,
    /// They are in the second text only.
    Insert,
}

impl WordOp {
    /// Returns the JSON value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Delete => "delete",
            Self::Insert => "insert",
        }
    }
}

/// Consecutive words with the same operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordRun {
    /// The operation.
    pub op: WordOp,
    /// The words; for equal words, as in the second text.
    pub text: String,
    /// For equal words, the words as in the first text, if they differ in ids.
    pub text_a: Option<String>,
}

/// Maximum length in bytes for a word diff; longer texts, not counting a common start and end, are compared by line.
const MAX_WORD_DIFF_BYTES: usize = 1 << 17;

/// Texts that share less than 1/4 of the letters and digits of the shorter one are shown whole: the shared words are
/// coincidental.
const MIN_SHARED_DIVISOR: usize = 4;

/// Whether any two ids are treated as equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchIds {
    Yes,
    No,
}

/// Returns the words deleted and inserted to turn one text into another.
pub(super) fn diff_words(a: &str, b: &str, match_ids: MatchIds) -> Vec<WordRun> {
    let (start, end) = if a.len().max(b.len()) > MAX_WORD_DIFF_BYTES { common_ends(a, b) } else { (0, 0) };
    let (middle_a, middle_b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let shifted = |range: Range<usize>| range.start + start..range.end + start;
    let found =
        differing_bytes(middle_a, middle_b, match_ids).into_iter().map(|(in_a, in_b)| (shifted(in_a), shifted(in_b)));
    let mut found: Vec<(Range<usize>, Range<usize>)> = found.collect();
    join_adjacent(&mut found, b);
    if is_coincidental(&found, a, b) {
        found = vec![(0..a.len(), 0..b.len())];
    }
    word_runs(&found, a, b)
}

/// Returns the byte ranges where two texts differ, by word, or by line if they are very long. Symmetric: swapping the
/// texts swaps the ranges.
fn differing_bytes(a: &str, b: &str, match_ids: MatchIds) -> Vec<(Range<usize>, Range<usize>)> {
    if b < a {
        return differing_bytes(b, a, match_ids).into_iter().map(|(in_b, in_a)| (in_a, in_b)).collect();
    }
    let is_long = a.len().max(b.len()) > MAX_WORD_DIFF_BYTES;
    let (tokens_a, tokens_b) =
        if is_long { (lines(a), lines(b)) } else { (tokens(a, match_ids), tokens(b, match_ids)) };
    let keys = |tokens: &[WordToken], text| tokens.iter().map(|token| token.key(text)).collect::<Vec<PieceKey>>();
    let found = differing_ranges(&keys(&tokens_a, a), &keys(&tokens_b, b));
    found
        .into_iter()
        .map(|(in_a, in_b)| (byte_range(&tokens_a, in_a, a.len()), byte_range(&tokens_b, in_b, b.len())))
        .collect()
}

/// Returns the length in bytes of the common start and the common end of two texts, in whole words.
fn common_ends(a: &str, b: &str) -> (usize, usize) {
    let length = |common: (char, char)| common.0.len_utf8();
    let common: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(length).sum();
    let start = a[..common].rfind(' ').map_or(0, |at| at + 1);
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let common: usize = rest_a.chars().rev().zip(rest_b.chars().rev()).take_while(|(a, b)| a == b).map(length).sum();
    let rest = &rest_a[rest_a.len() - common..];
    (start, rest.find(' ').map_or(0, |at| rest.len() - at))
}

/// A part of a text that is compared as a whole.
#[derive(Clone, Debug)]
struct WordToken {
    /// In bytes.
    range: Range<usize>,
    is_id: bool,
}

impl WordToken {
    /// Returns the hash by which it is compared; all ids are equal.
    fn key(&self, text: &str) -> PieceKey {
        if self.is_id { 0 } else { key_of(&text[self.range.clone()]) }
    }
}

/// Returns the byte range of a range of tokens; `length` = that of the text.
fn byte_range(tokens: &[WordToken], range: Range<usize>, length: usize) -> Range<usize> {
    let start = tokens.get(range.start).map_or(length, |token| token.range.start);
    let end = if range.is_empty() { start } else { tokens.get(range.end - 1).map_or(length, |token| token.range.end) };
    start..end
}

/// Splits a text into words, whitespace and single other characters; an id is one token.
fn tokens(text: &str, match_ids: MatchIds) -> Vec<WordToken> {
    let mut found: Vec<WordToken> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let id = if match_ids == MatchIds::Yes { ids::id_length_at(text, at) } else { None };
        let length = id.unwrap_or_else(|| {
            let is_like: fn(char) -> bool = if is_word_char(first) {
                is_word_char
            } else if first.is_whitespace() {
                char::is_whitespace
            } else {
                return first.len_utf8();
            };
            rest.find(|c| !is_like(c)).unwrap_or(rest.len())
        });
        found.push(WordToken { range: at..at + length, is_id: id.is_some() });
        at += length;
    }
    found
}

/// Whether a character is part of a word. Scripts without spaces between words are compared by character.
fn is_word_char(c: char) -> bool {
    let is_ideograph = matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    (c.is_alphanumeric() && !is_ideograph) || c == '_'
}

fn lines(text: &str) -> Vec<WordToken> {
    let mut at = 0;
    let token = |line: &str| {
        at += line.len();
        WordToken { range: at - line.len()..at, is_id: false }
    };
    text.split_inclusive('\n').map(token).collect()
}

/// Joins differences with no word between them: `[-a-]{+b+} [-c-]{+d+}` reads better as `[-a c-]{+b d+}`.
fn join_adjacent(found: &mut Vec<(Range<usize>, Range<usize>)>, b: &str) {
    found.dedup_by(|next, last| {
        let between = &b[last.1.end..next.1.start];
        let has_no_word =
            !between.contains('\n') && !between.contains(char::is_alphanumeric) && between.chars().count() <= 3;
        // Two insertions, or two deletions, stay separate.
        let is_replacement = !(last.0.is_empty() && next.0.is_empty() || last.1.is_empty() && next.1.is_empty());
        if has_no_word && is_replacement {
            (last.0.end, last.1.end) = (next.0.end, next.1.end);
        }
        has_no_word && is_replacement
    });
}

/// Whether two texts share only a few of many words, by coincidence.
fn is_coincidental(found: &[(Range<usize>, Range<usize>)], a: &str, b: &str) -> bool {
    let count = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let count_in = |text: &str, range: &Range<usize>| count(&text[range.clone()]);
    let deleted: usize = found.iter().map(|(in_a, _)| count_in(a, in_a)).sum();
    let inserted: usize = found.iter().map(|(_, in_b)| count_in(b, in_b)).sum();
    let (count_a, count_b) = (count(a), count(b));
    let shared = (count_a - deleted).min(count_b - inserted);
    found.len() > 1 && deleted > 0 && inserted > 0 && shared * MIN_SHARED_DIVISOR < count_a.min(count_b)
}

/// Returns the runs of both texts between and at the differing byte ranges.
fn word_runs(found: &[(Range<usize>, Range<usize>)], a: &str, b: &str) -> Vec<WordRun> {
    let mut words = Vec::new();
    let mut push = |op, text: &str, text_a: &str| {
        if !text.is_empty() {
            let text_a = (op == WordOp::Equal && text_a != text).then(|| text_a.to_owned());
            words.push(WordRun { op, text: text.to_owned(), text_a });
        }
    };
    let (mut at_a, mut at_b) = (0, 0);
    for (in_a, in_b) in found {
        push(WordOp::Equal, &b[at_b..in_b.start], &a[at_a..in_a.start]);
        push(WordOp::Delete, &a[in_a.clone()], "");
        push(WordOp::Insert, &b[in_b.clone()], "");
        (at_a, at_b) = (in_a.end, in_b.end);
    }
    push(WordOp::Equal, &b[at_b..], &a[at_a..]);
    words
}

#[cfg(test)]
mod tests;
