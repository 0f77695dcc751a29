//! Rows of `mltrace experiments`.

use super::json::ExperimentJson;
use crate::model::{Experiment, Totals};
use crate::output::{Cell, Column, Heading, Row, TextRole};
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
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("experiment_id", Heading::number("id"), |row, _| {
            Cell::escaped(&row.experiment.experiment_id, TextRole::Id)
        }),
        Column::new("name", Heading::text("name").shrinks_to(8), |row, _| {
            Cell::escaped(&row.experiment.name, TextRole::Name)
        }),
        Column::new("lifecycle_stage", Heading::text("stage").drops(3), |row, _| {
            let role = if row.experiment.is_active() { TextRole::Plain } else { TextRole::Warn };
            Cell::escaped(&row.experiment.lifecycle_stage, role)
        }),
        Column::data("workspace"),
        Column::data("artifact_location"),
        Column::data("creation_time"),
        Column::data("last_update_time"),
        Column::new("trace_count", Heading::number("traces"), |row, _| Cell::count(row.totals.traces)),
        Column::new("error_count", Heading::number("errors"), |row, _| Cell::errors(row.totals.errors)),
        Column::new("last_trace_time", Heading::number("last trace").drops(2), |row, options| {
            row.totals.last_trace_time.map_or_else(Cell::none, |time| Cell::age(time, options))
        }),
        Column::data("token_usage.input_tokens"),
        Column::data("token_usage.output_tokens"),
        Column::new("token_usage.total_tokens", Heading::number("tokens").drops(1), |row, _| {
            Cell::tokens(row.totals.token_usage.as_ref())
        }),
    ];

    fn json(&self) -> impl Serialize {
        ExperimentJson::new(&self.experiment, &self.totals)
    }

    fn id(&self) -> &str {
        &self.experiment.experiment_id
    }
}
