//! Traces whose spans are in a file but not in the database.

use crate::analysis::doctor::{FindingKind, Message, Severity, show_trace};
use crate::model::Problem;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "rows_missing",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has spans that are missing in the database",
        "{} traces have spans that are missing in the database",
    ),
    meaning: "According to the record, the spans are rows of the database, but rows are missing. mltrace reads them \
              from `traces.json`, which still has them; MLflow does not, and shows only part of the trace, or none of \
              it.",
    remedy: "keep the files; to see the spans in MLflow, restore a backup of the database that has the rows",
    command: show_trace,
    covers: |problem, _| is_claimed(problem),
    in_spans: |trace, finding| finding.add_problems(trace, is_claimed),
    ..FindingKind::NONE
};

fn is_claimed(problem: &Problem) -> bool {
    problem.kind == "rows_missing"
}
