//! Tracking servers of MLflow, from 2.22 on, over their REST interface. The server does the heavy work and is asked small
//! questions; what a release can do is told from its answers.

mod access;
mod answer;
mod body;
mod clauses;
mod client;
mod failure;
mod metrics;
mod pages;
mod secret;
mod spans;
mod tls;
mod totals;
mod url;

pub use access::ServerSettings;
pub use secret::Secret;
pub use url::without_credentials;

use super::parallel::in_parallel;
use super::rows;
use super::{Notice, Projection, Query, Sink, Summaries, SummaryGrouping, TraceStore};
use crate::error::{Error, ErrorCode, Result};
use crate::formats;
use crate::limits;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo, keys, release_of};
use crate::query::Filter;
use answer::ApiResponse;
use body::BudgetShare;
use client::{ApiRequest, Client};
use pages::{ApiGeneration, ListedTrace, PageLimit, SearchRequest, TracePages};
use serde_json::json;
use spans::SpanFetch;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::in_url;

/// Where a server cannot search ids, so many of the newest traces are looked through for one.
const NEWEST_LOOKED_THROUGH: usize = 2_000;

/// The most that every release gives on one page of experiments.
const EXPERIMENTS_ON_A_PAGE: usize = 1_000;

/// Up to so many records of a search are kept for a question about one of them.
const FEW: usize = 4;

/// So many traces with a part of an id are looked at to find those that begin with it.
const MOST_NEAR_IDS: usize = 100;

/// A server.
pub(super) struct HttpStore {
    name: String,
    client: Arc<Client>,
    /// Learnt from the first answer that tells.
    generation: Cell<Option<ApiGeneration>>,
    experiments: OnceCell<Vec<Experiment>>,
    /// Records that were found by an id or a word, so that they are not asked for again.
    found: RefCell<HashMap<String, TraceInfo>>,
    /// Asked for once, where it matters.
    version: OnceCell<Option<String>>,
    /// Of how many traces in a row the server gave no spans.
    without_spans: Cell<usize>,
}

impl HttpStore {
    pub(super) fn open(uri: &str, settings: &ServerSettings) -> Result<Self> {
        let client = Client::new(uri, settings)?;
        Ok(Self {
            name: client.shown(),
            client: Arc::new(client),
            generation: Cell::new(None),
            experiments: OnceCell::new(),
            found: RefCell::default(),
            version: OnceCell::new(),
            without_spans: Cell::new(0),
        })
    }

    /// Asks by the 3.0 routes, and where the server has none by the 2.0 ones.
    fn by_generation(&self, question: impl Fn(ApiGeneration) -> ApiRequest) -> Result<ApiResponse> {
        let known = self.generation.get();
        let reply = self.client.ask(&question(known.unwrap_or(ApiGeneration::Three)))?;
        match (known, reply) {
            (None, ApiResponse::NoRoute) => {
                let reply = self.client.ask(&question(ApiGeneration::Two))?;
                if !matches!(reply, ApiResponse::NoRoute) {
                    self.generation.set(Some(ApiGeneration::Two));
                }
                Ok(reply)
            }
            (None, reply) => {
                self.generation.set(Some(ApiGeneration::Three));
                Ok(reply)
            }
            (Some(_), reply) => Ok(reply),
        }
    }

    /// The generation, found out by a search for one trace where no answer told it yet.
    fn learn_generation(&self, experiments: &[String]) -> Result<ApiGeneration> {
        if self.generation.get().is_none() {
            let search = SearchRequest { experiments, filter: "", order: &[], size: 1, token: None };
            let _ = pages::ask(self, &search)?;
        }
        Ok(self.generation())
    }

    /// The generation, for questions that come after one which told it.
    fn generation(&self) -> ApiGeneration {
        self.generation.get().unwrap_or(ApiGeneration::Three)
    }

    /// The release that the server says it is of, `3.18.0`; none where it answers with something else.
    fn version(&self) -> Option<&str> {
        let version = self.version.get_or_init(|| {
            let Ok(ApiResponse::Body(body)) = self.client.ask(&ApiRequest::get("/version").file().once()) else {
                return None;
            };
            let text = String::from_utf8_lossy(&body.into_bytes()).trim().to_owned();
            release_of(&text).map(|_| self.client.heard(&text))
        });
        version.as_deref()
    }

