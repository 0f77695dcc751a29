//! The data model of traces, in MLflow 3's terms. It does no I/O.
//!
//! Units: [`Timestamp`] is nanoseconds since 1970 UTC. Trace durations are milliseconds (as MLflow stores them), span
//! durations nanoseconds. An unknown value is `None`, never 0 or an empty string.

mod assessment;
mod exception;
mod id;
mod labels;
#[cfg(test)]
mod schemas;
mod span;
mod store_info;
mod time;
mod tool;
mod trace;
mod tree;
mod usage;

pub use assessment::{Assessment, AssessmentKind};
pub use exception::Exception;
pub use id::{SpanId, short_trace_id, short_trace_ids};
pub use labels::Labels;
pub use span::{
    Payload, SearchableSpan, Span, SpanEvent, SpanLink, SpanStatus, SpanType, UsageScope, is_runtime_message,
};
pub use store_info::{Revision, StoreInfo, StoreKind, parse_release};
pub use time::{Timestamp, Zone};
pub use tool::{MentionKind, SpeakerSigns, ToolMention};
pub use trace::{
    Experiment, MovedFile, OutsideFile, Problem, Spans, SpansSource, Totals, Trace, TraceInfo, TraceState, keys,
};
pub use tree::{Node, arrange, has_ancestor_where, has_descendant_where};
pub use usage::{Cost, CostSum, DETAIL_KEYS, TokenUsage, python_float};

#[cfg(test)]
mod tests;
