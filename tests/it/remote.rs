//! Tracking servers: errors, retries, redirects, credentials, paging, and old, broken or hostile servers.

use crate::harness::{Cli, RunOutput, items};
use crate::server::{MockResponse, Request, Server};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A record in the format of the 3.0 routes. Higher numbers are newer.
pub(crate) fn record(number: usize) -> Value {
    json!({
        "trace_id": format!("tr-{number:032x}"),
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
        "request_time": format!("2026-11-20T12:00:{:02}.{:03}Z", number / 1000 % 60, number % 1000),
        "execution_duration": "0.250s",
        "state": "OK",
        "trace_metadata": {"mlflow.trace.sizeStats": "{\"num_spans\": 1}"},
        "tags": {"mlflow.traceName": format!("run {number}"), "mlflow.trace.spansLocation": "TRACKING_STORE"},
    })
}

/// A response body of `get-trace-artifact`.
fn spans(name: &str) -> String {
    json!({"spans": [{
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAA==", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": name,
        "start_time_unix_nano": 1, "end_time_unix_nano": 2, "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.spanType": "\"CHAT_MODEL\""}, "events": [],
    }]})
    .to_string()
}

const EXPERIMENTS: &str = r#"{"experiments":[{"experiment_id":"1","name":"One","lifecycle_stage":"active","artifact_location":"mlflow-artifacts:/1"}]}"#;

