//! Span JSON in all its dialects, detected by shape:
//! * v2 (2.14 – 2.22): `context`, `parent_id`, `start_time`, `status_code`; hex ids, with `0x` until 2.20;
//! * v3 (3.0 on): `start_time_unix_nano`, `status.code`; base64 ids, `parent_span_id` `""` or `null` for roots;
//! * 3.5.0 and other writers: v3 with hex ids, plain status names, decoded attributes, numbers as strings.

use super::attribute::{RawAttributes, SpanDetail, unescape};
use super::{ids, lenient};
use crate::conventions::is_first_token;
use crate::json::{Json, Members};
use crate::model::{Exception, Payload, Span, SpanEvent, SpanId, SpanLink, SpanStatus, SpeakerSigns, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Reads one span. `column_type` is the span type of a database column, used if the text has none.
///
/// # Errors
/// If the text is not a span.
pub fn span(text: &str, detail: SpanDetail, column_type: Option<&str>) -> Result<Span, String> {
    match serde_json::from_str::<WireSpan<'_>>(text) {
        Ok(wire) if !lenient::has_lone_surrogate(text) => wire.into_span(detail, column_type),
        _ => {
            let strict = lenient::parse_json(text).ok_or("invalid or truncated JSON")?;
            let wire: WireSpan<'_> = serde_json::from_str(strict.text()).map_err(|error| error.to_string())?;
            wire.into_span(detail, column_type)
        }
    }
}

#[derive(Deserialize)]
struct WireSpan<'a> {
    #[serde(borrow)]
    context: Option<WireContext<'a>>,
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    parent_id: Option<&'a RawValue>,
    #[serde(borrow)]
    parent_span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    start_time: Option<&'a RawValue>,
    #[serde(borrow)]
    start_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time: Option<&'a RawValue>,
    #[serde(borrow)]
    end_time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow)]
    status_code: Option<&'a RawValue>,
    #[serde(borrow)]
    status_message: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<WireStatus<'a>>,
    #[serde(borrow, default)]
    attributes: Members<'a>,
    #[serde(borrow, default)]
    events: Option<Vec<WireEvent<'a>>>,
    #[serde(borrow, default)]
    links: Option<Vec<WireLink<'a>>>,
}

#[derive(Deserialize)]
struct WireContext<'a> {
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireStatus<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireEvent<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    time_unix_nano: Option<&'a RawValue>,
    #[serde(borrow, default)]
    attributes: Members<'a>,
}

#[derive(Deserialize)]
struct WireLink<'a> {
    #[serde(borrow)]
    trace_id: Option<&'a RawValue>,
    #[serde(borrow)]
    span_id: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<&'a RawValue>,
}

/// The content of a string, or the text of another scalar; `None` if `null` or absent.
fn text(raw: Option<&RawValue>) -> Option<Cow<'_, str>> {
    raw.map(RawValue::get).filter(|raw| *raw != "null").map(unescape)
}

/// The same, owned; empty if absent.
fn owned_text(raw: Option<&RawValue>) -> String {
    text(raw).map(Cow::into_owned).unwrap_or_default()
}

/// An integer, also if written as a string.
fn number(raw: Option<&RawValue>) -> Option<i64> {
    raw.and_then(|raw| raw.get().trim_matches('"').parse().ok())
}

impl WireSpan<'_> {
    fn into_span(self, detail: SpanDetail, column_type: Option<&str>) -> Result<Span, String> {
        let id = text(self.span_id.or(self.context.and_then(|context| context.span_id)));
        let id = id.and_then(|id| ids::span_id(&id)).ok_or("missing span id")?;
        let start = number(self.start_time_unix_nano.or(self.start_time)).ok_or("missing start time")?;
        let (code, message) = match self.status {
            Some(status) => (status.code, status.message),
            None => (self.status_code, self.status_message),
        };
        let attributes = RawAttributes::new(self.attributes);
        let span_type = attributes.span_type(column_type);
        let (tool_mentions, speaker_signs) = if detail == SpanDetail::Calls {
            (Vec::new(), SpeakerSigns::None)
        } else {
            attributes.mentions(&span_type)
        };
        let events = self.events.unwrap_or_default();
        let token_usage = attributes.token_usage(&span_type);
        let name = owned_text(self.name);
        let parent = parent(self.parent_span_id.or(self.parent_id));
        let named = if parent.is_none() { attributes.session_and_user() } else { (None, None) };
        Ok(Span {
            parent,
            model: attributes.model(&span_type),
            usage_scope: attributes.usage_scope(&name),
            title: attributes.title(&name),
            session_and_user: named,
            response_id: attributes.response_id(&span_type),
            derived_usage: attributes.derived_usage(&span_type, token_usage.as_ref()),
            declared_name: attributes.declared_name(&span_type, &name),
            name,
            agent: attributes.agent(&span_type),
            span_type,
            status: SpanStatus::parse(&text(code).unwrap_or_default()),
            status_message: owned_text(message),
            start: Timestamp(start),
            // MLflow writes null, OpenTelemetry 0, for a span that has not ended.
            end: number(self.end_time_unix_nano.or(self.end_time)).filter(|end| *end != 0).map(Timestamp),
            token_usage,
            provider: attributes.provider(),
            cost: attributes.cost(),
            exception: events.iter().rev().find_map(WireEvent::exception),
            handled_failure: None,
            has_outputs: detail != SpanDetail::Calls
                && (attributes.has_outputs() || events.iter().any(WireEvent::is_chunk)),
            tool_mentions,
            speaker_signs,
            first_token: events.iter().find_map(WireEvent::first_token),
            payload: match detail {
                SpanDetail::Calls | SpanDetail::Tree => None,
                SpanDetail::Exceptions => {
                    let exceptions = events.iter().filter(|event| event.exception().is_some());
                    Some(Payload { events: exceptions.map(WireEvent::decode).collect(), ..Payload::default() })
                }
                SpanDetail::All => {
                    let events: Vec<SpanEvent> = events.iter().map(WireEvent::decode).collect();
                    let [foreign_inputs, foreign_outputs] = attributes.foreign_inputs_and_outputs(&events);
                    Some(Payload {
                        attributes: attributes.decode(),
                        events,
                        links: self.links.unwrap_or_default().iter().map(WireLink::decode).collect(),
                        foreign_inputs,
                        foreign_outputs,
                    })
                }
            },
            id,
        })
    }
}

