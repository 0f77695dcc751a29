//! Rows of `mltrace spans`.

use super::json::SpanJson;
use crate::model::{Exception, Node, Span, SpanStatus, TokenUsage};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use crate::query::TextMatch;
use serde::Serialize;

/// A span with what of its trace goes with it.
#[derive(Clone, Debug)]
pub struct SpanRow {
    /// The trace's id.
    pub trace_id: String,
    /// The span.
    pub span: Span,
    /// Where it stands in the tree.
    pub node: Node,
    /// Whether the JSON has its attributes and events.
    pub is_full: bool,
    /// The agent that it belongs to, where that is known.
    pub agent: Option<String>,
}

/// The role of a status.
#[must_use]
pub const fn status_role(status: &SpanStatus) -> TextRole {
    match status {
        SpanStatus::Ok => TextRole::Good,
        SpanStatus::Error => TextRole::Bad,
        SpanStatus::Unset | SpanStatus::Other(_) => TextRole::Dim,
    }
}

/// Tokens in and out: `45 → 14`.
#[must_use]
pub fn tokens(usage: &TokenUsage, look: &RenderOptions) -> String {
    let arrow = if look.unicode { "→" } else { "->" };
    format!("{} {arrow} {}", number::known(usage.input_tokens), number::known(usage.output_tokens))
}

/// How the span ended, in one line each: that it failed, what its caller handed on as text, and that it was left on purpose.
pub(super) fn failures(span: &Span) -> impl Iterator<Item = (TextRole, String)> {
    let of_mlflow = span.exception.as_ref().is_some_and(Exception::is_of_mlflow);
    let failed = span.failure().map(|failure| {
        let whose = if of_mlflow { "MLflow's own logging failed, not the call: " } else { "" };
        (TextRole::Bad, format!("{whose}{failure}"))
    });
    let handled = span.handled_failure.as_ref().map(|failure| (TextRole::Warn, format!("handled: {failure}")));
    let left = span.exception.as_ref().and_then(|exception| {
        let (purpose, message) = (exception.purpose()?, exception.text().unwrap_or_default());
        Some((TextRole::Dim, format!("{purpose}: {message}")))
    });
    failed.into_iter().chain(handled).chain(left)
}

impl Row for SpanRow {
    const KEY: &'static str = "spans";
    const CSV: &'static [&'static str] = &[
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

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "span", is_right: false, shrinks_to: None, drops: 5 },
            Column { title: "name", is_right: false, shrinks_to: Some(16), drops: 0 },
            Column { title: "type", is_right: false, shrinks_to: Some(6), drops: 3 },
            Column { title: "status", is_right: false, shrinks_to: None, drops: 4 },
            Column { title: "duration", is_right: true, shrinks_to: None, drops: 1 },
            Column { title: "tokens", is_right: true, shrinks_to: None, drops: 2 },
            Column { title: "model", is_right: false, shrinks_to: Some(8), drops: 6 },
            Column { title: "failure", is_right: false, shrinks_to: Some(10), drops: 7 },
        ]
    }

    fn cells(&self, look: &RenderOptions) -> Vec<Cell> {
        let span = &self.span;
        vec![
            Cell::trace_id(&self.trace_id),
            Cell::stored(span.id.as_str(), TextRole::Dim),
            Cell::stored(&span.name, TextRole::Name),
            Cell::stored(span.span_type.as_str(), TextRole::Kind),
            Cell::stored(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::own(number::duration(nanos), TextRole::Plain)),
            span.usage().map_or_else(Cell::none, |usage| Cell::own(tokens(usage, look), TextRole::Figure)),
            Cell::maybe(span.model.as_deref(), TextRole::Plain),
            failures(span).next().map_or_else(Cell::none, |(role, failure)| Cell::stored(&failure, role)),
        ]
    }

    fn json(&self) -> impl Serialize {
        SpanJson::new(&self.trace_id, &self.span, &self.node, self.is_full).of_agent(self.agent.as_deref())
    }

    fn id(&self) -> &str {
        self.span.id.as_str()
    }
}

/// A span in which a text was found.
#[derive(Clone, Debug)]
pub struct FoundSpan {
    /// The span.
    pub row: SpanRow,
    /// The text.
    pub found: TextMatch,
}

impl Row for FoundSpan {
    const KEY: &'static str = SpanRow::KEY;
    const CSV: &'static [&'static str] = &[
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

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "span", is_right: false, shrinks_to: None, drops: 5 },
            Column { title: "name", is_right: false, shrinks_to: Some(12), drops: 0 },
            Column { title: "type", is_right: false, shrinks_to: Some(6), drops: 2 },
            Column { title: "status", is_right: false, shrinks_to: None, drops: 3 },
            Column { title: "duration", is_right: true, shrinks_to: None, drops: 4 },
            Column { title: "in", is_right: false, shrinks_to: Some(7), drops: 1 },
            Column { title: "match", is_right: false, shrinks_to: Some(28), drops: 0 },
        ]
    }

    fn cells(&self, _look: &RenderOptions) -> Vec<Cell> {
        let span = &self.row.span;
        vec![
            Cell::trace_id(&self.row.trace_id),
            Cell::stored(span.id.as_str(), TextRole::Dim),
            Cell::stored(&span.name, TextRole::Name),
            Cell::stored(span.span_type.as_str(), TextRole::Kind),
            Cell::stored(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::own(number::duration(nanos), TextRole::Plain)),
            Cell::stored(&self.found.field, TextRole::Dim),
            Cell::found(&self.found),
        ]
    }

    fn json(&self) -> impl Serialize {
        let row = &self.row;
        SpanJson::new(&row.trace_id, &row.span, &row.node, row.is_full).found(&self.found)
    }

    fn id(&self) -> &str {
        self.row.id()
    }
}
