//! No exceptions but those of a baseline.

use super::no_exceptions::observe_failures;
use super::{MeasuredTrace, Observations, Phrases, RequiredData, Rule};
use crate::analysis::exceptions::{FailureKind, Occurrence};
use std::collections::BTreeSet;

/// There are no exceptions except those with these fingerprints.
#[derive(Debug)]
pub(super) struct NoNewExceptions(pub(super) BTreeSet<u64>);

impl Rule for NoNewExceptions {
    fn name(&self) -> &'static str {
        "no-new-exceptions"
    }

    fn observed(&self) -> &'static str {
        "exceptions"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Exceptions
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        let is_new = |occurrence: &&Occurrence| {
            occurrence.failure.kind == FailureKind::Raised && !self.0.contains(&occurrence.fingerprint())
        };
        observe_failures(trace, seen, is_new);
    }

    fn phrases(&self) -> Phrases {
        Phrases { fail: "{value} in {traces}, not in the baseline", ..Phrases::NO_OCCURRENCE }
    }
}
