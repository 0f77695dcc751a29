//! The same story from a server as from its files: `contract` over recordings of real servers, and how often they are asked.

use crate::contract::{
    Differences, Held, check_ag2, check_autogen, check_failed_agent, check_tool_agent, compare_experiments,
    compare_lists, compare_traces, compare_usage, for_each,
};
use crate::harness::{Fixture, files_below, items, strings};
use crate::server::Server;
use serde_json::{Value, json};
use std::sync::Mutex;

/// The stores whose servers were recorded: the 2.0 routes only, a file store, spans in files beside the database, spans in
/// the database, and the newest.
const RECORDED: [&str; 5] = ["2.22.5-sqlite", "3.2.0-file", "3.5.1-sqlite", "3.6.0-http-sqlite", "3.18.0-http-sqlite"];

/// A store behind a server that answers from a recording.
struct Served {
    server: Server,
    /// The store as the server tells it.
    told: Fixture,
    /// The store itself.
    files: Fixture,
}

impl Served {
    fn named(name: &str) -> Self {
        let (server, files) = (Server::replay(name), Fixture::named(name));
        let told = Fixture { name: name.to_owned(), store: server.uri().into() };
        Self { server, told, files }
    }

    /// Does something with each recorded server.
    fn each(check: impl Fn(&Self)) {
        for name in RECORDED {
            let served = Self::named(name);
            check(&served);
            served.finish();
        }
    }

    /// Nothing was asked that `fixtures/record_http.py` does not ask.
    fn finish(&self) {
        assert_eq!(self.server.unknown(), [""; 0], "{}: record this again", self.files.name);
    }

    /// How many requests a command makes.
    fn count(&self, words: &str) -> usize {
        let before = self.server.requests().len();
        let (words, last) = words.split_once(" :: ").unwrap_or((words, "--json"));
        self.told.cli(words).arg(last).run();
        self.server.requests().len() - before
    }
}

fn compare(compare: impl Fn(&Fixture, &Value, &mut Differences) + Sync) {
    let all = RECORDED.map(Served::named);
    let told: Vec<Fixture> = all.iter().map(|served| served.told.clone()).collect();
    for_each(&told, compare);
    all.iter().for_each(Served::finish);
}

#[test]
fn experiments_are_those_of_mlflow() {
    compare(compare_experiments);
}

#[test]
fn lists_of_traces_are_those_of_mlflow() {
    compare(compare_lists);
}

#[test]
fn traces_and_their_spans_are_those_of_mlflow() {
    compare(compare_traces);
}

#[test]
fn usage_adds_up_to_what_mlflow_recorded() {
    compare(compare_usage);
}

#[test]
fn agents_took_what_they_took_and_failed_as_they_failed() {
    Served::each(|served| {
        let name = served.files.name.as_str();
        assert_eq!(check_tool_agent(&served.told), name != "2.22.5-sqlite", "{name}");
        assert_eq!(check_autogen(&served.told), name != "2.22.5-sqlite", "{name}");
        assert_eq!(check_ag2(&served.told), check_ag2(&served.files), "{name}");
        assert_eq!(check_ag2(&served.told) == Held::Part, name.contains("http"), "{name}");
        check_failed_agent(&served.told);
    });
}

/// Flags that choose traces, as in `fixtures/record_http.py`; a word with spaces is the last one.
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
fn flags_choose_the_same_traces_in_the_same_order() {
    Served::each(|served| {
        for (words, last) in SELECTIONS {
            let ids = |store: &Fixture| {
                let cli = store.cli(words);
                let document = if last.is_empty() { cli } else { cli.arg(last) }.json();
                let ids: Vec<String> =
                    strings(items(&document, "traces"), "trace_id").into_iter().map(str::to_owned).collect();
                let mut page = document["page"].clone();
                if page["complete"] == false {
                    // How many there are in all is cheap to tell for some stores only.
                    page["matched"] = Value::Null;
                }
                (ids, page)
            };
            let (told, mut files) = (ids(&served.told), ids(&served.files));
            if served.files.release() == (3, 6) && words.contains("--name") {
                // From 3.6 to 3.10 a server cannot search for traces without a name, and the page says so.
                files.1 = json!({"returned": files.0.len(), "matched": null, "complete": false});
            }
            if served.files.release() == (3, 6)
                && ["--model", "--grep", "span."].iter().any(|part| words.contains(part) || last.contains(part))
            {
                // Nor does it give the spans of a trace that lacks some, or tell that any are lacking.
                files.0.retain(|id| told.0.contains(id));
                files.1 = told.1.clone();
            }
            if served.files.release() == (3, 6) && last.contains("span.") {
                // And where it decides about spans, it cannot search for traces that have theirs in files.
                assert_eq!(told.1["complete"], false, "{words} {last}");
            }
            assert_eq!(told, files, "{} {words} {last}", served.files.name);
        }
    });
}

