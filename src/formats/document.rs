//! Documents of traces that lie outside of a store: OTLP in JSON and in bytes, as exporters and collectors write it, and
//! MLflow's own: what `Trace.to_json`, `mlflow traces get` and `mlflow traces search` give, bare `traces.json` files, and what
//! mltrace itself wrote of whole traces.
//!
//! A document is taken apart once. Its spans stay where they are, and are decoded when and as far as they are wanted.

use super::attribute::SpanDetail;
use super::mltrace::{self, DocumentError, Provenance, WholeTrace};
use super::object::ResponseObject;
use super::otlp::{self, LOGS, METRICS};
use super::{ids, records, span as span_json, wire};
use crate::model::{Json, Span, TraceInfo};
use serde_json::value::RawValue;
use std::ops::Range;

/// How a span is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpanFormat {
    /// As in `traces.json`.
    Mlflow,
    /// OTLP in JSON.
    OtlpJson,
    /// OTLP in bytes.
    OtlpBytes,
    /// As mltrace writes it.
    Mltrace,
}

/// Where a span stands in its document.
#[derive(Clone, Debug)]
pub struct SpanLocation {
    at: Range<usize>,
    form: SpanFormat,
}

/// Spans that a document holds together.
#[derive(Debug, Default)]
pub struct SpanBatch {
    /// The record of the trace that they belong to, where the document has one.
    pub info: Option<TraceInfo>,
    /// The attributes of their resource.
    pub resource: Vec<(String, Json)>,
    /// Where they are.
    pub spans: Vec<SpanLocation>,
    /// How they were read, where mltrace wrote the document. Its record is whole then.
    pub provenance: Option<Provenance>,
}

/// Keys by which a document of traces begins; the collector writes logs and metrics into the same kind of file.
const FIRST_KEYS: [&str; 8] =
    ["resourceSpans", "resource_spans", "resourceLogs", "resourceMetrics", "info", "data", "spans", "traces"];

/// Whether the beginning of a file looks like a document of traces.
#[must_use]
pub fn may_be_document(head: &[u8]) -> bool {
    if head.first() == Some(&0x0a) && otlp_head(head) {
        return true;
    }
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let text = text.strip_prefix('[').unwrap_or(text).trim_start();
    let key = text.strip_prefix('{').map(str::trim_start).and_then(|text| text.strip_prefix('"'));
    let Some((key, value)) = key.and_then(|text| text.split_once('"')) else { return false };
    let is_own = || {
        let value = value.trim_start().trim_start_matches(':').trim_start();
        value.strip_prefix('"').is_some_and(|value| value.starts_with(mltrace::SCHEMA_PREFIX))
    };
    FIRST_KEYS.contains(&key) || key == mltrace::SCHEMA_KEY && is_own()
}

/// Whether bytes begin as a message of resources does: a part within a part.
fn otlp_head(head: &[u8]) -> bool {
    let behind_length = head[1..].iter().position(|byte| byte & 0x80 == 0).map(|at| &head[at + 2..]);
    behind_length.and_then(<[u8]>::first).is_some_and(|byte| matches!(byte, 0x0a | 0x12))
}

/// Takes a document of bytes apart.
///
/// # Errors
/// Why it is none.
pub fn batches_of_bytes(bytes: &[u8]) -> Result<Vec<SpanBatch>, DocumentError> {
    let mut batches = Vec::new();
    for (resource, spans) in otlp::resources(bytes)? {
        if let Some(signal) = spans.first().and_then(|span| otlp::other_signal(span)) {
            return Err(DocumentError::Signal(signal));
        }
        let place = |span: &[u8]| SpanLocation { at: range(bytes, span), form: SpanFormat::OtlpBytes };
        batches.push(SpanBatch { resource, spans: spans.into_iter().map(place).collect(), ..SpanBatch::default() });
    }
    if batches.iter().all(|batch| batch.spans.is_empty()) {
        return Err("it holds no spans".to_owned().into());
    }
    Ok(batches)
}

/// Takes a document of strict JSON apart.
///
/// # Errors
/// Why it is none.
pub fn batches_of_json(text: &str) -> Result<Vec<SpanBatch>, DocumentError> {
    let mut batches = Vec::new();
    let signal = add(text, text, &mut batches)?;
    match signal.filter(|_| batches.is_empty()) {
        Some(signal) => Err(DocumentError::Signal(signal)),
        None => Ok(batches),
    }
}

/// A signal of OpenTelemetry other than traces.
type OtherSignal = Option<&'static str>;

/// Adds the traces of a piece of a document. Returns the signal of what is not traces.
fn add(document: &str, piece: &str, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    if piece.trim_start().starts_with('[') {
        let items: Vec<&RawValue> = serde_json::from_str(piece).map_err(|error| error.to_string())?;
        return add_all(document, items, batches);
    }
    add_one(document, piece, batches)
}

fn add_all(document: &str, items: Vec<&RawValue>, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    items.into_iter().try_fold(None, |signal: OtherSignal, item| Ok(add_one(document, item.get(), batches)?.or(signal)))
}