/// The response of a well-behaved 3.18 server with the traces 0 to `newest - 1`.
pub(crate) fn respond(request: &Request, newest: usize) -> MockResponse {
    if request.path == "/api/2.0/mlflow/experiments/search" {
        return MockResponse::json(200, EXPERIMENTS);
    }
    if request.path.starts_with("/api/2.0/mlflow/experiments/get?") {
        return MockResponse::json(200, r#"{"experiment":{"experiment_id":"1","name":"One"}}"#);
    }
    if request.path == "/api/3.0/mlflow/traces/search" {
        let body = request.json();
        let size = usize::try_from(body["max_results"].as_u64().unwrap()).unwrap();
        let from: usize = body["page_token"].as_str().map_or(0, |token| token.parse().unwrap());
        let traces: Vec<Value> = (0..newest).rev().skip(from).take(size).map(record).collect();
        let mut page = json!({"traces": traces});
        if from + size < newest {
            page["next_page_token"] = (from + size).to_string().into();
        }
        return MockResponse::json(200, page.to_string());
    }
    if let Some(id) = request.path.strip_prefix("/api/3.0/mlflow/traces/tr-") {
        let number = usize::from_str_radix(id, 16).unwrap();
        if number < newest {
            return MockResponse::json(200, json!({"trace": {"trace_info": record(number)}}).to_string());
        }
        return MockResponse::json(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such trace"}"#);
    }
    if request.is_for("/ajax-api/2.0/mlflow/get-trace-artifact") {
        return MockResponse::json(200, spans("call"));
    }
    MockResponse::html(404, "<!doctype html><title>404 Not Found</title>")
}

fn server(newest: usize) -> Server {
    Server::new(move |request| respond(request, newest))
}

/// A server that first gives another response `times` times.
fn failing_first(times: usize, other: MockResponse) -> Server {
    let left = AtomicUsize::new(times);
    Server::new(move |request| {
        let is_other = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_other { other.clone() } else { respond(request, 3) }
    })
}

fn list(server: &Server) -> Cli {
    Cli::new("traces list").on(server.uri())
}

/// Replaces the address of the server, whose port varies, with a placeholder.
fn without_address(server: &Server, output: &RunOutput) -> RunOutput {
    let address = server.uri().trim_start_matches("http://");
    let hide = |text: &str| text.replace(address, "SERVER");
    RunOutput { stdout: hide(&output.stdout), stderr: hide(&output.stderr), exit: output.exit }
}

/// The output for a server that always gives this response, and the number of requests.
fn output_for(response: MockResponse) -> String {
    let server = Server::new(move |_| response.clone());
    let output = list(&server).run();
    format!("{}--- requests: {}\n", without_address(&server, &output), server.requests().len())
}

#[test]
fn every_failure_has_its_own_message() {
    insta::assert_snapshot!(output_for(MockResponse::html(200, "<html><title>Welcome to nginx!</title>")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: got a web page: Welcome to nginx!
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::html(404, "<html><title>404 Not Found</title>")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: no route to search experiments
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::html(501, "<title>Error response</title>")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: no route to search experiments
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::html(500, "<html><title>500 Internal Server Error</title>")), @"
    --- stderr
    error: `http://SERVER` failed with status 500
      caused by: 500 Internal Server Error
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(output_for(MockResponse::html(502, "<html><title>502 Bad Gateway</title>")), @"
    --- stderr
    error: `http://SERVER` failed with status 502
      caused by: 502 Bad Gateway
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(500, r#"{"error_code":"INTERNAL_ERROR","message":"database is locked"}"#)), @"
    --- stderr
    error: `http://SERVER` failed with status 500, INTERNAL_ERROR
      caused by: database is locked
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(401, "You are not authenticated.")), @"
    --- stderr
    error: `http://SERVER` requires authentication
      caused by: You are not authenticated.
      hint: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(403, "Permission denied")), @"
    --- stderr
    error: `http://SERVER` denied access
      caused by: Permission denied
      hint: ask the server's administrator for read permission
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(403, "Invalid Host header - possible DNS rebinding attack detected")), @"
    --- stderr
    error: `http://SERVER` denied access
      caused by: Invalid Host header - possible DNS rebinding attack detected
      hint: start the server with this host in MLFLOW_SERVER_ALLOWED_HOSTS
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#).with("retry-after", "3600")), @"
    --- stderr
    error: `http://SERVER` rate limited the request (429)
      caused by: slow down
      hint: try again in 3600 s, as the server asks
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no\u001b[31m"}"#)), @r"
    --- stderr
    error: `http://SERVER` rejected the request: status 400, INVALID_PARAMETER_VALUE
      caused by: no\x1b[31m
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(200, "[1, 2")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: invalid list of experiments: invalid or truncated JSON
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(200, "")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: invalid list of experiments: invalid or truncated JSON
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(output_for(MockResponse::json(200, EXPERIMENTS).cut(10)), @"
    --- stderr
    error: the connection to `http://SERVER` was lost during a response
      caused by: Peer disconnected
      hint: try again
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(output_for(MockResponse::Close), @"
    --- stderr
    error: the connection to `http://SERVER` was lost
      caused by: Peer disconnected
      hint: try again, or try https: `-u https://SERVER`
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(output_for(MockResponse::Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())), @"
    --- stderr
    error: `http://SERVER` is not an HTTP server
      caused by: protocol: http parse fail: invalid HTTP version
      hint: try https: `-u https://SERVER`
    --- exit 4
    --- requests: 1
    ");
}

#[test]
fn unreachable_servers_are_reported() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let output = Cli::new("experiments --json").on(&uri).run();
    assert_eq!((output.exit, &output.error()["code"]), (Some(4), &json!("network")), "{output}");
    assert!(output.error()["message"].as_str().unwrap().contains("refused the connection"), "{output}");
    let output = Cli::new("experiments --json").on("http://nowhere.invalid").run();
    assert_eq!((output.exit, &output.error()["code"]), (Some(4), &json!("network")), "{output}");
}

#[test]
fn requests_time_out() {
    let server = Server::new(|_| MockResponse::Stall);
    let output = list(&server).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "0.3").run();
    assert_eq!(output.exit, Some(4), "{output}");
    assert!(
        output.stderr.contains("within 0.3 s") && output.stderr.contains("MLFLOW_HTTP_REQUEST_TIMEOUT"),
        "{output}"
    );
}

/// On other systems, small responses would take longer on a reused connection.
#[test]
#[cfg(target_os = "linux")]
fn connections_are_used_again() {
    let server = Server::new(|request| respond(request, 3));
    list(&server).ok();
    assert_eq!((server.requests().len(), server.connection_count()), (2, 1));
    // A server may close a connection after any response.
    let server = Server::new(|request| match respond(request, 3) {
        MockResponse::Whole(response) => MockResponse::Raw(response.bytes().0),
        other => other,
    });
    list(&server).ok();
    assert!(server.connection_count() >= 2);
}

#[test]
fn transient_errors_are_retried() {
    for (other, times) in [
        (MockResponse::html(503, "<title>503 Service Unavailable</title>"), 2),
        (MockResponse::html(502, ""), 1),
        (MockResponse::html(500, ""), 2),
        (MockResponse::html(504, ""), 2),
        (MockResponse::json(408, ""), 1),
        (MockResponse::json(429, "").with("retry-after", "0"), 2),
        (MockResponse::Close, 2),
        (MockResponse::json(200, EXPERIMENTS).cut(10), 1),
    ] {
        let server = failing_first(times, other.clone());
        let output = list(&server).run();
        assert_eq!((output.exit, output.stderr.as_str()), (Some(0), ""), "{other:?}\n{output}");
        assert_eq!(server.requests().len(), 2 + times, "{other:?}");
        // The environment limits retries.
        let server = failing_first(times, other.clone());
        let output = list(&server).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        assert_eq!((output.exit, server.requests().len()), (Some(4), 1), "{other:?}\n{output}");
    }
}

#[test]
fn permanent_errors_are_not_retried() {
    for status in [400, 401, 403, 404, 409, 422] {
        let server = Server::new(move |_| MockResponse::json(status, r#"{"error_code":"X","message":"no"}"#));
        let output = list(&server).run();
        assert_eq!((output.exit, server.requests().len()), (Some(4), 1), "{status}\n{output}");
    }
}

#[test]
fn credentials_are_sent_in_a_header_only() {
    type With<'a> = &'a dyn Fn(Cli, &str) -> Cli;
    // The base64 of `ada:hunter2`.
    let basic = "Basic YWRhOmh1bnRlcjI=";
    let with_user = |uri: &str| uri.replace("http://", "http://ada:hunter2@");
    let in_variables: With =
        &|cli, uri| cli.on(uri).env("MLFLOW_TRACKING_USERNAME", "ada").env("MLFLOW_TRACKING_PASSWORD", "hunter2");
    let cases: [(With, &str); 4] = [
        (&|cli, uri| cli.on(with_user(uri)), basic),
        (in_variables, basic),
        (&|cli, uri| cli.env("MLFLOW_TRACKING_URI", with_user(uri)), basic),
        (&|cli, uri| cli.on(uri).env("MLFLOW_TRACKING_TOKEN", "hunter2"), "Bearer hunter2"),
    ];
    for (with, expected) in cases {
        let unauthorized = Server::new(|_| MockResponse::json(401, "no"));
        let server = server(3);
        for words in ["traces list -v", "trace show -v --json", "trace show nothing -v", "experiments -v"] {
            let output = with(Cli::new(words), server.uri()).run();
            assert!(!format!("{output}").contains("hunter2") && !format!("{output}").contains("YWRh"), "{output}");
            let output = with(Cli::new(words), unauthorized.uri()).run();
            assert_eq!(output.exit, Some(4), "{output}");
            assert!(!format!("{output}").contains("hunter2") && !format!("{output}").contains("YWRh"), "{output}");
        }
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some(expected), "{request:?}");
        }
    }
    let bad = list(&server(1)).env("MLFLOW_TRACKING_TOKEN", "hunter2\n").run();
    assert!(bad.exit == Some(4) && !bad.stderr.contains("hunter2"), "{bad}");
}

#[test]
fn the_workspace_is_sent_in_a_header() {
    let server = server(3);
    list(&server).env("MLFLOW_WORKSPACE", "team-a").ok();
    assert!(server.requests().iter().all(|request| request.header("x-mlflow-workspace") == Some("team-a")));
    assert!(server.requests().iter().all(|request| request.header("origin").is_none()));
}

const TRACE_ID: &str = "tr-00000000000000000000000000000000";

#[test]
fn redirects_to_other_origins_get_no_credentials() {
    let target = server(3);
    let to = target.uri().to_owned();
    let redirecting = Server::new(move |request| MockResponse::redirect(307, &format!("{to}{}", request.path)));
    let cli = Cli::new("trace show").arg(TRACE_ID).on(redirecting.uri());
    let cli = cli.env("MLFLOW_TRACKING_TOKEN", "hunter2").env("MLFLOW_WORKSPACE", "secret-team");
    cli.ok();
    assert!(redirecting.requests().iter().all(|request| request.header("authorization") == Some("Bearer hunter2")));
    assert_eq!(target.requests().len(), 3);
    for request in target.requests() {
        assert_eq!((request.header("authorization"), request.header("x-mlflow-workspace")), (None, None));
        assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
    }
    let output = cli.env("MLFLOW_ALLOW_HTTP_REDIRECTS", "false").run();
    assert_eq!(output.exit, Some(4), "{output}");
    assert!(output.stderr.contains("MLFLOW_ALLOW_HTTP_REDIRECTS"), "{output}");
}

#[test]
fn request_bodies_are_not_redirected_to_other_origins() {
    let target = server(3);
    let to = target.uri().to_owned();
    for status in [301, 302, 307, 308] {
        let to = format!("{to}/prefix");
        let redirecting = Server::new(move |request| MockResponse::redirect(status, &format!("{to}{}", request.path)));
        let output = list(&redirecting).run();
        assert_eq!(
            (
                output.exit,
                output.stderr.replace(target.uri(), "http://TARGET").replace(redirecting.uri(), "http://SERVER")
            ),
            (
                Some(4),
                "error: `http://SERVER` redirects to another server; the redirect was not followed\n  \
                 caused by: `http://SERVER` redirects to `http://TARGET/prefix/api/2.0/mlflow/experiments/search`\n  \
                 hint: use `-u http://TARGET/prefix`\n"
                    .to_owned()
            )
        );
    }
    // https on the same host is another origin.
    let to_https = Server::new(|request| {
        let host = request.header("host").unwrap();
        MockResponse::redirect(308, &format!("https://{host}{}", request.path))
    });
    let output = list(&to_https).run();
    let hint = format!("hint: use `-u {}`", to_https.uri().replace("http:", "https:"));
    assert!(output.exit == Some(4) && output.stderr.contains(&hint), "{output}");
    assert_eq!(to_https.requests().len(), 1);
    // A 303 is followed with a GET without a body.
    let to = format!("{}/api/2.0/mlflow/experiments/get?experiment_id=1", target.uri());
    let see_other = Server::new(move |_| MockResponse::redirect(303, &to));
    let output = list(&see_other).run();
    assert!(output.exit == Some(4) && output.stderr.contains("is not an MLflow server"), "{output}");
    let requests: Vec<(String, String)> =
        target.requests().into_iter().map(|request| (request.method, request.body)).collect();
    assert_eq!(requests, [("GET".to_owned(), String::new())]);
}

#[test]
fn redirects_within_an_origin_are_followed() {
    let within = Server::new(|request| match request.path.strip_prefix("/old") {
        Some(path) => MockResponse::redirect(308, path),
        None => respond(request, 3),
    });
    Cli::new("traces list").on(format!("{}/old", within.uri())).env("MLFLOW_TRACKING_TOKEN", "hunter2").ok();
    assert!(within.requests().iter().all(|request| request.header("authorization") == Some("Bearer hunter2")));

    let redirect_loop = Server::new(|request| MockResponse::redirect(302, &request.path));
    let output = list(&redirect_loop).run();
    assert!(output.exit == Some(4) && output.stderr.contains("too many times"), "{output}");
}

#[test]
fn redirects_to_sign_in_pages_are_reported() {
    let login = Server::new(|_| MockResponse::html(200, "<title>Sign in</title>"));
    let page = format!("{}/login?ticket=hunter2", login.uri());
    let guarded = Server::new(move |_| MockResponse::redirect(302, &page));
    for words in ["traces list", "trace show tr-00000000000000000000000000000000"] {
        let output = Cli::new(words).on(guarded.uri()).run();
        let cause = format!("`{}` redirects to `{}/login`", guarded.uri(), login.uri());
        assert!(output.exit == Some(4) && output.stderr.contains(&cause), "{output}");
        assert!(output.stderr.contains("MLFLOW_TRACKING_TOKEN") && !output.stderr.contains("hunter2"), "{output}");
    }
    assert!(login.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn redirects_to_invalid_urls_are_reported() {
    for target in
        ["file:///etc/passwd", "file:/etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "http:/x", "https://"]
    {
        for words in ["traces list", "trace show tr-00000000000000000000000000000000"] {
            let server = Server::new(move |_| MockResponse::redirect(307, target));
            let output = Cli::new(words).on(server.uri()).run();
            assert_eq!((output.exit, server.requests().len()), (Some(4), 1), "{target} {output}");
            assert!(output.stderr.contains("redirects to an invalid URL"), "{target} {output}");
            assert!(output.stderr.contains(&format!("redirects to `{target}`")), "{target} {output}");
        }
    }
}

#[test]
fn plain_http_to_https_servers_is_reported() {
    for words in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        "Client sent an HTTP request to an HTTPS server.",
        "<title>400 Bad Request</title>Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ] {
        let server = Server::new(move |_| MockResponse::html(400, words));
        let output = list(&server).run();
        let hint = format!("hint: use `-u {}`", server.uri().replace("http:", "https:"));
        assert!(
            output.exit == Some(4) && output.stderr.contains("expects https") && output.stderr.contains(&hint),
            "{output}"
        );
    }
    // A fatal TLS alert (RFC 8446, section 6), and a closed connection.
    for response in [MockResponse::Raw(vec![21, 3, 1, 0, 2, 2, 70]), MockResponse::Close] {
        let server = Server::new(move |_| response.clone());
        let output = list(&server).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        let hint = format!("try https: `-u {}`", server.uri().replace("http:", "https:"));
        assert!(output.exit == Some(4) && output.stderr.contains(&hint), "{output}");
    }
}

#[test]
fn unreachable_sign_in_pages_are_reported_by_host() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let unreachable = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for (target, message) in [
        (unreachable.as_str(), format!("`{unreachable}` refused the connection")),
        ("http://ada:hunter2@sso.invalid", "could not resolve host `sso.invalid`".to_owned()),
    ] {
        let page = format!("{target}/login?ticket=hunter2#hunter2");
        let guarded = Server::new(move |_| MockResponse::redirect(302, &page));
        let cli = Cli::new("trace show").arg(TRACE_ID).on(guarded.uri());
        let output = cli.env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        let first = output.stderr.lines().next().unwrap_or_default();
        assert_eq!((output.exit, first), (Some(4), format!("error: {message}").as_str()), "{output}");
        let host = target.replace("ada:hunter2@", "");
        assert!(
            output.stderr.contains(&format!("caused by: `{}` redirects to `{host}/login`", guarded.uri())),
            "{output}"
        );
        assert!(!output.stderr.contains("hunter2"), "{output}");
    }
}

#[test]
fn unencrypted_credentials_cause_a_warning() {
    // The proxy prevents name resolution and network access.
    let proxy = Server::new(|_| MockResponse::json(502, "no"));
    let cli = |uri: &str| Cli::new("traces list -q").on(uri).env("HTTP_PROXY", proxy.uri());
    let output = cli("http://ada:hunter2@mlflow.example").run();
    assert!(output.stderr.contains("warning: credentials are sent to `http://mlflow.example` unencrypted"), "{output}");
    assert!(!output.stderr.contains("hunter2"), "{output}");
    assert!(!cli("http://mlflow.example").run().stderr.contains("warning"));
    let server = server(3);
    let output = Cli::new("traces list").on(server.uri().replace("http://", "http://ada:hunter2@")).ok();
    assert_eq!(output.stderr, "", "loopback");
}

#[test]
fn artifact_locations_never_lead_to_another_host() {
    let other = server(1);
    let at = other.uri().trim_start_matches("http://").to_owned();
    let server = Server::new(move |request| {
        if request.is_for("/ajax-api/2.0/mlflow/get-trace-artifact") {
            return MockResponse::json(404, r#"{"error_code":"NOT_FOUND","message":"Trace data not found"}"#);
        }
        let mut record = record(0);
        record["tags"]["mlflow.artifactLocation"] = format!("mlflow-artifacts://{at}/1/traces/x/artifacts").into();
        if request.path.starts_with("/api/3.0/mlflow/traces/tr-") {
            MockResponse::json(200, json!({"trace": {"trace_info": record}}).to_string())
        } else {
            respond(request, 1)
        }
    });
    let cli = Cli::new("trace show tr-00000000000000000000000000000000").on(server.uri());
    let output = cli.env("MLFLOW_TRACKING_TOKEN", "hunter2").ok();
    assert!(output.stderr.contains("the server returned no spans"), "{output}");
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn spans_are_read_from_every_route() {
    let id = "tr-00000000000000000000000000000000";
    let wire = r#"{"trace":{"spans":[{"trace_id":"AAAAAAAAAAAAAAAAAAAAAA==","span_id":"AAAAAAAAAAE=","name":"NAME","start_time_unix_nano":1,"end_time_unix_nano":2,"status":{"code":"STATUS_CODE_OK"}}]}}"#;
    for route in ["/traces/get?", "/traces/batchGet?", "/mlflow-artifacts/artifacts/1/x/traces.json"] {
        let server = Server::new(move |request| {
            if request.path.contains(route) {
                let body = if route.contains("artifacts") { spans(route) } else { wire.replace("NAME", route) };
                return MockResponse::json(200, body);
            }
            let mut record = record(0);
            record["tags"]["mlflow.artifactLocation"] = "mlflow-artifacts:/1/x".into();
            match request.path.as_str() {
                "/api/3.0/mlflow/traces/tr-00000000000000000000000000000000" => {
                    MockResponse::json(200, json!({"trace": {"trace_info": record}}).to_string())
                }
                path if path.contains("/experiments/") => respond(request, 1),
                path if path.contains("/traces/get?") => MockResponse::html(500, "<title>500</title>"),
                _ => MockResponse::json(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#),
            }
        });
        let document = Cli::new("trace show").arg(id).on(server.uri()).json();
        assert_eq!(document["spans"][0]["name"], route, "{document}");
        assert_eq!(document["spans_source"], "server");
        assert_eq!(document["complete"], true, "{document}");
    }
}

#[test]
fn failed_requests_for_spans_cause_a_warning() {
    let server = Server::new(|request| {
        if request.path.contains("get-trace-artifact") && request.path.ends_with('1') {
            MockResponse::html(500, "<title>500 Internal Server Error</title>")
        } else {
            respond(request, 3)
        }
    });
    let output = Cli::new("spans --json").on(server.uri()).ok();
    assert_eq!(items(&output.json(), "spans").len(), 2);
    assert_eq!(output.json()["page"]["complete"], false);
    assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
}

#[test]
fn decompression_bombs_cause_a_warning() {
    // 129 MiB compressed to 131 kB.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    (0..129).for_each(|_| encoder.write_all(&zeros).unwrap());
    let bomb = MockResponse::json(200, encoder.finish().unwrap()).with("content-encoding", "gzip");
    let (always, unless_asked_plainly) = (bomb.clone(), bomb);
    let server = Server::new(move |request| {
        let is_for = |number: char| request.path.contains("get-trace-artifact") && request.path.ends_with(number);
        if is_for('1') || is_for('2') && request.header("accept-encoding") == Some("gzip") {
            return if is_for('1') { always.clone() } else { unless_asked_plainly.clone() };
        }
        respond(request, 3)
    });
    let output = Cli::new("spans --json").on(server.uri()).ok();
    assert_eq!(items(&output.json(), "spans").len(), 2, "{output}");
    assert_eq!(output.json()["page"]["complete"], false);
    let warning = format!(
        "warning: the server returned no spans for tr-{:032x}: the response of `{}` decompresses to more than 128 MiB",
        1,
        server.uri()
    );
    assert_eq!((output.stderr.lines().count(), output.stderr.trim_end()), (1, warning.as_str()));
    // For lists of traces it is an error.
    let list = MockResponse::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n{".to_vec());
    let output = self::list(&Server::new(move |_| list.clone())).run();
    assert!(output.exit == Some(4) && output.stderr.contains("is larger than 256 MiB"), "{output}");
}

#[test]
fn compressed_responses_are_read() {
    let server = Server::new(|request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        let MockResponse::Whole(mut response) = respond(request, 3) else { panic!("not a complete response") };
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&response.body).unwrap();
        response.body = encoder.finish().unwrap();
        MockResponse::Whole(response).with("content-encoding", "gzip")
    });
    assert_eq!(list(&server).ok().lines().len(), 4);
    assert_eq!(items(&Cli::new("spans").on(server.uri()).json(), "spans").len(), 3);
}

#[test]
fn invalid_records_cause_a_warning() {
    let server = Server::new(|request| {
        if request.path != "/api/3.0/mlflow/traces/search" {
            return respond(request, 3);
        }
        let broken = json!({"trace_id": "tr-broken", "request_time": "yesterday"});
        MockResponse::json(200, json!({"traces": [record(2), broken, record(0)]}).to_string())
    });
    let output = list(&server).arg("--json").ok();
    assert_eq!(items(&output.json(), "traces").len(), 2);
    assert_eq!(output.json()["page"]["complete"], false);
    assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
    assert!(output.stderr.contains("tr-broken"), "{output}");
}

#[test]
fn connection_failures_leave_complete_rows() {
    let server = Server::new(|request| {
        if request.body.contains("page_token") { respond(request, 1200).cut(700) } else { respond(request, 1200) }
    });
    let output = list(&server).arg("--all").arg("-o").arg("jsonl").run();
    assert_eq!((output.exit, &output.error()["code"]), (Some(4), &json!("network")), "{output}");
    assert_eq!(output.lines().len(), 500);
    assert!(output.lines().iter().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[test]
fn shifting_pages_list_no_trace_twice() {
    // Traces that arrive between requests shift the pages, so that the last trace of a page is the first of the next.
    let server = Server::new(|request| {
        let page: usize = match request.path.as_str() {
            "/api/3.0/mlflow/traces/search" => {
                request.json()["page_token"].as_str().map_or(0, |token| token.parse().unwrap())
            }
            _ => return respond(request, 3),
        };
        let traces: Vec<Value> = [[5, 4], [4, 3], [3, 2], [2, 1]][page].iter().map(|number| record(*number)).collect();
        let mut body = json!({"traces": traces});
        if page < 3 {
            body["next_page_token"] = (page + 1).to_string().into();
        }
        MockResponse::json(200, body.to_string())
    });
    let output = list(&server).arg("--all").arg("-o").arg("ids").ok();
    assert_eq!(output.lines().len(), 5, "{output}");
}

#[test]
fn all_pages_are_read() {
    let server = server(2100);
    let output = list(&server).arg("--all").arg("-o").arg("ids").ok();
    assert_eq!(output.lines().len(), 2100);
    let searches = server.requests().iter().filter(|request| request.path.ends_with("/traces/search")).count();
    assert_eq!(searches, 5);
    let sizes = |server: &Server| -> Vec<Value> {
        let searches = server.requests().into_iter().filter(|request| request.path.ends_with("/traces/search"));
        searches.map(|request| request.json()["max_results"].clone()).collect()
    };
    let small = self::server(2100);
    list(&small).arg("-n").arg("5").ok();
    assert_eq!(sizes(&small), [6]);
}

#[test]
fn id_prefixes_are_searched_by_the_server_or_in_the_newest_traces() {
    let can_search = |filter: &str| filter.is_empty() || filter.starts_with("request_id ILIKE");
    let searching = Server::new(move |request| {
        let body = if request.body.is_empty() { Value::Null } else { request.json() };
        match body["filter"].as_str() {
            Some(filter) if can_search(filter) => {
                MockResponse::json(200, json!({"traces": [record(7), record(1)]}).to_string())
            }
            _ => respond(request, 20),
        }
    });
    let prefix = "000000000000000000000000000000";
    let output = Cli::new("trace show -v").arg(format!("{prefix}07")).on(searching.uri()).ok();
    assert!(output.stdout.starts_with("run 7"), "{output}");
    let output = Cli::new("trace show").arg(&prefix[..28]).on(searching.uri()).run();
    assert_eq!(output.exit, Some(3), "{output}");
    assert!(output.stderr.contains("ambiguous trace id prefix"), "{output}");

    let old = Server::new(|request| {
        if request.body.contains("ILIKE") {
            MockResponse::json(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid comparator"}"#)
        } else {
            respond(request, 0x1381)
        }
    });
    let output = Cli::new("trace show").arg("0000000000000000000000000000138").on(old.uri()).ok();
    assert!(output.stdout.contains("tr-00000000"), "{output}");
    assert!(output.stderr.contains("only the newest 2000 traces"), "{output}");
    let output = Cli::new("trace show").arg("abc").on(old.uri()).run();
    assert_eq!(output.exit, Some(3), "{output}");
    assert!(output.stderr.contains("only the newest 2000 traces"), "{output}");
    let pages = old.requests().iter().filter(|request| request.path.ends_with("/traces/search")).count();
    assert!(pages <= 2 * 6, "{pages} pages");
}

#[test]
fn filters_are_sent_to_the_server() {
    let server = server(3);
    let words = "traces list --status error --since 2026-11-20T00:00:00Z --min-duration 1s --tag team=a --session s --sort -duration -n 3";
    Cli::new(words).on(server.uri()).run();
    let search = server.requests().into_iter().find(|request| request.path.ends_with("/traces/search")).unwrap().json();
    assert_eq!(
        search,
        json!({
            "locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}],
            "max_results": 4,
            "order_by": ["execution_time_ms DESC", "request_id ASC"],
            "filter": "status IN ('ERROR') AND timestamp_ms >= 1795132800000 AND execution_time_ms >= 1000 AND tags.team = 'a' AND metadata.`mlflow.trace.session` = 's'",
        })
    );
}

#[test]
fn path_prefixes_are_supported() {
    let server = Server::new(|request| match request.path.strip_prefix("/team/mlflow") {
        Some(path) => respond(&Request { path: path.to_owned(), ..request.clone() }, 3),
        None => MockResponse::html(404, "<title>404</title>"),
    });
    Cli::new("trace show").on(format!("{}/team/mlflow/", server.uri())).ok();
    let output = list(&server).run();
    assert!(output.exit == Some(4) && output.stderr.contains("-u https://host/prefix"), "{output}");
}

#[test]
fn unusable_certificates_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "nothing").unwrap();
    for variable in ["MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"] {
        for path in [&file, &folder.path().join("none.pem")] {
            let output = Cli::new("experiments").on("https://127.0.0.1:1").env(variable, path).run();
            assert_eq!(output.exit, Some(4), "{output}");
            assert!(output.stderr.contains(variable) && output.stderr.contains(path.to_str().unwrap()), "{output}");
        }
    }
    let both = Cli::new("experiments").on("https://127.0.0.1:1").env("MLFLOW_TRACKING_INSECURE_TLS", "true");
    assert_eq!(both.env("MLFLOW_TRACKING_SERVER_CERT_PATH", &file).run().exit, Some(2));
    let plain = server(1);
    let output = Cli::new("experiments").on(plain.uri().replace("http:", "https:")).run();
    assert!(output.exit == Some(4) && output.stderr.contains("-u http://"), "{output}");
}

#[test]
fn endless_pages_are_cut_off() {
    let server_with_page = |page: Value| {
        Server::new(move |request| {
            if request.path == "/api/3.0/mlflow/traces/search" {
                MockResponse::json(200, page.to_string())
            } else {
                respond(request, 3)
            }
        })
    };
    for page in [
        json!({"traces": [record(1)], "next_page_token": "again"}),
        json!({"traces": [], "next_page_token": "again"}),
        json!({"next_page_token": "again"}),
    ] {
        let server = server_with_page(page.clone());
        let output = list(&server).arg("--all").arg("--json").ok();
        assert_eq!(output.json()["page"]["complete"], false, "{page}");
        assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
        assert!(server.requests().len() <= 4, "{page}");
    }
    // Always a new token, but the same traces.
    let pages = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        let page = pages.fetch_add(1, Ordering::SeqCst);
        let traces: Vec<Value> = (0..500).map(record).collect();
        match request.path.as_str() {
            "/api/3.0/mlflow/traces/search" => {
                MockResponse::json(200, json!({"traces": traces, "next_page_token": page.to_string()}).to_string())
            }
            _ => respond(request, 3),
        }
    });
    let output = list(&server).arg("--all").arg("--json").ok();
    assert_eq!(output.json()["page"], json!({"returned": 500, "matched": null, "complete": false}));
    assert!(server.requests().len() <= 6, "{}", server.requests().len());
    let server = Server::new(|request| match request.path.as_str() {
        "/api/2.0/mlflow/experiments/search" => {
            MockResponse::json(200, EXPERIMENTS.replace("]}", "],\"next_page_token\":\"again\"}"))
        }
        _ => respond(request, 3),
    });
    let output = list(&server).ok();
    assert_eq!((output.lines().len(), output.stderr.matches("warning:").count()), (4, 1), "{output}");
}

#[test]
fn endless_nearly_empty_pages_are_cut_off() {
    // Each page has one new experiment and a new token.
    let pages = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        if request.path != "/api/2.0/mlflow/experiments/search" {
            return respond(request, 3);
        }
        let page = pages.fetch_add(1, Ordering::SeqCst).to_string();
        let experiment = json!({"experiment_id": page, "name": page, "lifecycle_stage": "active"});
        MockResponse::json(200, json!({"experiments": [experiment], "next_page_token": page}).to_string())
    });
    let output = list(&server).arg("--json").ok();
    assert_eq!(
        (items(&output.json(), "traces").len(), &output.json()["page"]["complete"]),
        (3, &json!(false)),
        "{output}"
    );
    assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
    assert!(output.stderr.contains("the last 100 pages of the server were nearly empty"), "{output}");
    assert!(server.requests().len() <= 102, "{}", server.requests().len());
    // Each page has two new traces and a new token.
    let server = Server::new(|request| match request.path.as_str() {
        "/api/3.0/mlflow/traces/search" => {
            let page: usize = request.json()["page_token"].as_str().map_or(0, |token| token.parse().unwrap());
            let traces = [record(2 * page + 1), record(2 * page)];
            MockResponse::json(200, json!({"traces": traces, "next_page_token": (page + 1).to_string()}).to_string())
        }
        _ => respond(request, 3),
    });
    let output = list(&server).arg("--all").arg("--json").ok();
    assert_eq!(output.json()["page"], json!({"returned": 200, "matched": null, "complete": false}));
    assert_eq!(output.stderr.matches("warning:").count(), 1, "{output}");
    // A small limit is reached earlier.
    assert_eq!(list(&server).arg("-n").arg("5").ok().lines().len(), 6);
}

#[test]
fn excessive_retry_delays_are_ignored() {
    for pause in ["18446744073709551615", "-1", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"] {
        let server = Server::new(move |_| MockResponse::json(503, "later").with("retry-after", pause));
        let output = list(&server).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "1e300").run();
        assert_eq!(output.exit, Some(4), "{pause}\n{output}");
    }
    let output = list(&server(2)).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "18000000000000000000").run();
    assert_eq!(output.exit, Some(0), "{output}");
}

#[test]
fn server_messages_are_shortened_and_masked() {
    let long = "no ".repeat(100_000);
    let server = Server::new(move |request| {
        let secret = request.header("authorization").unwrap_or_default();
        MockResponse::json(
            400,
            json!({"error_code": "X", "message": format!("{secret}\nerror: done\n{long}")}).to_string(),
        )
    });
    let output = list(&server).env("MLFLOW_TRACKING_TOKEN", "hunter2").run();
    assert!(output.exit == Some(4) && !output.stderr.contains("hunter2"), "{output}");
    assert!(output.stderr.len() < 1000 && output.stderr.lines().count() <= 3, "{output}");
}

/// Encodings in which a server may repeat credentials. The password is `hunter2/secret+`.
const REPEATED: [&str; 7] = [
    "Basic Ym9iYnk6aHVudGVyMi9zZWNyZXQr",
    "bobby:hunter2/secret+",
    "hunter2%2fsecret%2B",
    "hunter2%2Fsecret+",
    "aHVudGVyMi9zZWNyZXQr",
    "aHVudGVyMi9zZWNyZXQr%3d",
    // The base64 of a JSON object with the header.
    "eyJhdXRob3JpemF0aW9uIjogIkJhc2ljIFltOWlZbms2YUhWdWRHVnlNaTl6WldOeVpYUXIifQ==",
];

/// The parts of the credentials that a text contains.
fn credentials_in(text: &str) -> Vec<&'static str> {
    let text = text.to_ascii_lowercase();
    let parts = [
        "bobby",
        "hunter2",
        "secret+",
        "secret%2b",
        "ahvudgvymi9z",
        "zwnyzxqr",
        "ym9iynk6",
        "ltowlzbms2",
        "wldoevpyuxi",
    ];
    parts.into_iter().filter(|part| text.contains(part)).collect()
}

/// Runs a command on a server that repeats its credentials, and asserts that the output does not contain them.
fn assert_masked(server: &Server, words: &str) {
    let cli = Cli::new(words).on(server.uri()).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    let cli = cli.env("MLFLOW_TRACKING_USERNAME", "bobby").env("MLFLOW_TRACKING_PASSWORD", "hunter2/secret+");
    let output = cli.run();
    let left = credentials_in(&format!("{output}"));
    assert!(left.is_empty(), "{left:?} in\n{output}\nof {:?}", server.requests());
}

#[test]
fn repeated_credentials_are_masked() {
    let repeated = REPEATED.join(" | ");
    let odd = json!({
        "trace_id": "tr-x", "request_time": repeated, "state": repeated,
        "trace_location": {"mlflow_experiment": {"experiment_id": "1"}},
    });
    let error = json!({"error_code": format!("BAD {repeated}"), "message": format!("no:\n{repeated}")}).to_string();
    let responses = [
        MockResponse::json(400, error.as_str()),
        MockResponse::json(401, error.as_str()),
        MockResponse::json(403, format!("{repeated} is not allowed")),
        MockResponse::json(404, error.as_str()),
        MockResponse::json(429, error.as_str()),
        MockResponse::json(500, error.as_str()),
        MockResponse::html(502, format!("<title>{repeated}</title>")),
        MockResponse::html(200, format!("<title>{repeated}</title>")),
        MockResponse::json(
            200,
            json!({&repeated: [], "experiments": [{"name": repeated}], "traces": [odd]}).to_string(),
        ),
        MockResponse::json(200, json!({"experiments": repeated, "traces": repeated, "spans": repeated}).to_string()),
        MockResponse::json(200, repeated.as_str()),
        MockResponse::Raw(format!("HTTP/1.1 200 {repeated}\r\nx: {repeated}\r\n: x\r\n").into_bytes()),
    ];
    for bad in responses {
        for (good, words) in [
            ("nothing", "traces list -v"),
            ("experiments", "traces list -v"),
            ("experiments", "doctor"),
            ("traces/search", "spans -v --json"),
            ("traces/search", "doctor"),
            ("traces/", "trace show -v"),
        ] {
            let bad = bad.clone();
            let server = Server::new(move |request| {
                let is_good = match good {
                    "nothing" => false,
                    part => request.path.contains("experiments") || request.path.contains(part),
                };
                if is_good { respond(request, 2) } else { bad.clone() }
            });
            assert_masked(&server, words);
        }
    }
}

#[test]
fn credentials_in_redirects_are_masked() {
    for repeated in REPEATED {
        let in_path = repeated.replace(' ', "/");
        for target in [
            format!("/{in_path}/login?x={repeated}"),
            format!("http://{in_path}.invalid/x"),
            format!("http://{in_path}@sso.invalid/{in_path}"),
            format!("{in_path}:x"),
            repeated.to_owned(),
        ] {
            let server = Server::new(move |_| MockResponse::redirect(307, &target));
            assert_masked(&server, "traces list -v");
            assert_masked(&server, &format!("trace show {TRACE_ID} -v"));
        }
    }
}

#[test]
fn unsupported_proxies_are_reported() {
    for (variable, value) in [("ALL_PROXY", "socks5://h:1"), ("HTTP_PROXY", "socks4://h:1")] {
        let cli = list(&server(2)).arg("--json").env(variable, value);
        let output = cli.run();
        assert_eq!((output.exit, &output.error()["code"]), (Some(4), &json!("network")), "{output}");
        let server = server(2);
        list(&server).env(variable, value).env("NO_PROXY", "127.0.0.1").ok();
    }
}

#[test]
fn usage_warns_about_missing_spans() {
    let server = Server::new(|request| {
        if request.path.contains("get-trace-artifact") {
            return MockResponse::json(404, r#"{"error_code":"NOT_FOUND","message":"no such bucket"}"#);
        }
        respond(request, 2)
    });
    let output = Cli::new("usage").on(server.uri()).ok();
    assert_eq!(output.stderr.matches("no such bucket").count(), 2, "{output}");
}

#[test]
fn servers_without_spans_get_fewer_requests() {
    let server = Server::new(|request| match request.path.split('?').next().unwrap() {
        "/ajax-api/2.0/mlflow/get-trace-artifact"
        | "/api/3.0/mlflow/traces/get"
        | "/api/3.0/mlflow/traces/batchGet" => {
            MockResponse::json(500, r#"{"error_code":"INTERNAL_ERROR","message":"the artifact store is gone"}"#)
        }
        _ => respond(request, 300),
    });
    let output = Cli::new("usage --by model --all").on(server.uri()).ok();
    assert!(
        output.stderr.contains("the server returned no spans for tr-")
            && output.stderr.contains("the artifact store is gone"),
        "{output}"
    );
    let request_count = server
        .requests()
        .iter()
        .filter(|request| request.path.contains("trace_id") || request.path.contains("request_id"))
        .count();
    // Three routes for the first traces, then one route each; 900 would be three routes for all.
    assert!((300..=600).contains(&request_count), "{request_count} requests for spans");
}

#[test]
fn servers_find_the_failed_spans_of_many_traces() {
    let server = Server::new(|request| {
        let is_search = request.path == "/api/3.0/mlflow/traces/search";
        let filter = if is_search { request.json()["filter"].to_string() } else { String::new() };
        let found = match () {
            () if filter.contains("span.status = 'ERROR'") => 2,
            // Traces whose spans are in files.
            () if filter.contains("spansLocation` IS NULL") => 1,
            () => 1_200,
        };
        respond(request, found)
    });
    let output = Cli::new("exceptions").on(server.uri()).ok();
    let note = "note: more than 1,000 traces: only spans with status ERROR were read (use --deep)";
    assert!(output.stderr.contains(note), "{output}");
    let of_spans = server.requests().iter().filter(|request| request.path.contains("request_id=")).count();
    assert!((1..=3).contains(&of_spans), "{of_spans} requests for spans: {output}");
}
