use crate::commands::tests::{CommandLine, items, strings};
use serde_json::{Value, json};

/// An OTLP request as Respan's SDK sends it.
const RESPAN: &[u8] = include_bytes!("../../../fixtures/documents/respan/tools.002.body");

/// An OTLP request of an AutoGen agent.
const AGENT: &[u8] = include_bytes!("../../../fixtures/documents/autogen/agent.otlp.json");

/// Id and document of every trace of the sample, as mltrace writes it.
fn whole_traces() -> Vec<(String, String)> {
    let ids = CommandLine::demo("traces list --all --deleted -o ids").ok();
    let show = |id: &str| (id.to_owned(), CommandLine::demo("trace show --json").arg(id).ok().stdout);
    ids.lines().iter().map(|id| show(id)).collect()
}

/// An OTLP request with these spans, whose attributes are plain JSON objects.
fn request(resource: &Value, spans: &[Value]) -> Vec<u8> {
    let attributes = |object: &Value| -> Vec<Value> {
        let value = |value: &Value| match value {
            Value::Number(number) => json!({"intValue": number.to_string()}),
            _ => json!({"stringValue": value}),
        };
        let members = object.as_object().unwrap().iter();
        members.map(|(key, member)| json!({"key": key, "value": value(member)})).collect()
    };
    let spans = spans.iter().map(|span| {
        let mut span = span.clone();
        span["attributes"] = attributes(&span["attributes"]).into();
        span["traceId"] = "000000000000000000000000000000aa".into();
        span
    });
    let scope = json!([{"spans": spans.collect::<Vec<_>>()}]);
    let resource = json!({"attributes": attributes(resource)});
    serde_json::to_vec(&json!({"resourceSpans": [{"scopeSpans": scope, "resource": resource}]})).unwrap()
}

