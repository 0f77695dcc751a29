//! Trace records, page by page, in the requested order.

use super::HttpStore;
use super::body::BodyReadError;
use super::clauses::{self, FilterSupport};
use super::client::Client;
use super::request::ApiRequest;
use super::response::{ApiError, ApiResponse, BodyError};
use super::url::url_encode;
use crate::formats::{self, InfoPage};
use crate::limits;
use crate::model::{Problem, TraceInfo};
use crate::query::{Clause, ClauseSource};
use crate::store::error::{Result, ServerError};
use crate::store::{Order, Query, SortKey, SortValue};
use serde_json::json;
use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Maximum page size of a server (MLflow 3.18 `server/handlers.py`).
pub(super) const MAX_PAGE_SIZE: usize = 500;

/// Maximum number of experiments in a request to the 2.0 route, which takes them in the URL. Servers limit its length
/// (gunicorn: 4,094 bytes).
const MAX_EXPERIMENTS_IN_URL: usize = 60;

/// Maximum number of known traces in a row. New traces shift known ones onto later pages, but not by two full pages.
const MAX_REPEATED: usize = 2 * MAX_PAGE_SIZE;

pub(super) const EMPTY_NEXT_PAGE: &str =
    "the server returned a next page token but no more results; any further results were not read";

/// Limits the number of pages, for servers whose lists do not end.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLimit {
    max_pages: usize,
    pages_read: usize,
    /// Number of pages in a row that were less than half full.
    sparse_pages: usize,
}

impl PageLimit {
    pub(super) const fn new(max_pages: usize) -> Self {
        Self { max_pages, pages_read: 0, sparse_pages: 0 }
    }

    /// Counts a page that has a next one, by requested and received items. Returns a problem if the next page must not
    /// be requested.
    pub(super) fn count_page(&mut self, requested: usize, received: usize) -> Option<Problem> {
        self.pages_read += 1;
        self.sparse_pages = if 2 * received < requested { self.sparse_pages + 1 } else { 0 };
        let reason = if self.sparse_pages >= limits::SPARSE_PAGES {
            format!("the last {} pages of the server were nearly empty", self.sparse_pages)
        } else if self.pages_read >= self.max_pages {
            format!("the server returned {} pages and has more", self.pages_read)
        } else {
            return None;
        };
        Some(Problem::new("skipped_pages", format!("{reason}; any further results were not read")))
    }
}

/// API version of the trace routes that a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiGeneration {
    /// 2.0 only: MLflow up to 3.1.
    V2,
    /// 3.0 as well: MLflow since 3.2.
    V3,
}

/// Request for one page of traces.
#[derive(Clone, Debug)]
pub(super) struct SearchRequest<'a> {
    pub(super) experiments: &'a [String],
    pub(super) filter: &'a str,
    pub(super) order: &'a [&'static str],
    pub(super) size: usize,
    pub(super) token: Option<&'a str>,
}

/// Requests a page by the 3.0 route, or the 2.0 route if the server has no other.
pub(super) fn fetch(store: &HttpStore, search: &SearchRequest<'_>) -> Result<std::result::Result<InfoPage, ApiError>> {
    read_page(store, store.execute_versioned(|generation| api_request(generation, search))?)
}

fn api_request(generation: ApiGeneration, search: &SearchRequest<'_>) -> ApiRequest {
    match generation {
        ApiGeneration::V3 => search_v3(search),
        ApiGeneration::V2 => search_v2(search),
    }
}

fn read_page(store: &HttpStore, response: ApiResponse) -> Result<std::result::Result<InfoPage, ApiError>> {
    match response {
        ApiResponse::Body(body) => {
            let page = body.decode(formats::parse_trace_page);
            Ok(Ok(page.map_err(|reason| store.client.server.not_mlflow(format!("invalid list of traces: {reason}")))?))
        }
        ApiResponse::NoRoute => Err(store.client.server.not_mlflow("no route to search traces").into()),
        ApiResponse::Error(error) => Ok(Err(error)),
        ApiResponse::Incomplete(body) => Err(body.error.into()),
    }
}

pub(super) fn search_v3(search: &SearchRequest<'_>) -> ApiRequest {
    let location = |id: &String| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
    let mut body = json!({
        "locations": search.experiments.iter().map(location).collect::<Vec<_>>(),
        "max_results": search.size,
        "order_by": search.order,
    });
    if !search.filter.is_empty() {
        body["filter"] = search.filter.into();
    }
    if let Some(token) = search.token {
        body["page_token"] = token.into();
    }
    ApiRequest::post("/api/3.0/mlflow/traces/search", &body)
}

