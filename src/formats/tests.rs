use super::*;
use crate::model::{SpanStatus, Timestamp};

const V2: &str = r#"{"name":"llm_1","context":{"span_id":"0xc923aaa6c67e9cdd","trace_id":"0xac9a8351d035f3bf0e995ba1d632e5d0"},
 "parent_id":"0xd136438a2a8fa6ae","start_time":1795189395611845448,"end_time":1795189395612588767,"status_code":"OK","status_message":"",
 "attributes":{"mlflow.spanType":"\"CHAT_MODEL\"","k_int":"1"},
 "events":[{"name":"custom","timestamp":1795189395612469,"attributes":{"i":1}}]}"#;
const V3: &str = r#"{"trace_id":"ys329HTLgPsrgrs8eCUDmg==","span_id":"EfUVP/xDawM=","trace_state":"","parent_span_id":"",
 "name":"llm_1","start_time_unix_nano":1795189436767857480,"end_time_unix_nano":1795189436768546172,
 "attributes":{"mlflow.spanType":"\"CHAT_MODEL\"","mlflow.chat.tokenUsage":"{\"input_tokens\": 10, \"output_tokens\": 5, \"total_tokens\": 15}",
 "mlflow.spanOutputs":"{\"model\": \"gpt-4o-mini\"}"},
 "status":{"message":"","code":"STATUS_CODE_OK"}}"#;
const V3_5_0: &str = r#"{"trace_id":"tr-cacdf6f474cb80fb2b82bb3c7825039a","span_id":"11f5153ffc436b03","parent_span_id":"0159a9ae5654cdab",
 "name":"x","start_time_unix_nano":"1795189436767857480","end_time_unix_nano":0,"attributes":{"k":{"a":1}},
 "status":{"code":"ERROR","message":"ValueError: bad"},"events":[{"name":"exception","time_unix_nano":1795189436767857481,
 "attributes":{"exception.type":"ValueError","exception.message":"bad","exception.stacktrace":"Traceback"}}],"links":[]}"#;

