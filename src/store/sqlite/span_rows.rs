//! Rows of the `spans` table (3.3 on).

use super::{SqliteStore, database_error, fill, is_damage, is_too_big, str_of, text};
use crate::error::Result;
use crate::formats::{self, SpanDetail};
use crate::limits;
use crate::model::{Problem, SearchableSpan, Span, SpanId, SpanStatus, SpanType, Timestamp};
use crate::query::Prefilter;
use crate::store::Projection;
use crate::store::spans::{SpanRows, keep};
use rusqlite::{Connection, Row};
use std::collections::{HashMap, HashSet};
use std::time::Instant;

/// How often a trace is read again because it changed in the middle.
const TRIES: usize = 3;

/// The rows of spans that failed, by the id of their trace.
pub(super) type FailedRows = HashMap<String, Vec<i64>>;

/// What of the rows is read.
pub(super) struct SpanColumns<'a> {
    pub(super) keep: SpanDetail,
    /// The only types looked at.
    pub(super) types: Option<&'a [String]>,
    /// Whether only spans that failed are looked at.
    pub(super) only_errors: bool,
    /// Where these are known already.
    pub(super) failed: Option<&'a FailedRows>,
}

impl SpanColumns<'_> {
    /// Every span whole.
    pub(super) const fn all(need: Projection) -> Self {
        Self { keep: keep(need), types: None, only_errors: false, failed: None }
    }

    /// Whether a span's content is read. What the column does not tell may be told there.
    fn includes(&self, column_type: Option<&str>, row: &Row<'_>) -> bool {
        if self.only_errors && str_of(row, 4) != "ERROR" {
            return false;
        }
        let is_told = column_type.filter(|name| !name.is_empty() && *name != "UNKNOWN");
        self.types.is_none_or(|types| is_told.is_none_or(|name| types.iter().any(|wanted| wanted == name)))
    }
}

/// Reads the rows of a trace. A large one takes several short transactions; if it changed between them, it is read again.
pub(super) fn read(store: &SqliteStore, trace_id: &str, wanted: &SpanColumns<'_>) -> Result<SpanRows> {
    let read = || pass(store, trace_id, wanted).map_err(|error| database_error(&store.name, &error));
    for _ in 1..TRIES {
        let (rows, is_consistent) = read()?;
        if is_consistent {
            return Ok(rows);
        }
    }
    let (mut rows, is_consistent) = read()?;
    if !is_consistent {
        rows.problems.push(Problem::new("changing", "the trace was being written while it was read"));
    }
    Ok(rows)
}

/// One pass over the rows, and whether the trace stayed the same from the first read to the last.
///
/// Rows are read in the order in which they lie in the file: by the index, in the order of their random ids, the same
/// pages would be read many times.
fn pass(store: &SqliteStore, trace_id: &str, wanted: &SpanColumns<'_>) -> rusqlite::Result<(SpanRows, bool)> {
    let sql = sql(store, "rowid");
    let mut rows = SpanRows::default();
    let (mut damaged, mut too_big) = (0_usize, 0_usize);
    let (places, version) =
        store.try_read(|connection| Ok((places(connection, trace_id)?, store.database.version()?)))?;
    let failed = wanted.failed.and_then(|failed| failed.get(trace_id));
    let chosen = failed.unwrap_or(&places);
    let mut left = chosen.as_slice();
    let mut reads = 0;
    while !left.is_empty() {
        reads += 1;
        let page = store.try_read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached(&sql)?;
            while let [place, rest @ ..] = left {
                if let Some(row) = statement.query((place, trace_id))?.next()? {
                    take(row, wanted, &mut rows);
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
            Err(error) if is_damage(&error) => {
                *(if is_too_big(&error) { &mut too_big } else { &mut damaged }) += 1;
                left = &left[1..];
            }
            other => other?,
        }
    }
    if damaged > 0 {
        let message = format!("the database is damaged: {damaged} spans of {} cannot be read", places.len());
        rows.problems.push(Problem::new("damaged_rows", message));
    }
    if too_big > 0 {
        let most = limits::VALUE_BYTES >> 20;
        let message = format!("spans of more than {most} MiB are not read: {too_big} of {}", places.len());
        rows.problems.push(Problem::new("skipped_rows", message));
    }
    // Nobody wrote at all, or at least not to the rows of this trace.
    let is_same = || {
        store.try_read(|connection| {
            Ok(store.database.version()? == version || self::places(connection, trace_id)? == places)
        })
    };
    let is_consistent = places.is_empty() || (reads == 1 && rows.spans.len() >= chosen.len()) || is_same()?;
    rows.left_out = places.len().saturating_sub(rows.spans.len());
    Ok((rows, is_consistent))
}

/// Adds the spans above those that were read, as their columns tell them, so that the tree holds together.
fn add_ancestors(
    store: &SqliteStore,
    connection: &Connection,
    trace_id: &str,
    rows: &mut SpanRows,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&sql(store, "span_id"))?;
    let mut known: HashSet<SpanId> = rows.spans.iter().map(|span| span.id.clone()).collect();
    let mut at = 0;
    while at < rows.spans.len() {
        if let Some(parent) = rows.spans[at].parent.clone().filter(|parent| known.insert(parent.clone()))
            && let Some(row) = statement.query((parent.as_str(), trace_id))?.next()?
        {
            rows.spans.push(skeleton(row));
        }
        at += 1;
    }
    Ok(())
}

