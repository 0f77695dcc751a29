//! Answers of a tracking server (`server/handlers.py`, `protos/service.proto`, MLflow 2.14 – 3.18): records of traces in
//! the 2.0 and the 3.0 form, experiments, and spans in the JSON form of OpenTelemetry's messages (3.6 on).
//!
//! Servers leave out what is empty, print 64-bit integers as numbers (other printers as strings), and cut metadata at
//! 250 characters (`entities/trace_info_v2.py`). Keys are read in snake and in camel case, as proto3's JSON allows both.

use super::attribute::{Keep, unescape};
use super::otlp::{self, PlainSpan, status_of};
use super::span::{TraceFile, event_time};
use super::{assessment, ids, lenient};
use crate::model::{
    Experiment, Json, Labels, Link, Members, Span, SpanEvent, SpanId, SpanStatus, Timestamp, TraceInfo, TraceState,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A page of `traces/search` (3.0) or `traces` (2.0).
#[derive(Debug)]
pub struct InfoPage {
    /// The records, in the server's order; a damaged one is told with its id.
    pub infos: Vec<Result<TraceInfo, String>>,
    /// What to ask the next page with; `None` at the end.
    pub next_page_token: Option<String>,
}

/// Reads a page of traces: `POST traces/search` (`SearchTracesV3`, MLflow 3.2 on) or `GET traces` (`SearchTraces`, 2.14
/// on), told apart trace by trace. `{}` is an empty page.
///
/// # Errors
/// Why the text is not a page; a damaged trace is an error in the page.
pub fn info_page(text: &str) -> Result<InfoPage, String> {
    let strict = strict(text)?;
    let page = Object::parse(&strict)?;
    let read = |raw: &RawValue| {
        let record = Object::of(raw)?;
        info(&record).map_err(|why| match record.trace_id() {
            Some(id) => format!("trace `{id}`: {why}"),
            None => why,
        })
    };
    Ok(InfoPage { infos: page.list("traces")?.into_iter().map(read).collect(), next_page_token: page.token() })
}

/// Reads one trace's record: `GET traces/{id}` of 3.0 (`GetTraceInfoV3`, MLflow 3.2 on) or `GET traces/{id}/info` of 2.0
/// (`GetTraceInfo`, 2.14 on).
///
/// # Errors
/// Why there is no record in the text.
pub fn info_answer(text: &str) -> Result<TraceInfo, String> {
    let strict = strict(text)?;
    let answer = Object::parse(&strict)?;
    let record = match answer.object("trace") {
        Some(trace) => trace.object("trace_info"),
        None => answer.object("trace_info"),
    };
    info(&record.ok_or("no trace in the answer")?)
}

/// Reads a page of `experiments/search` (`SearchExperiments`, all releases) and the token of the next one.
///
/// # Errors
/// Why the text is not a page of experiments.
pub fn experiment_page(text: &str) -> Result<(Vec<Experiment>, Option<String>), String> {
    let strict = strict(text)?;
    let page = Object::parse(&strict)?;
    let experiments = page.list("experiments")?.into_iter().map(|raw| experiment(&Object::of(raw)?));
    Ok((experiments.collect::<Result<_, String>>()?, page.token()))
}

/// Reads the answer of `experiments/get` or `experiments/get-by-name` (`GetExperiment`, all releases).
///
/// # Errors
/// Why there is no experiment in the text.
pub fn experiment_answer(text: &str) -> Result<Experiment, String> {
    let strict = strict(text)?;
    experiment(&Object::parse(&strict)?.object("experiment").ok_or("no experiment in the answer")?)
}

/// Reads the spans of `traces/get` (`GetTrace`, MLflow 3.7 on), or of the first trace of `traces/batchGet`
/// (`BatchGetTraces`, 3.6 on). Damaged spans are told in [`TraceFile::damage`].
///
/// # Errors
/// Why there is no trace in the text.
pub fn wire_spans(text: &str, keep: Keep) -> Result<TraceFile, String> {
    let strict = strict(text)?;
    let answer = Object::parse(&strict)?;
    let trace = match answer.object("trace") {
        Some(trace) => trace,
        None => Object::of(answer.list("traces")?.first().ok_or("no trace in the answer")?)?,
    };
    let mut file = TraceFile::default();
    for raw in trace.list("spans")? {
        match Object::of(raw).and_then(|record| span(&record, keep)) {
            Ok(span) => file.spans.push(span),
            Err(why) => file.damage.push(why),
        }
    }
    Ok(file)
}

/// The text itself where it is strict JSON, else what Python would read in it.
fn strict(text: &str) -> Result<Cow<'_, str>, String> {
    if serde_json::from_str::<&RawValue>(text).is_ok() && !lenient::has_lone_surrogate(text) {
        return Ok(Cow::Borrowed(text));
    }
    let strict = lenient::json(text).ok_or("not JSON, or cut in the middle")?;
    Ok(Cow::Owned(strict.text().to_owned()))
}

