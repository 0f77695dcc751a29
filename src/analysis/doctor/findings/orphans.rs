//! Traces with spans whose parent is missing.

use crate::analysis::doctor::{FindingKind, Message, Severity, show_trace};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "orphans",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has spans whose parent is missing",
        "{} traces have spans whose parent is missing",
    ),
    meaning: "The parent of some spans is not stored: it was lost, was not sampled, or is sent elsewhere. These spans \
              are shown as roots.",
    remedy: "check which spans are affected; if the parents belong to another service, send its spans to this store \
             too",
    command: show_trace,
    in_spans: |trace, finding| {
        if let Some(gap) = trace.gap.as_ref().filter(|gap| gap.orphans > 0 && gap.has_root) {
            finding.add_trace(&trace.info.trace_id, [gap.orphan_fact()]);
        }
    },
    ..FindingKind::NONE
};
