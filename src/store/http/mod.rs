//! MLflow tracking servers (since 2.22), over their REST API. The server filters, sorts and aggregates as far as
//! possible; the capabilities of its release are detected from its responses.

mod access;
mod batch;
mod body;
mod clauses;
mod client;
mod failure;
mod load;
mod mask;
mod metrics;
mod pages;
#[cfg(target_os = "linux")]
mod quick_ack;
mod request;
mod response;
mod selection;
mod server;
mod spans;
mod tls;
mod totals;
mod url;

pub use access::ServerSettings;
pub(super) use url::without_credentials;

use super::aggregates;
use super::parallel::beside;
use super::{Aggregates, Notice, Query, ReadPlan, Sink, SpanDetail, Summaries, SummaryGrouping, TraceKey, TraceStore};
use crate::formats;
use crate::limits;
use crate::model::{Experiment, Problem, StoreInfo, StoreKind, Totals, Trace, TraceInfo, parse_release};
use crate::query::Filter;
use crate::store::error::{Result, ServerErrorKind, StoreError};
use client::Client;
use pages::{ApiGeneration, ListedTrace, PageLimit, SearchRequest, TracePages};
use request::ApiRequest;
use response::ApiResponse;
use selection::{SelectedTrace, Selection};
use serde_json::json;
use std::cell::{Cell, OnceCell};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use url::url_encode;

/// Number of newest traces that are searched for an id prefix if the server cannot search ids.
const MAX_TRACES_SCANNED_FOR_ID: usize = 2_000;

/// Maximum number of experiments per page that all releases accept.
const EXPERIMENTS_PER_PAGE: usize = 1_000;

/// Maximum number of traces that are fetched by a part of their id to find those that start with it.
const MAX_ID_MATCHES: usize = 100;

/// Store of a tracking server.
pub(super) struct HttpStore {
    name: String,
    client: Arc<Client>,
    /// Set by the first response that reveals it.
    generation: Cell<Option<ApiGeneration>>,
    experiments: OnceCell<Vec<Experiment>>,
    /// Release of the server, requested when first needed; `None` in the cell if unknown.
    version: OnceCell<Option<String>>,
    /// Number of traces in a row whose spans the server did not return.
    traces_without_spans: Cell<usize>,
    /// Number of batches in a row in which the server returned no spans.
    empty_batches: Cell<usize>,
}

impl HttpStore {
    pub(super) fn open(uri: &str, settings: &ServerSettings) -> Result<Self> {
        let client = Client::new(uri, settings)?;
        Ok(Self {
            name: client.server.display_url(),
            client: Arc::new(client),
            generation: Cell::new(None),
            experiments: OnceCell::new(),
            version: OnceCell::new(),
            traces_without_spans: Cell::new(0),
            empty_batches: Cell::new(0),
        })
    }

    /// Sends a request to the 3.0 route, or to the 2.0 route if the server does not have the 3.0 routes.
    fn execute_versioned(&self, request: impl Fn(ApiGeneration) -> ApiRequest) -> Result<ApiResponse> {
        let known = self.generation.get();
        let response = self.client.execute(&request(known.unwrap_or(ApiGeneration::V3)))?;
        match (known, response) {
            (None, ApiResponse::NoRoute) => {
                let response = self.client.execute(&request(ApiGeneration::V2))?;
                if !matches!(response, ApiResponse::NoRoute) {
                    self.generation.set(Some(ApiGeneration::V2));
                }
                Ok(response)
            }
            (None, response) => {
                self.generation.set(Some(ApiGeneration::V3));
                Ok(response)
            }
            (Some(_), response) => Ok(response),
        }
    }

    /// Returns the API generation. If still unknown, detects it with a search for one trace.
    fn detect_generation(&self, experiments: &[String]) -> Result<ApiGeneration> {
        if self.generation.get().is_none() {
            let search = SearchRequest { experiments, filter: "", order: &[], size: 1, token: None };
            let _ = pages::fetch(self, &search)?;
        }
        Ok(self.generation())
    }

    /// Returns the API generation, for use after a request has detected it.
    fn generation(&self) -> ApiGeneration {
        self.generation.get().unwrap_or(ApiGeneration::V3)
    }

