//! Span files that cannot be found.

use crate::analysis::doctor::signs::{is_missing, unreadable};
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "missing_artifacts",
    severity: Severity::Problem,
    message: Message::Counted("{} trace has lost its span file", "{} traces have lost their span file"),
    meaning: "The trace record exists, but its span file is neither at the recorded location nor near the store: the \
              upload failed, the file is still on the machine that wrote it, or it was deleted.",
    remedy: "copy the folder from the machine that wrote it to the recorded location",
    in_spans: |trace, finding| {
        if trace.gap.as_ref().is_some_and(|gap| gap.is_file_missing) {
            let missing = trace.spans.problems.iter().filter(|problem| is_missing(problem));
            finding.add_trace(&trace.info.trace_id, missing.map(unreadable));
        }
    },
    ..FindingKind::NONE
};
