//! Servers give the same output as their stores: the tests of `contract` on recordings of real servers, and limits on
//! the number of requests.

use crate::contract::{
    Coverage, Differences, check_ag2, check_autogen, check_failed_agent, check_tool_agent, compare_experiments,
    compare_lists, compare_traces, compare_usage, for_each,
};
use crate::harness::{Fixture, files_below, items, strings};
use crate::server::Server;
use serde_json::{Value, json};
use std::sync::Mutex;

/// The stores whose servers were recorded: 2.0 routes only, a file store, spans in files next to the database, spans in
/// the database, and the newest release.
const RECORDED: [&str; 5] = ["2.22.5-sqlite", "3.2.0-file", "3.5.1-sqlite", "3.6.0-http-sqlite", "3.18.0-http-sqlite"];

/// A store and a server that replays recorded responses for it.
struct RecordedStore {
    server: Server,
    /// The store as read from the server.
    remote: Fixture,
    /// The store as read from its files.
    local: Fixture,
}

impl RecordedStore {
    fn named(name: &str) -> Self {
        let (server, local) = (Server::replay(name), Fixture::named(name));
        let remote = Fixture { name: name.to_owned(), store: server.uri().into() };
        Self { server, remote, local }
    }

    /// Runs a check for each recorded server.
    fn each(check: impl Fn(&Self)) {
        for name in RECORDED {
            let served = Self::named(name);
            check(&served);
            served.finish();
        }
    }

    /// Asserts that all requests are in the recording made by `fixtures/record_http.py`.
    fn finish(&self) {
        assert_eq!(self.server.unknown(), [""; 0], "{}: the recording is outdated", self.local.name);
    }

    /// The number of requests of a command.
    fn count(&self, words: &str) -> usize {
        let before = self.server.requests().len();
        let (words, last) = words.split_once(" :: ").unwrap_or((words, "--json"));
        self.remote.cli(words).arg(last).run();
        self.server.requests().len() - before
    }
}

fn compare(compare: impl Fn(&Fixture, &Value, &mut Differences) + Sync) {
    let all = RECORDED.map(RecordedStore::named);
    let remote: Vec<Fixture> = all.iter().map(|served| served.remote.clone()).collect();
    for_each(&remote, compare);
    all.iter().for_each(RecordedStore::finish);
}

#[test]
fn experiments_match_mlflow() {
    compare(compare_experiments);
}

#[test]
fn trace_lists_match_mlflow() {
    compare(compare_lists);
}

#[test]
fn traces_and_spans_match_mlflow() {
    compare(compare_traces);
}

#[test]
fn usage_matches_the_recorded_totals() {
    compare(compare_usage);
}

#[test]
fn agents_match_their_stores() {
    RecordedStore::each(|served| {
        let name = served.local.name.as_str();
        assert_eq!(check_tool_agent(&served.remote), name != "2.22.5-sqlite", "{name}");
        assert_eq!(check_autogen(&served.remote), name != "2.22.5-sqlite", "{name}");
        assert_eq!(check_ag2(&served.remote), check_ag2(&served.local), "{name}");
        assert_eq!(check_ag2(&served.remote) == Coverage::Partial, name.contains("http"), "{name}");
        check_failed_agent(&served.remote);
    });
}

