//! Filter flags: filtered lists are compared with the unfiltered list, filtered by the test.

use crate::harness::{Cli, Fixture, items, strings};
use serde_json::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A store with the unfiltered lists of its traces and spans.
struct UnfilteredStore {
    fixture: Fixture,
    traces: Vec<Value>,
    spans: BTreeMap<String, Vec<Value>>,
}

impl UnfilteredStore {
    fn new(name: &str) -> Self {
        let fixture = Fixture::named(name);
        let traces = items(&fixture.cli("traces list --all --deleted").json(), "traces").to_vec();
        let mut spans: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for span in items(&fixture.cli("spans --all --deleted").json(), "spans") {
            spans.entry(span["trace_id"].as_str().unwrap().to_owned()).or_default().push(span.clone());
        }
        Self { fixture, traces, spans }
    }

    fn is_active(trace: &Value) -> bool {
        trace["experiment_name"] != "Abandoned"
    }

    fn types(&self, trace: &Value) -> Vec<&str> {
        self.spans.get(trace["trace_id"].as_str().unwrap()).map_or_else(Vec::new, |spans| strings(spans, "span_type"))
    }

    /// The recorded name, or else that of the root span.
    fn name<'a>(&'a self, trace: &'a Value) -> &'a str {
        let spans = self.spans.get(text(trace, "trace_id")).into_iter().flatten();
        let root = spans.filter(|span| span["parent_id"].is_null()).map(|span| text(span, "name")).next();
        trace["name"].as_str().or(root).unwrap_or_default()
    }

    /// Asserts that the flags select the active traces for which `matches` returns true, and returns their number.
    fn check(&self, flags: &[&str], matches: impl Fn(&Value) -> bool) -> usize {
        let mut cli = self.fixture.cli("traces list --all");
        for flag in flags {
            cli = cli.arg(flag);
        }
        let document = cli.json();
        let actual = strings(items(&document, "traces"), "trace_id");
        let with_deleted = flags.contains(&"--deleted");
        let expected: Vec<&str> = self
            .traces
            .iter()
            .filter(|trace| (with_deleted || Self::is_active(trace)) && matches(trace))
            .map(|trace| trace["trace_id"].as_str().unwrap())
            .collect();
        assert_eq!(actual, expected, "{} {flags:?}", self.fixture.name);
        assert_eq!(document["page"]["matched"], expected.len(), "{} {flags:?}", self.fixture.name);
        expected.len()
    }
}

/// Stores of every kind and generation.
const STORES: [&str; 7] = [
    "2.22.5-sqlite",
    "2.22.5-file",
    "3.5.1-sqlite",
    "3.6.0-http-sqlite",
    "3.16.1-sqlite",
    "3.18.0-file",
    "3.18.0-sqlite",
];

fn text<'a>(trace: &'a Value, key: &str) -> &'a str {
    trace[key].as_str().unwrap_or_default()
}

#[test]
fn traces_are_filtered_by_state_name_tag_session_and_user() {
    for name in STORES {
        let store = UnfilteredStore::new(name);
        assert!(store.check(&[], |_| true) > 10);
        assert!(store.check(&["--deleted"], |_| true) > 10);
        assert!(store.check(&["--status", "error"], |trace| trace["state"] == "ERROR") >= 1);
        store.check(&["--status", "in_progress"], |trace| trace["state"] == "IN_PROGRESS");
        store.check(&["--status", "in-progress,error"], |trace| {
            trace["state"] == "IN_PROGRESS" || trace["state"] == "ERROR"
        });
        assert!(
            store.check(&["--status", "ok", "--status", "error"], |trace| trace["state"] == "OK"
                || trace["state"] == "ERROR")
                > 9
        );
        assert_eq!(store.check(&["--name", "run_tool_agent"], |trace| trace["name"] == "run_tool_agent"), 2);
        assert!(
            store.check(&["--name", "*o*a*"], |trace| {
                let name = store.name(trace);
                name.find('o').is_some_and(|at| name[at + 1..].contains('a'))
            }) >= 2
        );
        assert_eq!(store.check(&["--name", "????"], |trace| store.name(trace).chars().count() == 4), 2);
        assert_eq!(store.check(&["--name", "Chat"], |_| false), 0);
        assert_eq!(store.check(&["--name", "[rc]hat"], |_| false), 0);
        assert_eq!(store.check(&["--name", "%"], |_| false), 0);
        assert_eq!(store.check(&["--tag", "mood"], |trace| !trace["tags"]["mood"].is_null()), 1);
        assert_eq!(store.check(&["--tag", "mood=🎉 ünïcödé"], |trace| !trace["tags"]["mood"].is_null()), 1);
        assert_eq!(store.check(&["--tag", "mood=🎉"], |_| false), 0);
        assert_eq!(store.check(&["--tag", "empty="], |trace| trace["tags"]["empty"] == ""), 1);
        assert_eq!(
            store.check(&["--tag", "added later=yes", "--tag", "env=prod"], |trace| trace["tags"]["added later"]
                == "yes"),
            1
        );
        assert_eq!(store.check(&["--tag", "env=prod", "--tag", "env=dev"], |_| false), 0);
        assert_eq!(store.check(&["--session", "chat-42"], |trace| trace["session_id"] == "chat-42"), 2);
        assert_eq!(store.check(&["--session", "chat-4"], |_| false), 0);
        assert_eq!(store.check(&["--user", "ada"], |trace| trace["user_id"] == "ada"), 2);
        assert_eq!(store.check(&["--user", "dev"], |_| false), 0);
        assert_eq!(store.check(&["--run", "0123456789abcdef0123456789abcdef"], |_| false), 0);
    }
}

