//! A running search: reads the traces found page by page.

use super::PostgresStore;
use super::connection::Reads;
use super::scan::Scan;
use super::{PgResult, count, figures, records, spans as span_rows};
use crate::limits;
use crate::model::{SearchableSpan, Trace, TraceInfo, keys};
use crate::query::ClauseSource;
use crate::store::error::Result;
use crate::store::spans::{self, SpanRows};
use crate::store::sql::span_columns::SpanRowSelection;
use crate::store::sql::{Figures, Schema, Sql, SqlValue, conditions};
use crate::store::{Query, RecordPart, Sink, SpanDetail, SpanSubset, parallel, rows};
use std::collections::{HashMap, HashSet};

/// Returns the maximum number of traces per page. Spans without attributes take little memory.
const fn max_page_size(query: &Query) -> usize {
    match query.projection.spans {
        None => 500,
        Some(SpanDetail::Calls | SpanDetail::Tree) => 256,
        Some(SpanDetail::Exceptions | SpanDetail::All) => 64,
    }
}

/// A page of traces as it was read in one transaction.
struct Page {
    infos: Vec<TraceInfo>,
    /// The traces with span rows, if the filter has conditions on them.
    in_rows: HashSet<String>,
    /// The span rows of each trace.
    spans: HashMap<String, SpanRows>,
    /// The same for conditions on attributes.
    searchable: HashMap<String, Vec<SearchableSpan>>,
}

/// Runs a query. Returns the number of matching traces if the query asks for it and counting is cheap.
pub(super) fn run(store: &PostgresStore, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
    if query.filter.needs_content() && has_archived_traces(store)? {
        sink.problem(conditions::skipped_archived());
    }
    let figures = figures::of_query(&store.schema, query).filter(|_| query.projection.subset == SpanSubset::All);
    let is_in_any_order = matches!(query.projection.record, RecordPart::Figures(_)) && query.projection.spans.is_none();
    if let Some(figures) = figures.as_ref().filter(|_| is_in_any_order) {
        figures::read(store, query, figures, sink)?;
        return Ok(None);
    }
    let names = query.experiment_names();
    let max_size = max_page_size(query);
    let first_size = query.plan.expected.unwrap_or(max_size).clamp(1, max_size);
    let mut scan = Scan::new(&store.schema, query, first_size);
    let read = |ids: &&[String]| store.database.read(|reads| read_page(reads, store, query, figures.as_ref(), ids));
    let mut connections = 1;
    loop {
        let ids = store.database.read(|reads| scan.next(reads))?;
        if ids.is_empty() {
            return Ok(None);
        }
        let chunks: Vec<&[String]> = ids.chunks(max_size).collect();
        // If all traces are needed, several pages are read at a time.
        if connections == 1 && chunks.len() > 1 && query.plan.expected.is_none() {
            connections += store.database.connect_more(max_connections() - 1);
        }
        for chunks in chunks.chunks(connections) {
            for page in parallel::in_parallel(chunks, connections, read) {
                for mut trace in page?.into_traces(store, query) {
                    trace.info.experiment_name =
                        names.get(trace.info.experiment_id.as_str()).map(|name| (*name).to_owned());
                    if sink.trace(trace).is_break() {
                        let is_counted = query.plan.counts_matches && !sink.has_failed();
                        return if is_counted { count::matches(store, query) } else { Ok(None) };
                    }
                }
            }
        }
    }
}

/// Returns how many connections may read at a time: the database and this program have the processors to share.
fn max_connections() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    processors.min(limits::CONCURRENT_CONNECTIONS)
}

fn has_archived_traces(store: &PostgresStore) -> Result<bool> {
    let sql = "select 1 from trace_tags where key = ? limit 1";
    let sql = Sql::new(sql, vec![SqlValue::Text(keys::ARCHIVE_LOCATION.to_owned())]);
    Ok(!store.database.read(|reads| reads.all(&sql, |_| ()))?.is_empty())
}

