//! Parsers that turn what MLflow 2.14 – 3.18 writes into the model. Dialects are detected by their shape, never by a
//! release number.

mod assessment;
mod attribute;
mod document;
mod ids;
mod mltrace;
mod object;
mod otlp;
mod records;
mod response;
mod span;
mod wire;
mod yaml;

pub use crate::conventions::{session_of, user_of};
use crate::json::lenient;
pub use crate::json::lenient::{parse_json, parse_json_prefix};
pub use attribute::{SpanDetail, unescape};
pub use document::{SpanBatch, SpanLocation, batches_from_bytes, batches_from_json, may_be_document};
pub use mltrace::{DocumentError, Provenance};
pub use object::strict_json;
pub use otlp::parse_traces_pb;
pub use records::{InfoPage, parse_experiment, parse_experiment_page, parse_trace_info, parse_trace_page};
pub use span::{TraceFile, span, trace_file};
pub use wire::{parse_wire_spans, parse_wire_traces};
pub use yaml::{assessment, experiment, request_time, trace_info};

#[cfg(test)]
mod tests;
