//! Predicates that findings are based on.

use super::finding::Fact;
use crate::model::{Problem, Span, Spans, SpansSource, TraceInfo, TraceState, keys};

/// Servers store resource attributes of OpenTelemetry traces as tags (3.14 and later); every SDK sends this one.
pub(super) const SERVICE: &str = "service.name";

/// Removes the common ending of two paths, which leaves the folders that a file was moved from and to.
pub(super) fn differing_roots(recorded: &str, found: &str) -> (String, String) {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let ends = recorded.rsplit(is_separator).zip(found.rsplit(is_separator)).take_while(|(a, b)| a == b);
    let length = ends.map(|(part, _)| part.len() + 1).sum::<usize>();
    let root = |path: &str| {
        path.get(..path.len().saturating_sub(length)).filter(|root| !root.is_empty()).unwrap_or("/").to_owned()
    };
    (root(recorded), root(found))
}

/// Whether a trace ever had spans; inputs and outputs are recorded with them. A record may also be created without
/// spans.
pub(super) fn had_spans(info: &TraceInfo) -> bool {
    let root_keys = [keys::INPUTS, keys::OUTPUTS];
    info.span_count.is_some_and(|count| count > 0) || root_keys.iter().any(|key| info.metadata.get(key).is_some())
}

/// Whether stored data cannot be read, so that spans may be missing.
pub(super) fn explains_gaps(problem: &Problem) -> bool {
    ["damaged_", "unreadable_", "cut_"].iter().any(|kind| problem.kind.starts_with(kind))
}

/// Whether stored data is damaged or cannot be read.
pub(super) fn is_damage(problem: &Problem) -> bool {
    explains_gaps(problem) || matches!(&*problem.kind, "garbage" | "not_utf8")
}

pub(super) fn unreadable(problem: &Problem) -> Fact {
    Fact::Unreadable(problem.message.clone(), problem.path.clone())
}

/// Whether a trace ended and lacks what MLflow's client records at the end. OpenTelemetry traces lack it too, as they
/// have no such client; servers of 3.14 and later tag most of those.
pub(super) fn may_be_incomplete(info: &TraceInfo, spans: &Spans) -> bool {
    let has_ended = matches!(info.state, TraceState::Ok | TraceState::Error);
    let is_recorded = info.name.is_some() || info.metadata.get(keys::SCHEMA_VERSION).is_some();
    let is_in_store = matches!(spans.source, SpansSource::Database | SpansSource::Server);
    has_ended && !is_recorded && is_in_store && info.tags.get(SERVICE).is_none()
}

/// Whether MLflow's own client created a span: it writes the type before all attributes of others (`entities/span.py`,
/// `LiveSpan`), while servers append the type that they derive from the attributes of an OpenTelemetry span.
pub(super) fn is_from_client(span: &Span) -> bool {
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.map(|(key, _)| key.as_str()).take_while(|key| key.starts_with("mlflow.")).any(|key| key == TYPE)
}

/// The attribute with the type of a span.
const TYPE: &str = "mlflow.spanType";
