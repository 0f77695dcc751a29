//! Reads the traces of an experiment in the order of their start times, some rows at a time.
//!
//! Each read visits rows in the order of an index and evaluates the conditions as a column. So it can stop at any row,
//! even if none matches, and let a writer proceed.

use super::damage::{self, is_row_damage};
use super::trace_row::{CLOCK_EVERY, TraceRow};
use super::{SqliteStore, database_error};
use crate::limits;
use crate::model::Problem;
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, SortKey};
use rusqlite::{Connection, Statement, params_from_iter};
use std::collections::VecDeque;
use std::time::Instant;

/// The number of traces that a cursor reads at once if there are conditions.
const ROWS_PER_READ: usize = 2_000;

/// A trace that a cursor has found.
pub(super) struct Hit {
    /// Milliseconds since the Unix epoch.
    start: i64,
    /// Milliseconds since the Unix epoch, as [`SortKey::End`].
    pub(super) end: i64,
    pub(super) row: TraceRow,
}

/// A cursor on the index (experiment, time), which exists in every release.
pub(super) struct IndexCursor {
    experiment: SqlValue,
    sql: CursorSql,
    conditions: Vec<SqlValue>,
    is_unconditional: bool,
    last: Option<(i64, String)>,
    pub(super) hits: VecDeque<Hit>,
    /// The number of traces read.
    pub(super) checked: usize,
    pub(super) is_done: bool,
}

struct CursorSql {
    /// Reads the first rows.
    first: String,
    /// Reads the rows from behind a time and id.
    rest: String,
    /// Reads the rows of a time from behind an id.
    at_time: String,
    /// Reads the next time from the index only.
    next_time: String,
}

impl IndexCursor {
    pub(super) fn new(store: &SqliteStore, experiment_id: &str, query: &Query, conditions: &Sql) -> Self {
        let (direction, on, next) = if query.order.is_descending { ("desc", "<", "max") } else { ("asc", ">", "min") };
        let bounds = conditions::time_bounds(&query.filter);
        let sql = |after: &str| {
            format!(
                "select t.request_id, t.timestamp_ms, {}, t.rowid, {} from trace_info t where t.experiment_id = ? {bounds} {after} \
                 order by t.timestamp_ms {direction}, t.request_id limit ?",
                conditions.text,
                expressions::sort_key(&store.schema, &SortKey::End)
            )
        };
        Self {
            experiment: expressions::experiment_id(experiment_id),
            sql: CursorSql {
                first: sql(""),
                rest: sql(&format!("and t.timestamp_ms {on}= ? and (t.timestamp_ms {on} ? or t.request_id > ?)")),
                at_time: sql("and t.timestamp_ms = ? and t.request_id > ?"),
                next_time: format!(
                    "select {next}(t.timestamp_ms) from trace_info t where t.experiment_id = ?1 {bounds} \
                     and (?2 is null or t.timestamp_ms {on} ?2)"
                ),
            },
            conditions: conditions.values.clone(),
            is_unconditional: conditions.is_always_true(),
            last: None,
            hits: VecDeque::new(),
            checked: 0,
            is_done: false,
        }
    }

    /// Returns how far the cursor is, in sort order: at its next hit, or behind the rows that were read without one. `None`
    /// at the end. A hit comes before a cursor that has read as far as to the same place.
    pub(super) fn position(&self, is_descending: bool) -> Option<(Option<(i64, String)>, bool)> {
        // The smallest key comes first, so negate the time if the newest trace comes first.
        let key = |time: i64, id: &str| (if is_descending { -time } else { time }, id.to_owned());
        match (self.hits.front(), &self.last) {
            (Some(hit), _) => Some((Some(key(hit.start, &hit.row.id)), false)),
            (None, _) if self.is_done => None,
            (None, last) => Some((last.as_ref().map(|(time, id)| key(*time, id)), true)),
        }
    }

    /// Returns the start time of the last row read, in milliseconds since the Unix epoch.
    pub(super) fn last_start(&self) -> Option<i64> {
        self.last.as_ref().map(|(time, _)| *time)
    }

