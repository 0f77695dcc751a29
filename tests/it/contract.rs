//! Compares the program's output for every store with what MLflow reads from it.

use crate::harness::{Cli, Fixture, copy_folder, items};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Differences from MLflow, collected so that a failing test reports all of them.
#[derive(Default)]
pub(crate) struct Differences(Vec<String>);

impl Differences {
    pub(crate) fn compare(&mut self, what: &str, ours: &Value, theirs: &Value) {
        if !is_same(ours, theirs) {
            self.0.push(format!("{what}: {ours}, but MLflow has {theirs}"));
        }
    }

    fn finish(self) {
        assert!(self.0.is_empty(), "{} differences:\n{}", self.0.len(), self.0.join("\n"));
    }
}

/// Whether two values are equal. MLflow's side may have the length in characters of a long text instead of the text.
fn is_same(ours: &Value, theirs: &Value) -> bool {
    match (ours, theirs) {
        (Value::String(text), Value::Object(long)) if long.contains_key("sha256") => {
            long["length"] == text.chars().count()
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| is_same(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        _ => ours == theirs,
    }
}

/// An RFC 3339 time in UTC as milliseconds since 1970.
fn millis(time: &Value) -> i64 {
    let text = time.as_str().unwrap();
    assert!(text.ends_with('Z'), "not in UTC: {text}");
    chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
}

fn by_id<'a>(list: &'a [Value], key: &str) -> BTreeMap<&'a str, &'a Value> {
    list.iter().map(|item| (item[key].as_str().unwrap(), item)).collect()
}

/// Runs a comparison for every fixture, two at a time.
fn for_every_store(compare: impl Fn(&Fixture, &Value, &mut Differences) + Sync) {
    let all = Fixture::all();
    assert!(all.len() >= 15, "too few stores: {}", all.len());
    for_each(&all, compare);
}

/// Runs a comparison for the given fixtures, two at a time.
pub(crate) fn for_each(all: &[Fixture], compare: impl Fn(&Fixture, &Value, &mut Differences) + Sync) {
    let work = &compare;
    let found: Vec<String> = std::thread::scope(|scope| {
        let part = |part: &[Fixture]| -> Vec<String> {
            let mut differences = Vec::new();
            for fixture in part {
                let mut found = Differences::default();
                work(fixture, &fixture.oracle(), &mut found);
                differences.extend(found.0.iter().map(|difference| format!("{}: {difference}", fixture.name)));
            }
            differences
        };
        let threads: Vec<_> = all.chunks(all.len().div_ceil(2)).map(|chunk| scope.spawn(move || part(chunk))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    Differences(found).finish();
}

/// The ids of all traces, including those of deleted experiments.
fn ids(oracle: &Value) -> Vec<&str> {
    items(oracle, "traces").iter().map(|trace| trace["trace_id"].as_str().unwrap()).collect()
}

#[test]
fn differences_are_found() {
    let fixture = Fixture::named("3.18.0-sqlite");
    let oracle = fixture.oracle();
    let theirs = items(&oracle, "traces").iter().find(|trace| trace["name"] == "chat").unwrap();
    let id = theirs["trace_id"].as_str().unwrap();
    let document = fixture.cli("trace show").arg(id).json();
    let found = |theirs: &Value| {
        let mut differences = Differences::default();
        compare_info(&fixture, id, &document["info"], theirs, &mut differences);
        compare_spans(id, items(&document, "spans"), items(theirs, "spans"), &mut differences);
        differences.0.len()
    };
    assert_eq!(found(theirs), 0);
    for path in
        ["/state", "/duration_ms", "/metadata/mlflow.user", "/token_usage/input_tokens", "/session", "/spans/0/span_id"]
    {
        let mut other = theirs.clone();
        *other.pointer_mut(path).unwrap() = json!("another");
        assert!(found(&other) > 0, "{path}");
    }
    let mut other = theirs.clone();
    other["spans"].as_array_mut().unwrap().pop();
    assert!(found(&other) > 0);
    assert!(is_same(&json!("äb"), &json!({"length": 2, "sha256": ""})));
    assert!(!is_same(&json!("äb"), &json!({"length": 3, "sha256": ""})));
}

#[test]
fn experiments_match_mlflow() {
    for_every_store(compare_experiments);
}

/// Compares the output of `experiments`.
pub(crate) fn compare_experiments(fixture: &Fixture, oracle: &Value, differences: &mut Differences) {
    let document = fixture.cli("experiments --deleted").json();
    let ours = by_id(items(&document, "experiments"), "experiment_id");
    let theirs = by_id(items(oracle, "experiments"), "experiment_id");
    differences.compare(
        "experiment ids",
        &json!(ours.keys().collect::<Vec<_>>()),
        &json!(theirs.keys().collect::<Vec<_>>()),
    );
    for (id, their) in theirs {
        let Some(our) = ours.get(id) else { continue };
        let errors =
            items(oracle, "traces").iter().filter(|trace| trace["experiment_id"] == id && trace["state"] == "ERROR");
        differences.compare(&format!("{id} errors"), &our["error_count"], &json!(errors.count()));
        for (key, name) in
            [("name", "name"), ("lifecycle_stage", "lifecycle_stage"), ("trace_count", "n_traces"), ("tags", "tags")]
        {
            differences.compare(&format!("{id} {name}"), &our[key], &their[name]);
        }
    }
    let active = fixture.cli("experiments").json();
    let expected =
        items(oracle, "experiments").iter().filter(|experiment| experiment["lifecycle_stage"] == "active").count();
    differences.compare("active experiments", &json!(items(&active, "experiments").len()), &json!(expected));
}

#[test]
fn trace_lists_match_mlflow() {
    for_every_store(compare_lists);
}

/// Compares the output of `traces list`.
pub(crate) fn compare_lists(fixture: &Fixture, oracle: &Value, differences: &mut Differences) {
    let document = fixture.cli("traces list --all --deleted").json();
    let traces = items(&document, "traces");
    differences.compare(
        "page",
        &document["page"],
        &json!({"returned": traces.len(), "matched": traces.len(), "complete": true}),
    );
    let ours = by_id(traces, "trace_id");
    let theirs = by_id(items(oracle, "traces"), "trace_id");
    differences.compare(
        "trace ids",
        &json!(ours.keys().collect::<Vec<_>>()),
        &json!(theirs.keys().collect::<Vec<_>>()),
    );
    for (id, their) in theirs {
        if let Some(our) = ours.get(id) {
            compare_info(fixture, id, our, their, differences);
            let source = if our["token_usage"].is_null() { Value::Null } else { json!("recorded") };
            differences.compare(&format!("{id} source of tokens"), &our["token_usage_source"], &source);
            differences.compare(&format!("{id} tokens"), &our["token_usage"], &our["recorded_token_usage"]);
        }
    }
    let order: Vec<(i64, &str)> =
        traces.iter().map(|trace| (-millis(&trace["request_time"]), trace["trace_id"].as_str().unwrap())).collect();
    differences.compare("order", &json!(order.is_sorted()), &json!(true));
}

/// Compares the record of a trace.
fn compare_info(fixture: &Fixture, id: &str, ours: &Value, theirs: &Value, differences: &mut Differences) {
    let mut compare =
        |what: &str, ours: &Value, theirs: &Value| differences.compare(&format!("{id} {what}"), ours, theirs);
    compare("experiment", &ours["experiment_id"], &theirs["experiment_id"]);
    compare("name", &ours["name"], &theirs["name"]);
    compare("state", &ours["state"], &theirs["state"]);
    compare("start", &json!(millis(&ours["request_time"])), &theirs["request_time_ms"]);
    compare("duration", &ours["execution_duration_ms"], &theirs["duration_ms"]);
    compare("tags", &ours["tags"], &theirs["tags"]);
    compare("metadata", &ours["metadata"], &theirs["metadata"]);
    compare("session", &ours["session_id"], &theirs["session"]);
    compare("tokens", &ours["recorded_token_usage"], &theirs["token_usage"]);
    compare("assessments", &json!(items(ours, "assessments").len()), &theirs["n_assessments"]);
    // Older releases generate previews when they load a trace.
    if fixture.release() >= (3, 2) {
        compare("request preview", &ours["request_preview"], &theirs["request_preview"]);
        compare("response preview", &ours["response_preview"], &theirs["response_preview"]);
    }
}

#[test]
fn traces_and_spans_match_mlflow() {
    for_every_store(compare_traces);
}

/// Compares the output of `trace show` for each trace.
pub(crate) fn compare_traces(fixture: &Fixture, oracle: &Value, differences: &mut Differences) {
    for their in items(oracle, "traces") {
        let id = their["trace_id"].as_str().unwrap();
        let document = fixture.cli("trace show").arg(id).json();
        compare_info(fixture, id, &document["info"], their, differences);
        if let Some(spans) = their["spans"].as_array() {
            compare_spans(id, items(&document, "spans"), spans, differences);
            // MLflow also loads traces whose root was never stored, without reporting it.
            let others: Vec<&Value> =
                items(&document, "problems").iter().filter(|problem| problem["kind"] != "missing_parent").collect();
            differences.compare(&format!("{id} problems"), &json!(others), &json!([]));
        }
    }
}

fn compare_spans(trace: &str, ours: &[Value], theirs: &[Value], differences: &mut Differences) {
    let (ours_by_id, theirs_by_id) = (by_id(ours, "span_id"), by_id(theirs, "span_id"));
    differences.compare(
        &format!("{trace} span ids"),
        &json!(ours_by_id.keys().collect::<Vec<_>>()),
        &json!(theirs_by_id.keys().collect::<Vec<_>>()),
    );
    for (id, their) in theirs_by_id {
        let Some(our) = ours_by_id.get(id) else { continue };
        let mut compare = |what: &str, ours: &Value, theirs: &Value| {
            differences.compare(&format!("{trace} {id} {what}"), ours, theirs);
        };
        for key in ["name", "parent_id", "start_time_ns", "status", "status_message"] {
            compare(key, &our[key], &their[key]);
        }
        // OpenTelemetry writes 0 for a span that has not ended.
        let end = if their["end_time_ns"] == 0 { &Value::Null } else { &their["end_time_ns"] };
        compare("end", &our["end_time_ns"], end);
        if their["span_type"] != "UNKNOWN" {
            compare("type", &our["span_type"], &their["span_type"]);
        }
        if their["token_usage"].is_object() {
            compare("tokens", &our["token_usage"], &their["token_usage"]);
            compare("source of tokens", &our["token_usage_source"], &json!("recorded"));
        } else {
            compare("no recorded tokens", &json!(our["token_usage_source"] == "recorded"), &json!(false));
        }
        compare("events", &json!(items(our, "events").len()), &their["n_events"]);
        let last = items(their, "exceptions").last();
        compare("exception", &our["exception"]["type"], last.map_or(&Value::Null, |exception| &exception["type"]));
        compare(
            "exception message",
            &our["exception"]["message"],
            last.map_or(&Value::Null, |exception| &exception["message"]),
        );
    }
    // Parents first, children by start.
    let mut seen: Vec<&Value> = Vec::new();
    for span in ours {
        let parent = &span["parent_id"];
        let is_known =
            parent.is_null() || seen.contains(&parent) || !ours.iter().any(|other| &other["span_id"] == parent);
        differences.compare(&format!("{trace} parents come first"), &json!(is_known), &json!(true));
        seen.push(&span["span_id"]);
    }
}

#[test]
fn usage_matches_the_recorded_totals() {
    for_every_store(compare_usage);
}

/// Compares the output of `usage` for each trace.
pub(crate) fn compare_usage(fixture: &Fixture, oracle: &Value, differences: &mut Differences) {
    for their in items(oracle, "traces") {
        let id = their["trace_id"].as_str().unwrap();
        let document = fixture.cli("usage").arg(id).json();
        differences.compare(&format!("{id} recorded"), &document["recorded_token_usage"], &their["token_usage"]);
        if !their["token_usage"].is_null() {
            differences.compare(&format!("{id} total"), &document["token_usage"], &their["token_usage"]);
        }
        let carriers = their["spans"].as_array().into_iter().flatten();
        let carriers: Vec<&Value> =
            carriers.filter(|span| span["token_usage"].is_object()).map(|span| &span["span_id"]).collect();
        let calls = items(&document, "calls");
        let recorded: Vec<&Value> =
            calls.iter().filter(|call| call["token_usage_source"] == "recorded").map(|call| &call["span_id"]).collect();
        if their["spans"].is_array() {
            let (mut recorded, mut carriers) = (json!(recorded), json!(carriers));
            for list in [&mut recorded, &mut carriers] {
                list.as_array_mut().unwrap().sort_by_key(ToString::to_string);
            }
            differences.compare(&format!("{id} calls with tokens"), &recorded, &carriers);
        }
    }
}

/// Input, output and total tokens.
fn figures(usage: &Value) -> [i64; 3] {
    ["input_tokens", "output_tokens", "total_tokens"]
        .map(|key| usage[key].as_i64().unwrap_or_else(|| panic!("{key} in {usage}")))
}

fn usage_of(fixture: &Fixture, name: &str) -> Vec<Value> {
    let document = fixture.cli("traces list --all --name").arg(name).json();
    let ids = items(&document, "traces").iter().map(|trace| trace["trace_id"].as_str().unwrap().to_owned());
    ids.map(|id| fixture.cli("usage").arg(id).json()).collect()
}

#[test]
fn the_tool_agent_used_106_tokens() {
    let checked = Fixture::all().iter().filter(|fixture| check_tool_agent(fixture)).count();
    assert!(checked >= 14, "{checked} stores");
}

/// Checks the usage of the tool agent if MLflow recorded it, and returns whether it did.
pub(crate) fn check_tool_agent(fixture: &Fixture) -> bool {
    if fixture.release() < (3, 1) {
        return false;
    }
    let usages = usage_of(fixture, "run_tool_agent");
    let good =
        usages.iter().find(|usage| items(usage, "calls").len() == 2).unwrap_or_else(|| panic!("{}", fixture.name));
    assert_eq!(figures(&good["token_usage"]), [84, 22, 106], "{}", fixture.name);
    let calls: Vec<_> = items(good, "calls").iter().map(|call| figures(&call["token_usage"])).collect();
    assert_eq!(calls, [[45, 14, 59], [39, 8, 47]], "{}", fixture.name);
    assert!(items(good, "calls").iter().all(|call| call["kind"] == "llm" && call["agent"] == "run_tool_agent"));
    true
}

/// Whether a store has AutoGen and AG2 traces with tokens.
fn has_agents(fixture: &Fixture) -> bool {
    fixture.release() >= (3, 2) && !fixture.name.ends_with("archived")
}

#[test]
fn autogen_used_82_tokens_since_3_2() {
    let checked = Fixture::all().iter().filter(|fixture| check_autogen(fixture)).count();
    assert!(checked >= 12, "{checked} stores");
}

/// Checks the usage of the AutoGen agent if the store has it, and returns whether it does.
pub(crate) fn check_autogen(fixture: &Fixture) -> bool {
    if !has_agents(fixture) {
        return false;
    }
    let totals: Vec<_> =
        usage_of(fixture, "assistant.run").iter().map(|usage| figures(&usage["token_usage"])).collect();
    assert!(totals.contains(&[65, 17, 82]), "{}: {totals:?}", fixture.name);
    true
}

/// How much of a trace is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coverage {
    Complete,
    Partial,
    Missing,
}

#[test]
fn ag2_used_1798_tokens_since_3_2_and_missing_spans_are_reported() {
    let coverage: Vec<Coverage> = Fixture::all().iter().map(check_ag2).collect();
    let count = |expected| coverage.iter().filter(|coverage| **coverage == expected).count();
    assert!(count(Coverage::Complete) >= 10 && count(Coverage::Partial) >= 2, "{coverage:?}");
}

#[test]
fn tokens_are_derived_from_responses_of_older_releases() {
    let cases = [
        ("2.22.5", "initiate_chat", 6, 1798),
        ("3.1.4", "initiate_chat", 6, 1798),
        ("3.1.4", "run", 1, 82),
        ("2.22.5", "run_tool_agent", 2, 106),
    ];
    for (release, name, calls, total) in cases {
        for kind in ["sqlite", "file"] {
            let fixture = Fixture::named(&format!("{release}-{kind}"));
            let usages = usage_of(&fixture, name);
            let usage = usages.iter().find(|usage| usage["token_usage"]["total_tokens"] == total);
            let usage = usage.unwrap_or_else(|| panic!("{release}-{kind} {name}: {usages:?}"));
            let counted = items(usage, "calls").iter().filter(|call| call["counted"] == true);
            assert!(counted.clone().all(|call| call["token_usage_source"] == "derived"), "{usage}");
            assert_eq!(counted.count(), calls, "{release}-{kind} {name}");
            assert_eq!(usage["recorded_token_usage"], Value::Null);
            let text = fixture.cli("usage").arg(usage["trace_id"].as_str().unwrap()).ok();
            assert!(text.stderr.contains("MLflow recorded none"), "{text}");
        }
    }
}

/// Checks the usage of the AG2 chat. Stores written over HTTP have only some of its spans.
pub(crate) fn check_ag2(fixture: &Fixture) -> Coverage {
    if !has_agents(fixture) {
        return Coverage::Missing;
    }
    let usages = usage_of(fixture, "initiate_chat");
    let [usage] = usages.as_slice() else { panic!("{}: expected one chat", fixture.name) };
    assert_eq!(figures(&usage["token_usage"]), [1569, 229, 1798], "{}", fixture.name);
    let id = usage["trace_id"].as_str().unwrap();
    let text = fixture.cli("usage").arg(id).ok();
    let actual = (&usage["token_usage_source"], &usage["complete"]);
    if fixture.name.contains("http") {
        assert_eq!(actual, (&json!("recorded"), &json!(false)), "{}", fixture.name);
        assert!(text.stderr.contains("spans are missing"), "{}\n{text}", fixture.name);
        return Coverage::Partial;
    }
    assert_eq!(actual, (&json!("spans"), &json!(true)), "{}", fixture.name);
    let calls: Vec<_> = items(usage, "calls")
        .iter()
        .filter(|call| call["counted"] == true)
        .map(|call| figures(&call["token_usage"]))
        .collect();
    assert!(calls.len() == 6 && calls.contains(&[110, 61, 171]), "{}: {calls:?}", fixture.name);
    // The only note is about calculated costs, shown if MLflow recorded none.
    let notes = text.stderr.lines().filter(|note| !note.starts_with("note: costs with ~")).count();
    assert_eq!(notes, 0, "{}\n{text}", fixture.name);
    Coverage::Complete
}

#[test]
fn the_failed_agent_has_its_exception_in_every_store() {
    let all = Fixture::all();
    all.iter().for_each(check_failed_agent);
    assert!(all.len() >= 15);
}

/// Checks the exception of the failed agent.
pub(crate) fn check_failed_agent(fixture: &Fixture) {
    let document = fixture.cli("trace show @error --name run_tool_agent").json();
    let failed: Vec<_> = items(&document, "spans").iter().filter(|span| span["status"] == "ERROR").collect();
    assert!(failed.len() >= 2, "{}", fixture.name);
    for span in failed {
        assert_eq!(span["exception"]["type"], "ValueError", "{}", fixture.name);
        assert_eq!(span["exception"]["message"], "No weather station in Atlantis", "{}", fixture.name);
        assert!(span["exception"]["stacktrace"].as_str().unwrap().contains("Traceback"), "{}", fixture.name);
    }
}

/// All JSON output for a store and its traces.
fn json_output(store: impl Fn(&str) -> Cli, ids: &[&str]) -> String {
    let mut output = String::new();
    for words in ["experiments --deleted", "traces list --all --deleted", "spans --all --deleted --full"] {
        output += &store(words).arg("--json").ok().stdout;
    }
    for id in ids {
        output += &store("trace show").arg(id).arg("--json").ok().stdout;
    }
    output
}

#[test]
fn moved_stores_give_the_same_output() {
    for name in ["2.22.5-sqlite", "2.22.5-file", "3.5.1-file", "3.18.0-sqlite", "3.18.0-archived", "3.18.0-http-sqlite"]
    {
        let fixture = Fixture::named(name);
        let parent = tempfile::tempdir().unwrap();
        // Special characters of URIs.
        let folder = parent.path().join("päth with 100% of #these?");
        copy_folder(fixture.store.parent().unwrap(), &folder);
        let moved = folder.join(fixture.store.file_name().unwrap());
        let oracle = fixture.oracle();
        let ids = ids(&oracle);
        assert_eq!(
            json_output(|words| Cli::new(words).on(&moved), &ids),
            json_output(|words| fixture.cli(words), &ids),
            "{name}"
        );
    }
}

#[test]
fn stores_are_never_modified() {
    for fixture in Fixture::all() {
        let copy = fixture.copy();
        let state = || {
            let files = crate::harness::files_below(copy.path());
            files
                .iter()
                .map(|path| (path.clone(), path.metadata().unwrap().modified().unwrap(), std::fs::read(path).unwrap()))
                .collect::<Vec<_>>()
        };
        let before = state();
        for words in ["experiments", "traces list --all", "trace show", "usage", "spans --all --full --json"] {
            copy.cli(words).ok();
        }
        assert!(before == state(), "{} changed", fixture.name);
    }
}
