//! Traces with several spans of the same id.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::Problem;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "repeated_spans",
    severity: Severity::Warning,
    message: Message::Counted("{} trace has spans with the same id", "{} traces have spans with the same id"),
    meaning: "Several spans of a trace have the same id: a file was written twice or edited by hand. The first one is \
              shown, and totals leave out the others.",
    remedy: "inspect the trace files for the spans that are not shown",
    covers: |problem, _| is_claimed(problem),
    in_spans: |trace, finding| finding.add_problems(trace, is_claimed),
    ..FindingKind::NONE
};

fn is_claimed(problem: &Problem) -> bool {
    problem.kind == "repeated_span"
}
