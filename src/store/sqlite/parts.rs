//! Reads all traces in parts, disjoint ranges of row ids. Several threads take turns to read those of a large table.

use super::SqliteStore;
use crate::store::Query;
use crate::store::error::Result;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// A part: its first row id, and the number of row ids.
pub(super) type Part = (i64, i64);

/// With more rows, several threads read, each of which has to open the database first.
const MAX_ROWS_ALONE: i64 = 20_000;

/// The maximum number of parts, and how many parts each thread may read ahead.
const MAX_PARTS: i64 = 4_096;
const PARTS_AHEAD: usize = 2;

/// Calls `take` with what `read` returns for each part of at least `min_rows` row ids, in file order. `Break` if `take`
/// ended the reading. If `visits_pages_once`, threads keep few pages of the file, which is faster.
pub(super) fn for_each<T: Send>(
    store: &SqliteStore,
    query: &Query,
    min_rows: i64,
    visits_pages_once: bool,
    read: impl Fn(&SqliteStore, Part) -> Result<T> + Sync,
    take: &mut dyn FnMut(T) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let ends = "select coalesce(min(rowid), 1), coalesce(max(rowid), 0) from trace_info";
    let (first, last) = store.read(|connection| {
        connection.prepare_cached(ends)?.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
    })?;
    let size = min_rows.max(last.saturating_sub(first) / MAX_PARTS);
    let parts = || (first..=last).step_by(usize::try_from(size).unwrap_or(usize::MAX)).map(move |from| (from, size));
    let workers = if last.saturating_sub(first) > MAX_ROWS_ALONE { store.worker_stores(query) } else { Vec::new() };
    for worker in workers.iter().filter(|_| visits_pages_once) {
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
