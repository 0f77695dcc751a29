//! Traces by anything but time: every one is looked at, few are wanted. So all are heaped up by value and row, and ids are
//! read only of those that come to the top.

use super::conditions::Sql;
use super::scan::TraceRow;
use super::{SqliteStore, integer, text};
use crate::error::Result;
use crate::limits;
use crate::store::SortValue;
use rusqlite::Row;
use rusqlite::types::{Value, ValueRef};
use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Instant;

/// Traces found, the next one at the top.
pub(super) struct Ranked {
    heap: BinaryHeap<RankedRow>,
    /// Of equal value, in the order of their ids.
    ready: VecDeque<TraceRow>,
    /// What is left to be decided of each.
    conditions: Sql,
}

/// A trace before its id is known.
struct RankedRow {
    value: SortValue,
    rowid: i64,
    is_descending: bool,
}

impl RankedRow {
    fn is_level_with(&self, other: &Self) -> bool {
        self.value.compare(&other.value, self.is_descending) == Ordering::Equal
    }
}

impl Ord for RankedRow {
    /// The greatest is the next one.
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

/// Traces as they are found: rows of row number, value, and whether they fit.
pub(super) struct Ranking {
    is_descending: bool,
    places: Vec<RankedRow>,
}

impl Ranking {
    pub(super) const fn new(is_descending: bool) -> Self {
        Self { is_descending, places: Vec::new() }
    }

    /// Takes a row, if it fits, and gives its number.
    pub(super) fn take(&mut self, row: &Row<'_>) -> i64 {
        let rowid = integer(row, 0).unwrap_or_default();
        if integer(row, 2) == Some(1) {
            let value = match row.get_ref(1) {
                Ok(ValueRef::Integer(number)) => SortValue::Number(number as f64),
                Ok(ValueRef::Real(number)) => SortValue::Number(number),
                Ok(ValueRef::Text(_)) => SortValue::Text(text(row, 1).unwrap_or_default()),
                _ => SortValue::Unknown,
            };
            self.places.push(RankedRow { value, rowid, is_descending: self.is_descending });
        }
        rowid
    }

    /// How many traces were taken.
    pub(super) const fn len(&self) -> usize {
        self.places.len()
    }

    /// Gives back all but the first ones.
    pub(super) fn truncate(&mut self, len: usize) {
        self.places.truncate(len);
    }

    pub(super) fn finish(self, conditions: Sql) -> Ranked {
        Ranked { heap: BinaryHeap::from(self.places), ready: VecDeque::new(), conditions }
    }
}

impl Ranked {
    /// The next traces; none at the end.
    pub(super) fn next(&mut self, store: &SqliteStore, count: usize) -> Result<Vec<TraceRow>> {
        while self.ready.len() < count && !self.heap.is_empty() {
            let levels = self.pop_levels(count - self.ready.len());
            let ids = || levels.iter().map(|level| ids_of(store, level, &self.conditions)).collect::<Result<Vec<_>>>();
            for mut hits in store.unlocked_if_many(levels.iter().map(Vec::len).sum(), ids)? {
                hits.sort_by(|a, b| a.id.cmp(&b.id));
                self.ready.extend(hits);
            }
        }
        Ok(self.ready.drain(..count.min(self.ready.len())).collect())
    }

    /// Takes at least `count` rows off the heap, if it has them: one list of row ids per value.
    fn pop_levels(&mut self, count: usize) -> Vec<Vec<i64>> {
        let (mut levels, mut popped) = (Vec::new(), 0);
        while popped < count
            && let Some(first) = self.heap.pop()
        {
            let mut level = vec![first.rowid];
            while let Some(next) = self.heap.peek().filter(|next| next.is_level_with(&first)) {
                level.push(next.rowid);
                self.heap.pop();
            }
            popped += level.len();
            levels.push(level);
        }
        levels
    }
}

/// The ids of rows that are still there and fit.
fn ids_of(store: &SqliteStore, rowids: &[i64], conditions: &Sql) -> Result<Vec<TraceRow>> {
    let sql = format!("select t.request_id, {} from trace_info t where t.rowid = ?", conditions.text);
    let mut hits = Vec::with_capacity(rowids.len());
    let mut left = rowids;
    while !left.is_empty() {
        store.read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            while let [rowid, rest @ ..] = left {
                left = rest;
                let values = conditions.values.iter().cloned().chain([Value::Integer(*rowid)]);
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let fitting = rows.next()?.filter(|row| integer(row, 1) == Some(1));
                hits.extend(fitting.and_then(|row| text(row, 0)).map(|id| TraceRow { rowid: *rowid, id }));
                if started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        })?;
    }
    Ok(hits)
}
