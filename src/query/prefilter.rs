//! A byte search over encoded spans, JSON or protobuf, that rules out traces before their spans are decoded.

use super::{Clause, ClauseSource, Filter};

/// Cheap byte search over undecoded spans. Holds the conditions that no scanned span may meet so far.
#[derive(Clone, Debug)]
pub struct Prefilter<'a> {
    pending: Vec<&'a Clause>,
}

impl Filter {
    /// Returns a prefilter for the spans of a trace; `None` if no condition can be checked without decoding.
    #[must_use]
    pub fn prefilter(&self) -> Option<Prefilter<'_>> {
        let left: Vec<&Clause> = self.clauses.iter().filter(|clause| clause.source() == ClauseSource::Spans).collect();
        (!left.is_empty()).then_some(Prefilter { pending: left })
    }
}

impl Prefilter<'_> {
    /// Scans one or several encoded spans.
    pub fn scan(&mut self, stored: &[u8]) {
        self.pending.retain(|clause| !clause.may_hold_in(stored));
    }

    /// Whether all conditions may hold.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.pending.is_empty()
    }
}
