//! A running search: reads the traces found page by page, on several threads if all are needed.

use super::candidates;
use super::count;
use super::damage::{is_row_damage, is_too_big, unless_damaged};
use super::figures::{self, FiguresOfTraces};
use super::loaded_page::LoadedPage;
use super::parts::{self, Division};
use super::row_range::RowRange;
use super::scan::Scan;
use super::span_rows::{self, FailedRows};
use super::trace_row::TraceRow;
use super::{SqliteStore, database_error, records};
use crate::limits;
use crate::model::{Problem, Trace, TraceInfo, keys};
use crate::query::ClauseSource;
use crate::store::error::{Result, StoreError};
use crate::store::sql::conditions;
use crate::store::sql::span_columns::SpanRowSelection;
use crate::store::{Query, RecordPart, Sink, SpanDetail, SpanSubset, rows, spans};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// Records per read, which takes a few milliseconds.
const RECORDS_PER_READ: usize = 50;

/// Traces whose spans are read together if the read blocks writers.
const TRACES_PER_LOCKED_READ: usize = 8;

/// Returns the maximum number of traces per page. Spans without attributes take little memory.
const fn max_page_size(query: &Query) -> usize {
    match query.projection.spans {
        None => 250,
        Some(SpanDetail::Calls | SpanDetail::Tree) => 128,
        Some(SpanDetail::Exceptions | SpanDetail::All) => 32,
    }
}

/// The number of traces that one thread checks before others help, each of which has to open the database first.
const MAX_TRACES_ALONE: usize = 100;

/// The number of pages that each worker may read ahead.
const PAGES_AHEAD: usize = 2;

/// Runs a query. Returns the number of matching traces if the query asks for it and counting is cheap.
pub(super) fn run(store: &SqliteStore, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
    store.database.bounds.use_regexes(&query.filter);
    if query.filter.needs_content() && candidates::has_key(store, "trace_tags", keys::ARCHIVE_LOCATION)? {
        sink.problem(conditions::skipped_archived());
    }
    let figures = figures::of_query(store, query)?;
    let with_spans = query.projection.spans.is_some();
    let is_in_any_order = figures.is_some() && matches!(query.projection.record, RecordPart::Figures(_));
    // If one of these rows is damaged, traces are found along an index, as far as that is readable.
    let rows = if is_in_any_order { unless_damaged(RowRange::of_traces(store).map(Some))? } else { None };
    if let (Some(figures), Some(rows), false) = (&figures, rows, with_spans) {
        figures::read(store, query, figures, rows, sink)?;
        return Ok(None);
    }
    let rows = match rows {
        Some(rows) if query.plan.expected.is_none() => unless_damaged(rows_to_read_in_parts(store, query, rows))?,
        _ => None,
    };
    let mut scan = Scan::begin(store, query)?;
    let are_spans_in_rows = query.projection.subset == SpanSubset::All && store.schema.has_table("spans");
    let figures = figures.filter(|_| are_spans_in_rows || !with_spans);
    let loader = PageLoader {
        query,
        experiment_names: query.experiment_names(),
        failed: scan.take_failed_rows(),
        figures: figures.map(|figures| FiguresOfTraces::new(&store.schema, figures, with_spans)),
    };
    let mut search = Search { store, scan, loader: &loader, sink };
    let ended = match rows {
        Some(rows) => search.read_in_file_order(rows)?,
        None => search.read_all()?,
    };
    let is_counted = ended.is_break() && query.plan.counts_matches && !search.sink.has_failed();
    search.finish();
    if is_counted { count::matches(store, query) } else { Ok(None) }
}

/// Returns the rows if a query selects all of them, and parts of them have about as many traces.
fn rows_to_read_in_parts(store: &SqliteStore, query: &Query, rows: RowRange) -> Result<Option<RowRange>> {
    Ok(if count::are_all(store, query)? && rows.are_even(store)? { Some(rows) } else { None })
}

/// A running search.
struct Search<'a> {
    store: &'a SqliteStore,
    scan: Scan,
    loader: &'a PageLoader<'a>,
    sink: &'a mut dyn Sink,
}

/// Loads the traces of pages. Shared by the threads of a search, each with its own connection.
struct PageLoader<'a> {
    query: &'a Query,
    /// The names of the searched experiments, by id.
    experiment_names: HashMap<&'a str, &'a str>,
    /// The rows of failed spans, if the query uses no others and they were listed to find the traces.
    failed: Option<FailedRows>,
    /// Reads the records, if their figures are enough.
    figures: Option<FiguresOfTraces>,
}

