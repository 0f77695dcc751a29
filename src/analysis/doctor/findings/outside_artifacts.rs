//! Span files read from another store; this one is a copy of it.

use crate::analysis::doctor::signs::differing_roots;
use crate::analysis::doctor::{FindingKind, Message, Severity};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "outside_artifacts",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has spans that are read from another store",
        "{} traces have spans that are read from another store",
    ),
    meaning: "The records name files outside of this store, although the store has these files too: a copy of a store \
              still reads the files of the original, in mltrace and in MLflow. Changes and deletions there also apply \
              here.",
    remedy: "correct the locations in the records, or move the other store away before you change it",
    in_spans: |trace, finding| {
        if let Some(outside) = &trace.spans.outside {
            let (read, in_store) = differing_roots(&outside.read, &outside.in_store);
            finding.add_trace(&trace.info.trace_id, []);
            finding.add_fact_once(format!("read from {read}, although {in_store} has them too"));
        }
    },
    ..FindingKind::NONE
};
