//! Span files that are not at the recorded location.

use crate::analysis::doctor::signs::differing_roots;
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "moved_artifacts",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has spans that are not at the recorded location",
        "{} traces have spans that are not at the recorded location",
    ),
    meaning: "The files are no longer in the recorded folder: the store was moved or copied. mltrace finds them next \
              to the store; MLflow does not, shows no spans, and writes new ones to the old folder.",
    remedy: "to use it in MLflow, move the store back, or create a symlink at the recorded folder; mltrace needs \
             neither",
    in_spans: |trace, finding| {
        if let Some(moved) = &trace.spans.moved {
            let (recorded, found) = differing_roots(&moved.recorded, &moved.found);
            finding.add_trace(&trace.info.trace_id, []);
            finding.add_fact_once(format!("recorded in {recorded}, found in {found}"));
        }
    },
    ..FindingKind::NONE
};
