//! The spans of one trace, wherever its server keeps them.

use super::answer::{ApiResponse, BodyError};
use super::body::{Body, BodyReadError, BudgetShare};
use super::client::{ApiRequest, Client};
use super::pages::ApiGeneration;
use super::url::in_url;
use crate::error::Result;
use crate::formats::{self, TraceFile};
use crate::model::{Problem, Spans, SpansSource, Trace, TraceInfo, TraceState, arrange, keys};
use crate::store::spans::name_session;
use crate::store::{Projection, spans};

/// The kind of problem of a trace whose spans the server failed to load, so that nobody knows whether they are there.
pub(super) const UNSERVED: &str = "unserved_spans";

/// How much is tried for the spans of a trace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SpanFetch {
    /// Every way.
    Full,
    /// The likeliest way, once: for a server that gave none of many others.
    Least,
}

/// Adds the spans to a trace's record.
///
/// `get-trace-artifact` comes first: every release has it, it gives the spans as they are stored, in one answer, and it
/// alone survives integers beyond 64 bits (MLflow 2.22 to 3.18 `server/handlers.py`).
///
/// # Errors
/// Where the server cannot be asked; a trace that it cannot give is a problem of that trace.
pub(super) fn read_alone(
    client: &Client,
    generation: ApiGeneration,
    info: TraceInfo,
    need: Projection,
) -> Result<Trace> {
    let mut share = BudgetShare::unlimited(&client.budget);
    let trace = read(client, generation, info, need, SpanFetch::Full, &mut share)?;
    trace.ok_or_else(|| client.unread(BodyReadError::Crowded).error)
}

/// The same for one of several traces that share a budget of memory; none where that is spent. Answers are charged to the
/// share, which counts for the trace too.
///
/// # Errors
/// Where the server cannot be asked.
pub(super) fn read(
    client: &Client,
    generation: ApiGeneration,
    info: TraceInfo,
    need: Projection,
    effort: SpanFetch,
    share: &mut BudgetShare,
) -> Result<Option<Trace>> {
    let id = in_url(&info.trace_id);
    let mut refusals = Vec::new();
    let mut ask = |question: &ApiRequest| ask(client, question, &mut refusals, share);
    let stored = ApiRequest::get(format!("/ajax-api/2.0/mlflow/get-trace-artifact?request_id={id}"));
    let stored = if effort == SpanFetch::Least { stored.once() } else { stored };
    let as_file = |body: &Body| heard(client, body.decode(|text| Ok(formats::trace_file(text, spans::keep(need)))));
    let as_wire = |body: &Body| heard(client, body.decode(|text| formats::wire_spans(text, spans::keep(need))));
    let mut file = match ask(&stored)? {
        SpanAnswer::Body(body) => as_file(&body),
        SpanAnswer::Nothing => None,
        SpanAnswer::Long => return Ok(Some(put_together(info, None, false, refusals))),
        SpanAnswer::Crowded => return Ok(None),
    };
    // A server that found nothing gives an empty list, or, up to 3.6, refuses here and says so on the routes of rows.
    let mut is_told = file.is_some();
    if effort == SpanFetch::Least {
        return Ok(Some(put_together(info, file, is_told, refusals)));
    }
    let is_in_rows = info.is_in_rows();
    if generation == ApiGeneration::Three {
        for route in [
            format!("/api/3.0/mlflow/traces/get?trace_id={id}&allow_partial=true"),
            format!("/api/3.0/mlflow/traces/batchGet?trace_ids={id}"),
        ] {
            if has_spans(file.as_ref()) {
                break;
            }
            match ask(&ApiRequest::get(route).once())? {
                SpanAnswer::Body(body) => {
                    is_told |= is_in_rows;
                    file = as_wire(&body).or(file);
                }
                SpanAnswer::Crowded => return Ok(None),
                SpanAnswer::Nothing | SpanAnswer::Long => {}
            }
        }
    }
    if !has_spans(file.as_ref())
        && let Some(location) = info.tags.get(keys::ARTIFACT_LOCATION)
        && let Some(folder) = served_path(location, &|authority| client.is_at(authority))
    {
        let route = format!("/api/2.0/mlflow-artifacts/artifacts/{folder}/traces.json");
        match ask(&ApiRequest::get(route).once())? {
            SpanAnswer::Body(body) => file = as_file(&body).or(file),
            SpanAnswer::Crowded => return Ok(None),
            SpanAnswer::Nothing | SpanAnswer::Long => {}
        }
    }
    Ok(Some(put_together(info, file, is_told, refusals)))
}

