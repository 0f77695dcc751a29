//! Traces whose recorded cost differs from that of their spans.

use crate::analysis::doctor::{FindingKind, Message, Severity, explain_usage};
use crate::model::Cost;
use crate::number;

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "costs_differ",
    severity: Severity::Warning,
    message: Message::Counted(
        "{} trace has a cost that differs from its spans",
        "{} traces have costs that differ from their spans",
    ),
    meaning: "The cost that MLflow stored for the trace is not the sum of its spans: MLflow 3.18 adds up costs as \
              spans arrive, and loses those of spans that arrive together. Lists, and MLflow's own charts, show the \
              stored cost.",
    remedy: "use the cost of `mltrace usage TRACE`, which comes from the spans",
    command: explain_usage,
    in_spans: |trace, finding| {
        if let Some((recorded, spans)) = trace.usage.cost_mismatch(trace.trace) {
            let dollars = |cost: &Cost| number::cost(cost).unwrap_or_default();
            let fact = format!("{} recorded, {} in the spans", dollars(&recorded), dollars(&spans));
            finding.add_trace(&trace.info.trace_id, [fact]);
        }
    },
    ..FindingKind::NONE
};
