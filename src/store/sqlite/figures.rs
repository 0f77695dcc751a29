//! What is counted and added up of each trace, without the rest of its record: for questions about many thousands.

use super::conditions::{self, Sql, time_bounds};
use super::fill::{self, COSTS, TOKENS};
use super::scan::{CLOCK_EVERY, experiment_list};
use super::schema::Schema;
use super::{SqliteStore, candidates, integer, text};
use crate::error::Result;
use crate::formats;
use crate::limits;
use crate::model::{Trace, TraceInfo, keys};
use crate::query::{Clause, Filter, Label};
use crate::store::{Query, Sink};
use rusqlite::{Row, types::Value};
use std::collections::HashMap;
use std::sync::mpsc::sync_channel;
use std::time::Instant;

/// The tags and entries of the metadata that a query of figures looks at; none where its conditions look at more.
pub(super) fn labels(store: &SqliteStore, query: &Query) -> Result<Option<Vec<Label>>> {
    let Some(mut labels) = query.only_figures.clone() else { return Ok(None) };
    let Filter { clauses } = &query.filter;
    for clause in clauses {
        match clause {
            Clause::Text(..) | Clause::Number(..) => {}
            Clause::Label(label, _) => labels.push(label.clone()),
            _ => return Ok(None),
        }
    }
    // Rows of the metadata, before 3.17 and where an upgrade has left some.
    for key in [keys::TOKEN_USAGE, keys::COST] {
        let table = "trace_request_metadata";
        if store.schema.has_table(table) && candidates::has_key(store, table, key)? {
            labels.push(Label::Metadata(key.to_owned()));
        }
    }
    let is_simple = conditions::are_exact(&store.schema, &query.filter);
    Ok(is_simple.then_some(labels))
}

/// The columns in front of the figures, and in front of the labels.
const FIXED: usize = 7;
const FIRST: usize = FIXED + TOKENS.len() + COSTS.len();

/// More rows are read by several threads, each of which has to open the database first.
const ENOUGH_ALONE: i64 = 20_000;

/// How many rows are read and handed on at once, into how many parts the table is cut at most, and how many of them may wait.
const PART: i64 = 512;
const PART_ROOM: usize = 512;
const MOST_PARTS: i64 = 4_096;
const PARTS_AHEAD: usize = 2;

/// Hands out the traces in the order in which they lie in the file. Of a large table several threads read parts in turns.
pub(super) fn read(store: &SqliteStore, query: &Query, labels: &[Label], sink: &mut dyn Sink) -> Result<()> {
    let conditions = conditions::of_filter(&store.schema, &query.filter);
    let reader = FiguresReader { sql: sql(&store.schema, query, labels, &conditions), conditions, labels };
    let ends = "select coalesce(min(rowid), 1), coalesce(max(rowid), 0) from trace_info";
    let (first, last) = store.read(|connection| {
        connection.prepare_cached(ends)?.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
    })?;
    let size = PART.max(last.saturating_sub(first) / MOST_PARTS);
    let parts = || (first..=last).step_by(usize::try_from(size).unwrap_or(usize::MAX)).map(move |from| (from, size));
    let names: HashMap<&str, &str> =
        query.experiments.iter().map(|one| (one.experiment_id.as_str(), one.name.as_str())).collect();
    let mut take = |part: Vec<Trace>| -> Result<bool> {
        for mut trace in part {
            trace.info.experiment_name = names.get(trace.info.experiment_id.as_str()).map(|name| (*name).to_owned());
            if sink.trace(trace)?.is_break() {
                return Ok(false);
            }
        }
        Ok(true)
    };
    let helpers = if last.saturating_sub(first) > ENOUGH_ALONE { store.helpers(query) } else { Vec::new() };
    for helper in &helpers {
        // Each page is read once, and so few are quicker to fill again and again.
        helper.read(|connection| connection.pragma_update(None, "cache_size", -512))?;
    }
    if helpers.is_empty() {
        for part in parts() {
            if !take(reader.read(store, part)?)? {
                break;
            }
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let count = helpers.len();
        let start = |(at, helper): (usize, SqliteStore)| {
            let (give, take) = sync_channel(PARTS_AHEAD);
            let reader = &reader;
            let own = move || parts().skip(at).step_by(count);
            let read = move || {
                for part in own() {
                    // The other end is gone once the taker has had enough.
                    if give.send(reader.read(&helper, part)).is_err() {
                        break;
                    }
                }
            };
            let parts: Box<dyn Iterator<Item = Result<Vec<Trace>>>> =
                match std::thread::Builder::new().spawn_scoped(scope, read) {
                    Ok(_) => Box::new(take.into_iter()),
                    // The system may allow fewer threads, or none.
                    Err(_) => Box::new(own().map(|part| reader.read(store, part))),
                };
            parts
        };
        let mut helpers: Vec<_> = helpers.into_iter().enumerate().map(start).collect();
        // They take turns, so the order stays, and with it the sums to the last digit.
        for at in (0..count).cycle() {
            let Some(part) = helpers[at].next() else { break };
            if !take(part?)? {
                break;
            }
        }
        Ok(())
    })
}

