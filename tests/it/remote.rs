//! Tracking servers that are far, old, strict, slow, broken or hostile.

use crate::harness::{Cli, Done, items};
use crate::server::{Answer, Request, Server};
use serde_json::{Value, json};
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A record in the form of the 3.0 routes, newer ones with greater numbers.
fn record(number: usize) -> Value {
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

/// Spans as `get-trace-artifact` sends them.
fn spans(name: &str) -> String {
    json!({"spans": [{
        "trace_id": "AAAAAAAAAAAAAAAAAAAAAA==", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": name,
        "start_time_unix_nano": 1, "end_time_unix_nano": 2, "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.spanType": "\"CHAT_MODEL\""}, "events": [],
    }]})
    .to_string()
}

const EXPERIMENTS: &str = r#"{"experiments":[{"experiment_id":"1","name":"One","lifecycle_stage":"active","artifact_location":"mlflow-artifacts:/1"}]}"#;

/// What a well-behaved server of 3.18 with these traces answers, newest first.
pub(crate) fn answer(request: &Request, newest: usize) -> Answer {
    if request.path == "/api/2.0/mlflow/experiments/search" {
        return Answer::json(200, EXPERIMENTS);
    }
    if request.path.starts_with("/api/2.0/mlflow/experiments/get?") {
        return Answer::json(200, r#"{"experiment":{"experiment_id":"1","name":"One"}}"#);
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
        return Answer::json(200, page.to_string());
    }
    if let Some(id) = request.path.strip_prefix("/api/3.0/mlflow/traces/tr-") {
        let number = usize::from_str_radix(id, 16).unwrap();
        if number < newest {
            return Answer::json(200, json!({"trace": {"trace_info": record(number)}}).to_string());
        }
        return Answer::json(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no such trace"}"#);
    }
    if request.is_for("/ajax-api/2.0/mlflow/get-trace-artifact") {
        return Answer::json(200, spans("call"));
    }
    Answer::html(404, "<!doctype html><title>404 Not Found</title>")
}

fn server(newest: usize) -> Server {
    Server::new(move |request| answer(request, newest))
}

/// The first so many answers are others.
fn at_first(times: usize, other: Answer) -> Server {
    let left = AtomicUsize::new(times);
    Server::new(move |request| {
        let is_other = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if is_other { other.clone() } else { answer(request, 3) }
    })
}

fn list(server: &Server) -> Cli {
    Cli::new("traces list").on(server.uri())
}

/// With the port, which differs from run to run, under a name that does not.
fn shown(server: &Server, done: &Done) -> Done {
    let place = server.uri().trim_start_matches("http://");
    let hide = |text: &str| text.replace(place, "SERVER");
    Done { stdout: hide(&done.stdout), stderr: hide(&done.stderr), exit: done.exit }
}

/// What a command says of a server that always answers so, and how often it asked.
fn says(answer: Answer) -> String {
    let server = Server::new(move |_| answer.clone());
    let done = list(&server).run();
    format!("{}--- requests: {}\n", shown(&server, &done), server.requests().len())
}

#[test]
fn every_failure_has_a_message_of_its_own() {
    insta::assert_snapshot!(says(Answer::html(200, "<html><title>Welcome to nginx!</title>")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: got a web page: Welcome to nginx!
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::html(404, "<html><title>404 Not Found</title>")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: no route to search experiments
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::html(500, "<html><title>500 Internal Server Error</title>")), @"
    --- stderr
    error: `http://SERVER` failed with status 500
      caused by: 500 Internal Server Error
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(says(Answer::html(502, "<html><title>502 Bad Gateway</title>")), @"
    --- stderr
    error: `http://SERVER` failed with status 502
      caused by: 502 Bad Gateway
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(says(Answer::json(500, r#"{"error_code":"INTERNAL_ERROR","message":"database is locked"}"#)), @"
    --- stderr
    error: `http://SERVER` failed with status 500, INTERNAL_ERROR
      caused by: database is locked
      hint: check the server log, or try again later
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(401, "You are not authenticated.")), @"
    --- stderr
    error: `http://SERVER` requires authentication
      caused by: You are not authenticated.
      hint: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(403, "Permission denied")), @"
    --- stderr
    error: `http://SERVER` denied access
      caused by: Permission denied
      hint: ask the server's administrator for read permission
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(403, "Invalid Host header - possible DNS rebinding attack detected")), @"
    --- stderr
    error: `http://SERVER` denied access
      caused by: Invalid Host header - possible DNS rebinding attack detected
      hint: start the server with this host in MLFLOW_SERVER_ALLOWED_HOSTS
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(429, r#"{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}"#).with("retry-after", "3600")), @"
    --- stderr
    error: `http://SERVER` rate limited the request (429)
      caused by: slow down
      hint: try again in 3600 s, as the server asks
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no\u001b[31m"}"#)), @r"
    --- stderr
    error: `http://SERVER` rejected the request: status 400, INVALID_PARAMETER_VALUE
      caused by: no\x1b[31m
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(200, "[1, 2")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: invalid list of experiments: invalid or truncated JSON
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(200, "")), @"
    --- stderr
    error: `http://SERVER` is not an MLflow server
      caused by: invalid list of experiments: invalid or truncated JSON
      hint: check the URL, including a path before `/api`, if any: `-u https://host/prefix`
    --- exit 4
    --- requests: 1
    ");
    insta::assert_snapshot!(says(Answer::json(200, EXPERIMENTS).cut(10)), @"
    --- stderr
    error: the connection to `http://SERVER` was lost during a response
      caused by: Peer disconnected
      hint: try again
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(says(Answer::Close), @"
    --- stderr
    error: the connection to `http://SERVER` was lost
      caused by: Peer disconnected
      hint: try again, or try https: `-u https://SERVER`
    --- exit 4
    --- requests: 3
    ");
    insta::assert_snapshot!(says(Answer::Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())), @"
    --- stderr
    error: `http://SERVER` is not an HTTP server
      caused by: protocol: http parse fail: invalid HTTP version
      hint: try https: `-u https://SERVER`
    --- exit 4
    --- requests: 1
    ");
}

#[test]
fn nobody_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let done = Cli::new("experiments --json").on(&uri).run();
    assert_eq!((done.exit, &done.error()["code"]), (Some(4), &json!("network")), "{done}");
    assert!(done.error()["message"].as_str().unwrap().contains("refused the connection"), "{done}");
    let done = Cli::new("experiments --json").on("http://nowhere.invalid").run();
    assert_eq!((done.exit, &done.error()["code"]), (Some(4), &json!("network")), "{done}");
}

#[test]
fn an_answer_that_does_not_come_is_not_waited_for_without_end() {
    let server = Server::new(|_| Answer::Stall);
    let done = list(&server).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "0.3").run();
    assert_eq!(done.exit, Some(4), "{done}");
    assert!(done.stderr.contains("within 0.3 s") && done.stderr.contains("MLFLOW_HTTP_REQUEST_TIMEOUT"), "{done}");
}

#[test]
fn what_passes_is_asked_again() {
    for (other, times) in [
        (Answer::html(503, "<title>503 Service Unavailable</title>"), 2),
        (Answer::html(502, ""), 1),
        (Answer::html(500, ""), 2),
        (Answer::html(504, ""), 2),
        (Answer::json(408, ""), 1),
        (Answer::json(429, "").with("retry-after", "0"), 2),
        (Answer::Close, 2),
        (Answer::json(200, EXPERIMENTS).cut(10), 1),
    ] {
        let server = at_first(times, other.clone());
        let done = list(&server).run();
        assert_eq!((done.exit, done.stderr.as_str()), (Some(0), ""), "{other:?}\n{done}");
        assert_eq!(server.requests().len(), 2 + times, "{other:?}");
        // Fewer repetitions where the environment says so.
        let server = at_first(times, other.clone());
        let done = list(&server).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        assert_eq!((done.exit, server.requests().len()), (Some(4), 1), "{other:?}\n{done}");
    }
}

#[test]
fn what_does_not_pass_is_asked_once() {
    for status in [400, 401, 403, 404, 409, 422] {
        let server = Server::new(move |_| Answer::json(status, r#"{"error_code":"X","message":"no"}"#));
        let done = list(&server).run();
        assert_eq!((done.exit, server.requests().len()), (Some(4), 1), "{status}\n{done}");
    }
}

#[test]
fn credentials_go_out_in_a_header_and_nowhere_else() {
    type With<'a> = &'a dyn Fn(Cli, &str) -> Cli;
    // ada:hunter2
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
        let refusing = Server::new(|_| Answer::json(401, "no"));
        let server = server(3);
        for words in ["traces list -v", "trace show -v --json", "trace show nothing -v", "experiments -v"] {
            let done = with(Cli::new(words), server.uri()).run();
            assert!(!format!("{done}").contains("hunter2") && !format!("{done}").contains("YWRh"), "{done}");
            let done = with(Cli::new(words), refusing.uri()).run();
            assert_eq!(done.exit, Some(4), "{done}");
            assert!(!format!("{done}").contains("hunter2") && !format!("{done}").contains("YWRh"), "{done}");
        }
        for request in server.requests() {
            assert_eq!(request.header("authorization"), Some(expected), "{request:?}");
        }
    }
    let bad = list(&server(1)).env("MLFLOW_TRACKING_TOKEN", "hunter2\n").run();
    assert!(bad.exit == Some(4) && !bad.stderr.contains("hunter2"), "{bad}");
}

#[test]
fn the_workspace_goes_out_in_a_header() {
    let server = server(3);
    list(&server).env("MLFLOW_WORKSPACE", "team-a").ok();
    assert!(server.requests().iter().all(|request| request.header("x-mlflow-workspace") == Some("team-a")));
    assert!(server.requests().iter().all(|request| request.header("origin").is_none()));
}

const WHOLE_ID: &str = "tr-00000000000000000000000000000000";

#[test]
fn redirects_to_other_origins_get_no_credentials() {
    let target = server(3);
    let to = target.uri().to_owned();
    let away = Server::new(move |request| Answer::redirect(307, &format!("{to}{}", request.path)));
    let cli = Cli::new("trace show").arg(WHOLE_ID).on(away.uri());
    let cli = cli.env("MLFLOW_TRACKING_TOKEN", "hunter2").env("MLFLOW_WORKSPACE", "secret-team");
    cli.ok();
    assert!(away.requests().iter().all(|request| request.header("authorization") == Some("Bearer hunter2")));
    assert_eq!(target.requests().len(), 3);
    for request in target.requests() {
        assert_eq!((request.header("authorization"), request.header("x-mlflow-workspace")), (None, None));
        assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
    }
    let done = cli.env("MLFLOW_ALLOW_HTTP_REDIRECTS", "false").run();
    assert_eq!(done.exit, Some(4), "{done}");
    assert!(done.stderr.contains("MLFLOW_ALLOW_HTTP_REDIRECTS"), "{done}");
}

#[test]
fn bodies_of_requests_stay_at_their_origin() {
    let target = server(3);
    let to = target.uri().to_owned();
    for status in [301, 302, 307, 308] {
        let to = format!("{to}/prefix");
        let away = Server::new(move |request| Answer::redirect(status, &format!("{to}{}", request.path)));
        let done = list(&away).run();
        assert_eq!(
            (done.exit, done.stderr.replace(target.uri(), "http://TARGET").replace(away.uri(), "http://SERVER")),
            (
                Some(4),
                "error: `http://SERVER` redirects to another server; the redirect was not followed\n  \
                 caused by: `http://SERVER` redirects to `http://TARGET/prefix/api/2.0/mlflow/experiments/search`\n  \
                 hint: use `-u http://TARGET/prefix`\n"
                    .to_owned()
            )
        );
    }
    // To https on the same host, which is another origin.
    let to_https = Server::new(|request| {
        let host = request.header("host").unwrap();
        Answer::redirect(308, &format!("https://{host}{}", request.path))
    });
    let done = list(&to_https).run();
    let hint = format!("hint: use `-u {}`", to_https.uri().replace("http:", "https:"));
    assert!(done.exit == Some(4) && done.stderr.contains(&hint), "{done}");
    assert_eq!(to_https.requests().len(), 1);
    // A 303 is followed by a GET, without the body.
    let to = format!("{}/api/2.0/mlflow/experiments/get?experiment_id=1", target.uri());
    let see_other = Server::new(move |_| Answer::redirect(303, &to));
    let done = list(&see_other).run();
    assert!(done.exit == Some(4) && done.stderr.contains("is not an MLflow server"), "{done}");
    let requests: Vec<(String, String)> =
        target.requests().into_iter().map(|request| (request.method, request.body)).collect();
    assert_eq!(requests, [("GET".to_owned(), String::new())]);
}

#[test]
fn redirects_within_an_origin_are_followed() {
    let within = Server::new(|request| match request.path.strip_prefix("/old") {
        Some(path) => Answer::redirect(308, path),
        None => answer(request, 3),
    });
    Cli::new("traces list").on(format!("{}/old", within.uri())).env("MLFLOW_TRACKING_TOKEN", "hunter2").ok();
    assert!(within.requests().iter().all(|request| request.header("authorization") == Some("Bearer hunter2")));

    let circle = Server::new(|request| Answer::redirect(302, &request.path));
    let done = list(&circle).run();
    assert!(done.exit == Some(4) && done.stderr.contains("too many times"), "{done}");
}

#[test]
fn redirects_to_sign_in_pages_are_named() {
    let login = Server::new(|_| Answer::html(200, "<title>Sign in</title>"));
    let page = format!("{}/login?ticket=hunter2", login.uri());
    let guarded = Server::new(move |_| Answer::redirect(302, &page));
    for words in ["traces list", "trace show tr-00000000000000000000000000000000"] {
        let done = Cli::new(words).on(guarded.uri()).run();
        let asked = format!("`{}` redirects to `{}/login`", guarded.uri(), login.uri());
        assert!(done.exit == Some(4) && done.stderr.contains(&asked), "{done}");
        assert!(done.stderr.contains("MLFLOW_TRACKING_TOKEN") && !done.stderr.contains("hunter2"), "{done}");
    }
    assert!(login.requests().iter().all(|request| request.method == "GET"));
}

#[test]
fn redirects_to_what_is_no_web_address_are_named() {
    for target in
        ["file:///etc/passwd", "file:/etc/passwd", "ftp://127.0.0.1/x", "javascript:alert(1)", "http:/x", "https://"]
    {
        for words in ["traces list", "trace show tr-00000000000000000000000000000000"] {
            let server = Server::new(move |_| Answer::redirect(307, target));
            let done = Cli::new(words).on(server.uri()).run();
            assert_eq!((done.exit, server.requests().len()), (Some(4), 1), "{target} {done}");
            assert!(done.stderr.contains("redirects to an invalid URL"), "{target} {done}");
            assert!(done.stderr.contains(&format!("redirects to `{target}`")), "{target} {done}");
        }
    }
}

#[test]
fn servers_of_https_that_are_spoken_to_in_plain_http_are_named() {
    for words in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head>",
        "Client sent an HTTP request to an HTTPS server.",
        "<title>400 Bad Request</title>Reason: You're speaking plain HTTP to an SSL-enabled server port.",
    ] {
        let server = Server::new(move |_| Answer::html(400, words));
        let done = list(&server).run();
        let hint = format!("hint: use `-u {}`", server.uri().replace("http:", "https:"));
        assert!(done.exit == Some(4) && done.stderr.contains("expects https") && done.stderr.contains(&hint), "{done}");
    }
    // A fatal alert (RFC 8446, 6), and nothing at all.
    for answer in [Answer::Raw(vec![21, 3, 1, 0, 2, 2, 70]), Answer::Close] {
        let server = Server::new(move |_| answer.clone());
        let done = list(&server).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        let hint = format!("try https: `-u {}`", server.uri().replace("http:", "https:"));
        assert!(done.exit == Some(4) && done.stderr.contains(&hint), "{done}");
    }
}

#[test]
fn a_sign_in_page_that_is_not_there_is_the_host_that_failed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for (target, message) in [
        (gone.as_str(), format!("`{gone}` refused the connection")),
        ("http://ada:hunter2@sso.invalid", "could not resolve host `sso.invalid`".to_owned()),
    ] {
        let page = format!("{target}/login?ticket=hunter2#hunter2");
        let guarded = Server::new(move |_| Answer::redirect(302, &page));
        let cli = Cli::new("trace show").arg(WHOLE_ID).on(guarded.uri());
        let done = cli.env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0").run();
        let first = done.stderr.lines().next().unwrap_or_default();
        assert_eq!((done.exit, first), (Some(4), format!("error: {message}").as_str()), "{done}");
        let shown = target.replace("ada:hunter2@", "");
        assert!(
            done.stderr.contains(&format!("caused by: `{}` redirects to `{shown}/login`", guarded.uri())),
            "{done}"
        );
        assert!(!done.stderr.contains("hunter2"), "{done}");
    }
}

#[test]
fn plain_http_to_another_machine_is_warned_of_where_there_are_credentials() {
    // The proxy stands for the network: nothing is looked up, and nothing leaves this machine.
    let proxy = Server::new(|_| Answer::json(502, "no"));
    let cli = |uri: &str| Cli::new("traces list -q").on(uri).env("HTTP_PROXY", proxy.uri());
    let done = cli("http://ada:hunter2@mlflow.example").run();
    assert!(done.stderr.contains("warning: credentials are sent to `http://mlflow.example` unencrypted"), "{done}");
    assert!(!done.stderr.contains("hunter2"), "{done}");
    assert!(!cli("http://mlflow.example").run().stderr.contains("warning"));
    let server = server(3);
    let done = Cli::new("traces list").on(server.uri().replace("http://", "http://ada:hunter2@")).ok();
    assert_eq!(done.stderr, "", "loopback");
}

#[test]
fn a_trace_sends_nobody_to_another_host() {
    let other = server(1);
    let at = other.uri().trim_start_matches("http://").to_owned();
    let server = Server::new(move |request| {
        if request.is_for("/ajax-api/2.0/mlflow/get-trace-artifact") {
            return Answer::json(404, r#"{"error_code":"NOT_FOUND","message":"Trace data not found"}"#);
        }
        let mut record = record(0);
        record["tags"]["mlflow.artifactLocation"] = format!("mlflow-artifacts://{at}/1/traces/x/artifacts").into();
        if request.path.starts_with("/api/3.0/mlflow/traces/tr-") {
            Answer::json(200, json!({"trace": {"trace_info": record}}).to_string())
        } else {
            answer(request, 1)
        }
    });
    let cli = Cli::new("trace show tr-00000000000000000000000000000000").on(server.uri());
    let done = cli.env("MLFLOW_TRACKING_TOKEN", "hunter2").ok();
    assert!(done.stderr.contains("the server returned no spans"), "{done}");
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn spans_are_looked_for_in_every_place() {
    let id = "tr-00000000000000000000000000000000";
    let wire = r#"{"trace":{"spans":[{"trace_id":"AAAAAAAAAAAAAAAAAAAAAA==","span_id":"AAAAAAAAAAE=","name":"NAME","start_time_unix_nano":1,"end_time_unix_nano":2,"status":{"code":"STATUS_CODE_OK"}}]}}"#;
    for place in ["/traces/get?", "/traces/batchGet?", "/mlflow-artifacts/artifacts/1/x/traces.json"] {
        let server = Server::new(move |request| {
            if request.path.contains(place) {
                let body = if place.contains("artifacts") { spans(place) } else { wire.replace("NAME", place) };
                return Answer::json(200, body);
            }
            let mut record = record(0);
            record["tags"]["mlflow.artifactLocation"] = "mlflow-artifacts:/1/x".into();
            match request.path.as_str() {
                "/api/3.0/mlflow/traces/tr-00000000000000000000000000000000" => {
                    Answer::json(200, json!({"trace": {"trace_info": record}}).to_string())
                }
                path if path.contains("/experiments/") => answer(request, 1),
                path if path.contains("/traces/get?") => Answer::html(500, "<title>500</title>"),
                _ => Answer::json(404, r#"{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"no"}"#),
            }
        });
        let document = Cli::new("trace show").arg(id).on(server.uri()).json();
        assert_eq!(document["spans"][0]["name"], place, "{document}");
        assert_eq!(document["spans_source"], "server");
        assert_eq!(document["complete"], true, "{document}");
    }
}

#[test]
fn a_trace_that_the_server_breaks_over_costs_a_warning() {
    let server = Server::new(|request| {
        if request.path.contains("get-trace-artifact") && request.path.ends_with('1') {
            Answer::html(500, "<title>500 Internal Server Error</title>")
        } else {
            answer(request, 3)
        }
    });
    let done = Cli::new("spans --json").on(server.uri()).ok();
    assert_eq!(items(&done.json(), "spans").len(), 2);
    assert_eq!(done.json()["page"]["complete"], false);
    assert_eq!(done.stderr.matches("warning:").count(), 1, "{done}");
}

#[test]
fn an_answer_that_unpacks_to_too_much_costs_a_warning() {
    // 129 MiB in 131 kB.
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![b'0'; 1 << 20];
    (0..129).for_each(|_| packer.write_all(&zeros).unwrap());
    let bomb = Answer::json(200, packer.finish().unwrap()).with("content-encoding", "gzip");
    let (always, unless_asked_plainly) = (bomb.clone(), bomb);
    let server = Server::new(move |request| {
        let is_for = |number: char| request.path.contains("get-trace-artifact") && request.path.ends_with(number);
        if is_for('1') || is_for('2') && request.header("accept-encoding") == Some("gzip") {
            return if is_for('1') { always.clone() } else { unless_asked_plainly.clone() };
        }
        answer(request, 3)
    });
    let done = Cli::new("spans --json").on(server.uri()).ok();
    assert_eq!(items(&done.json(), "spans").len(), 2, "{done}");
    assert_eq!(done.json()["page"]["complete"], false);
    let warning = format!(
        "warning: the server returned no spans of tr-{:032x}: the response of `{}` decompresses to more than 128 MiB",
        1,
        server.uri()
    );
    assert_eq!((done.stderr.lines().count(), done.stderr.trim_end()), (1, warning.as_str()));
    // A list cannot be done without.
    let list = Answer::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n{".to_vec());
    let done = self::list(&Server::new(move |_| list.clone())).run();
    assert!(done.exit == Some(4) && done.stderr.contains("is larger than 256 MiB"), "{done}");
}

#[test]
fn packed_answers_are_unpacked() {
    let server = Server::new(|request| {
        assert_eq!(request.header("accept-encoding"), Some("gzip"));
        let Answer::Whole(mut reply) = answer(request, 3) else { panic!("a whole answer") };
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&reply.body).unwrap();
        reply.body = packer.finish().unwrap();
        Answer::Whole(reply).with("content-encoding", "gzip")
    });
    assert_eq!(list(&server).ok().lines().len(), 4);
    assert_eq!(items(&Cli::new("spans").on(server.uri()).json(), "spans").len(), 3);
}

#[test]
fn a_bad_record_in_a_page_costs_a_warning() {
    let server = Server::new(|request| {
        if request.path != "/api/3.0/mlflow/traces/search" {
            return answer(request, 3);
        }
        let broken = json!({"trace_id": "tr-broken", "request_time": "yesterday"});
        Answer::json(200, json!({"traces": [record(2), broken, record(0)]}).to_string())
    });
    let done = list(&server).arg("--json").ok();
    assert_eq!(items(&done.json(), "traces").len(), 2);
    assert_eq!(done.json()["page"]["complete"], false);
    assert_eq!(done.stderr.matches("warning:").count(), 1, "{done}");
    assert!(done.stderr.contains("tr-broken"), "{done}");
}

#[test]
fn a_server_that_dies_on_the_way_leaves_whole_rows() {
    let server = Server::new(|request| {
        if request.body.contains("page_token") { answer(request, 1200).cut(700) } else { answer(request, 1200) }
    });
    let done = list(&server).arg("--all").arg("-o").arg("jsonl").run();
    assert_eq!((done.exit, &done.error()["code"]), (Some(4), &json!("network")), "{done}");
    assert_eq!(done.lines().len(), 500);
    assert!(done.lines().iter().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}

#[test]
fn pages_that_shift_show_no_trace_twice() {
    // Between the pages a trace arrived, so that the last of one page is the first of the next.
    let server = Server::new(|request| {
        let page: usize = match request.path.as_str() {
            "/api/3.0/mlflow/traces/search" => {
                request.json()["page_token"].as_str().map_or(0, |token| token.parse().unwrap())
            }
            _ => return answer(request, 3),
        };
        let traces: Vec<Value> = [[5, 4], [4, 3], [3, 2], [2, 1]][page].iter().map(|number| record(*number)).collect();
        let mut body = json!({"traces": traces});
        if page < 3 {
            body["next_page_token"] = (page + 1).to_string().into();
        }
        Answer::json(200, body.to_string())
    });
    let done = list(&server).arg("--all").arg("-o").arg("ids").ok();
    assert_eq!(done.lines().len(), 5, "{done}");
}

#[test]
fn many_pages_are_read_to_the_end() {
    let server = server(2100);
    let done = list(&server).arg("--all").arg("-o").arg("ids").ok();
    assert_eq!(done.lines().len(), 2100);
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
fn ids_are_searched_by_the_server_or_among_the_newest() {
    let can_search = |filter: &str| filter.is_empty() || filter.starts_with("request_id ILIKE");
    let searching = Server::new(move |request| {
        let body = if request.body.is_empty() { Value::Null } else { request.json() };
        match body["filter"].as_str() {
            Some(filter) if can_search(filter) => {
                Answer::json(200, json!({"traces": [record(7), record(1)]}).to_string())
            }
            _ => answer(request, 20),
        }
    });
    let prefix = "000000000000000000000000000000";
    let done = Cli::new("trace show -v").arg(format!("{prefix}07")).on(searching.uri()).ok();
    assert!(done.stdout.starts_with("run 7"), "{done}");
    let done = Cli::new("trace show").arg(&prefix[..28]).on(searching.uri()).run();
    assert_eq!(done.exit, Some(3), "{done}");
    assert!(done.stderr.contains("ambiguous trace id prefix"), "{done}");

    let old = Server::new(|request| {
        if request.body.contains("ILIKE") {
            Answer::json(400, r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"Invalid comparator"}"#)
        } else {
            answer(request, 0x1381)
        }
    });
    let done = Cli::new("trace show").arg("0000000000000000000000000000138").on(old.uri()).ok();
    assert!(done.stdout.contains("tr-00000000"), "{done}");
    assert!(done.stderr.contains("only the newest 2000 traces"), "{done}");
    let done = Cli::new("trace show").arg("abc").on(old.uri()).run();
    assert_eq!(done.exit, Some(3), "{done}");
    assert!(done.stderr.contains("only the newest 2000 traces"), "{done}");
    let pages = old.requests().iter().filter(|request| request.path.ends_with("/traces/search")).count();
    assert!(pages <= 2 * 6, "{pages} pages");
}

#[test]
fn work_is_left_to_the_server() {
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
fn a_prefix_before_the_routes_is_kept() {
    let server = Server::new(|request| match request.path.strip_prefix("/team/mlflow") {
        Some(path) => answer(&Request { path: path.to_owned(), ..request.clone() }, 3),
        None => Answer::html(404, "<title>404</title>"),
    });
    Cli::new("trace show").on(format!("{}/team/mlflow/", server.uri())).ok();
    let done = list(&server).run();
    assert!(done.exit == Some(4) && done.stderr.contains("-u https://host/prefix"), "{done}");
}

#[test]
fn certificates_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.pem");
    std::fs::write(&file, "nothing").unwrap();
    for variable in ["MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"] {
        for path in [&file, &folder.path().join("none.pem")] {
            let done = Cli::new("experiments").on("https://127.0.0.1:1").env(variable, path).run();
            assert_eq!(done.exit, Some(4), "{done}");
            assert!(done.stderr.contains(variable) && done.stderr.contains(path.to_str().unwrap()), "{done}");
        }
    }
    let both = Cli::new("experiments").on("https://127.0.0.1:1").env("MLFLOW_TRACKING_INSECURE_TLS", "true");
    assert_eq!(both.env("MLFLOW_TRACKING_SERVER_CERT_PATH", &file).run().exit, Some(2));
    let plain = server(1);
    let done = Cli::new("experiments").on(plain.uri().replace("http:", "https:")).run();
    assert!(done.exit == Some(4) && done.stderr.contains("-u http://"), "{done}");
}

#[test]
fn pages_without_end_come_to_one() {
    let stuck = |page: Value| {
        Server::new(move |request| {
            if request.path == "/api/3.0/mlflow/traces/search" {
                Answer::json(200, page.to_string())
            } else {
                answer(request, 3)
            }
        })
    };
    for page in [
        json!({"traces": [record(1)], "next_page_token": "again"}),
        json!({"traces": [], "next_page_token": "again"}),
        json!({"next_page_token": "again"}),
    ] {
        let server = stuck(page.clone());
        let done = list(&server).arg("--all").arg("--json").ok();
        assert_eq!(done.json()["page"]["complete"], false, "{page}");
        assert_eq!(done.stderr.matches("warning:").count(), 1, "{done}");
        assert!(server.requests().len() <= 4, "{page}");
    }
    // A token that is always new, to the same traces.
    let pages = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        let page = pages.fetch_add(1, Ordering::SeqCst);
        let traces: Vec<Value> = (0..500).map(record).collect();
        match request.path.as_str() {
            "/api/3.0/mlflow/traces/search" => {
                Answer::json(200, json!({"traces": traces, "next_page_token": page.to_string()}).to_string())
            }
            _ => answer(request, 3),
        }
    });
    let done = list(&server).arg("--all").arg("--json").ok();
    assert_eq!(done.json()["page"], json!({"returned": 500, "matched": null, "complete": false}));
    assert!(server.requests().len() <= 6, "{}", server.requests().len());
    let server = Server::new(|request| match request.path.as_str() {
        "/api/2.0/mlflow/experiments/search" => {
            Answer::json(200, EXPERIMENTS.replace("]}", "],\"next_page_token\":\"again\"}"))
        }
        _ => answer(request, 3),
    });
    let done = list(&server).ok();
    assert_eq!((done.lines().len(), done.stderr.matches("warning:").count()), (4, 1), "{done}");
}

#[test]
fn pages_that_always_bring_something_new_come_to_an_end() {
    // Each page of experiments has a new one and a new token.
    let pages = AtomicUsize::new(0);
    let server = Server::new(move |request| {
        if request.path != "/api/2.0/mlflow/experiments/search" {
            return answer(request, 3);
        }
        let page = pages.fetch_add(1, Ordering::SeqCst).to_string();
        let experiment = json!({"experiment_id": page, "name": page, "lifecycle_stage": "active"});
        Answer::json(200, json!({"experiments": [experiment], "next_page_token": page}).to_string())
    });
    let done = list(&server).arg("--json").ok();
    assert_eq!((items(&done.json(), "traces").len(), &done.json()["page"]["complete"]), (3, &json!(false)), "{done}");
    assert_eq!(done.stderr.matches("warning:").count(), 1, "{done}");
    assert!(done.stderr.contains("the last 100 pages of the server were nearly empty"), "{done}");
    assert!(server.requests().len() <= 102, "{}", server.requests().len());
    // Each page of traces has a few new ones.
    let server = Server::new(|request| match request.path.as_str() {
        "/api/3.0/mlflow/traces/search" => {
            let page: usize = request.json()["page_token"].as_str().map_or(0, |token| token.parse().unwrap());
            let traces = [record(2 * page + 1), record(2 * page)];
            Answer::json(200, json!({"traces": traces, "next_page_token": (page + 1).to_string()}).to_string())
        }
        _ => answer(request, 3),
    });
    let done = list(&server).arg("--all").arg("--json").ok();
    assert_eq!(done.json()["page"], json!({"returned": 200, "matched": null, "complete": false}));
    assert_eq!(done.stderr.matches("warning:").count(), 1, "{done}");
    // Who wants few is not kept waiting.
    assert_eq!(list(&server).arg("-n").arg("5").ok().lines().len(), 6);
}

#[test]
fn a_pause_without_end_is_not_waited_for() {
    for pause in ["18446744073709551615", "-1", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"] {
        let server = Server::new(move |_| Answer::json(503, "later").with("retry-after", pause));
        let done = list(&server).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "1e300").run();
        assert_eq!(done.exit, Some(4), "{pause}\n{done}");
    }
    let done = list(&server(2)).env("MLFLOW_HTTP_REQUEST_TIMEOUT", "18000000000000000000").run();
    assert_eq!(done.exit, Some(0), "{done}");
}

#[test]
fn what_a_server_says_is_one_line_without_the_credentials() {
    let long = "no ".repeat(100_000);
    let server = Server::new(move |request| {
        let secret = request.header("authorization").unwrap_or_default();
        Answer::json(400, json!({"error_code": "X", "message": format!("{secret}\nerror: done\n{long}")}).to_string())
    });
    let done = list(&server).env("MLFLOW_TRACKING_TOKEN", "hunter2").run();
    assert!(done.exit == Some(4) && !done.stderr.contains("hunter2"), "{done}");
    assert!(done.stderr.len() < 1000 && done.stderr.lines().count() <= 3, "{done}");
}

/// Credentials as a server may repeat them. The password is `hunter2/secret+`.
const REPEATED: [&str; 7] = [
    "Basic Ym9iYnk6aHVudGVyMi9zZWNyZXQr",
    "bobby:hunter2/secret+",
    "hunter2%2fsecret%2B",
    "hunter2%2Fsecret+",
    "aHVudGVyMi9zZWNyZXQr",
    "aHVudGVyMi9zZWNyZXQr%3d",
    // Of a JSON object with the header.
    "eyJhdXRob3JpemF0aW9uIjogIkJhc2ljIFltOWlZbms2YUhWdWRHVnlNaTl6WldOeVpYUXIifQ==",
];

/// What is left of credentials in a text.
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

/// Runs a command with credentials on a server that repeats them, and looks for them in what it prints.
fn assert_masked(server: &Server, words: &str) {
    let cli = Cli::new(words).on(server.uri()).env("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0");
    let cli = cli.env("MLFLOW_TRACKING_USERNAME", "bobby").env("MLFLOW_TRACKING_PASSWORD", "hunter2/secret+");
    let done = cli.run();
    let left = credentials_in(&format!("{done}"));
    assert!(left.is_empty(), "{left:?} in\n{done}\nof {:?}", server.requests());
}

#[test]
fn credentials_that_a_server_repeats_are_masked_everywhere() {
    let repeated = REPEATED.join(" | ");
    let odd = json!({
        "trace_id": "tr-x", "request_time": repeated, "state": repeated,
        "trace_location": {"mlflow_experiment": {"experiment_id": "1"}},
    });
    let error = json!({"error_code": format!("BAD {repeated}"), "message": format!("no:\n{repeated}")}).to_string();
    let answers = [
        Answer::json(400, error.as_str()),
        Answer::json(401, error.as_str()),
        Answer::json(403, format!("{repeated} is not allowed")),
        Answer::json(404, error.as_str()),
        Answer::json(429, error.as_str()),
        Answer::json(500, error.as_str()),
        Answer::html(502, format!("<title>{repeated}</title>")),
        Answer::html(200, format!("<title>{repeated}</title>")),
        Answer::json(200, json!({&repeated: [], "experiments": [{"name": repeated}], "traces": [odd]}).to_string()),
        Answer::json(200, json!({"experiments": repeated, "traces": repeated, "spans": repeated}).to_string()),
        Answer::json(200, repeated.as_str()),
        Answer::Raw(format!("HTTP/1.1 200 {repeated}\r\nx: {repeated}\r\n: x\r\n").into_bytes()),
    ];
    for bad in answers {
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
                if is_good { answer(request, 2) } else { bad.clone() }
            });
            assert_masked(&server, words);
        }
    }
}

#[test]
fn credentials_in_the_target_of_a_redirect_are_masked() {
    for repeated in REPEATED {
        let in_path = repeated.replace(' ', "/");
        for target in [
            format!("/{in_path}/login?x={repeated}"),
            format!("http://{in_path}.invalid/x"),
            format!("http://{in_path}@sso.invalid/{in_path}"),
            format!("{in_path}:x"),
            repeated.to_owned(),
        ] {
            let server = Server::new(move |_| Answer::redirect(307, &target));
            assert_masked(&server, "traces list -v");
            assert_masked(&server, &format!("trace show {WHOLE_ID} -v"));
        }
    }
}

#[test]
fn proxies_that_are_not_built_in_are_named() {
    for (variable, value) in [("ALL_PROXY", "socks5://h:1"), ("HTTP_PROXY", "socks4://h:1")] {
        let cli = list(&server(2)).arg("--json").env(variable, value);
        let done = cli.run();
        assert_eq!((done.exit, &done.error()["code"]), (Some(4), &json!("network")), "{done}");
        let server = server(2);
        list(&server).env(variable, value).env("NO_PROXY", "127.0.0.1").ok();
    }
}

#[test]
fn usage_warns_of_traces_whose_spans_the_server_does_not_give() {
    let server = Server::new(|request| {
        if request.path.contains("get-trace-artifact") {
            return Answer::json(404, r#"{"error_code":"NOT_FOUND","message":"no such bucket"}"#);
        }
        answer(request, 2)
    });
    let done = Cli::new("usage").on(server.uri()).ok();
    assert_eq!(done.stderr.matches("no such bucket").count(), 2, "{done}");
}

#[test]
fn a_server_that_gives_no_spans_of_many_traces_is_asked_less() {
    let server = Server::new(|request| match request.path.split('?').next().unwrap() {
        "/ajax-api/2.0/mlflow/get-trace-artifact"
        | "/api/3.0/mlflow/traces/get"
        | "/api/3.0/mlflow/traces/batchGet" => {
            Answer::json(500, r#"{"error_code":"INTERNAL_ERROR","message":"the artifact store is gone"}"#)
        }
        _ => answer(request, 300),
    });
    let done = Cli::new("usage --by model --all").on(server.uri()).ok();
    assert!(
        done.stderr.contains("the server returned no spans of tr-")
            && done.stderr.contains("the artifact store is gone"),
        "{done}"
    );
    let asked = server
        .requests()
        .iter()
        .filter(|request| request.path.contains("trace_id") || request.path.contains("request_id"))
        .count();
    // Three ways for each of the first, one for the others; 900 would be all ways for all.
    assert!((300..=600).contains(&asked), "{asked} requests for spans");
}