    /// Returns the release of the server, such as `3.18.0`; `None` if its `/version` is not a release.
    fn version(&self) -> Option<&str> {
        let version = self.version.get_or_init(|| {
            let Ok(ApiResponse::Body(body)) =
                self.client.execute(&ApiRequest::get("/version").accepting_files().without_retries())
            else {
                return None;
            };
            let text = String::from_utf8_lossy(&body.into_bytes()).trim().to_owned();
            parse_release(&text).map(|_| self.client.server.mask_credentials(&text))
        });
        version.as_deref()
    }

    /// Returns major and minor release. Needed only for capabilities that responses do not reveal.
    fn release(&self) -> Option<(u32, u32)> {
        self.version().and_then(parse_release)
    }

    /// Whether the token sums of the server include all traces. Up to 3.16 they are computed from a table that upgrades
    /// leave empty (`trace_metrics`); since 3.17, from columns of the records.
    fn has_complete_token_sums(&self) -> bool {
        self.release().is_some_and(|release| release >= (3, 17))
    }

    /// Whether the release of the server is known and older than this one.
    fn is_older_than(&self, major: u32, minor: u32) -> bool {
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
            let mut body = json!({"max_results": EXPERIMENTS_PER_PAGE, "view_type": "ALL"});
            if let Some(token) = &token {
                body["page_token"] = token.as_str().into();
            }
            let page = match self.client.execute(&ApiRequest::post("/api/2.0/mlflow/experiments/search", &body))? {
                ApiResponse::Body(body) => body.decode(formats::parse_experiment_page),
                ApiResponse::NoRoute => {
                    return Err(self.client.server.not_mlflow("no route to search experiments").into());
                }
                ApiResponse::Error(error) => return Err(self.client.server.api_error(&error).into()),
                ApiResponse::Incomplete(body) => return Err(body.error.into()),
            };
            let (more, next) =
                page.map_err(|reason| self.client.server.not_mlflow(format!("invalid list of experiments: {reason}")))?;
            // Pages use offsets: an experiment that changed meanwhile may occur twice.
            let more: Vec<Experiment> =
                more.into_iter().filter(|experiment| known.insert(experiment.experiment_id.clone())).collect();
            let problem = if next.is_none() {
                None
            } else if more.is_empty() {
                Some(Problem::new("skipped_pages", pages::EMPTY_NEXT_PAGE))
            } else {
                limit.count_page(EXPERIMENTS_PER_PAGE, more.len())
            };
            let is_last = next.is_none() || problem.is_some();
            problems.extend(problem);
            all.extend(more);
            token = next;
            if is_last {
                break;
            }
        }
        let by_age = |experiment: &Experiment| (experiment.experiment_id.len(), experiment.experiment_id.clone());
        all.sort_by_key(by_age);
        Ok(all)
    }

    /// Returns the name of an experiment if the list of experiments was read.
    fn experiment_name(&self, id: &str) -> Option<String> {
        self.experiments
            .get()?
            .iter()
            .find(|experiment| experiment.experiment_id == id)
            .map(|experiment| experiment.name.clone())
    }

    /// Returns the record of a trace by its exact id.
    fn info(&self, id: &str) -> Result<Option<TraceInfo>> {
        let encoded_id = url_encode(id);
        let response = self.execute_versioned(|generation| {
            ApiRequest::get(match generation {
                ApiGeneration::V3 => format!("/api/3.0/mlflow/traces/{encoded_id}"),
                ApiGeneration::V2 => format!("/api/2.0/mlflow/traces/{encoded_id}/info"),
            })
        })?;
        match response {
            ApiResponse::Body(body) => body.decode(formats::parse_trace_info).map(Some).map_err(|reason| {
                self.client.server.failed(ServerErrorKind::InvalidRecord(id.to_owned())).because(reason).into()
            }),
            ApiResponse::Error(error) if error.is_not_found() => Ok(None),
            ApiResponse::NoRoute => Ok(None),
            ApiResponse::Error(error) => Err(self.client.server.api_error(&error).into()),
            ApiResponse::Incomplete(body) => Err(body.error.into()),
        }
    }

    /// Returns records whose id contains a text; `None` if the server cannot search ids.
    fn search_by_id(&self, text: &str, experiments: &[String]) -> Result<Option<Vec<TraceInfo>>> {
        let Some(filter) = clauses::id_contains(text) else { return Ok(None) };
        let search = SearchRequest {
            experiments,
            filter: &filter,
            order: &["timestamp_ms DESC"],
            size: MAX_ID_MATCHES,
            token: None,
        };
        match pages::fetch(self, &search)? {
            // There may be more pages, but then the text is too short to identify a trace anyway.
            Ok(page) => Ok(Some(page.infos.into_iter().flatten().collect())),
            Err(error) if error.is_unsupported_request() => Ok(None),
            Err(error) => Err(self.client.server.api_error(&error).into()),
        }
    }

    /// Returns the newest records, for servers that cannot search ids, and whether these are all.
    fn newest_infos(&self, problems: &mut Vec<Problem>) -> Result<(Vec<TraceInfo>, bool)> {
        let plan = ReadPlan::first(MAX_TRACES_SCANNED_FOR_ID);
        let query = Query { plan, ..Query::newest(self.all_experiments(problems)?.to_vec()) };
        let mut pages = TracePages::new(self, &query, problems)?;
        let mut infos = Vec::new();
        while let Some(ListedTrace { info, .. }) = pages.next(problems)? {
            if infos.len() == MAX_TRACES_SCANNED_FOR_ID {
                return Ok((infos, false));
            }
            infos.push(info);
        }
        Ok((infos, true))
    }
}

