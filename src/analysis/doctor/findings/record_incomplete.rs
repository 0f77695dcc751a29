//! Traces whose client failed to complete the record.

use crate::analysis::doctor::{FindingKind, Message, Severity};
use crate::model::{Span, Spans, SpansSource, TraceInfo, TraceState, keys};

pub(in crate::analysis::doctor) static KIND: FindingKind = FindingKind {
    name: "record_incomplete",
    severity: Severity::Warning,
    message: Message::Counted("{} trace has an incomplete record", "{} traces have an incomplete record"),
    meaning: "The spans were stored, but the record that the application sends at the end of a trace was rejected: \
              name, user, session, run and previews are missing, and the token total is an estimate of the store. \
              MLflow 3.10 and 3.11 do this with a database if calls have cached tokens; later releases do it for \
              broken emoji in inputs.",
    remedy: "update MLflow to 3.12 or later; the missing data cannot be recovered",
    needs_attributes: may_be_incomplete,
    in_attributes: |trace, finding| {
        if trace.span_list().iter().any(is_from_client) {
            finding.add_trace(&trace.info.trace_id, []);
        }
    },
    ..FindingKind::NONE
};

/// Servers store resource attributes of OpenTelemetry traces as tags (3.14 and later); every SDK sends this one.
pub(in crate::analysis::doctor) const SERVICE: &str = "service.name";

/// Whether a trace ended and lacks what MLflow's client records at the end. OpenTelemetry traces lack it too, as they
/// have no such client; servers of 3.14 and later tag most of those.
fn may_be_incomplete(info: &TraceInfo, spans: &Spans) -> bool {
    let has_ended = matches!(info.state, TraceState::Ok | TraceState::Error);
    let is_recorded = info.name.is_some() || info.metadata.get(keys::SCHEMA_VERSION).is_some();
    let is_in_store = matches!(spans.source, SpansSource::Database | SpansSource::Server);
    has_ended && !is_recorded && is_in_store && info.tags.get(SERVICE).is_none()
}

/// Whether MLflow's own client created a span: it writes the type before all attributes of others (`entities/span.py`,
/// `LiveSpan`), while servers append the type that they derive from the attributes of an OpenTelemetry span.
fn is_from_client(span: &Span) -> bool {
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.map(|(key, _)| key.as_str()).take_while(|key| key.starts_with("mlflow.")).any(|key| key == TYPE)
}

/// The attribute with the type of a span.
const TYPE: &str = "mlflow.spanType";