#[test]
fn traces_are_filtered_by_experiment() {
    for name in STORES {
        let store = UnfilteredStore::new(name);
        assert_eq!(store.check(&["-x", "OpenAI"], |trace| trace["experiment_name"] == "OpenAI"), 6);
        let id = store.traces.iter().find(|trace| trace["experiment_name"] == "Misc").unwrap()["experiment_id"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(store.check(&["-x", &id], |trace| trace["experiment_name"] == "Misc") >= 3);
        assert!(
            store.check(&["-x", &id, "--experiment", "OpenAI", "-x", "Misc"], |trace| ["Misc", "OpenAI"]
                .contains(&text(trace, "experiment_name")))
                >= 9
        );
        assert_eq!(store.check(&["-x", "Abandoned", "--deleted"], |trace| trace["experiment_name"] == "Abandoned"), 1);
        for (variable, value) in [("MLFLOW_EXPERIMENT_NAME", "Misc"), ("MLFLOW_EXPERIMENT_ID", &id)] {
            let document = store.fixture.cli("traces list --all").env(variable, value).json();
            assert!(
                items(&document, "traces").iter().all(|trace| trace["experiment_name"] == "Misc"),
                "{name} {variable}"
            );
            let document = store.fixture.cli("traces list --all -x OpenAI").env(variable, value).json();
            assert_eq!(items(&document, "traces").len(), 6, "{name} {variable}");
        }
    }
}

#[test]
fn traces_are_filtered_by_time_and_duration() {
    for name in STORES {
        let store = UnfilteredStore::new(name);
        let active: Vec<&Value> = store.traces.iter().filter(|trace| UnfilteredStore::is_active(trace)).collect();
        let middle = text(active[active.len() / 2], "request_time").to_owned();
        let since = store.check(&["--since", &middle], |trace| text(trace, "request_time") >= middle.as_str());
        let until = store.check(&["--until", &middle], |trace| text(trace, "request_time") < middle.as_str());
        assert_eq!(since + until, active.len());
        assert!(since > 0 && until > 0);
        assert_eq!(store.check(&["--since", "1d"], |_| true), active.len());
        assert_eq!(store.check(&["--until", "1d"], |_| false), 0);
        assert_eq!(store.check(&["--since", "10m"], |_| false), 0);
        assert_eq!(store.check(&["--since", "2026-11-20", "--until", "2026-11-21"], |_| true), active.len());
        let mut durations: Vec<i64> =
            active.iter().filter_map(|trace| trace["execution_duration_ms"].as_i64()).collect();
        durations.sort_unstable();
        let middle = durations[durations.len() / 2];
        let flag = format!("{middle}ms");
        let longer = |trace: &Value| trace["execution_duration_ms"].as_i64().is_some_and(|duration| duration >= middle);
        let shorter =
            |trace: &Value| trace["execution_duration_ms"].as_i64().is_some_and(|duration| duration <= middle);
        assert!(store.check(&["--min-duration", &flag], longer) > 0);
        assert!(store.check(&["--max-duration", &flag], shorter) > 0);
        store.check(&["--min-duration", &flag, "--max-duration", &flag], |trace| longer(trace) && shorter(trace));
        assert_eq!(store.check(&["--min-duration", "1h"], |_| false), 0);
        assert!(
            store.check(&["--min-duration", "0.05s", "--max-duration", "1m30s"], |trace| {
                trace["execution_duration_ms"].as_i64().is_some_and(|duration| duration >= 50)
            }) > 3
        );
    }
}

#[test]
fn traces_are_filtered_by_span_type() {
    for name in STORES {
        let store = UnfilteredStore::new(name);
        assert!(store.check(&["--type", "TOOL"], |trace| store.types(trace).contains(&"TOOL")) >= 2, "{name}");
        assert!(
            store.check(&["--llm"], |trace| store.types(trace).iter().any(|kind| ["LLM", "CHAT_MODEL"].contains(kind)))
                >= 6
        );
        store.check(&["--type", "TOOL,CHAIN", "--type", "AGENT"], |trace| {
            store.types(trace).iter().any(|kind| ["TOOL", "CHAIN", "AGENT"].contains(kind))
        });
        assert_eq!(store.check(&["--type", "tool"], |_| false), 0);
        store.check(&["--type", "TOOL", "--status", "error", "--name", "run_*"], |trace| {
            trace["state"] == "ERROR" && text(trace, "name").starts_with("run_") && store.types(trace).contains(&"TOOL")
        });
    }
}

#[test]
fn spans_are_filtered_by_type() {
    for name in STORES {
        let store = UnfilteredStore::new(name);
        let in_order: Vec<&Value> = store
            .traces
            .iter()
            .filter(|trace| UnfilteredStore::is_active(trace))
            .flat_map(|trace| store.spans.get(trace["trace_id"].as_str().unwrap()).into_iter().flatten())
            .collect();
        for (flags, types) in [
            ("--type TOOL", &["TOOL"][..]),
            ("--llm", &["LLM", "CHAT_MODEL"]),
            ("--type AGENT,TOOL", &["AGENT", "TOOL"]),
            ("--type NONE", &["NONE"]),
        ] {
            let document = store.fixture.cli(&format!("spans --all {flags}")).json();
            let expected: Vec<&&Value> =
                in_order.iter().filter(|span| types.contains(&span["span_type"].as_str().unwrap())).collect();
            assert_eq!(
                items(&document, "spans").iter().collect::<Vec<_>>(),
                expected.into_iter().copied().collect::<Vec<_>>(),
                "{name} {flags}"
            );
        }
    }
}

#[test]
fn traces_are_filtered_by_source_run_and_linked_run() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let ids = copy.cli("traces list --all -o ids").ok();
    let (created, linked) = (ids.lines()[0].to_owned(), ids.lines()[1].to_owned());
    let database = copy.database();
    database
        .execute(
            "insert into trace_request_metadata (request_id, key, value) values (?, 'mlflow.sourceRun', 'run-7')",
            [&created],
        )
        .unwrap();
    database.execute("insert into entity_associations (association_id, source_type, source_id, destination_type, destination_id, created_time) values ('a', 'trace', ?, 'run', 'run-7', 0)", [&linked]).unwrap();
    drop(database);
    let document = copy.cli("traces list --run run-7").json();
    assert_eq!(strings(items(&document, "traces"), "trace_id"), [created.as_str(), linked.as_str()]);
    assert_eq!(document["traces"][0]["run_id"], "run-7");
    assert!(document["traces"][1]["run_id"].is_null());
}