impl Search<'_> {
    /// Reads all traces. `Break` if the sink ended the search.
    fn read_all(&mut self) -> Result<ControlFlow<()>> {
        let query = self.loader.query;
        let can_have_workers = self.store.path.is_some();
        // If all traces are needed, workers read pages from the start while this thread passes them on.
        if !can_have_workers || query.plan.expected.is_some() {
            let max = if can_have_workers && query.filter.needs_spans() { MAX_TRACES_ALONE } else { usize::MAX };
            if let Some(ended) = self.read_alone(max)? {
                return Ok(ended);
            }
        }
        self.read_in_parallel(self.store.worker_stores(query))
    }

    /// Reads all traces of the database in parts of its file.
    fn read_in_file_order(&mut self, rows: RowRange) -> Result<ControlFlow<()>> {
        let loader = self.loader;
        let size = i64::try_from(max_page_size(loader.query)).unwrap_or(i64::MAX);
        let division = Division { min_rows: size, max_rows_alone: size, visits_pages_once: false };
        let read = |store: &SqliteStore, part| loader.load(store, &parts::read_hits(store, part)?);
        parts::for_each(self.store, loader.query, rows, &division, read, self.sink)
    }

    /// Reads traces on this thread. `None` if there may be more after `max` of them.
    fn read_alone(&mut self, max: usize) -> Result<Option<ControlFlow<()>>> {
        let query = self.loader.query;
        let max_size = max_page_size(query);
        let mut size = query.plan.expected.unwrap_or(max_size).clamp(1, max_size);
        let mut checked = 0;
        while checked <= max {
            let hits = self.scan.next(self.store, size)?;
            if hits.is_empty() {
                return Ok(Some(ControlFlow::Continue(())));
            }
            let page = self.loader.load(self.store, &hits)?;
            if page.send_to(self.sink).is_break() {
                return Ok(Some(ControlFlow::Break(())));
            }
            checked = checked.saturating_add(hits.len());
            size = (size * 2).min(max_size);
        }
        Ok(None)
    }

    /// Reads traces with workers that load pages in turns. The order of traces is kept.
    fn read_in_parallel(&mut self, workers: Vec<SqliteStore>) -> Result<ControlFlow<()>> {
        let loader = self.loader;
        std::thread::scope(|scope| {
            let start = |worker: SqliteStore| {
                let (send_hits, receive_hits) = sync_channel::<Vec<TraceRow>>(PAGES_AHEAD);
                let (send_page, receive_page) = sync_channel(PAGES_AHEAD);
                let read = move || {
                    // Both channels close if the sink ended the search.
                    for hits in receive_hits {
                        if send_page.send(loader.load(&worker, &hits)).is_err() {
                            break;
                        }
                    }
                };
                // The system may allow fewer threads, or none.
                std::thread::Builder::new().spawn_scoped(scope, read).ok().map(|_| (send_hits, receive_page))
            };
            let workers: Vec<_> = workers.into_iter().map_while(start).collect();
            if workers.is_empty() {
                let ended = self.read_alone(usize::MAX)?;
                return Ok(ended.unwrap_or(ControlFlow::Continue(())));
            }
            let (mut sent, mut received, mut is_done) = (0, 0, false);
            loop {
                while !is_done && sent - received < workers.len() * PAGES_AHEAD {
                    let hits = self.scan.next(self.store, max_page_size(loader.query))?;
                    is_done = hits.is_empty() || workers[sent % workers.len()].0.send(hits).is_err();
                    sent += usize::from(!is_done);
                }
                if received == sent {
                    return Ok(ControlFlow::Continue(()));
                }
                let Ok(page) = workers[received % workers.len()].1.recv() else {
                    return Err(StoreError::WorkerEnded);
                };
                received += 1;
                if page?.send_to(self.sink).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        })
    }

    /// Reports the problems of finding the traces.
    fn finish(self) {
        let Self { scan, sink, .. } = self;
        scan.into_problems().into_iter().for_each(|problem| sink.problem(problem));
    }
}

