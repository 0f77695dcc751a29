//! The columns of spans (MLflow 3.3+), and how they are read.

use super::columns;
use super::row::SqlRow;
use super::schema::Schema;
use crate::formats::{self, SpanDetail};
use crate::model::{Problem, SearchableSpan, Span, SpanId, SpanStatus, SpanType, Timestamp};
use crate::store::projection::{detail_for_displayed_spans, detail_for_span_rows};
use crate::store::spans::SpanRows;
use crate::store::{Query, SpanSubset};

/// Returns the columns of a span, a row `t` of its table. `content` is the expression for its content.
pub(in crate::store) fn span(schema: &Schema, content: &str) -> String {
    let optional = ["input_cost", "output_cost", "total_cost", "model_name", "model_provider"];
    let optional: Vec<String> = optional.iter().map(|column| schema.column("spans", column)).collect();
    format!(
        "t.span_id, t.parent_span_id, t.name, t.type, t.status, t.start_time_unix_nano, t.end_time_unix_nano, {content}, {}",
        optional.join(", ")
    )
}

/// The number of columns of [`span`].
pub(in crate::store) const SPAN_COLUMNS: usize = 13;

/// Which span rows are read in full, and how much of their content is decoded.
pub(in crate::store) struct SpanRowSelection<'a> {
    pub(in crate::store) detail: SpanDetail,
    /// If set, only spans of these types are read in full.
    pub(in crate::store) types: Option<&'a [String]>,
    /// Whether only spans with status ERROR are read in full.
    pub(in crate::store) only_errors: bool,
}

impl<'a> SpanRowSelection<'a> {
    /// Returns what a query reads of each trace; `None` if no spans. `is_decided` says whether the database has evaluated
    /// the conditions on spans.
    pub(in crate::store) fn of_query(query: &'a Query, is_decided: bool) -> Option<Self> {
        let filter = &query.filter;
        let for_conditions = detail_for_span_rows(filter).filter(|_| !is_decided);
        let detail = query.projection.spans.max(detail_for_displayed_spans(filter)).max(for_conditions)?;
        let types = filter.span_types().filter(|_| query.projection.subset == SpanSubset::MatchingTypes);
        let only_errors = query.projection.subset == SpanSubset::Failed && !filter.needs_spans();
        Some(Self { detail, types, only_errors })
    }

    /// Reads every span in full.
    pub(in crate::store) const fn all(detail: SpanDetail) -> Self {
        Self { detail, types: None, only_errors: false }
    }

    /// Whether a span's content is read. If the column has no type, the content may have one.
    fn includes(&self, column_type: Option<&str>, row: &impl SqlRow) -> bool {
        if self.only_errors && row.text_or_empty(4) != "ERROR" {
            return false;
        }
        let known_type = column_type.filter(|name| !name.is_empty() && *name != "UNKNOWN");
        self.types.is_none_or(|types| known_type.is_none_or(|name| types.iter().any(|included| included == name)))
    }
}

/// Adds a span from a row, or only its columns if its content is not read.
pub(in crate::store) fn add_span(row: &impl SqlRow, selection: &SpanRowSelection<'_>, rows: &mut SpanRows) {
    let column_type = row.text_or_empty(3);
    // An empty type counts as none.
    let column_type = Some(&*column_type).filter(|name| !name.is_empty());
    if !selection.includes(column_type, row) {
        rows.spans.push(skeleton(row));
        return;
    }
    let content = row.text_or_empty(7);
    if content.is_empty() {
        rows.without_content += 1;
        rows.spans.push(skeleton(row));
        return;
    }
    match formats::span(&content, selection.detail, column_type) {
        Ok(mut span) => {
            // MLflow 3.17+ stores these in columns, and not always in the content too.
            span.model = span.model.or_else(|| row.text(11));
            span.provider = span.provider.or_else(|| row.text(12));
            span.cost = span.cost.or_else(|| columns::cost(row, 8));
            rows.spans.push(span);
        }
        Err(why) => {
            let span = skeleton(row);
            rows.problems
                .push(Problem::new("damaged_span", format!("cannot read the content of span {}: {why}", span.id)));
            rows.spans.push(span);
        }
    }
}

/// Builds a span from its columns, without content.
pub(in crate::store) fn skeleton(row: &impl SqlRow) -> Span {
    let id = SpanId::new(row.text(0).unwrap_or_default());
    let start = Timestamp(row.integer(5).unwrap_or_default());
    Span {
        parent: row.text(1).filter(|id| !id.is_empty()).map(SpanId::new),
        span_type: SpanType::new(row.text(3)),
        status: SpanStatus::parse(&row.text(4).unwrap_or_default()),
        end: row.integer(6).filter(|end| *end != 0).map(Timestamp),
        model: row.text(11),
        provider: row.text(12),
        cost: columns::cost(row, 8),
        ..Span::new(id, row.text(2).unwrap_or_default(), start)
    }
}

/// The columns that conditions on spans test, of a row `t`.
pub(in crate::store) const SEARCHABLE: &str = "t.name, t.type, t.status, t.start_time_unix_nano, t.content";

/// The number of columns in [`SEARCHABLE`].
pub(in crate::store) const SEARCHABLE_COLUMNS: usize = 5;

/// Reads a span from the columns [`SEARCHABLE`], with attributes decoded.
pub(in crate::store) fn searchable(row: &impl SqlRow) -> SearchableSpan {
    let content = row.text_or_empty(4).into_owned();
    let payload = formats::span(&content, SpanDetail::All, None).ok().and_then(|span| span.payload);
    SearchableSpan {
        name: row.text(0).unwrap_or_default(),
        span_type: row.text(1),
        status: row.text(2).unwrap_or_default(),
        start: Timestamp(row.integer(3).unwrap_or_default()),
        content: Some(content),
        attributes: payload.map(|payload| payload.attributes).unwrap_or_default(),
    }
}
