//! `mltrace doctor` on lost and damaged data, and where it was lost.

use crate::doctor::{clean, finding, kinds, relocated};
use crate::harness::{Cli, Copy, items, trace_named, write_old};
use crate::remote;
use crate::server::{MockResponse, Server};
use serde_json::json;

/// The output of `doctor` for a server with two traces and these responses to requests for spans in files and in rows.
fn examine_server(spans: MockResponse, rows: MockResponse) -> serde_json::Value {
    let server = Server::new(move |request| match request.path.as_str() {
        path if path.contains("get-trace-artifact") => spans.clone(),
        path if path.contains("batchGet") => rows.clone(),
        _ => remote::respond(request, 2),
    });
    Cli::new("doctor").on(server.uri()).json()
}

fn no_route() -> MockResponse {
    MockResponse::html(404, "<!doctype html><title>404 Not Found</title>")
}

#[test]
fn spans_that_a_server_fails_to_load_are_not_missing() {
    let failing = MockResponse::json(500, r#"{"error_code":"INTERNAL_ERROR","message":"Expecting value: line 1"}"#);
    let lost = MockResponse::json(
        404,
        r#"{"error_code":"NOT_FOUND","message":"Trace data not found for path=/x/traces.json"}"#,
    );
    for (response, why) in [
        (failing.clone(), "Expecting value: line 1"),
        (lost, "Trace data not found for path=/x/traces.json"),
        (no_route(), "no route for spans"),
    ] {
        let document = examine_server(response, no_route());
        assert_eq!(kinds(&document), ["spans_not_served"], "{document}");
        let finding = finding(&document, "spans_not_served");
        let id = format!("tr-{:032x}", 1);
        assert_eq!(finding["details"][0], format!("the server returned no spans for {id}: {why}"));
        assert_eq!((&finding["count"], &finding["trace_ids"][0]), (&json!(2), &json!(id)));
        assert_eq!((&document["complete"], &document["counts"]["traces_read_with_spans"]), (&json!(false), &json!(0)));
    }
    // The `batchGet` route of 3.6 (rows) confirms that there are no spans.
    let document = examine_server(failing, MockResponse::json(200, "{}"));
    assert_eq!((kinds(&document), &document["complete"]), (vec!["spans_missing"], &json!(true)));
}

#[test]
fn failing_servers_are_reported_without_notes() {
    let server = Server::new(|request| match request.path.as_str() {
        path if path.contains("get-trace-artifact") => MockResponse::json(500, r#"{"message":"no disk"}"#),
        _ => remote::respond(request, 2),
    });
    let output = Cli::new("doctor --width 90 --utc").on(server.uri()).ok();
    assert_eq!(output.stderr, "");
    insta::assert_snapshot!(output.stdout.replace(server.uri(), "http://SERVER"), @"
    store        http://SERVER
    reason       set by --tracking-uri
    kind         tracking server of unknown release
    experiments  1
    traces       2: 2 OK
    started      2026-11-20 12:00:00 to 2026-11-20 12:00:00 UTC
    spans        0, without those of 2 traces that the server failed to return

    1 problem

    problem the server returns no spans for 2 traces (spans_not_served)
      the server returned no spans for tr-00000000000000000000000000000001: no disk
      the server returned no spans for tr-00000000000000000000000000000000: no disk
      meaning  The server failed to load them: one of its files is damaged, lost or out of
               reach, or the server has a bug. mltrace cannot see whether the spans still
               exist.
      fix      check the server's log, and run `mltrace doctor -u sqlite:///mlflow.db` on the
               server's machine with its database
    ");
}

fn agent_trace_id(copy: &Copy) -> String {
    trace_named(&copy.cli("traces --all").json(), "run_tool_agent", "OK")
}

#[test]
fn trailing_data_and_repeated_ids_are_found() {
    let copy = relocated("3.2.0-file");
    let id = agent_trace_id(&copy);
    let folder = copy.trace_folder(&id);
    let file = folder.join("artifacts/traces.json");
    let text = std::fs::read_to_string(&file).unwrap();
    write_old(&file, format!("{text}{{\"more\":1}}"));
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["damaged_records", "deleted_experiments"]);
    assert_eq!(finding(&document, "damaged_records")["trace_ids"], json!([id]));
    let mut spans: serde_json::Value = serde_json::from_str(&text).unwrap();
    let last = items(&spans, "spans").len() - 1;
    let root = spans["spans"][0].clone();
    spans["spans"].as_array_mut().unwrap().push(root.clone());
    write_old(&file, spans.to_string());
    assert_eq!(kinds(&copy.cli("doctor").json()), ["repeated_spans", "deleted_experiments"]);
    spans["spans"].as_array_mut().unwrap().remove(last);
    write_old(&file, spans.to_string());
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["spans_missing", "repeated_spans", "deleted_experiments"], "one span is missing");
}

#[test]
fn folders_without_a_record_are_damaged_unless_empty() {
    let copy = relocated("3.2.0-file");
    let id = agent_trace_id(&copy);
    let folder = copy.trace_folder(&id);
    std::fs::create_dir(folder.parent().unwrap().join("tr-00")).unwrap();
    assert_eq!(kinds(&copy.cli("doctor").json()), ["deleted_experiments"]);
    std::fs::remove_file(folder.join("trace_info.yaml")).unwrap();
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["damaged_records", "deleted_experiments"]);
    assert_eq!(finding(&document, "damaged_records")["trace_ids"], json!([id]));
    let warned = copy.cli("traces --all").ok();
    assert!(warned.stderr.contains("the trace's record is missing"), "{warned}");
}