#[test]
fn words_and_parts_of_ids_name_the_same_trace() {
    Served::each(|served| {
        let newest = served.files.cli("trace show").json()["info"]["trace_id"].as_str().unwrap().to_owned();
        let names = ["@last", "@last~2", "@error", "@slow", &newest[..11], newest.trim_start_matches("tr-")];
        for name in names {
            let id = |store: &Fixture| store.cli("trace show").arg(name).json()["info"]["trace_id"].clone();
            assert_eq!(id(&served.told), id(&served.files), "{} {name}", served.files.name);
        }
        for name in ["tr-ffffffffffffffffffffffffffffffff", "0000000000000000"] {
            let done = served.told.cli("trace show --json").arg(name).run();
            assert_eq!(
                (done.exit, &done.error()["exit"]),
                (Some(3), &3.into()),
                "{} {name}\n{done}",
                served.files.name
            );
        }
    });
}

#[test]
fn spans_are_whole_where_the_server_gives_them() {
    let withheld = Mutex::new(Vec::new());
    Served::each(|served| {
        let oracle = served.files.oracle();
        for id in strings(items(&oracle, "traces"), "trace_id") {
            let spans = |store: &Fixture| {
                let mut document = store.cli("trace show").arg(id).json();
                let experiment = document["info"]["experiment_name"].as_str().unwrap().to_owned();
                let mut spans = document["spans"].take();
                // Servers of 3.6 add the type to what OpenTelemetry sent while they load it.
                for span in spans.as_array_mut().unwrap().iter_mut().filter(|_| experiment == "OTLP") {
                    span["attributes"].as_object_mut().unwrap().remove("mlflow.spanType");
                }
                (experiment, spans)
            };
            let said = |store: &Fixture| store.cli("trace show --conversation").arg(id).json()["conversation"].take();
            if said(&served.told) != json!([]) {
                assert_eq!(said(&served.told), said(&served.files), "{} {id}", served.files.name);
            }
            let (told, files) = (spans(&served.told), spans(&served.files));
            if told != files && told.1 == json!([]) {
                withheld.lock().unwrap().push((served.files.name.clone(), told.0));
            } else {
                assert_eq!(told, files, "{} {id}", served.files.name);
            }
        }
    });
    // What a killed process left, which 3.5 looks for in a file; a trace of which spans are missing, before 3.7.
    let expected = [("3.5.1-sqlite", "Misc"), ("3.6.0-http-sqlite", "AG2")];
    let expected = expected.map(|(name, experiment)| (name.to_owned(), experiment.to_owned()));
    assert_eq!(withheld.into_inner().unwrap(), expected);
}

