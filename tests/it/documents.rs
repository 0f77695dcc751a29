//! Trace documents as a store: OTLP and MLflow's `trace.json` in files, in folders and on standard input.

use crate::harness::{Cli, Fixture, RunOutput, fixtures, items};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn document(name: &str) -> PathBuf {
    fixtures().join("documents").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(document(name)).unwrap()
}

fn on(name: &str, words: &str) -> Cli {
    Cli::new(words).on(document(name))
}

/// A temporary folder with the given files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn in_folder(folder: &Path, words: &str) -> Cli {
    Cli::new(words).on(folder)
}

/// All traces and spans as JSON, without the experiment, which is named after the file.
fn list_traces_and_spans(cli: impl Fn(&str) -> RunOutput) -> Value {
    let mut list = cli("traces --all --json").json();
    for trace in list["traces"].as_array_mut().unwrap() {
        trace["experiment_id"] = Value::Null;
        trace["experiment_name"] = Value::Null;
    }
    json!([list, cli("spans --all --full --json").json()])
}

#[test]
fn folders_of_requests_have_users_sessions_and_tokens() {
    insta::assert_snapshot!(on("respan", "traces list --width 130").ok(), @"
    trace        age  state  name                     duration  spans  tokens  session       request
    tr-1333bb6f  8 h  OK     agent.capacity_planner…    119 ms      4     290  -             Estimate p95 latency for tracing-api at …
    tr-29eb386e  8 h  OK     agent.assistant.on_mes…     72 ms      2     110  conv_abc_123  Say 'Hello World!'
    tr-818ffe91  8 h  OK     agent.assistant.on_mes…    163 ms      2      69  conv_abc_123  In one sentence, explain why tracing hel…
    ");
    insta::assert_snapshot!(on("respan", "trace show tr-818f").ok(), @"
    agent.assistant.on_messages_stream  OK  163 ms  69 tokens (39 in · 30 out, derived)  ~$0.0000239  tr-818ffe91  2026-11-20 15:47:05 UTC
    experiment respan · session conv_abc_123 · user user_456 · model gpt-4o-mini-2024-07-18
    tags service.name=respan · metadata _tracing_sdk_version=2.24.0 · plan=pro

    agent.assistant.on_messages_stream  AGENT  ██████████████████████████████  163 ms
    └─ llm.gpt-4o-mini-2024-07-18       LLM    ███████████████████████████     145 ms  39 → 30  gpt-4o-mini-2024-07-18
    ");
    insta::assert_snapshot!(on("respan", "usage tr-1333").ok(), @"
    tr-1333bb6f  agent.capacity_planner.on_messages_stream
    call                        agent             type  model                   input  output  total         cost  source
    llm.gpt-4o-mini-2024-07-18  capacity_planner  LLM   gpt-4o-mini-2024-07-18    155      18    173  ~$0.0000341  derived
    llm.gpt-4o-mini-2024-07-18  capacity_planner  LLM   gpt-4o-mini-2024-07-18    100      17    117  ~$0.0000252  derived
    total                                                                         255      35    290  ~$0.0000593  -
    --- stderr
    note: token counts of 2 calls were read from responses or other conventions; MLflow recorded none
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
    let trace = on("respan", "traces list --user user_456").json()["traces"][0].clone();
    assert_eq!((&trace["user_id"], &trace["session_id"]), (&json!("user_456"), &json!("conv_abc_123")));
    assert_eq!((&trace["metadata"]["plan"], &trace["tags"]), (&json!("pro"), &json!({"service.name": "respan"})));
    assert_eq!(trace["token_usage"], json!({"input_tokens": 39, "output_tokens": 30, "total_tokens": 69}));
}

#[test]
fn every_layout_of_requests_is_read_equally() {
    let names = ["propagate.001.body", "propagate.002.body", "tools.001.body", "tools.002.body"];
    let bodies = names.map(|name| read(&format!("respan/{name}")));
    let expected = list_traces_and_spans(|words| on("respan", words).ok());
    let check = |what: &str, bytes: &[u8]| {
        assert_eq!(
            list_traces_and_spans(|words| Cli::new(words).on("-").run_with_stdin(bytes)),
            expected,
            "{what} on standard input"
        );
        let folder = folder(&[("a.json", bytes)]);
        assert_eq!(
            list_traces_and_spans(|words| in_folder(&folder.path().join("a.json"), words).ok()),
            expected,
            "{what} in a file"
        );
        assert_eq!(list_traces_and_spans(|words| in_folder(folder.path(), words).ok()), expected, "{what} in a folder");
    };
    let lines = bodies.join(&b"\n"[..]);
    #[cfg(unix)]
    assert_eq!(
        list_traces_and_spans(|words| Cli::new(words).on("/dev/stdin").run_with_stdin(&lines)),
        expected,
        "a pipe"
    );
    check("JSON lines", &lines);
    check("Windows line endings", &[b"\xef\xbb\xbf", &bodies.join(&b"\r\n\r\n"[..])[..], b"\r\n"].concat());
    check("a list", &[b"[", &bodies.join(&b", "[..])[..], b"]"].concat());
    let values: Vec<Value> = bodies.iter().map(|body| serde_json::from_slice(body).unwrap()).collect();
    check("indented", &serde_json::to_vec_pretty(&values).unwrap());
    let snake = String::from_utf8(bodies.join(&b"\n"[..])).unwrap();
    let names = [
        ("resourceSpans", "resource_spans"),
        ("scopeSpans", "scope_spans"),
        ("traceId", "trace_id"),
        ("spanId", "span_id"),
        ("parentSpanId", "parent_span_id"),
        ("startTimeUnixNano", "start_time_unix_nano"),
        ("stringValue", "string_value"),
        ("intValue", "int_value"),
    ];
    let snake =
        names.iter().fold(snake, |text, (camel, snake)| text.replace(&format!("\"{camel}\""), &format!("\"{snake}\"")));
    check("snake case", snake.as_bytes());
    check("enum names", snake.replace("\"code\":1", "\"code\":\"STATUS_CODE_OK\"").as_bytes());
}

#[test]
fn protobuf_and_json_are_equal_and_duplicates_count_once() {
    let agent = |name: &str| list_traces_and_spans(|words| on(name, words).ok());
    assert_eq!(agent("autogen/agent.body"), agent("autogen/agent.otlp.json"));
    let (bytes, text) = (read("autogen/agent.body"), read("autogen/agent.otlp.json"));
    let both = folder(&[("a/1.body", &bytes), ("b/1.json", &text), ("c/notes.txt", b"resourceSpans")]);
    assert_eq!(list_traces_and_spans(|words| in_folder(both.path(), words).ok()), agent("autogen/agent.body"));
    assert_eq!(
        list_traces_and_spans(|words| Cli::new(words).on("-").run_with_stdin(&bytes)),
        agent("autogen/agent.body")
    );
    let verbose = in_folder(both.path(), "traces -v").ok();
    assert!(verbose.stderr.starts_with("note: 2 files read, 1 skipped (-v lists them)\n"), "{verbose}");
    let graph = on("autogen/graph.body", "traces --all").json();
    assert_eq!(items(&graph, "traces").len(), 22);
    let spans = on("autogen/graph.body", "spans --all").json();
    assert_eq!(items(&spans, "spans").len(), 71);
}

#[test]
fn traces_exported_by_mlflow_match_their_store() {
    for (release, documents) in [
        ("2.22.5", &["2.22.5.jsonl"][..]),
        ("3.1.4", &["3.1.4.jsonl"]),
        ("3.18.0", &["3.18.0.jsonl", "3.18.0.search.json", "3.18.0.trace.json"]),
    ] {
        let fixture = Fixture::named(&format!("{release}-sqlite"));
        for name in documents {
            let ids = on(name, "traces --all -o ids").ok();
            for id in ids.lines() {
                let mut actual = on(name, "trace show").arg(id).json();
                let mut expected = fixture.cli("trace show").arg(id).json();
                // Databases before 3.5 have no span count if spans are in files.
                if expected["info"]["span_count"].is_null() {
                    actual["info"]["span_count"] = Value::Null;
                }
                // Documents have no experiment names; 3.1 generates previews when it returns traces.
                for document in [&mut actual, &mut expected] {
                    document["spans_source"] = Value::Null;
                    document["info"]["experiment_name"] = Value::Null;
                    if release == "3.1.4" {
                        document["info"]["request_preview"] = Value::Null;
                        document["info"]["response_preview"] = Value::Null;
                    }
                }
                assert_eq!(actual, expected, "{name} {id}");
            }
        }
    }
}

#[test]
fn each_kind_of_damage_causes_one_warning() {
    let whole = String::from_utf8(read("respan/tools.001.body")).unwrap();
    let lines = format!(
        "{{\"resourceSpans\": [\n{whole}\n\n{}\n{{\"a\":1}}\n{{\"resourceMetrics\":[]}}\n",
        &whole[..whole.len() / 2]
    );
    let output = Cli::new("traces --json").on("-").run_with_stdin(lines.as_bytes());
    let spans = &output.json()["traces"][0]["span_count"];
    assert_eq!(
        (output.exit, spans, &output.json()["page"]["complete"]),
        (Some(0), &json!(3), &json!(false)),
        "{output}"
    );
    assert_eq!(output.stderr, "warning: 3 lines cannot be read, the first is 1: invalid or truncated JSON\n");

    let odd = whole.replacen("\"spanId\"", "\"spanIdea\"", 1).replacen("\"startTimeUnixNano\"", "\"start\"", 2);
    let output = Cli::new("traces --json").on("-").run_with_stdin(odd.as_bytes());
    assert!(output.stderr.starts_with("warning: 2 spans cannot be read: missing"), "{output}");

    let bytes = read("autogen/graph.body");
    let folder = folder(&[
        ("good.json", whole.as_bytes()),
        ("cut.body", &bytes[..bytes.len() / 2]),
        ("cut.json", &whole.as_bytes()[..99]),
    ]);
    let output = in_folder(folder.path(), "traces --json").ok();
    assert_eq!(items(&output.json(), "traces").len(), 1);
    assert_eq!(output.stderr.matches("warning: cannot read a trace document").count(), 2, "{output}");
}

#[test]
fn other_opentelemetry_signals_are_reported() {
    // A metric named `m` with an empty gauge, and a log record with a time, each inside a scope and a resource.
    const METRICS: &[u8] = b"\x0a\x09\x12\x07\x12\x05\x0a\x01m\x2a\x00";
    const LOGS: &[u8] = b"\x0a\x0d\x12\x0b\x12\x09\x09\x01\x02\x03\x04\x05\x06\x07\x08";
    let lines = br#"{"resourceMetrics":[]}
{"resourceMetrics":[{"resource":{},"scopeMetrics":[]}]}"#;
    let span = std::fs::read(fixtures().join("documents").join("3.18.0.jsonl")).unwrap();
    let files: [(&str, &[u8]); 5] = [
        ("m.pb", METRICS),
        ("l.pb", LOGS),
        ("m.jsonl", lines),
        ("l.json", br#"{"resourceLogs":[]}"#),
        ("traces.jsonl", &span),
    ];
    let folder = folder(&files);
    for (name, _) in &files[..4] {
        let output = Cli::new("traces").on(folder.path().join(name)).run();
        let what = if name.starts_with('m') { "metrics" } else { "logs" };
        assert_eq!(output.exit, Some(5), "{output}");
        assert!(output.stderr.contains(&format!("{name}` contains OpenTelemetry {what}, but no traces")), "{output}");
    }
    let output = Cli::new("traces -v").on(folder.path()).ok();
    assert!(output.stderr.contains("1 file read, 4 skipped"), "{output}");
    assert!(output.stderr.contains("m.pb`: OpenTelemetry metrics"), "{output}");
    assert!(!output.stderr.contains("warning:"), "{output}");
}

#[test]
fn invalid_documents_are_reported_by_path() {
    let folder = folder(&[("cut.json", b"{\"info\": "), ("other.json", b"{\"a\": 1}"), ("empty/x.txt", b"text")]);
    let run =
        |name: &str| in_folder(Path::new(name), "traces").cwd(folder.path()).run().with_placeholder(folder.path());
    insta::assert_snapshot!(run("cut.json"), @"
    --- stderr
    error: `[FOLDER]/cut.json` contains no traces
      caused by: invalid or truncated JSON
      hint: supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, and output of `mltrace trace show --json`
    --- exit 5
    ");
    insta::assert_snapshot!(run("other.json"), @"
    --- stderr
    error: `[FOLDER]/other.json` contains no traces
      caused by: neither OTLP nor an MLflow trace
      hint: supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, and output of `mltrace trace show --json`
    --- exit 5
    ");
    insta::assert_snapshot!(run("empty"), @"
    --- stderr
    error: no MLflow store in `empty`
      caused by: it contains no `mlflow.db`, no experiment folders with a `meta.yaml`, and no trace files
      hint: expected an `mlflow.db`, an `mlruns` folder, MLflow's `trace.json`, or OTLP as JSON, JSON Lines or protobuf
    --- exit 5
    ");
    insta::assert_snapshot!(Cli::new("traces").on("-").run(), @"
    --- stderr
    error: standard input is empty
      hint: supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, and output of `mltrace trace show --json`
    --- exit 5
    ");
    insta::assert_snapshot!(Cli::new("traces").on("-").run_with_stdin(b"\x0a\xff\xff"), @"
    --- stderr
    error: standard input contains no traces
      caused by: neither JSON nor binary OTLP
      hint: supported formats: OTLP (JSON, JSON lines, protobuf), MLflow's trace.json, and output of `mltrace trace show --json`
    --- exit 5
    ");
}

#[test]
fn runtime_messages_are_folded_except_in_json() {
    let run = |words: &str| on("autogen", words).ok();
    insta::assert_snapshot!(run("traces list --all --width 100"), @"
    trace        age  state  name                                                        duration  spans
    tr-4f55440f  8 h  OK     3 AutoGen runtime messages, one trace each                         -      3
    tr-82edac22  8 h  OK     autogen publish group_topic_11ed0bfa-78f3-4385-bfaf-fde45…      0 ms      6
    tr-7f9297a4  8 h  OK     autogen publish output_topic_11ed0bfa-78f3-4385-bfaf-fde4…      1 ms      2
    tr-84ed3beb  8 h  OK     autogen publish output_topic_11ed0bfa-78f3-4385-bfaf-fde4…      0 ms      2
    tr-930ee97a  8 h  OK     autogen publish group_topic_11ed0bfa-78f3-4385-bfaf-fde45…      1 ms      6
    tr-ac3c802b  8 h  OK     autogen publish final_reviewer_11ed0bfa-78f3-4385-bfaf-fd…     53 ms      5
    tr-322a0d08  8 h  OK     autogen publish output_topic_11ed0bfa-78f3-4385-bfaf-fde4…      1 ms      2
    tr-335e9dcb  8 h  OK     autogen publish group_topic_11ed0bfa-78f3-4385-bfaf-fde45…     47 ms      5
    tr-c739d639  8 h  OK     autogen publish editor2_11ed0bfa-78f3-4385-bfaf-fde456766…     22 ms      5
    tr-ce147112  8 h  OK     autogen publish editor1_11ed0bfa-78f3-4385-bfaf-fde456766…     76 ms      5
    tr-31131066  8 h  OK     autogen publish group_topic_11ed0bfa-78f3-4385-bfaf-fde45…      8 ms      7
    tr-87148935  8 h  OK     autogen publish output_topic_11ed0bfa-78f3-4385-bfaf-fde4…      0 ms      2
    tr-2f644379  8 h  OK     autogen publish writer_11ed0bfa-78f3-4385-bfaf-fde456766a…     68 ms      5
    tr-613d9489  8 h  OK     autogen publish group_topic_11ed0bfa-78f3-4385-bfaf-fde45…     29 ms      5
    tr-eb5c6256  8 h  OK     autogen send GraphManager_11ed0bfa-78f3-4385-bfaf-fde4567…      2 ms      5
    tr-a4a7b298  8 h  OK     run_graph                                                     203 ms      2
    tr-e273e096  8 h  OK     create_agent writer                                             0 ms      1
    tr-e62e7ac7  8 h  OK     create_agent editor2                                            0 ms      1
    tr-ecc5f280  8 h  OK     create_agent editor1                                            0 ms      1
    tr-f4ec80ac  8 h  OK     create_agent final_reviewer                                     0 ms      1
    tr-a5347b59  8 h  OK     invoke_agent assistant                                        121 ms      2
    tr-f23481ae  8 h  OK     create_agent assistant                                          0 ms      1
    ");
    insta::assert_snapshot!(run("trace show tr-2f64 --width 80"), @"
    autogen publish writer_11ed0bfa-78f3-4385-bfaf-fde456766ae9.(11ed0bfa-78f3-4385…
    OK  68.2 ms  tr-2f644379  2026-11-20 15:47:20 UTC
    experiment autogen
    tags service.name=autogen-test-agentchat

    invoke_agent writer  AGENT  ██████████████████████████████  67.5 ms
    (4 AutoGen runtime messages folded; --full shows them)
    ");
    insta::assert_snapshot!(run("trace show tr-2f64 --width 80 --full"), @"
    autogen publish writer_11ed0bfa-78f3-4385-bfaf-fde456766ae9.(11ed0bfa-78f3-4385…
    OK  68.2 ms  tr-2f644379  2026-11-20 15:47:20 UTC
    experiment autogen
    tags service.name=autogen-test-agentchat

    autogen publish writer_11ed0bfa-78f3-4385-bfaf-fde4…         ██████████  68.2 ms
    └─ autogen process writer_11ed0bfa-78f3-4385-bfaf-f…         ██████████  67.7 ms
       └─ invoke_agent writer                             AGENT  ██████████  67.5 ms
          ├─ autogen create output_topic_11ed0bfa-78f3-…                  ▏   0.2 ms
          └─ autogen create group_topic_11ed0bfa-78f3-4…                  ▏   0.1 ms
    ");
    // Messages are not folded if the trace has no other spans.
    let messages = run("trace show tr-eb5c --width 100");
    assert_eq!(
        (messages.stdout.matches("autogen ").count(), messages.stdout.contains("folded")),
        (6, false),
        "{messages}"
    );
    for words in [
        "traces list --all --json",
        "traces list --all -o jsonl",
        "traces list --all -o csv",
        "traces list --all -o ids",
    ] {
        let stdout = run(words).stdout;
        let runtime =
            if words.ends_with("ids") { stdout.matches("tr-") } else { stdout.matches("autogen-test-agentchat") };
        let count = if words.ends_with("csv") { stdout.lines().count() - 1 } else { runtime.count() };
        assert_eq!(count, 24, "{words}\n{stdout}");
    }
    let document = on("autogen", "trace show tr-2f64").json();
    assert_eq!(items(&document, "spans").len(), 5);
    assert!(items(&document, "spans").iter().any(|span| span["name"].as_str().unwrap().starts_with("autogen process")));
}

/// Id and document of every trace of a store, as mltrace writes it.
fn whole_traces(cli: &dyn Fn(&str) -> Cli) -> Vec<(String, String)> {
    let ids = cli("traces list --all --deleted -o ids").ok();
    let show = |id: &str| (id.to_owned(), cli("trace show --json").arg(id).ok().stdout);
    ids.lines().iter().map(|id| show(id)).collect()
}

/// A document whose `spans_source` is `file`, the only part that may differ.
fn without_source(document: &str) -> String {
    let sources = ["database", "artifact", "archive"].map(|word| format!("\"spans_source\":\"{word}\""));
    sources.iter().fold(document.to_owned(), |text, source| text.replace(source, "\"spans_source\":\"file\""))
}

#[test]
fn own_output_is_read_back_without_loss() {
    let mut stores: Vec<PathBuf> = Fixture::all().into_iter().map(|fixture| fixture.store).collect();
    stores.extend([document("autogen"), document("respan"), PathBuf::from("demo:")]);
    for store in stores {
        let store = store.to_str().unwrap();
        let on_store = |words: &str| Cli::new(words).on(store);
        let traces = whole_traces(&on_store);
        let lines: String = traces.iter().map(|(_, document)| document.as_str()).collect();
        let folder = folder(&[("t.jsonl", lines.as_bytes())]);
        let file = folder.path().join("t.jsonl");
        let again = |words: &str| Cli::new(words).on(&file);
        for (id, document) in &traces {
            let own = again("trace show --json").arg(id).ok().stdout;
            assert_eq!(own, without_source(document), "{store} {id}");
        }
        let has_details = ["2.22.5-sqlite", "3.18.0-archived", "3.18.0-sqlite"].iter().any(|name| store.contains(name));
        for (id, _) in traces.iter().filter(|_| has_details) {
            for words in ["trace show --io=0", "trace show --conversation --full", "usage --explain", "usage --json"] {
                let (mut own, mut expected) = (again(words).arg(id).ok(), on_store(words).arg(id).ok());
                // Warnings about files name the store.
                for output in [&mut own, &mut expected] {
                    output.stderr = output.stderr.lines().filter(|line| !line.starts_with("warning")).collect();
                }
                assert_eq!(own.to_string(), expected.to_string(), "{store} {id} {words}");
            }
        }
        for words in [
            "traces list --all --json",
            "spans --all --full --json",
            "exceptions --all --json",
            "usage --by name --by model --json",
            "stats --by model --json",
            "tools --json",
            "sessions --json",
            "check --max-tokens 100 --max-cost total=1 --max-llm-calls 1 --no-exceptions --require-tool * --json",
        ] {
            let expected = on_store(words).arg("--deleted").run().stdout;
            // Suggested commands name the store.
            let own = again(words).run().stdout.replace(file.to_str().unwrap(), store);
            assert_eq!(own, expected, "{store} {words}");
        }
    }
}

#[test]
fn incomplete_traces_stay_incomplete() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let ids = copy.cli("traces list --type TOOL -o ids").ok().stdout;
    let id = ids.lines().next().unwrap();
    copy.sql(&format!("update spans set content = '{{\"cut' where trace_id = '{id}' and type = 'TOOL'"));
    let first = copy.cli("trace show --json").arg(id).ok();
    let again = Cli::new("trace show --json").arg(id).on("-").run_with_stdin(first.stdout.as_bytes());
    assert_eq!(again.stdout, without_source(&first.stdout));
    assert_eq!(
        (&first.json()["complete"], &first.json()["problems"][0]["kind"]),
        (&json!(false), &json!("damaged_span"))
    );
    assert!(again.stderr.contains("cannot read the content"), "{again}");

    // Filtered spans count as missing, even if the record has no span count.
    let part = Cli::demo("trace show @last --type TOOL --json").ok();
    let left_out = part.json()["spans_left_out"].as_u64().unwrap();
    assert!(left_out > 0);
    let counted = part.json()["info"]["span_count"].as_u64().unwrap();
    let uncounted = part.stdout.replace(&format!("\"span_count\":{counted}"), "\"span_count\":null");
    for text in [&part.stdout, &uncounted] {
        let again = Cli::new("trace show --json").on("-").run_with_stdin(text.as_bytes()).json();
        assert_eq!((&again["complete"], &again["info"]["span_count"]), (&json!(false), &json!(counted)));
    }
}

#[test]
fn folders_are_read_two_levels_deep_and_skipped_files_are_listed() {
    let trace = Cli::demo("trace show @last --json").ok().stdout;
    let other = Cli::demo("trace show @error --json").ok().stdout;
    let folder = folder(&[
        ("a.json", trace.as_bytes()),
        ("list.json", Cli::demo("traces list --json").ok().stdout.as_bytes()),
        ("notes.txt", other.as_bytes()),
        ("package.json", b"{\"name\": \"x\"}"),
        ("run/b.OTLP.JSON", &read("respan/tools.001.body")),
        ("run/deep/c.json", other.as_bytes()),
        (".hidden.json", other.as_bytes()),
        ("db/mlflow.db", b"SQLite format 3\0"),
        ("db/it's/0/meta.yaml", b""),
    ]);
    let path = folder.path();
    let list = || in_folder(path, "traces list -v -o ids").ok().with_placeholder(path);
    let output = list();
    assert_eq!(output.lines(), ["tr-e185605915a0be9f4268768de1713371", "tr-1333bb6fa910a86bf083e88a69e6662b"]);
    let notes = |output: &RunOutput| {
        let lines =
            output.stderr.lines().filter(|line| !line.starts_with("note: took") && !line.starts_with("note: store"));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(notes(&output), @r#"
    note: 2 files read, 3 skipped (-v lists them)
    note: skipped `[FOLDER]/notes.txt`: unknown extension
    note: skipped `[FOLDER]/run/deep`: deeper than two levels
    note: skipped `[FOLDER]/package.json`: no traces
    note: an MLflow store in the folder was not read; use `mltrace -u "[FOLDER]/db/it's" traces list` to open it
    note: an MLflow store in the folder was not read; use `mltrace -u [FOLDER]/db/mlflow.db traces list` to open it
    warning: cannot read a trace document: it holds a list of traces without their spans: `[FOLDER]/list.json`
    "#);

    #[cfg(unix)]
    {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("o.json"), &other).unwrap();
        std::os::unix::fs::symlink(outside.path(), path.join("linked")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("o.json"), path.join("linked.json")).unwrap();
        // Opening a named pipe would block forever.
        assert!(std::process::Command::new("mkfifo").arg(path.join("pipe.json")).status().unwrap().success());
        let more = list();
        assert_eq!(more.stdout, output.stdout);
        let added: Vec<&str> =
            more.stderr.lines().filter(|line| line.contains("link") || line.contains("pipe")).collect();
        insta::assert_snapshot!(added.join("\n"), @"
        note: skipped `[FOLDER]/linked`: a link
        note: skipped `[FOLDER]/linked.json`: a link
        note: skipped `[FOLDER]/pipe.json`: not a regular file
        ");
    }
}

#[test]
fn folders_of_stores_suggest_commands_to_open_them() {
    let folder = folder(&[
        ("a b/mlflow.db", b"SQLite format 3\0"),
        ("c/mlruns/1/meta.yaml", b""),
        ("d/mlflow.db", b"SQLite format 3\0"),
        ("e/mlflow.db", b"SQLite format 3\0"),
        ("f/mlflow.db", b"SQLite format 3\0"),
        ("x.txt", b"x"),
    ]);
    insta::assert_snapshot!(in_folder(Path::new("."), "traces").cwd(folder.path()).run().with_placeholder(folder.path()), @"
    --- stderr
    error: no MLflow store in `.`
      caused by: it contains no `mlflow.db`, no experiment folders with a `meta.yaml`, and no trace files
      hint: `mltrace -u '[FOLDER]/a b/mlflow.db' traces list` opens a store in a subfolder
      hint: `mltrace -u [FOLDER]/c/mlruns traces list` opens a store in a subfolder
      hint: `mltrace -u [FOLDER]/d/mlflow.db traces list` opens a store in a subfolder
      hint: and 2 more
    --- exit 5
    ");
}

#[test]
fn compressed_documents_are_read() {
    let pack = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, bytes).unwrap();
        packed.finish().unwrap()
    };
    let trace = Cli::demo("trace show @last --json").ok().stdout;
    let [own, bytes] = [pack(trace.as_bytes()), pack(&read("autogen/agent.body"))];
    let folder = folder(&[("a.json.gz", &own), ("b.pb.gz", &bytes)]);
    assert_eq!(Cli::new("trace show --json").on("-").run_with_stdin(&own).stdout, without_source(&trace));
    assert_eq!(in_folder(&folder.path().join("a.json.gz"), "trace show --json").ok().stdout, without_source(&trace));
    let (all, alone) = (in_folder(folder.path(), "traces -o ids").ok(), on("autogen/agent.body", "traces -o ids").ok());
    assert_eq!((all.lines().len(), all.stderr.as_str()), (alone.lines().len() + 1, ""), "{all}");
    std::fs::write(folder.path().join("a.json.gz"), &own[..own.len() / 2]).unwrap();
    let cut = in_folder(folder.path(), "traces -o ids").ok();
    assert!(cut.stderr.starts_with("warning: cannot read a trace document"), "{cut}");
    assert_eq!(in_folder(&folder.path().join("a.json.gz"), "traces").run().exit, Some(5));
}

#[test]
fn ids_are_read_from_standard_input() {
    let ids = Cli::demo("traces list -n 3 -o ids").ok();
    let expected = ids.lines().into_iter().fold(Cli::demo("usage"), Cli::arg).ok();
    assert_eq!(Cli::demo("usage -").run_with_stdin(ids.stdout.as_bytes()).to_string(), expected.to_string());
}
