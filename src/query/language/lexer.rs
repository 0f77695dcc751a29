//! The lexer of the filter language. It follows the SQL lexer of `sqlparse` (0.6.1), which MLflow 3.18 uses.

use std::ops::Range;

/// The kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// Letters, digits and `_`, but not a number.
    Word,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `` `…` ``
    Backtick,
    Integer,
    Float,
    /// `=`, `!=`, `>` …, `LIKE`, `NOT LIKE` …
    Operator,
    Dot,
    Open,
    Close,
    /// Anything that is invalid in a filter.
    Other,
}

/// A token, with its byte range in the text.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) at: Range<usize>,
}

/// Splits a text into tokens; whitespace is skipped.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        if is_space(first) {
            at += first.len_utf8();
            continue;
        }
        let is_after_dot = tokens.last().is_some_and(|token| token.kind == TokenKind::Dot && token.at.end == at);
        let (kind, length) = token(&text[at..], is_after_dot);
        tokens.push(Token { kind, at: at..at + length });
        at += length;
    }
    tokens
}

fn token(rest: &str, is_after_dot: bool) -> (TokenKind, usize) {
    let first = rest.chars().next().unwrap_or_default();
    if let Some((kind, length)) = lex_number(rest) {
        return (kind, length);
    }
    match first {
        '\'' | '"' | '`' => match quoted_length(rest, first) {
            Some(length) => (quote_kind(first), length),
            None => (TokenKind::Other, 1),
        },
        '.' => (TokenKind::Dot, 1),
        '(' => (TokenKind::Open, 1),
        ')' => (TokenKind::Close, 1),
        '<' | '>' | '=' | '~' | '!' => {
            (TokenKind::Operator, prefix_length(rest, |c| matches!(c, '<' | '>' | '=' | '~' | '!')))
        }
        _ if is_word(first) => {
            let length = prefix_length(rest, is_word);
            match pattern_operator_length(rest, length) {
                // A word next to a dot is always part of a key.
                Some(length) if !is_after_dot && !rest[length..].trim_start_matches(is_space).starts_with('.') => {
                    (TokenKind::Operator, length)
                }
                _ => (TokenKind::Word, length),
            }
        }
        _ => (TokenKind::Other, first.len_utf8()),
    }
}

/// The length of `LIKE`, `ILIKE`, `RLIKE` or `REGEXP`, optionally after `NOT`, at the start of a text. `length` is the
/// length of its first word.
fn pattern_operator_length(rest: &str, length: usize) -> Option<usize> {
    let is_pattern =
        |word: &str| ["LIKE", "ILIKE", "RLIKE", "REGEXP"].iter().any(|operator| word.eq_ignore_ascii_case(operator));
    let (word, after) = rest.split_at(length);
    if is_pattern(word) {
        return Some(length);
    }
    let next = after.trim_start_matches(is_space);
    let next_length = prefix_length(next, is_word);
    let is_negated = word.eq_ignore_ascii_case("NOT") && next.len() < after.len() && is_pattern(&next[..next_length]);
    is_negated.then(|| length + (after.len() - next.len()) + next_length)
}

const fn quote_kind(quote: char) -> TokenKind {
    match quote {
        '\'' => TokenKind::Single,
        '"' => TokenKind::Double,
        _ => TokenKind::Backtick,
    }
}

/// Whether Python treats a character as whitespace: Unicode's and four more.
fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of the prefix, in bytes, whose characters meet a predicate.
fn prefix_length(text: &str, matches: impl Fn(char) -> bool) -> usize {
    text.find(|c| !matches(c)).unwrap_or(text.len())
}

/// Lexes a number: `5`, `-5`, `.5`, `5.`, `1e3`, `1.5E-2`. `None` if a letter or `_` follows directly.
fn lex_number(rest: &str) -> Option<(TokenKind, usize)> {
    let digits = |from: usize| from + prefix_length(&rest[from..], |c| c.is_ascii_digit());
    let byte = |at: usize| rest.as_bytes().get(at).copied();
    let start = usize::from(byte(0) == Some(b'-'));
    let integer_end = digits(start);
    let mut end = integer_end;
    let mut is_float = false;
    if byte(end) == Some(b'.') {
        let fraction = digits(end + 1);
        if integer_end > start || fraction > end + 1 {
            is_float = true;
            end = fraction;
        }
    }
    if end == start {
        return None;
    }
    let has_fraction = !is_float || (integer_end > start && end > integer_end + 1);
    if has_fraction && matches!(byte(end), Some(b'e' | b'E')) {
        let exponent = end + 1 + usize::from(byte(end + 1) == Some(b'-'));
        if digits(exponent) > exponent {
            return Some((TokenKind::Float, digits(exponent)));
        }
    }
    let continues_as_word = rest[end..].chars().next().is_some_and(|c| c == '_' || c.is_alphabetic());
    (!continues_as_word).then_some((if is_float { TokenKind::Float } else { TokenKind::Integer }, end))
}

/// The length of a quoted text. A doubled quote and a quote after a backslash belong to the text, unless the text would
/// then never end: in that case the last such quote ends it.
fn quoted_length(rest: &str, quote: char) -> Option<usize> {
    let bytes = rest.as_bytes();
    let quote = quote as u8;
    let mut at = 1;
    // The last position where the text could end instead.
    let mut other_end = None;
    while at < bytes.len() {
        let pair = (bytes[at], bytes.get(at + 1).copied());
        if pair == (quote, Some(quote)) {
            other_end = Some(at + 1);
            at += 2;
        } else if pair == (b'\\', Some(quote)) && quote != b'`' {
            // Read as two characters, the quote ends the text, unless it starts a doubled quote.
            if bytes.get(at + 2) != Some(&quote) {
                other_end = Some(at + 2);
            }
            at += 2;
        } else if bytes[at] == quote {
            return Some(at + 1);
        } else {
            at += 1;
        }
    }
    other_end
}
