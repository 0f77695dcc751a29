//! Trace documents outside a store: OTLP in JSON and protobuf, as exporters and collectors write it; MLflow's formats
//! (`Trace.to_json`, `mlflow traces get`, `mlflow traces search`, bare `traces.json` files); and whole traces that
//! mltrace wrote.
//!
//! A document is split into spans once. Each span is decoded only when needed, and only in the needed detail.

use super::attribute::SpanDetail;
use super::mltrace::{self, DocumentError, Provenance, WholeTrace};
use super::object::ResponseObject;
use super::otlp::{self, LOGS, METRICS};
use super::{ids, records, span as span_json, wire};
use crate::json::Json;
use crate::model::{Span, TraceInfo};
use serde_json::value::RawValue;
use std::ops::Range;

/// The encoding of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpanFormat {
    /// JSON as in `traces.json`.
    Mlflow,
    /// OTLP as JSON.
    OtlpJson,
    /// OTLP as protobuf.
    OtlpBytes,
    /// JSON as mltrace writes it.
    Mltrace,
}

/// The byte range and encoding of a span in its document.
#[derive(Clone, Debug)]
pub struct SpanLocation {
    range: Range<usize>,
    format: SpanFormat,
}

/// Spans that a document groups together: those of one trace record or of one OTLP resource.
#[derive(Debug, Default)]
pub struct SpanBatch {
    /// The record of their trace, if the document has one.
    pub info: Option<TraceInfo>,
    /// The attributes of their OTLP resource.
    pub resource: Vec<(String, Json)>,
    /// The spans, not decoded yet.
    pub spans: Vec<SpanLocation>,
    /// How they were read, if mltrace wrote the document. `info` is complete then.
    pub provenance: Option<Provenance>,
}

/// First keys of trace documents, and of the logs and metrics that the collector writes to the same kind of file.
const LEADING_KEYS: [&str; 8] =
    ["resourceSpans", "resource_spans", "resourceLogs", "resourceMetrics", "info", "data", "spans", "traces"];

/// Whether the beginning of a file looks like a trace document.
#[must_use]
pub fn may_be_document(head: &[u8]) -> bool {
    if head.first() == Some(&0x0a) && is_otlp_head(head) {
        return true;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = text.strip_prefix('[').unwrap_or(text).trim_start();
    let key = text.strip_prefix('{').map(str::trim_start).and_then(|text| text.strip_prefix('"'));
    let Some((key, value)) = key.and_then(|text| text.split_once('"')) else { return false };
    let is_mltrace = || {
        let value = value.trim_start().trim_start_matches(':').trim_start();
        value.strip_prefix('"').is_some_and(|value| value.starts_with(mltrace::SCHEMA_PREFIX))
    };
    LEADING_KEYS.contains(&key) || key == mltrace::SCHEMA_KEY && is_mltrace()
}

/// Whether bytes begin like an OTLP `TracesData`: a length-delimited field within another one.
fn is_otlp_head(head: &[u8]) -> bool {
    let after_length = head[1..].iter().position(|byte| byte & 0x80 == 0).map(|at| &head[at + 2..]);
    after_length.and_then(<[u8]>::first).is_some_and(|byte| matches!(byte, 0x0a | 0x12))
}

/// Splits an OTLP protobuf document into batches of spans.
///
/// # Errors
/// If the document is damaged, holds no spans, or holds logs or metrics.
pub fn batches_from_bytes(bytes: &[u8]) -> Result<Vec<SpanBatch>, DocumentError> {
    let mut batches = Vec::new();
    for (resource, spans) in otlp::split_by_resource(bytes)? {
        if let Some(signal) = spans.first().and_then(|span| otlp::other_signal(span)) {
            return Err(DocumentError::Signal(signal));
        }
        let location = |span: &[u8]| SpanLocation { range: range_within(bytes, span), format: SpanFormat::OtlpBytes };
        batches.push(SpanBatch { resource, spans: spans.into_iter().map(location).collect(), ..SpanBatch::default() });
    }
    if batches.iter().all(|batch| batch.spans.is_empty()) {
        return Err("it has no spans".to_owned().into());
    }
    Ok(batches)
}

/// Splits a strict JSON document into batches of spans.
///
/// # Errors
/// If it is not a trace document, or a damaged one.
pub fn batches_from_json(text: &str) -> Result<Vec<SpanBatch>, DocumentError> {
    let mut batches = Vec::new();
    let signal = add(text, text, &mut batches)?;
    match signal.filter(|_| batches.is_empty()) {
        Some(signal) => Err(DocumentError::Signal(signal)),
        None => Ok(batches),
    }
}

/// An OpenTelemetry signal other than traces: logs or metrics.
type OtherSignal = Option<&'static str>;

/// Adds the spans of a piece of a document. Returns the signal of a piece that holds logs or metrics.
fn add(document: &str, piece: &str, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    if piece.trim_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(piece).map_err(|error| error.to_string())?;
        return add_all(document, items, batches);
    }
    add_object(document, piece, batches)
}

