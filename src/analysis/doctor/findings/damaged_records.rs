//! Records, spans or files that cannot be read.

use crate::analysis::doctor::signs::{explains_gaps, unreadable};
use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::Problem;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "damaged_records",
    severity: Severity::Problem,
    message: Message::Counted(
        "{} trace or record cannot be read in full",
        "{} traces or records cannot be read in full",
    ),
    meaning: "Some stored data cannot be read: a file was truncated or overwritten, the disk or the database is \
              damaged, or this user lacks permission. Intact data is shown, and totals leave out the rest.",
    remedy: "restore the data from a backup, or give this user permission to read it",
    covers: |problem, _| is_damage(problem),
    in_spans: |trace, finding| finding.add_problems(trace, is_damage),
    in_problem: |problem, finding| {
        match &problem.trace_id {
            _ if !is_damage(problem) => return false,
            Some(id) => finding.add_trace(id, [unreadable(problem)]),
            // Several lost traces may be the same problem.
            None => {
                finding.add_others(1, []);
                finding.add_fact_once(unreadable(problem));
            }
        }
        true
    },
    ..FindingKind::NONE
};

/// Whether stored data is damaged or cannot be read.
fn is_damage(problem: &Problem) -> bool {
    explains_gaps(problem) || matches!(&*problem.kind, "garbage" | "not_utf8")
}