/// Filter flags, as in `fixtures/record_http.py`, with an optional last argument that contains spaces.
const SELECTIONS: [(&str, &str); 29] = [
    ("traces list", ""),
    ("traces list -n 2", ""),
    ("traces list --status error", ""),
    ("traces list --status ok,in_progress", ""),
    ("traces list --since 2026-11-20T17:40:00Z", ""),
    ("traces list --since 1h", ""),
    ("traces list --until 2026-11-20", ""),
    ("traces list --name run*", ""),
    ("traces list --all --name run_tool_agent", ""),
    ("traces list --all --name assistant.run", ""),
    ("traces list --session chat-42", ""),
    ("traces list --user ada", ""),
    ("traces list --tag env=prod", ""),
    ("traces list --tag", "mood=🎉 ünïcödé"),
    ("traces list --tag empty", ""),
    ("traces list --type CHAT_MODEL", ""),
    ("traces list --min-duration 200ms --max-duration 1s", ""),
    ("traces list --sort duration", ""),
    ("traces list --sort -tokens -n 3", ""),
    ("traces list -x OpenAI --status error", ""),
    ("traces list --min-tokens 90", ""),
    ("traces list --metadata mlflow.trace.user=ada", ""),
    ("traces list --model gpt-4o*", ""),
    ("traces list --grep", "No weather station"),
    ("traces list --filter", "status = 'OK' AND tags.env = 'prod'"),
    ("traces list --filter", "span.type = 'TOOL' AND span.status = 'ERROR'"),
    ("traces list --filter", "span.name LIKE 'get_%' AND trace.text LIKE '%Atlantis%'"),
    ("traces list --filter", "feedback.correct = 'true'"),
    ("traces list --filter", "name RLIKE '^run_[a-z]+_agent$'"),
];

#[test]
fn filters_select_the_same_traces_in_the_same_order() {
    RecordedStore::each(|served| {
        for (words, last) in SELECTIONS {
            let ids = |store: &Fixture| {
                let cli = store.cli(words);
                let document = if last.is_empty() { cli } else { cli.arg(last) }.json();
                let ids: Vec<String> =
                    strings(items(&document, "traces"), "trace_id").into_iter().map(str::to_owned).collect();
                let mut page = document["page"].clone();
                if page["complete"] == false {
                    // Only some stores count all matches.
                    page["matched"] = Value::Null;
                }
                (ids, page)
            };
            let (remote, mut local) = (ids(&served.remote), ids(&served.local));
            if served.local.release() == (3, 6) && words.contains("--name") {
                // Servers from 3.6 to 3.10 cannot search for traces without a name, so the page is incomplete.
                local.1 = json!({"returned": local.0.len(), "matched": null, "complete": false});
            }
            if served.local.release() == (3, 6)
                && ["--model", "--grep", "span."].iter().any(|part| words.contains(part) || last.contains(part))
            {
                // They also return no spans of incomplete traces, without reporting it.
                local.0.retain(|id| remote.0.contains(id));
                local.1 = remote.1.clone();
            }
            if served.local.release() == (3, 6) && last.contains("span.") {
                // They cannot apply span conditions to traces whose spans are in files.
                assert_eq!(remote.1["complete"], false, "{words} {last}");
            }
            assert_eq!(remote, local, "{} {words} {last}", served.local.name);
        }
    });
}

#[test]
fn shorthands_and_prefixes_select_the_same_trace() {
    RecordedStore::each(|served| {
        let newest = served.local.cli("trace show").json()["info"]["trace_id"].as_str().unwrap().to_owned();
        let names = ["@last", "@last~2", "@error", "@slow", &newest[..11], newest.trim_start_matches("tr-")];
        for name in names {
            let id = |store: &Fixture| store.cli("trace show").arg(name).json()["info"]["trace_id"].clone();
            assert_eq!(id(&served.remote), id(&served.local), "{} {name}", served.local.name);
        }
        for name in ["tr-ffffffffffffffffffffffffffffffff", "0000000000000000"] {
            let output = served.remote.cli("trace show --json").arg(name).run();
            assert_eq!(
                (output.exit, &output.error()["exit"]),
                (Some(3), &3.into()),
                "{} {name}\n{output}",
                served.local.name
            );
        }
    });
}

