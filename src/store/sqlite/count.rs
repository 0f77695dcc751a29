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
    if query_count(store, &format!("select count(*) from ({some})"))? == max {
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

/// The experiments that have traces, by one step along the index for each.
const WITH_USED_IDS: &str = "with recursive used(id) as (select min(experiment_id) from trace_info union \
    select (select min(experiment_id) from trace_info where experiment_id > id) from used where id is not null)";

/// Whether a query selects all traces of the database.
pub(super) fn are_all(store: &SqliteStore, query: &Query) -> Result<bool> {
    let experiments = expressions::experiment_ids(&query.experiments);
    let others = format!("{WITH_USED_IDS} select 1 from used where id not in ({experiments})");
    Ok(query.filter.clauses.is_empty() && !store.read(|connection| connection.prepare(&others)?.exists([]))?)
}

/// Counts all traces of experiments. SQLite counts a whole index by its pages, five times as fast as the entries of some
/// experiments, so the traces of the others are subtracted if these are fewer experiments.
fn count_all(store: &SqliteStore, experiments: &str) -> Result<usize> {
    let are_others_fewer = format!(
        "{WITH_USED_IDS} select coalesce(sum(id not in ({experiments})) < sum(id in ({experiments})), false) from used"
    );
    let count = |condition: &str| format!("select count(*) from trace_info where experiment_id in ({condition})");
    if !store.read(|connection| connection.query_row(&are_others_fewer, [], |row| row.get(0)))? {
        return query_count(store, &count(experiments));
    }
    let others = count(&format!("select id from used where id not in ({experiments})"));
    query_count(store, &format!("{WITH_USED_IDS} select (select count(*) from trace_info) - ({others})"))
}

fn query_count(store: &SqliteStore, sql: &str) -> Result<usize> {
    let count: i64 = store.read(|connection| connection.query_row(sql, [], |row| row.get(0)))?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreEnvironment;
    use crate::store::sqlite::tests::copy_of_fixture;
    use rusqlite::Connection;

    #[test]
    fn all_traces_of_experiments_are_counted_in_either_way() {
        let (_folder, path) = copy_of_fixture();
        let writer = Connection::open(&path).unwrap();
        // One trace in each of the experiments 1 to 4, the others in 5; none in 9.
        writer.execute_batch("update trace_info set experiment_id = min(rowid, 5)").unwrap();
        let store = SqliteStore::open(&path, &StoreEnvironment::default()).unwrap();
        let total = query_count(&store, "select count(*) from trace_info").unwrap();
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