/// Number of traces whose spans are fetched together at first. Small, so that little is fetched in vain if the sink stops
/// early.
const FIRST_GROUP: usize = limits::CONCURRENT_REQUESTS;

impl TraceStore for HttpStore {
    fn name(&self) -> &str {
        &self.name
    }

    fn notices(&self) -> Vec<Notice> {
        let notice = self
            .client
            .server
            .exposes_credentials()
            .then(|| Notice::Warning(format!("credentials are sent to `{}` unencrypted (use https)", self.name)));
        notice.into_iter().collect()
    }

    fn experiments(&self, problems: &mut Vec<Problem>) -> Result<Vec<Experiment>> {
        Ok(self.all_experiments(problems)?.to_vec())
    }

    fn search(&self, query: &Query, sink: &mut dyn Sink) -> Result<Option<usize>> {
        let mut problems = Vec::new();
        let pages = TracePages::new(self, query, &mut problems)?;
        let mut selection = Selection::new(pages, query, problems)?;
        let mut size = FIRST_GROUP;
        let mut group = selection.next_group(size, sink)?;
        while let Some(last) = group.last() {
            size = (size * 2).min(self.max_group(last.spans));
            let loader = self.loader(&query.filter);
            // If all traces are read, the next group is listed while this one is loaded.
            let (parts, next) = if query.plan.expected.is_none() && last.spans.is_some() {
                let (parts, next) = beside(|| loader.load(&group), || selection.next_group(size, sink));
                (parts, Some(next))
            } else {
                (loader.load(&group), None)
            };
            if self.send(&group, &loader, parts, sink)?.is_break() {
                break;
            }
            group = next.unwrap_or_else(|| selection.next_group(size, sink))?;
        }
        Ok(None)
    }

    fn is_local(&self) -> bool {
        false
    }

    fn load_spans(&self, infos: Vec<TraceInfo>, detail: SpanDetail, sink: &mut dyn Sink) -> Result<()> {
        let traces: Vec<SelectedTrace> =
            infos.into_iter().map(|info| SelectedTrace { info, spans: Some(detail), needs_rows: false }).collect();
        for group in traces.chunks(self.max_group(Some(detail))) {
            let filter = Filter::default();
            let loader = self.loader(&filter);
            if self.send(group, &loader, loader.load(group), sink)?.is_break() {
                break;
            }
        }
        Ok(())
    }

