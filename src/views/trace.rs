//! Rows of `mltrace traces list`.

use super::json::TraceJson;
use crate::model::{TraceInfo, TraceState};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use crate::query::TextMatch;
use crate::reading::recorded_question;
use serde::Serialize;

/// The role of a state.
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
    const CSV: &'static [&'static str] = &[
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

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "age", is_right: true, shrinks_to: None, drops: 3 },
            Column { title: "state", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "name", is_right: false, shrinks_to: Some(18), drops: 0 },
            Column { title: "duration", is_right: true, shrinks_to: None, drops: 1 },
            Column { title: "spans", is_right: true, shrinks_to: None, drops: 5 },
            Column { title: "tokens", is_right: true, shrinks_to: None, drops: 2 },
            Column { title: "cost", is_right: true, shrinks_to: None, drops: 6 },
            Column { title: "session", is_right: false, shrinks_to: Some(7), drops: 7 },
            Column { title: "request", is_right: false, shrinks_to: Some(10), drops: 8 },
        ]
    }

    fn cells(&self, look: &RenderOptions) -> Vec<Cell> {
        vec![
            Cell::trace_id(&self.trace_id),
            Cell::own(number::age(self.request_time, look.now), TextRole::Plain),
            Cell::stored(self.state.as_str(), state_role(&self.state)),
            Cell::maybe(self.display_name(), TextRole::Name),
            Cell::maybe(number::trace_duration(self).as_deref(), TextRole::Plain),
            self.span_count
                .map_or_else(Cell::none, |count| Cell::own(number::count(count.cast_signed()), TextRole::Plain)),
            Cell::own(number::total(self.recorded_usage.as_ref()), TextRole::Figure),
            self.cost.as_ref().and_then(number::cost).map_or_else(Cell::none, |cost| Cell::own(cost, TextRole::Figure)),
            Cell::maybe(self.session_id(), TextRole::Plain),
            Cell::maybe(recorded_question(self).as_deref(), TextRole::Dim),
        ]
    }

    fn json(&self) -> impl Serialize {
        TraceJson::from(self)
    }

    fn id(&self) -> &str {
        &self.trace_id
    }

    fn grouped(rows: Vec<Self>) -> Vec<Self> {
        super::fold::grouped(rows)
    }
}

/// A trace in which a text was found.
#[derive(Clone, Debug)]
pub struct FoundTrace {
    /// The trace's record.
    pub info: TraceInfo,
    /// The span that has the text.
    pub span_id: String,
    /// Its name.
    pub span_name: String,
    /// The text.
    pub found: TextMatch,
}

impl Row for FoundTrace {
    const KEY: &'static str = TraceInfo::KEY;
    const CSV: &'static [&'static str] = &[
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

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "age", is_right: true, shrinks_to: None, drops: 3 },
            Column { title: "state", is_right: false, shrinks_to: None, drops: 2 },
            Column { title: "name", is_right: false, shrinks_to: Some(12), drops: 0 },
            Column { title: "duration", is_right: true, shrinks_to: None, drops: 4 },
            Column { title: "span", is_right: false, shrinks_to: Some(12), drops: 0 },
            Column { title: "in", is_right: false, shrinks_to: Some(7), drops: 5 },
            Column { title: "match", is_right: false, shrinks_to: Some(28), drops: 0 },
        ]
    }

    fn cells(&self, look: &RenderOptions) -> Vec<Cell> {
        let info = &self.info;
        vec![
            Cell::trace_id(&info.trace_id),
            Cell::own(number::age(info.request_time, look.now), TextRole::Plain),
            Cell::stored(info.state.as_str(), state_role(&info.state)),
            Cell::maybe(info.display_name(), TextRole::Name),
            Cell::maybe(number::trace_duration(info).as_deref(), TextRole::Plain),
            Cell::stored(&self.span_name, TextRole::Plain),
            Cell::stored(&self.found.field, TextRole::Dim),
            Cell::found(&self.found),
        ]
    }

    fn json(&self) -> impl Serialize {
        TraceJson::from(&self.info).found_in(&self.span_id, &self.span_name, &self.found)
    }

    fn id(&self) -> &str {
        &self.info.trace_id
    }
}
