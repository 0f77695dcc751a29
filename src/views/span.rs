//! Rows of `mltrace spans`.

use super::json::SpanJson;
use crate::model::{Exception, Node, Span, SpanStatus, TokenUsage};
use crate::number;
use crate::output::{Cell, Column, Heading, RenderOptions, Row, TextRole};
use crate::query::TextMatch;
use serde::Serialize;

/// Span with its context in the trace.
#[derive(Clone, Debug)]
pub struct SpanRow {
    /// Id of the trace.
    pub trace_id: String,
    /// Span.
    pub span: Span,
    /// Position in the span tree.
    pub node: Node,
    /// Whether the JSON includes attributes and events.
    pub is_full: bool,
    /// Agent of the span, if known.
    pub agent: Option<String>,
}

/// Returns the text role of a span status.
#[must_use]
pub const fn status_role(status: &SpanStatus) -> TextRole {
    match status {
        SpanStatus::Ok => TextRole::Good,
        SpanStatus::Error => TextRole::Bad,
        SpanStatus::Unset | SpanStatus::Other(_) => TextRole::Dim,
    }
}

/// Formats input and output tokens: `45 → 14`.
#[must_use]
pub fn tokens(usage: &TokenUsage, options: &RenderOptions) -> String {
    let arrow = if options.unicode { "→" } else { "->" };
    format!("{} {arrow} {}", number::count_or_dash(usage.input_tokens), number::count_or_dash(usage.output_tokens))
}

/// Returns how a span failed, one line each: its exception, a failure that its caller handled, and an exception raised
/// for control flow.
pub(super) fn failures(span: &Span) -> impl Iterator<Item = (TextRole, String)> {
    let is_mlflow_logging = span.exception.as_ref().is_some_and(Exception::is_from_mlflow_logging);
    let failed = span.failure().map(|failure| {
        let prefix = if is_mlflow_logging { "MLflow's own logging failed, not the call: " } else { "" };
        (TextRole::Bad, format!("{prefix}{failure}"))
    });
    let handled = span.handled_failure.as_ref().map(|failure| (TextRole::Warn, format!("handled: {failure}")));
    let control_flow = span.exception.as_ref().and_then(|exception| {
        let (control_flow_kind, message) = (exception.control_flow()?, exception.text().unwrap_or_default());
        Some((TextRole::Dim, format!("{control_flow_kind}: {message}")))
    });
    failed.into_iter().chain(handled).chain(control_flow)
}

fn id_cell(span: &Span) -> Cell {
    Cell::escaped(span.id.as_str(), TextRole::Dim)
}

fn name_cell(span: &Span) -> Cell {
    Cell::escaped(&span.name, TextRole::Name)
}

fn type_cell(span: &Span) -> Cell {
    Cell::escaped(span.span_type.as_str(), TextRole::Kind)
}

fn status_cell(span: &Span) -> Cell {
    Cell::escaped(span.status.as_str(), status_role(&span.status))
}

fn duration_cell(span: &Span) -> Cell {
    span.duration_ns().map_or_else(Cell::none, |nanos| Cell::new(number::duration(nanos), TextRole::Plain))
}

impl Row for SpanRow {
    const KEY: &'static str = "spans";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("trace_id", Heading::text("trace"), |row, _| Cell::trace_id(&row.trace_id)),
        Column::new("span_id", Heading::text("span").drops(5), |row, _| id_cell(&row.span)),
        Column::data("parent_id"),
        Column::data("depth"),
        Column::new("name", Heading::text("name").shrinks_to(16), |row, _| name_cell(&row.span)),
        Column::new("span_type", Heading::text("type").shrinks_to(6).drops(3), |row, _| type_cell(&row.span)),
        Column::new("status", Heading::text("status").drops(4), |row, _| status_cell(&row.span)),
        Column::data("status_message"),
        Column::data("start_time"),
        Column::new("duration_ms", Heading::number("duration").drops(1), |row, _| duration_cell(&row.span)),
        Column::combined(Heading::number("tokens").drops(2), |row, options| {
            let usage = row.span.usage();
            usage.map_or_else(Cell::none, |usage| Cell::new(tokens(usage, options), TextRole::Figure))
        }),
        Column::new("model", Heading::text("model").shrinks_to(8).drops(6), |row, _| {
            Cell::optional(row.span.model.as_deref(), TextRole::Plain)
        }),
        Column::data("provider"),
        Column::data("token_usage.input_tokens"),
        Column::data("token_usage.output_tokens"),
        Column::data("token_usage.total_tokens"),
        Column::data("cost.total_cost"),
        Column::combined(Heading::text("failure").shrinks_to(10).drops(7), |row, _| {
            let failure = failures(&row.span).next();
            failure.map_or_else(Cell::none, |(role, failure)| Cell::escaped(&failure, role))
        }),
        Column::data("exception.type"),
        Column::data("exception.message"),
        Column::data("inputs"),
        Column::data("outputs"),
    ];

    fn json(&self) -> impl Serialize {
        SpanJson::new(&self.trace_id, &self.span, &self.node, self.is_full).with_agent(self.agent.as_deref())
    }

    fn id(&self) -> &str {
        self.span.id.as_str()
    }
}

/// Span with a search match.
#[derive(Clone, Debug)]
pub struct FoundSpan {
    /// Span.
    pub row: SpanRow,
    /// Matched text.
    pub text_match: TextMatch,
}

impl Row for FoundSpan {
    const KEY: &'static str = SpanRow::KEY;
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("trace_id", Heading::text("trace"), |found, _| Cell::trace_id(&found.row.trace_id)),
        Column::new("span_id", Heading::text("span").drops(5), |found, _| id_cell(&found.row.span)),
        Column::data("parent_id"),
        Column::new("name", Heading::text("name").shrinks_to(12), |found, _| name_cell(&found.row.span)),
        Column::new("span_type", Heading::text("type").shrinks_to(6).drops(2), |found, _| type_cell(&found.row.span)),
        Column::new("status", Heading::text("status").drops(3), |found, _| status_cell(&found.row.span)),
        Column::data("start_time"),
        Column::new("duration_ms", Heading::number("duration").drops(4), |found, _| duration_cell(&found.row.span)),
        Column::data("model"),
        Column::new("match.field", Heading::text("in").shrinks_to(7).drops(1), |found, _| {
            Cell::escaped(&found.text_match.field, TextRole::Dim)
        }),
        Column::new("match.text", Heading::text("match").shrinks_to(28), |found, _| {
            Cell::from_match(&found.text_match)
        }),
    ];

    fn json(&self) -> impl Serialize {
        let row = &self.row;
        SpanJson::new(&row.trace_id, &row.span, &row.node, row.is_full).with_match(&self.text_match)
    }

    fn id(&self) -> &str {
        self.row.id()
    }
}
