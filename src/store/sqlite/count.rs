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
        return count_all(store, &experiments).map(Some);
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

/// Counts all traces of experiments. SQLite counts a whole index by its pages, five times as fast as the entries of some
/// experiments, so the traces of the others are subtracted if these are fewer experiments.
fn count_all(store: &SqliteStore, experiments: &str) -> Result<usize> {
    // One step along the index per experiment that has traces.
    let with_ids = "with recursive held(id) as (select min(experiment_id) from trace_info union \
         select (select min(experiment_id) from trace_info where experiment_id > id) from held where id is not null)";
    let sql = format!("{with_ids} select sum(id in ({experiments})), sum(id not in ({experiments})) from held");
    let (selected, others): (Option<i64>, Option<i64>) =
        store.read(|connection| connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))))?;
    if others.unwrap_or(0) >= selected.unwrap_or(0) {
        return count_rows(store, &format!("select 1 from trace_info where experiment_id in ({experiments})"));
    }
    let count = |condition: &str| format!("(select count(*) from trace_info where {condition})");
    let others = count(&format!("experiment_id in (select id from held where id not in ({experiments}))"));
    let without_id = count("experiment_id is null");
    query_count(store, &format!("{with_ids} select (select count(*) from trace_info) - {others} - {without_id}"))
}

/// Counts the rows of a query that an index alone can answer.
fn count_rows(store: &SqliteStore, rows: &str) -> Result<usize> {
    query_count(store, &format!("select count(*) from ({rows})"))
}

fn query_count(store: &SqliteStore, sql: &str) -> Result<usize> {
    let count: i64 = store.read(|connection| connection.query_row(sql, [], |row| row.get(0)))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreEnvironment;
    use rusqlite::Connection;

    #[test]
    fn all_traces_of_experiments_are_counted_in_either_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mlflow.db");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/stores/3.18.0-sqlite/mlflow.db"), &path).unwrap();
        let writer = Connection::open(&path).unwrap();
        // Five experiments with traces, of which the last is in no list.
        writer.execute_batch("update trace_info set experiment_id = min(rowid, 5)").unwrap();
        let store = SqliteStore::open(&path, &StoreEnvironment::default()).unwrap();
        let total: u32 = writer.query_row("select count(*) from trace_info", [], |row| row.get(0)).unwrap();
        let total = total as usize;
        assert!(total > 5);
        for (experiments, expected) in [
            ("", 0),
            ("1", 1),
            ("1,2", 2),
            ("1,2,3,4", 4),
            ("5", total - 4),
            ("1,2,5,9", total - 2),
            ("1,2,3,4,5", total),
        ] {
            assert_eq!(count_all(&store, experiments).unwrap(), expected, "{experiments}");
        }
        writer.execute_batch("delete from trace_info").unwrap();
        assert_eq!(count_all(&store, "1,2").unwrap(), 0);
    }
}