/// Where the rows of a trace lie. The index alone tells it.
fn places(connection: &Connection, trace_id: &str) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached("select rowid from spans where trace_id = ?")?;
    let mut places = statement.query_map([trace_id], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
    places.sort_unstable();
    Ok(places)
}

/// Those of some traces that have any row at all.
pub(super) fn with_any<'a>(store: &SqliteStore, trace_ids: impl Iterator<Item = &'a str>) -> Result<HashSet<String>> {
    let sql = "select value from json_each(?) where exists (select 1 from spans where trace_id = value)";
    let ids = serde_json::to_string(&trace_ids.collect::<Vec<_>>()).unwrap_or_default();
    store.read(|connection| connection.prepare_cached(sql)?.query_map([ids], |row| row.get(0))?.collect())
}

/// The rows of a trace as conditions look at them, with attributes decoded.
pub(super) fn searched(store: &SqliteStore, trace_id: &str) -> Result<Vec<SearchableSpan>> {
    let sql = "select name, type, status, start_time_unix_nano, content from spans where trace_id = ?";
    store.read(|connection| {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query([trace_id])?;
        let mut searched = Vec::new();
        while let Some(row) = rows.next()? {
            let content = str_of(row, 4).into_owned();
            let payload = formats::span(&content, SpanDetail::All, None).ok().and_then(|span| span.payload);
            searched.push(SearchableSpan {
                name: text(row, 0).unwrap_or_default(),
                span_type: text(row, 1),
                status: text(row, 2).unwrap_or_default(),
                start: Timestamp(super::integer(row, 3).unwrap_or_default()),
                content: Some(content),
                attributes: payload.map(|payload| payload.attributes).unwrap_or_default(),
            });
        }
        Ok(searched)
    })
}

/// Shows the stored text of a trace's rows to a sieve until it is passed. `None` where rows have no text or there are
/// none, else how many there are.
pub(super) fn sift(store: &SqliteStore, trace_id: &str, sieve: &mut Prefilter<'_>) -> Result<Option<usize>> {
    let places = store.read(|connection| places(connection, trace_id))?;
    let mut left = places.as_slice();
    let mut has_text = !places.is_empty();
    while !left.is_empty() && !sieve.is_passed() {
        let page = store.try_read(|connection| {
            let started = Instant::now();
            let mut statement = connection.prepare_cached("select content from spans where rowid = ?")?;
            while let [place, rest @ ..] = left {
                left = rest;
                if let Some(row) = statement.query([place])?.next()? {
                    let content = str_of(row, 0);
                    has_text &= !content.is_empty();
                    sieve.take(content.as_bytes());
                }
                if sieve.is_passed() || started.elapsed() > limits::READ_TIME {
                    break;
                }
            }
            Ok(())
        });
        match page {
            // What is wrong is reported where the span is read.
            Err(error) if is_damage(&error) => return Ok(None),
            other => other.map_err(|error| database_error(&store.name, &error))?,
        }
    }
    Ok(has_text.then_some(places.len()))
}

/// The row of a trace that a key names.
fn sql(store: &SqliteStore, key: &str) -> String {
    let optional = ["input_cost", "output_cost", "total_cost", "model_name", "model_provider"];
    let columns: Vec<String> = optional.iter().map(|column| store.schema.column("spans", column)).collect();
    format!(
        "select t.span_id, t.parent_span_id, t.name, t.type, t.status, t.start_time_unix_nano, t.end_time_unix_nano, t.content, {} \
         from spans t where t.{key} = ?1 and t.trace_id = ?2",
        columns.join(", ")
    )
}

fn take(row: &Row<'_>, wanted: &SpanColumns<'_>, rows: &mut SpanRows) {
    let column_type = text(row, 3);
    if !wanted.includes(column_type.as_deref(), row) {
        rows.spans.push(skeleton(row));
        return;
    }
    let content = str_of(row, 7);
    if content.is_empty() {
        rows.without_content += 1;
        rows.spans.push(skeleton(row));
        return;
    }
    match formats::span(&content, wanted.keep, column_type.as_deref()) {
        Ok(mut span) => {
            // 3.17 on keeps these in columns, and not always in the content too.
            span.model = span.model.or_else(|| text(row, 11));
            span.provider = span.provider.or_else(|| text(row, 12));
            span.cost = span.cost.or_else(|| fill::cost(row, 8));
            rows.spans.push(span);
        }
        Err(why) => {
            let span = skeleton(row);
            rows.problems
                .push(Problem::new("damaged_span", format!("the content of span {} cannot be read: {why}", span.id)));
            rows.spans.push(span);
        }
    }
}

/// A span as its columns tell it.
fn skeleton(row: &Row<'_>) -> Span {
    let id = SpanId::new(text(row, 0).unwrap_or_default());
    let start = Timestamp(super::integer(row, 5).unwrap_or_default());
    Span {
        parent: text(row, 1).filter(|id| !id.is_empty()).map(SpanId::new),
        span_type: SpanType::new(text(row, 3)),
        status: SpanStatus::parse(&text(row, 4).unwrap_or_default()),
        end: super::integer(row, 6).filter(|end| *end != 0).map(Timestamp),
        model: text(row, 11),
        provider: text(row, 12),
        cost: fill::cost(row, 8),
        ..Span::new(id, text(row, 2).unwrap_or_default(), start)
    }
}