fn search_v2(search: &SearchRequest<'_>) -> ApiRequest {
    let mut parts = vec![format!("max_results={}", search.size)];
    parts.extend(search.experiments.iter().map(|id| format!("experiment_ids={}", url_encode(id))));
    parts.extend(search.order.iter().map(|key| format!("order_by={}", url_encode(key))));
    if !search.filter.is_empty() {
        parts.push(format!("filter={}", url_encode(search.filter)));
    }
    parts.extend(search.token.map(|token| format!("page_token={}", url_encode(token))));
    ApiRequest::get(format!("/api/2.0/mlflow/traces?{}", parts.join("&"))).with_page_limit()
}

/// Newest first, in the server's syntax.
const NEWEST: [&str; 2] = ["timestamp_ms DESC", "request_id ASC"];

/// Returns the server's `order_by` for an order; `None` if the server cannot sort in that order.
fn server_order(order: &Order) -> Option<[&'static str; 2]> {
    let key = match (&order.key, order.is_descending) {
        (SortKey::Time, true) => "timestamp_ms DESC",
        (SortKey::Time, false) => "timestamp_ms ASC",
        (SortKey::Duration, true) => "execution_time_ms DESC",
        (SortKey::Duration, false) => "execution_time_ms ASC",
        // The server compares tokens and cost as text, and names by the collation of its database.
        _ => return None,
    };
    Some([key, "request_id ASC"])
}

/// Traces of one search, read page by page.
struct TraceStream {
    experiments: Vec<String>,
    kind: StreamFilter,
    support: FilterSupport,
    order: [&'static str; 2],
    buffer: VecDeque<TraceInfo>,
    token: Option<String>,
    is_done: bool,
    page_size: usize,
    limit: PageLimit,
    /// Number of traces in a row that were known already.
    repeated: usize,
    /// Whether the next page is requested in the background, because all pages are needed.
    is_prefetching: bool,
    /// Background request for the next page.
    prefetched: Option<JoinHandle<std::result::Result<ApiResponse, ServerError>>>,
}

/// Which traces a stream contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamFilter {
    /// Traces that match the filter.
    Query,
    /// Traces without a recorded name, which may match a name condition by their root span.
    Unnamed,
    /// Traces that may match by spans that are not in the server's table.
    SpansNotInTable,
    /// Traces with a span of the requested types, or with the text, in the server's table.
    SpanPrefilter,
}

impl TraceStream {
    fn filter(&self, query: &Query) -> String {
        let mut filter = query.filter.clone();
        match self.kind {
            StreamFilter::Unnamed => filter.clauses.retain(|clause| clause.source() != ClauseSource::Name),
            StreamFilter::SpansNotInTable => filter.clauses.retain(|clause| clause.source() != ClauseSource::Rows),
            StreamFilter::Query | StreamFilter::SpanPrefilter => {}
        }
        let mut conditions = clauses::server_conditions(&filter, self.support);
        match self.kind {
            StreamFilter::Query => conditions.extend(clauses::grep_condition(&query.filter, self.support)),
            StreamFilter::Unnamed => conditions.extend(clauses::unnamed_conditions(&query.filter)),
            StreamFilter::SpansNotInTable => conditions.push(clauses::spans_not_in_table()),
            StreamFilter::SpanPrefilter => conditions.extend(clauses::span_prefilter(&query.filter, self.support)),
        }
        conditions.join(" AND ")
    }

    /// Returns the request for the next page.
    fn next_request<'a>(&'a self, filter: &'a str) -> SearchRequest<'a> {
        SearchRequest {
            experiments: &self.experiments,
            filter,
            order: &self.order,
            size: self.page_size,
            token: self.token.as_deref(),
        }
    }

