//! Spans in their stored form, JSON or protobuf, looked through for what has to be in them, before anything is decoded.

use super::{Clause, Filter};

/// Conditions on what spans say of which nothing was seen yet.
#[derive(Clone, Debug)]
pub struct Prefilter<'a> {
    left: Vec<&'a Clause>,
}

impl Filter {
    /// What has to be seen in the spans of a trace; none where nothing can be said without decoding them.
    #[must_use]
    pub fn sieve(&self) -> Option<Prefilter<'_>> {
        let left: Vec<&Clause> =
            self.clauses.iter().filter(|clause| matches!(clause, Clause::Grep(_) | Clause::Model(_))).collect();
        (!left.is_empty()).then_some(Prefilter { left })
    }
}

impl Prefilter<'_> {
    /// Takes the stored form of a span, or of several.
    pub fn take(&mut self, stored: &[u8]) {
        self.left.retain(|clause| match clause {
            Clause::Grep(grep) => !grep.may_be_in(stored),
            Clause::Model(glob) => memchr::memmem::find(stored, glob.longest_text().as_bytes()).is_none(),
            _ => false,
        });
    }

    /// Whether every condition may hold.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        self.left.is_empty()
    }
}