/// An object of an answer. What is `null` counts as left out.
struct Object<'a>(Members<'a>);

impl<'a> Object<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    fn of(raw: &'a RawValue) -> Result<Self, String> {
        Self::parse(raw.get())
    }

    /// A value by its key in snake case; the last one where a key is repeated, as in Python.
    fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.0.0.iter().rev().find(|(name, _)| is_key(name, key))?;
        (raw.get() != "null").then_some(raw)
    }

    /// A scalar as text.
    fn text(&self, key: &str) -> Option<String> {
        let text = self.get(key)?.get();
        (!text.starts_with(['{', '['])).then(|| unescape(text).into_owned())
    }

    /// An integer, also when written as a string.
    fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.get().trim_matches('"').parse().ok()
    }

    fn object(&self, key: &str) -> Option<Self> {
        Self::of(self.get(key)?).ok()
    }

    /// The items of a list; none where it is left out.
    fn list(&self, key: &str) -> Result<Vec<&'a RawValue>, String> {
        let items = self.get(key).map(|raw| serde_json::from_str(raw.get())).transpose();
        items.map(Option::unwrap_or_default).map_err(|_| format!("`{key}` is not a list"))
    }

    /// The id of a trace; the 2.0 form calls it a request.
    fn trace_id(&self) -> Option<String> {
        self.text("trace_id").or_else(|| self.text("request_id")).filter(|id| !id.is_empty())
    }

    fn token(&self) -> Option<String> {
        self.text("next_page_token").filter(|token| !token.is_empty())
    }

    fn millis(&self, key: &str) -> Option<Timestamp> {
        self.integer(key).map(Timestamp::from_millis)
    }

    /// Tags or metadata: an object in 3.0, a list of keys and values in 2.0.
    fn labels(&self, key: &str) -> Labels {
        let Some(raw) = self.get(key) else { return Labels::default() };
        let mut labels = Labels::with_room(raw.get().len());
        if let Ok(object) = Self::of(raw) {
            for (key, value) in &object.0.0 {
                labels.add(key, &unescape(value.get()));
            }
        }
        for pair in self.list(key).into_iter().flatten().filter_map(|raw| Self::of(raw).ok()) {
            labels.add(&pair.text("key").unwrap_or_default(), &pair.text("value").unwrap_or_default());
        }
        labels
    }
}

/// Whether a name is this key of snake case, or its camel case.
fn is_key(name: &str, key: &str) -> bool {
    let letters = key.bytes().filter(|byte| *byte != b'_');
    name == key || !name.contains('_') && name.bytes().map(|byte| byte.to_ascii_lowercase()).eq(letters)
}

