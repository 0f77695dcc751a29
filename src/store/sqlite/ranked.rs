//! Sorts traces by keys without an index (all except time). Every trace is checked but only the first few are
//! returned, so a heap holds sort values and row ids, and trace ids are read only for rows that reach the top.

use super::SqliteStore;
use super::damage::{self, is_row_damage};
use super::trace_row::TraceRow;
use crate::limits;
use crate::model::Problem;
use crate::store::SortValue;
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, SqlValue};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

/// The traces found, in sort order.
pub(super) struct Ranked {
    heap: BinaryHeap<RankedRow>,
    /// Traces popped from the heap; traces with equal values are in the order of their ids.
    ready: VecDeque<TraceRow>,
    /// Conditions still to be evaluated for each trace.
    conditions: Sql,
}

/// A trace before its id is known.
struct RankedRow {
    value: SortValue,
    rowid: i64,
    is_descending: bool,
}

impl RankedRow {
    fn is_tied_with(&self, other: &Self) -> bool {
        self.value.compare(&other.value, self.is_descending) == Ordering::Equal
    }
}

impl Ord for RankedRow {
    /// The greatest row is returned first, as in [`BinaryHeap`].
    fn cmp(&self, other: &Self) -> Ordering {
        other.value.compare(&self.value, self.is_descending).then_with(|| other.rowid.cmp(&self.rowid))
    }
}

impl PartialOrd for RankedRow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for RankedRow {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for RankedRow {}

/// Collects traces from rows of row id, sort value, and whether the trace matches (1).
pub(super) struct Ranking {
    is_descending: bool,
    rows: Vec<RankedRow>,
}

impl Ranking {
    pub(super) const fn new(is_descending: bool) -> Self {
        Self { is_descending, rows: Vec::new() }
    }

    /// Adds a row if it matches. Returns its row id.
    pub(super) fn add(&mut self, row: &Row<'_>) -> i64 {
        let rowid = row.integer(0).unwrap_or_default();
        if row.integer(2) == Some(1) {
            let value = match row.get_ref(1) {
                Ok(ValueRef::Integer(number)) => SortValue::Number(number as f64),
                Ok(ValueRef::Real(number)) => SortValue::Number(number),
                Ok(ValueRef::Text(_)) => SortValue::Text(row.text(1).unwrap_or_default()),
                _ => SortValue::Unknown,
            };
            self.rows.push(RankedRow { value, rowid, is_descending: self.is_descending });
        }
        rowid
    }

    /// Returns the number of traces added.
    pub(super) const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Drops all but the first `len` traces.
    pub(super) fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    pub(super) fn finish(self, conditions: Sql) -> Ranked {
        Ranked { heap: BinaryHeap::from(self.rows), ready: VecDeque::new(), conditions }
    }
}

impl Ranked {
    /// Returns up to `count` more traces; none at the end.
    pub(super) fn next(
        &mut self,
        store: &SqliteStore,
        count: usize,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<TraceRow>> {
        while self.ready.len() < count && !self.heap.is_empty() {
            let groups = self.pop_ties(count - self.ready.len());
            let read = || read_ids(store, &groups, &self.conditions);
            let (found, is_lost) = store.unlocked_if_many(groups.iter().map(Vec::len).sum(), read)?;
            problems.extend(is_lost.then(damage::lost_traces));
            for mut hits in found {
                hits.sort_by(|a, b| a.id.cmp(&b.id));
                self.ready.extend(hits);
            }
        }
        Ok(self.ready.drain(..count.min(self.ready.len())).collect())
    }

    /// Pops at least `count` rows, if there are that many. Returns one list of row ids per sort value.
    fn pop_ties(&mut self, count: usize) -> Vec<Vec<i64>> {
        let (mut groups, mut popped) = (Vec::new(), 0);
        while popped < count
            && let Some(first) = self.heap.pop()
        {
            let mut group = vec![first.rowid];
            while let Some(next) = self.heap.peek().filter(|next| next.is_tied_with(&first)) {
                group.push(next.rowid);
                self.heap.pop();
            }
            popped += group.len();
            groups.push(group);
        }
        groups
    }
}

/// Reads the ids of the rows of each group that still exist and match. Also returns whether some are damaged.
fn read_ids(store: &SqliteStore, groups: &[Vec<i64>], conditions: &Sql) -> Result<(Vec<Vec<TraceRow>>, bool)> {
    let mut is_lost = false;
    let sql = format!("select t.request_id, {} from trace_info t where t.rowid = ?", conditions.text);
    let mut hits: Vec<Vec<TraceRow>> = groups.iter().map(|group| Vec::with_capacity(group.len())).collect();
    let rows: Vec<(usize, i64)> =
        groups.iter().enumerate().flat_map(|(at, group)| group.iter().map(move |rowid| (at, *rowid))).collect();
    let mut left = rows.as_slice();
    while !left.is_empty() {
        store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            while let [(at, rowid), rest @ ..] = left {
                left = rest;
                let values = conditions.values.iter().cloned().chain([SqlValue::Integer(*rowid)]);
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let row = match rows.next() {
                    Err(error) if is_row_damage(&error) => {
                        is_lost = true;
                        continue;
                    }
                    row => row?,
                };
                let matching = row.filter(|row| row.integer(1) == Some(1));
                hits[*at].extend(matching.and_then(|row| row.text(0)).map(|id| TraceRow { rowid: *rowid, id }));
                if started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        })?;
    }
    Ok((hits, is_lost))
}
