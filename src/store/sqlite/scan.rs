//! Finds the traces of a query in order: their ids, a page at a time, without reading the records.

use super::candidates::{self, Candidates};
use super::damage::{self, is_row_damage, unless_damaged};
use super::first_ended::FirstEnded;
use super::index_cursor::IndexCursor;
use super::ranked::{Ranked, Ranking};
use super::row_range::RowRange;
use super::span_rows::FailedRows;
use super::trace_row::{CLOCK_EVERY, TraceRow};
use super::{SqliteStore, database_error};
use crate::limits;
use crate::model::{Experiment, Problem};
use crate::store::error::Result;
use crate::store::sql::{Sql, SqlValue, conditions, expressions};
use crate::store::{Order, Query, SortKey};
use rusqlite::{Connection, params_from_iter};
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
    /// The first one to end first.
    FirstEnded(FirstEnded),
    /// Sorted by another key, or from a list of candidates.
    Listed(Ranked),
}

impl Scan {
    pub(super) fn begin(store: &SqliteStore, query: &Query) -> Result<Self> {
        let mut problems = Vec::new();
        let conditions = conditions::from_filter(&store.schema, &query.filter);
        let is_by_time = query.order.key == SortKey::Time;
        let cursor = |experiment: &Experiment| IndexCursor::new(store, &experiment.experiment_id, query, &conditions);
        let has_cursors = is_by_time || query.order == Order::FIRST_ENDED;
        let mut cursors: Vec<IndexCursor> =
            if has_cursors { query.experiments.iter().map(cursor).collect() } else { Vec::new() };
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
            None if query.order == Order::FIRST_ENDED => Plan::FirstEnded(FirstEnded::new(cursors)),
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
            Plan::FirstEnded(ended) => ended.next(store, count, &mut self.problems),
            Plan::Merged { cursors, is_descending } => {
                let mut positions: Vec<_> = cursors.iter().map(|cursor| cursor.position(*is_descending)).collect();
                let mut hits = Vec::with_capacity(count);
                while hits.len() < count {
                    let is_open = |at: &usize| positions[*at].is_some();
                    let first = (0..cursors.len()).filter(is_open).min_by(|a, b| positions[*a].cmp(&positions[*b]));
                    let Some(first) = first else { break };
                    let cursor = &mut cursors[first];
                    match cursor.hits.pop_front() {
                        Some(hit) => hits.push(hit.row),
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
        problems.extend(part.read_around_damage(&mut read)?.then(damage::lost_traces));
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
