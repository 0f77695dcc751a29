//! OpenTelemetry's messages in bytes: archived traces, which are a `TracesData` in `traces.pb` (MLflow 3.13 on,
//! `tracing/otel/otel_archival.py`), and requests that exporters send (`ExportTraceServiceRequest`, the same in bytes).
//!
//! The messages are declared here by hand: the trace part of OTLP is frozen, and few of them are enough. Those around the
//! spans are only walked through, so that spans can be decoded one by one, as far as they are wanted.

use super::attribute::{RawAttributes, SpanDetail};
use super::span::event_time;
use super::{ids, lenient};
use crate::conventions::is_first_token;
use crate::model::{
    Exception, Json, Members, Payload, Span, SpanEvent, SpanId, SpanLink, SpanStatus, SpeakerSigns, Timestamp,
};
use prost::Message;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Clone, PartialEq, Message)]
struct OtlpSpan {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "11")]
    events: Vec<OtlpEvent>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<OtlpLink>,
    #[prost(message, optional, tag = "15")]
    status: Option<OtlpStatus>,
}

#[derive(Clone, PartialEq, Message)]
struct OtlpEvent {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct OtlpLink {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(message, repeated, tag = "4")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct OtlpStatus {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "any_value::Value", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<any_value::Value>,
}

mod any_value {
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Value {
        #[prost(string, tag = "1")]
        String(String),
        #[prost(bool, tag = "2")]
        Bool(bool),
        #[prost(int64, tag = "3")]
        Int(i64),
        #[prost(double, tag = "4")]
        Double(f64),
        #[prost(message, tag = "5")]
        Array(super::ArrayValue),
        #[prost(message, tag = "6")]
        Map(super::KeyValueList),
        #[prost(bytes, tag = "7")]
        Bytes(Vec<u8>),
    }
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

/// Reads the spans of a `traces.pb`.
///
/// # Errors
/// What is wrong with the bytes.
pub fn archived_spans(bytes: &[u8], keep: SpanDetail) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    for (_, raw) in resources(bytes)? {
        for bytes in raw {
            spans.push(plain_span(bytes)?.1.into_model(keep, None));
        }
    }
    Ok(spans)
}

/// The attributes of a resource, and its spans in bytes.
pub(super) type ResourceSpans<'a> = (Vec<(String, Json)>, Vec<&'a [u8]>);

/// The resources of a `TracesData` or an `ExportTraceServiceRequest`: `resource_spans` 1 (`resource` 1, `scope_spans` 2
/// (`spans` 2)).
pub(super) fn resources(bytes: &[u8]) -> Result<Vec<ResourceSpans<'_>>, String> {
    let mut resources = Vec::new();
    for resource_spans in fields(bytes, 1)? {
        let mut attributes = Vec::new();
        for resource in fields(resource_spans, 1)? {
            for pair in fields(resource, 1)? {
                attributes.push(KeyValue::decode(pair).map_err(|error| error.to_string())?);
            }
        }
        let mut spans = Vec::new();
        for scope_spans in fields(resource_spans, 2)? {
            spans.extend(fields(scope_spans, 2)?);
        }
        resources.push((decoded(&attributes), spans));
    }
    Ok(resources)
}

/// What other signals than traces are called.
pub(super) const LOGS: &str = "logs of OpenTelemetry";
pub(super) const METRICS: &str = "metrics of OpenTelemetry";

/// The signal that a message belongs to, where it is no span: a `LogRecord` (`time_unix_nano` 1 and
/// `observed_time_unix_nano` 11 of eight bytes) or a `Metric` (a name for 1, and data in one of 5, 7, 9, 10 and 11).
pub(super) fn other_signal(message: &[u8]) -> Option<&'static str> {
    const EIGHT_BYTES: u64 = 1;
    let has_time = |number| !values(message, number, EIGHT_BYTES).unwrap_or_default().is_empty();
    let parts = |number| fields(message, number).unwrap_or_default();
    if has_time(1) || has_time(11) {
        return Some(LOGS);
    }
    let is_span = has_time(7)
        || parts(1).first().is_some_and(|id| id.len() == 16) && parts(2).first().is_some_and(|id| id.len() == 8);
    let has_data = || [5, 7, 9, 10, 11].into_iter().any(|number| !parts(number).is_empty());
    (!is_span && !parts(1).is_empty() && has_data()).then_some(METRICS)
}

/// The trace id in hex and the span of a message.
pub(super) fn plain_span(bytes: &[u8]) -> Result<(String, PlainSpan), String> {
    let span = OtlpSpan::decode(bytes).map_err(|error| error.to_string())?;
    Ok((ids::hex_of(&span.trace_id), span.into_plain()))
}

