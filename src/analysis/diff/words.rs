//! Two texts word by word.

use super::content::{PieceKey, key_of};
use super::ids;
use super::sequence::gaps;
use std::ops::Range;

/// What became of some words.
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
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Delete => "delete",
            Self::Insert => "insert",
        }
    }
}

/// Words one after another of which the same became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordRun {
    /// What became of them.
    pub op: WordOp,
    /// The words; of those in both texts as the second has them.
    pub text: String,
    /// The words as the first text has them, where ids or times in them are others.
    pub of_a: Option<String>,
}

/// Texts that are longer in bytes, but for what they begin and end with alike, are compared line by line.
const LONGEST: usize = 1 << 17;

/// Texts that share less than one sign of so many are shown whole: what they share is chance.
const SHARED: usize = 4;

/// Whether ids match whatever they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchIds {
    Yes,
    No,
}

/// What is deleted from a text and inserted into it to get another.
pub(super) fn diff(a: &str, b: &str, match_ids: MatchIds) -> Vec<WordRun> {
    let (start, end) = if a.len().max(b.len()) > LONGEST { common(a, b) } else { (0, 0) };
    let (of_a, of_b) = (&a[start..a.len() - end], &b[start..b.len() - end]);
    let moved = |range: Range<usize>| range.start + start..range.end + start;
    let found = differing(of_a, of_b, match_ids).into_iter().map(|(in_a, in_b)| (moved(in_a), moved(in_b)));
    let mut found: Vec<(Range<usize>, Range<usize>)> = found.collect();
    join(&mut found, b);
    if is_chance(&found, a, b) {
        found = vec![(0..a.len(), 0..b.len())];
    }
    told(&found, a, b)
}

/// Where two texts differ, word by word, or line by line where they are very long: at the same places the other way round.
fn differing(a: &str, b: &str, match_ids: MatchIds) -> Vec<(Range<usize>, Range<usize>)> {
    if b < a {
        return differing(b, a, match_ids).into_iter().map(|(in_b, in_a)| (in_a, in_b)).collect();
    }
    let is_long = a.len().max(b.len()) > LONGEST;
    let (of_a, of_b) = if is_long { (lines(a), lines(b)) } else { (tokens(a, match_ids), tokens(b, match_ids)) };
    let keys = |tokens: &[WordToken], text| tokens.iter().map(|token| token.key(text)).collect::<Vec<PieceKey>>();
    let found = gaps(&keys(&of_a, a), &keys(&of_b, b));
    found.into_iter().map(|(in_a, in_b)| (bytes(&of_a, in_a, a.len()), bytes(&of_b, in_b, b.len()))).collect()
}

/// How many bytes two texts have in common at their beginnings and at their ends, in whole words.
fn common(a: &str, b: &str) -> (usize, usize) {
    let length = |alike: (char, char)| alike.0.len_utf8();
    let alike: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(length).sum();
    let start = a[..alike].rfind(' ').map_or(0, |at| at + 1);
    let (rest_a, rest_b) = (&a[start..], &b[start..]);
    let alike: usize = rest_a.chars().rev().zip(rest_b.chars().rev()).take_while(|(a, b)| a == b).map(length).sum();
    let rest = &rest_a[rest_a.len() - alike..];
    (start, rest.find(' ').map_or(0, |at| rest.len() - at))
}

/// A piece of a text that is compared as a whole.
#[derive(Clone, Debug)]
struct WordToken {
    at: Range<usize>,
    is_id: bool,
}

impl WordToken {
    /// By what it is compared.
    fn key(&self, text: &str) -> PieceKey {
        if self.is_id { 0 } else { key_of(&text[self.at.clone()]) }
    }
}

/// Where some tokens stand in their text.
fn bytes(tokens: &[WordToken], range: Range<usize>, length: usize) -> Range<usize> {
    let start = tokens.get(range.start).map_or(length, |token| token.at.start);
    let end = if range.is_empty() { start } else { tokens.get(range.end - 1).map_or(length, |token| token.at.end) };
    start..end
}

/// Words, spaces between them, single signs; an id is one token.
fn tokens(text: &str, match_ids: MatchIds) -> Vec<WordToken> {
    let mut found: Vec<WordToken> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let id = if match_ids == MatchIds::Yes { ids::leading(text, at) } else { None };
        let length = id.unwrap_or_else(|| {
            let is_like: fn(char) -> bool = if is_of_word(first) {
                is_of_word
            } else if first.is_whitespace() {
                char::is_whitespace
            } else {
                return first.len_utf8();
            };
            rest.find(|c| !is_like(c)).unwrap_or(rest.len())
        });
        found.push(WordToken { at: at..at + length, is_id: id.is_some() });
        at += length;
    }
    found
}

/// Whether a sign is part of a word. Scripts without spaces between words are compared sign by sign.
fn is_of_word(c: char) -> bool {
    let is_ideograph = matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}');
    (c.is_alphanumeric() && !is_ideograph) || c == '_'
}

fn lines(text: &str) -> Vec<WordToken> {
    let mut at = 0;
    let token = |line: &str| {
        at += line.len();
        WordToken { at: at - line.len()..at, is_id: false }
    };
    text.split_inclusive('\n').map(token).collect()
}

/// Joins gaps between which there is no word: `[-a-]{+b+} [-c-]{+d+}` reads better as `[-a c-]{+b d+}`.
fn join(found: &mut Vec<(Range<usize>, Range<usize>)>, b: &str) {
    found.dedup_by(|next, last| {
        let between = &b[last.1.end..next.1.start];
        let is_nothing =
            !between.contains('\n') && !between.contains(char::is_alphanumeric) && between.chars().count() <= 3;
        // Two that only insert, or only delete, are two.
        let are_both = !(last.0.is_empty() && next.0.is_empty() || last.1.is_empty() && next.1.is_empty());
        if is_nothing && are_both {
            (last.0.end, last.1.end) = (next.0.end, next.1.end);
        }
        is_nothing && are_both
    });
}

/// Whether what two texts share is chance: a few words of many.
fn is_chance(found: &[(Range<usize>, Range<usize>)], a: &str, b: &str) -> bool {
    let counts = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
    let of = |text: &str, range: &Range<usize>| counts(&text[range.clone()]);
    let deleted: usize = found.iter().map(|(in_a, _)| of(a, in_a)).sum();
    let inserted: usize = found.iter().map(|(_, in_b)| of(b, in_b)).sum();
    let (of_a, of_b) = (counts(a), counts(b));
    let shared = (of_a - deleted).min(of_b - inserted);
    found.len() > 1 && deleted > 0 && inserted > 0 && shared * SHARED < of_a.min(of_b)
}

fn told(found: &[(Range<usize>, Range<usize>)], a: &str, b: &str) -> Vec<WordRun> {
    let mut words = Vec::new();
    let mut say = |op, text: &str, of_a: &str| {
        if !text.is_empty() {
            let of_a = (op == WordOp::Equal && of_a != text).then(|| of_a.to_owned());
            words.push(WordRun { op, text: text.to_owned(), of_a });
        }
    };
    let (mut at_a, mut at_b) = (0, 0);
    for (in_a, in_b) in found {
        say(WordOp::Equal, &b[at_b..in_b.start], &a[at_a..in_a.start]);
        say(WordOp::Delete, &a[in_a.clone()], "");
        say(WordOp::Insert, &b[in_b.clone()], "");
        (at_a, at_b) = (in_a.end, in_b.end);
    }
    say(WordOp::Equal, &b[at_b..], &a[at_a..]);
    words
}

#[cfg(test)]
mod tests;
