//! Counts the traces that match a query, if that is cheap.

use super::PostgresStore;
use crate::store::Query;
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, conditions, expressions};

/// Counts matching traces. `None` if there are too many to check, or if the SQL is not exact.
pub(super) fn matches(store: &PostgresStore, query: &Query) -> Result<Option<usize>> {
    let experiments = expressions::experiment_ids(&query.experiments);
    let of_experiments = format!("select 1 from trace_info t where t.experiment_id in ({experiments})");
    if query.filter.clauses.is_empty() {
        return count(store, Sql::new(of_experiments, Vec::new())).map(Some);
    }
    if !conditions::are_exact(&store.schema, &query.filter) {
        return Ok(None);
    }
    let some = format!("{of_experiments} limit {}", conditions::MAX_ROWS_COUNTED + 1);
    if count(store, Sql::new(some, Vec::new()))? > conditions::MAX_ROWS_COUNTED {
        return Ok(None);
    }
    let selected = conditions::from_filter(&store.schema, &query.filter);
    let bounds = conditions::time_bounds(&query.filter);
    let text = format!("{of_experiments} {bounds} and {}", selected.text);
    count(store, Sql::new(text, selected.values)).map(Some)
}

fn count(store: &PostgresStore, rows: Sql) -> Result<usize> {
    let sql = Sql::new(format!("select count(*) from ({}) r", rows.text), rows.values);
    let counts = store.database.read(|reads| reads.all(&sql, |row| row.integer(0)))?;
    Ok(counts.first().copied().flatten().and_then(|count| usize::try_from(count).ok()).unwrap_or_default())
}
