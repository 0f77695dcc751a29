//! Finds the traces of a query in order: their ids, a page at a time, without reading the records.
//!
//! Each read visits rows in the order of an index and evaluates the conditions as a column. So it can stop at any row,
//! even if none matches, and let a writer proceed.

use super::candidates::{self, Candidates};
use super::damage::{self, is_row_damage, unless_damaged};
use super::parts::RowRange;
use super::ranked::{Ranked, Ranking};
use super::span_rows::FailedRows;
use super::trace_row::{CLOCK_EVERY, TraceRow};
use super::{SqliteStore, database_error};
use crate::limits;
use crate::model::{Experiment, Problem};
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, SortKey};
use rusqlite::{Connection, Statement, params_from_iter};
use std::collections::VecDeque;
use std::time::Instant;

/// The traces that a query selects, found step by step.
pub(super) struct Scan {
    plan: Plan,
    problems: Vec<Problem>,
    failed: Option<FailedRows>,
}

enum Plan {
    /// Sorted by time: merges one index cursor per experiment.
    Merged { cursors: Vec<IndexCursor>, is_descending: bool },
    /// Sorted by another key, or from a list of candidates.
    Listed(Ranked),
}

impl Scan {
    pub(super) fn begin(store: &SqliteStore, query: &Query) -> Result<Self> {
        let mut problems = Vec::new();
        let conditions = conditions::from_filter(&store.schema, &query.filter);
        let is_by_time = query.order.key == SortKey::Time;
        let cursor = |experiment: &Experiment| IndexCursor::new(&experiment.experiment_id, query, &conditions);
        let mut cursors: Vec<IndexCursor> =
            if is_by_time { query.experiments.iter().map(cursor).collect() } else { Vec::new() };
        let (ids, failed) = match unless_damaged(candidates::by_lookup(store, query))? {
            None if is_by_time && has_enough(store, query, &mut cursors)? => (None, None),
            None => (unless_damaged(candidates::by_scan(store, query, &mut problems))?, None),
            Some(Candidates { ids, failed }) => (Some(ids), failed),
        };
        let listed = match ids {
            Some(ids) => unless_damaged(rank_candidates(store, query, &conditions, &ids).map(Some))?,
            None => None,
        };
        let plan = match listed {
            Some(ranked) => Plan::Listed(ranked),
            None if is_by_time => Plan::Merged { cursors, is_descending: query.order.is_descending },
            None => Plan::Listed(rank_all(store, query, &conditions, &mut problems)?),
        };
        Ok(Self { plan, problems, failed })
    }

    /// Returns the rows of failed spans, if the query uses no others and they were listed to find the traces.
    pub(super) fn take_failed_rows(&mut self) -> Option<FailedRows> {
        self.failed.take()
    }

    /// Returns up to `count` more traces; none at the end.
    pub(super) fn next(&mut self, store: &SqliteStore, count: usize) -> Result<Vec<TraceRow>> {
        match &mut self.plan {
            Plan::Listed(ranked) => ranked.next(store, count, &mut self.problems),
            Plan::Merged { cursors, is_descending } => {
                let mut positions: Vec<_> = cursors.iter().map(|cursor| cursor.position(*is_descending)).collect();
                let mut hits = Vec::with_capacity(count);
                while hits.len() < count {
                    let is_open = |at: &usize| positions[*at].is_some();
                    let first = (0..cursors.len()).filter(is_open).min_by(|a, b| positions[*a].cmp(&positions[*b]));
                    let Some(first) = first else { break };
                    let cursor = &mut cursors[first];
                    match cursor.hits.pop_front() {
                        Some((_, hit)) => hits.push(hit),
                        None => cursor.advance(store, count, &mut self.problems)?,
                    }
                    positions[first] = cursor.position(*is_descending);
                }
                Ok(hits)
            }
        }
    }

