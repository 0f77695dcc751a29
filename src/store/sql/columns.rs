//! The columns of experiments, records and assessments, and how they are read.
//!
//! Columns take precedence over rows of the key/value tables: since 3.17, MLflow ignores rows left over by an upgrade.

use super::row::SqlRow;
use super::schema::{COSTS, Schema, TOKENS};
use crate::formats;
use crate::json::Json;
use crate::model::{
    Assessment, AssessmentKind, Cost, Experiment, Labels, Timestamp, TokenUsage, TraceInfo, TraceState, keys,
};
use std::collections::HashMap;

/// Returns the columns of an experiment, a row `t` of its table.
pub(in crate::store) fn experiment(schema: &Schema) -> String {
    let optional = |column| schema.column("experiments", column);
    format!(
        "t.experiment_id, t.name, t.lifecycle_stage, {}, t.artifact_location, {}, {}",
        optional("workspace"),
        optional("creation_time"),
        optional("last_update_time"),
    )
}

/// Reads an experiment from the columns of [`experiment`], without tags.
pub(in crate::store) fn experiment_of(row: &impl SqlRow) -> Experiment {
    Experiment {
        experiment_id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        lifecycle_stage: row.text(2).unwrap_or_else(|| "active".to_owned()),
        workspace: row.text(3),
        artifact_location: row.text(4),
        creation_time: row.integer(5).map(Timestamp::from_millis),
        last_update_time: row.integer(6).map(Timestamp::from_millis),
        tags: Labels::default(),
    }
}

/// The tags of experiments, by experiment id.
#[derive(Default)]
pub(in crate::store) struct ExperimentTags(HashMap<String, Labels>);

impl ExperimentTags {
    /// The statement whose rows are added.
    pub(in crate::store) const SQL: &str = "select experiment_id, key, value from experiment_tags";

    /// Adds a tag.
    pub(in crate::store) fn add(&mut self, row: &impl SqlRow) {
        let (Some(id), Some(key)) = (row.text(0), row.text(1)) else { return };
        self.0.entry(id).or_default().add(&key, &row.text_or_empty(2));
    }

    /// Moves the tags to their experiments.
    pub(in crate::store) fn move_to(mut self, experiments: &mut [Experiment]) {
        for experiment in experiments {
            experiment.tags = self.0.remove(&experiment.experiment_id).unwrap_or_default();
        }
    }
}

/// Returns the columns of a record, a row `t` of `trace_info`.
pub(in crate::store) fn record(schema: &Schema) -> String {
    let optional = ["client_request_id", "request_preview", "response_preview", "trace_name", "session_id"];
    let optional: Vec<String> =
        optional.iter().chain(&TOKENS).chain(&COSTS).map(|column| schema.column("trace_info", column)).collect();
    format!("t.request_id, t.experiment_id, t.timestamp_ms, t.execution_time_ms, t.status, {}", optional.join(", "))
}

/// The columns of an assessment, a row `a` of its table.
pub(in crate::store) const ASSESSMENT: &str = "a.assessment_id, a.name, a.assessment_type, a.value, a.error, a.rationale, \
    a.source_type, a.source_id, a.span_id, a.valid, a.created_timestamp, a.assessment_metadata";

/// The number of columns in [`ASSESSMENT`].
pub(in crate::store) const ASSESSMENT_COLUMNS: usize = 12;

/// Returns a record with only id, experiment, start time and state. From `first` on, the columns are these, with the
/// duration (ignored) before the state.
pub(in crate::store) fn minimal_info(row: &impl SqlRow, first: usize) -> TraceInfo {
    let id = |column: usize| row.text(first + column).unwrap_or_default();
    let start = Timestamp::from_millis(row.integer(first + 2).unwrap_or_default());
    TraceInfo::new(id(0), id(1), TraceState::parse(&row.text_or_empty(first + 4)), start)
}

/// Reads token counts from the columns [`TOKENS`], which start at `first`.
pub(in crate::store) fn usage(row: &impl SqlRow, first: usize) -> Option<TokenUsage> {
    let tokens: [Option<i64>; TOKENS.len()] = std::array::from_fn(|at| row.integer(first + at));
    let [input_tokens, output_tokens, total_tokens, read, created, created_above_1hr] = tokens;
    let details = [read, created, created_above_1hr, None];
    let is_known = tokens.iter().any(Option::is_some);
    is_known.then(|| TokenUsage { input_tokens, output_tokens, total_tokens, details, other: Vec::new() })
}

/// Reads the cost from the columns [`COSTS`], which start at `first`.
pub(in crate::store) fn cost(row: &impl SqlRow, first: usize) -> Option<Cost> {
    Cost::recorded(row.float(first), row.float(first + 1), row.float(first + 2))
}

/// Reads a record from the columns of [`record`], without tags, metadata and assessments.
pub(in crate::store) fn info(row: &impl SqlRow) -> TraceInfo {
    let usage = usage(row, 10);
    let cost = cost(row, 16);
    let (name, session) = (row.text(8), row.text(9));
    // MLflow 3.17+ also returns these where older releases store them (`compatibility_metadata_from_columns`).
    let (mut tags, mut metadata) = (Labels::with_capacity(256), Labels::with_capacity(1_024));
    if let Some(name) = &name {
        tags.add(keys::NAME, name);
    }
    let promoted = [
        (keys::SESSION, session),
        (keys::TOKEN_USAGE, usage.as_ref().map(TokenUsage::python_text)),
        (keys::COST, cost.map(|cost| cost.python_text())),
    ];
    for (key, value) in promoted {
        if let Some(value) = value {
            metadata.add(key, &value);
        }
    }
    TraceInfo {
        execution_duration_ms: row.integer(3),
        client_request_id: row.text(5),
        request_preview: row.text(6),
        response_preview: row.text(7),
        name,
        recorded_usage: usage,
        cost,
        tags,
        metadata,
        ..minimal_info(row, 0)
    }
}

/// Reads an assessment from the columns [`ASSESSMENT`].
pub(in crate::store) fn assessment(row: &impl SqlRow) -> Assessment {
    let json = |column| {
        row.text(column)
            .filter(|text| !text.is_empty())
            .map(|text| formats::parse_json(&text).unwrap_or_else(|| Json::string(&text)))
    };
    Assessment {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        kind: match row.text(2).as_deref() {
            Some("expectation") => AssessmentKind::Expectation,
            Some("issue") => AssessmentKind::Issue,
            _ => AssessmentKind::Feedback,
        },
        value: json(3).filter(|value| !value.is_null()),
        error: json(4).filter(|error| !error.is_null()),
        rationale: row.text(5),
        source_type: row.text(6),
        source_id: row.text(7),
        span_id: row.text(8),
        valid: row.integer(9) != Some(0),
        create_time: row.integer(10).map(Timestamp::from_millis),
        metadata: json(11).filter(|metadata| !metadata.is_null()),
    }
}
