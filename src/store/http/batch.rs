//! Requests for the spans of several traces at once.

use super::body::{BodyReadError, BudgetShare};
use super::client::Client;
use super::request::ApiRequest;
use super::response::{ApiResponse, BodyError};
use super::selection::SelectedTrace;
use super::url::url_encode;
use crate::formats::{self, SpanDetail, TraceFile};
use crate::model::{TraceInfo, TraceState};
use std::collections::HashMap;

/// Maximum number of traces per request. Its line must stay below 4,094 bytes, the limit of gunicorn, and an id takes 46.
pub(super) const MAX_TRACES: usize = 50;
/// Concurrent requests for batches. They keep the processors of the server busy, and more of them wait for each other:
/// 10,000 traces take 7.1 s with 3 or 4, and 8.0 s with 8 (MLflow 3.18 with two workers).
pub(super) const CONCURRENT_REQUESTS: usize = 4;
/// Maximum number of spans per request: the server takes a second for 10,000.
const MAX_SPANS: u64 = 2_000;
/// What is assumed of a trace that does not record how many spans it has.
const UNKNOWN_SPANS: u64 = 100;

/// Whether a query of this detail may be answered by batches. They return attribute values decoded, so that a text that
/// holds JSON cannot be told from the JSON itself: enough for figures, not for what is shown as it was stored.
pub(super) fn is_possible(detail: SpanDetail) -> bool {
    detail != SpanDetail::All
}

/// Splits traces into parts to be requested at once, in their order. A trace that no batch returns is a part of its own.
pub(super) fn split(traces: &[SelectedTrace]) -> Vec<&[SelectedTrace]> {
    let mut parts = Vec::new();
    let mut rest = traces;
    while !rest.is_empty() {
        let (part, others) = rest.split_at(length_of_first(rest));
        parts.push(part);
        rest = others;
    }
    parts
}

fn length_of_first(traces: &[SelectedTrace]) -> usize {
    let mut spans = 0;
    let fits = |selected: &&SelectedTrace| {
        spans += selected.info.span_count.unwrap_or(UNKNOWN_SPANS);
        selected.spans == traces[0].spans
            && selected.spans.is_some_and(is_possible)
            && is_returned(&selected.info)
            && spans <= MAX_SPANS
    };
    traces.iter().take(MAX_TRACES).take_while(fits).count().max(1)
}

/// Whether batches may hold a trace: it is complete, and its spans are in the server's database.
fn is_returned(info: &TraceInfo) -> bool {
    info.has_spans_in_database() && info.state != TraceState::InProgress
}

/// What became of the requests for the traces of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome {
    /// At least one trace was returned.
    Found,
    /// No trace was returned.
    Empty,
    /// The server does not have the route.
    NoRoute,
}

/// Requests the spans of a part of [`split`] (`BatchGetTraces`, MLflow 3.6 on), and returns those of each trace that was
/// returned completely. A trace that the server cannot encode, such as one with an integer beyond 64 bits, fails the
/// whole request (MLflow 3.18 `server/handlers.py`), which is then split in halves. Responses are charged to the share.
pub(super) fn read(
    client: &Client,
    part: &[SelectedTrace],
    detail: SpanDetail,
    share: &mut BudgetShare,
) -> (HashMap<String, TraceFile>, BatchOutcome) {
    let counts = part.iter().map(|selected| (&*selected.info.trace_id, selected.info.span_count)).collect();
    let mut batch = Batch { client, detail, share, counts, files: HashMap::new() };
    let has_route = batch.request(part);
    let outcome = match (has_route, batch.files.is_empty()) {
        (false, _) => BatchOutcome::NoRoute,
        (true, true) => BatchOutcome::Empty,
        (true, false) => BatchOutcome::Found,
    };
    (batch.files, outcome)
}

struct Batch<'a> {
    client: &'a Client,
    detail: SpanDetail,
    share: &'a mut BudgetShare,
    /// The recorded number of spans of each trace.
    counts: HashMap<&'a str, Option<u64>>,
    files: HashMap<String, TraceFile>,
}

impl Batch<'_> {
    /// Returns false if the server does not have the route. Other errors are reported by the requests for single traces,
    /// which follow for each trace that was not returned here.
    fn request(&mut self, part: &[SelectedTrace]) -> bool {
        if part.len() < 2 {
            return true;
        }
        let ids: Vec<String> =
            part.iter().map(|selected| format!("trace_ids={}", url_encode(&selected.info.trace_id))).collect();
        let request = ApiRequest::get(format!("/api/3.0/mlflow/traces/batchGet?{}", ids.join("&"))).without_retries();
        match self.client.execute_charged(&request, self.share) {
            Ok(ApiResponse::Body(body)) => {
                let files = body.decode(|text| formats::parse_wire_traces(text, self.detail)).unwrap_or_default();
                let complete = files.into_iter().filter(|(id, file)| self.is_complete(id, file)).collect::<Vec<_>>();
                self.files.extend(complete);
                true
            }
            Ok(ApiResponse::NoRoute) => false,
            Ok(ApiResponse::Error(error)) if error.is_not_found() => false,
            Err(_) | Ok(ApiResponse::Incomplete(BodyError { reason: BodyReadError::OverBudget, .. })) => true,
            Ok(ApiResponse::Error(_) | ApiResponse::Incomplete(_)) => {
                let (first, second) = part.split_at(part.len() / 2);
                self.request(first) && self.request(second)
            }
        }
    }

    fn is_complete(&self, id: &str, file: &TraceFile) -> bool {
        let is_whole = |count: Option<u64>| file.spans.len() as u64 >= count.unwrap_or(1).max(1);
        file.damage.is_empty() && self.counts.get(id).is_some_and(|count| is_whole(*count))
    }
}
