//! Records of traces, page by page, in the order asked for.

use super::HttpStore;
use super::answer::{ApiError, ApiResponse, BodyError};
use super::body::BodyReadError;
use super::clauses::{self, FilterSupport};
use super::client::{ApiRequest, Client};
use super::url::in_url;
use crate::error::Result;
use crate::formats::{self, InfoPage};
use crate::limits;
use crate::model::{Problem, TraceInfo};
use crate::query::Clause;
use crate::store::{Order, Query, SortKey, SortValue};
use serde_json::json;
use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The most that a server gives on one page (MLflow 3.18 `server/handlers.py`).
pub(super) const LARGEST_PAGE: usize = 500;

/// The 2.0 route takes its experiments in the URL, and servers bound its length (gunicorn: 4,094 bytes).
const EXPERIMENTS_IN_A_URL: usize = 60;

/// Two pages that have nothing new are more than traces which arrive meanwhile push onto them.
const MOST_REPEATED: usize = 2 * LARGEST_PAGE;

pub(super) const NOTHING_MORE: &str =
    "the server names a next page, but gives nothing more; what may be there was not read";

/// Ends lists that a server never ends itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLimit {
    most: usize,
    read: usize,
    /// How many pages in a row were less than half full.
    sparse: usize,
}

impl PageLimit {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, read: 0, sparse: 0 }
    }

    /// Counts a page that names a next one; a problem where that is not to be asked for.
    pub(super) fn count(&mut self, asked: usize, got: usize) -> Option<Problem> {
        self.read += 1;
        self.sparse = if 2 * got < asked { self.sparse + 1 } else { 0 };
        let why = if self.sparse >= limits::SPARSE_PAGES {
            format!("the server's last {} pages were nearly empty, and it names a next one", self.sparse)
        } else if self.read >= self.most {
            format!("the server's list goes on after {} pages", self.read)
        } else {
            return None;
        };
        Some(Problem::new("skipped_pages", format!("{why}; what may be there was not read")))
    }
}

/// Which routes a server has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApiGeneration {
    /// 2.0 alone, up to 3.1.
    Two,
    /// 3.0 too, from 3.2 on.
    Three,
}

/// One page to ask for.
#[derive(Clone, Debug)]
pub(super) struct SearchRequest<'a> {
    pub(super) experiments: &'a [String],
    pub(super) filter: &'a str,
    pub(super) order: &'a [&'static str],
    pub(super) size: usize,
    pub(super) token: Option<&'a str>,
}

/// Asks for a page: by 3.0, or where the server does not have it by 2.0.
pub(super) fn ask(store: &HttpStore, search: &SearchRequest<'_>) -> Result<std::result::Result<InfoPage, ApiError>> {
    read(store, store.by_generation(|generation| question(generation, search))?)
}

fn question(generation: ApiGeneration, search: &SearchRequest<'_>) -> ApiRequest {
    match generation {
        ApiGeneration::Three => three(search),
        ApiGeneration::Two => two(search),
    }
}

fn read(store: &HttpStore, reply: ApiResponse) -> Result<std::result::Result<InfoPage, ApiError>> {
    match reply {
        ApiResponse::Body(body) => {
            let page = body.decode(formats::info_page);
            Ok(Ok(page.map_err(|why| store.client.not_mlflow(format!("its list of traces: {why}")))?))
        }
        ApiResponse::NoRoute => Err(store.client.not_mlflow("it has no route to search traces")),
        ApiResponse::Refusal(refusal) => Ok(Err(refusal)),
        ApiResponse::Unread(unread) => Err(unread.error),
    }
}

