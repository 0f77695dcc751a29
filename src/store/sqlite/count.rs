//! How many traces are meant in all, where that is cheap to tell.

use super::scan::{Scan, experiment_list};
use super::{SqliteStore, conditions};
use crate::error::Result;
use crate::store::Query;

/// Up to so many traces, each is looked at to count those that fit. It is a number and not a time, so that the same
/// question to the same store always has the same answer.
const MOST_LOOKED_AT: usize = 10_000;

/// Counts; `None` where there are too many to look at, or the database cannot decide alone.
pub(super) fn matched(store: &SqliteStore, query: &Query) -> Result<Option<usize>> {
    let experiments = experiment_list(query);
    if query.filter.clauses.is_empty() {
        return all(store, &format!("select 1 from trace_info where experiment_id in ({experiments})")).map(Some);
    }
    if !conditions::are_exact(&store.schema, &query.filter) {
        return Ok(None);
    }
    let most = MOST_LOOKED_AT + 1;
    let some = format!("select 1 from trace_info where experiment_id in ({experiments}) limit {most}");
    if all(store, &some)? == most {
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

/// Counts rows that an index alone tells.
fn all(store: &SqliteStore, rows: &str) -> Result<usize> {
    let sql = format!("select count(*) from ({rows})");
    let count: i64 = store.read(|connection| connection.query_row(&sql, [], |row| row.get(0)))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
