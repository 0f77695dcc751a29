//! Converts spans from files into the rows that MLflow would store for them, so that conditions on rows apply to them
//! too.

use crate::json::{Json, python};
use crate::model::{SearchableSpan, Span, Trace, TraceInfo};
use crate::query::Filter;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Converts the spans of a trace to rows. They must be loaded in full if a condition tests content or attributes.
pub(super) fn from_spans(trace: &Trace, filter: &Filter) -> Vec<SearchableSpan> {
    let row = |span: &Span| SearchableSpan {
        name: span.name.clone(),
        span_type: Some(span.span_type.as_str().to_owned()),
        status: span.status.as_str().to_owned(),
        start: span.start,
        content: filter.needs_content().then(|| content(&trace.info, span)),
        attributes: match &span.payload {
            Some(payload) if filter.needs_attributes() => payload.attributes.clone(),
            _ => Vec::new(),
        },
    };
    trace.span_list().iter().map(row).collect()
}

/// Returns the JSON text of the column `content` for a span (MLflow 3.18 `entities/span.py`, `Span.to_dict`).
fn content(info: &TraceInfo, span: &Span) -> String {
    let text = |text: &str| Json::string(text).text().to_owned();
    let trace_id = base64_of(info.trace_id.strip_prefix("tr-").unwrap_or(&info.trace_id));
    let parent = span.parent.as_ref().map_or_else(|| "null".to_owned(), |id| text(&base64_of(id.as_str())));
    let end = span.end.map_or_else(|| "null".to_owned(), |end| end.0.to_string());
    let payload = span.payload.clone().unwrap_or_default();
    let events = payload.events.iter().map(|event| {
        let attributes = python::with_spaces(&Json::object(&event.attributes));
        format!(
            "{{\"name\": {}, \"time_unix_nano\": {}, \"attributes\": {attributes}}}",
            text(&event.name),
            event.time.0
        )
    });
    let attributes = payload.attributes.iter().map(|(key, value)| format!("{}: {}", text(key), text(value.text())));
    let links = payload.links.iter().map(|link| {
        let (trace_id, span_id) = (text(&link.trace_id), text(&link.span_id));
        format!(
            "{{\"trace_id\": {trace_id}, \"span_id\": {span_id}, \"attributes\": {}}}",
            python::with_spaces(&link.attributes)
        )
    });
    let joined = |parts: &mut dyn Iterator<Item = String>| parts.collect::<Vec<_>>().join(", ");
    format!(
        "{{\"trace_id\": {}, \"span_id\": {}, \"parent_span_id\": {parent}, \"name\": {}, \"kind\": \"SPAN_KIND_INTERNAL\", \
         \"start_time_unix_nano\": {}, \"end_time_unix_nano\": {end}, \"events\": [{}], \
         \"status\": {{\"code\": \"STATUS_CODE_{}\", \"message\": {}}}, \"attributes\": {{{}}}, \"links\": [{}]}}",
        text(&trace_id),
        text(&base64_of(span.id.as_str())),
        text(&span.name),
        span.start.0,
        joined(&mut events.into_iter()),
        span.status.as_str(),
        text(&span.status_message),
        joined(&mut attributes.into_iter()),
        joined(&mut links.into_iter()),
    )
}

/// Converts hex digits to base64. Returns any other text unchanged.
fn base64_of(hex: &str) -> String {
    let bytes = |at: usize| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let decoded: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(bytes).collect();
    decoded.map_or_else(|| hex.to_owned(), |bytes| STANDARD.encode(bytes))
}