fn add_all(document: &str, items: Vec<&RawValue>, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    items
        .into_iter()
        .try_fold(None, |signal: OtherSignal, item| Ok(add_object(document, item.get(), batches)?.or(signal)))
}

fn add_object(document: &str, piece: &str, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    let object = ResponseObject::parse(piece)?;
    let locations = |spans: Vec<&RawValue>, form| {
        spans
            .into_iter()
            .map(|raw| SpanLocation { range: range_within(document.as_bytes(), raw.get().as_bytes()), format: form })
            .collect()
    };
    if let Some(found) = mltrace::whole_trace(&object) {
        let WholeTrace { info, spans, provenance } = found?;
        let (info, spans, provenance) = (Some(info), locations(spans, SpanFormat::Mltrace), Some(provenance));
        batches.push(SpanBatch { info, spans, provenance, ..SpanBatch::default() });
    } else if object.get("resource_spans").is_some() {
        for resource_spans in object.list("resource_spans")? {
            let resource_spans = ResponseObject::from_raw(resource_spans)?;
            let resource = resource_spans.object("resource").map(|resource| wire::attributes(&resource)).transpose()?;
            let mut spans = Vec::new();
            for scope in resource_spans.list("scope_spans")? {
                spans.extend(ResponseObject::from_raw(scope)?.list("spans")?);
            }
            let spans = locations(spans, SpanFormat::OtlpJson);
            batches.push(SpanBatch { resource: resource.unwrap_or_default(), spans, ..SpanBatch::default() });
        }
    } else if let Some(record) = object.object("info") {
        let spans = object.object("data").map(|data| data.list("spans")).transpose()?.unwrap_or_default();
        let info = Some(records::info(&record)?);
        batches.push(SpanBatch { info, spans: locations(spans, SpanFormat::Mlflow), ..SpanBatch::default() });
    } else if object.get("traces").is_some() {
        return add_all(document, object.list("traces")?, batches);
    } else if object.get("spans").is_some() {
        let spans = locations(object.list("spans")?, SpanFormat::Mlflow);
        batches.push(SpanBatch { spans, ..SpanBatch::default() });
    } else {
        let is = |key: &str| object.get(key).is_some();
        let signal = if is("resource_logs") { Some(LOGS) } else { is("resource_metrics").then_some(METRICS) };
        return signal.map(Some).ok_or_else(|| DocumentError::Other("neither OTLP nor an MLflow trace".to_owned()));
    }
    Ok(None)
}

/// The byte range of a subslice of a document.
fn range_within(document: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(document.as_ptr() as usize);
    start..start + part.len()
}

impl SpanLocation {
    /// Shifts the location by `offset`, for a document embedded in another.
    #[must_use]
    pub fn shifted_by(mut self, offset: usize) -> Self {
        self.range = self.range.start + offset..self.range.end + offset;
        self
    }

    /// The encoded span.
    #[must_use]
    pub fn stored_bytes<'a>(&self, document: &'a [u8]) -> &'a [u8] {
        document.get(self.range.clone()).unwrap_or_default()
    }

    /// Decodes the span. Returns the trace id recorded in it, if any, and the span.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn span(&self, document: &[u8], detail: SpanDetail) -> Result<(Option<String>, Span), String> {
        let stored = self.stored_bytes(document);
        let text = || std::str::from_utf8(stored).map_err(|error| error.to_string());
        match self.format {
            SpanFormat::OtlpBytes => {
                let (trace_id, span) = otlp::decode_span(stored)?;
                if trace_id.len() != 32 || span.id.as_str().len() != 16 {
                    return Err("missing trace id or span id".to_owned());
                }
                Ok((Some(mlflow_id(&trace_id)), span.with_decoded_strings().into_model(detail, None)))
            }
            SpanFormat::OtlpJson => {
                let record = ResponseObject::parse(text()?)?;
                let trace_id = record.text("trace_id").and_then(|id| ids::trace_id(&id)).ok_or("missing trace id")?;
                Ok((
                    Some(mlflow_id(&trace_id)),
                    wire::parse_span(&record)?.with_decoded_strings().into_model(detail, None),
                ))
            }
            SpanFormat::Mltrace => mltrace::span(text()?, detail),
            SpanFormat::Mlflow => {
                let record = ResponseObject::parse(text()?)?;
                Ok((trace_id(&record), span_json::span(text()?, detail, None)?))
            }
        }
    }
}

/// The trace id that MLflow's server makes from an OpenTelemetry trace id.
fn mlflow_id(hex: &str) -> String {
    format!("tr-{hex}")
}

/// The trace id of a span in `traces.json`.
fn trace_id(record: &ResponseObject<'_>) -> Option<String> {
    let recorded = record.object("attributes").and_then(|attributes| attributes.text("mlflow.traceRequestId"));
    let recorded = recorded.map(|id| id.trim_matches('"').to_owned()).filter(|id| !id.is_empty());
    recorded.or_else(|| {
        let id = record.text("trace_id").or_else(|| record.object("context")?.text("trace_id"))?;
        Some(ids::trace_id(&id).map_or(id, |hex| mlflow_id(&hex)))
    })
}
