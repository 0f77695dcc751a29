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
        let span = span(text, Keep::All, None).unwrap();
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
    assert_eq!(v3.token_usage.unwrap().figures(), (Some(10), Some(5), Some(15)));
    assert_eq!(v3.model.as_deref(), Some("gpt-4o-mini"), "named by the response where MLflow recorded none");

    let odd = check(V3_5_0, "11f5153ffc436b03", Some("0159a9ae5654cdab"), SpanStatus::Error, None);
    assert_eq!(odd.payload.unwrap().attribute("k").unwrap().text(), r#"{"a":1}"#);
    assert_eq!(odd.exception.unwrap().kind.as_deref(), Some("ValueError"));
}

#[test]
fn a_tree_keeps_the_figures_and_drops_the_payload() {
    let span = span(V3, Keep::Tree, None).unwrap();
    assert!(span.payload.is_none());
    assert_eq!(span.span_type.as_str(), "CHAT_MODEL");
    assert!(span.token_usage.is_some());
}

#[test]
fn python_json_becomes_strict_json() {
    let check =
        |text: &str, strict: &str| assert_eq!(json(text).map(|json| json.text().to_owned()).as_deref(), Some(strict));
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
fn text_that_python_would_not_read_stays_text() {
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
        assert!(json(text).is_none(), "{text}");
    }
}

#[test]
fn depth_costs_no_stack() {
    let deep = format!("{}NaN{}", "[".repeat(200_000), "]".repeat(200_000));
    assert!(json(&deep).is_some());
    let text = format!(r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{"d":{deep}}}}}"#);
    assert!(span(&text, Keep::All, None).is_ok());
}

#[test]
fn foreign_attributes_tell_the_type_where_mlflow_does_not() {
    let check = |attributes: &str, column: Option<&str>, expected: &str| {
        let text =
            format!(r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{{attributes}}}}}"#);
        assert_eq!(span(&text, Keep::Tree, column).unwrap().span_type.as_str(), expected, "{attributes}");
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
fn a_damaged_file_gives_every_whole_span() {
    let whole = format!(r#"{{"spans": [{V3}, {V2}, {{"name": "no id"}}], "request": null}}"#);
    let file = trace_file(&whole, Keep::Tree);
    assert_eq!((file.spans.len(), file.damage.len(), file.is_cut), (2, 1, false));
    let nan = whole.replace("\"k_int\":\"1\"", "\"k_int\":NaN");
    assert_eq!(trace_file(&nan, Keep::Tree).spans.len(), 2);
    let tail = format!("{whole}\n<garbage>");
    let file = trace_file(&tail, Keep::Tree);
    assert_eq!((file.spans.len(), file.is_cut, file.has_tail), (2, false, true));
    let cut = &whole[..whole.len() / 2 + 200];
    let file = trace_file(cut, Keep::Tree);
    assert_eq!((file.spans.len(), file.is_cut), (1, true));
    for empty in ["", "{", "{}", "null", "[]"] {
        assert!(trace_file(empty, Keep::Tree).is_cut, "{empty}");
    }
}

#[test]
fn records_of_both_generations_are_read() {
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
fn archived_bytes_that_are_no_message_are_refused() {
    assert!(archived_spans(b"\xff\xff\xff", Keep::All).is_err());
    assert!(archived_spans(b"", Keep::All).unwrap().is_empty());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC*") {
            let _ = json(&text);
            let _ = span(&text, Keep::All, None);
            let _ = trace_file(&text, Keep::All);
            let _ = trace_info(&text);
            let _ = archived_spans(text.as_bytes(), Keep::All);
        }

        #[test]
        fn json_like_text_never_becomes_invalid_json(text in r#"([\[\]{},:" 0-9a-fuNI\\-]|NaN|Infinity|\\ud83e|"k":|null){0,40}"#) {
            if let Some(json) = json(&text) {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(json.text()).is_ok());
                prop_assert!(!json.text().contains('\n'));
            }
        }

        #[test]
        fn a_file_cut_anywhere_gives_what_is_whole(cut in 0_usize..1_600) {
            let whole = format!(r#"{{"spans": [{V3}, {V2}]}}"#);
            let cut = whole.floor_char_boundary(cut.min(whole.len()));
            let file = trace_file(&whole[..cut], Keep::All);
            prop_assert!(file.spans.len() <= 2);
            prop_assert!(file.is_cut || cut >= whole.len() - 1);
        }
    }
}
