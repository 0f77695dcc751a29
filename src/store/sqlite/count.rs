//! Counts the traces that match a query, if that is cheap.

use super::SqliteStore;
use super::scan::Scan;
use crate::store::Query;
use crate::store::error::Result;
use crate::store::sql::{conditions, expressions};

/// Counts matching traces. `None` if there are too many to check, or if the SQL is not exact.
pub(super) fn matches(store: &SqliteStore, query: &Query) -> Result<Option<usize>> {
    let experiments = expressions::experiment_ids(&query.experiments);
    if query.filter.clauses.is_empty() {
        return count_rows(store, &format!("select 1 from trace_info where experiment_id in ({experiments})"))
            .map(Some);
    }
    if !conditions::are_exact(&store.schema, &query.filter) {
        return Ok(None);
    }
    let max = conditions::MAX_ROWS_COUNTED + 1;
    let some = format!("select 1 from trace_info where experiment_id in ({experiments}) limit {max}");
    if count_rows(store, &some)? == max {
        return Ok(None);
    }
    let mut scan = Scan::begin(store, query)?;
    let mut count = 0;
    loop {
        let hits = scan.next(store, 1_000)?.len();
        count += hits;
        if hits == 0 {
            return Ok(Some(count));
        }
    }
}

/// Counts the rows of a query that an index alone can answer.
fn count_rows(store: &SqliteStore, rows: &str) -> Result<usize> {
    let sql = format!("select count(*) from ({rows})");
    let count: i64 = store.read(|connection| connection.query_row(&sql, [], |row| row.get(0)))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
