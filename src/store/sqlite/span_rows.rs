//! Reads rows of the `spans` table (MLflow 3.3+).

use super::damage::{is_row_damage, is_too_big};
use super::trace_row::runs;
use super::{SqliteStore, database_error};
use crate::limits;
use crate::model::{Problem, SearchableSpan, SpanId};
use crate::query::Prefilter;
use crate::store::error::Result;
use crate::store::spans::SpanRows;
use crate::store::sql::SqlRow as _;
use crate::store::sql::span_columns::{self, SpanRowSelection};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// The maximum number of attempts to read a trace that is being written.
const MAX_TRIES: usize = 3;

/// The rows of spans that failed, by the id of their trace.
pub(super) type FailedRows = HashMap<String, Vec<i64>>;

/// Reads the rows of a trace, in several short transactions if it is large. If it changed in between, it is read again.
/// With `failed`, the rows with status ERROR, only these and their ancestors are read.
pub(super) fn read(
    store: &SqliteStore,
    trace_id: &str,
    selection: &SpanRowSelection<'_>,
    failed: Option<&FailedRows>,
) -> Result<SpanRows> {
    let read = || read_once(store, trace_id, selection, failed).map_err(|error| database_error(&store.name, error));
    for _ in 1..MAX_TRIES {
        let (rows, is_consistent) = read()?;
        if is_consistent {
            return Ok(rows);
        }
    }
    let (mut rows, is_consistent) = read()?;
    if !is_consistent {
        rows.problems.push(Problem::new("changing", "the trace changed while it was being read"));
    }
    Ok(rows)
}

/// Reads the rows of several small traces in one read, in file order. `None` if that takes too long or fails: read the
/// traces one by one then.
pub(super) fn read_together(
    store: &SqliteStore,
    trace_ids: &[&str],
    selection: &SpanRowSelection<'_>,
) -> Option<Vec<SpanRows>> {
    let columns = span_columns::span(&store.schema, "t.content");
    let sql = format!("select {columns}, t.rowid, t.trace_id from spans t where t.rowid >= ? and t.rowid <= ?");
    let read = store.try_read(|connection| {
        let started = Instant::now();
        let mut row_ids = Vec::new();
        let mut statement = connection.prepare_cached(ROW_IDS)?;
        for (at, trace_id) in trace_ids.iter().enumerate() {
            let mut rows = statement.query([trace_id])?;
            while let Some(row) = rows.next()? {
                row_ids.push((row.get::<_, i64>(0)?, at));
            }
        }
        row_ids.sort_unstable();
        let mut of_traces: Vec<SpanRows> = trace_ids.iter().map(|_| SpanRows::default()).collect();
        let mut statement = connection.prepare_cached(&sql)?;
        let mut left = row_ids.iter().peekable();
        for run in runs(row_ids.iter().map(|(row_id, _)| *row_id)) {
            let mut rows = statement.query(run)?;
            while let Some(row) = rows.next()? {
                let row_id: i64 = row.get(span_columns::SPAN_COLUMNS)?;
                let trace_id = row.text_or_empty(span_columns::SPAN_COLUMNS + 1);
                let is_wanted = |(wanted, at): &&(i64, usize)| *wanted == row_id && trace_ids[*at] == trace_id;
                if let Some((_, at)) = left.next_if(is_wanted) {
                    span_columns::add_span(row, selection, &mut of_traces[*at]);
                }
                if store.database.blocks_writers() && started.elapsed() > limits::READ_TIME {
                    return Ok(None);
                }
            }
        }
        Ok(Some(of_traces).filter(|_| left.peek().is_none()))
    });
    // What is damaged is found and reported when the traces are read one by one.
    read.ok().flatten()
}

/// The row ids of a trace, from the index alone.
const ROW_IDS: &str = "select rowid from spans where trace_id = ?";

