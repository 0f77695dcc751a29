//! Chooses the traces of a query, and what to load of them.

use crate::formats::SpanDetail;
use crate::model::TraceInfo;

/// A trace that matches the query, or may match once its spans are read.
pub(super) struct SelectedTrace {
    pub(super) info: TraceInfo,
    /// How much of its spans to fetch, if any.
    pub(super) spans: Option<SpanDetail>,
    /// Whether the client evaluates span conditions.
    pub(super) needs_rows: bool,
}