/// The parts of a message that have bytes of their own (wire type 2) and this number.
fn fields(message: &[u8], number: u64) -> Result<Vec<&[u8]>, String> {
    const BYTES: u64 = 2;
    values(message, number, BYTES)
}

/// The parts of a message of this number and wire type.
fn values(mut message: &[u8], number: u64, wire_type: u64) -> Result<Vec<&[u8]>, String> {
    const WRONG: &str = "not a message of OpenTelemetry, or cut in the middle";
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message).ok_or(WRONG)?;
        let length = match key & 7 {
            0 => varint(&mut message).map(|_| 0),
            1 => Some(8),
            2 => varint(&mut message),
            5 => Some(4),
            _ => None,
        };
        let length = length.and_then(|length| usize::try_from(length).ok()).ok_or(WRONG)?;
        let (field, rest) = message.split_at_checked(length).ok_or(WRONG)?;
        if key == number << 3 | wire_type {
            found.push(field);
        }
        message = rest;
    }
    Ok(found)
}

fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

impl AnyValue {
    /// The value as JSON. Depth is bounded by prost, which refuses messages nested more than 100 deep.
    fn json(&self) -> Json {
        use any_value::Value;
        match &self.value {
            None => Json::of(&()),
            Some(Value::String(text)) => Json::string(text),
            Some(Value::Bool(value)) => Json::of(value),
            Some(Value::Int(value)) => Json::of(value),
            Some(Value::Double(value)) if value.is_nan() => Json::string("NaN"),
            Some(Value::Double(value)) if value.is_infinite() => {
                Json::string(if *value > 0.0 { "Infinity" } else { "-Infinity" })
            }
            Some(Value::Double(value)) => Json::of(value),
            Some(Value::Array(array)) => Json::of(&array.values.iter().map(Self::json).collect::<Vec<_>>()),
            Some(Value::Map(map)) => Json::object(&decoded(&map.values)),
            Some(Value::Bytes(bytes)) => Json::string(&ids::hex_of(bytes)),
        }
    }
}

/// Keys with plain values; MLflow writes an entry without a value for `null` (`tracing/utils/otlp.py`).
fn decoded(pairs: &[KeyValue]) -> Vec<(String, Json)> {
    pairs
        .iter()
        .map(|pair| (pair.key.clone(), pair.value.as_ref().map_or_else(|| Json::of(&()), AnyValue::json)))
        .collect()
}

impl OtlpSpan {
    fn into_plain(self) -> PlainSpan {
        let status = self.status.unwrap_or_default();
        PlainSpan {
            name: self.name,
            id: SpanId::new(ids::hex_of(&self.span_id)),
            parent: (!self.parent_span_id.is_empty()).then(|| SpanId::new(ids::hex_of(&self.parent_span_id))),
            status: status_of(status.code),
            status_message: status.message,
            start: self.start_time_unix_nano.cast_signed(),
            end: self.end_time_unix_nano.cast_signed(),
            attributes: decoded(&self.attributes),
            events: self.events.iter().map(OtlpEvent::decode).collect(),
            links: self.links.iter().map(OtlpLink::decode).collect(),
        }
    }
}

/// The status of a number of OTLP's `StatusCode`.
pub(super) fn status_of(code: i32) -> SpanStatus {
    match code {
        0 => SpanStatus::Unset,
        1 => SpanStatus::Ok,
        2 => SpanStatus::Error,
        other => SpanStatus::Other(other.to_string()),
    }
}

impl OtlpEvent {
    fn decode(&self) -> SpanEvent {
        SpanEvent {
            name: self.name.clone(),
            time: event_time(self.time_unix_nano.cast_signed()),
            attributes: decoded(&self.attributes),
        }
    }
}

impl OtlpLink {
    fn decode(&self) -> SpanLink {
        link(&ids::hex_of(&self.trace_id), ids::hex_of(&self.span_id), &decoded(&self.attributes))
    }
}

/// A link from ids in hex, with the trace id that MLflow makes of OpenTelemetry's (`Link.from_otel_proto`, 3.13 on).
pub(super) fn link(trace_id: &str, span_id: String, attributes: &[(String, Json)]) -> SpanLink {
    let attributes = if attributes.is_empty() { Json::of(&()) } else { Json::object(attributes) };
    SpanLink { trace_id: format!("tr-{trace_id}"), span_id, attributes }
}