    /// The same in numbers. Answers tell most of what a release can do; this is for what they do not.
    fn release(&self) -> Option<(u32, u32)> {
        self.version().and_then(release_of)
    }

    /// Whether the server's own sums of tokens are those of all traces. Until 3.16 they are of a table that upgrades leave
    /// empty (`trace_metrics`); since 3.17 they are of the columns of the records.
    fn sums_all_tokens(&self) -> bool {
        self.release().is_some_and(|release| release >= (3, 17))
    }

    /// Whether the server says that it is of an older release.
    fn is_before(&self, major: u32, minor: u32) -> bool {
        self.release().is_some_and(|release| release < (major, minor))
    }

    fn all_experiments(&self, problems: &mut Vec<Problem>) -> Result<&[Experiment]> {
        if self.experiments.get().is_none() {
            let _ = self.experiments.set(self.read_experiments(problems)?);
        }
        Ok(self.experiments.get().map_or(&[], Vec::as_slice))
    }

    fn read_experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        let mut known = HashSet::new();
        let (mut all, mut token): (Vec<Experiment>, Option<String>) = (Vec::new(), None);
        let mut limit = PageLimit::new(limits::EXPERIMENT_PAGES);
        loop {
            let mut body = json!({"max_results": EXPERIMENTS_ON_A_PAGE, "view_type": "ALL"});
            if let Some(token) = &token {
                body["page_token"] = token.as_str().into();
            }
            let page = match self.client.ask(&ApiRequest::post("/api/2.0/mlflow/experiments/search", &body))? {
                ApiResponse::Body(body) => body.decode(formats::experiment_page),
                ApiResponse::NoRoute => return Err(self.client.not_mlflow("it has no route to search experiments")),
                ApiResponse::Refusal(refusal) => return Err(self.client.refused(&refusal)),
                ApiResponse::Unread(unread) => return Err(unread.error),
            };
            let (more, next) = page.map_err(|why| self.client.not_mlflow(format!("its list of experiments: {why}")))?;
            // Pages are cut by offset: an experiment that changed meanwhile may come twice.
            let more: Vec<Experiment> =
                more.into_iter().filter(|one| known.insert(one.experiment_id.clone())).collect();
            let problem = if next.is_none() {
                None
            } else if more.is_empty() {
                Some(Problem::new("skipped_pages", pages::NOTHING_MORE))
            } else {
                limit.count(EXPERIMENTS_ON_A_PAGE, more.len())
            };
            let is_last = next.is_none() || problem.is_some();
            problems.extend(problem);
            all.extend(more);
            token = next;
            if is_last {
                break;
            }
        }
        let by_age = |one: &Experiment| (one.experiment_id.len(), one.experiment_id.clone());
        all.sort_by_key(by_age);
        Ok(all)
    }

    /// The name of an experiment, where the list was read.
    fn experiment_name(&self, id: &str) -> Option<String> {
        self.experiments.get()?.iter().find(|one| one.experiment_id == id).map(|one| one.name.clone())
    }

    /// The record of a trace by its exact id.
    fn info(&self, id: &str) -> Result<Option<TraceInfo>> {
        if let Some(info) = self.found.borrow().get(id) {
            return Ok(Some(info.clone()));
        }
        let id_part = in_url(id);
        let reply = self.by_generation(|generation| {
            ApiRequest::get(match generation {
                ApiGeneration::Three => format!("/api/3.0/mlflow/traces/{id_part}"),
                ApiGeneration::Two => format!("/api/2.0/mlflow/traces/{id_part}/info"),
            })
        })?;
        match reply {
            ApiResponse::Body(body) => body.decode(formats::info_answer).map(Some).map_err(|why| {
                Error::new(ErrorCode::Server, format!("cannot read what `{}` says of trace `{id}`", self.name))
                    .because(why)
            }),
            ApiResponse::Refusal(refusal) if refusal.is_absence() => Ok(None),
            ApiResponse::NoRoute => Ok(None),
            ApiResponse::Refusal(refusal) => Err(self.client.refused(&refusal)),
            ApiResponse::Unread(unread) => Err(unread.error),
        }
    }

    /// Records that have a text somewhere in their id; none where the server cannot search ids.
    fn with_id_like(&self, text: &str, experiments: &[String]) -> Result<Option<Vec<TraceInfo>>> {
        let Some(filter) = clauses::id_contains(text) else { return Ok(None) };
        let search = SearchRequest {
            experiments,
            filter: &filter,
            order: &["timestamp_ms DESC"],
            size: MOST_NEAR_IDS,
            token: None,
        };
        match pages::ask(self, &search)? {
            // More than fit a page: so short a text that it says little. The first ones show that.
            Ok(page) => Ok(Some(page.infos.into_iter().flatten().collect())),
            Err(refusal) if refusal.is_of_question() => Ok(None),
            Err(refusal) => Err(self.client.refused(&refusal)),
        }
    }

    /// The newest records, for servers that cannot search ids; and whether these are all.
    fn newest(&self, problems: &mut Vec<Problem>) -> Result<(Vec<TraceInfo>, bool)> {
        let expected = Some(NEWEST_LOOKED_THROUGH);
        let query = Query { expected, ..Query::newest(self.all_experiments(problems)?.to_vec()) };
        let mut pages = TracePages::new(self, &query, problems)?;
        let mut infos = Vec::new();
        while let Some(ListedTrace { info, .. }) = pages.next(problems)? {
            if infos.len() == NEWEST_LOOKED_THROUGH {
                return Ok((infos, false));
            }
            infos.push(info);
        }
        Ok((infos, true))
    }

    /// Hands on a few traces that were selected, with their spans where these are wanted.
    fn give(&self, batch: &[SelectedTrace], filter: &Filter, sink: &mut dyn Sink) -> Result<ControlFlow<()>> {
        let (client, generation) = (&self.client, self.generation());
        let effort = if self.without_spans.get() < HOPELESS { SpanFetch::Full } else { SpanFetch::Least };
        // A server that fails once is not asked for the rest of the batch.
        let has_failed = AtomicBool::new(false);
        let is_crowded = AtomicBool::new(false);
        // A trace with the part of the budget that it takes; none where others take the memory.
        let read = |selected: &SelectedTrace, mut share: BudgetShare| {
            let trace = spans::read(client, generation, selected.info.clone(), selected.need, effort, &mut share);
            has_failed.fetch_or(trace.is_err(), Ordering::Relaxed);
            let mut trace = trace.transpose()?;
            if let Ok(trace) = &mut trace
                && selected.needs_rows
            {
                trace.rows = Some(rows::of_spans(trace, filter));
            }
            Some((trace, Some(share)))
        };
        let load = |selected: &SelectedTrace| {
            if selected.need == Projection::Info {
                return Some((Ok(Trace::without_spans(selected.info.clone())), None));
            }
            if has_failed.load(Ordering::Relaxed) || is_crowded.load(Ordering::Relaxed) {
                return None;
            }
            let loaded = read(selected, BudgetShare::limited(&client.budget));
            is_crowded.fetch_or(loaded.is_none(), Ordering::Relaxed);
            loaded
        };
        let at_once =
            if batch.iter().any(|selected| selected.need != Projection::Info) { limits::QUESTIONS_AT_ONCE } else { 1 };
        let mut failure = None;
        for (selected, loaded) in batch.iter().zip(in_parallel(batch, at_once, load)) {
            if failure.is_some() {
                break;
            }
            // Those that found no room are read one after the other, each with all the room that one answer may take.
            let loaded = match loaded {
                None if !has_failed.load(Ordering::Relaxed) => read(selected, BudgetShare::unlimited(&client.budget)),
                loaded => loaded,
            };
            // The share is given back when the trace was passed on.
            let Some((trace, _share)) = loaded else { continue };
            match trace {
                Ok(trace) => {
                    if let Some(spans) = &trace.spans {
                        let is_lost = spans
                            .problems
                            .iter()
                            .any(|problem| matches!(&*problem.kind, "missing_spans" | spans::UNSERVED));
                        self.without_spans.set(if is_lost { self.without_spans.get() + 1 } else { 0 });
                    }
                    if sink.trace(trace)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(ControlFlow::Continue(())), Err)
    }
}

/// After so many traces in a row without spans, the store behind the server is taken for broken.
const HOPELESS: usize = 64;

/// A trace that is meant, or may be.
struct SelectedTrace {
    info: TraceInfo,
    /// How much of it has to be fetched.
    need: Projection,
    /// Whether conditions on rows of its spans are to be decided here.
    needs_rows: bool,
}

/// How many traces' spans are fetched together at first, and at most: few, so that little is fetched in vain when the
/// taker has had enough.
const FIRST_BATCH: usize = limits::QUESTIONS_AT_ONCE;
const LARGEST_BATCH: usize = 4 * limits::QUESTIONS_AT_ONCE;

impl TraceStore for HttpStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn notices(&self) -> Vec<Notice> {
        let remark = self.client.exposes_credentials().then(|| {
            Notice::Warning(format!(
                "credentials go to `{}` over plain http, where anybody on the way can read them; https protects them",
                self.name
            ))
        });
        remark.into_iter().collect()
    }

    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        Ok(self.all_experiments(problems)?.to_vec())
    }

    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        totals::read(self, experiments, problems)
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let names: HashMap<&str, &str> =
            query.experiments.iter().map(|one| (one.experiment_id.as_str(), one.name.as_str())).collect();
        let mut problems = Vec::new();
        let mut pages = TracePages::new(self, query, &mut problems)?;
        let mut sorted = if pages.is_in_order() { None } else { Some(pages.sorted(&mut problems)?) };
        let (mut batch, mut size) = (Vec::new(), FIRST_BATCH);
        loop {
            let next = match &mut sorted {
                Some(sorted) => sorted.pop_front(),
                None => pages.next(&mut problems)?,
            };
            problems.drain(..).for_each(|problem| sink.problem(problem));
            let Some(ListedTrace { mut info, has_decided_rows }) = next else { break };
            info.experiment_name = names.get(info.experiment_id.as_str()).map(|name| (*name).to_owned());
            let is_by_root = query.filter.asks_for_root(&info);
            if !is_by_root && !query.filter.matches_info(&info) {
                continue;
            }
            let has_hint = pages.has_hint(&info, &mut problems)?;
            if has_hint == Some(false) && !may_have_untyped_spans(&info) {
                continue;
            }
            if query.expected.is_some_and(|expected| expected <= FEW) {
                // Where few are wanted, one of them is likely to be asked for next.
                self.found.borrow_mut().insert(info.trace_id.clone(), info.clone());
            }
            // A type that the server knows to be there need not be looked at; a text has to be shown.
            let is_typed = has_hint == Some(true) && query.filter.only_types_of_spans();
            let of_spans = if is_typed { Projection::Info } else { Projection::of_filter(&query.filter) };
            let of_rows = if has_decided_rows { Projection::Info } else { Projection::of_rows(&query.filter) };
            let of_root = if is_by_root { Projection::Tree } else { Projection::Info };
            let need = query.need.max(of_spans).max(of_rows).max(of_root);
            let needs_spans = need != Projection::Info;
            batch.push(SelectedTrace { info, need, needs_rows: of_rows != Projection::Info });
            if !needs_spans || batch.len() >= size {
                if self.give(&batch, &query.filter, sink)?.is_break() {
                    return Ok(None);
                }
                batch.clear();
                size = (size * 2).min(LARGEST_BATCH);
            }
        }
        self.give(&batch, &query.filter, sink).map(|_| None)
    }

    fn is_local(&self) -> bool {
        false
    }

    fn few_traces(&self) -> usize {
        // Each may take a request, or several.
        100
    }

    fn summaries(&self, query: &Query, division: SummaryGrouping) -> Result<Option<Summaries>> {
        metrics::summaries(self, query, division)
    }

    fn complete(&self, infos: Vec<TraceInfo>, need: Projection, sink: &mut dyn Sink) -> Result<()> {
        let batch: Vec<SelectedTrace> =
            infos.into_iter().map(|info| SelectedTrace { info, need, needs_rows: false }).collect();
        for some in batch.chunks(LARGEST_BATCH) {
            if self.give(some, &Filter::default(), sink)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn ids_with_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<String>> {
        // A whole id needs no search, and none goes on after one.
        for id in prefixes.iter().filter(|id| is_whole_id(id)) {
            if let Some(info) = self.info(id)? {
                self.found.borrow_mut().insert(id.clone(), info);
                return Ok(vec![id.clone()]);
            }
        }
        if prefixes.iter().any(|id| is_whole_id(id)) {
            return Ok(Vec::new());
        }
        let experiments: Vec<String> =
            self.all_experiments(problems)?.iter().map(|experiment| experiment.experiment_id.clone()).collect();
        if experiments.is_empty() {
            return Ok(Vec::new());
        }
        let shortest = prefixes.iter().min_by_key(|prefix| prefix.len()).map_or("", String::as_str);
        let infos = if let Some(infos) = self.with_id_like(shortest, &experiments)? {
            infos
        } else {
            let (infos, is_all) = self.newest(problems)?;
            if !is_all {
                problems.push(Problem::new(
                    "skipped_older",
                    format!(
                        "only the newest {NEWEST_LOOKED_THROUGH} traces were looked through for the id: servers before \
                         MLflow 3.6 cannot search ids"
                    ),
                ));
            }
            infos
        };
        let mut ids = Vec::new();
        for mut info in infos {
            if prefixes.iter().any(|prefix| info.trace_id.starts_with(prefix)) && ids.len() < limit {
                ids.push(info.trace_id.clone());
                info.experiment_name = self.experiment_name(&info.experiment_id);
                self.found.borrow_mut().insert(info.trace_id.clone(), info);
            }
        }
        Ok(ids)
    }

    fn trace(&self, id: &str, need: Projection) -> Result<Option<Trace>> {
        let Some(mut info) = self.info(id)? else { return Ok(None) };
        info.experiment_name = self.experiment_name(&info.experiment_id);
        if need == Projection::Info {
            return Ok(Some(Trace::without_spans(info)));
        }
        let (client, generation) = (&self.client, self.generation());
        if info.experiment_name.is_some() {
            return spans::read_alone(client, generation, info, need).map(Some);
        }
        // The name of the experiment is asked for while the spans are on their way.
        let experiment = info.experiment_id.clone();
        let (trace, name) = std::thread::scope(|scope| {
            let ask = || experiment_name(client, &experiment);
            let name = std::thread::Builder::new().spawn_scoped(scope, ask);
            let trace = spans::read_alone(client, generation, info, need);
            // Where no thread can be started, it is asked for now.
            let name = match name {
                Ok(name) => name.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(_) => ask(),
            };
            (trace, name)
        });
        let mut trace = trace?;
        trace.info.experiment_name = name;
        Ok(Some(trace))
    }

    fn attachment(&self, info: &TraceInfo, id: &str) -> Result<Vec<u8>> {
        let route = format!(
            "/ajax-api/2.0/mlflow/get-trace-artifact?request_id={}&path={}",
            in_url(&info.trace_id),
            in_url(id)
        );
        let missing = |why: &str| super::attachment_missing(id, &Problem::new("missing_file", why));
        match self.client.ask(&ApiRequest::get(route).file())? {
            ApiResponse::Body(body) => Ok(body.into_bytes()),
            ApiResponse::NoRoute => Err(missing("the server has no route for attachments, which MLflow 3.11 brought")),
            ApiResponse::Refusal(refusal) => Err(missing(&refusal.message)),
            ApiResponse::Unread(unread) => Err(missing(&unread.error.message)),
        }
    }

    fn describe(&self) -> Result<StoreInfo> {
        Ok(StoreInfo { server_release: self.version().map(str::to_owned), ..StoreInfo::new(StoreKind::Server) })
    }

    fn is_empty(&self) -> Result<bool> {
        let mut problems = Vec::new();
        let query = Query { expected: Some(1), ..Query::newest(self.all_experiments(&mut problems)?.to_vec()) };
        Ok(TracePages::new(self, &query, &mut problems)?.next(&mut problems)?.is_none())
    }
}

/// Ids as MLflow makes them: `tr-` and 32 hex digits since 3.2, 32 hex digits before.
fn is_whole_id(id: &str) -> bool {
    let hex = id.strip_prefix("tr-").unwrap_or(id);
    hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
}

/// Whether a trace may have spans whose type the server's table does not tell: those that lie in files, and those that
/// came over OTLP, whose type foreign attributes tell (MLflow 3.18 `store/tracking/sqlalchemy_store.py`, `log_spans`).
fn may_have_untyped_spans(info: &TraceInfo) -> bool {
    !info.is_in_rows() || info.metadata.get(keys::SIZE_STATS).is_none()
}

fn experiment_name(client: &Client, id: &str) -> Option<String> {
    let question = ApiRequest::get(format!("/api/2.0/mlflow/experiments/get?experiment_id={}", in_url(id)));
    match client.ask(&question) {
        Ok(ApiResponse::Body(body)) => body.decode(formats::experiment_answer).ok().map(|one| one.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
