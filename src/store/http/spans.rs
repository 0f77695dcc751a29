//! Fetches the spans of one trace from a server, wherever they are stored.

use super::body::{Body, BodyReadError, BudgetShare};
use super::client::Client;
use super::pages::ApiGeneration;
use super::request::ApiRequest;
use super::response::{ApiResponse, BodyError};
use super::url::url_encode;
use crate::formats::{self, SpanDetail, TraceFile};
use crate::model::{Problem, Spans, SpansSource, Trace, TraceInfo, TraceState, arrange, keys};
use crate::store::error::Result;
use crate::store::spans::fill_session_and_user;

/// Kind of the problem if the server failed to load the spans of a trace, so that it is unknown whether they exist.
pub(super) const UNSERVED_SPANS: &str = "unserved_spans";

/// Which routes are tried for the spans of a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanFetch {
    /// All routes.
    AllRoutes,
    /// The first route, without retries: for a server that did not return the spans of many other traces.
    FirstRouteOnce,
}

/// Adds the spans to a trace's record.
///
/// `get-trace-artifact` is tried first: every release has it, it returns all spans as stored in one response, and it is
/// the only route that supports integers beyond 64 bits (MLflow 2.22 to 3.18 `server/handlers.py`).
///
/// # Errors
/// The server fails. If only the spans are unavailable, that is a problem of the trace instead.
pub(super) fn read_one(
    client: &Client,
    generation: ApiGeneration,
    info: TraceInfo,
    detail: SpanDetail,
) -> Result<Trace> {
    let mut share = BudgetShare::unlimited(&client.budget);
    let trace = read(client, generation, info, detail, SpanFetch::AllRoutes, &mut share)?;
    trace.ok_or_else(|| client.server.body_error(BodyReadError::OverBudget).error.into())
}

/// Like [`read_one`], for one of several traces that share a memory budget; `None` if that is used up. Responses are
/// charged to the share, which must live as long as the trace.
///
/// # Errors
/// The server fails.
pub(super) fn read(
    client: &Client,
    generation: ApiGeneration,
    info: TraceInfo,
    detail: SpanDetail,
    span_fetch: SpanFetch,
    share: &mut BudgetShare,
) -> Result<Option<Trace>> {
    let id = url_encode(&info.trace_id);
    let mut errors = Vec::new();
    let mut fetch = |request: &ApiRequest| request_spans(client, request, &mut errors, share);
    let stored = ApiRequest::get(format!("/ajax-api/2.0/mlflow/get-trace-artifact?request_id={id}"));
    let stored = if span_fetch == SpanFetch::FirstRouteOnce { stored.without_retries() } else { stored };
    let parse_file = |body: &Body| mask_damage(client, body.decode(|text| Ok(formats::trace_file(text, detail))));
    let parse_wire = |body: &Body| mask_damage(client, body.decode(|text| formats::parse_wire_spans(text, detail)));
    let mut file = match fetch(&stored)? {
        SpanResponse::Body(body) => parse_file(&body),
        SpanResponse::Missing => None,
        SpanResponse::TooLong => return Ok(Some(build_trace(info, None, false, errors))),
        SpanResponse::OverBudget => return Ok(None),
    };
    // Whether a response confirms which spans exist. If there are none, the server returns an empty list or, up to 3.6,
    // an error here and empty results below.
    let mut is_confirmed = file.is_some();
    if span_fetch == SpanFetch::FirstRouteOnce {
        return Ok(Some(build_trace(info, file, is_confirmed, errors)));
    }
    let is_in_rows = info.has_spans_in_database();
    if generation == ApiGeneration::V3 {
        for route in [
            format!("/api/3.0/mlflow/traces/get?trace_id={id}&allow_partial=true"),
            format!("/api/3.0/mlflow/traces/batchGet?trace_ids={id}"),
        ] {
            if has_spans(file.as_ref()) {
                break;
            }
            match fetch(&ApiRequest::get(route).without_retries())? {
                SpanResponse::Body(body) => {
                    is_confirmed |= is_in_rows;
                    file = parse_wire(&body).or(file);
                }
                SpanResponse::OverBudget => return Ok(None),
                SpanResponse::Missing | SpanResponse::TooLong => {}
            }
        }
    }
    if !has_spans(file.as_ref())
        && let Some(location) = info.tags.get(keys::ARTIFACT_LOCATION)
        && let Some(folder) = served_path(location, &|authority| client.server.is_same_authority(authority))
    {
        let route = format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/traces.json");
        match fetch(&ApiRequest::get(route).without_retries())? {
            SpanResponse::Body(body) => file = parse_file(&body).or(file),
            SpanResponse::OverBudget => return Ok(None),
            SpanResponse::Missing | SpanResponse::TooLong => {}
        }
    }
    Ok(Some(build_trace(info, file, is_confirmed, errors)))
}