#[test]
fn spans_match_the_store_if_the_server_returns_them() {
    let missing = Mutex::new(Vec::new());
    RecordedStore::each(|served| {
        let oracle = served.local.oracle();
        for id in strings(items(&oracle, "traces"), "trace_id") {
            let spans = |store: &Fixture| {
                let mut document = store.cli("trace show").arg(id).json();
                let experiment = document["info"]["experiment_name"].as_str().unwrap().to_owned();
                let mut spans = document["spans"].take();
                // Servers of 3.6 add a span type to OpenTelemetry spans when they load them.
                for span in spans.as_array_mut().unwrap().iter_mut().filter(|_| experiment == "OTLP") {
                    span["attributes"].as_object_mut().unwrap().remove("mlflow.spanType");
                }
                (experiment, spans)
            };
            let conversation =
                |store: &Fixture| store.cli("trace show --conversation").arg(id).json()["conversation"].take();
            if conversation(&served.remote) != json!([]) {
                assert_eq!(conversation(&served.remote), conversation(&served.local), "{} {id}", served.local.name);
            }
            let (remote, local) = (spans(&served.remote), spans(&served.local));
            if remote != local && remote.1 == json!([]) {
                missing.lock().unwrap().push((served.local.name.clone(), remote.0));
            } else {
                assert_eq!(remote, local, "{} {id}", served.local.name);
            }
        }
    });
    // 3.5 looks for the spans of a killed process in a file; before 3.7, incomplete traces have no spans.
    let expected = [("3.5.1-sqlite", "Misc"), ("3.6.0-http-sqlite", "AG2")];
    let expected = expected.map(|(name, experiment)| (name.to_owned(), experiment.to_owned()));
    assert_eq!(missing.into_inner().unwrap(), expected);
}

