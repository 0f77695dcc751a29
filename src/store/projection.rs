//! What is loaded of each trace.

use crate::formats::SpanDetail;
use crate::query::Filter;

/// What a query loads of each trace. Loading less is faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// How much of each span to load; `None` if records are enough.
    pub spans: Option<SpanDetail>,
}

impl Projection {
    /// Records without spans.
    pub const RECORDS: Self = Self { spans: None };

    /// Records and spans.
    #[must_use]
    pub const fn spans(detail: SpanDetail) -> Self {
        Self { spans: Some(detail) }
    }
}

/// Returns how much of each span the conditions on displayed spans need.
pub(super) fn detail_for_displayed_spans(filter: &Filter) -> Option<SpanDetail> {
    if filter.grep().is_some() {
        Some(SpanDetail::All)
    } else if filter.needs_spans() {
        Some(SpanDetail::Tree)
    } else {
        None
    }
}

/// Returns how much of each span the conditions on span rows need, for spans that are not rows of a database.
pub(super) fn detail_for_span_rows(filter: &Filter) -> Option<SpanDetail> {
    if filter.needs_content() || filter.needs_attributes() {
        Some(SpanDetail::All)
    } else if filter.needs_rows() {
        Some(SpanDetail::Tree)
    } else {
        None
    }
}
