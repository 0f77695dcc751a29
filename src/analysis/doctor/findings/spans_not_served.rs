//! Spans that a server failed to load.

use crate::analysis::doctor::signs::{had_spans, unreadable};
use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::{Problem, TraceInfo};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "spans_not_served",
    severity: Severity::Problem,
    message: Message::Counted("the server returns no spans for {} trace", "the server returns no spans for {} traces"),
    meaning: "The server failed to load them: one of its files is damaged, lost or out of reach, or the server has a \
              bug. mltrace cannot see whether the spans still exist.",
    remedy: "check the server's log, and run `mltrace doctor -u sqlite:///mlflow.db` on the server's machine with its \
             database",
    covers: is_unserved,
    in_spans: |trace, finding| {
        for problem in trace.spans.problems.iter().filter(|problem| is_unserved(problem, trace.info)) {
            finding.add_trace(&trace.info.trace_id, []);
            finding.add_others(0, [unreadable(problem)]);
        }
    },
    ..FindingKind::NONE
};

fn is_unserved(problem: &Problem, info: &TraceInfo) -> bool {
    problem.kind == "unserved_spans" && had_spans(info)
}
