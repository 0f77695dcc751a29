//! Shared by searches: the row of a trace, experiment ids in SQL, how often the clock is checked.

use crate::store::Query;
use crate::store::sql::SqlValue;

/// How many rows are read between checks of the clock, which cost about as much as reading a row.
pub(super) const CLOCK_EVERY: usize = 32;

/// A trace found: its row id for fast access, and its trace id to check that the row is still the same trace.
#[derive(Clone, Debug)]
pub(super) struct TraceRow {
    pub(super) rowid: i64,
    pub(super) id: String,
}

/// Returns the experiment id as SQL value: an integer as in the column, or text for an id of another kind of store.
pub(super) fn experiment_key(id: &str) -> SqlValue {
    id.parse().map_or_else(|_| SqlValue::Text(id.to_owned()), SqlValue::Integer)
}

/// Returns the experiment ids as an SQL list of integers, the type of the column. Other ids match no row and are left
/// out.
pub(super) fn experiment_list(query: &Query) -> String {
    let ids = query.experiments.iter().filter_map(|experiment| experiment.experiment_id.parse::<i64>().ok());
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
}
