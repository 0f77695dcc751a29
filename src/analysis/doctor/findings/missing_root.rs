//! Traces that ended and have no root span.

use crate::analysis::doctor::{FindingKind, Message, Severity, show_trace};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "missing_root",
    severity: Severity::Problem,
    message: Message::Counted("{} trace ended and has no root span", "{} traces ended and have no root span"),
    meaning: "The root span was never stored, although the trace ended. MLflow shows only part of such a trace, or \
              none of it; mltrace shows its spans below their missing parents.",
    remedy: "inspect the stored spans, and check the application's log for why the root was not exported",
    command: show_trace,
    in_spans: |trace, finding| {
        if let Some(gap) = trace.gap.as_ref().filter(|gap| gap.orphans > 0 && !gap.has_root) {
            finding.add_trace(&trace.info.trace_id, [gap.orphan_fact()]);
        }
    },
    ..FindingKind::NONE
};