#[test]
fn damaged_assessments_do_not_hide_their_trace() {
    let copy = relocated("3.2.0-file");
    let id = agent_trace_id(&copy);
    let folder = copy.trace_folder(&id);
    std::fs::create_dir_all(folder.join("assessments")).unwrap();
    write_old(&folder.join("assessments/a-1.yaml"), "assessment_name: [\n");
    let before = items(&relocated("3.2.0-file").cli("traces --all").json(), "traces").len();
    let output = copy.cli("traces --all").ok();
    assert_eq!(output.stderr.matches("cannot read an assessment").count(), 1, "{output}");
    assert_eq!(items(&copy.cli("traces --all").json(), "traces").len(), before);
    let shown = copy.cli("trace show").arg(&id).json();
    assert_eq!(shown["problems"][0]["kind"], "damaged_assessment", "{shown}");
    let document = copy.cli("doctor").json();
    assert_eq!(finding(&document, "damaged_records")["trace_ids"], json!([id]));
}

#[test]
fn rows_missing_from_the_database_are_found() {
    let copy = clean("3.18.0-sqlite");
    let id = agent_trace_id(&copy);
    let all = "select group_concat(content), count(*), experiment_id from spans where trace_id = ?";
    let (contents, count, experiment): (String, i64, i64) =
        copy.database().query_row(all, [&id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let folder = copy.path().join(format!("mlruns/{experiment}/traces/{id}/artifacts"));
    std::fs::create_dir_all(&folder).unwrap();
    write_old(&folder.join("traces.json"), format!("{{\"spans\":[{contents}]}}"));
    assert_eq!(kinds(&copy.cli("doctor").json()), [""; 0]);
    for (which, lost) in [("type = 'TOOL'", 1), ("1", count)] {
        copy.sql(&format!("delete from spans where trace_id = '{id}' and {which}"));
        let document = copy.cli("doctor").json();
        assert_eq!(kinds(&document), ["rows_missing"], "{document}");
        let detail = format!("{id}: {lost} of {count} spans are only in traces.json");
        assert_eq!(finding(&document, "rows_missing")["details"], json!([detail]));
    }
}

#[test]
fn empty_rows_without_an_archive_are_damaged() {
    let copy = clean("3.18.0-sqlite");
    let id = agent_trace_id(&copy);
    copy.sql(&format!("update spans set content = '' where trace_id = '{id}' and type = 'TOOL'"));
    let document = copy.cli("doctor").json();
    assert_eq!(kinds(&document), ["damaged_records"], "{document}");
    let details = &finding(&document, "damaged_records")["details"];
    assert_eq!(details, &json!([format!("{id}: the content of 1 span is empty")]));
}

#[test]
fn damaged_experiments_are_not_empty_stores() {
    let copy = relocated("3.2.0-file");
    for meta in crate::harness::files_below(copy.path()).iter().filter(|path| path.ends_with("meta.yaml")) {
        write_old(meta, "");
    }
    let output = copy.cli("doctor --json").ok();
    assert_eq!(kinds(&output.json()), ["damaged_records"], "{output}");
    assert_eq!(output.stderr, "");
}

#[test]
fn differing_tokens_with_equal_totals_are_found() {
    let copy = clean("3.6.0-sqlite");
    let id = agent_trace_id(&copy);
    copy.sql(&format!(
        "update trace_request_metadata set value = json_set(value, '$.input_tokens', 1)
             where request_id = '{id}' and key = 'mlflow.trace.tokenUsage'"
    ));
    let document = copy.cli("doctor").json();
    let detail = finding(&document, "tokens_differ")["details"][0].as_str().unwrap();
    assert!(detail.starts_with(&format!("{id}: tokens recorded: 1 in, ")), "{detail}");
}