    /// Fetches pages until the buffer is not empty or there are no more.
    ///
    /// # Errors
    /// The server fails, or rejects the search even without conditions.
    fn fill(&mut self, store: &HttpStore, query: &Query, problems: &mut Vec<Problem>) -> Result<FetchResult> {
        while self.buffer.is_empty() && !self.is_done {
            let filter = self.filter(query);
            let page = match self.prefetched.take() {
                Some(handle) => match handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))? {
                    // Concurrent requests used up the memory budget; they are done now.
                    ApiResponse::Incomplete(BodyError { reason: BodyReadError::OverBudget, .. }) => {
                        fetch(store, &self.next_request(&filter))?
                    }
                    response => read_page(store, response)?,
                },
                None => fetch(store, &self.next_request(&filter))?,
            };
            match page {
                Ok(page) => {
                    self.add_page(&store.client, page, query, problems);
                    if self.is_prefetching && !self.is_done {
                        let request = api_request(store.generation(), &self.next_request(&filter));
                        let client = Arc::clone(&store.client);
                        // If no thread can be started, the page is requested when it is needed.
                        self.prefetched =
                            std::thread::Builder::new().spawn(move || client.execute_limited(&request)).ok();
                    }
                }
                // Old file stores cannot sort by duration if a trace has none (MLflow 2.22 responds with 500).
                Err(error) if self.token.is_none() && error.status == 500 && self.order != NEWEST => {
                    return Ok(FetchResult::Unsorted);
                }
                Err(_) if self.token.is_none() && self.kind != StreamFilter::Query => {
                    self.is_done = true;
                    return Ok(FetchResult::Unsupported);
                }
                Err(error) if self.token.is_none() && !filter.is_empty() && error.is_unsupported_request() => {
                    while self.filter(query) == filter {
                        self.support = downgrade(self.support);
                    }
                }
                Err(error) => return Err(store.client.server.api_error(&error).into()),
            }
        }
        Ok(FetchResult::Filled)
    }

    /// Whether the server has evaluated the filter's span conditions for the traces of this stream.
    fn span_conditions_evaluated(&self, query: &Query) -> bool {
        self.kind == StreamFilter::Query && clauses::evaluates_span_tests(&query.filter, self.support)
    }

    fn add_page(&mut self, client: &Client, page: InfoPage, query: &Query, problems: &mut Vec<Problem>) {
        let is_stuck = page.next_page_token.is_some()
            && (page.infos.is_empty() || page.next_page_token.as_deref() == self.token.as_deref());
        let problem = if is_stuck {
            Some(Problem::new("skipped_pages", EMPTY_NEXT_PAGE))
        } else if page.next_page_token.is_some() {
            self.limit.count_page(self.page_size, page.infos.len())
        } else {
            None
        };
        self.is_done = page.next_page_token.is_none() || problem.is_some();
        problems.extend(problem);
        self.token = page.next_page_token;
        self.page_size = (self.page_size * 2).min(MAX_PAGE_SIZE);
        for info in page.infos {
            match info {
                Ok(mut info) => {
                    // The server also finds traces that were linked to a run later, which their records do not contain.
                    if self.support != FilterSupport::None {
                        info.linked_runs.extend(query.filter.clauses.iter().filter_map(Clause::run).map(str::to_owned));
                    }
                    self.buffer.push_back(info);
                }
                Err(reason) => {
                    let message =
                        format!("a record from the server cannot be read: {}", client.server.mask_credentials(&reason));
                    problems.push(Problem::new("damaged_trace", message));
                }
            }
        }
    }
}

/// Returns the next lower level of support, for a server that rejected this one.
const fn downgrade(support: FilterSupport) -> FilterSupport {
    match support {
        // Assumes the oldest release: to request the version would take longer.
        FilterSupport::Newest => FilterSupport::Release(2, 14),
        FilterSupport::Release(major, minor) => FilterSupport::RecordsOnly(major, minor),
        FilterSupport::RecordsOnly(..) | FilterSupport::None => FilterSupport::None,
    }
}

/// Result of [`TraceStream::fill`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FetchResult {
    Filled,
    /// The server does not support this kind of condition.
    Unsupported,
    /// The server cannot sort in the requested order.
    Unsorted,
}

/// Traces for a query: all that match it, and possibly others.
pub(super) struct TracePages<'a> {
    store: &'a HttpStore,
    query: &'a Query,
    streams: Vec<TraceStream>,
    /// Whether the server sorts in the requested order. Otherwise the client does.
    is_in_order: bool,
    /// Traces with a requested span type or text in the server's table, so that others need not be loaded.
    span_matches: Option<SpanMatches>,
    /// Hashes of the trace ids returned so far. Pages use offsets, so new traces shift others onto the next page again.
    seen: HashSet<u64>,
}

/// A trace from a page.
pub(super) struct ListedTrace {
    pub(super) info: TraceInfo,
    /// Whether the server has evaluated the filter's span conditions.
    pub(super) has_decided_spans: bool,
}