#[test]
fn dates_are_local_unless_utc() {
    // In this zone 2026-11-21 starts at 10:00 UTC on 2026-11-20, before the sample was recorded.
    let run_in_utc_14 = |words: &str| Cli::demo(words).env("TZ", "UTC-14").run();
    assert_eq!(items(&Cli::demo("traces --since 2026-11-21").json(), "traces").len(), 0);
    let all = items(&Cli::demo("traces --all").json(), "traces").len();
    assert_eq!(items(&run_in_utc_14("traces --all --since 2026-11-21 --json").json(), "traces").len(), all);
    assert_eq!(items(&run_in_utc_14("traces --all --since 2026-11-21 --utc --json").json(), "traces").len(), 0);
}

/// The order of two values of a sort key. Null is last in both directions.
fn order(a: &Value, b: &Value, is_descending: bool) -> Ordering {
    let order = match (a, b) {
        (Value::Null, Value::Null) => return Ordering::Equal,
        (Value::Null, _) => return Ordering::Greater,
        (_, Value::Null) => return Ordering::Less,
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()),
    };
    if is_descending { order.reverse() } else { order }
}

#[test]
fn traces_are_sorted_by_every_key_in_both_directions() {
    for name in ["2.22.5-sqlite", "3.6.0-http-sqlite", "3.16.1-sqlite", "3.18.0-file", "3.18.0-sqlite"] {
        let store = UnfilteredStore::new(name);
        let value = |key: &str, trace: &Value| match key {
            "time" => trace["request_time"].clone(),
            "duration" => trace["execution_duration_ms"].clone(),
            "tokens" => trace["recorded_token_usage"]["total_tokens"].clone(),
            "cost" => trace["cost"]["total_cost"].clone(),
            "name" => trace["name"].clone(),
            "request_id" => trace["trace_id"].clone(),
            "tags.env" => trace["tags"]["env"].clone(),
            "metadata.`mlflow.trace.user`" => trace["user_id"].clone(),
            "run_id" => trace["run_id"].clone(),
            _ => trace["state"].clone(),
        };
        let keys = ["time", "duration", "tokens", "cost", "name", "state"];
        for key in keys.into_iter().chain(["request_id", "tags.env", "metadata.`mlflow.trace.user`", "run_id"]) {
            for is_descending in [false, true] {
                let mut expected: Vec<&Value> = store.traces.iter().collect();
                expected.sort_by(|a, b| {
                    order(&value(key, a), &value(key, b), is_descending)
                        .then_with(|| text(a, "trace_id").cmp(text(b, "trace_id")))
                });
                let sort = format!("{}{key}", if is_descending { "-" } else { "" });
                let output = store.fixture.cli("traces list --all --deleted -o ids --sort").arg(&sort).ok();
                let expected: Vec<&str> = expected.iter().map(|trace| text(trace, "trace_id")).collect();
                assert_eq!(output.lines(), expected, "{name} {sort}");
                let first = store.fixture.cli("traces list -n 4 --deleted -o ids --sort").arg(&sort).ok();
                assert_eq!(first.lines(), expected[..4], "{name} {sort} -n 4");
                // The syntax of MLflow's `order_by`.
                let words =
                    format!("{} {}", key.replace("time", "timestamp_ms"), if is_descending { "DESC" } else { "asc" });
                let same = store.fixture.cli("traces list --all --deleted -o ids --sort").arg(&words).ok();
                assert_eq!(same.lines(), expected, "{name} {words}");
                if !keys.contains(&key) || key == "name" || name == "3.16.1-sqlite" {
                    continue;
                }
                // Spans are in the order of their traces.
                let spans = store.fixture.cli("spans --all --deleted --sort").arg(&sort).json();
                let mut traces = strings(items(&spans, "spans"), "trace_id");
                traces.dedup();
                let with_spans: Vec<&str> =
                    expected.iter().copied().filter(|id| store.spans.contains_key(*id)).collect();
                assert_eq!(traces, with_spans, "{name} spans {sort}");
            }
        }
    }
}

#[test]
fn limits_are_reported_in_the_page_and_in_a_note() {
    for name in ["3.18.0-sqlite", "3.18.0-file"] {
        let fixture = Fixture::named(name);
        let all = items(&fixture.cli("traces list --all").json(), "traces").len();
        for rows in [0, 1, 5, all - 1, all, all + 1] {
            let output = fixture.cli(&format!("traces list -n {rows} --json")).ok();
            let document = output.json();
            let is_cut = rows < all;
            assert_eq!(items(&document, "traces").len(), rows.min(all), "{name} {rows}");
            assert_eq!(document["page"]["returned"], rows.min(all));
            assert_eq!(document["page"]["complete"], !is_cut);
            assert_eq!(document["page"]["matched"], all);
            let has_note = output.stderr.contains(&format!("showing {rows} of {all} traces"));
            assert_eq!(has_note, is_cut, "{name} {rows}\n{output}");
            let quiet = fixture.cli(&format!("traces list -n {rows} -q")).ok();
            assert_eq!(quiet.stderr, "");
        }
        // `--all` and `-n` are mutually exclusive.
        assert_eq!(fixture.cli("traces list --all -n 3").run().exit, Some(2));
    }
}
