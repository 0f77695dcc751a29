//! Rows of `mltrace spans`.

use super::json::SpanJson;
use crate::model::{Exception, Node, Span, SpanStatus, TokenUsage};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
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

impl Row for SpanRow {
    const KEY: &'static str = "spans";
    const CSV_COLUMNS: &'static [&'static str] = &[
        "trace_id",
        "span_id",
        "parent_id",
        "depth",
        "name",
        "span_type",
        "status",
        "status_message",
        "start_time",
        "duration_ms",
        "model",
        "provider",
        "token_usage.input_tokens",
        "token_usage.output_tokens",
        "token_usage.total_tokens",
        "cost.total_cost",
        "exception.type",
        "exception.message",
        "inputs",
        "outputs",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right_aligned: false, min_width: None, drop_priority: 0 },
            Column { title: "span", is_right_aligned: false, min_width: None, drop_priority: 5 },
            Column { title: "name", is_right_aligned: false, min_width: Some(16), drop_priority: 0 },
            Column { title: "type", is_right_aligned: false, min_width: Some(6), drop_priority: 3 },
            Column { title: "status", is_right_aligned: false, min_width: None, drop_priority: 4 },
            Column { title: "duration", is_right_aligned: true, min_width: None, drop_priority: 1 },
            Column { title: "tokens", is_right_aligned: true, min_width: None, drop_priority: 2 },
            Column { title: "model", is_right_aligned: false, min_width: Some(8), drop_priority: 6 },
            Column { title: "failure", is_right_aligned: false, min_width: Some(10), drop_priority: 7 },
        ]
    }

    fn cells(&self, options: &RenderOptions) -> Vec<Cell> {
        let span = &self.span;
        vec![
            Cell::trace_id(&self.trace_id),
            Cell::escaped(span.id.as_str(), TextRole::Dim),
            Cell::escaped(&span.name, TextRole::Name),
            Cell::escaped(span.span_type.as_str(), TextRole::Kind),
            Cell::escaped(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::new(number::duration(nanos), TextRole::Plain)),
            span.usage().map_or_else(Cell::none, |usage| Cell::new(tokens(usage, options), TextRole::Figure)),
            Cell::optional(span.model.as_deref(), TextRole::Plain),
            failures(span).next().map_or_else(Cell::none, |(role, failure)| Cell::escaped(&failure, role)),
        ]
    }

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
    const CSV_COLUMNS: &'static [&'static str] = &[
        "trace_id",
        "span_id",
        "parent_id",
        "name",
        "span_type",
        "status",
        "start_time",
        "duration_ms",
        "model",
        "match.field",
        "match.text",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right_aligned: false, min_width: None, drop_priority: 0 },
            Column { title: "span", is_right_aligned: false, min_width: None, drop_priority: 5 },
            Column { title: "name", is_right_aligned: false, min_width: Some(12), drop_priority: 0 },
            Column { title: "type", is_right_aligned: false, min_width: Some(6), drop_priority: 2 },
            Column { title: "status", is_right_aligned: false, min_width: None, drop_priority: 3 },
            Column { title: "duration", is_right_aligned: true, min_width: None, drop_priority: 4 },
            Column { title: "in", is_right_aligned: false, min_width: Some(7), drop_priority: 1 },
            Column { title: "match", is_right_aligned: false, min_width: Some(28), drop_priority: 0 },
        ]
    }

    fn cells(&self, _options: &RenderOptions) -> Vec<Cell> {
        let span = &self.row.span;
        vec![
            Cell::trace_id(&self.row.trace_id),
            Cell::escaped(span.id.as_str(), TextRole::Dim),
            Cell::escaped(&span.name, TextRole::Name),
            Cell::escaped(span.span_type.as_str(), TextRole::Kind),
            Cell::escaped(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::new(number::duration(nanos), TextRole::Plain)),
            Cell::escaped(&self.text_match.field, TextRole::Dim),
            Cell::from_match(&self.text_match),
        ]
    }

    fn json(&self) -> impl Serialize {
        let row = &self.row;
        SpanJson::new(&row.trace_id, &row.span, &row.node, row.is_full).with_match(&self.text_match)
    }

    fn id(&self) -> &str {
        self.row.id()
    }
}