/// Reads the records of a page, and the spans that the projection and the filter need.
fn read_page(
    reads: &mut Reads<'_>,
    store: &PostgresStore,
    query: &Query,
    figures: Option<&Figures>,
    ids: &[String],
) -> PgResult<Page> {
    let (filter, schema) = (&query.filter, &store.schema);
    let mut infos = match figures {
        Some(figures) => figures::of_traces(reads, schema, figures, ids)?,
        None => records::read(reads, schema, ids, filter.needs(ClauseSource::Links))?,
    };
    // The spans of a trace that its record rules out are not read.
    infos.retain(|info| filter.matches_info(info));
    let ids: Vec<String> = infos.iter().map(|info| info.trace_id.clone()).collect();
    let has_conditions = filter.needs_rows() && schema.has_table("spans");
    let in_rows = if has_conditions { span_rows::traces_with_rows(reads, &ids)? } else { HashSet::new() };
    let spans = match SpanRowSelection::of_query(query, true) {
        Some(selection) => span_rows::read(reads, schema, &ids, &selection)?,
        None => HashMap::new(),
    };
    if let Some(figures) = figures
        && query.projection.spans.is_some()
    {
        complete_records(reads, schema, figures, &spans, &mut infos)?;
    }
    let is_searched = has_conditions && !is_evaluated(store, query);
    let searchable = if is_searched { span_rows::read_searchable(reads, &ids)? } else { HashMap::new() };
    Ok(Page { infos, in_rows, spans, searchable })
}

/// Reads the whole records of the traces that are not complete in the database.
fn complete_records(
    reads: &mut Reads<'_>,
    schema: &Schema,
    figures: &Figures,
    spans: &HashMap<String, SpanRows>,
    infos: &mut [TraceInfo],
) -> PgResult<()> {
    let is_complete = |info: &TraceInfo| {
        let rows = spans.get(&info.trace_id).filter(|rows| rows.without_content == 0);
        rows.is_some_and(|rows| figures.are_enough(info) && spans::are_all_in_rows(info, rows.spans.len()))
    };
    let ids: Vec<String> = infos.iter().filter(|info| !is_complete(info)).map(|info| info.trace_id.clone()).collect();
    let whole = if ids.is_empty() { Vec::new() } else { records::read(reads, schema, &ids, false)? };
    let mut whole: HashMap<String, TraceInfo> = whole.into_iter().map(|info| (info.trace_id.clone(), info)).collect();
    for info in infos {
        match whole.remove(&info.trace_id) {
            Some(record) => *info = record,
            None => info.span_count = info.span_count.or_else(|| Some(spans.get(&info.trace_id)?.spans.len() as u64)),
        }
    }
    Ok(())
}

/// Whether the database evaluates all conditions on span rows.
fn is_evaluated(store: &PostgresStore, query: &Query) -> bool {
    !query.filter.needs_attributes() && conditions::evaluate_span_rows(&store.schema, &query.filter)
}

impl Page {
    /// Assembles the traces, whose other spans are in files.
    fn into_traces(mut self, store: &PostgresStore, query: &Query) -> impl Iterator<Item = Trace> {
        self.infos.into_iter().map(move |info| {
            // Of a trace in rows, the database has evaluated the conditions on them, or they were read for that.
            let is_decided = !query.filter.needs_rows() || self.in_rows.contains(&info.trace_id);
            let searchable = self.searchable.remove(&info.trace_id);
            let rows = self.spans.remove(&info.trace_id).unwrap_or_default();
            let mut trace = match SpanRowSelection::of_query(query, is_decided) {
                Some(selection) => spans::assemble(info, rows, &store.artifacts, selection.detail),
                None => Trace::without_spans(info),
            };
            if !is_decided {
                trace.rows = Some(rows::from_spans(&trace, &query.filter));
            } else if !is_evaluated(store, query) {
                trace.rows = Some(searchable.unwrap_or_default());
            }
            trace
        })
    }
}
