//! Rows of `mltrace traces list`.

use super::json::TraceJson;
use crate::model::{TraceInfo, TraceState};
use crate::number;
use crate::output::{Cell, Column, Heading, Row, TextRole};
use crate::query::TextMatch;
use crate::reading::recorded_question;
use serde::Serialize;

/// Returns the text role of a trace state.
#[must_use]
pub const fn state_role(state: &TraceState) -> TextRole {
    match state {
        TraceState::Ok => TextRole::Good,
        TraceState::Error => TextRole::Bad,
        TraceState::InProgress => TextRole::Warn,
        TraceState::Unspecified | TraceState::Other(_) => TextRole::Dim,
    }
}

pub(super) fn state_cell(info: &TraceInfo) -> Cell {
    Cell::escaped(info.state.as_str(), state_role(&info.state))
}

pub(super) fn duration_cell(info: &TraceInfo) -> Cell {
    Cell::optional(number::format_trace_duration(info).as_deref(), TextRole::Plain)
}

fn name_cell(info: &TraceInfo) -> Cell {
    Cell::optional(info.display_name(), TextRole::Name)
}

impl Row for TraceInfo {
    const KEY: &'static str = "traces";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("trace_id", Heading::text("trace"), |info, _| Cell::trace_id(&info.trace_id)),
        Column::data("client_request_id"),
        Column::data("experiment_id"),
        Column::data("experiment_name"),
        Column::new("name", Heading::text("name").shrinks_to(18), |info, _| name_cell(info)),
        Column::new("state", Heading::text("state"), |info, _| state_cell(info)),
        Column::new("request_time", Heading::number("age").drops(3), |info, options| {
            Cell::age(info.request_time, options)
        }),
        Column::new("execution_duration_ms", Heading::number("duration").drops(1), |info, _| duration_cell(info)),
        Column::new("span_count", Heading::number("spans").drops(5), |info, _| {
            info.span_count.map_or_else(Cell::none, Cell::count)
        }),
        Column::data("token_usage.input_tokens"),
        Column::data("token_usage.output_tokens"),
        Column::new("token_usage.total_tokens", Heading::number("tokens").drops(2), |info, _| {
            Cell::tokens(info.recorded_usage.as_ref())
        }),
        Column::new("cost.total_cost", Heading::number("cost").drops(6), |info, _| Cell::cost(info.cost.as_ref())),
        Column::new("session_id", Heading::text("session").shrinks_to(7).drops(7), |info, _| {
            Cell::optional(info.session_id(), TextRole::Plain)
        }),
        Column::data("user_id"),
        Column::data("run_id"),
        Column::data("request_preview"),
        Column::data("response_preview"),
        Column::new("question", Heading::text("request").shrinks_to(10).drops(8), |info, _| {
            Cell::optional(recorded_question(info).as_deref(), TextRole::Dim)
        }),
        Column::data("answer"),
    ];
    const TABLE_ORDER: &'static [&'static str] = &["trace", "age", "state"];
    const MERGE: Option<fn(Vec<Self>) -> Vec<Self>> = Some(super::fold::merge_messages);

    fn json(&self) -> impl Serialize {
        TraceJson::from(self)
    }

    fn id(&self) -> &str {
        &self.trace_id
    }
}

/// Trace with a search match.
#[derive(Clone, Debug)]
pub struct FoundTrace {
    /// Trace record.
    pub info: TraceInfo,
    /// Id of the span with the match.
    pub span_id: String,
    /// Name of the span with the match.
    pub span_name: String,
    /// Matched text.
    pub text_match: TextMatch,
}

impl Row for FoundTrace {
    const KEY: &'static str = TraceInfo::KEY;
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("trace_id", Heading::text("trace"), |found, _| Cell::trace_id(&found.info.trace_id)),
        Column::data("experiment_name"),
        Column::new("name", Heading::text("name").shrinks_to(12), |found, _| name_cell(&found.info)),
        Column::new("state", Heading::text("state").drops(2), |found, _| state_cell(&found.info)),
        Column::new("request_time", Heading::number("age").drops(3), |found, options| {
            Cell::age(found.info.request_time, options)
        }),
        Column::new("execution_duration_ms", Heading::number("duration").drops(4), |found, _| {
            duration_cell(&found.info)
        }),
        Column::data("session_id"),
        Column::data("match.span_id"),
        Column::new("match.span_name", Heading::text("span").shrinks_to(12), |found, _| {
            Cell::escaped(&found.span_name, TextRole::Plain)
        }),
        Column::new("match.field", Heading::text("in").shrinks_to(7).drops(5), |found, _| {
            Cell::escaped(&found.text_match.field, TextRole::Dim)
        }),
        Column::new("match.text", Heading::text("match").shrinks_to(28), |found, _| {
            Cell::from_match(&found.text_match)
        }),
    ];
    const TABLE_ORDER: &'static [&'static str] = TraceInfo::TABLE_ORDER;

    fn json(&self) -> impl Serialize {
        TraceJson::from(&self.info).with_match(&self.span_id, &self.span_name, &self.text_match)
    }

    fn id(&self) -> &str {
        &self.info.trace_id
    }
}
