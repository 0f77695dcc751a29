//! Traces with fewer spans than were recorded.

use crate::analysis::doctor::signs::is_missing;
use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::number;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "spans_missing",
    severity: Severity::Problem,
    message: Message::Counted(
        "{} trace has fewer spans than were recorded",
        "{} traces have fewer spans than were recorded",
    ),
    meaning: "The application recorded more spans than were stored: a batch was rejected or lost. Known causes are AG2 \
              over HTTP, whose ids do not fit into 64 bits, and broken emoji in inputs. Totals are those that MLflow \
              recorded.",
    remedy: "update MLflow, and check the application's log for failed exports",
    covers: |problem, _| is_missing(problem),
    in_spans: |trace, finding| {
        if trace.gap.as_ref().is_some_and(|gap| gap.is_short) {
            let fact = span_counts(trace.spans.list.len() as u64, trace.info.span_count);
            finding.add_trace(&trace.info.trace_id, [fact]);
        }
    },
    ..FindingKind::NONE
};

fn span_counts(stored: u64, recorded: Option<u64>) -> String {
    let count = |count: u64| number::count(count.cast_signed());
    match (stored, recorded) {
        (stored, Some(recorded)) => format!("{} of {} spans stored", count(stored), count(recorded)),
        (0, None) => "no spans stored".to_owned(),
        (stored, None) => format!("{} spans stored", count(stored)),
    }
}