fn info(record: &Object<'_>) -> Result<TraceInfo, String> {
    let is_v2 = record.get("trace_id").is_none();
    let trace_id = record.trace_id().ok_or("no trace id in it")?;
    let place = record.object("trace_location").and_then(|place| place.object("mlflow_experiment"));
    let request_time = if is_v2 {
        record.millis("timestamp_ms")
    } else {
        record.text("request_time").and_then(|time| Timestamp::parse_rfc3339(&time))
    };
    let assessments = record.list("assessments").unwrap_or_default();
    let mut info = TraceInfo {
        trace_id,
        client_request_id: record.text("client_request_id"),
        experiment_id: place.as_ref().unwrap_or(record).text("experiment_id").unwrap_or_default(),
        experiment_name: None,
        name: None,
        root_name: None,
        state: TraceState::parse(&record.text(if is_v2 { "status" } else { "state" }).unwrap_or_default()),
        request_time: request_time.ok_or("no start time in it")?,
        execution_duration_ms: if is_v2 {
            // The 2.0 form has no word for a duration that is not known (`TraceInfoV2.to_proto`).
            record.integer("execution_time_ms").filter(|millis| *millis != 0)
        } else {
            record.text("execution_duration").and_then(|text| duration_ms(&text))
        },
        span_count: None,
        recorded_usage: None,
        cost: None,
        request_preview: record.text("request_preview"),
        response_preview: record.text("response_preview"),
        tags: record.labels("tags"),
        metadata: record.labels(if is_v2 { "request_metadata" } else { "trace_metadata" }),
        assessments: assessments.iter().filter_map(|raw| assessment::assessment(&compact(raw)?)).collect(),
        linked_runs: Vec::new(),
    };
    info.assessments.sort_by(|a, b| (a.create_time, &a.id).cmp(&(b.create_time, &b.id)));
    info.derive(whole_members);
    Ok(info)
}

/// A value without the space that servers before 3.18 print between its parts.
fn compact(raw: &RawValue) -> Option<Json> {
    lenient::json_prefix(raw.get()).map(|(json, _)| json)
}

/// A `google.protobuf.Duration` (`"0.030s"`) in whole milliseconds, cut towards zero as its `ToMilliseconds` does.
fn duration_ms(text: &str) -> Option<i64> {
    let text = text.trim().strip_suffix('s')?;
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(millis).map(|millis| sign * millis)
}

/// Reads JSON, and of an object that is cut in the middle the members that are whole.
fn whole_members(text: &str) -> Option<Json> {
    /// The servers cut at 250 characters; what is longer was not cut by them.
    const MAX_CUT_BYTES: usize = 1_024;
    lenient::json(text).or_else(|| {
        let may_be_cut = text.starts_with('{') && text.len() <= MAX_CUT_BYTES;
        let text = may_be_cut.then_some(text)?;
        text.rmatch_indices(',').find_map(|(at, _)| lenient::json(&format!("{}}}", &text[..at])))
    })
}

fn experiment(record: &Object<'_>) -> Result<Experiment, String> {
    Ok(Experiment {
        experiment_id: record.text("experiment_id").ok_or("an experiment without experiment_id")?,
        name: record.text("name").unwrap_or_default(),
        lifecycle_stage: record.text("lifecycle_stage").unwrap_or_else(|| "active".to_owned()),
        workspace: record.text("workspace"),
        artifact_location: record.text("artifact_location"),
        creation_time: record.millis("creation_time"),
        last_update_time: record.millis("last_update_time"),
        tags: record.labels("tags"),
    })
}

fn span(record: &Object<'_>, keep: Keep) -> Result<Span, String> {
    let id = |key: &str| record.text(key).and_then(|id| ids::span_id(&id));
    let status = record.object("status");
    let of_status = |key: &str| status.as_ref().and_then(|status| status.text(key)).unwrap_or_default();
    let code = of_status("code");
    let plain = PlainSpan {
        id: id("span_id").ok_or("no span id")?,
        parent: id("parent_span_id"),
        name: record.text("name").unwrap_or_default(),
        // OTLP files have numbers where MLflow's servers have words.
        status: code.parse().map_or_else(|_| SpanStatus::parse(&code), status_of),
        status_message: of_status("message"),
        start: record.integer("start_time_unix_nano").ok_or("no start time")?,
        end: record.integer("end_time_unix_nano").unwrap_or_default(),
        attributes: attributes(record)?,
        events: objects(record, "events")?.iter().map(event).collect::<Result<_, _>>()?,
        links: objects(record, "links")?.iter().map(link).collect::<Result<_, _>>()?,
    };
    Ok(plain.into_model(keep))
}

