//! Identifiers: one spelling each, whatever the release wrote.

use std::fmt;

/// A span id: 16 lower-case hex digits in everything MLflow wrote; foreign spellings are kept as they are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanId(String);

impl SpanId {
    /// Takes an id that is already in its printed form.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A trace id cut to what is usually unique: `tr-` and eight digits, or eight digits of the older bare form.
///
/// Ids that a client made up itself (`my-run-1`) are shown whole: nobody knows which part of them tells.
#[must_use]
pub fn short_trace_id(id: &str) -> &str {
    let digits = id.strip_prefix("tr-").unwrap_or(id);
    let is_generated = digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    if is_generated { &id[..id.len() - 24] } else { id }
}

/// Short forms of trace ids that are shown together, in the same order: each long enough to be a unique prefix among
/// them, typed with or without `tr-`.
#[must_use]
pub fn short_trace_ids<'a>(ids: &[&'a str]) -> Vec<&'a str> {
    let digits = |id: &'a str| id.strip_prefix("tr-").unwrap_or(id);
    let mut sorted: Vec<&str> = ids.iter().map(|id| digits(id)).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let short = |id: &&'a str| {
        let (own, short) = (digits(id), short_trace_id(id));
        let at = sorted.partition_point(|other| *other < own);
        // Of sorted texts, the neighbors have the most in common.
        let neighbors = at.checked_sub(1).into_iter().chain([at + 1]).filter_map(|at| sorted.get(at));
        let unique = neighbors.map(|other| common(own, other) + 1).max().unwrap_or(0);
        let end = short.len().max(id.len() - own.len() + unique);
        // An id that is shown whole may hold characters of several bytes.
        id.get(..end).filter(|_| short.len() < id.len()).unwrap_or(id)
    };
    ids.iter().map(short).collect()
}
