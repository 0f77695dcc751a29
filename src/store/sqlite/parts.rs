//! Reads all traces in parts, disjoint ranges of row ids. Several threads take turns to read those of a large table, and
//! damage costs only the rows that it is in.

use super::loaded_page::LoadedPage;
use super::row_range::RowRange;
use super::trace_row::TraceRow;
use super::{SqliteStore, damage};
use crate::store::error::Result;
use crate::store::sql::SqlRow as _;
use crate::store::{Query, Sink};
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// How a table is divided into parts.
pub(super) struct Division {
    /// The minimum number of row ids in a part.
    pub(super) min_rows: i64,
    /// With more rows, several threads read, each of which has to open the database first.
    pub(super) max_rows_alone: i64,
    /// Whether no page of the file is read twice. Then it is faster to keep few of them.
    pub(super) visits_pages_once: bool,
}

/// How many parts each thread may read ahead.
const PARTS_AHEAD: usize = 2;

/// Passes on what `read` returns for each part, in file order. `Break` if the sink ended the reading.
pub(super) fn for_each(
    store: &SqliteStore,
    query: &Query,
    rows: RowRange,
    division: &Division,
    read: impl Fn(&SqliteStore, RowRange) -> Result<LoadedPage> + Sync,
    sink: &mut dyn Sink,
) -> Result<ControlFlow<()>> {
    let parts = || rows.parts(division.min_rows);
    let workers = if rows.last.saturating_sub(rows.first) > division.max_rows_alone {
        store.worker_stores(query)
    } else {
        Vec::new()
    };
    for worker in workers.iter().filter(|_| division.visits_pages_once) {
        worker.read(|connection| connection.pragma_update(None, "cache_size", -512))?;
    }
    let read = |store: &SqliteStore, part: RowRange| {
        let mut page = LoadedPage::default();
        let mut add = |part| {
            let LoadedPage { problems, traces } = read(store, part)?;
            page.problems.extend(problems);
            page.traces.extend(traces);
            Ok(())
        };
        let is_lost = part.read_around_damage(&mut add)?;
        page.problems.extend(is_lost.then(damage::lost_traces));
        Ok(page)
    };
    if workers.is_empty() {
        for part in parts() {
            if read(store, part)?.send_to(sink).is_break() {
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
            let pages: Box<dyn Iterator<Item = Result<LoadedPage>>> =
                match std::thread::Builder::new().spawn_scoped(scope, read_all) {
                    Ok(_) => Box::new(receiver.into_iter()),
                    // The system may not allow another thread.
                    Err(_) => Box::new(worker_parts().map(|part| read(store, part))),
                };
            pages
        };
        let mut workers: Vec<_> = workers.into_iter().enumerate().map(start).collect();
        // Threads take turns to keep the order, so that results are the same in each run.
        for at in (0..count).cycle() {
            let Some(page) = workers[at].next() else { break };
            if page?.send_to(sink).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Returns the traces of a part.
pub(super) fn read_hits(store: &SqliteStore, part: RowRange) -> Result<Vec<TraceRow>> {
    let sql = "select rowid, request_id from trace_info where rowid between ? and ? order by rowid limit ?";
    store.read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(part.bounds())?;
        let mut hits = Vec::new();
        while let Some(row) = rows.next()? {
            hits.extend(row.text(1).map(|id| TraceRow { rowid: row.integer(0).unwrap_or_default(), id }));
        }
        Ok(hits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Problem, Timestamp, Trace, TraceInfo, TraceState};
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

    /// Takes up to `max` traces.
    struct Taken {
        ids: Vec<String>,
        problems: Vec<Problem>,
        max: usize,
    }

    impl Sink for Taken {
        fn trace(&mut self, trace: Trace) -> ControlFlow<()> {
            self.ids.push(trace.info.trace_id);
            if self.ids.len() == self.max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }

        fn problem(&mut self, problem: Problem) {
            self.problems.push(problem);
        }
    }

    /// Reads up to `max` traces, in parts whose rows must not include one of `damaged`.
    fn read_ids(store: &SqliteStore, max_rows_alone: i64, max: usize, damaged: &[i64]) -> (Vec<String>, Vec<Problem>) {
        let division = Division { min_rows: 64, max_rows_alone, visits_pages_once: false };
        let read = |store: &SqliteStore, part: RowRange| {
            if damaged.iter().any(|row_id| (part.first..=part.last).contains(row_id)) {
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
                return Err(crate::store::sqlite::database_error(
                    "some.db",
                    rusqlite::Error::SqliteFailure(code, None),
                )
                .into());
            }
            let info = |hit: TraceRow| TraceInfo::new(hit.id, String::new(), TraceState::Ok, Timestamp(0));
            let traces = read_hits(store, part)?.into_iter().map(|hit| Trace::without_spans(info(hit))).collect();
            Ok(LoadedPage { traces, ..LoadedPage::default() })
        };
        let rows = RowRange::of_traces(store).unwrap();
        let mut taken = Taken { ids: Vec::new(), problems: Vec::new(), max };
        let ended = for_each(store, &Query::newest(Vec::new()), rows, &division, read, &mut taken).unwrap();
        assert_eq!(ended.is_break(), taken.ids.len() == max);
        (taken.ids, taken.problems)
    }

    #[test]
    fn every_row_is_in_one_part() {
        let (_folder, store) = with_rows((-500..-300).chain(1_000..1_700).chain([9_000]));
        let sql = "select request_id from trace_info order by rowid";
        let read = |connection: &Connection| connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect();
        let all: Vec<String> = store.read(read).unwrap();
        for max_rows_alone in [0, i64::MAX] {
            assert_eq!(read_ids(&store, max_rows_alone, usize::MAX, &[]).0, all);
            assert_eq!(read_ids(&store, max_rows_alone, 300, &[]).0, all[..300]);
            let (readable, problems) = read_ids(&store, max_rows_alone, usize::MAX, &[-400, 1_500]);
            let is_damaged = |id: &&String| ["row -400", "row 1500"].contains(&id.as_str());
            assert_eq!(all.iter().filter(is_damaged).count(), 2);
            assert_eq!(readable, all.iter().filter(|id| !is_damaged(id)).cloned().collect::<Vec<_>>());
            assert_eq!(problems.len(), 2);
            assert_eq!(problems[0], problems[1]);
        }
    }

    #[test]
    fn one_distant_row_makes_parts_uneven() {
        let are_even = |store: &SqliteStore| RowRange::of_traces(store).unwrap().are_even(store).unwrap();
        assert!(are_even(&with_rows([]).1));
        assert!(are_even(&with_rows(1_000..2_000).1));
        for distant in [1_000_000, i64::MIN, i64::MAX] {
            assert!(!are_even(&with_rows([distant]).1), "{distant}");
        }
    }
}
