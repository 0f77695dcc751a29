//! Reads only the values of each trace that are counted and summed, for queries over many thousands of traces.
//!
//! A record has a dozen tags and metadata entries, which take longer to find than the spans of a small trace.

use super::loaded_page::LoadedPage;
use super::page_labels::PageLabel;
use super::parts::{self, Division};
use super::row_range::RowRange;
use super::trace_row::{CLOCK_EVERY, TraceRow, runs};
use super::{SqliteStore, candidates};
use crate::limits;
use crate::model::{Trace, TraceInfo, keys};
use crate::query::Label;
use crate::store::error::Result;
use crate::store::sql::{Figures, Schema, Sql, SqlRow as _, SqlValue, conditions, expressions};
use crate::store::{Query, Sink};
use std::time::Instant;

/// Returns what a query uses. `None` if it needs more than figures.
pub(super) fn of_query(store: &SqliteStore, query: &Query) -> Result<Option<Figures>> {
    let Some(mut figures) = Figures::of_query(&store.schema, query) else { return Ok(None) };
    // Metadata rows, from before 3.17 or left over by an upgrade.
    for key in [keys::TOKEN_USAGE, keys::COST] {
        let table = "trace_request_metadata";
        if store.schema.has_table(table) && candidates::has_key(store, table, key)? {
            figures.add(Label::metadata(key));
        }
    }
    Ok(Some(figures))
}

/// Reads the traces in file order.
pub(super) fn read(
    store: &SqliteStore,
    query: &Query,
    figures: &Figures,
    rows: RowRange,
    sink: &mut dyn Sink,
) -> Result<()> {
    let conditions = conditions::from_filter(&store.schema, &query.filter);
    let sql = format!(
        "select t.rowid, {}, {} from trace_info t where t.rowid between ? and ? and t.experiment_id in ({}) {} order by t.rowid limit ?",
        conditions.text,
        figures.columns(&store.schema),
        expressions::experiment_ids(&query.experiments),
        conditions::time_bounds(&query.filter)
    );
    let reader = FiguresReader { sql, conditions, figures };
    let names = query.experiment_names();
    let read = |store: &SqliteStore, part| {
        let mut traces = reader.read(store, part)?;
        for Trace { info, .. } in &mut traces {
            info.experiment_name = names.get(info.experiment_id.as_str()).map(|name| (*name).to_owned());
        }
        Ok(LoadedPage { traces, ..LoadedPage::default() })
    };
    parts::for_each(store, query, rows, &DIVISION, read, sink).map(drop)
}

/// The parts in which figures are read.
const DIVISION: Division = Division { min_rows: 512, max_rows_alone: 20_000, visits_pages_once: true };

/// The capacity reserved for a part's traces.
const PART_CAPACITY: usize = 512;

/// Reads the figures of traces that were found in order.
pub(super) struct FiguresOfTraces {
    sql: String,
    figures: Figures,
    /// Which entries tell whether all spans of a trace are in the database.
    labels: Vec<PageLabel>,
}

impl FiguresOfTraces {
    /// If `with_spans`, records also tell whether all their spans are in the database.
    pub(super) fn new(schema: &Schema, figures: Figures, with_spans: bool) -> Self {
        let entries = [
            ("trace_tags", keys::SPANS_LOCATION, Label::Tag(keys::SPANS_LOCATION.to_owned())),
            ("trace_request_metadata", keys::SIZE_STATS, Label::metadata(keys::SIZE_STATS)),
        ];
        let exist = |table: &str| with_spans && schema.has_table(table);
        let labels = entries.into_iter().filter(|(table, ..)| exist(table));
        let columns = figures.columns(schema);
        Self {
            sql: format!("select t.rowid, {columns} from trace_info t where t.rowid >= ? and t.rowid <= ?"),
            figures,
            labels: labels.map(|(table, key, label)| PageLabel::new(table, key, label)).collect(),
        }
    }

    /// Whether the figures of a trace are all that is needed of its record.
    pub(super) fn are_enough(&self, info: &TraceInfo) -> bool {
        self.figures.are_enough(info)
    }

    /// Reads the traces that still exist, with their rows.
    pub(super) fn read<'a>(
        &self,
        store: &SqliteStore,
        hits: &'a [TraceRow],
    ) -> rusqlite::Result<Vec<(&'a TraceRow, TraceInfo)>> {
        let mut in_file_order: Vec<(usize, &TraceRow)> = hits.iter().enumerate().collect();
        in_file_order.sort_unstable_by_key(|(_, hit)| hit.rowid);
        let traces: Vec<&TraceRow> = in_file_order.iter().map(|(_, hit)| *hit).collect();
        let mut found: Vec<Option<TraceInfo>> = hits.iter().map(|_| None).collect();
        store.try_read(|connection| {
            let read = |label: &PageLabel| Ok((label.label.clone(), label.read(connection, &traces)?));
            let mut labels = self.labels.iter().map(read).collect::<rusqlite::Result<Vec<_>>>()?;
            let mut statement = connection.prepare_cached(&self.sql)?;
            let mut left = in_file_order.iter().peekable();
            for run in runs(traces.iter().map(|hit| hit.rowid)) {
                let mut rows = statement.query(run)?;
                while let Some(row) = rows.next()? {
                    let row_id: i64 = row.get(0)?;
                    // Rows deleted since are passed.
                    while left.next_if(|(_, hit)| hit.rowid < row_id).is_some() {}
                    if let Some((at, hit)) = left.next_if(|(_, hit)| hit.rowid == row_id) {
                        let more =
                            labels.iter_mut().filter_map(|(label, values)| Some((&*label, values.remove(&hit.id)?)));
                        found[*at] = Some(self.figures.info(row, 1, more)).filter(|info| info.trace_id == hit.id);
                    }
                }
            }
            Ok(())
        })?;
        Ok(hits.iter().zip(found).filter_map(|(hit, info)| Some((hit, info?))).collect())
    }
}

/// Reads the traces in parts of the table.
struct FiguresReader<'a> {
    sql: String,
    conditions: Sql,
    figures: &'a Figures,
}

impl FiguresReader<'_> {
    /// Reads the matching traces of a part.
    fn read(&self, store: &SqliteStore, part: RowRange) -> Result<Vec<Trace>> {
        store.unlocked(|| self.read_rows(store, part))
    }

    fn read_rows(&self, store: &SqliteStore, mut part: RowRange) -> Result<Vec<Trace>> {
        let mut traces = Vec::with_capacity(PART_CAPACITY);
        loop {
            let is_done = store.read(|connection| {
                let started = Instant::now();
                let mut values = self.conditions.values.clone();
                values.extend(part.bounds().map(SqlValue::Integer));
                let mut statement = connection.prepare_cached(&self.sql)?;
                let mut rows = statement.query(rusqlite::params_from_iter(values))?;
                let mut seen = 0_usize;
                while let Some(row) = rows.next()? {
                    part.first = row.get::<_, i64>(0)?.saturating_add(1);
                    if row.integer(1) == Some(1) {
                        traces.push(Trace::without_spans(self.figures.info(row, 2, [])));
                    }
                    seen += 1;
                    if seen.is_multiple_of(CLOCK_EVERY) && started.elapsed() > limits::READ_TIME {
                        return Ok(false);
                    }
                }
                Ok(true)
            })?;
            if is_done {
                return Ok(traces);
            }
        }
    }
}
