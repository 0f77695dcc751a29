//! Runs a search: reads the traces found page by page, on several threads if all are needed.

use super::scan::Scan;
use super::span_rows::{self, SpanRowSelection};
use super::trace_row::TraceRow;
use super::{SqliteStore, database_error, is_row_damage, is_too_big, open, records};
use crate::error::{Error, ErrorCode, Result};
use crate::limits;
use crate::model::{Problem, Trace, TraceInfo};
use crate::store::{Projection, Query, rows, spans, thread_limit};
use std::cell::RefCell;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// Records per read, which takes a few milliseconds.
const RECORDS_PER_READ: usize = 50;

/// Returns the maximum number of traces per page.
const fn max_page_size(projection: Projection) -> usize {
    match projection {
        Projection::Info => 250,
        Projection::Calls | Projection::Tree | Projection::Exceptions | Projection::Full => 32,
    }
}

/// The number of traces that one thread checks before others help, each of which has to open the database first.
const MAX_TRACES_ALONE: usize = 100;

/// The number of pages that each worker may read ahead.
const PAGES_AHEAD: usize = 2;

/// Receives a page. `Break` ends the search.
pub(super) type PageSink<'a> = &'a mut dyn FnMut(Vec<PageResult>) -> Result<ControlFlow<()>>;

/// A trace or a problem, in the order in which a search finds them.
pub(super) enum PageResult {
    Trace(Box<Trace>),
    Problem(Problem),
}

