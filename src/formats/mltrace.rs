//! mltrace's own JSON (`"schema":"mltrace/1"`) as input. Only whole traces can be read: the output of
//! `mltrace trace show TRACE --json`.
//!
//! Values that are derived from attributes, events and labels (model, tokens, failures, totals, tree positions) are
//! derived again, so a trace reads the same from every source. Separate keys are read only for values that a store
//! keeps outside the attributes.

use super::object::ResponseObject;
use super::otlp::PlainSpan;
use super::{SpanDetail, lenient};
use crate::json::{Json, Members};
use crate::model::{
    Assessment, AssessmentKind, Cost, Problem, Span, SpanEvent, SpanId, SpanLink, SpanStatus, SpansSource, Timestamp,
    TokenUsage, TraceInfo, TraceState,
};
use serde_json::value::RawValue;
use std::fmt;

/// The first key of every mltrace document, and the prefix of its value.
pub(super) const SCHEMA_KEY: &str = "schema";
pub(super) const SCHEMA_PREFIX: &str = "mltrace/";
const SCHEMA: &str = "mltrace/1";

/// Problem kinds that are derived again from the spans and the record.
const DERIVED_PROBLEMS: [&str; 2] = ["spans_missing", "missing_parent"];

/// How mltrace had read the spans of a document when it wrote the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Where the spans were read from.
    pub source: SpansSource,
    /// What could not be read then.
    pub problems: Vec<Problem>,
}

/// A trace with its record and its spans.
pub(super) struct WholeTrace<'a> {
    pub(super) info: TraceInfo,
    pub(super) spans: Vec<&'a RawValue>,
    pub(super) provenance: Provenance,
}

/// What other mltrace documents hold, by the first of these keys that is present. Completes "the file holds …".
const OTHER_DOCUMENTS: [(&str, &str); 16] = [
    ("conversation", "a conversation without its spans"),
    ("session", "a session without the spans of its traces"),
    ("rules", "the result of a check"),
    ("delta", "a comparison of traces"),
    ("calls", "the token usage of a trace without its spans"),
    ("by", "statistics of groups of traces"),
    ("traces", "a list of traces without their spans"),
    ("spans", "a list of spans without their trace records"),
    ("span", "one span without its trace"),
    ("exceptions", "a list of exceptions"),
    ("tools", "a list of tools"),
    ("sessions", "a list of sessions"),
    ("experiments", "a list of experiments"),
    ("findings", "a diagnosis of a store"),
    ("prices", "a list of prices"),
    ("info", "a trace record without its spans"),
];

/// Why no traces can be read from a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It is damaged, or not a trace document.
    Other(String),
    /// It is an mltrace document without whole traces. Holds a noun phrase for its content.
    Summary(&'static str),
    /// It holds OpenTelemetry logs or metrics. Holds a noun phrase for its content.
    Signal(&'static str),
}

impl From<String> for DocumentError {
    fn from(why: String) -> Self {
        Self::Other(why)
    }
}

impl std::error::Error for DocumentError {}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(why) => f.write_str(why),
            Self::Summary(content) | Self::Signal(content) => write!(f, "it holds {content}"),
        }
    }
}

/// Reads an mltrace document; `None` if another program wrote it.
pub(super) fn whole_trace<'a>(document: &ResponseObject<'a>) -> Option<Result<WholeTrace<'a>, DocumentError>> {
    let Some(schema) = document.text(SCHEMA_KEY).filter(|schema| schema.starts_with(SCHEMA_PREFIX)) else {
        return summary_line(document).map(|content| Err(DocumentError::Summary(content)));
    };
    if schema != SCHEMA {
        return Some(Err(DocumentError::Other(format!("unsupported schema `{schema}` (expected `{SCHEMA}`)"))));
    }
    let (Some(info), Some(_)) = (document.object("info"), document.get("spans")) else {
        let other = OTHER_DOCUMENTS.iter().find(|(key, _)| document.get(key).is_some());
        return Some(Err(DocumentError::Summary(other.map_or("no whole trace", |(_, content)| content))));
    };
    Some(read_whole_trace(document, &info).map_err(DocumentError::Other))
}

