//! `--no-exceptions`

use super::{FlagValues, MeasuredTrace, Observations, Phrases, RequiredData, Rule, RuleFlag};
use crate::analysis::exceptions::{FailureKind, Occurrence};
use std::sync::Arc;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "no-exceptions",
    value_name: "WHICH",
    help: &[
        "No exceptions and no failed spans",
        "With =all, also no tool failures that were returned to the model as text.",
    ],
    values: FlagValues::Choice(&["raised", "all"]),
    parse: |which| Ok(Arc::new(NoExceptions { with_handled: which == "all" })),
    measure: None,
};

/// There are no exceptions.
#[derive(Debug)]
struct NoExceptions {
    /// Whether failures that were returned as tool output count too.
    with_handled: bool,
}

impl Rule for NoExceptions {
    fn name(&self) -> &'static str {
        FLAG.name
    }

    fn observed(&self) -> &'static str {
        "exceptions"
    }

    fn required_data(&self) -> RequiredData {
        RequiredData::Exceptions
    }

    fn observe(&self, trace: &MeasuredTrace<'_>, seen: &mut Observations) {
        let counts = |occurrence: &&Occurrence| match occurrence.failure.kind {
            FailureKind::Raised => true,
            FailureKind::Handled => self.with_handled,
            FailureKind::Logging => false,
        };
        observe_failures(trace, seen, counts);
    }

    fn phrases(&self) -> Phrases {
        Phrases::NO_OCCURRENCE
    }
}

/// Adds the failures of a trace that count.
pub(super) fn observe_failures(
    trace: &MeasuredTrace<'_>,
    seen: &mut Observations,
    counts: impl Fn(&&Occurrence) -> bool,
) {
    let found: Vec<&Occurrence> = trace.failures.iter().filter(counts).collect();
    let title = found.first().map(|first| first.failure.title());
    seen.add_occurrences(trace, found.len(), title, trace.unrecorded_failure());
}
