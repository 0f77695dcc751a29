//! Span files at a location that mltrace cannot read.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::Problem;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "foreign_artifacts",
    severity: Severity::Hint,
    message: Message::Counted(
        "{} trace has spans that mltrace cannot access",
        "{} traces have spans that mltrace cannot access",
    ),
    meaning: "The spans are files in cloud storage or on another host, which mltrace cannot access.",
    remedy: "read the traces from the tracking server of this store: `mltrace -u https://host`",
    covers: |problem, _| is_claimed(problem),
    in_spans: |trace, finding| finding.add_problems(trace, is_claimed),
    ..FindingKind::NONE
};

fn is_claimed(problem: &Problem) -> bool {
    problem.kind == "foreign_location"
}