/// What a line of `-o jsonl` holds: a trace or a span without a `schema` key. `None` for other lines.
fn summary_line(line: &ResponseObject<'_>) -> Option<&'static str> {
    line.0.0.iter().find(|(key, _)| key == "token_usage_source")?;
    line.get("trace_id")?;
    let key = if line.get("span_id").is_some() { "spans" } else { "traces" };
    OTHER_DOCUMENTS.iter().find(|(name, _)| *name == key).map(|(_, content)| *content)
}

fn read_whole_trace<'a>(document: &ResponseObject<'a>, info: &ResponseObject<'_>) -> Result<WholeTrace<'a>, String> {
    let spans = document.list("spans")?;
    let mut info = trace_info(info)?;
    // The span count includes stored spans that flags left out of the output.
    let omitted = document.integer("spans_left_out").and_then(|count| u64::try_from(count).ok());
    info.span_count = info.span_count.or_else(|| Some(spans.len() as u64 + omitted?));
    let source = document.text("spans_source").and_then(|word| SpansSource::parse(&word));
    let problems = document.list("problems")?.into_iter().filter_map(problem).collect();
    Ok(WholeTrace { info, spans, provenance: Provenance { source: source.unwrap_or(SpansSource::File), problems } })
}

fn problem(raw: &RawValue) -> Option<Problem> {
    let record = ResponseObject::from_raw(raw).ok()?;
    let kind = record.text("kind").filter(|kind| !DERIVED_PROBLEMS.contains(&kind.as_str()))?;
    let message = record.text("message").unwrap_or_default();
    Some(Problem { path: record.text("path"), ..Problem::new(kind, message) })
}

fn trace_info(record: &ResponseObject<'_>) -> Result<TraceInfo, String> {
    let trace_id = record.trace_id().ok_or("missing trace id")?;
    let state = TraceState::parse(&record.text("state").unwrap_or_default());
    let request_time = record.text("request_time").and_then(|time| Timestamp::parse_rfc3339(&time));
    let request_time = request_time.ok_or("missing start time")?;
    let assessments = record.list("assessments")?.into_iter().filter_map(assessment).collect();
    let mut info = TraceInfo {
        client_request_id: record.text("client_request_id"),
        experiment_name: record.text("experiment_name"),
        name: record.text("name"),
        execution_duration_ms: record.integer("execution_duration_ms"),
        span_count: record.integer("span_count").and_then(|count| u64::try_from(count).ok()),
        recorded_usage: usage(record, "recorded_token_usage"),
        cost: json(record, "recorded_cost").as_ref().and_then(Cost::from_json),
        request_preview: record.text("request_preview"),
        response_preview: record.text("response_preview"),
        tags: record.labels("tags"),
        metadata: record.labels("metadata"),
        assessments,
        ..TraceInfo::new(trace_id, record.text("experiment_id").unwrap_or_default(), state, request_time)
    };
    info.derive_fields(lenient::parse_json);
    for (key, links) in [("linked_runs", &mut info.linked_runs), ("linked_prompts", &mut info.linked_prompts)] {
        if record.get(key).is_some() {
            *links =
                record.list(key)?.into_iter().filter_map(|raw| Json::from_strict(raw.get())?.as_string()).collect();
        }
    }
    Ok(info)
}

fn assessment(raw: &RawValue) -> Option<Assessment> {
    let record = ResponseObject::from_raw(raw).ok()?;
    let kinds = [AssessmentKind::Feedback, AssessmentKind::Expectation, AssessmentKind::Issue];
    let kind = record.text("type")?;
    Some(Assessment {
        id: record.text("assessment_id").unwrap_or_default(),
        name: record.text("name").unwrap_or_default(),
        kind: kinds.into_iter().find(|known| known.as_str() == kind)?,
        value: json(&record, "value"),
        error: json(&record, "error"),
        rationale: record.text("rationale"),
        source_type: record.text("source_type"),
        source_id: record.text("source_id"),
        span_id: record.text("span_id"),
        valid: record.get("valid").is_none_or(|valid| valid.get() != "false"),
        create_time: record.text("create_time").and_then(|time| Timestamp::parse_rfc3339(&time)),
        metadata: json(&record, "metadata"),
    })
}

/// Reads a span. Returns its trace id, if recorded, and the span.
///
/// # Errors
/// If it is damaged.
pub(super) fn span(text: &str, detail: SpanDetail) -> Result<(Option<String>, Span), String> {
    let record = ResponseObject::parse(text)?;
    let plain = PlainSpan {
        id: record.text("span_id").map(SpanId::new).ok_or("missing span id")?,
        parent: record.text("parent_id").map(SpanId::new),
        name: record.text("name").unwrap_or_default(),
        status: SpanStatus::parse(&record.text("status").unwrap_or_default()),
        status_message: record.text("status_message").unwrap_or_default(),
        start: record.integer("start_time_ns").ok_or("missing start time")?,
        end: record.integer("end_time_ns").unwrap_or_default(),
        attributes: record.get("attributes").map(members).transpose()?.unwrap_or_default(),
        events: record.list("events")?.into_iter().map(event).collect::<Result<_, _>>()?,
        links: record.list("links")?.into_iter().map(link).collect::<Result<_, _>>()?,
    };
    let mut span = plain.into_model(detail, record.text("span_type").as_deref());
    add_recorded_values(&mut span, &record);
    Ok((record.trace_id(), span))
}

/// Adds values that stores keep outside the attributes: since MLflow 3.17 databases have columns for model and cost.
fn add_recorded_values(span: &mut Span, record: &ResponseObject<'_>) {
    let is_recorded =
        |object: &ResponseObject<'_>, key: &str| object.text(key).is_some_and(|source| source == "recorded");
    span.model = span.model.take().or_else(|| record.text("model"));
    span.provider = span.provider.take().or_else(|| record.text("provider"));
    if span.cost.is_none() && record.object("cost").is_some_and(|cost| is_recorded(&cost, "source")) {
        span.cost = json(record, "cost").as_ref().and_then(Cost::from_json);
    }
    if span.usage().is_none() && is_recorded(record, "token_usage_source") {
        span.token_usage = usage(record, "token_usage");
    }
    if let Some(payload) = &mut span.payload {
        if payload.inputs().is_none() {
            payload.foreign_inputs = json(record, "inputs");
        }
        if payload.outputs().is_none() {
            payload.foreign_outputs = json(record, "outputs");
        }
    }
}

fn event(raw: &RawValue) -> Result<SpanEvent, String> {
    let record = ResponseObject::from_raw(raw)?;
    Ok(SpanEvent {
        name: record.text("name").unwrap_or_default(),
        time: Timestamp(record.integer("time_ns").unwrap_or_default()),
        attributes: record.get("attributes").map(members).transpose()?.unwrap_or_default(),
    })
}

fn link(raw: &RawValue) -> Result<SpanLink, String> {
    let record = ResponseObject::from_raw(raw)?;
    Ok(SpanLink {
        trace_id: record.text("trace_id").unwrap_or_default(),
        span_id: record.text("span_id").unwrap_or_default(),
        attributes: json(&record, "attributes").unwrap_or_else(|| Json::of(&())),
    })
}

/// The members of an object, including repeated keys.
fn members(raw: &RawValue) -> Result<Vec<(String, Json)>, String> {
    let members: Members<'_> = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    members.0.into_iter().map(|(key, raw)| Ok((key.into_owned(), value(raw).ok_or("invalid JSON")?))).collect()
}

/// A value as written, but without the indentation that programs like jq add.
fn value(raw: &RawValue) -> Option<Json> {
    if raw.get().contains('\n') {
        return lenient::parse_json_prefix(raw.get()).map(|(json, _)| json);
    }
    Json::from_strict(raw.get())
}

/// A member that is not `null`.
fn json(record: &ResponseObject<'_>, key: &str) -> Option<Json> {
    record.get(key).and_then(value)
}

fn usage(record: &ResponseObject<'_>, key: &str) -> Option<TokenUsage> {
    TokenUsage::from_json(&json(record, key)?)
}