fn has_spans(file: Option<&TraceFile>) -> bool {
    file.is_some_and(|file| !file.spans.is_empty())
}

/// Spans whose damage is described without credentials; of many descriptions the first is shown.
fn heard(client: &Client, file: std::result::Result<TraceFile, String>) -> Option<TraceFile> {
    let mut file = file.ok()?;
    file.damage.iter_mut().take(1).for_each(|why| *why = client.heard(why));
    Some(file)
}

/// What came of asking for spans.
enum SpanAnswer {
    Body(Body),
    /// The server has none there.
    Nothing,
    /// More than one answer may have.
    Long,
    /// Others take the memory.
    Crowded,
}

fn ask(
    client: &Client,
    question: &ApiRequest,
    refusals: &mut Vec<String>,
    share: &mut BudgetShare,
) -> Result<SpanAnswer> {
    Ok(match client.ask_within(question, share)? {
        ApiResponse::Body(body) => SpanAnswer::Body(body),
        ApiResponse::NoRoute => SpanAnswer::Nothing,
        ApiResponse::Refusal(refusal) => {
            refusals.push(refusal.message);
            SpanAnswer::Nothing
        }
        ApiResponse::Unread(BodyError { stop: BodyReadError::Crowded, .. }) => SpanAnswer::Crowded,
        ApiResponse::Unread(unread) => {
            refusals.push(unread.error.message);
            SpanAnswer::Long
        }
    })
}

/// The path below the server's own artifact store. Another host is not asked: a trace could name any.
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
    is_plain.then(|| parts.iter().map(|part| in_url(part)).collect::<Vec<_>>().join("/"))
}

fn put_together(mut info: TraceInfo, file: Option<TraceFile>, is_told: bool, refusals: Vec<String>) -> Trace {
    let mut problems = Vec::new();
    let file = file.unwrap_or_default();
    if file.is_cut {
        let saved = file.spans.len();
        problems.push(Problem::new(
            "cut_file",
            format!("the spans that the server has end too early or are damaged; {saved} whole ones could be read"),
        ));
    }
    if let Some(why) = file.damage.first() {
        problems.push(Problem::new("damaged_span", format!("{} spans cannot be read: {why}", file.damage.len())));
    }
    let (list, nodes, repeated) = arrange(file.spans);
    if repeated > 0 {
        let message = format!("{repeated} spans repeat the id of another one and are left out");
        problems.push(Problem::new("repeated_span", message));
    }
    // Nothing is wrong with a trace whose spans are not written yet.
    if list.is_empty() && info.state != TraceState::InProgress && info.span_count != Some(0) {
        let kind = if is_told { "missing_spans" } else { UNSERVED };
        let refusal = refusals.into_iter().next();
        let why = refusal.or_else(|| (!is_told).then(|| "it has no route for them".to_owned()));
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        problems.push(Problem::new(kind, format!("the server gives no spans of {}{why}", info.trace_id)));
    }
    if info.tags.get(keys::SPANS_LOCATION).is_some() {
        // Where no number was recorded, the rows that are stored count, as in the database behind the server.
        info.span_count = info.span_count.or(Some(list.len() as u64).filter(|count| *count > 0));
    }
    if info.name.is_none() {
        info.root_name = list.iter().find(|span| span.parent.is_none()).map(|span| span.name.clone());
    }
    name_session(&mut info, &list);
    let source = if list.is_empty() { SpansSource::None } else { SpansSource::Server };
    Trace { info, spans: Some(Spans { list, nodes, source, problems, moved: None, outside: None }), rows: None }
}