/// Returns a trace with the spans that a batch returned.
pub(super) fn from_batch(info: TraceInfo, file: TraceFile) -> Trace {
    build_trace(info, Some(file), true, Vec::new())
}

fn has_spans(file: Option<&TraceFile>) -> bool {
    file.is_some_and(|file| !file.spans.is_empty())
}

/// Masks credentials in the first description of damage, the only one that is shown.
fn mask_damage(client: &Client, file: std::result::Result<TraceFile, String>) -> Option<TraceFile> {
    let mut file = file.ok()?;
    file.damage.iter_mut().take(1).for_each(|reason| *reason = client.server.mask_credentials(reason));
    Some(file)
}

/// Response to a request for spans.
enum SpanResponse {
    Body(Body),
    /// The server has no spans by this route.
    Missing,
    /// The response exceeds the size limit.
    TooLong,
    /// Concurrent reads use up the memory budget.
    OverBudget,
}

fn request_spans(
    client: &Client,
    request: &ApiRequest,
    errors: &mut Vec<String>,
    share: &mut BudgetShare,
) -> Result<SpanResponse> {
    Ok(match client.execute_charged(request, share)? {
        ApiResponse::Body(body) => SpanResponse::Body(body),
        ApiResponse::NoRoute => SpanResponse::Missing,
        ApiResponse::Error(error) => {
            errors.push(error.message);
            SpanResponse::Missing
        }
        ApiResponse::Incomplete(BodyError { reason: BodyReadError::OverBudget, .. }) => SpanResponse::OverBudget,
        ApiResponse::Incomplete(body) => {
            errors.push(body.error.to_string());
            SpanResponse::TooLong
        }
    })
}

/// Returns the path of an artifact location on this server. Other hosts are rejected, since a trace could name any
/// host.
pub(super) fn served_path(location: &str, is_here: &dyn Fn(&str) -> bool) -> Option<String> {
    let rest = location.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//").filter(|after| !after.starts_with('/')) {
        Some(after) => {
            let (authority, path) = after.split_once('/')?;
            Some(path).filter(|_| is_here(authority))?
        }
        None => rest.trim_start_matches('/'),
    };
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_plain = !parts.is_empty() && !parts.iter().any(|part| matches!(*part, "." | ".."));
    is_plain.then(|| parts.iter().map(|part| url_encode(part)).collect::<Vec<_>>().join("/"))
}

fn build_trace(mut info: TraceInfo, file: Option<TraceFile>, is_confirmed: bool, errors: Vec<String>) -> Trace {
    let mut problems = Vec::new();
    let file = file.unwrap_or_default();
    if file.is_truncated {
        let readable = file.spans.len();
        problems.push(Problem::new(
            "cut_file",
            format!("the spans from the server are truncated or damaged; {readable} could be read"),
        ));
    }
    if let Some(reason) = file.damage.first() {
        problems.push(Problem::new("damaged_span", format!("{} spans cannot be read: {reason}", file.damage.len())));
    }
    let (list, nodes, repeated) = arrange(file.spans);
    if repeated > 0 {
        let message = format!("{repeated} spans have the id of another span and were dropped");
        problems.push(Problem::new("repeated_span", message));
    }
    // A trace in progress may have no spans yet.
    if list.is_empty() && info.state != TraceState::InProgress && info.span_count != Some(0) {
        let kind = if is_confirmed { "missing_spans" } else { UNSERVED_SPANS };
        let error = errors.into_iter().next();
        let reason = error.or_else(|| (!is_confirmed).then(|| "no route for spans".to_owned()));
        let reason = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        problems.push(Problem::new(kind, format!("the server returned no spans for {}{reason}", info.trace_id)));
    }
    if info.tags.get(keys::SPANS_LOCATION).is_some() {
        // Without a recorded count, the stored rows count, as in the server's own database.
        info.span_count = info.span_count.or(Some(list.len() as u64).filter(|count| *count > 0));
    }
    if info.name.is_none() {
        info.root_name = list.iter().find(|span| span.parent.is_none()).map(|span| span.name.clone());
    }
    fill_session_and_user(&mut info, &list);
    let source = if list.is_empty() { SpansSource::None } else { SpansSource::Server };
    Trace { info, spans: Some(Spans { list, nodes, source, problems, moved: None, outside: None }), rows: None }
}