/// A span as OpenTelemetry carries it, in bytes or in JSON: its attribute values are plain, not JSON inside strings.
pub(super) struct PlainSpan {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) status: SpanStatus,
    pub(super) status_message: String,
    pub(super) start: i64,
    /// 0 for a span that has not ended.
    pub(super) end: i64,
    pub(super) attributes: Vec<(String, Json)>,
    pub(super) events: Vec<SpanEvent>,
    pub(super) links: Vec<SpanLink>,
}

impl PlainSpan {
    /// With JSON that an exporter put into strings taken out of them, one level, as MLflow's server does with what it is
    /// sent (`strip_otlp_double_encoding`, MLflow 3.18). A number in a string stays a string.
    pub(super) fn unwrapped(mut self) -> Self {
        for (_, value) in &mut self.attributes {
            let inner = value.as_string().and_then(|text| lenient::json(&text));
            if let Some(inner) = inner.filter(|inner| inner.text().starts_with(['"', '{', '['])) {
                *value = inner;
            }
        }
        // An id of zeros is none (OpenTelemetry's specification of the trace API).
        self.parent = self.parent.filter(|id| id.as_str().bytes().any(|digit| digit != b'0'));
        self
    }

    /// `column_type` is the type recorded beside the attributes, used where they have none.
    pub(super) fn into_model(self, keep: SpanDetail, column_type: Option<&str>) -> Span {
        // The same text form as in `traces.json`, so that one reader serves all.
        let texts: Vec<Box<RawValue>> = self.attributes.iter().map(|(_, value)| encoded(value)).collect();
        let keys = self.attributes.iter().map(|(key, _)| Cow::Borrowed(key.as_str()));
        let attributes = RawAttributes::new(Members(keys.zip(texts.iter().map(|text| &**text)).collect()));
        let span_type = attributes.span_type(column_type);
        let (tool_mentions, speaker_signs) =
            if keep == SpanDetail::Calls { (Vec::new(), SpeakerSigns::None) } else { attributes.mentions(&span_type) };
        let token_usage = attributes.token_usage(&span_type);
        let is_root = self.parent.is_none();
        let foreign = (keep == SpanDetail::All).then(|| attributes.foreign_values(&self.events));
        Span {
            id: self.id,
            parent: self.parent,
            model: attributes.model(&span_type),
            usage_scope: attributes.usage_scope(&self.name),
            title: attributes.title(&self.name),
            named: if is_root { attributes.session_and_user() } else { (None, None) },
            response_id: attributes.response_id(&span_type),
            derived_usage: attributes.derived_usage(&span_type, token_usage.as_ref()),
            declared_name: attributes.declared_name(&span_type, &self.name),
            name: self.name,
            agent: attributes.agent(&span_type),
            span_type,
            status: self.status,
            status_message: self.status_message,
            start: Timestamp(self.start),
            end: (self.end != 0).then_some(Timestamp(self.end)),
            token_usage,
            provider: attributes.provider(),
            cost: attributes.cost(),
            exception: self.events.iter().rev().find_map(exception),
            handled_failure: None,
            has_outputs: keep != SpanDetail::Calls && attributes.has_outputs(),
            tool_mentions,
            speaker_signs,
            first_token: self.events.iter().find(|event| is_first_token(&event.name)).map(|event| event.time),
            payload: match (keep, foreign) {
                (SpanDetail::Exceptions, _) => {
                    let events = self.events.into_iter().filter(|event| exception(event).is_some()).collect();
                    Some(Payload { events, ..Payload::default() })
                }
                (SpanDetail::All, Some([foreign_inputs, foreign_outputs])) => Some(Payload {
                    attributes: self.attributes,
                    events: self.events,
                    links: self.links,
                    foreign_inputs,
                    foreign_outputs,
                }),
                (SpanDetail::Calls | SpanDetail::Tree | SpanDetail::All, _) => None,
            },
        }
    }
}

/// A value as MLflow stores it: a string is JSON inside a string (`dump_span_attribute_value`).
fn encoded(value: &Json) -> Box<RawValue> {
    let text = value.text();
    let stored = if text.starts_with('"') { Json::string(text).text().to_owned() } else { text.to_owned() };
    RawValue::from_string(stored).unwrap_or_default()
}

fn exception(event: &SpanEvent) -> Option<Exception> {
    if event.name != "exception" {
        return None;
    }
    let attribute = |key: &str| {
        let (_, value) = event.attributes.iter().rev().find(|(name, _)| name == key)?;
        (!value.is_null()).then(|| value.display())
    };
    Some(Exception {
        kind: attribute("exception.type"),
        message: attribute("exception.message"),
        stacktrace: attribute("exception.stacktrace"),
    })
}