#[test]
fn spans_of_every_dialect_become_the_same_model() {
    let check = |text: &str, id: &str, parent: Option<&str>, status: SpanStatus, end: Option<i64>| {
        let span = span(text, SpanDetail::All, None).unwrap();
        assert_eq!(span.id.as_str(), id);
        assert_eq!(span.parent.as_ref().map(crate::model::SpanId::as_str), parent);
        assert_eq!(span.status, status);
        assert_eq!(span.end, end.map(Timestamp));
        span
    };
    let v2 = check(V2, "c923aaa6c67e9cdd", Some("d136438a2a8fa6ae"), SpanStatus::Ok, Some(1_795_189_395_612_588_767));
    let payload = v2.payload.unwrap();
    assert_eq!(payload.events[0].time, Timestamp(1_795_189_395_612_469_000), "microseconds of MLflow 3.10 and older");
    assert_eq!(payload.attribute("k_int").unwrap().text(), "1");

    let v3 = check(V3, "11f5153ffc436b03", None, SpanStatus::Ok, Some(1_795_189_436_768_546_172));
    assert_eq!(v3.token_usage.unwrap().counts(), (Some(10), Some(5), Some(15)));
    assert_eq!(v3.model.as_deref(), Some("gpt-4o-mini"), "from the response if MLflow recorded none");

    let odd = check(V3_5_0, "11f5153ffc436b03", Some("0159a9ae5654cdab"), SpanStatus::Error, None);
    assert_eq!(odd.payload.unwrap().attribute("k").unwrap().text(), r#"{"a":1}"#);
    assert_eq!(odd.exception.unwrap().kind.as_deref(), Some("ValueError"));
}

#[test]
fn tree_detail_has_counts_but_no_payload() {
    let span = span(V3, SpanDetail::Tree, None).unwrap();
    assert!(span.payload.is_none());
    assert_eq!(span.span_type.as_str(), "CHAT_MODEL");
    assert!(span.token_usage.is_some());
}

#[test]
fn python_json_becomes_strict_json() {
    let check = |text: &str, strict: &str| {
        assert_eq!(parse_json(text).map(|json| json.text().to_owned()).as_deref(), Some(strict));
    };
    check("NaN", r#""NaN""#);
    check(r#"{"a": [NaN, -Infinity, Infinity]}"#, r#"{"a":["NaN","-Infinity","Infinity"]}"#);
    check("170141183460469231731687303715884105728", "170141183460469231731687303715884105728");
    check(r#""\ud83e""#, "\"\u{fffd}\"");
    check(r#""a\udd16\ud83e b""#, "\"a\u{fffd}\u{fffd} b\"");
    check(r#""\ud83e\udd16""#, r#""\ud83e\udd16""#);
    check(r#""\\ud83e""#, r#""\\ud83e""#);
    check("[1,\n 2]", "[1,  2]");
    check(" 1e400 ", "1e400");
}

#[test]
fn text_that_python_rejects_is_not_json() {
    for text in [
        "",
        "plain",
        "{'a': 1}",
        "[1,]",
        "{\"a\" 1}",
        "\"a\nb\"",
        "01",
        "1 2",
        "nan",
        "+1",
        "\"\\x41\"",
        "{\"a\":1",
        "-",
    ] {
        assert!(parse_json(text).is_none(), "{text}");
    }
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let deep = format!("{}NaN{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(parse_json(&deep).is_some());
    let text = format!(r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{"d":{deep}}}}}"#);
    assert!(span(&text, SpanDetail::All, None).is_ok());
}

#[test]
fn foreign_attributes_set_the_type_if_mlflow_does_not() {
    let check = |attributes: &str, column: Option<&str>, expected: &str| {
        let text =
            format!(r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{{attributes}}}}}"#);
        assert_eq!(span(&text, SpanDetail::Tree, column).unwrap().span_type.as_str(), expected, "{attributes}");
    };
    check(r#""gen_ai.operation.name":"\"chat\"""#, None, "CHAT_MODEL");
    check(r#""gen_ai.operation.name":"execute_tool""#, None, "TOOL");
    check(r#""openinference.span.kind":"RERANKER","gen_ai.operation.name":"chat""#, None, "RERANKER");
    check(r#""mlflow.spanType":"\"UNKNOWN\"","traceloop.span.kind":"workflow""#, None, "WORKFLOW");
    check(r#""mlflow.spanType":"\"MINE\"","traceloop.span.kind":"workflow""#, None, "MINE");
    check(r#""ai.operationId":"ai.streamText.doStream""#, None, "LLM");
    check(r#""lk.function_tool.name":"x""#, None, "TOOL");
    check(r#""langfuse.observation.type":"span""#, Some("CHAIN"), "CHAIN");
    check("", Some("AGENT"), "AGENT");
    check("", None, "UNKNOWN");
}

#[test]
fn every_complete_span_of_a_damaged_file_is_read() {
    let whole = format!(r#"{{"spans": [{V3}, {V2}, {{"name": "no id"}}], "request": null}}"#);
    let file = trace_file(&whole, SpanDetail::Tree);
    assert_eq!((file.spans.len(), file.damage.len(), file.is_truncated), (2, 1, false));
    let nan = whole.replace("\"k_int\":\"1\"", "\"k_int\":NaN");
    assert_eq!(trace_file(&nan, SpanDetail::Tree).spans.len(), 2);
    let tail = format!("{whole}\n<garbage>");
    let file = trace_file(&tail, SpanDetail::Tree);
    assert_eq!((file.spans.len(), file.is_truncated, file.has_trailing_text), (2, false, true));
    let cut = &whole[..whole.len() / 2 + 200];
    let file = trace_file(cut, SpanDetail::Tree);
    assert_eq!((file.spans.len(), file.is_truncated), (1, true));
    for empty in ["", "{", "{}", "null", "[]"] {
        assert!(trace_file(empty, SpanDetail::Tree).is_truncated, "{empty}");
    }
}

#[test]
fn yaml_records_of_v2_and_v3_are_read() {
    let v2 = "assessments: []\nexecution_time_ms: null\nexperiment_id: '1'\nrequest_id: 743d97f2\nstatus: IN_PROGRESS\ntimestamp_ms: 1795191373305\n";
    let info = trace_info(v2).unwrap();
    assert_eq!(
        (info.trace_id.as_str(), info.state.as_str(), info.execution_duration_ms),
        ("743d97f2", "IN_PROGRESS", None)
    );
    assert_eq!(request_time(v2), Some(info.request_time));
    let v3 = "execution_duration_ms: 30\nrequest_preview: \"a\\Lb\"\nrequest_time: '2026-11-20T15:49:06.695Z'\nstate: OK\ntrace_id: tr-1\ntrace_location:\n  mlflow_experiment:\n    experiment_id: '9'\n  type: MLFLOW_EXPERIMENT\n";
    let info = trace_info(v3).unwrap();
    assert_eq!(info.request_preview.as_deref(), Some("a\u{2028}b"));
    assert_eq!((info.experiment_id.as_str(), info.request_time.millis()), ("9", 1_795_189_746_695));
    assert_eq!(request_time(v3), Some(info.request_time));
    assert!(trace_info("").is_err());
    assert!(trace_info(": : :").is_err());
}

#[test]
fn invalid_archived_bytes_are_rejected() {
    assert!(parse_traces_pb(b"\xff\xff\xff", SpanDetail::All).is_err());
    assert!(parse_traces_pb(b"", SpanDetail::All).unwrap().is_empty());
}

const INFO_V2: &str = r#"{"request_id":"64de37","experiment_id":"1","timestamp_ms":"1795189633663","execution_time_ms":23,"status":"OK",
 "request_metadata":[{"key":"mlflow.trace.session","value":"s-1"},{"key":"mlflow.empty"}],
 "tags":[{"key":"mlflow.traceName","value":"plan \ud83e\udd16"}]}"#;
const INFO_V3: &str = r#"{"trace_id":"tr-7033","client_request_id":"c-1","later_field":{"a":[1]},
 "trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"7"}},
 "request_time":"2026-11-20T15:47:24.598Z","execution_duration":"0.030s","state":"ERROR","request_preview":"{\"q\": 1}",
 "trace_metadata":{"mlflow.trace.tokenUsage":"{\"input_tokens\": 20, \"output_tokens\": 4, \"total_tokens\": 24}",
 "mlflow.trace.cost":"{\"input_cost\": 3.15e-05, \"output_cost\": 1.14e-05, \"total_cost\": 4.29e-05}",
 "mlflow.trace.sizeStats":"{\"total_size_bytes\": 7982, \"num_spans\": 2}"},
 "tags":{"mlflow.traceName":"root"}}"#;

#[test]
fn records_of_both_api_versions_are_read() {
    let v2 = parse_trace_info(&format!(r#"{{"trace_info":{INFO_V2}}}"#)).unwrap();
    assert_eq!((v2.trace_id.as_str(), v2.experiment_id.as_str(), v2.state.as_str()), ("64de37", "1", "OK"));
    assert_eq!((v2.request_time.millis(), v2.execution_duration_ms), (1_795_189_633_663, Some(23)));
    assert_eq!((v2.name.as_deref(), v2.session_id()), (Some("plan 🤖"), Some("s-1")));
    assert_eq!((v2.metadata.get("mlflow.empty"), v2.request_preview), (Some(""), None));

    let v3 = parse_trace_info(&format!(r#"{{"trace":{{"trace_info":{INFO_V3}}}}}"#)).unwrap();
    assert_eq!((v3.trace_id.as_str(), v3.experiment_id.as_str(), v3.state.as_str()), ("tr-7033", "7", "ERROR"));
    assert_eq!((v3.request_time.millis(), v3.execution_duration_ms), (1_795_189_644_598, Some(30)));
    assert_eq!((v3.client_request_id.as_deref(), v3.request_preview.as_deref()), (Some("c-1"), Some(r#"{"q": 1}"#)));
    assert_eq!((v3.name.as_deref(), v3.experiment_name, v3.span_count), (Some("root"), None, Some(2)));
    assert_eq!(v3.recorded_usage.unwrap().counts(), (Some(20), Some(4), Some(24)));
    assert_eq!(v3.cost.unwrap().total_cost, Some(4.29e-5));

    for none in ["", "<html>", "[]", "null", "{}", r#"{"trace":{}}"#, r#"{"trace_info":[1]}"#, r#"{"trace_info":{}}"#] {
        assert!(parse_trace_info(none).is_err(), "{none}");
    }
}

#[test]
fn values_that_a_server_omits_are_unknown() {
    let check = |members: &str, millis: Option<i64>, state: &str| {
        let info = parse_trace_info(&format!(r#"{{"trace_info":{{{members}}}}}"#)).unwrap();
        assert_eq!((info.execution_duration_ms, info.state.as_str()), (millis, state), "{members}");
    };
    let v2 = r#""request_id":"a","timestamp_ms":1"#;
    check(v2, None, "STATE_UNSPECIFIED");
    check(&format!(r#"{v2},"execution_time_ms":0,"status":"TRACE_STATUS_UNSPECIFIED""#), None, "STATE_UNSPECIFIED");
    check(&format!(r#"{v2},"execution_time_ms":"17","status":"ok""#), Some(17), "ok");
    let v3 = r#""trace_id":"tr-1","request_time":"2026-11-20T15:47:24Z""#;
    check(&format!(r#"{v3},"tags":null,"trace_metadata":{{}},"state":"IN_PROGRESS""#), None, "IN_PROGRESS");
    let durations = [
        ("0s", Some(0)),
        ("1s", Some(1_000)),
        ("12.5s", Some(12_500)),
        ("-0.1s", Some(-100)),
        ("0.030999999s", Some(30)),
        ("3.000000001s", Some(3_000)),
        ("99999999999999999s", None),
        ("1", None),
        (".5s", None),
        ("1.s", None),
        ("1.-5s", None),
        ("s", None),
    ];
    for (text, millis) in durations {
        check(&format!(r#"{v3},"execution_duration":"{text}""#), millis, "STATE_UNSPECIFIED");
    }
}

#[test]
fn complete_members_of_truncated_metadata_are_read() {
    let check = |usage: &str, figures: Option<(Option<i64>, Option<i64>, Option<i64>)>| {
        let record = serde_json::json!({"trace_id": "tr-1", "request_time": "2026-11-20T15:47:24Z",
            "trace_metadata": {"mlflow.trace.tokenUsage": usage}});
        let info = parse_trace_info(&format!(r#"{{"trace_info":{record}}}"#)).unwrap();
        assert_eq!(info.recorded_usage.map(|usage| usage.counts()), figures, "{usage}");
        assert_eq!(info.metadata.get("mlflow.trace.tokenUsage"), Some(usage));
    };
    check(r#"{"input_tokens": 20, "output_tokens": 4, "total_tokens": 24}"#, Some((Some(20), Some(4), Some(24))));
    check(r#"{"input_tokens": 20, "output_tokens": 4, "total_tokens": 2"#, Some((Some(20), Some(4), None)));
    check(r#"{"input_tokens": 20, "output_to"#, Some((Some(20), None, None)));
    check(r#"{"input_tokens": 2"#, None);
    check("{", None);
    check("20, 4", None);
}

#[test]
fn one_bad_trace_does_not_fail_the_page() {
    let text = format!(
        r#"{{"traces":[{INFO_V3}, 17, {INFO_V2}, {{"trace_id":"tr-bad"}}, {{"state":"OK"}}],"next_page_token":"eyJv"}}"#
    );
    let page = parse_trace_page(&text).unwrap();
    let infos: Vec<_> = page.infos.iter().map(|info| info.as_ref().map(|info| info.trace_id.as_str())).collect();
    let bad = |why: &str| why.to_owned();
    assert_eq!(infos[0], Ok("tr-7033"));
    assert_eq!(infos[1], Err(&bad("not a JSON object")));
    assert_eq!(infos[2], Ok("64de37"));
    assert_eq!(infos[3], Err(&bad("trace `tr-bad`: missing start time")));
    assert_eq!(infos[4], Err(&bad("missing trace id")));
    assert_eq!(page.next_page_token.as_deref(), Some("eyJv"));

    let odd = text.replace("later_field", "n\":NaN,\"s\":\"\\ud83e\",\"later_field");
    assert!(parse_trace_page(&odd).unwrap().infos[0].is_ok(), "JSON that only Python accepts");
    for empty in ["{}", r#" {"traces":[]}"#, r#"{"traces":null,"next_page_token":""}"#] {
        let page = parse_trace_page(empty).unwrap();
        assert_eq!((page.infos.len(), page.next_page_token), (0, None), "{empty}");
    }
    for none in ["", "[]", "null", "<html></html>", r#"{"traces":{}}"#, &text[..text.len() - 1]] {
        assert!(parse_trace_page(none).is_err(), "{none}");
    }
}

#[test]
fn experiments_of_servers_are_read() {
    let record = r#"{"experiment_id":"7","name":"with/slash","artifact_location":"mlflow-artifacts:/7","lifecycle_stage":"deleted",
        "last_update_time":1795190350910,"creation_time":"1795190350900","tags":[{"key":"owner","value":"team"}],"workspace":"w"}"#;
    let experiment = parse_experiment(&format!(r#"{{"experiment":{record}}}"#)).unwrap();
    assert_eq!((experiment.experiment_id.as_str(), experiment.name.as_str()), ("7", "with/slash"));
    assert_eq!((experiment.is_active(), experiment.workspace.as_deref()), (false, Some("w")));
    assert_eq!(experiment.creation_time, Some(Timestamp::from_millis(1_795_190_350_900)));
    assert_eq!(experiment.last_update_time, Some(Timestamp::from_millis(1_795_190_350_910)));
    assert_eq!(experiment.tags.get("owner"), Some("team"));
    let page = format!(r#"{{"experiments":[{record},{{"experiment_id":0}}],"next_page_token":"x"}}"#);
    let (experiments, token) = parse_experiment_page(&page).unwrap();
    assert_eq!((experiments.len(), token.as_deref()), (2, Some("x")));
    assert_eq!((experiments[1].experiment_id.as_str(), experiments[1].is_active()), ("0", true));
    assert!(parse_experiment_page("{}").unwrap().0.is_empty());
    assert!(parse_experiment_page(r#"{"experiments":[{"name":"x"}]}"#).is_err());
    assert!(parse_experiment("{}").is_err());
}

#[test]
fn assessments_are_the_same_from_files_and_servers() {
    use crate::model::AssessmentKind::{Expectation, Feedback, Issue};
    let check = |body: &str, kind, value: Option<&str>, error: Option<&str>, valid: bool| {
        let record = format!(
            r#"{{"assessment_id":"a-1","assessment_name":"quality","trace_id":"tr-1","span_id":"04aa6ad2bc3c623f",
            "source":{{"source_type":"HUMAN","source_id":"me"}},"create_time":"2026-11-20T15:47:26.955Z",{body}}}"#
        );
        let info =
            format!(r#"{{"trace_id":"tr-1","request_time":"2026-11-20T15:47:24Z","assessments":[{record}, 3]}}"#);
        let info = parse_trace_info(&format!(r#"{{"trace_info":{info}}}"#)).unwrap();
        assert_eq!(info.assessments.len(), 1);
        // JSON is also YAML.
        for found in [&info.assessments[0], &assessment(&record).unwrap()] {
            assert_eq!((found.id.as_str(), found.name.as_str(), found.kind), ("a-1", "quality", kind));
            assert_eq!(found.value.as_ref().map(crate::json::Json::text), value, "{body}");
            assert_eq!(found.error.as_ref().map(crate::json::Json::text), error, "{body}");
            assert_eq!((found.source_type.as_deref(), found.source_id.as_deref()), (Some("HUMAN"), Some("me")));
            assert_eq!((found.span_id.as_deref(), found.valid), (Some("04aa6ad2bc3c623f"), valid));
            assert_eq!(found.create_time, Timestamp::parse_rfc3339("2026-11-20T15:47:26.955Z"));
        }
        info
    };
    let info = check(
        r#""feedback":{"value":0.8},"rationale":"ok","metadata":{ "a": "b" }"#,
        Feedback,
        Some("0.8"),
        None,
        true,
    );
    assert_eq!(info.assessments[0].rationale.as_deref(), Some("ok"));
    assert_eq!(info.assessments[0].metadata.as_ref().unwrap().text(), r#"{"a":"b"}"#);
    let error = r#"{"error_code":"ValueError","error_message":"bad"}"#;
    check(&format!(r#""feedback":{{"value":null,"error":{error}}}"#), Feedback, None, Some(error), true);
    check(r#""feedback":{"value":[1,"x"]},"valid":false"#, Feedback, Some(r#"[1,"x"]"#), None, false);
    check(r#""expectation":{"value":"42"},"valid":true"#, Expectation, Some(r#""42""#), None, true);
    let serialized =
        r#""expectation":{"serialized_value":{"serialization_format":"JSON_FORMAT","value":"{\"k\": [1]}"}}"#;
    check(serialized, Expectation, Some(r#"{"k": [1]}"#), None, true);
    check(r#""issue":{"issue_name":"too slow"}"#, Issue, Some(r#""too slow""#), None, true);
    assert!(assessment("assessment_id: a-1").is_err());
}

/// The same trace as returned by `get-trace-artifact` (`STORED`) and by `traces/get` (`SENT`).
const STORED: &str = r#"{"spans":[{"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"QEhei9daY9A=","parent_span_id":null,"name":"run",
 "kind":"SPAN_KIND_INTERNAL","start_time_unix_nano":1795190236245626773,"end_time_unix_nano":1795190236259928691,
 "events":[{"name":"exception","time_unix_nano":1795190236259586560,"attributes":{"exception.message":"too many",
 "exception.type":"RateLimitError","exception.stacktrace":"Traceback\n","n":1}}],
 "status":{"code":"STATUS_CODE_ERROR","message":"too many"},
 "attributes":{"mlflow.traceRequestId":"\"tr-1\"","mlflow.spanType":"\"AGENT\"",
 "mlflow.spanInputs":"{\"to\": \"b\", \"deep\": {\"none\": null, \"empty\": {}, \"list\": [1, -2.5, true, []]}}",
 "text":"\"1\"","plain":"not JSON","nan":"NaN"},"links":[]},
 {"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"A4q1Co8U8rs=","parent_span_id":"QEhei9daY9A=","name":"chat",
 "start_time_unix_nano":1795190236246695936,"end_time_unix_nano":null,"events":[],"status":{"code":"STATUS_CODE_OK","message":""},
 "attributes":{"mlflow.spanType":"\"LLM\"","mlflow.llm.provider":"\"openai\"","mlflow.llm.cost":"{\"total_cost\": 6.5000000000000004e-06}",
 "mlflow.chat.tokenUsage":"{\"input_tokens\": 65, \"output_tokens\": 17, \"total_tokens\": 82}",
 "mlflow.spanOutputs":"{\"model\": \"gpt-4o-mini\"}"},
 "links":[{"trace_id":"tr-a7abc54cf7e57fc949859c1b7243eb78","span_id":"40485e8bd75a63d0","attributes":{"why": "retry"}},
 {"trace_id":"tr-a7abc54cf7e57fc949859c1b7243eb78","span_id":"40485e8bd75a63d0","attributes":null}]}]}"#;
const SENT: &str = r#"{"trace":{"trace_info":{"trace_id":"tr-1"},"spans":[{"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"QEhei9daY9A=","name":"run",
 "kind":"SPAN_KIND_INTERNAL","start_time_unix_nano":1795190236245626773,"end_time_unix_nano":1795190236259928691,
 "attributes":[{"key":"mlflow.traceRequestId","value":{"string_value":"tr-1"}},{"key":"mlflow.spanType","value":{"string_value":"AGENT"}},
 {"key":"mlflow.spanInputs","value":{"kvlist_value":{"values":[{"key":"to","value":{"string_value":"b"}},
 {"key":"deep","value":{"kvlist_value":{"values":[{"key":"none"},{"key":"empty","value":{"kvlist_value":{}}},
 {"key":"list","value":{"array_value":{"values":[{"int_value":1},{"double_value":-2.5},{"bool_value":true},{"array_value":{}}]}}}]}}}]}}},
 {"key":"text","value":{"string_value":"1"}},{"key":"plain","value":{"string_value":"not JSON"}},{"key":"nan","value":{"double_value":"NaN"}}],
 "events":[{"time_unix_nano":1795190236259586560,"name":"exception","attributes":[{"key":"exception.message","value":{"string_value":"too many"}},
 {"key":"exception.type","value":{"string_value":"RateLimitError"}},{"key":"exception.stacktrace","value":{"string_value":"Traceback\n"}},
 {"key":"n","value":{"int_value":"1"}}]}],"status":{"message":"too many","code":"STATUS_CODE_ERROR"}},
 {"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"A4q1Co8U8rs=","parent_span_id":"QEhei9daY9A=","name":"chat",
 "start_time_unix_nano":1795190236246695936,"attributes":[{"key":"mlflow.spanType","value":{"string_value":"LLM"}},
 {"key":"mlflow.llm.provider","value":{"string_value":"openai"}},
 {"key":"mlflow.llm.cost","value":{"kvlist_value":{"values":[{"key":"total_cost","value":{"double_value":6.5000000000000004e-06}}]}}},
 {"key":"mlflow.chat.tokenUsage","value":{"kvlist_value":{"values":[{"key":"input_tokens","value":{"int_value":65}},
 {"key":"output_tokens","value":{"int_value":17}},{"key":"total_tokens","value":{"int_value":82}}]}}},
 {"key":"mlflow.spanOutputs","value":{"kvlist_value":{"values":[{"key":"model","value":{"string_value":"gpt-4o-mini"}}]}}}],
 "links":[{"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"QEhei9daY9A=","attributes":[{"key":"why","value":{"string_value":"retry"}}]},
 {"trace_id":"p6vFTPflf8lJhZwbckPreA==","span_id":"QEhei9daY9A="}],"status":{"code":"STATUS_CODE_OK"}}]}}"#;

#[test]
fn spans_of_a_server_are_the_spans_of_the_file() {
    let stored = trace_file(STORED, SpanDetail::All);
    assert_eq!((stored.spans.len(), stored.damage.len()), (2, 0));
    // Whitespace within values is irrelevant.
    let debug_text = |file: &TraceFile| {
        format!("{:?}", file.spans).replace("\\\": ", "\\\":").replace("\": ", "\":").replace(", ", ",")
    };
    let batch = SENT[..SENT.len() - 1].replacen("{\"trace\":", "{\"traces\":[", 1) + "]}";
    let camel = [
        "span_id",
        "parent_span_id",
        "start_time_unix_nano",
        "end_time_unix_nano",
        "time_unix_nano",
        "string_value",
        "int_value",
        "double_value",
        "bool_value",
        "array_value",
        "kvlist_value",
    ]
    .iter()
    .fold(SENT.to_owned(), |text, snake| {
        let words = snake.split('_').enumerate();
        let camel: String = words
            .map(|(at, word)| if at == 0 { word.to_owned() } else { word[..1].to_uppercase() + &word[1..] })
            .collect();
        text.replace(&format!("\"{snake}\""), &format!("\"{camel}\""))
    });
    let codes = SENT.replace("\"STATUS_CODE_OK\"", "1").replace("\"STATUS_CODE_ERROR\"", "2");
    let texts = SENT.replace(":1795190236246695936", ":\"1795190236246695936\",\"end_time_unix_nano\":0");
    for sent in [SENT, &batch, &camel, &codes, &texts] {
        let sent = parse_wire_spans(sent, SpanDetail::All).unwrap();
        assert_eq!(debug_text(&sent), debug_text(&stored));
    }
    let all = parse_wire_traces(
        &batch.replacen("\"traces\":[", "\"traces\":[{\"trace_info\":{\"trace_id\":\"tr-0\"}},", 1),
        SpanDetail::All,
    );
    let all: Vec<_> = all.unwrap().iter().map(|(id, file)| (id.clone(), debug_text(file))).collect();
    assert_eq!(all, [("tr-0".to_owned(), "[]".to_owned()), ("tr-1".to_owned(), debug_text(&stored))]);
    assert!(parse_wire_traces(r#"{"traces":[{"trace_info":{}}]}"#, SpanDetail::All).is_err());
    assert!(parse_wire_traces("{}", SpanDetail::All).unwrap().is_empty());
    let tree = parse_wire_spans(SENT, SpanDetail::Tree).unwrap();
    assert!(tree.spans.iter().all(|span| span.payload.is_none()));
    assert_eq!(tree.spans[1].model.as_deref(), Some("gpt-4o-mini"));
    assert_eq!(tree.spans[0].exception, stored.spans[0].exception);
}

#[test]
fn values_of_a_server_are_plain() {
    let read = |value: &str| {
        let text = format!(
            r#"{{"trace":{{"spans":[{{"span_id":"QEhei9daY9A=","start_time_unix_nano":1,"attributes":[{{"key":"v","value":{value}}}]}}]}}}}"#
        );
        let file = parse_wire_spans(&text, SpanDetail::All).unwrap();
        file.spans[0].payload.as_ref().unwrap().attribute("v").unwrap().text().to_owned()
    };
    for (value, json) in [
        (r#"{"string_value":"{\"a\": 1}"}"#, r#""{\"a\": 1}""#),
        (r#"{"int_value":"-9223372036854775808"}"#, "-9223372036854775808"),
        (r#"{"int_value":"many"}"#, r#""many""#),
        (r#"{"double_value":"-Infinity"}"#, r#""-Infinity""#),
        (r#"{"double_value":NaN}"#, r#""NaN""#),
        (r#"{"double_value":"1e-07"}"#, "1e-07"),
        (r#"{"bytes_value":"AP8="}"#, r#""00ff""#),
        (r#"{"string_value":"\ud83e"}"#, "\"\u{fffd}\""),
        (
            r#"{"kvlistValue":{"values":[{"key":"b","value":{"intValue":1}},{"key":"a"},{"value":{}}]}}"#,
            r#"{"b":1,"a":null,"":null}"#,
        ),
        (r#"{"array_value":{"values":[{},null,7]}}"#, "[null,null,null]"),
        (r#"{"unheard_of":1}"#, "null"),
        ("null", "null"),
    ] {
        assert_eq!(read(value), json, "{value}");
    }
    let nested = |depth: usize| {
        let (open, close) = (r#"{"kvlist_value":{"values":[{"key":"k","value":"#, "}]}}");
        read(&format!("{}{{\"int_value\":1}}{}", open.repeat(depth), close.repeat(depth)))
    };
    assert_eq!(nested(150), format!("{}1{}", r#"{"k":"#.repeat(150), "}".repeat(150)));
    let deep = nested(3_000);
    assert!(deep.contains(r#""{\"kvlist_value\":"#), "values nested too deeply are shown as text");
}

#[test]
fn a_damaged_span_of_a_server_is_reported() {
    let text =
        SENT.replacen(r#""span_id":"QEhei9daY9A=","name""#, r#""name""#, 1).replacen("\"spans\":[", "\"spans\":[3,", 1);
    let file = parse_wire_spans(&text, SpanDetail::All).unwrap();
    assert_eq!(file.damage, ["not a JSON object", "missing span id"]);
    assert_eq!(file.spans.len(), 1);
    assert!(parse_wire_spans(r#"{"trace":{"trace_info":{}}}"#, SpanDetail::All).unwrap().spans.is_empty());
    for none in
        ["", "{}", r#"{"traces":[]}"#, r#"{"traces":[1]}"#, r#"{"trace":{"spans":{}}}"#, &SENT[..SENT.len() - 1]]
    {
        assert!(parse_wire_spans(none, SpanDetail::All).is_err(), "{none}");
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(crate::tests::fixed_seed_config())]

        #[test]
        fn strings_are_unescaped_as_serde_json_does(text in r#"["\\\\nu\u{1}é{}: a]{0,12}"#) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(unescape(&json), text);
        }

        #[test]
        fn no_text_causes_a_panic(text in "\\PC*") {
            let _ = parse_json(&text);
            let _ = span(&text, SpanDetail::All, None);
            let _ = trace_file(&text, SpanDetail::All);
            let _ = trace_info(&text);
            let _ = parse_traces_pb(text.as_bytes(), SpanDetail::All);
            let _ = (parse_trace_page(&text), parse_trace_info(&text), parse_experiment_page(&text));
            let _ = parse_wire_spans(&text, SpanDetail::All);
        }

        #[test]
        fn a_truncated_response_is_rejected(cut in 0_usize..2_000) {
            let cut = SENT.floor_char_boundary(cut);
            prop_assert!(parse_wire_spans(&SENT[..cut], SpanDetail::All).is_err());
        }

        #[test]
        fn json_like_text_never_becomes_invalid_json(text in r#"([\[\]{},:" 0-9a-fuNI\\-]|NaN|Infinity|\\ud83e|"k":|null){0,40}"#) {
            if let Some(json) = parse_json(&text) {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(json.text()).is_ok());
                prop_assert!(!json.text().contains('\n'));
            }
        }

        #[test]
        fn a_truncated_file_is_detected(cut in 0_usize..1_600) {
            let whole = format!(r#"{{"spans": [{V3}, {V2}]}}"#);
            let cut = whole.floor_char_boundary(cut.min(whole.len()));
            let file = trace_file(&whole[..cut], SpanDetail::All);
            prop_assert!(file.spans.len() <= 2);
            prop_assert!(file.is_truncated || cut >= whole.len() - 1);
        }
    }
}

#[test]
fn tokens_of_a_response_are_derived_if_none_were_recorded() {
    let derived = |kind: &str, outputs: &str, recorded: &str| {
        let text = format!(
            r#"{{"span_id":"0000000000000001","name":"x","start_time_unix_nano":1,"attributes":{{"mlflow.spanType":"\"{kind}\"","mlflow.spanOutputs":{}{recorded}}}}}"#,
            crate::json::Json::string(outputs).text()
        );
        span(&text, SpanDetail::Tree, None).unwrap().derived_usage
    };
    let openai = r#"{"usage":{"prompt_tokens":45,"completion_tokens":14,"total_tokens":59}}"#;
    let recorded = r#","mlflow.chat.tokenUsage":"{\"input_tokens\": 1, \"output_tokens\": 2, \"total_tokens\": 3}""#;
    for (kind, outputs, attribute, expected) in [
        ("CHAT_MODEL", openai, "", Some((Some(45), Some(14), Some(59)))),
        ("LLM", r#"{"usage":{"prompt_tokens":65,"completion_tokens":17}}"#, "", Some((Some(65), Some(17), Some(82)))),
        ("LLM", r#"{"usage":{"input_tokens":7,"output_tokens":3}}"#, "", Some((Some(7), Some(3), Some(10)))),
        ("EMBEDDING", r#"{"usage":{"prompt_tokens":7,"total_tokens":7}}"#, "", Some((Some(7), None, Some(7)))),
        ("CHAT_MODEL", openai, recorded, None),
        ("CHAT_MODEL", openai, r#","mlflow.chat.tokenUsage":"{}""#, Some((Some(45), Some(14), Some(59)))),
        ("AGENT", openai, "", None),
        ("LLM", r#"{"usage":{}}"#, "", None),
        ("LLM", r#"{"usage":"much"}"#, "", None),
        ("LLM", "no JSON", "", None),
    ] {
        let figures = derived(kind, outputs, attribute).map(|usage| usage.counts());
        assert_eq!(figures, expected, "{kind} {outputs}{attribute}");
    }
    let cached = |outputs: &str| serde_json::to_string(&derived("LLM", outputs, "")).unwrap();
    assert_eq!(
        cached(
            r#"{"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":4}}}"#
        ),
        r#"{"input_tokens":9,"output_tokens":1,"total_tokens":10,"cache_read_input_tokens":4}"#
    );
    assert_eq!(
        cached(
            r#"{"usage":{"input_tokens":9,"output_tokens":1,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}}"#
        ),
        r#"{"input_tokens":15,"output_tokens":1,"total_tokens":16,"cache_read_input_tokens":4,"cache_creation_input_tokens":2}"#
    );
}

#[test]
fn documents_are_detected_by_their_first_bytes() {
    let check = |head: &str, is_document: bool| assert_eq!(may_be_document(head.as_bytes()), is_document, "{head}");
    check(r#"{"resourceSpans":[]}"#, true);
    check("\u{feff} [\n {\n \"info\" : {}", true);
    check(r#"{"resourceLogs":[]}"#, true);
    check(r#"{"name":"resourceSpans"}"#, false);
    check(r#"["info"]"#, false);
    check("", false);
    check("{", false);
    check("\n\u{3}\n", true);
    check("\n\n# a text", false);
}

#[test]
fn truncated_documents_are_errors_and_never_panic() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/documents/autogen/agent.body");
    let bytes = std::fs::read(path).unwrap();
    let spans = |bytes: &[u8]| {
        let batches = batches_from_bytes(bytes).unwrap_or_default();
        let locations = batches.into_iter().flat_map(|batch| batch.spans);
        locations.filter_map(|location| location.span(bytes, SpanDetail::All).ok()).count()
    };
    assert_eq!(spans(&bytes), 3);
    for cut in 0..bytes.len() {
        assert_eq!(spans(&bytes[..cut]), 0, "{cut}");
        let mut odd = bytes.clone();
        odd[cut] ^= 0x85;
        spans(&odd);
    }
    for none in
        ["{}", "[]", "[1]", "[[]]", "1", r#"{"info":{}}"#, r#"{"resourceSpans":{}}"#, r#"{"schema":"mltrace/1"}"#]
    {
        let batches = batches_from_json(none);
        assert!(batches.is_err() || batches.unwrap().is_empty(), "{none}");
    }
}

#[test]
fn spans_have_trace_ids_in_every_format() {
    let check = |document: &str, expected: Option<&str>| {
        let batches = batches_from_json(document).unwrap();
        let found = batches[0].spans[0].span(document.as_bytes(), SpanDetail::All).ok().and_then(|(id, _)| id);
        assert_eq!(found.as_deref(), expected, "{document}");
    };
    check(&format!(r#"{{"spans":[{V2}]}}"#), Some("tr-ac9a8351d035f3bf0e995ba1d632e5d0"));
    check(&format!(r#"{{"spans":[{V3}]}}"#), Some("tr-cacdf6f474cb80fb2b82bb3c7825039a"));
    check(&format!(r#"{{"spans":[{V3_5_0}]}}"#), Some("tr-cacdf6f474cb80fb2b82bb3c7825039a"));
    let custom = V2.replace(r#""k_int":"1""#, r#""mlflow.traceRequestId":"\"my-own\"""#);
    check(&format!(r#"{{"spans":[{custom}]}}"#), Some("my-own"));
    let otlp = |trace: &str, span: &str| {
        format!(
            r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{trace}","spanId":"{span}","startTimeUnixNano":"1"}}]}}]}}]}}"#
        )
    };
    let hex = Some("tr-cacdf6f474cb80fb2b82bb3c7825039a");
    check(&otlp("CACDF6F474CB80FB2B82BB3C7825039A", "11f5153ffc436b03"), hex);
    check(&otlp("ys329HTLgPsrgrs8eCUDmg==", "EfUVP/xDawM="), hex);
    check(&otlp("short", "11f5153ffc436b03"), None);
}
