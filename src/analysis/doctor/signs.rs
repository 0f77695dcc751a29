//! By what findings are known.

use super::finding::Fact;
use crate::model::{Problem, Span, Spans, SpansSource, TraceInfo, TraceState, keys};

/// Resource attributes that servers keep as tags of what came over OpenTelemetry (3.14 on); every SDK sends this one.
pub(super) const SERVICE: &str = "service.name";

/// Two paths without what they end with alike: the folders from which a file was moved, and to which.
pub(super) fn roots(recorded: &str, found: &str) -> (String, String) {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let ends = recorded.rsplit(is_separator).zip(found.rsplit(is_separator)).take_while(|(a, b)| a == b);
    let length = ends.map(|(part, _)| part.len() + 1).sum::<usize>();
    let root = |path: &str| {
        path.get(..path.len().saturating_sub(length)).filter(|root| !root.is_empty()).unwrap_or("/").to_owned()
    };
    (root(recorded), root(found))
}

/// Whether a trace ever had spans: with them come what went in and what came out. A record may be made by itself.
pub(super) fn had_spans(info: &TraceInfo) -> bool {
    let root = [keys::INPUTS, keys::OUTPUTS];
    info.span_count.is_some_and(|count| count > 0) || root.iter().any(|key| info.metadata.get(key).is_some())
}

/// Whether something was stored and cannot be read, so that spans may be missing.
pub(super) fn explains_gaps(problem: &Problem) -> bool {
    ["damaged_", "unreadable_", "cut_"].iter().any(|kind| problem.kind.starts_with(kind))
}

/// Whether what was stored is not as it was written.
pub(super) fn is_damage(problem: &Problem) -> bool {
    explains_gaps(problem) || matches!(&*problem.kind, "garbage" | "not_utf8")
}

pub(super) fn unread(problem: &Problem) -> Fact {
    Fact::Unread(problem.message.clone(), problem.path.clone())
}

/// Whether a trace ended and lacks what a client of MLflow records at the end. So do traces of OpenTelemetry, for which no
/// client speaks; servers of 3.14 on tell those by the tags that they get.
pub(super) fn may_be_unfinished(info: &TraceInfo, spans: &Spans) -> bool {
    let has_ended = matches!(info.state, TraceState::Ok | TraceState::Error);
    let is_recorded = info.name.is_some() || info.metadata.get(keys::SCHEMA_VERSION).is_some();
    let is_in_store = matches!(spans.source, SpansSource::Database | SpansSource::Server);
    has_ended && !is_recorded && is_in_store && info.tags.get(SERVICE).is_none()
}

/// Whether MLflow's own client made a span: it writes the type before what others add (`entities/span.py`, `LiveSpan`),
/// while servers translate the type of a span that came over OpenTelemetry from what stands before it.
pub(super) fn is_of_client(span: &Span) -> bool {
    let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
    attributes.map(|(key, _)| key.as_str()).take_while(|key| key.starts_with("mlflow.")).any(|key| key == TYPE)
}

/// The attribute of a span's type.
const TYPE: &str = "mlflow.spanType";
