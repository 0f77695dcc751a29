//! Ranges of row ids, in which a table is read.

use super::SqliteStore;
use super::damage::{is_damage, unless_damaged};
use crate::store::error::Result;

/// The maximum number of parts of a range.
const MAX_PARTS: i64 = 4_096;

/// How many times a damaged part is halved: enough for one of 8,192 rows to lose the damaged ones only.
const MAX_HALVINGS: u32 = 13;

/// The row ids of the first and the last trace of a part, or of all.
#[derive(Clone, Copy)]
pub(super) struct RowRange {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl RowRange {
    /// Returns the row ids of all traces. If the first or the last row is damaged, they are those in an index.
    pub(super) fn of_traces(store: &SqliteStore) -> Result<Self> {
        let read = |sql| {
            store.read(|connection| {
                connection.query_row(sql, [], |row| {
                    Ok(Self {
                        first: row.get::<_, Option<_>>(0)?.unwrap_or(1),
                        last: row.get::<_, Option<_>>(1)?.unwrap_or(0),
                    })
                })
            })
        };
        let ends = "select (select min(rowid) from trace_info), (select max(rowid) from trace_info)";
        match unless_damaged(read(ends).map(Some))? {
            Some(rows) => Ok(rows),
            None => read("select min(rowid), max(rowid) from trace_info"),
        }
    }

    /// Returns parts of at least `min_rows` row ids, in file order.
    pub(super) fn parts(self, min_rows: i64) -> impl Iterator<Item = Self> {
        let size = min_rows.max(self.last.saturating_sub(self.first) / MAX_PARTS);
        let step = usize::try_from(size).unwrap_or(usize::MAX);
        (self.first..=self.last)
            .step_by(step)
            .map(move |first| Self { first, last: first.saturating_add(size - 1).min(self.last) })
    }

    /// Returns the first and last row id and their number, which limits a statement: after the last row it would look at the
    /// next one, which may be damaged.
    pub(super) const fn bounds(self) -> [i64; 3] {
        [self.first, self.last, self.last.saturating_sub(self.first).saturating_add(1)]
    }

    /// Whether the row ids are so close to each other that no part has many more traces than the others.
    pub(super) fn are_even(self, store: &SqliteStore) -> Result<bool> {
        let count = "select count(*) from trace_info";
        let count: i64 = store.read(|connection| connection.query_row(count, [], |row| row.get(0)))?;
        Ok(self.last.saturating_sub(self.first) <= count.saturating_mul(2).saturating_add(1_000))
    }

    /// Calls `read` with the whole range. If that is damaged, calls it with the halves, so that as little as possible is
    /// lost; what it had read of the whole range must not count then. Returns whether something is lost.
    pub(super) fn read_around_damage(self, read: &mut dyn FnMut(Self) -> Result<()>) -> Result<bool> {
        halve_around(self, MAX_HALVINGS, read)
    }
}

fn halve_around(part: RowRange, halvings: u32, read: &mut dyn FnMut(RowRange) -> Result<()>) -> Result<bool> {
    match read(part) {
        Ok(()) => Ok(false),
        Err(error) if !is_damage(&error) => Err(error),
        Err(_) if halvings > 0 && part.first < part.last => {
            let middle = part.first + (part.last - part.first) / 2;
            let is_first_lost = halve_around(RowRange { last: middle, ..part }, halvings - 1, read)?;
            Ok(halve_around(RowRange { first: middle + 1, ..part }, halvings - 1, read)? || is_first_lost)
        }
        Err(_) => Ok(true),
    }
}
