//! A byte search over encoded spans, JSON or protobuf, that rules out traces before their spans are decoded.

use super::{Clause, Filter};

/// Cheap byte search over undecoded spans. Holds the conditions that no scanned span may meet so far.
#[derive(Clone, Debug)]
pub struct Prefilter<'a> {
    pending: Vec<&'a Clause>,
}

impl Filter {
    /// Returns a prefilter for the spans of a trace; `None` if no condition can be checked without decoding.
    #[must_use]
    pub fn prefilter(&self) -> Option<Prefilter<'_>> {
        let left: Vec<&Clause> =
            self.clauses.iter().filter(|clause| matches!(clause, Clause::Grep(_) | Clause::Model(_))).collect();
        (!left.is_empty()).then_some(Prefilter { pending: left })
    }
}

impl Prefilter<'_> {
    /// Scans one or several encoded spans.
    pub fn scan(&mut self, stored: &[u8]) {
        self.pending.retain(|clause| match clause {
            Clause::Grep(grep) => !grep.may_be_in(stored),
            Clause::Model(glob) => memchr::memmem::find(stored, glob.longest_literal().as_bytes()).is_none(),
            _ => false,
        });
    }

    /// Whether all conditions may hold.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.pending.is_empty()
    }
}