fn parent(raw: Option<&RawValue>) -> Option<SpanId> {
    ids::span_id(&text(raw)?)
}

impl WireEvent<'_> {
    fn decode(&self) -> SpanEvent {
        let time = number(self.time_unix_nano.or(self.timestamp)).unwrap_or_default();
        SpanEvent {
            name: owned_text(self.name),
            time: event_time(time),
            attributes: self.attributes.0.iter().map(|(key, raw)| (key.clone().into_owned(), plain(raw))).collect(),
        }
    }

    /// Whether it is a chunk of a streamed response.
    fn is_chunk(&self) -> bool {
        text(self.name).is_some_and(|name| name.starts_with("mlflow.chunk.item."))
    }

    /// Its time, if it marks the first token of a streamed response.
    fn first_token(&self) -> Option<Timestamp> {
        let is_first = is_first_token(&text(self.name)?);
        is_first.then(|| event_time(number(self.time_unix_nano.or(self.timestamp)).unwrap_or_default()))
    }

    fn exception(&self) -> Option<Exception> {
        if text(self.name)? != "exception" {
            return None;
        }
        let attribute = |key: &str| text(self.attributes.get(key)).map(Cow::into_owned);
        Some(Exception {
            kind: attribute("exception.type"),
            message: attribute("exception.message"),
            stacktrace: attribute("exception.stacktrace"),
        })
    }
}

/// Event times are nanoseconds, but microseconds if MLflow ≤ 3.10 created the event itself (`entities/span_event.py`).
pub(super) fn event_time(time: i64) -> Timestamp {
    const NANOS_OF_1973: i64 = 100_000_000_000_000_000;
    Timestamp(if time.abs() < NANOS_OF_1973 { time.saturating_mul(1_000) } else { time })
}

/// Decodes a value that is not JSON inside a string.
fn plain(raw: &RawValue) -> Json {
    lenient::parse_json(raw.get()).unwrap_or_else(|| Json::string(raw.get()))
}

impl WireLink<'_> {
    fn decode(&self) -> SpanLink {
        SpanLink {
            trace_id: owned_text(self.trace_id),
            span_id: owned_text(self.span_id),
            attributes: self.attributes.map_or_else(|| Json::of(&()), plain),
        }
    }
}

/// The content of a `traces.json`.
#[derive(Debug, Default)]
pub struct TraceFile {
    /// The spans that could be read, in the order written.
    pub spans: Vec<Span>,
    /// Why the other spans could not be read, one line each.
    pub damage: Vec<String>,
    /// Whether the JSON is truncated.
    pub is_truncated: bool,
    /// Whether text follows the end of the JSON.
    pub has_trailing_text: bool,
}

/// Reads a `traces.json`: `{"spans": […]}`. Returns every complete span of a damaged file.
#[must_use]
pub fn trace_file(text: &str, detail: SpanDetail) -> TraceFile {
    #[derive(Deserialize)]
    struct WireFile<'a> {
        #[serde(borrow)]
        spans: Vec<&'a RawValue>,
    }
    let mut file = TraceFile::default();
    if let Ok(strict) = serde_json::from_str::<WireFile<'_>>(text) {
        for raw in strict.spans {
            file.push(span(raw.get(), detail, None));
        }
        return file;
    }
    let Some(mut rest) = memchr::memmem::find(text.as_bytes(), b"\"spans\"").map(|at| &text[at + 7..]) else {
        file.is_truncated = true;
        return file;
    };
    rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ':']);
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',', '[']);
        if rest.starts_with(']') {
            // Releases before 3.0 wrote the request and the response after the spans.
            let rest = format!("{{\"spans\":[{rest}");
            match lenient::parse_json_prefix(&rest) {
                Some((_, length)) => file.has_trailing_text = !rest[length..].trim().is_empty(),
                None => file.is_truncated = true,
            }
            return file;
        }
        let Some((json, length)) = lenient::parse_json_prefix(rest) else {
            file.is_truncated = true;
            return file;
        };
        file.push(span(json.text(), detail, None));
        rest = &rest[length..];
    }
}

impl TraceFile {
    fn push(&mut self, span: Result<Span, String>) {
        match span {
            Ok(span) => self.spans.push(span),
            Err(why) => self.damage.push(why),
        }
    }
}