impl SqliteStore {
    /// Reads the records of a page of traces, in order. If the page is damaged, reads them one by one, so that each
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
                Err(error) => return Err(database_error(&self.name, &error)),
            }
        }
        for info in &mut infos {
            info.experiment_name = self.experiment_name(&info.experiment_id)?;
        }
        Ok(infos)
    }

    /// Reads the traces of a query, page by page. If `may_stop`, returns `None` once workers would help: the filter
    /// needs spans, and [`MAX_TRACES_ALONE`] traces were checked.
    pub(super) fn walk(
        &self,
        query: &Query,
        scan: &mut Scan,
        sink: PageSink<'_>,
        may_stop: bool,
    ) -> Result<Option<ControlFlow<()>>> {
        let max = max_page_size(query.projection);
        let mut size = query.expected.unwrap_or(max).clamp(1, max);
        let mut checked = 0;
        loop {
            let hits = scan.next(self, size)?;
            if hits.is_empty() {
                return Ok(Some(ControlFlow::Continue(())));
            }
            if sink(self.unlocked_page(query, &hits)?)?.is_break() {
                return Ok(Some(ControlFlow::Break(())));
            }
            checked += hits.len();
            if may_stop && checked > MAX_TRACES_ALONE && query.filter.needs_spans() {
                return Ok(None);
            }
            size = (size * 2).min(max);
        }
    }

    /// Does the same with workers that read pages in turns, each on its own connection. The order of traces is kept.
    pub(super) fn walk_in_parallel(
        &self,
        workers: Vec<Self>,
        query: &Query,
        scan: &mut Scan,
        sink: PageSink<'_>,
    ) -> Result<ControlFlow<()>> {
        std::thread::scope(|scope| {
            let start = |worker: Self| {
                let (send_hits, receive_hits) = sync_channel::<Vec<TraceRow>>(PAGES_AHEAD);
                let (send_page, receive_page) = sync_channel(PAGES_AHEAD);
                let read = move || {
                    // Both channels close if the sink ended the search.
                    for hits in receive_hits {
                        if send_page.send(worker.unlocked_page(query, &hits)).is_err() {
                            break;
                        }
                    }
                };
                // The system may allow fewer threads, or none.
                std::thread::Builder::new().spawn_scoped(scope, read).ok().map(|_| (send_hits, receive_page))
            };
            let workers: Vec<_> = workers.into_iter().map_while(start).collect();
            if workers.is_empty() {
                let ended = self.walk(query, scan, sink, false)?;
                return Ok(ended.unwrap_or(ControlFlow::Continue(())));
            }
            let (mut sent, mut received, mut is_done) = (0, 0, false);
            loop {
                while !is_done && sent - received < workers.len() * PAGES_AHEAD {
                    let hits = scan.next(self, max_page_size(query.projection))?;
                    is_done = hits.is_empty() || workers[sent % workers.len()].0.send(hits).is_err();
                    sent += usize::from(!is_done);
                }
                if received == sent {
                    return Ok(ControlFlow::Continue(()));
                }
                let Ok(page) = workers[received % workers.len()].1.recv() else {
                    return Err(Error::new(ErrorCode::Bug, "a worker thread ended early"));
                };
                received += 1;
                if sink(page?)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        })
    }

    /// Opens more connections to the same file, one per processor, within the limits on threads and connections.
    pub(super) fn worker_stores(&self, query: &Query) -> Vec<Self> {
        let Some(path) = &self.path else { return Vec::new() };
        let open_worker = |_| {
            let database = open::Database::open(path).ok().filter(|database| database.copy_reason().is_none())?;
            database.bounds.use_regexes(&query.filter);
            Some(Self {
                name: self.name.clone(),
                path: None,
                database,
                schema: self.schema.clone(),
                artifacts: self.artifacts.clone(),
                experiment_names: self.experiment_names.clone(),
                assessed: RefCell::default(),
                failed: self.failed.clone(),
            })
        };
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let max = processors.min(limits::CONCURRENT_CONNECTIONS).min(thread_limit::spare_threads());
        (0..max).map_while(open_worker).collect()
    }

    fn unlocked_page(&self, query: &Query, hits: &[TraceRow]) -> Result<Vec<PageResult>> {
        let rows = if query.projection == Projection::Info { hits.len() } else { usize::MAX };
        self.unlocked_if_many(rows, || self.page(query, hits))
    }

    /// Reads a page: the records, and the spans if they are needed.
    fn page(&self, query: &Query, hits: &[TraceRow]) -> Result<Vec<PageResult>> {
        let mut problems = Vec::new();
        let infos = self.infos(hits, query.filter.needs_links(), &mut problems)?;
        let mut found: Vec<PageResult> = problems.into_iter().map(PageResult::Problem).collect();
        // The spans of a trace that its record rules out are not read.
        let infos: Vec<TraceInfo> = infos.into_iter().filter(|info| query.filter.matches_info(info)).collect();
        let in_rows = if query.filter.needs_rows() && self.schema.has_table("spans") {
            span_rows::traces_with_rows(self, infos.iter().map(|info| info.trace_id.as_str()))?
        } else {
            HashSet::new()
        };
        for info in infos {
            let is_in_rows = in_rows.contains(&info.trace_id);
            if let Some(trace) = self.load_trace(query, info, is_in_rows)? {
                found.push(PageResult::Trace(Box::new(trace)));
            }
        }
        Ok(found)
    }

    /// Loads the spans that the projection and the filter need. `None` if the prefilter rules the trace out.
    fn load_trace(&self, query: &Query, info: TraceInfo, is_in_rows: bool) -> Result<Option<Trace>> {
        let filter = &query.filter;
        if let Some(mut prefilter) = filter.prefilter()
            && self.schema.has_table("spans")
        {
            let rows = span_rows::prefilter(self, &info.trace_id, &mut prefilter)?;
            if !prefilter.has_passed() && rows.is_some_and(|rows| spans::are_all_in_rows(&info, rows)) {
                return Ok(None);
            }
        }
        // The database has evaluated conditions on rows, except on attributes.
        let is_decided = !filter.needs_rows() || is_in_rows;
        let projection = Projection::for_filter(filter).max(query.projection).max(if is_decided {
            Projection::Info
        } else {
            Projection::for_span_rows(filter)
        });
        let types = filter.span_types().filter(|_| query.only_matching_types);
        let only_errors = query.only_errors && !filter.needs_spans();
        let failed = self.failed.borrow();
        let failed = failed.as_deref().filter(|_| only_errors);
        let selection = SpanRowSelection { types, only_errors, failed, ..SpanRowSelection::all(projection) };
        let mut trace = if projection == Projection::Info {
            Trace::without_spans(info)
        } else {
            self.with_spans(info, projection, &selection)?
        };
        if !is_decided {
            trace.rows = Some(rows::from_spans(&trace, filter));
        } else if filter.needs_attributes() {
            trace.rows = Some(span_rows::read_searchable(self, &trace.info.trace_id)?);
        }
        Ok(Some(trace))
    }
}
