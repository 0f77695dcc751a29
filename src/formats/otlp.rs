//! OTLP protobuf: archived traces, which are a `TracesData` in `traces.pb` (MLflow 3.13 on,
//! `tracing/otel/otel_archival.py`), and exporter requests (`ExportTraceServiceRequest`, which has the same encoding).
//!
//! The messages are declared by hand: the trace part of OTLP is stable, and only a few are needed. The messages around
//! spans are walked field by field, so that each span can be decoded separately.

use super::attribute::{RawAttributes, SpanDetail};
use super::span::event_time;
use super::{ids, lenient};
use crate::conventions::is_first_token;
use crate::json::{Json, Members};
use crate::model::{Exception, Payload, Span, SpanEvent, SpanId, SpanLink, SpanStatus, SpeakerSigns, Timestamp};
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
/// If the bytes are not a `TracesData` message.
pub fn parse_traces_pb(bytes: &[u8], detail: SpanDetail) -> Result<Vec<Span>, String> {
    let mut spans = Vec::new();
    for (_, raw) in split_by_resource(bytes)? {
        for bytes in raw {
            spans.push(decode_span(bytes)?.1.into_model(detail, None));
        }
    }
    Ok(spans)
}

/// The attributes of a resource, and its encoded spans.
pub(super) type ResourceSpans<'a> = (Vec<(String, Json)>, Vec<&'a [u8]>);

/// Splits a `TracesData` or `ExportTraceServiceRequest` by resource. Field numbers: `resource_spans` 1 (`resource` 1,
/// `scope_spans` 2 (`spans` 2)).
pub(super) fn split_by_resource(bytes: &[u8]) -> Result<Vec<ResourceSpans<'_>>, String> {
    let mut resources = Vec::new();
    for resource_spans in length_delimited(bytes, 1)? {
        let mut attributes = Vec::new();
        for resource in length_delimited(resource_spans, 1)? {
            for pair in length_delimited(resource, 1)? {
                attributes.push(KeyValue::decode(pair).map_err(|error| error.to_string())?);
            }
        }
        let mut spans = Vec::new();
        for scope_spans in length_delimited(resource_spans, 2)? {
            spans.extend(length_delimited(scope_spans, 2)?);
        }
        resources.push((decode_attributes(&attributes), spans));
    }
    Ok(resources)
}

/// Names of the signals other than traces, for messages.
pub(super) const LOGS: &str = "OpenTelemetry logs";
pub(super) const METRICS: &str = "OpenTelemetry metrics";

/// Returns the signal of a message that is not a span. A `LogRecord` has eight-byte fields `time_unix_nano` 1 or
/// `observed_time_unix_nano` 11; a `Metric` has its name in field 1 and data in one of 5, 7, 9, 10 and 11.
pub(super) fn other_signal(message: &[u8]) -> Option<&'static str> {
    const EIGHT_BYTES: u64 = 1;
    let has_time = |number| !fields(message, number, EIGHT_BYTES).unwrap_or_default().is_empty();
    let parts = |number| length_delimited(message, number).unwrap_or_default();
    if has_time(1) || has_time(11) {
        return Some(LOGS);
    }
    let is_span = has_time(7)
        || parts(1).first().is_some_and(|id| id.len() == 16) && parts(2).first().is_some_and(|id| id.len() == 8);
    let has_data = || [5, 7, 9, 10, 11].into_iter().any(|number| !parts(number).is_empty());
    (!is_span && !parts(1).is_empty() && has_data()).then_some(METRICS)
}

/// Decodes a span. Returns its trace id in hex, and the span.
pub(super) fn decode_span(bytes: &[u8]) -> Result<(String, PlainSpan), String> {
    let span = OtlpSpan::decode(bytes).map_err(|error| error.to_string())?;
    Ok((ids::to_hex(&span.trace_id), span.into_plain()))
}

/// The length-delimited fields (wire type 2) of a message with this number.
fn length_delimited(message: &[u8], number: u64) -> Result<Vec<&[u8]>, String> {
    const BYTES: u64 = 2;
    fields(message, number, BYTES)
}

/// The fields of a message with this number and wire type; empty slices for varints.
fn fields(mut message: &[u8], number: u64, wire_type: u64) -> Result<Vec<&[u8]>, String> {
    const INVALID: &str = "invalid or truncated OTLP message";
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message).ok_or(INVALID)?;
        let length = match key & 7 {
            0 => varint(&mut message).map(|_| 0),
            1 => Some(8),
            2 => varint(&mut message),
            5 => Some(4),
            _ => None,
        };
        let length = length.and_then(|length| usize::try_from(length).ok()).ok_or(INVALID)?;
        let (field, rest) = message.split_at_checked(length).ok_or(INVALID)?;
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
    /// Converts the value to JSON. Recursion is bounded, because prost rejects messages nested more than 100 levels
    /// deep.
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
            Some(Value::Map(map)) => Json::object(&decode_attributes(&map.values)),
            Some(Value::Bytes(bytes)) => Json::string(&ids::to_hex(bytes)),
        }
    }
}