/// Traces with a requested span type or text in the server's table.
struct SpanMatches {
    stream: TraceStream,
    ids: HashSet<String>,
}

impl<'a> TracePages<'a> {
    pub(super) fn new(store: &'a HttpStore, query: &'a Query, problems: &mut Vec<Problem>) -> Result<Self> {
        let all: Vec<String> = query.experiments.iter().map(|experiment| experiment.experiment_id.clone()).collect();
        let order = server_order(&query.order);
        let (is_in_order, order) = (order.is_some(), order.unwrap_or(NEWEST));
        let expected = query.plan.expected.filter(|_| is_in_order).unwrap_or(MAX_PAGE_SIZE);
        let page_size = expected.clamp(1, MAX_PAGE_SIZE);
        let release = if clauses::depends_on_release(&query.filter) { store.release() } else { None };
        let support = release.map_or(FilterSupport::Newest, |(major, minor)| FilterSupport::Release(major, minor));
        let stream = |experiments: &[String], kind| TraceStream {
            experiments: experiments.to_vec(),
            kind,
            support,
            order,
            buffer: VecDeque::new(),
            token: None,
            is_done: false,
            page_size,
            limit: PageLimit::new(limits::TRACE_PAGES),
            repeated: 0,
            is_prefetching: query.plan.expected.is_none() || !is_in_order,
            prefetched: None,
        };
        let mut chunk_size = all.len().max(1);
        if all.len() > MAX_EXPERIMENTS_IN_URL && store.detect_generation(&all[..1])? == ApiGeneration::V2 {
            chunk_size = MAX_EXPERIMENTS_IN_URL;
        }
        let mut streams: Vec<TraceStream> =
            all.chunks(chunk_size).map(|chunk| stream(chunk, StreamFilter::Query)).collect();
        if query.filter.needs(ClauseSource::Name) && !all.is_empty() {
            streams.extend(all.chunks(chunk_size).map(|chunk| stream(chunk, StreamFilter::Unnamed)));
        }
        if query.filter.needs_rows() || query.filter.grep().is_some() {
            streams.extend(all.chunks(chunk_size).map(|chunk| stream(chunk, StreamFilter::SpansNotInTable)));
        }
        let span_matches =
            clauses::span_prefilter(&query.filter, support).filter(|_| !all.is_empty()).map(|_| SpanMatches {
                stream: TraceStream {
                    page_size: MAX_PAGE_SIZE.min(page_size * 4),
                    ..stream(&all, StreamFilter::SpanPrefilter)
                },
                ids: HashSet::new(),
            });
        let mut pages = Self { store, query, streams, is_in_order, span_matches, seen: HashSet::new() };
        pages.fill(problems)?;
        Ok(pages)
    }

    /// Fills the buffer of every stream.
    fn fill(&mut self, problems: &mut Vec<Problem>) -> Result<()> {
        let mut at = 0;
        while at < self.streams.len() {
            let result = if self.is_redundant(at) {
                self.streams[at].is_done = true;
                FetchResult::Filled
            } else {
                self.streams[at].fill(self.store, self.query, problems)?
            };
            at += 1;
            match result {
                FetchResult::Filled => {}
                // Conditions on missing tags are supported since 3.11.
                FetchResult::Unsupported if self.streams[at - 1].kind == StreamFilter::SpansNotInTable => {
                    problems.push(Problem::new(
                        "skipped_elsewhere",
                        "traces with spans in files were not searched: span conditions do not match them on this \
                         server, and it cannot list them separately",
                    ));
                }
                // Before 3.6, no route returns the spans of such traces, so their names are unknown.
                FetchResult::Unsupported if self.store.is_older_than(3, 6) => {}
                FetchResult::Unsupported => problems.push(Problem::new(
                    "skipped_nameless",
                    "traces without a recorded name were not searched: this server cannot list them separately",
                )),
                FetchResult::Unsorted => {
                    // No trace was returned yet, so all streams can restart.
                    self.is_in_order = false;
                    let span_matches = self.span_matches.iter_mut().map(|matches| &mut matches.stream);
                    for stream in self.streams.iter_mut().chain(span_matches) {
                        (stream.order, stream.page_size, stream.is_done, stream.is_prefetching) =
                            (NEWEST, MAX_PAGE_SIZE, false, true);
                        (stream.token, stream.prefetched) = (None, None);
                        stream.limit = PageLimit::new(limits::TRACE_PAGES);
                        stream.buffer.clear();
                    }
                    at = 0;
                }
            }
        }
        Ok(())
    }

