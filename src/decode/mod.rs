//! Text and bytes as MLflow 2.14 – 3.18 wrote them, into the model. Dialects are told by their shape, never by a release number.

mod assessment;
mod attribute;
mod convention;
mod document;
mod ids;
mod messages;
mod mltrace;
mod object;
mod otlp;
mod records;
mod span;
mod translate;
mod wire;
mod yaml;

use crate::json::lenient;
pub use crate::json::lenient::{json, json_prefix};
pub use attribute::{Keep, unescape};
pub use convention::{session_of, user_of};
pub use document::{Batch, Place, batches_of_bytes, batches_of_json, may_be_document};
pub use mltrace::{Provenance, Unread};
pub use object::strict;
pub use otlp::archived_spans;
pub use records::{InfoPage, experiment_answer, experiment_page, info_answer, info_page};
pub use span::{TraceFile, span, trace_file};
pub use wire::wire_spans;
pub use yaml::{assessment, experiment, request_time, trace_info};

#[cfg(test)]
mod tests;
