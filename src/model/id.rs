//! Identifiers in one normalized form.

use std::cmp::Ordering;
use std::fmt;

/// A span id: 16 lowercase hex digits for everything that MLflow writes; ids in unknown encodings are kept unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SpanId(SpanIdText);

/// The text of an id. Ids are copied for every span that is read, so the usual ones are not allocated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum SpanIdText {
    /// 16 ASCII characters.
    Usual([u8; 16]),
    /// Any other text.
    Other(String),
}

impl SpanId {
    /// Wraps an id that is already normalized.
    #[must_use]
    pub fn new(id: impl Into<String> + AsRef<str>) -> Self {
        let usual = <[u8; 16]>::try_from(id.as_ref().as_bytes()).ok().filter(|id| id.is_ascii());
        Self(usual.map_or_else(|| SpanIdText::Other(id.into()), SpanIdText::Usual))
    }

    /// Returns the normalized id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            SpanIdText::Usual(text) => std::str::from_utf8(text).unwrap_or_default(),
            SpanIdText::Other(text) => text,
        }
    }
}

impl PartialOrd for SpanId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SpanId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Shortens a trace id to a prefix that is usually unique: `tr-` and eight digits, or eight digits of the older bare
/// form.
///
/// Custom ids (`my-run-1`) are returned in full, since any part of them may be the unique one.
#[must_use]
pub fn short_trace_id(id: &str) -> &str {
    let digits = id.strip_prefix("tr-").unwrap_or(id);
    let is_generated = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_generated { &id[..id.len() - 24] } else { id }
}

/// Shortens trace ids that are shown together, in the same order. Each result is a unique prefix among them, with or
/// without `tr-`.
#[must_use]
pub fn short_trace_ids<'a>(ids: &[&'a str]) -> Vec<&'a str> {
    let digits = |id: &'a str| id.strip_prefix("tr-").unwrap_or(id);
    let mut sorted: Vec<&str> = ids.iter().map(|id| digits(id)).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let short = |id: &&'a str| {
        let (bare, short) = (digits(id), short_trace_id(id));
        let at = sorted.partition_point(|other| *other < bare);
        // In sorted order, the longest common prefix is with a neighbor.
        let neighbors = at.checked_sub(1).into_iter().chain([at + 1]).filter_map(|at| sorted.get(at));
        let unique = neighbors.map(|other| common(bare, other) + 1).max().unwrap_or(0);
        let end = short.len().max(id.len() - bare.len() + unique);
        // `get`, because a custom id may hold multi-byte characters.
        id.get(..end).filter(|_| short.len() < id.len()).unwrap_or(id)
    };
    ids.iter().map(short).collect()
}
