//! What is loaded of each trace.

use crate::formats::SpanDetail;
use crate::query::{Filter, Label};

/// What a query loads of each trace. Loading less is faster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    /// Which parts of the record to load.
    pub record: RecordPart,
    /// How much of each span to load; `None` if records are enough.
    pub spans: Option<SpanDetail>,
    /// Which spans the caller uses. Of the others, a store may load only what it has in columns.
    pub subset: SpanSubset,
}

/// Which parts of a record a query loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordPart {
    /// The whole record.
    All,
    /// State, times, tokens, cost and these labels. If the trace name is one of them, a trace without one has its whole
    /// record, with the name of its root span. Traces may come in any order, but the order is stable.
    Figures(Vec<Label>),
    /// The same, in the order of the query.
    OrderedFigures(Vec<Label>),
}

/// Which spans of a trace a caller uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanSubset {
    /// All spans.
    All,
    /// Spans of the types in the filter.
    MatchingTypes,
    /// Spans with status ERROR.
    Failed,
}

impl Projection {
    /// The same, of traces in the order of the query.
    #[must_use]
    pub fn in_order(self) -> Self {
        let record = match self.record {
            RecordPart::Figures(labels) => RecordPart::OrderedFigures(labels),
            record => record,
        };
        Self { record, ..self }
    }

    /// Records without spans.
    pub const RECORDS: Self = Self { record: RecordPart::All, spans: None, subset: SpanSubset::All };

    /// Records and spans.
    #[must_use]
    pub fn spans(detail: SpanDetail) -> Self {
        Self { spans: Some(detail), ..Self::RECORDS }
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