#[test]
fn records_are_derived_as_by_the_mlflow_server() {
    let spans = [
        json!({"spanId": "0000000000000002", "parentSpanId": "0000000000000001", "name": "call", "startTimeUnixNano": "1795189635500000001",
            "endTimeUnixNano": "1795189637000999999", "status": {"code": 1},
            "attributes": {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": "4", "session.id": "s", "respan.environment": "prod"}}),
        json!({"spanId": "0000000000000003", "parentSpanId": "0000000000000002", "name": "part", "startTimeUnixNano": "1795189635600000000",
            "attributes": {"llm.token_count.total": 5, "user.id": "u", "gen_ai.conversation.id": "other"}}),
        json!({"spanId": "0000000000000001", "parentSpanId": "0000000000000000", "name": "root", "startTimeUnixNano": "1795189635400999999",
            "endTimeUnixNano": "1795189636000000000", "status": {"code": 2, "message": "no"},
            "attributes": {"mlflow.traceTag.team": "search", "mlflow.traceTag.mlflow.traceName": "named", "mlflow.spanType": "\"CHAIN\"",
                "mlflow.spanInputs": "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"tool\", \"content\": \"b\"}]}",
                "output.value": "x".repeat(1_001), "respan.metadata.plan": "pro"}}),
    ];
    let resource =
        json!({"service.name": "app", "team": "other", "telemetry.sdk.name": "x", "mlflow.trace.spansLocation": "y"});
    let body = request(&resource, &spans);
    let trace = CommandLine::document(&body, "traces --json").run().json()["traces"][0].clone();
    let is = |key: &str, value: Value| assert_eq!(trace[key], value, "{key}");
    is("trace_id", json!("tr-000000000000000000000000000000aa"));
    is("name", json!("named"));
    is("state", json!("ERROR"));
    is("request_time", json!("2026-11-20T15:47:15.400Z"));
    is("execution_duration_ms", json!(1_600));
    is("span_count", json!(3));
    // The tokens of the parent count.
    is("token_usage", json!({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}));
    is("session_id", json!("s"));
    is("user_id", json!("u"));
    is("request_preview", json!("a"));
    is("response_preview", json!(format!("\"{}...", "x".repeat(996))));
    is("tags", json!({"mlflow.traceName": "named", "service.name": "app", "team": "search"}));
    is(
        "metadata",
        json!({"environment": "prod", "mlflow.trace.session": "s", "mlflow.trace.user": "u", "plan": "pro"}),
    );
    let spans = CommandLine::document(&body, "spans --json").run().json();
    assert_eq!(strings(items(&spans, "spans"), "name"), ["root", "call", "part"]);
    assert_eq!((&spans["spans"][0]["parent_id"], &spans["spans"][0]["span_type"]), (&Value::Null, &json!("CHAIN")));
    assert_eq!(spans["spans"][2]["end_time_ns"], Value::Null);
}

#[test]
fn conflicting_records_are_reported_and_the_first_is_used() {
    let line = |state: &str, millis: u64| {
        let own = json!({
            "trace_id": "tr-00000000000000000000000000000001", "state": state, "execution_duration_ms": millis,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
            "request_time": "2026-11-20T17:50:49.894Z",
        });
        json!({"info": own, "data": {"spans": []}}).to_string()
    };
    let state_and_stderr = |lines: &[String]| {
        let output = CommandLine::document(lines.join("\n"), "traces list --json").ok();
        (output.json()["traces"][0]["state"].clone(), output.stderr)
    };
    let warning = "warning: tr-00000000000000000000000000000001 has two conflicting records; the first one is used\n";
    assert_eq!(state_and_stderr(&[line("OK", 5), line("ERROR", 7)]), (json!("OK"), warning.to_owned()));
    assert_eq!(state_and_stderr(&[line("OK", 5), line("OK", 5)]), (json!("OK"), String::new()));
    // A finished record takes precedence over one in progress.
    assert_eq!(state_and_stderr(&[line("IN_PROGRESS", 1), line("ERROR", 7)]), (json!("ERROR"), String::new()));
    assert_eq!(state_and_stderr(&[line("ERROR", 7), line("IN_PROGRESS", 1)]), (json!("ERROR"), String::new()));
}

#[test]
fn own_output_is_read_in_any_layout() {
    let traces = whole_traces();
    let all = |bytes: &[u8]| CommandLine::document(bytes, "spans --all --full --json").run();
    let lines: String = traces.iter().map(|(_, document)| document.as_str()).collect();
    let expected = all(lines.as_bytes()).json();
    assert_eq!(expected, CommandLine::demo("spans --all --full --deleted").json());
    let values: Vec<Value> = traces.iter().map(|(_, document)| serde_json::from_str(document).unwrap()).collect();
    let pretty: Vec<String> = values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
    for (what, text) in [("concatenated documents", pretty.concat()), ("a list", format!("[{}]", pretty.join(",")))] {
        let output = all(text.as_bytes());
        // `Value` sorts keys, as other programs may.
        assert_eq!((output.stderr.as_str(), output.json()), ("", expected.clone()), "{what}");
    }
    // A damaged document does not hide the others.
    let mixed = format!("{}\n{{\"schema\": \"mltrace/1\",\n\"traces\": []}}\n", pretty[..2].join("\n"));
    let output = CommandLine::document(mixed.as_bytes(), "traces list --json").run();
    assert_eq!(items(&output.json(), "traces").len(), 2);
    assert_eq!(output.stderr, "warning: document 3 cannot be read: it holds a list of traces without their spans\n");
}

#[test]
fn own_output_preserves_unusual_values() {
    let span = json!({
        "trace_id": "tr-x", "span_id": "odd id", "parent_id": "gone", "depth": 0, "name": "\u{202e}n", "span_type": "MINE",
        "status": "UNSET", "status_message": "", "start_time_ns": 1_795_000_000_000_000_001_i64, "end_time_ns": null,
        "attributes": {"n": "NaN", "s": "\"quoted\"", "d": "{}", "i": [1e308, -0.0], "z": null, "mlflow.spanOutputs": null},
        "events": [{"name": "e", "time_ns": 7, "attributes": {"a": "1"}}], "exception": null, "handled_failure": null,
        "links": [{"trace_id": "tr-y", "span_id": "s", "attributes": {"k": 1}}], "agent": "from another release",
    });
    let big = r#""big":340282366920938463463374607431768211455,"#;
    let record = json!({
        "trace_id": "tr-x", "experiment_id": "7", "experiment_name": "Named", "name": null, "state": "NEW_WORD",
        "request_time": "2026-11-20T17:50:49.894Z", "recorded_token_usage": {"input_tokens": 1, "reasoning": 2},
        "recorded_cost": {"input_cost": null, "total_cost": 0.1}, "cost": {"total_cost": 9.0, "source": "calculated"},
        "linked_runs": ["r1", "r2"], "linked_prompts": ["p/1"], "tags": {"k": ""}, "metadata": {},
        "assessments": [{"assessment_id": "a", "name": "n", "type": "issue", "value": {"x": "NaN"}, "valid": false}],
        "question": "derived",
    });
    let document = json!({"schema": "mltrace/1", "info": record, "spans": [span], "spans_source": "database",
        "problems": [{"kind": "cut_odd", "message": "m", "path": "p"}, {"kind": "missing_parent", "message": "derived again"}]});
    let text = document.to_string().replacen("{\"d\":", &format!("{{{big}\"d\":"), 1);
    let show = |text: &str| CommandLine::document(text.as_bytes(), "trace show --json").run();
    let again = show(&text);
    assert!(again.stdout.contains(big) && again.stdout.contains("\\u202en"), "{again}");
    let document = again.json();
    let is = |path: &str, value: Value| assert_eq!(document.pointer(path), Some(&value), "{path}");
    is("/info/name", Value::Null);
    is("/info/state", json!("NEW_WORD"));
    is("/info/experiment_name", json!("Named"));
    is("/info/span_count", Value::Null);
    is(
        "/info/recorded_token_usage",
        json!({"input_tokens": 1, "output_tokens": null, "total_tokens": null, "reasoning": 2}),
    );
    is("/info/cost/total_cost", json!(0.1));
    is("/info/recorded_cost/source", json!("recorded"));
    is("/info/linked_runs", json!(["r1", "r2"]));
    is("/info/linked_prompts", json!(["p/1"]));
    is("/info/assessments/0/valid", json!(false));
    is("/info/assessments/0/value", json!({"x": "NaN"}));
    is("/complete", json!(false));
    is("/problems/0", json!({"kind": "cut_odd", "message": "m", "path": "p"}));
    is("/problems/1/message", json!("the parent of 1 span is not stored"));
    assert_eq!(items(&document, "problems").len(), 2);
}

#[test]
fn own_output_without_whole_traces_is_rejected() {
    let holds = |words: &str| {
        let output = CommandLine::document(CommandLine::demo(words).run().stdout, "usage").run();
        assert_eq!(output.exit, 5, "{words}\n{output}");
        let what =
            output.stderr.lines().next().unwrap().strip_prefix("error: standard input contains ").map(str::to_owned);
        what.unwrap_or_else(|| panic!("{words}\n{output}"))
    };
    let holds = |words: &str| format!("{words}: {}", holds(words));
    insta::assert_snapshot!([
        "traces list --json", "traces list -n 3 -o jsonl", "spans --json", "spans --full --json", "spans -n 3 -o jsonl",
        "usage --json", "usage @last --json", "stats --json", "tools --json", "exceptions --json", "sessions --json",
        "session show chat-42 --json", "trace show @last --conversation --json", "trace show @last --span get_weather --json",
        "trace diff @last @error --json", "trace diff --set --status=ok --set --status=error --json",
        "check --max-tokens 1 --json", "doctor --json", "experiments --json", "prices --json",
    ].map(holds).join("\n"), @"
    traces list --json: a list of traces without their spans
    traces list -n 3 -o jsonl: a list of traces without their spans
    spans --json: a list of spans without their trace records
    spans --full --json: a list of spans without their trace records
    spans -n 3 -o jsonl: a list of spans without their trace records
    usage --json: statistics of groups of traces
    usage @last --json: the token usage of a trace without its spans
    stats --json: statistics of groups of traces
    tools --json: a list of tools
    exceptions --json: a list of exceptions
    sessions --json: a list of sessions
    session show chat-42 --json: a session without the spans of its traces
    trace show @last --conversation --json: a conversation without its spans
    trace show @last --span get_weather --json: one span without its trace
    trace diff @last @error --json: a comparison of traces
    trace diff --set --status=ok --set --status=error --json: a comparison of traces
    check --max-tokens 1 --json: the result of a check
    doctor --json: a diagnosis of a store
    experiments --json: a list of experiments
    prices --json: a list of prices
    ");
    let newer = CommandLine::demo("trace show --json").ok().stdout.replace("mltrace/1", "mltrace/2");
    insta::assert_snapshot!(CommandLine::document(newer.as_bytes(), "usage").run(), @"
    --- stderr
    error: standard input contains no traces
      caused by: unsupported schema `mltrace/2` (expected `mltrace/1`)
      hint: supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, and output of `mltrace trace show --json`
    --- exit 5
    ");
    insta::assert_snapshot!(CommandLine::document(CommandLine::demo("traces list --json").ok().stdout.as_bytes(), "usage").run(), @"
    --- stderr
    error: standard input contains a list of traces without their spans
      hint: use `mltrace trace show TRACE --json > t.json` to write a trace that can be read
    --- exit 5
    ");
}

#[test]
fn hostile_text_is_escaped() {
    let whole = String::from_utf8(RESPAN.to_vec()).unwrap();
    let evil = "\\u001b]0;owned\\u0007\\u009b31m\\u202e\\ud83e";
    let text = whole.replace("\"respan\"", &format!("\"{evil}\"")).replace("agent.capacity_planner", evil);
    for words in ["traces", "trace show --io", "usage @last", "experiments", "traces -o csv", "spans"] {
        let output = CommandLine::document(text.as_bytes(), words).run();
        assert_eq!(output.exit, 0, "{output}");
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(!shown.chars().any(|c| c != '\n' && c.is_control() || c == '\u{202e}'), "{words}: {shown:?}");
    }
    let json = CommandLine::document(text.as_bytes(), "traces --json").run().json();
    assert_eq!(json["traces"][0]["tags"]["service.name"], "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{fffd}");
}

#[test]
fn failed_runtime_messages_are_not_folded() {
    let text = String::from_utf8(AGENT.to_vec()).unwrap();
    let named = text.replace("execute_tool add", "autogen process x").replace("\"execute_tool\"", "\"x\"");
    let show = |text: &str| CommandLine::document(text.as_bytes(), "trace show tr-a534").run().stdout;
    assert!(show(&named).contains("1 AutoGen runtime message"), "{}", show(&named));
    let failed = named.replace("\"status\": {}", "\"status\": {\"code\": 2, \"message\": \"lost\"}");
    assert_ne!(failed, named);
    assert!(!show(&failed).contains("folded") && show(&failed).contains("lost"), "{}", show(&failed));
}

/// OTLP requests as Respan's SDK sends them. The spans of a trace are in two of them, its root in the second.
const REQUESTS: [&[u8]; 4] = [
    include_bytes!("../../../fixtures/documents/respan/propagate.001.body"),
    include_bytes!("../../../fixtures/documents/respan/propagate.002.body"),
    include_bytes!("../../../fixtures/documents/respan/tools.001.body"),
    RESPAN,
];

/// Traces that MLflow exported.
const EXPORTED: &[u8] = include_bytes!("../../../fixtures/documents/3.18.0.jsonl");

/// A command on all requests.
fn respan(words: &str) -> CommandLine {
    CommandLine::document(REQUESTS.join(&b'\n'), words)
}

#[test]
fn spans_of_several_requests_are_joined_in_any_order() {
    let alone = CommandLine::document(REQUESTS[2], "trace show").json();
    assert_eq!((&alone["info"]["state"], &alone["complete"]), (&json!("IN_PROGRESS"), &json!(false)));
    assert_eq!(alone["spans"].as_array().unwrap().len(), 3);
    let whole = respan("trace show tr-1333").json();
    assert_eq!((&whole["info"]["state"], &whole["complete"]), (&json!("OK"), &json!(true)));
    assert_eq!(whole["spans_source"], "file");
    let spans = items(&whole, "spans");
    assert_eq!(strings(spans, "span_type"), ["AGENT", "LLM", "TOOL", "LLM"]);
    assert!(spans[1..].iter().all(|span| span["parent_id"] == spans[0]["span_id"] && span["depth"] == 1));
    let roles: Vec<_> = items(&spans[3]["inputs"], "messages").iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["developer", "user", "assistant", "tool"]);
}

#[test]
fn filters_and_experiments_work_on_documents() {
    let count = |words: &str| items(&respan(words).json(), "traces").len();
    assert_eq!(count("traces --type TOOL"), 1);
    assert_eq!(count("traces --grep Hello.World"), 1);
    assert_eq!(count("traces --model gpt-4o*"), 3);
    assert_eq!(count("traces --name agent.assistant*"), 2);
    assert_eq!(count("traces --min-tokens 100"), 2);
    assert_eq!(count("traces --session conv_abc_123 --tag service.name=respan -x stdin"), 2);
    let newest = respan("traces -o ids").ok().stdout;
    let oldest = respan("traces --sort time -o ids").ok().stdout;
    assert_eq!(newest.lines().rev().collect::<Vec<_>>(), oldest.lines().collect::<Vec<_>>());
    let filter = respan("traces --filter").arg("span.type = 'TOOL' AND metadata.plan IS NULL").json();
    assert_eq!(items(&filter, "traces").len(), 1);
    let experiments = CommandLine::document(EXPORTED, "experiments").json();
    assert_eq!(strings(items(&experiments, "experiments"), "experiment_id"), ["2", "5"]);
    assert_eq!(items(&CommandLine::document(EXPORTED, "traces -x 5").json(), "traces").len(), 2);
}