pub(super) fn three(search: &SearchRequest<'_>) -> ApiRequest {
    let place = |id: &String| json!({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": id}});
    let mut body = json!({
        "locations": search.experiments.iter().map(place).collect::<Vec<_>>(),
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

fn two(search: &SearchRequest<'_>) -> ApiRequest {
    let mut parts = vec![format!("max_results={}", search.size)];
    parts.extend(search.experiments.iter().map(|id| format!("experiment_ids={}", in_url(id))));
    parts.extend(search.order.iter().map(|key| format!("order_by={}", in_url(key))));
    if !search.filter.is_empty() {
        parts.push(format!("filter={}", in_url(search.filter)));
    }
    parts.extend(search.token.map(|token| format!("page_token={}", in_url(token))));
    ApiRequest::get(format!("/api/2.0/mlflow/traces?{}", parts.join("&"))).page()
}

/// Newest first, as a server says it.
const NEWEST: [&str; 2] = ["timestamp_ms DESC", "request_id ASC"];

/// What a server is asked to order by; none where its order is not the one of [`Order`].
fn server_order(order: &Order) -> Option<[&'static str; 2]> {
    let key = match (&order.key, order.is_descending) {
        (SortKey::Time, true) => "timestamp_ms DESC",
        (SortKey::Time, false) => "timestamp_ms ASC",
        (SortKey::Duration, true) => "execution_time_ms DESC",
        (SortKey::Duration, false) => "execution_time_ms ASC",
        // Tokens and cost are texts to it, and names are compared as the database likes.
        _ => return None,
    };
    Some([key, "request_id ASC"])
}

/// Traces of one search, as pages come in.
struct TraceStream {
    experiments: Vec<String>,
    /// What cannot be said in the server's language is left to be decided here.
    conditions: StreamFilter,
    language: FilterSupport,
    order: [&'static str; 2],
    ready: VecDeque<TraceInfo>,
    token: Option<String>,
    is_done: bool,
    size: usize,
    limit: PageLimit,
    /// How many traces in a row were known already.
    repeated: usize,
    /// Whether every page is wanted, so that the next may be asked for while one is worked on.
    reads_ahead: bool,
    /// The next page on its way.
    ahead: Option<JoinHandle<Result<ApiResponse>>>,
}

/// Which traces a stream is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StreamFilter {
    /// Those that the filter selects.
    Filter,
    /// Those that it might select by a name which was not recorded.
    Nameless,
    /// Those that it might select by spans which are not in the server's table.
    Elsewhere,
    /// Those with a span of its types, or with its text, as the server's table has them.
    SpanHint,
}

impl TraceStream {
    fn filter(&self, query: &Query) -> String {
        let is_name = |clause: &Clause| matches!(clause, Clause::Name(_));
        let mut filter = query.filter.clone();
        match self.conditions {
            StreamFilter::Nameless => filter.clauses.retain(|clause| !is_name(clause)),
            StreamFilter::Elsewhere => filter.clauses.retain(|clause| !matches!(clause, Clause::Span(_))),
            StreamFilter::Filter | StreamFilter::SpanHint => {}
        }
        let mut texts = clauses::texts(&filter, self.language);
        match self.conditions {
            StreamFilter::Filter => texts.extend(clauses::grep_text(&query.filter, self.language)),
            StreamFilter::Nameless => texts.extend(clauses::nameless(&query.filter)),
            StreamFilter::Elsewhere => texts.push(clauses::elsewhere()),
            StreamFilter::SpanHint => texts.extend(clauses::span_hint(&query.filter, self.language)),
        }
        texts.join(" AND ")
    }

    /// The next page to ask for.
    fn search<'a>(&'a self, filter: &'a str) -> SearchRequest<'a> {
        SearchRequest {
            experiments: &self.experiments,
            filter,
            order: &self.order,
            size: self.size,
            token: self.token.as_deref(),
        }
    }

    /// Fetches pages until there is something ready, or no more.
    ///
    /// # Errors
    /// When the server fails, or refuses the search in every language.
    fn fill(&mut self, store: &HttpStore, query: &Query, problems: &mut Vec<Problem>) -> Result<FetchResult> {
        while self.ready.is_empty() && !self.is_done {
            let filter = self.filter(query);
            let page = match self.ahead.take() {
                Some(ahead) => match ahead.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))? {
                    // Others took the memory; now they are done.
                    ApiResponse::Unread(BodyError { stop: BodyReadError::Crowded, .. }) => {
                        ask(store, &self.search(&filter))?
                    }
                    reply => read(store, reply)?,
                },
                None => ask(store, &self.search(&filter))?,
            };
            match page {
                Ok(page) => {
                    self.take(&store.client, page, query, problems);
                    if self.reads_ahead && !self.is_done {
                        let question = question(store.generation(), &self.search(&filter));
                        let client = Arc::clone(&store.client);
                        // Where no thread can be started, the page is asked for when it is needed.
                        self.ahead = std::thread::Builder::new().spawn(move || client.ask_beside(&question)).ok();
                    }
                }
                // Old file stores cannot sort traces by a duration that some of them lack (MLflow 2.22 answers 500).
                Err(refusal) if self.token.is_none() && refusal.status == 500 && self.order != NEWEST => {
                    return Ok(FetchResult::NotOrdered);
                }
                Err(_) if self.token.is_none() && self.conditions != StreamFilter::Filter => {
                    self.is_done = true;
                    return Ok(FetchResult::NotUnderstood);
                }
                Err(refusal) if self.token.is_none() && !filter.is_empty() && refusal.is_of_question() => {
                    while self.filter(query) == filter {
                        self.language = simpler(self.language);
                    }
                }
                Err(refusal) => return Err(store.client.refused(&refusal)),
            }
        }
        Ok(FetchResult::Yes)
    }

    /// Whether traces of this stream are known to meet the filter's conditions on rows of spans.
    fn has_decided_rows(&self, query: &Query) -> bool {
        self.conditions == StreamFilter::Filter && clauses::decides_rows(&query.filter, self.language)
    }

    fn take(&mut self, client: &Client, page: InfoPage, query: &Query, problems: &mut Vec<Problem>) {
        let is_stuck = page.next_page_token.is_some()
            && (page.infos.is_empty() || page.next_page_token.as_deref() == self.token.as_deref());
        let problem = if is_stuck {
            Some(Problem::new("skipped_pages", NOTHING_MORE))
        } else if page.next_page_token.is_some() {
            self.limit.count(self.size, page.infos.len())
        } else {
            None
        };
        self.is_done = page.next_page_token.is_none() || problem.is_some();
        problems.extend(problem);
        self.token = page.next_page_token;
        self.size = (self.size * 2).min(LARGEST_PAGE);
        for info in page.infos {
            match info {
                Ok(mut info) => {
                    // The server also finds traces that were linked to a run later; their records do not tell.
                    if self.language != FilterSupport::None {
                        info.linked_runs.extend(
                            query.filter.clauses.iter().filter_map(|clause| {
                                if let Clause::Run(id) = clause { Some(id.clone()) } else { None }
                            }),
                        );
                    }
                    self.ready.push_back(info);
                }
                Err(why) => {
                    let message = format!("a record that the server sent cannot be read: {}", client.heard(&why));
                    problems.push(Problem::new("damaged_trace", message));
                }
            }
        }
    }
}

/// The next simpler language, for a server that refused this one.
const fn simpler(language: FilterSupport) -> FilterSupport {
    match language {
        // Which release it is matters less than one more question would take.
        FilterSupport::Newest => FilterSupport::Of(2, 14),
        FilterSupport::Of(major, minor) => FilterSupport::Records(major, minor),
        FilterSupport::Records(..) | FilterSupport::None => FilterSupport::None,
    }
}

/// What came of fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FetchResult {
    Yes,
    /// The server's release does not know this kind of condition.
    NotUnderstood,
    /// The server cannot sort by what was asked for.
    NotOrdered,
}

/// The traces of a query in its order; possibly more than are meant, never fewer.
pub(super) struct TracePages<'a> {
    store: &'a HttpStore,
    query: &'a Query,
    streams: Vec<TraceStream>,
    /// Whether the server sorts as asked for; otherwise it is done here.
    is_in_order: bool,
    /// Those that have a type or a text asked for in the server's table, so that others need not be looked at.
    typed: Option<TracesByType>,
    /// Pages are cut by offset, so that traces which arrive meanwhile push others onto the next page again.
    seen: HashSet<u64>,
}

/// A trace on the server's list.
pub(super) struct ListedTrace {
    pub(super) info: TraceInfo,
    /// Whether the server has decided the filter's conditions on rows of spans.
    pub(super) has_decided_rows: bool,
}

/// Traces that the server's table says have a span of a type asked for, or one with the text.
struct TracesByType {
    stream: TraceStream,
    ids: HashSet<String>,
}

impl<'a> TracePages<'a> {
    pub(super) fn new(store: &'a HttpStore, query: &'a Query, problems: &mut Vec<Problem>) -> Result<Self> {
        let all: Vec<String> = query.experiments.iter().map(|one| one.experiment_id.clone()).collect();
        let order = server_order(&query.order);
        let (is_in_order, order) = (order.is_some(), order.unwrap_or(NEWEST));
        let expected = query.expected.filter(|_| is_in_order).unwrap_or(LARGEST_PAGE);
        let size = expected.clamp(1, LARGEST_PAGE);
        let release = if clauses::depends_on_release(&query.filter) { store.release() } else { None };
        let language = release.map_or(FilterSupport::Newest, |(major, minor)| FilterSupport::Of(major, minor));
        let stream = |experiments: &[String], conditions| TraceStream {
            experiments: experiments.to_vec(),
            conditions,
            language,
            order,
            ready: VecDeque::new(),
            token: None,
            is_done: false,
            size,
            limit: PageLimit::new(limits::TRACE_PAGES),
            repeated: 0,
            reads_ahead: query.expected.is_none() || !is_in_order,
            ahead: None,
        };
        let mut at_once = all.len().max(1);
        if all.len() > EXPERIMENTS_IN_A_URL && store.learn_generation(&all[..1])? == ApiGeneration::Two {
            at_once = EXPERIMENTS_IN_A_URL;
        }
        let mut streams: Vec<TraceStream> =
            all.chunks(at_once).map(|some| stream(some, StreamFilter::Filter)).collect();
        if query.filter.clauses.iter().any(|clause| matches!(clause, Clause::Name(_))) && !all.is_empty() {
            streams.extend(all.chunks(at_once).map(|some| stream(some, StreamFilter::Nameless)));
        }
        if query.filter.needs_rows() || query.filter.grep().is_some() {
            streams.extend(all.chunks(at_once).map(|some| stream(some, StreamFilter::Elsewhere)));
        }
        let typed = clauses::span_hint(&query.filter, language).filter(|_| !all.is_empty()).map(|_| TracesByType {
            stream: TraceStream { size: LARGEST_PAGE.min(size * 4), ..stream(&all, StreamFilter::SpanHint) },
            ids: HashSet::new(),
        });
        let mut pages = Self { store, query, streams, is_in_order, typed, seen: HashSet::new() };
        pages.fill(problems)?;
        Ok(pages)
    }

    /// Gets the next trace of every stream ready.
    fn fill(&mut self, problems: &mut Vec<Problem>) -> Result<()> {
        let mut at = 0;
        while at < self.streams.len() {
            let filled = if self.is_needless(at) {
                self.streams[at].is_done = true;
                FetchResult::Yes
            } else {
                self.streams[at].fill(self.store, self.query, problems)?
            };
            at += 1;
            match filled {
                FetchResult::Yes => {}
                // A tag that is missing can be asked for since 3.11, and of these traces the server decides nothing.
                FetchResult::NotUnderstood if self.streams[at - 1].conditions == StreamFilter::Elsewhere => {
                    problems.push(Problem::new(
                        "skipped_elsewhere",
                        "traces whose spans lie in files were not looked at: conditions on spans do not find them on this \
                         server, and it cannot search for them",
                    ));
                }
                // Before 3.6 no route gives the spans of such traces, so that their names cannot be had at all.
                FetchResult::NotUnderstood if self.store.is_before(3, 6) => {}
                FetchResult::NotUnderstood => problems.push(Problem::new(
                    "skipped_nameless",
                    "traces without a recorded name were not looked at: this server cannot search for them",
                )),
                FetchResult::NotOrdered => {
                    // Nothing was handed out yet: all begin again.
                    self.is_in_order = false;
                    let typed = self.typed.iter_mut().map(|typed| &mut typed.stream);
                    for stream in self.streams.iter_mut().chain(typed) {
                        (stream.order, stream.size, stream.is_done, stream.reads_ahead) =
                            (NEWEST, LARGEST_PAGE, false, true);
                        (stream.token, stream.ahead) = (None, None);
                        stream.limit = PageLimit::new(limits::TRACE_PAGES);
                        stream.ready.clear();
                    }
                    at = 0;
                }
            }
        }
        Ok(())
    }

    /// Whether a stream has only what the others have: that of nameless traces where the name is not asked of the server,
    /// or its release names every trace; that of spans elsewhere where the server is asked nothing about spans.
    fn is_needless(&self, at: usize) -> bool {
        let says_name = |stream: &TraceStream| {
            stream.conditions == StreamFilter::Filter
                && self.query.filter.clauses.iter().any(|clause| clauses::says_name(clause, stream.language))
        };
        let says_rows = |stream: &TraceStream| {
            stream.conditions == StreamFilter::Filter && clauses::says_rows(&self.query.filter, stream.language)
        };
        match self.streams[at].conditions {
            StreamFilter::Nameless => {
                self.store.generation() == ApiGeneration::Two || !self.streams.iter().any(says_name)
            }
            StreamFilter::Elsewhere => !self.streams.iter().any(says_rows),
            StreamFilter::Filter | StreamFilter::SpanHint => false,
        }
    }

    /// The next trace.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub(super) fn next(&mut self, problems: &mut Vec<Problem>) -> Result<Option<ListedTrace>> {
        loop {
            self.fill(problems)?;
            let first = (0..self.streams.len())
                .filter(|at| !self.streams[*at].ready.is_empty())
                .min_by(|a, b| self.compare(&self.streams[*a].ready[0], &self.streams[*b].ready[0]));
            let Some((at, info)) = first.and_then(|at| Some((at, self.streams[at].ready.pop_front()?))) else {
                return Ok(None);
            };
            let mut hasher = DefaultHasher::new();
            info.trace_id.hash(&mut hasher);
            if self.seen.insert(hasher.finish()) {
                self.streams[at].repeated = 0;
                let has_decided_rows = self.streams[at].has_decided_rows(self.query);
                return Ok(Some(ListedTrace { info, has_decided_rows }));
            }
            self.streams[at].repeated += 1;
            if self.streams[at].repeated == MOST_REPEATED {
                problems.push(Problem::new("skipped_pages", NOTHING_MORE));
                self.streams[at].is_done = true;
                self.streams[at].ready.clear();
            }
        }
    }

    /// All that is left, in order; for orders that the server does not have.
    pub(super) fn sorted(&mut self, problems: &mut Vec<Problem>) -> Result<VecDeque<ListedTrace>> {
        let mut all = Vec::new();
        while let Some(listed) = self.next(problems)? {
            if self.query.filter.matches_info(&listed.info) || self.query.filter.asks_for_root(&listed.info) {
                all.push(listed);
            }
        }
        all.sort_by(|a: &ListedTrace, b: &ListedTrace| self.compare(&a.info, &b.info));
        Ok(all.into())
    }

    /// Whether traces come in the order asked for; otherwise [`TracePages::sorted`] puts them into it.
    pub(super) const fn is_in_order(&self) -> bool {
        self.is_in_order
    }

    /// Whether a trace has a span of a type asked for, or one with the text, as far as the server's table tells; none where
    /// it cannot.
    pub(super) fn has_hint(&mut self, info: &TraceInfo, problems: &mut Vec<Problem>) -> Result<Option<bool>> {
        let (order, is_in_order) = (&self.query.order, self.is_in_order);
        let Some(typed) = &mut self.typed else { return Ok(None) };
        loop {
            if typed.ids.contains(&info.trace_id) {
                return Ok(Some(true));
            }
            if typed.stream.fill(self.store, self.query, problems)? != FetchResult::Yes {
                self.typed = None;
                return Ok(None);
            }
            match typed.stream.ready.front() {
                Some(next) if !is_in_order || compare(order, next, info).is_le() => {
                    typed.ids.insert(next.trace_id.clone());
                    typed.stream.ready.pop_front();
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
        .compare(&SortValue::of(a, &order.key), &SortValue::of(b, &order.key))
        .then_with(|| a.trace_id.cmp(&b.trace_id))
}