    /// Returns the problems encountered.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

/// The number of traces checked in sort order before candidates are looked for in an index.
const FIRST_ROWS_CHECKED: usize = 2_000;

/// The number of traces that a cursor reads at once if there are conditions.
const ROWS_PER_READ: usize = 2_000;

/// How many rows of labels are read in the time in which one trace is checked in sort order, times two: what was checked
/// in vain then takes at most as long as finding candidates.
const LABEL_ROWS_PER_TRACE: usize = 4;

/// Whether traces are found faster in sort order than from candidates: whether the first ones contain as many matches as
/// expected. As long as finding candidates would take longer than that did, twice as many are checked, so that both
/// together cost at most twice the better one. False if the filter needs spans, which are not checked here.
fn has_enough(store: &SqliteStore, query: &Query, cursors: &mut [IndexCursor]) -> Result<bool> {
    let Some(expected) = query.plan.expected.filter(|_| !query.filter.needs_spans()) else { return Ok(false) };
    let mut rows = FIRST_ROWS_CHECKED;
    loop {
        match check_first(store, cursors, rows, expected) {
            // Damage is reported once the rows are needed.
            Err(error) if is_row_damage(&error) => return Ok(false),
            Err(error) => return Err(database_error(&store.name, error).into()),
            Ok(true) => return Ok(true),
            Ok(false) => {}
        }
        let affordable = rows.saturating_mul(LABEL_ROWS_PER_TRACE);
        match unless_damaged(candidates::rows_to_scan(store, query, affordable))? {
            None => return Ok(true),
            Some(count) if count <= affordable => return Ok(false),
            Some(_) => rows = rows.saturating_mul(2),
        }
    }
}

/// Checks traces until `rows` of them were checked. Whether these are all, or contain as many matches as expected.
fn check_first(
    store: &SqliteStore,
    cursors: &mut [IndexCursor],
    rows: usize,
    expected: usize,
) -> rusqlite::Result<bool> {
    let per_cursor = rows / cursors.len().max(1);
    loop {
        let found: usize = cursors.iter().map(|cursor| cursor.hits.len()).sum();
        if found >= expected || cursors.iter().all(|cursor| cursor.is_done) {
            return Ok(true);
        }
        let mut is_checked = true;
        for cursor in cursors.iter_mut().filter(|cursor| !cursor.is_done && cursor.checked < per_cursor) {
            let left = per_cursor - cursor.checked;
            store.try_read(|connection| cursor.read(connection, left, expected))?;
            is_checked = false;
        }
        if is_checked {
            return Ok(false);
        }
    }
}

/// A cursor on the index (experiment, time), which exists in every release.
struct IndexCursor {
    experiment: SqlValue,
    sql: CursorSql,
    conditions: Vec<SqlValue>,
    is_unconditional: bool,
    last: Option<(i64, String)>,
    hits: VecDeque<(i64, TraceRow)>,
    /// The number of traces read.
    checked: usize,
    is_done: bool,
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
    fn new(experiment_id: &str, query: &Query, conditions: &Sql) -> Self {
        let (direction, on, next) = if query.order.is_descending { ("desc", "<", "max") } else { ("asc", ">", "min") };
        let bounds = conditions::time_bounds(&query.filter);
        let sql = |after: &str| {
            format!(
                "select t.request_id, t.timestamp_ms, {}, t.rowid from trace_info t where t.experiment_id = ? {bounds} {after} \
                 order by t.timestamp_ms {direction}, t.request_id limit ?",
                conditions.text
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
    fn position(&self, is_descending: bool) -> Option<(Option<(i64, String)>, bool)> {
        // The smallest key comes first, so negate the time if the newest trace comes first.
        let key = |time: i64, id: &str| (if is_descending { -time } else { time }, id.to_owned());
        match (self.hits.front(), &self.last) {
            (Some((time, hit)), _) => Some((Some(key(*time, &hit.id)), false)),
            (None, _) if self.is_done => None,
            (None, last) => Some((last.as_ref().map(|(time, id)| key(*time, id)), true)),
        }
    }

    /// Reads more rows, of which none may be a hit.
    fn advance(&mut self, store: &SqliteStore, count: usize, problems: &mut Vec<Problem>) -> Result<()> {
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
    fn read(&mut self, connection: &Connection, limit: usize, enough: usize) -> rusqlite::Result<()> {
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
                let hit = TraceRow { rowid: row.integer(3).unwrap_or_default(), id: position.1.clone() };
                self.hits.push_back((position.0, hit));
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

/// The number of row ids in the parts in which all traces are sorted.
const ROWS_PER_PART: i64 = 8_192;

/// Sorts all traces of the experiments that match the conditions.
fn rank_all(store: &SqliteStore, query: &Query, conditions: &Sql, problems: &mut Vec<Problem>) -> Result<Ranked> {
    let sql = format!(
        "select t.rowid, {}, {} from trace_info t where t.rowid between ? and ? and t.experiment_id in ({}) {} \
         order by t.rowid limit ?",
        expressions::sort_key(&store.schema, &query.order.key),
        conditions.text,
        expressions::experiment_ids(&query.experiments),
        conditions::time_bounds(&query.filter)
    );
    let mut ranking = Ranking::new(query.order.is_descending);
    let mut read = |part: RowRange| {
        let before = ranking.len();
        let added = store.unlocked(|| {
            // Discards the rows of a first run without a lock.
            ranking.truncate(before);
            let mut rest = Some(part);
            while let Some(rows) = rest {
                rest = store.read(|connection| add_rows(connection, &sql, conditions, rows, &mut ranking))?;
            }
            Ok(())
        });
        if added.is_err() {
            ranking.truncate(before);
        }
        added
    };
    for part in RowRange::of_traces(store)?.parts(ROWS_PER_PART) {
        problems.extend(damage::read_around(part, &mut read)?.then(damage::lost_traces));
    }
    Ok(ranking.finish(Sql::all([])))
}

/// Adds rows until the read takes too long. Returns the rows left to read.
fn add_rows(
    connection: &Connection,
    sql: &str,
    conditions: &Sql,
    part: RowRange,
    ranking: &mut Ranking,
) -> rusqlite::Result<Option<RowRange>> {
    let (started, mut seen) = (Instant::now(), 0_usize);
    let mut values = conditions.values.clone();
    values.extend(part.bounds().map(SqlValue::Integer));
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let row_id = ranking.add(row);
        seen += 1;
        if seen % CLOCK_EVERY == 0 && started.elapsed() > limits::READ_TIME {
            return Ok(Some(RowRange { first: row_id.saturating_add(1), ..part }));
        }
    }
    Ok(None)
}

/// Sorts candidates. The conditions are evaluated when a candidate is next.
fn rank_candidates(store: &SqliteStore, query: &Query, conditions: &Sql, ids: &[String]) -> Result<Ranked> {
    let sql = format!(
        "select t.rowid, {}, 1 from trace_info t where t.request_id in (select value from json_each(?)) \
         and t.experiment_id in ({}) {}",
        expressions::sort_key(&store.schema, &query.order.key),
        expressions::experiment_ids(&query.experiments),
        conditions::time_bounds(&query.filter)
    );
    let mut ranking = Ranking::new(query.order.is_descending);
    for page in ids.chunks(1_000) {
        store.read(|connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([serde_json::to_string(page).unwrap_or_default()])?;
            while let Some(row) = rows.next()? {
                ranking.add(row);
            }
            Ok(())
        })?;
    }
    Ok(ranking.finish(conditions.clone()))
}
