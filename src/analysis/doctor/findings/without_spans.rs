//! Traces of which neither spans nor signs of spans exist.

use crate::analysis::doctor::signs::{is_missing, unreadable};
use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::TraceState;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "without_spans",
    severity: Severity::Hint,
    message: Message::Counted("{} trace has no spans", "{} traces have no spans"),
    meaning: "There is no span file, and the record does not tell whether there was one: a program may create a record \
              without spans. Commands that read spans warn about such a trace, and `check` cannot judge its calls and \
              tokens.",
    remedy: "if it had spans, copy its span file to the recorded location",
    in_spans: |trace, finding| {
        let problems = &trace.spans.problems;
        // Something else explains the other gaps.
        let is_unexplained = trace.info.state != TraceState::InProgress && problems.iter().all(is_missing);
        if trace.gap.is_none() && is_unexplained && !problems.is_empty() {
            finding.add_trace(&trace.info.trace_id, problems.iter().map(unreadable));
        }
    },
    ..FindingKind::NONE
};