/// Converts key-value pairs. MLflow writes `null` as an entry without a value (`tracing/utils/otlp.py`).
fn decode_attributes(pairs: &[KeyValue]) -> Vec<(String, Json)> {
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
            id: SpanId::new(ids::to_hex(&self.span_id)),
            parent: (!self.parent_span_id.is_empty()).then(|| SpanId::new(ids::to_hex(&self.parent_span_id))),
            status: status_from_code(status.code),
            status_message: status.message,
            start: self.start_time_unix_nano.cast_signed(),
            end: self.end_time_unix_nano.cast_signed(),
            attributes: decode_attributes(&self.attributes),
            events: self.events.iter().map(OtlpEvent::decode).collect(),
            links: self.links.iter().map(OtlpLink::decode).collect(),
        }
    }
}

/// The status for a number of OTLP's `StatusCode`.
pub(super) fn status_from_code(code: i32) -> SpanStatus {
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
            attributes: decode_attributes(&self.attributes),
        }
    }
}

impl OtlpLink {
    fn decode(&self) -> SpanLink {
        link(&ids::to_hex(&self.trace_id), ids::to_hex(&self.span_id), &decode_attributes(&self.attributes))
    }
}

/// Builds a link from hex ids. The trace id gets MLflow's `tr-` prefix (`Link.from_otel_proto`, 3.13 on).
pub(super) fn link(trace_id: &str, span_id: String, attributes: &[(String, Json)]) -> SpanLink {
    let attributes = if attributes.is_empty() { Json::of(&()) } else { Json::object(attributes) };
    SpanLink { trace_id: format!("tr-{trace_id}"), span_id, attributes }
}

/// A decoded OTLP span, from protobuf or JSON. Attribute values are plain, not JSON inside strings.
pub(super) struct PlainSpan {
    pub(super) id: SpanId,
    pub(super) parent: Option<SpanId>,
    pub(super) name: String,
    pub(super) status: SpanStatus,
    pub(super) status_message: String,
    /// Nanoseconds since 1970.
    pub(super) start: i64,
    /// Nanoseconds since 1970; 0 for a span that has not ended.
    pub(super) end: i64,
    pub(super) attributes: Vec<(String, Json)>,
    pub(super) events: Vec<SpanEvent>,
    pub(super) links: Vec<SpanLink>,
}

impl PlainSpan {
    /// Decodes JSON that an exporter put into attribute strings, one level, as MLflow's server does with requests
    /// (`strip_otlp_double_encoding`, MLflow 3.18). A number in a string stays a string.
    pub(super) fn with_decoded_strings(mut self) -> Self {
        for (_, value) in &mut self.attributes {
            let inner = value.as_string().and_then(|text| lenient::parse_json(&text));
            if let Some(inner) = inner.filter(|inner| inner.text().starts_with(['"', '{', '['])) {
                *value = inner;
            }
        }
        // An all-zero id means no id (OpenTelemetry's trace API specification).
        self.parent = self.parent.filter(|id| id.as_str().bytes().any(|digit| digit != b'0'));
        self
    }

    /// `column_type` is the span type recorded outside the attributes, used if they have none.
    pub(super) fn into_model(self, detail: SpanDetail, column_type: Option<&str>) -> Span {
        // Encoded as in `traces.json`, so that `RawAttributes` reads both.
        let texts: Vec<Box<RawValue>> = self.attributes.iter().map(|(_, value)| encode(value)).collect();
        let keys = self.attributes.iter().map(|(key, _)| Cow::Borrowed(key.as_str()));
        let attributes = RawAttributes::new(Members(keys.zip(texts.iter().map(|text| &**text)).collect()));
        let span_type = attributes.span_type(column_type);
        let (tool_mentions, speaker_signs) = if detail == SpanDetail::Calls {
            (Vec::new(), SpeakerSigns::None)
        } else {
            attributes.mentions(&span_type)
        };
        let token_usage = attributes.token_usage(&span_type);
        let is_root = self.parent.is_none();
        let foreign = (detail == SpanDetail::All).then(|| attributes.foreign_inputs_and_outputs(&self.events));
        Span {
            id: self.id,
            parent: self.parent,
            model: attributes.model(&span_type),
            usage_scope: attributes.usage_scope(&self.name),
            title: attributes.title(&self.name),
            session_and_user: if is_root { attributes.session_and_user() } else { (None, None) },
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
            has_outputs: detail != SpanDetail::Calls && attributes.has_outputs(),
            tool_mentions,
            speaker_signs,
            first_token: self.events.iter().find(|event| is_first_token(&event.name)).map(|event| event.time),
            payload: match (detail, foreign) {
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

/// Encodes a value as MLflow stores it: a string becomes JSON inside a string (`dump_span_attribute_value`).
fn encode(value: &Json) -> Box<RawValue> {
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
