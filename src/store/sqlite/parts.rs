//! Reads all traces in parts, disjoint ranges of row ids. Several threads take turns to read those of a large table.

use super::SqliteStore;
use super::trace_row::TraceRow;
use crate::store::Query;
use crate::store::error::Result;
use crate::store::sql::SqlRow as _;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// Whether the row ids of the traces are so close to each other that no part has many more traces than the others.
pub(super) fn are_even(store: &SqliteStore) -> Result<bool> {
    let sql = "select (select max(rowid) from trace_info) / 2 - (select min(rowid) from trace_info) / 2 \
         <= (select count(*) from trace_info) + 1000";
    store.read(|connection| connection.query_row(sql, [], |row| Ok(row.integer(0) == Some(1))))
}

/// Returns the traces of a part.
pub(super) fn read_hits(store: &SqliteStore, (first, count): Part) -> rusqlite::Result<Vec<TraceRow>> {
    let sql = "select rowid, request_id from trace_info where rowid >= ? and rowid < ? order by rowid";
    store.try_read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((first, first.saturating_add(count)))?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            hits.extend(row.text(1).map(|id| TraceRow { rowid: row.integer(0).unwrap_or_default(), id }));
        }
        Ok(hits)
    })
}

/// A part: its first row id, and the number of row ids.
pub(super) type Part = (i64, i64);

/// How a table is divided into parts.
pub(super) struct Division {
    /// The minimum number of row ids in a part.
    pub(super) min_rows: i64,
    /// With more rows, several threads read, each of which has to open the database first.
    pub(super) max_rows_alone: i64,
    /// Whether no page of the file is read twice. Then it is faster to keep few of them.
    pub(super) visits_pages_once: bool,
}

/// The maximum number of parts, and how many parts each thread may read ahead.
const MAX_PARTS: i64 = 4_096;
const PARTS_AHEAD: usize = 2;

/// Calls `take` with what `read` returns for each part, in file order. `Break` if `take` ended the reading.
pub(super) fn for_each<T: Send>(
    store: &SqliteStore,
    query: &Query,
    division: &Division,
    read: impl Fn(&SqliteStore, Part) -> Result<T> + Sync,
    take: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let ends = "select coalesce(min(rowid), 1), coalesce(max(rowid), 0) from trace_info";
    let (first, last) = store.read(|connection| {
        connection.prepare_cached(ends)?.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
    })?;
    let size = division.min_rows.max(last.saturating_sub(first) / MAX_PARTS);
    let parts = || (first..=last).step_by(usize::try_from(size).unwrap_or(usize::MAX)).map(move |from| (from, size));
    let workers =
        if last.saturating_sub(first) > division.max_rows_alone { store.worker_stores(query) } else { Vec::new() };
    for worker in workers.iter().filter(|_| division.visits_pages_once) {
        worker.read(|connection| connection.pragma_update(None, "cache_size", -512))?;
    }
    if workers.is_empty() {
        for part in parts() {
            if take(read(store, part)?).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        return Ok(ControlFlow::Continue(()));
    }
    std::thread::scope(|scope| {
        let count = workers.len();
        let read = &read;
        let start = |(at, worker): (usize, SqliteStore)| {
            let (sender, receiver) = sync_channel(PARTS_AHEAD);
            let worker_parts = move || parts().skip(at).step_by(count);
            let read_all = move || {
                for part in worker_parts() {
                    // The receiver is gone if the reading has ended.
                    if sender.send(read(&worker, part)).is_err() {
                        break;
                    }
                }
            };
            let parts: Box<dyn Iterator<Item = Result<T>>> =
                match std::thread::Builder::new().spawn_scoped(scope, read_all) {
                    Ok(_) => Box::new(receiver.into_iter()),
                    // The system may not allow another thread.
                    Err(_) => Box::new(worker_parts().map(|part| read(store, part))),
                };
            parts
        };
        let mut workers: Vec<_> = workers.into_iter().enumerate().map(start).collect();
        // Threads take turns to keep the order, so that results are the same in each run.
        for at in (0..count).cycle() {
            let Some(part) = workers[at].next() else { break };
            if take(part?).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreEnvironment;
    use crate::store::sqlite::tests::copy_of_fixture;
    use rusqlite::Connection;

    /// Adds traces with these row ids to a copy of a fixture, and opens it.
    fn with_rows(row_ids: impl IntoIterator<Item = i64>) -> (tempfile::TempDir, SqliteStore) {
        let (folder, path) = copy_of_fixture();
        let connection = Connection::open(&path).unwrap();
        let add = "insert into trace_info (rowid, request_id, experiment_id, timestamp_ms, status) values (?1, 'row ' || ?1, 1, 0, 'OK')";
        connection.execute_batch("begin").unwrap();
        for row_id in row_ids {
            connection.execute(add, [row_id]).unwrap();
        }
        connection.execute_batch("commit").unwrap();
        (folder, SqliteStore::open(&path, &StoreEnvironment::default()).unwrap())
    }

    #[test]
    fn every_row_is_in_one_part() {
        let (_folder, store) = with_rows((-500..-300).chain(1_000..1_700).chain([9_000]));
        let sql = "select rowid from trace_info order by rowid";
        let read = |connection: &Connection| connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect();
        let expected: Vec<i64> = store.read(read).unwrap();
        for max_rows_alone in [0, i64::MAX] {
            let division = Division { min_rows: 64, max_rows_alone, visits_pages_once: false };
            let query = Query::newest(Vec::new());
            let read = |store: &SqliteStore, part| Ok(read_hits(store, part).unwrap());
            let mut found = Vec::new();
            let take = &mut |hits: Vec<TraceRow>| {
                found.extend(hits.iter().map(|hit| hit.rowid));
                ControlFlow::Continue(())
            };
            assert!(for_each(&store, &query, &division, read, take).unwrap().is_continue());
            assert_eq!(found, expected);
            let mut parts = 0;
            let take = &mut |_| {
                parts += 1;
                if parts == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            assert!(for_each(&store, &query, &division, read, take).unwrap().is_break());
            assert_eq!(parts, 3);
        }
    }

    #[test]
    fn one_distant_row_makes_parts_uneven() {
        assert!(are_even(&with_rows([]).1).unwrap());
        assert!(are_even(&with_rows(1_000..2_000).1).unwrap());
        for distant in [1_000_000, i64::MIN, i64::MAX] {
            assert!(!are_even(&with_rows([distant]).1).unwrap(), "{distant}");
        }
    }
}
