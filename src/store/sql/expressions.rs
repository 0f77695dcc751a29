//! Expressions about the row `t` of `trace_info`, apart from conditions.

use super::schema::Schema;
use super::statement::SqlValue;
use crate::model::{Experiment, keys};
use crate::query::Label;
use crate::store::SortKey;

/// Returns the value that traces are sorted by.
pub(in crate::store) fn sort_key(schema: &Schema, key: &SortKey) -> String {
    match key {
        SortKey::Time => "t.timestamp_ms".to_owned(),
        SortKey::Duration => "t.execution_time_ms".to_owned(),
        SortKey::End => {
            "t.timestamp_ms + case when t.execution_time_ms > 0 then t.execution_time_ms else 0 end".to_owned()
        }
        SortKey::Tokens => schema.promoted_figure("total_tokens", keys::TOKEN_USAGE),
        SortKey::Cost => schema.promoted_figure("total_cost", keys::COST),
        SortKey::State => "t.status".to_owned(),
        SortKey::TraceId => "t.request_id".to_owned(),
        SortKey::Experiment => "t.experiment_id".to_owned(),
        SortKey::Label(key) => label(schema, key),
    }
}

/// Returns the value of a tag or metadata entry.
pub(in crate::store) fn label(schema: &Schema, label: &Label) -> String {
    match label {
        Label::Tag(key) if key == keys::NAME => schema.promoted("trace_name", "trace_tags", key),
        Label::Metadata(key) if key == keys::SESSION => schema.promoted("session_id", "trace_request_metadata", key),
        Label::Tag(key) => schema.promoted("", "trace_tags", key),
        Label::Metadata(key) => schema.promoted("", "trace_request_metadata", key),
    }
}

/// Returns an experiment id as a parameter: an integer as in the column, or text for an id of another kind of store.
pub(in crate::store) fn experiment_id(id: &str) -> SqlValue {
    id.parse().map_or_else(|_| SqlValue::Text(id.to_owned()), SqlValue::Integer)
}

/// Returns the ids of experiments as a list of integers, the type of the column. Other ids match no row and
/// are left out.
pub(in crate::store) fn experiment_ids(experiments: &[Experiment]) -> String {
    let ids = experiments.iter().filter_map(|experiment| experiment.experiment_id.parse::<i64>().ok());
    let ids: Vec<String> = ids.map(|id| id.to_string()).collect();
    // A list must not be empty.
    if ids.is_empty() { "null".to_owned() } else { ids.join(", ") }
}
