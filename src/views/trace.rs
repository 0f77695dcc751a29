//! Rows of `mltrace traces list`.

use super::json::TraceJson;
use crate::model::{TraceInfo, TraceState};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
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

impl Row for TraceInfo {
    const KEY: &'static str = "traces";
    const CSV_COLUMNS: &'static [&'static str] = &[
        "trace_id",
        "client_request_id",
        "experiment_id",
        "experiment_name",
        "name",
        "state",
        "request_time",
        "execution_duration_ms",
        "span_count",
        "token_usage.input_tokens",
        "token_usage.output_tokens",
        "token_usage.total_tokens",
        "cost.total_cost",
        "session_id",
        "user_id",
        "run_id",
        "request_preview",
        "response_preview",
        "question",
        "answer",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right_aligned: false, min_width: None, drop_priority: 0 },
            Column { title: "age", is_right_aligned: true, min_width: None, drop_priority: 3 },
            Column { title: "state", is_right_aligned: false, min_width: None, drop_priority: 0 },
            Column { title: "name", is_right_aligned: false, min_width: Some(18), drop_priority: 0 },
            Column { title: "duration", is_right_aligned: true, min_width: None, drop_priority: 1 },
            Column { title: "spans", is_right_aligned: true, min_width: None, drop_priority: 5 },
            Column { title: "tokens", is_right_aligned: true, min_width: None, drop_priority: 2 },
            Column { title: "cost", is_right_aligned: true, min_width: None, drop_priority: 6 },
            Column { title: "session", is_right_aligned: false, min_width: Some(7), drop_priority: 7 },
            Column { title: "request", is_right_aligned: false, min_width: Some(10), drop_priority: 8 },
        ]
    }

    fn cells(&self, options: &RenderOptions) -> Vec<Cell> {
        vec![
            Cell::trace_id(&self.trace_id),
            Cell::new(number::age(self.request_time, options.now), TextRole::Plain),
            Cell::escaped(self.state.as_str(), state_role(&self.state)),
            Cell::optional(self.display_name(), TextRole::Name),
            Cell::optional(number::trace_duration(self).as_deref(), TextRole::Plain),
            self.span_count
                .map_or_else(Cell::none, |count| Cell::new(number::count(count.cast_signed()), TextRole::Plain)),
            Cell::new(number::total_tokens(self.recorded_usage.as_ref()), TextRole::Figure),
            self.cost.as_ref().and_then(number::cost).map_or_else(Cell::none, |cost| Cell::new(cost, TextRole::Figure)),
            Cell::optional(self.session_id(), TextRole::Plain),
            Cell::optional(recorded_question(self).as_deref(), TextRole::Dim),
        ]
    }

    fn json(&self) -> impl Serialize {
        TraceJson::from(self)
    }

    fn id(&self) -> &str {
        &self.trace_id
    }

    fn collapse(rows: Vec<Self>) -> Vec<Self> {
        super::fold::collapse_messages(rows)
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
    const CSV_COLUMNS: &'static [&'static str] = &[
        "trace_id",
        "experiment_name",
        "name",
        "state",
        "request_time",
        "execution_duration_ms",
        "session_id",
        "match.span_id",
        "match.span_name",
        "match.field",
        "match.text",
    ];

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right_aligned: false, min_width: None, drop_priority: 0 },
            Column { title: "age", is_right_aligned: true, min_width: None, drop_priority: 3 },
            Column { title: "state", is_right_aligned: false, min_width: None, drop_priority: 2 },
            Column { title: "name", is_right_aligned: false, min_width: Some(12), drop_priority: 0 },
            Column { title: "duration", is_right_aligned: true, min_width: None, drop_priority: 4 },
            Column { title: "span", is_right_aligned: false, min_width: Some(12), drop_priority: 0 },
            Column { title: "in", is_right_aligned: false, min_width: Some(7), drop_priority: 5 },
            Column { title: "match", is_right_aligned: false, min_width: Some(28), drop_priority: 0 },
        ]
    }

    fn cells(&self, options: &RenderOptions) -> Vec<Cell> {
        let info = &self.info;
        vec![
            Cell::trace_id(&info.trace_id),
            Cell::new(number::age(info.request_time, options.now), TextRole::Plain),
            Cell::escaped(info.state.as_str(), state_role(&info.state)),
            Cell::optional(info.display_name(), TextRole::Name),
            Cell::optional(number::trace_duration(info).as_deref(), TextRole::Plain),
            Cell::escaped(&self.span_name, TextRole::Plain),
            Cell::escaped(&self.text_match.field, TextRole::Dim),
            Cell::from_match(&self.text_match),
        ]
    }

    fn json(&self) -> impl Serialize {
        TraceJson::from(&self.info).with_match(&self.span_id, &self.span_name, &self.text_match)
    }

    fn id(&self) -> &str {
        &self.info.trace_id
    }
}
