//! `LIKE` and `ILIKE` of MLflow's filter language, as SQLite has them.

#[cfg(test)]
mod tests;

use memchr::memmem;

/// SQLite's `LIKE` with `PRAGMA case_sensitive_like`: `%` any text, `_` any one character, nothing to escape them with.
///
/// A NUL ends the text and the pattern, as SQLite reads them as strings of C. Each piece between `%` is searched for
/// once, from where the one before it ended, so that time grows with text × piece at worst.
#[must_use]
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (text, pattern) = (before_nul(text), before_nul(pattern));
    let Some((first, rest)) = pattern.split_once('%') else { return without_start(text, pattern) == Some("") };
    let (middle, last) = rest.rsplit_once('%').unwrap_or(("", rest));
    without_start(text, first)
        .and_then(|text| middle.split('%').try_fold(text, after_piece))
        .is_some_and(|text| ends_with(text, last))
}

/// SQLAlchemy's `ilike` on SQLite, `lower(text) LIKE lower(pattern)`: SQLite's `lower` knows the letters of ASCII.
#[must_use]
pub(super) fn ilike(text: &str, pattern: &str) -> bool {
    if pattern.bytes().any(|b| b.is_ascii_alphabetic()) {
        like(&text.to_ascii_lowercase(), &pattern.to_ascii_lowercase())
    } else {
        like(text, pattern)
    }
}

/// What C would read of a text.
fn before_nul(text: &str) -> &str {
    text.split('\0').next().unwrap_or_default()
}

/// What follows a piece of a pattern that a text begins with.
fn without_start<'t>(mut text: &'t str, piece: &str) -> Option<&'t str> {
    for (nth, literal) in piece.split('_').enumerate() {
        if nth > 0 {
            text = without_first(text)?;
        }
        text = text.strip_prefix(literal)?;
    }
    Some(text)
}

/// Whether a text ends with a piece of a pattern.
fn ends_with(text: &str, piece: &str) -> bool {
    let mut chars = text.chars();
    piece.rsplit('_').enumerate().all(|(nth, literal)| {
        (nth == 0 || chars.next_back().is_some())
            && chars.as_str().strip_suffix(literal).map(|left| chars = left.chars()).is_some()
    })
}

/// What follows the first place where a piece of a pattern fits.
fn after_piece<'t>(mut text: &'t str, piece: &str) -> Option<&'t str> {
    let start = memmem::Finder::new(piece.split('_').next().unwrap_or_default());
    loop {
        text = &text[start.find(text.as_bytes())?..];
        if let Some(rest) = without_start(text, piece) {
            return Some(rest);
        }
        text = without_first(text)?;
    }
}

fn without_first(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}
