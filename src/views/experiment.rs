//! Rows of `mltrace experiments`.

use super::json::ExperimentJson;
use crate::model::{Experiment, Totals};
use crate::output::table::{Cell, Column};
use crate::output::{RenderOptions, Row, TextRole, number};
use serde::Serialize;

/// Experiment with totals of its traces.
#[derive(Debug)]
pub struct ExperimentRow {
    /// Experiment.
    pub experiment: Experiment,
    /// Totals of its traces.
    pub totals: Totals,
}

impl Row for ExperimentRow {
    const KEY: &'static str = "experiments";
    const CSV_COLUMNS: &'static [&'static str] = &[
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

    fn columns() -> &'static [Column<'static>] {
        &[
            Column { title: "id", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "name", is_right_aligned: false, min_width: Some(8), drop_priority: 0 },
            Column { title: "stage", is_right_aligned: false, min_width: None, drop_priority: 3 },
            Column { title: "traces", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "errors", is_right_aligned: true, min_width: None, drop_priority: 0 },
            Column { title: "last trace", is_right_aligned: true, min_width: None, drop_priority: 2 },
            Column { title: "tokens", is_right_aligned: true, min_width: None, drop_priority: 1 },
        ]
    }

    fn cells(&self, options: &RenderOptions) -> Vec<Cell> {
        let (experiment, totals) = (&self.experiment, &self.totals);
        let errors = if totals.errors > 0 { TextRole::Bad } else { TextRole::Dim };
        vec![
            Cell::escaped(&experiment.experiment_id, TextRole::Id),
            Cell::escaped(&experiment.name, TextRole::Name),
            Cell::escaped(
                &experiment.lifecycle_stage,
                if experiment.is_active() { TextRole::Plain } else { TextRole::Warn },
            ),
            Cell::new(number::count(totals.traces.cast_signed()), TextRole::Plain),
            Cell::new(number::count(totals.errors.cast_signed()), errors),
            totals
                .last_trace_time
                .map_or_else(Cell::none, |time| Cell::new(number::age(time, options.now) + " ago", TextRole::Plain)),
            Cell::new(number::total_tokens(totals.token_usage.as_ref()), TextRole::Figure),
        ]
    }

    fn json(&self) -> impl Serialize {
        ExperimentJson::new(&self.experiment, &self.totals)
    }

    fn id(&self) -> &str {
        &self.experiment.experiment_id
    }
}