#[test]
fn attachments_match_the_store() {
    let served = RecordedStore::named("3.18.0-http-sqlite");
    let spans = served.local.cli("spans --all --full").json();
    let has_attachment = |span: &&Value| span["inputs"].to_string().contains("mlflow-attachment:");
    let attached: Vec<&Value> = items(&spans, "spans").iter().filter(has_attachment).collect();
    assert_eq!(attached.len(), 1);
    let saved = |store: &Fixture| {
        let folder = tempfile::tempdir().unwrap();
        let cli = store.cli("trace show --span").arg(attached[0]["span_id"].as_str().unwrap());
        cli.arg(attached[0]["trace_id"].as_str().unwrap()).arg("--save-attachments").arg(folder.path()).json();
        let paths = files_below(folder.path()).into_iter();
        paths.map(|path| (path.file_name().unwrap().to_owned(), std::fs::read(path).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(saved(&served.remote), saved(&served.local));
    assert_eq!(saved(&served.remote).len(), 1);
    served.finish();
}

#[test]
fn metrics_match_the_store() {
    // The other servers do not return the spans of some traces.
    for name in ["2.22.5-sqlite", "3.2.0-file", "3.18.0-http-sqlite"] {
        let served = RecordedStore::named(name);
        for words in [
            "usage --by day --by experiment",
            "usage --by agent,span --explain",
            "stats",
            "stats --by name",
            "stats --by model --bucket 1h --utc",
            "stats --by user --deep",
            "tools",
            "check --max-tokens total=1 --max-latency p95=1ms --max-error-rate 0 --require-tool get_* --min-feedback correct=1",
            "check --max-llm-calls mean=1 --max-cost 1 --no-exceptions=all",
            "trace diff @last~1 @last",
            "trace diff --set --status=ok --set --status=error",
        ] {
            let (mut remote, mut local) = (served.remote.cli(words).json(), served.local.cli(words).json());
            if !words.contains("--deep") && !words.contains("model") {
                // Spans of a server are not read for this value alone.
                for document in [&mut remote, &mut local] {
                    remove_key(document, "time_to_first_token_ms");
                }
            }
            // Suggested commands name the store.
            for document in [&mut remote, &mut local] {
                remove_key(document, "next");
            }
            assert_eq!(remote, local, "{name}: {words}");
        }
        served.finish();
    }
}

#[test]
fn findings_match_the_store() {
    for name in ["2.22.5-sqlite", "3.2.0-file", "3.18.0-http-sqlite"] {
        let served = RecordedStore::named(name);
        let findings = |store: &Fixture| {
            let document = store.cli("doctor").json();
            let finding =
                |item: &Value| [&item["kind"], &item["count"], &item["trace_ids"]].map(Value::to_string).join(" ");
            // The fixtures were moved, but not for the recorded servers.
            let found =
                document["findings"].as_array().unwrap().iter().filter(|item| item["kind"] != "moved_artifacts");
            found.map(finding).collect::<Vec<_>>()
        };
        assert_eq!(findings(&served.remote), findings(&served.local), "{name}");
        served.finish();
    }
}

/// Removes a key from all objects.
fn remove_key(value: &mut Value, key: &str) {
    match value {
        Value::Object(members) => {
            members.remove(key);
            members.values_mut().for_each(|member| remove_key(member, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| remove_key(item, key)),
        _ => {}
    }
}

/// The maximum number of requests of a command for each recorded server. ID is the id of the newest trace, PREFIX its
/// first 11 characters. Commands that need spans make a request for each trace, of newer servers for several traces at once.
const MAX_REQUESTS: [(&str, [usize; 5]); 33] = [
    ("experiments", [3, 2, 2, 2, 2]),
    ("traces list", [3, 2, 2, 2, 2]),
    ("traces list -n 2", [3, 2, 2, 2, 2]),
    ("traces list --all --deleted", [3, 2, 2, 2, 2]),
    ("traces list --status error", [3, 2, 2, 2, 2]),
    ("traces list --name run*", [4, 3, 6, 4, 3]),
    ("traces list --type CHAT_MODEL", [15, 15, 18, 5, 8]),
    ("traces list --sort duration", [3, 2, 2, 2, 2]),
    ("traces list --filter :: status = 'OK' AND tags.env = 'prod'", [3, 2, 2, 2, 2]),
    ("traces list --filter :: span.type = 'TOOL' AND span.status = 'ERROR'", [16, 16, 19, 5, 7]),
    ("traces list --grep :: No weather station", [17, 17, 20, 7, 8]),
    ("trace show", [4, 3, 3, 3, 3]),
    ("trace show @error", [4, 3, 3, 3, 3]),
    ("trace show @slow", [4, 3, 3, 6, 3]),
    ("trace show ID", [4, 3, 3, 3, 3]),
    ("trace show PREFIX", [5, 4, 4, 3, 3]),
    ("trace show tr-ffffffffffffffffffffffffffffffff", [3, 2, 2, 2, 2]),
    ("usage ID", [4, 3, 3, 3, 3]),
    ("usage @last", [4, 3, 3, 3, 3]),
    ("usage", [14, 14, 17, 14, 9]),
    ("usage --by day --by experiment", [14, 14, 17, 14, 9]),
    ("stats", [15, 15, 18, 14, 10]),
    ("stats --by model --bucket 1h --utc", [14, 14, 17, 14, 9]),
    ("tools", [14, 14, 17, 14, 9]),
    ("check --max-llm-calls mean=1 --max-cost 1 --no-exceptions=all", [14, 14, 17, 14, 9]),
    ("trace diff @last~1 @last", [6, 5, 5, 5, 5]),
    ("doctor", [16, 16, 19, 16, 10]),
    ("spans --all", [14, 14, 17, 22, 16]),
    ("spans --llm -n 3", [13, 12, 12, 12, 12]),
    ("exceptions", [15, 15, 18, 15, 10]),
    ("sessions", [4, 3, 3, 3, 2]),
    ("session show chat-42", [3, 2, 2, 2, 2]),
    ("session show chat-42 --conversation", [7, 6, 6, 6, 6]),
];

#[test]
fn commands_stay_within_their_request_limits() {
    let mut wrong = Vec::new();
    for (at, name) in RECORDED.into_iter().enumerate() {
        let served = RecordedStore::named(name);
        let newest = served.local.cli("trace show").json()["info"]["trace_id"].as_str().unwrap().to_owned();
        for (words, limits) in MAX_REQUESTS {
            let count = served.count(&words.replace("ID", &newest).replace("PREFIX", &newest[..11]));
            if count > limits[at] || count == 0 {
                wrong.push(format!("{name}: {words}: {count} requests, expected at most {}", limits[at]));
            }
        }
        served.finish();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
