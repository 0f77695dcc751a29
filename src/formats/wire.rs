//! Spans in OTLP's JSON encoding, as tracking servers send them (MLflow 3.6 – 3.18).

use super::attribute::{SpanDetail, unescape};
use super::ids;
use super::object::{ResponseObject, is_key, strict_json};
use super::otlp::{self, PlainSpan, status_from_code};
use super::span::{TraceFile, event_time};
use crate::json::Json;
use crate::limits;
use crate::model::{SpanEvent, SpanId, SpanLink, SpanStatus};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

/// Reads the spans in a response of `traces/get` (`GetTrace`, MLflow 3.7 on), or of the first trace in one of
/// `traces/batchGet` (`BatchGetTraces`, 3.6 on). Damaged spans are reported in [`TraceFile::damage`].
///
/// # Errors
/// If the response holds no trace.
pub fn parse_wire_spans(text: &str, detail: SpanDetail) -> Result<TraceFile, String> {
    let strict = strict_json(text)?;
    let response = ResponseObject::parse(&strict)?;
    let trace = match response.object("trace") {
        Some(trace) => trace,
        None => ResponseObject::from_raw(response.list("traces")?.first().ok_or("no trace in the response")?)?,
    };
    spans_of(&trace, detail)
}

/// Reads the spans of every trace in a response of `traces/batchGet`, with the ids of the traces.
///
/// # Errors
/// If the response is not one, or a trace has no id.
pub fn parse_wire_traces(text: &str, detail: SpanDetail) -> Result<Vec<(String, TraceFile)>, String> {
    let strict = strict_json(text)?;
    let read = |raw| {
        let trace = ResponseObject::from_raw(raw)?;
        let id = trace.object("trace_info").and_then(|info| info.text("trace_id")).ok_or("missing trace id")?;
        Ok((id, spans_of(&trace, detail)?))
    };
    ResponseObject::parse(&strict)?.list("traces")?.into_iter().map(read).collect()
}

fn spans_of(trace: &ResponseObject<'_>, detail: SpanDetail) -> Result<TraceFile, String> {
    let mut file = TraceFile::default();
    for raw in trace.list("spans")? {
        match ResponseObject::from_raw(raw).and_then(|record| parse_span(&record)) {
            Ok(span) => file.spans.push(span.into_model(detail, None)),
            Err(why) => file.damage.push(why),
        }
    }
    Ok(file)
}

/// Reads a span of a server response, or of OTLP JSON.
pub(super) fn parse_span(record: &ResponseObject<'_>) -> Result<PlainSpan, String> {
    let id = |key: &str| record.text(key).and_then(|id| ids::span_id(&id));
    let status = record.object("status");
    let status_text = |key: &str| status.as_ref().and_then(|status| status.text(key)).unwrap_or_default();
    let code = status_text("code");
    Ok(PlainSpan {
        id: id("span_id").ok_or("missing span id")?,
        parent: id("parent_span_id"),
        name: record.text("name").unwrap_or_default(),
        // OTLP files have status numbers, MLflow's servers status names.
        status: code.parse().map_or_else(|_| SpanStatus::parse(&code), status_from_code),
        status_message: status_text("message"),
        start: record.integer("start_time_unix_nano").ok_or("missing start time")?,
        end: record.integer("end_time_unix_nano").unwrap_or_default(),
        attributes: attributes(record)?,
        events: objects(record, "events")?.iter().map(event).collect::<Result<_, _>>()?,
        links: objects(record, "links")?.iter().map(link).collect::<Result<_, _>>()?,
    })
}

fn objects<'a>(record: &ResponseObject<'a>, key: &str) -> Result<Vec<ResponseObject<'a>>, String> {
    record.list(key)?.into_iter().map(ResponseObject::from_raw).collect()
}

fn event(record: &ResponseObject<'_>) -> Result<SpanEvent, String> {
    Ok(SpanEvent {
        name: record.text("name").unwrap_or_default(),
        time: event_time(record.integer("time_unix_nano").unwrap_or_default()),
        attributes: attributes(record)?,
    })
}

fn link(record: &ResponseObject<'_>) -> Result<SpanLink, String> {
    let trace_id = record.text("trace_id").unwrap_or_default();
    let trace_id = decode_base64(&trace_id).filter(|id| id.len() == 16).map_or(trace_id, |id| ids::to_hex(&id));
    let span_id = record.text("span_id").and_then(|id| ids::span_id(&id));
    Ok(otlp::link(&trace_id, span_id.as_ref().map(SpanId::to_string).unwrap_or_default(), &attributes(record)?))
}

fn decode_base64(base64: &str) -> Option<Vec<u8>> {
    STANDARD.decode(base64).ok()
}

/// Reads the attributes of a span, event, link or resource: `[{"key", "value"}]`.
pub(super) fn attributes(record: &ResponseObject<'_>) -> Result<Vec<(String, Json)>, String> {
    let pair = |pair: &ResponseObject<'_>| (pair.text("key").unwrap_or_default(), any_value(pair.get("value")));
    Ok(objects(record, "attributes")?.iter().map(pair).collect())
}

/// Converts an `AnyValue` to plain JSON.
fn any_value(raw: Option<&RawValue>) -> Json {
    let mut out = String::new();
    write_value(raw, 0, &mut out);
    Json::from_strict(&out).unwrap_or_else(|| Json::string(&out))
}

fn write_value(raw: Option<&RawValue>, depth: usize, out: &mut String) {
    // MLflow writes `None` as an entry without a value (`_set_otel_proto_anyvalue`).
    let Some(raw) = raw else { return out.push_str("null") };
    if depth > limits::OTLP_LEVELS {
        return out.push_str(Json::string(raw.get()).text());
    }
    let object = ResponseObject::from_raw(raw).ok();
    let Some((kind, value)) = object.as_ref().and_then(|object| object.0.0.first()) else {
        return out.push_str("null");
    };
    let values = || ResponseObject::from_raw(value).and_then(|list| list.list("values")).unwrap_or_default();
    let is = |key: &str| is_key(kind, key);
    if is("array_value") {
        write_items(values(), ['[', ']'], out, |item, out| write_value(Some(item), depth + 1, out));
    } else if is("kvlist_value") {
        write_items(values(), ['{', '}'], out, |item, out| {
            let pair = ResponseObject::from_raw(item).ok();
            let key = pair.as_ref().and_then(|pair| pair.text("key")).unwrap_or_default();
            out.push_str(Json::string(&key).text());
            out.push(':');
            write_value(pair.as_ref().and_then(|pair| pair.get("value")), depth + 1, out);
        });
    } else if is("bytes_value") {
        let base64 = unescape(value.get());
        let hex = decode_base64(&base64).map_or_else(|| base64.clone().into_owned(), |bytes| ids::to_hex(&bytes));
        out.push_str(Json::string(&hex).text());
    } else if is("int_value") || is("double_value") {
        out.push_str(number(value.get()));
    } else if is("string_value") || is("bool_value") {
        out.push_str(value.get());
    } else {
        out.push_str("null");
    }
}

fn write_items<'a>(
    items: Vec<&'a RawValue>,
    [open, close]: [char; 2],
    out: &mut String,
    mut write: impl FnMut(&'a RawValue, &mut String),
) {
    out.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

/// The text of a number, also if written as a string. `NaN` and `Infinity` stay strings, as everywhere in the model.
fn number(text: &str) -> &str {
    let inner = text.trim_matches('"');
    let is_number =
        inner.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && serde_json::from_str::<&RawValue>(inner).is_ok();
    if is_number { inner } else { text }
}