fn objects<'a>(record: &Object<'a>, key: &str) -> Result<Vec<Object<'a>>, String> {
    record.list(key)?.into_iter().map(Object::of).collect()
}

fn event(record: &Object<'_>) -> Result<SpanEvent, String> {
    Ok(SpanEvent {
        name: record.text("name").unwrap_or_default(),
        time: event_time(record.integer("time_unix_nano").unwrap_or_default()),
        attributes: attributes(record)?,
    })
}

fn link(record: &Object<'_>) -> Result<Link, String> {
    let trace_id = record.text("trace_id").unwrap_or_default();
    let trace_id = bytes_of(&trace_id).filter(|id| id.len() == 16).map_or(trace_id, |id| ids::hex_of(&id));
    let span_id = record.text("span_id").and_then(|id| ids::span_id(&id));
    Ok(otlp::link(&trace_id, span_id.as_ref().map(SpanId::to_string).unwrap_or_default(), &attributes(record)?))
}

fn bytes_of(base64: &str) -> Option<Vec<u8>> {
    STANDARD.decode(base64).ok()
}

/// The attributes of a span, an event or a link: `[{"key", "value"}]`.
fn attributes(record: &Object<'_>) -> Result<Vec<(String, Json)>, String> {
    let pair = |pair: &Object<'_>| (pair.text("key").unwrap_or_default(), any_value(pair.get("value")));
    Ok(objects(record, "attributes")?.iter().map(pair).collect())
}

/// An `AnyValue` as plain JSON.
fn any_value(raw: Option<&RawValue>) -> Json {
    let mut out = String::new();
    write_value(raw, 0, &mut out);
    Json::from_strict(&out).unwrap_or_else(|| Json::string(&out))
}

/// Levels of lists and maps that are followed. A server stops far before: its messages nest 100 deep at most, and a map
/// takes three of them.
const MAX_DEPTH: usize = 200;

fn write_value(raw: Option<&RawValue>, depth: usize, out: &mut String) {
    // An entry without a value is how `None` is written (`_set_otel_proto_anyvalue`).
    let Some(raw) = raw else { return out.push_str("null") };
    if depth > MAX_DEPTH {
        return out.push_str(Json::string(raw.get()).text());
    }
    let object = Object::of(raw).ok();
    let Some((kind, value)) = object.as_ref().and_then(|object| object.0.0.first()) else {
        return out.push_str("null");
    };
    let values = || Object::of(value).and_then(|list| list.list("values")).unwrap_or_default();
    let is = |key: &str| is_key(kind, key);
    if is("array_value") {
        write_items(values(), ['[', ']'], out, |item, out| write_value(Some(item), depth + 1, out));
    } else if is("kvlist_value") {
        write_items(values(), ['{', '}'], out, |item, out| {
            let pair = Object::of(item).ok();
            let key = pair.as_ref().and_then(|pair| pair.text("key")).unwrap_or_default();
            out.push_str(Json::string(&key).text());
            out.push(':');
            write_value(pair.as_ref().and_then(|pair| pair.get("value")), depth + 1, out);
        });
    } else if is("bytes_value") {
        let base64 = unescape(value.get());
        let hex = bytes_of(&base64).map_or_else(|| base64.clone().into_owned(), |bytes| ids::hex_of(&bytes));
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

/// A number, also when written as a string; the words for what is no number stay strings, as in all that is read here.
fn number(text: &str) -> &str {
    let inner = text.trim_matches('"');
    let is_number =
        inner.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && serde_json::from_str::<&RawValue>(inner).is_ok();
    if is_number { inner } else { text }
}
