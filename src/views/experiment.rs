//! Rows of `mltrace experiments`.

use super::json::ExperimentJson;
use crate::model::{Experiment, Totals};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use serde::Serialize;

/// An experiment with the figures of its traces.
#[derive(Debug)]
pub struct ExperimentRow {
    /// The experiment.
    pub experiment: Experiment,
    /// Its figures.
    pub totals: Totals,
}

impl Row for ExperimentRow {
    const KEY: &'static str = "experiments";
    const CSV: &'static [&'static str] = &[
        "experiment_id",
        "name",
        "lifecycle_stage",
        "workspace",
        "artifact_location",
        "creation_time",
        "last_update_time",
        "trace_count",
        "error_count",
        "last_trace_time",
        "token_usage.input_tokens",
        "token_usage.output_tokens",
        "token_usage.total_tokens",
    ];

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "id", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "name", is_right: false, shrinks_to: Some(8), drops: 0 },
            Column { title: "stage", is_right: false, shrinks_to: None, drops: 3 },
            Column { title: "traces", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "errors", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "last trace", is_right: true, shrinks_to: None, drops: 2 },
            Column { title: "tokens", is_right: true, shrinks_to: None, drops: 1 },
        ]
    }

    fn cells(&self, look: &RenderOptions) -> Vec<Cell> {
        let (experiment, totals) = (&self.experiment, &self.totals);
        let errors = if totals.errors > 0 { TextRole::Bad } else { TextRole::Dim };
        vec![
            Cell::stored(&experiment.experiment_id, TextRole::Id),
            Cell::stored(&experiment.name, TextRole::Name),
            Cell::stored(
                &experiment.lifecycle_stage,
                if experiment.is_active() { TextRole::Plain } else { TextRole::Warn },
            ),
            Cell::own(number::count(totals.traces.cast_signed()), TextRole::Plain),
            Cell::own(number::count(totals.errors.cast_signed()), errors),
            totals
                .last_trace_time
                .map_or_else(Cell::none, |time| Cell::own(number::age(time, look.now) + " ago", TextRole::Plain)),
            Cell::own(number::total(totals.token_usage.as_ref()), TextRole::Figure),
        ]
    }

    fn json(&self) -> impl Serialize {
        ExperimentJson::new(&self.experiment, &self.totals)
    }

    fn id(&self) -> &str {
        &self.experiment.experiment_id
    }
}