/// Reads parts of the table.
struct FiguresReader<'a> {
    sql: String,
    conditions: Sql,
    labels: &'a [Label],
}

impl FiguresReader<'_> {
    /// The traces in so many rows from one on.
    fn read(&self, store: &SqliteStore, part: (i64, i64)) -> Result<Vec<Trace>> {
        store.unlocked(|| self.read_rows(store, part))
    }

    fn read_rows(&self, store: &SqliteStore, (first, count): (i64, i64)) -> Result<Vec<Trace>> {
        let (mut from, end) = (first, first.saturating_add(count));
        let mut part = Vec::with_capacity(PART_ROOM);
        loop {
            let is_done = store.read(|connection| {
                let started = Instant::now();
                let mut values = self.conditions.values.clone();
                values.extend([Value::Integer(from), Value::Integer(end)]);
                let mut statement = connection.prepare_cached(&self.sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let mut seen = 0_usize;
                while let Some(row) = rows.next()? {
                    from = row.get::<_, i64>(0)?.saturating_add(1);
                    if integer(row, 1) == Some(1) {
                        part.push(Trace::without_spans(info(row, self.labels)));
                    }
                    seen += 1;
                    if seen.is_multiple_of(CLOCK_EVERY) && started.elapsed() > limits::READ_TIME {
                        return Ok(false);
                    }
                }
                Ok(true)
            })?;
            if is_done {
                return Ok(part);
            }
        }
    }
}

fn sql(schema: &Schema, query: &Query, labels: &[Label], conditions: &Sql) -> String {
    let fixed = [
        "t.rowid",
        &conditions.text,
        "t.request_id",
        "t.experiment_id",
        "t.timestamp_ms",
        "t.execution_time_ms",
        "t.status",
    ];
    let figures = TOKENS.iter().chain(&COSTS).map(|column| schema.column("trace_info", column));
    let labels = labels.iter().map(|label| match label {
        Label::Tag(key) if key == keys::NAME => schema.promoted("trace_name", "trace_tags", key),
        Label::Tag(key) => schema.promoted("", "trace_tags", key),
        Label::Metadata(key) if key == keys::SESSION => schema.promoted("session_id", "trace_request_metadata", key),
        Label::Metadata(key) => {
            let row = schema.promoted("", "trace_request_metadata", key);
            match key.as_str() {
                keys::TOKEN_USAGE => where_empty(schema, &TOKENS[..3], &row),
                keys::COST => where_empty(schema, &COSTS, &row),
                _ => row,
            }
        }
    });
    let columns: Vec<String> = fixed.map(str::to_owned).into_iter().chain(figures).chain(labels).collect();
    format!(
        "select {} from trace_info t where t.rowid >= ? and t.rowid < ? and t.experiment_id in ({}) {} order by t.rowid",
        columns.join(", "),
        experiment_list(query),
        time_bounds(&query.filter)
    )
}

/// A row of the metadata, where no column has what it is about.
fn where_empty(schema: &Schema, columns: &[&str], row: &str) -> String {
    let columns: Vec<String> = columns.iter().map(|column| schema.column("trace_info", column)).collect();
    format!("case when coalesce({}) is null then {row} end", columns.join(", "))
}

fn info(row: &Row<'_>, labels: &[Label]) -> TraceInfo {
    let mut info = TraceInfo {
        execution_duration_ms: integer(row, 5),
        recorded_usage: fill::usage(row, FIXED),
        cost: fill::cost(row, FIXED + TOKENS.len()),
        ..fill::blank(row, 2)
    };
    for (at, label) in labels.iter().enumerate() {
        let Some(value) = text(row, FIRST + at) else { continue };
        match label {
            Label::Tag(key) => info.tags.add(key, &value),
            Label::Metadata(key) => info.metadata.add(key, &value),
        }
    }
    info.derive(formats::json);
    info
}