/// Reads the rows once. Also returns whether the trace stayed the same from the first read to the last.
///
/// Rows are read in file order. In index order, that of their random ids, the same pages would be read many times.
fn read_once(
    store: &SqliteStore,
    trace_id: &str,
    selection: &SpanRowSelection<'_>,
    failed: Option<&FailedRows>,
) -> rusqlite::Result<(SpanRows, bool)> {
    let sql = row_sql(store, "rowid");
    let mut rows = SpanRows::default();
    let (mut damaged, mut too_big) = (0_usize, 0_usize);
    let (row_ids, version) =
        store.try_read(|connection| Ok((find_row_ids(connection, trace_id)?, store.database.version()?)))?;
    let failed = failed.and_then(|failed| failed.get(trace_id));
    let chosen = failed.unwrap_or(&row_ids);
    let mut left = chosen.as_slice();
    let mut reads = 0;
    while !left.is_empty() {
        reads += 1;
        let page = store.try_read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            while let [row_id, rest @ ..] = left {
                if let Some(row) = statement.query((row_id, trace_id))?.next()? {
                    span_columns::add_span(row, selection, &mut rows);
                }
                left = rest;
                if started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            if left.is_empty() && failed.is_some() {
                add_ancestors(store, connection, trace_id, &mut rows)?;
            }
            Ok(())
        });
        match page {
            Err(error) if is_row_damage(&error) => {
                *(if is_too_big(&error) { &mut too_big } else { &mut damaged }) += 1;
                left = &left[1..];
            }
            other => other?,
        }
    }
    if damaged > 0 {
        let message = format!("the database is damaged: {damaged} of {} spans cannot be read", row_ids.len());
        rows.problems.push(Problem::new("damaged_rows", message));
    }
    if too_big > 0 {
        let max = limits::VALUE_BYTES >> 20;
        let message = format!("skipped {too_big} of {} spans, which are larger than {max} MiB", row_ids.len());
        rows.problems.push(Problem::new("skipped_rows", message));
    }
    // No program wrote, or none wrote rows of this trace.
    let is_same = || {
        store.try_read(|connection| {
            Ok(store.database.version()? == version || find_row_ids(connection, trace_id)? == row_ids)
        })
    };
    let is_consistent = row_ids.is_empty() || (reads == 1 && rows.spans.len() >= chosen.len()) || is_same()?;
    rows.skipped = row_ids.len().saturating_sub(rows.spans.len());
    Ok((rows, is_consistent))
}

/// Adds the ancestors of the spans that were read, from their columns only, so that the tree is connected.
fn add_ancestors(
    store: &SqliteStore,
    connection: &Connection,
    trace_id: &str,
    rows: &mut SpanRows,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&row_sql(store, "span_id"))?;
    let mut known: HashSet<SpanId> = rows.spans.iter().map(|span| span.id.clone()).collect();
    let mut at = 0;
    while at < rows.spans.len() {
        if let Some(parent) = rows.spans[at].parent.clone().filter(|parent| known.insert(parent.clone()))
            && let Some(row) = statement.query((parent.as_str(), trace_id))?.next()?
        {
            rows.spans.push(span_columns::skeleton(row));
        }
        at += 1;
    }
    Ok(())
}

/// Returns the row ids of a trace's spans in file order, from the index alone.
fn find_row_ids(connection: &Connection, trace_id: &str) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(ROW_IDS)?;
    let mut row_ids = statement.query_map([trace_id], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    row_ids.sort_unstable();
    Ok(row_ids)
}

/// Returns the ids of the traces that have span rows.
pub(super) fn traces_with_rows<'a>(
    store: &SqliteStore,
    trace_ids: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>> {
    let sql = "select value from json_each(?) where exists (select 1 from spans where trace_id = value)";
    let ids = serde_json::to_string(&trace_ids.collect::<Vec<_>>()).unwrap_or_default();
    store.read(|connection| connection.prepare_cached(sql)?.query_map([ids], |row| row.get(0))?.collect())
}

/// Reads the rows of a trace for conditions on spans, with attributes decoded.
pub(super) fn read_searchable(store: &SqliteStore, trace_id: &str) -> Result<Vec<SearchableSpan>> {
    let sql = format!("select {} from spans t where t.trace_id = ?", span_columns::SEARCHABLE);
    store.read(|connection| {
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([trace_id])?;
        let mut searched = Vec::new();
        while let Some(row) = rows.next()? {
            searched.push(span_columns::searchable(row));
        }
        Ok(searched)
    })
}

/// Feeds the content of a trace's rows to a prefilter until it passes. Returns the number of rows; `None` if there are
/// none, or if one has no content.
pub(super) fn prefilter(store: &SqliteStore, trace_id: &str, prefilter: &mut Prefilter<'_>) -> Result<Option<usize>> {
    let row_ids = store.read(|connection| find_row_ids(connection, trace_id))?;
    let mut left = row_ids.as_slice();
    let mut has_text = !row_ids.is_empty();
    while !left.is_empty() && !prefilter.has_passed() {
        let page = store.try_read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached("select content from spans where rowid = ?")?;
            while let [row_id, rest @ ..] = left {
                left = rest;
                if let Some(row) = statement.query([row_id])?.next()? {
                    let content = row.text_or_empty(0);
                    has_text &= !content.is_empty();
                    prefilter.scan(content.as_bytes());
                }
                if prefilter.has_passed() || started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        });
        match page {
            // Damage is reported when the span is read.
            Err(error) if is_row_damage(&error) => return Ok(None),
            other => other.map_err(|error| database_error(&store.name, error))?,
        }
    }
    Ok(has_text.then_some(row_ids.len()))
}

/// Returns SQL for a span row, selected by the value of column `key` and the trace id.
fn row_sql(store: &SqliteStore, key: &str) -> String {
    format!(
        "select {} from spans t where t.{key} = ?1 and t.trace_id = ?2",
        span_columns::span(&store.schema, "t.content")
    )
}