fn add_one(document: &str, piece: &str, batches: &mut Vec<SpanBatch>) -> Result<OtherSignal, DocumentError> {
    let object = ResponseObject::parse(piece)?;
    let places = |spans: Vec<&RawValue>, form| {
        spans
            .into_iter()
            .map(|raw| SpanLocation { at: range(document.as_bytes(), raw.get().as_bytes()), form })
            .collect()
    };
    if let Some(found) = mltrace::whole_trace(&object) {
        let WholeTrace { info, spans, provenance } = found?;
        let (info, spans, provenance) = (Some(info), places(spans, SpanFormat::Mltrace), Some(provenance));
        batches.push(SpanBatch { info, spans, provenance, ..SpanBatch::default() });
    } else if object.get("resource_spans").is_some() {
        for resource_spans in object.list("resource_spans")? {
            let resource_spans = ResponseObject::of(resource_spans)?;
            let resource = resource_spans.object("resource").map(|resource| wire::attributes(&resource)).transpose()?;
            let mut spans = Vec::new();
            for scope in resource_spans.list("scope_spans")? {
                spans.extend(ResponseObject::of(scope)?.list("spans")?);
            }
            let spans = places(spans, SpanFormat::OtlpJson);
            batches.push(SpanBatch { resource: resource.unwrap_or_default(), spans, ..SpanBatch::default() });
        }
    } else if let Some(record) = object.object("info") {
        let spans = object.object("data").map(|data| data.list("spans")).transpose()?.unwrap_or_default();
        let info = Some(records::info(&record)?);
        batches.push(SpanBatch { info, spans: places(spans, SpanFormat::Mlflow), ..SpanBatch::default() });
    } else if object.get("traces").is_some() {
        return add_all(document, object.list("traces")?, batches);
    } else if object.get("spans").is_some() {
        let spans = places(object.list("spans")?, SpanFormat::Mlflow);
        batches.push(SpanBatch { spans, ..SpanBatch::default() });
    } else {
        let is = |key: &str| object.get(key).is_some();
        let signal = if is("resource_logs") { Some(LOGS) } else { is("resource_metrics").then_some(METRICS) };
        return signal.map(Some).ok_or_else(|| DocumentError::Other("neither OTLP nor a trace of MLflow".to_owned()));
    }
    Ok(None)
}

/// Where a part of a document stands in it.
fn range(document: &[u8], part: &[u8]) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(document.as_ptr() as usize);
    start..start + part.len()
}

impl SpanLocation {
    /// The same place in a document to which this one was added at an offset.
    #[must_use]
    pub fn behind(mut self, offset: usize) -> Self {
        self.at = self.at.start + offset..self.at.end + offset;
        self
    }

    /// The span as it is stored.
    #[must_use]
    pub fn stored<'a>(&self, document: &'a [u8]) -> &'a [u8] {
        document.get(self.at.clone()).unwrap_or_default()
    }

    /// The span, and the id of the trace that it says it belongs to.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn span(&self, document: &[u8], keep: SpanDetail) -> Result<(Option<String>, Span), String> {
        let stored = self.stored(document);
        let text = || std::str::from_utf8(stored).map_err(|error| error.to_string());
        match self.form {
            SpanFormat::OtlpBytes => {
                let (trace_id, span) = otlp::plain_span(stored)?;
                if trace_id.len() != 32 || span.id.as_str().len() != 16 {
                    return Err("no trace id or no span id".to_owned());
                }
                Ok((Some(mlflow_id(&trace_id)), span.unwrapped().into_model(keep, None)))
            }
            SpanFormat::OtlpJson => {
                let record = ResponseObject::parse(text()?)?;
                let trace_id = record.text("trace_id").and_then(|id| ids::trace_id(&id)).ok_or("no trace id")?;
                Ok((Some(mlflow_id(&trace_id)), wire::plain_span(&record)?.unwrapped().into_model(keep, None)))
            }
            SpanFormat::Mltrace => mltrace::span(text()?, keep),
            SpanFormat::Mlflow => {
                let record = ResponseObject::parse(text()?)?;
                Ok((trace_id(&record), span_json::span(text()?, keep, None)?))
            }
        }
    }
}

/// The id that MLflow's server gives a trace of OpenTelemetry.
fn mlflow_id(hex: &str) -> String {
    format!("tr-{hex}")
}

/// The trace that a span of `traces.json` belongs to.
fn trace_id(record: &ResponseObject<'_>) -> Option<String> {
    let recorded = record.object("attributes").and_then(|attributes| attributes.text("mlflow.traceRequestId"));
    let recorded = recorded.map(|id| id.trim_matches('"').to_owned()).filter(|id| !id.is_empty());
    recorded.or_else(|| {
        let id = record.text("trace_id").or_else(|| record.object("context")?.text("trace_id"))?;
        Some(ids::trace_id(&id).map_or(id, |hex| mlflow_id(&hex)))
    })
}