    fn with_id_prefix(&self, prefixes: &[String], limit: usize, problems: &mut Vec<Problem>) -> Result<Vec<TraceKey>> {
        // A full id is not a prefix of another one, so it needs no search.
        for id in prefixes.iter().filter(|id| is_full_id(id)) {
            if let Some(info) = self.info(id)? {
                return Ok(vec![TraceKey::Record(Box::new(info))]);
            }
        }
        if prefixes.iter().any(|id| is_full_id(id)) {
            return Ok(Vec::new());
        }
        let experiments: Vec<String> =
            self.all_experiments(problems)?.iter().map(|experiment| experiment.experiment_id.clone()).collect();
        if experiments.is_empty() {
            return Ok(Vec::new());
        }
        let shortest = prefixes.iter().min_by_key(|prefix| prefix.len()).map_or("", String::as_str);
        let infos = if let Some(infos) = self.search_by_id(shortest, &experiments)? {
            infos
        } else {
            let (infos, is_all) = self.newest_infos(problems)?;
            if !is_all {
                problems.push(Problem::new(
                    "skipped_older",
                    format!(
                        "only the newest {MAX_TRACES_SCANNED_FOR_ID} traces were searched for the id: servers before \
                         MLflow 3.6 cannot search ids"
                    ),
                ));
            }
            infos
        };
        let is_match = |info: &TraceInfo| prefixes.iter().any(|prefix| info.trace_id.starts_with(prefix));
        let matching = infos.into_iter().filter(is_match).take(limit);
        Ok(matching.map(|info| TraceKey::Record(Box::new(info))).collect())
    }

    fn trace(&self, key: &TraceKey, detail: Option<SpanDetail>) -> Result<Option<Trace>> {
        let found = match key {
            TraceKey::Id(id) => self.info(id)?,
            TraceKey::Record(info) => Some(TraceInfo::clone(info)),
        };
        let Some(mut info) = found else { return Ok(None) };
        info.experiment_name = self.experiment_name(&info.experiment_id);
        let Some(detail) = detail else { return Ok(Some(Trace::without_spans(info))) };
        let (client, generation) = (&self.client, self.generation());
        if info.experiment_name.is_some() {
            return spans::read_one(client, generation, info, detail).map(Some);
        }
        // The name of the experiment is requested while the spans are fetched.
        let experiment = info.experiment_id.clone();
        let (trace, name) = std::thread::scope(|scope| {
            let fetch_name = || fetch_experiment_name(client, &experiment);
            let name = std::thread::Builder::new().spawn_scoped(scope, fetch_name);
            let trace = spans::read_one(client, generation, info, detail);
            // If no thread can be started, the name is requested now.
            let name = match name {
                Ok(name) => name.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                Err(_) => fetch_name(),
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
            url_encode(&info.trace_id),
            url_encode(id)
        );
        let missing = |reason: &str| StoreError::NoAttachment {
            id: id.to_owned(),
            problem: Box::new(Problem::new("missing_file", reason)),
        };
        match self.client.execute(&ApiRequest::get(route).accepting_files())? {
            ApiResponse::Body(body) => Ok(body.into_bytes()),
            ApiResponse::NoRoute => Err(missing("the server has no route for attachments (added in MLflow 3.11)")),
            ApiResponse::Error(error) => Err(missing(&error.message)),
            ApiResponse::Incomplete(body) => Err(missing(&body.error.to_string())),
        }
    }

    fn describe(&self) -> Result<StoreInfo> {
        Ok(StoreInfo { server_release: self.version().map(str::to_owned), ..StoreInfo::new(StoreKind::Server) })
    }

    fn aggregates(&self) -> Option<&dyn Aggregates> {
        Some(self)
    }
}

impl Aggregates for HttpStore {
    fn totals(&self, experiments: &[Experiment], problems: &mut Vec<Problem>) -> Result<HashMap<String, Totals>> {
        totals::read(self, experiments, problems)
    }

    fn is_empty(&self) -> Result<bool> {
        aggregates::is_empty_by_search(self)
    }

    fn summaries(&self, query: &Query, grouping: SummaryGrouping) -> Result<Option<Summaries>> {
        metrics::summaries(self, query, grouping)
    }
}

/// Whether an id has the full form of MLflow: `tr-` and 32 hex digits since 3.2, 32 hex digits before.
fn is_full_id(id: &str) -> bool {
    let hex = id.strip_prefix("tr-").unwrap_or(id);
    hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
}

fn fetch_experiment_name(client: &Client, id: &str) -> Option<String> {
    let request = ApiRequest::get(format!("/api/2.0/mlflow/experiments/get?experiment_id={}", url_encode(id)));
    match client.execute(&request) {
        Ok(ApiResponse::Body(body)) => body.decode(formats::parse_experiment).ok().map(|experiment| experiment.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