    /// Whether a stream has no traces that the others lack. For unnamed traces: the server does not filter by name, or
    /// its release names every trace. For spans not in the table: no span conditions are sent to the server.
    fn is_redundant(&self, at: usize) -> bool {
        let filters_name = |stream: &TraceStream| {
            stream.kind == StreamFilter::Query
                && self.query.filter.clauses.iter().any(|clause| clauses::filters_name(clause, stream.support))
        };
        let filters_spans = |stream: &TraceStream| {
            stream.kind == StreamFilter::Query && clauses::filters_spans(&self.query.filter, stream.support)
        };
        match self.streams[at].kind {
            StreamFilter::Unnamed => {
                self.store.generation() == ApiGeneration::V2 || !self.streams.iter().any(filters_name)
            }
            StreamFilter::SpansNotInTable => !self.streams.iter().any(filters_spans),
            StreamFilter::Query | StreamFilter::SpanPrefilter => false,
        }
    }

    /// Returns the next trace.
    ///
    /// # Errors
    /// The server fails.
    pub(super) fn next(&mut self, problems: &mut Vec<Problem>) -> Result<Option<ListedTrace>> {
        loop {
            self.fill(problems)?;
            let first = (0..self.streams.len())
                .filter(|at| !self.streams[*at].buffer.is_empty())
                .min_by(|a, b| self.compare(&self.streams[*a].buffer[0], &self.streams[*b].buffer[0]));
            let Some((at, info)) = first.and_then(|at| Some((at, self.streams[at].buffer.pop_front()?))) else {
                return Ok(None);
            };
            let mut hasher = DefaultHasher::new();
            info.trace_id.hash(&mut hasher);
            if self.seen.insert(hasher.finish()) {
                self.streams[at].repeated = 0;
                let has_decided_spans = self.streams[at].span_conditions_evaluated(self.query);
                return Ok(Some(ListedTrace { info, has_decided_spans }));
            }
            self.streams[at].repeated += 1;
            if self.streams[at].repeated == MAX_REPEATED {
                problems.push(Problem::new("skipped_pages", EMPTY_NEXT_PAGE));
                self.streams[at].is_done = true;
                self.streams[at].buffer.clear();
            }
        }
    }

    /// Reads all remaining traces and sorts them, for orders that the server does not support.
    pub(super) fn drain_sorted(&mut self, problems: &mut Vec<Problem>) -> Result<VecDeque<ListedTrace>> {
        let mut all = Vec::new();
        while let Some(listed) = self.next(problems)? {
            if self.query.filter.matches_info(&listed.info) || self.query.filter.needs_root_name(&listed.info) {
                all.push(listed);
            }
        }
        all.sort_by(|a: &ListedTrace, b: &ListedTrace| self.compare(&a.info, &b.info));
        Ok(all.into())
    }

    /// Whether [`TracePages::next`] returns traces in the requested order. If not, use [`TracePages::drain_sorted`].
    pub(super) const fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    /// Whether a trace has a requested span type or text in the server's table; `None` if unknown.
    pub(super) fn has_span_match(&mut self, info: &TraceInfo, problems: &mut Vec<Problem>) -> Result<Option<bool>> {
        let (order, is_in_order) = (&self.query.order, self.is_in_order);
        let Some(span_matches) = &mut self.span_matches else { return Ok(None) };
        loop {
            if span_matches.ids.contains(&info.trace_id) {
                return Ok(Some(true));
            }
            if span_matches.stream.fill(self.store, self.query, problems)? != FetchResult::Filled {
                self.span_matches = None;
                return Ok(None);
            }
            match span_matches.stream.buffer.front() {
                Some(next) if !is_in_order || compare(order, next, info).is_le() => {
                    span_matches.ids.insert(next.trace_id.clone());
                    span_matches.stream.buffer.pop_front();
                }
                _ => return Ok(Some(false)),
            }
        }
    }

    fn compare(&self, a: &TraceInfo, b: &TraceInfo) -> Ordering {
        compare(&self.query.order, a, b)
    }
}

fn compare(order: &Order, a: &TraceInfo, b: &TraceInfo) -> Ordering {
    order
        .compare(&SortValue::from_info(a, &order.key), &SortValue::from_info(b, &order.key))
        .then_with(|| a.trace_id.cmp(&b.trace_id))
}
