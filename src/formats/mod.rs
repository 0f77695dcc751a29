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
pub use otlp::archived_spans;
pub use records::{InfoPage, experiment_page, experiment_response, info_page, info_response};
pub use span::{TraceFile, span, trace_file};
pub use wire::wire_spans;
pub use yaml::{assessment, experiment, request_time, trace_info};

#[cfg(test)]
mod tests;
