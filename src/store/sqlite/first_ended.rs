//! Traces in the order in which they ended, found in the order in which they started.
//!
//! No trace ends before it starts. So the first one to end of those found comes next as soon as all others start later,
//! and only traces that ran at the same time are kept.

use super::SqliteStore;
use super::index_cursor::{Hit, IndexCursor};
use super::trace_row::TraceRow;
use crate::model::Problem;
use crate::store::error::Result;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The number of traces that a cursor looks for at once.
const HITS_PER_READ: usize = 2_000;

/// The traces of several experiments, the first one to end first.
pub(super) struct FirstEnded {
    /// One cursor per experiment, by ascending start time.
    cursors: Vec<IndexCursor>,
    waiting: BinaryHeap<Reverse<Ended>>,
}

/// A trace, in sort order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Ended {
    end: i64,
    id: String,
    rowid: i64,
}

impl FirstEnded {
    pub(super) fn new(cursors: Vec<IndexCursor>) -> Self {
        Self { cursors, waiting: BinaryHeap::new() }
    }

    /// Returns up to `count` more traces; none at the end.
    pub(super) fn next(
        &mut self,
        store: &SqliteStore,
        count: usize,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<TraceRow>> {
        let mut rows = Vec::with_capacity(count);
        while rows.len() < count {
            let behind =
                self.cursors.iter_mut().filter(|cursor| !cursor.is_done).min_by_key(|cursor| cursor.last_start());
            let first_end = self.waiting.peek().map(|Reverse(first)| first.end);
            match behind {
                // A trace that is still to be found may end at the time of its start.
                Some(cursor) if first_end.is_none_or(|end| cursor.last_start().is_none_or(|start| end >= start)) => {
                    cursor.advance(store, HITS_PER_READ, problems)?;
                    let ended = |Hit { end, row: TraceRow { rowid, id }, .. }| Reverse(Ended { end, id, rowid });
                    self.waiting.extend(cursor.hits.drain(..).map(ended));
                }
                _ => match self.waiting.pop() {
                    Some(Reverse(Ended { id, rowid, .. })) => rows.push(TraceRow { rowid, id }),
                    None => break,
                },
            }
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::scan::Scan;
    use crate::store::sqlite::tests::copy_of_fixture;
    use crate::store::{Order, Query, StoreEnvironment, TraceStore as _};
    use rusqlite::Connection;

    #[test]
    fn traces_come_in_the_order_of_their_ends() {
        let (_folder, path) = copy_of_fixture();
        // Some run for long, some start or end together, some have no end, or one before their start.
        let add = "with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 7000) \
            insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status) \
            select 'trace ' || n, 1 + n % 2, n * 7919 % 5000, \
            case when n % 7 = 0 then null when n % 100 = 0 then 4000 else n * 31 % 977 - 100 end, 'OK' from numbers";
        Connection::open(&path).unwrap().execute(add, []).unwrap();
        let store = SqliteStore::open(&path, &StoreEnvironment::default()).unwrap();
        let expected = "select request_id from trace_info \
            order by timestamp_ms + max(coalesce(execution_time_ms, 0), 0), request_id";
        let read = |connection: &Connection| connection.prepare(expected)?.query_map([], |row| row.get(0))?.collect();
        let expected: Vec<String> = store.read(read).unwrap();
        let experiments = store.experiments(&mut Vec::new()).unwrap();
        let query = Query { order: Order::FIRST_ENDED, ..Query::newest(experiments) };
        let mut scan = Scan::begin(&store, &query).unwrap();
        let mut ids = Vec::new();
        loop {
            let rows = scan.next(&store, 300).unwrap();
            if rows.is_empty() {
                break;
            }
            ids.extend(rows.into_iter().map(|row| row.id));
        }
        assert_eq!(ids, expected);
    }
}