#[test]
fn attachments_are_the_bytes_that_the_files_hold() {
    let served = Served::named("3.18.0-http-sqlite");
    let spans = served.files.cli("spans --all --full").json();
    let carries = |span: &&Value| span["inputs"].to_string().contains("mlflow-attachment:");
    let with_files: Vec<&Value> = items(&spans, "spans").iter().filter(carries).collect();
    assert_eq!(with_files.len(), 1);
    let saved = |store: &Fixture| {
        let folder = tempfile::tempdir().unwrap();
        let cli = store.cli("trace show --span").arg(with_files[0]["span_id"].as_str().unwrap());
        cli.arg(with_files[0]["trace_id"].as_str().unwrap()).arg("--save-attachments").arg(folder.path()).json();
        let files = files_below(folder.path()).into_iter();
        files.map(|path| (path.file_name().unwrap().to_owned(), std::fs::read(path).unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(saved(&served.told), saved(&served.files));
    assert_eq!(saved(&served.told).len(), 1);
    served.finish();
}

#[test]
fn numbers_are_those_of_the_files() {
    // The others withhold the spans of some traces.
    for name in ["2.22.5-sqlite", "3.2.0-file", "3.18.0-http-sqlite"] {
        let served = Served::named(name);
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
            let (mut told, mut filed) = (served.told.cli(words).json(), served.files.cli(words).json());
            if !words.contains("--deep") && !words.contains("model") {
                // Spans of a server are not read for that alone.
                for document in [&mut told, &mut filed] {
                    forget(document, "time_to_first_token_ms");
                }
            }
            // Commands to run next name the store.
            for document in [&mut told, &mut filed] {
                forget(document, "next");
            }
            assert_eq!(told, filed, "{name}: {words}");
        }
        served.finish();
    }
}

#[test]
fn what_is_wrong_is_what_is_wrong_with_the_files() {
    for name in ["2.22.5-sqlite", "3.2.0-file", "3.18.0-http-sqlite"] {
        let served = Served::named(name);
        let findings = |store: &Fixture| {
            let document = store.cli("doctor").json();
            let finding =
                |one: &Value| [&one["kind"], &one["count"], &one["trace_ids"]].map(Value::to_string).join(" ");
            // The fixtures are not where they were written; a server's files are where it looks for them.
            let found = document["findings"].as_array().unwrap().iter().filter(|one| one["kind"] != "moved_artifacts");
            found.map(finding).collect::<Vec<_>>()
        };
        assert_eq!(findings(&served.told), findings(&served.files), "{name}");
        served.finish();
    }
}

/// Takes a key out of all objects.
fn forget(value: &mut Value, key: &str) {
    match value {
        Value::Object(members) => {
            members.remove(key);
            members.values_mut().for_each(|member| forget(member, key));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| forget(item, key)),
        _ => {}
    }
}

/// How many requests a command makes of each recorded server, at most; ID is the newest trace, PREFIX the beginning of its
/// id. A list of spans or calls asks for the spans of each trace.
const MOST_REQUESTS: [(&str, [usize; 5]); 33] = [
    ("experiments", [3, 2, 2, 2, 2]),
    ("traces list", [3, 2, 2, 2, 2]),
    ("traces list -n 2", [3, 2, 2, 2, 2]),
    ("traces list --all --deleted", [3, 2, 2, 2, 2]),
    ("traces list --status error", [3, 2, 2, 2, 2]),
    ("traces list --name run*", [4, 3, 6, 4, 3]),
    ("traces list --type CHAT_MODEL", [15, 15, 18, 5, 8]),
    ("traces list --sort duration", [3, 2, 2, 2, 2]),
    ("traces list --filter :: status = 'OK' AND tags.env = 'prod'", [3, 2, 2, 2, 2]),
    ("traces list --filter :: span.type = 'TOOL' AND span.status = 'ERROR'", [16, 16, 19, 6, 7]),
    ("traces list --grep :: No weather station", [17, 17, 20, 7, 8]),
    ("trace show", [4, 3, 3, 3, 3]),
    ("trace show @error", [4, 3, 3, 3, 3]),
    ("trace show @slow", [4, 3, 3, 6, 3]),
    ("trace show ID", [4, 3, 3, 3, 3]),
    ("trace show PREFIX", [5, 4, 4, 3, 3]),
    ("trace show tr-ffffffffffffffffffffffffffffffff", [3, 2, 2, 2, 2]),
    ("usage ID", [4, 3, 3, 3, 3]),
    ("usage @last", [4, 3, 3, 3, 3]),
    ("usage", [14, 14, 17, 22, 16]),
    ("usage --by day --by experiment", [14, 14, 17, 22, 16]),
    ("stats", [15, 15, 18, 23, 18]),
    ("stats --by model --bucket 1h --utc", [14, 14, 17, 22, 16]),
    ("tools", [14, 14, 17, 22, 16]),
    ("check --max-llm-calls mean=1 --max-cost 1 --no-exceptions=all", [14, 14, 17, 22, 16]),
    ("trace diff @last~1 @last", [6, 5, 5, 5, 5]),
    ("doctor", [16, 16, 19, 25, 18]),
    ("spans --all", [14, 14, 17, 22, 16]),
    ("spans --llm -n 3", [13, 12, 12, 12, 12]),
    ("exceptions", [15, 15, 18, 23, 17]),
    ("sessions", [4, 3, 3, 3, 2]),
    ("session show chat-42", [3, 2, 2, 2, 2]),
    ("session show chat-42 --conversation", [7, 6, 6, 6, 6]),
];

#[test]
fn servers_are_asked_no_more_than_they_have_to_be() {
    let mut wrong = Vec::new();
    for (at, name) in RECORDED.into_iter().enumerate() {
        let served = Served::named(name);
        let newest = served.files.cli("trace show").json()["info"]["trace_id"].as_str().unwrap().to_owned();
        for (words, most) in MOST_REQUESTS {
            let count = served.count(&words.replace("ID", &newest).replace("PREFIX", &newest[..11]));
            if count > most[at] || count == 0 {
                wrong.push(format!("{name}: {words}: {count} requests, not {}", most[at]));
            }
        }
        served.finish();
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