    /// Reads more rows, of which none may be a hit.
    pub(super) fn advance(&mut self, store: &SqliteStore, count: usize, problems: &mut Vec<Problem>) -> Result<()> {
        // Without conditions, every row is a hit. With them, many rows may be needed for a few hits.
        let rows = if self.is_unconditional { count } else { ROWS_PER_READ };
        let last = self.last.clone();
        let mut read = |connection: &Connection| {
            self.hits.clear();
            self.is_done = false;
            self.last.clone_from(&last);
            self.read(connection, rows, count).map(|()| false)
        };
        let unless_row_damage = |read: rusqlite::Result<bool>| match read {
            Err(error) if !is_row_damage(&error) => Err(database_error(&store.name, error).into()),
            read => Ok(read),
        };
        if store.unlocked_if_many(rows, || unless_row_damage(store.try_read(&mut read)))?.is_ok() {
            return Ok(());
        }
        match unless_row_damage(store.try_read(|connection| self.read_next_time(connection)))? {
            Ok(is_lost) => problems.extend(is_lost.then(damage::lost_traces)),
            // Damage of the index ends this cursor, not the search.
            Err(error) => {
                problems.push(Problem::new(
                    "damaged_index",
                    format!("the database is damaged; older traces cannot be listed: {error}"),
                ));
                self.is_done = true;
            }
        }
        Ok(())
    }

    /// Reads up to `limit` rows, until there are `enough` hits or the read takes too long.
    pub(super) fn read(&mut self, connection: &Connection, limit: usize, enough: usize) -> rusqlite::Result<()> {
        let Some((time, id)) = self.last.clone() else {
            let mut statement = connection.prepare_cached(&self.sql.first)?;
            return self.read_rows(&mut statement, [], limit, enough);
        };
        let mut statement = connection.prepare_cached(&self.sql.rest)?;
        let after = [SqlValue::Integer(time), SqlValue::Integer(time), SqlValue::Text(id)];
        self.read_rows(&mut statement, after, limit, enough)
    }

    /// Reads the other rows of the last start time, or those of the next. If some are damaged, skips these. Returns whether
    /// it did.
    fn read_next_time(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let last_id = || char::MAX.to_string();
        let (time, id) = match self.last.take() {
            Some(last) if last.1 != last_id() => last,
            last => {
                let last = last.map(|(time, _)| time);
                let mut statement = connection.prepare_cached(&self.sql.next_time)?;
                let next: Option<i64> = statement.query_row((&self.experiment, last), |row| row.get(0))?;
                let Some(next) = next else {
                    self.is_done = true;
                    return Ok(false);
                };
                (next, String::new())
            }
        };
        let mut statement = connection.prepare_cached(&self.sql.at_time)?;
        let read =
            self.read_rows(&mut statement, [SqlValue::Integer(time), SqlValue::Text(id)], usize::MAX, usize::MAX);
        self.last = Some((time, last_id()));
        self.is_done = false;
        match read {
            Err(error) if is_row_damage(&error) => Ok(true),
            read => read.map(|()| false),
        }
    }

    /// Reads the rows that a statement returns from behind a position.
    fn read_rows(
        &mut self,
        statement: &mut Statement<'_>,
        position: impl IntoIterator<Item = SqlValue>,
        limit: usize,
        enough: usize,
    ) -> rusqlite::Result<()> {
        let started = Instant::now();
        let mut values = self.conditions.clone();
        values.push(self.experiment.clone());
        values.extend(position);
        values.push(SqlValue::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let mut rows = statement.query(params_from_iter(values))?;
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            seen += 1;
            self.checked += 1;
            let matches = row.integer(2) == Some(1);
            let is_long = seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME;
            let position = (row.integer(1).unwrap_or_default(), row.text(0).unwrap_or_default());
            if matches {
                let end = row.integer(4).unwrap_or(position.0);
                let row = TraceRow { rowid: row.integer(3).unwrap_or_default(), id: position.1.clone() };
                self.hits.push_back(Hit { start: position.0, end, row });
            }
            self.last = Some(position);
            if self.hits.len() >= enough || is_long {
                return Ok(());
            }
        }
        self.is_done = seen < limit;
        Ok(())
    }
}
