//! Servers return the spans of many traces in one response, and what happens if they do not.

use crate::harness::Cli;
use crate::remote::{record, respond};
use crate::server::{MockResponse, Request, Server};
use serde_json::{Value, json};

const TRACES: usize = 300;

fn ids(request: &Request) -> Vec<String> {
    let Some(query) = request.path.strip_prefix("/api/3.0/mlflow/traces/batchGet?") else { return Vec::new() };
    query.split('&').map(|pair| pair.strip_prefix("trace_ids=").unwrap().to_owned()).collect()
}

fn id(number: usize) -> String {
    format!("tr-{number:032x}")
}

/// A trace with one LLM call of 7 tokens, in the form of `batchGet`.
fn trace(id: &str) -> Value {
    let usage = json!({"kvlist_value": {"values": [
        {"key": "input_tokens", "value": {"int_value": 5}},
        {"key": "output_tokens", "value": {"int_value": 2}},
        {"key": "total_tokens", "value": {"int_value": 7}},
    ]}});
    json!({
        "trace_info": {"trace_id": id},
        "spans": [{
            "trace_id": "AAAAAAAAAAAAAAAAAAAAAA==", "span_id": "AAAAAAAAAAE=", "name": "call",
            "start_time_unix_nano": 1, "end_time_unix_nano": 2, "status": {"code": "STATUS_CODE_OK"},
            "attributes": [
                {"key": "mlflow.spanType", "value": {"string_value": "CHAT_MODEL"}},
                {"key": "mlflow.chat.tokenUsage", "value": usage},
            ],
        }],
    })
}

/// The same trace as a response of `get-trace-artifact`.
fn stored() -> String {
    json!({"spans": [{
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAA==", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "call",
        "start_time_unix_nano": 1, "end_time_unix_nano": 2, "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {
            "mlflow.spanType": "\"CHAT_MODEL\"",
            "mlflow.chat.tokenUsage": "{\"input_tokens\": 5, \"output_tokens\": 2, \"total_tokens\": 7}",
        },
        "events": [],
    }]})
    .to_string()
}

/// A server whose `batchGet` answers as told.
fn server(batch: impl Fn(&[String]) -> MockResponse + Send + Sync + 'static) -> Server {
    Server::new(move |request| match ids(request) {
        ids if !ids.is_empty() => batch(&ids),
        _ if request.path.contains("get-trace-artifact") => MockResponse::json(200, stored()),
        _ => respond(request, TRACES),
    })
}

fn all_of(ids: &[String]) -> MockResponse {
    MockResponse::json(200, json!({"traces": ids.iter().map(|id| trace(id)).collect::<Vec<_>>()}).to_string())
}

/// Asserts that the tokens of all traces are counted. Returns how many requests asked for several traces, and which traces
/// were requested alone.
fn count_requests(server: &Server) -> (usize, Vec<String>) {
    let document = Cli::new("usage --by model --all").on(server.uri()).json();
    assert_eq!(document["total"]["calls"], TRACES, "{document}");
    assert_eq!(document["total"]["token_usage"]["total_tokens"], TRACES * 7, "{document}");
    let requests = server.requests();
    let alone = requests.iter().filter_map(|request| request.path.split_once("get-trace-artifact?request_id="));
    let alone = alone.map(|(_, id)| id.to_owned()).collect();
    (requests.iter().filter(|request| !ids(request).is_empty()).count(), alone)
}

#[test]
fn spans_of_many_traces_are_requested_at_once() {
    let server = server(all_of);
    // Of groups of 8, 16, 32, 64, 128 and 52 traces.
    assert_eq!(count_requests(&server), (10, Vec::new()));
    assert!(server.requests().iter().all(|request| request.path.len() < 4_000), "request lines that gunicorn accepts");
}

#[test]
fn a_trace_that_fails_its_batch_is_requested_alone() {
    let poisoned = [id(7), id(150), id(151)];
    let is_poisoned = poisoned.clone();
    let server = server(move |ids| {
        if ids.iter().any(|id| is_poisoned.contains(id)) {
            MockResponse::html(500, "<title>500</title>")
        } else {
            all_of(ids)
        }
    });
    let (batches, mut alone) = count_requests(&server);
    alone.sort();
    assert!(poisoned.iter().all(|id| alone.contains(id)) && alone.len() <= 6, "{alone:?}");
    assert!(batches <= 10 + 3 * 2 * 6, "halves of halves: {batches}");
}

#[test]
fn incomplete_traces_are_requested_alone() {
    let server = server(|ids| {
        let mut traces: Vec<Value> = ids.iter().map(|id| trace(id)).collect();
        for (number, change) in [(20, "missing"), (21, "empty"), (22, "damaged")] {
            let Some(at) = traces.iter().position(|trace| trace["trace_info"]["trace_id"] == id(number)) else {
                continue;
            };
            match change {
                "missing" => drop(traces.remove(at)),
                "empty" => traces[at]["spans"] = json!([]),
                _ => traces[at]["spans"] = json!([{"name": "without an id"}]),
            }
        }
        MockResponse::json(200, json!({"traces": traces}).to_string())
    });
    let (batches, mut alone) = count_requests(&server);
    alone.sort();
    assert_eq!((batches, alone), (10, vec![id(20), id(21), id(22)]));
}

#[test]
fn servers_without_the_route_are_asked_once() {
    for (none, batches) in [
        (MockResponse::html(404, "<title>404</title>"), 1),
        (MockResponse::json(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no trace batchGet"}"#), 1),
        // One response without a trace for each group of traces: 8, 16 and 32.
        (MockResponse::json(200, r#"{"traces":[]}"#), 3),
        (MockResponse::json(200, "no JSON"), 3),
    ] {
        let server = server(move |_| none.clone());
        let (asked, alone) = count_requests(&server);
        assert_eq!((asked, alone.len()), (batches, TRACES));
    }
}

#[test]
fn only_complete_traces_in_the_database_are_requested_at_once() {
    let server = Server::new(|request| {
        if request.path != "/api/3.0/mlflow/traces/search" {
            let is_batch = !ids(request).is_empty();
            return if is_batch { all_of(&ids(request)) } else { respond_alone(request) };
        }
        let mut records: Vec<Value> = (0..6).rev().map(record).collect();
        records[0]["state"] = "IN_PROGRESS".into();
        records[1]["tags"]["mlflow.trace.spansLocation"] = "ARCHIVE_REPO".into();
        records[4]["trace_metadata"]["mlflow.trace.sizeStats"] = "{\"num_spans\": 100000}".into();
        MockResponse::json(200, json!({"traces": records}).to_string())
    });
    Cli::new("tools --all").on(server.uri()).ok();
    let batches: Vec<_> = server.requests().iter().map(ids).filter(|ids| !ids.is_empty()).collect();
    assert_eq!(batches, [[id(2), id(3)]]);
}

fn respond_alone(request: &Request) -> MockResponse {
    if request.path.contains("get-trace-artifact") { MockResponse::json(200, stored()) } else { respond(request, 6) }
}

#[test]
fn values_that_are_shown_as_stored_are_requested_alone() {
    let server = server(all_of);
    Cli::new("spans --all --json").on(server.uri()).ok();
    assert_eq!(server.requests().iter().filter(|request| !ids(request).is_empty()).count(), 0);
}
