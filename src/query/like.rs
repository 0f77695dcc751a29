//! `LIKE` and `ILIKE` of MLflow's filter language, with SQLite's semantics.

#[cfg(test)]
mod tests;

use memchr::memmem;

/// SQLite's `LIKE` with `PRAGMA case_sensitive_like`: `%` matches any text, `_` any one character; there is no escape.
///
/// A NUL ends the text and the pattern, because SQLite reads them as C strings. Each piece between `%` is searched for
/// once, starting after the previous one, so the time is text × piece at worst.
#[must_use]
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (before_nul(text), before_nul(pattern));
    let Some((first, rest)) = pattern.split_once('%') else { return strip_piece(text, pattern) == Some("") };
    let (middle, last) = rest.rsplit_once('%').unwrap_or(("", rest));
    strip_piece(text, first)
        .and_then(|text| middle.split('%').try_fold(text, after_piece))
        .is_some_and(|text| ends_with(text, last))
}

/// SQLAlchemy's `ilike` on SQLite, `lower(text) LIKE lower(pattern)`. SQLite's `lower` only converts ASCII letters.
#[must_use]
pub(super) fn ilike(text: &str, pattern: &str) -> bool {
    if pattern.bytes().any(|b| b.is_ascii_alphabetic()) {
        like(&text.to_ascii_lowercase(), &pattern.to_ascii_lowercase())
    } else {
        like(text, pattern)
    }
}

/// The text up to the first NUL.
fn before_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// Strips a pattern piece from the start of a text; `None` if the text does not start with it.
fn strip_piece<'t>(mut text: &'t str, piece: &str) -> Option<&'t str> {
    for (nth, literal) in piece.split('_').enumerate() {
        if nth > 0 {
            text = skip_char(text)?;
        }
        text = text.strip_prefix(literal)?;
    }
    Some(text)
}

/// Whether a text ends with a pattern piece.
fn ends_with(text: &str, piece: &str) -> bool {
    let mut chars = text.chars();
    piece.rsplit('_').enumerate().all(|(nth, literal)| {
        (nth == 0 || chars.next_back().is_some())
            && chars.as_str().strip_suffix(literal).map(|left| chars = left.chars()).is_some()
    })
}

/// The text after the first match of a pattern piece.
fn after_piece<'t>(mut text: &'t str, piece: &str) -> Option<&'t str> {
    let start = memmem::Finder::new(piece.split('_').next().unwrap_or_default());
    loop {
        text = &text[start.find(text.as_bytes())?..];
        if let Some(rest) = strip_piece(text, piece) {
            return Some(rest);
        }
        text = skip_char(text)?;
    }
}

fn skip_char(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}