impl PageLoader<'_> {
    /// Loads a page: the records, and the spans if they are needed.
    fn load(&self, store: &SqliteStore, hits: &[TraceRow]) -> Result<LoadedPage> {
        let rows = if self.query.projection.spans.is_some() { usize::MAX } else { hits.len() };
        store.unlocked_if_many(rows, || match self.load_with_figures(store, hits) {
            Some(page) => page,
            None => self.load_once(store, hits),
        })
    }

    /// Loads the figures of a page, and the spans if they are needed. Traces that are not complete in the database, which
    /// are few, are loaded with their records. `None` if all have to be.
    fn load_with_figures(&self, store: &SqliteStore, hits: &[TraceRow]) -> Option<Result<LoadedPage>> {
        let figures = self.figures.as_ref()?;
        // What is damaged is reported when the whole records are read.
        let mut records = figures.read(store, hits).ok()?;
        records.retain(|(_, info)| self.query.filter.matches_info(info));
        for (_, info) in &mut records {
            self.set_experiment_name(info);
        }
        let mut page = LoadedPage { problems: Vec::new(), traces: Vec::with_capacity(records.len()) };
        let Some(detail) = self.query.projection.spans else {
            page.traces.extend(records.into_iter().map(|(_, info)| Trace::without_spans(info)));
            return Some(Ok(page));
        };
        let ids: Vec<&str> = records.iter().map(|(hit, _)| hit.id.as_str()).collect();
        let per_read = if store.database.blocks_writers() { TRACES_PER_LOCKED_READ } else { hits.len().max(1) };
        let mut rows = Vec::with_capacity(ids.len());
        for ids in ids.chunks(per_read) {
            rows.extend(span_rows::read_together(store, ids, &SpanRowSelection::all(detail))?);
        }
        for ((hit, mut info), rows) in records.into_iter().zip(rows) {
            info.span_count = info.span_count.or(Some(rows.spans.len() as u64));
            let is_complete = rows.without_content == 0 && !rows.spans.is_empty();
            if is_complete && figures.are_enough(&info) && spans::are_all_in_rows(&info, rows.spans.len()) {
                page.traces.push(spans::assemble(info, rows, &store.artifacts, detail));
                continue;
            }
            match self.load_once(store, std::slice::from_ref(hit)) {
                Ok(more) => {
                    page.problems.extend(more.problems);
                    page.traces.extend(more.traces);
                }
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(page))
    }

    fn load_once(&self, store: &SqliteStore, hits: &[TraceRow]) -> Result<LoadedPage> {
        let filter = &self.query.filter;
        let mut problems = Vec::new();
        let mut infos = store.infos(hits, filter.needs(ClauseSource::Links), &mut problems)?;
        // The spans of a trace that its record rules out are not read.
        infos.retain(|info| filter.matches_info(info));
        let in_rows = if filter.needs_rows() && store.schema.has_table("spans") {
            span_rows::traces_with_rows(store, infos.iter().map(|info| info.trace_id.as_str()))?
        } else {
            HashSet::new()
        };
        let mut traces = Vec::with_capacity(infos.len());
        for mut info in infos {
            self.set_experiment_name(&mut info);
            let is_in_rows = in_rows.contains(&info.trace_id);
            traces.extend(self.load_trace(store, info, is_in_rows)?);
        }
        Ok(LoadedPage { problems, traces })
    }

    fn set_experiment_name(&self, info: &mut TraceInfo) {
        let name = self.experiment_names.get(info.experiment_id.as_str());
        info.experiment_name = name.map(|name| (*name).to_owned());
    }

    /// Loads the spans that the projection and the filter need. `None` if the prefilter rules the trace out.
    fn load_trace(&self, store: &SqliteStore, info: TraceInfo, is_in_rows: bool) -> Result<Option<Trace>> {
        let query = self.query;
        let filter = &query.filter;
        if let Some(mut prefilter) = filter.prefilter()
            && store.schema.has_table("spans")
        {
            let rows = span_rows::prefilter(store, &info.trace_id, &mut prefilter)?;
            if !prefilter.has_passed() && rows.is_some_and(|rows| spans::are_all_in_rows(&info, rows)) {
                return Ok(None);
            }
        }
        // The database has evaluated conditions on rows, except on attributes.
        let is_decided = !filter.needs_rows() || is_in_rows;
        let mut trace = match SpanRowSelection::of_query(query, is_decided) {
            Some(selection) => {
                let failed = self.failed.as_ref().filter(|_| selection.only_errors);
                store.with_spans(info, &selection, failed)?
            }
            None => Trace::without_spans(info),
        };
        if !is_decided {
            trace.rows = Some(rows::from_spans(&trace, filter));
        } else if filter.needs_attributes() {
            trace.rows = Some(span_rows::read_searchable(store, &trace.info.trace_id)?);
        }
        Ok(Some(trace))
    }
}

impl SqliteStore {
    /// Reads the records of a page of traces, in order, without the names of their experiments. If the page is damaged, reads them one by one, so that each
    /// unreadable record is one problem.
    pub(super) fn infos(
        &self,
        hits: &[TraceRow],
        with_links: bool,
        problems: &mut Vec<Problem>,
    ) -> Result<Vec<TraceInfo>> {
        let read =
            |hits: &[TraceRow]| self.try_read(|connection| records::infos(connection, &self.schema, hits, with_links));
        let mut infos = Vec::with_capacity(hits.len());
        for chunk in hits.chunks(RECORDS_PER_READ) {
            match read(chunk) {
                Ok(page) => infos.extend(page),
                Err(error) if is_row_damage(&error) => {
                    for hit in chunk {
                        match read(std::slice::from_ref(hit)) {
                            Ok(info) => infos.extend(info),
                            Err(error) => {
                                let max = limits::RECORD_VALUE_BYTES >> 20;
                                let too_big = || format!("a value is larger than {max} MiB");
                                let why = if is_too_big(&error) { too_big() } else { error.to_string() };
                                let message = format!("cannot read the record of {}: {why}", hit.id);
                                problems.push(Problem::new("damaged_trace", message).for_trace(&hit.id));
                            }
                        }
                    }
                }
                Err(error) => return Err(database_error(&self.name, error).into()),
            }
        }
        Ok(infos)
    }
}
