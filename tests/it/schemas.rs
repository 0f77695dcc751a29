//! JSON output matches the schemas in `fixtures/json/` for every command and store.

use crate::harness::{Cli, Fixture, fixtures, items};
use jsonschema::Validator;
use serde_json::{Value, json};

const SCHEMAS: [&str; 19] = [
    "experiments",
    "traces",
    "trace-show",
    "trace-diff",
    "trace-diff-sets",
    "conversation",
    "span",
    "usage",
    "usage-groups",
    "stats",
    "tools",
    "prices",
    "spans",
    "exceptions",
    "sessions",
    "session",
    "check",
    "doctor",
    "error",
];

fn schema(name: &str) -> Value {
    let path = fixtures().join("json").join(format!("{name}.schema.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).unwrap()
}

#[track_caller]
fn assert_valid(validator: &Validator, document: &Value, what: &str) {
    let errors: Vec<String> = validator
        .iter_errors(document)
        .take(5)
        .map(|error| format!("{}: {error:.300}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {}", errors.join("\n"));
}

/// Commands on many traces, with the name of their schema.
const LISTS: [(&str, &str); 29] = [
    ("experiments --deleted", "experiments"),
    ("traces list --all --deleted", "traces"),
    ("traces list --name nothing", "traces"),
    ("spans --all --deleted", "spans"),
    ("spans --all --deleted --full", "spans"),
    ("usage --deleted", "usage-groups"),
    ("usage --name nothing", "usage-groups"),
    ("usage --by agent,provider -n 1 --explain", "usage-groups"),
    ("usage --by day --by experiment -n 1 --explain", "usage-groups"),
    ("usage --by tag:k --by metadata:mlflow.trace.user", "usage-groups"),
    ("stats --deleted --by name -n 2", "stats"),
    ("stats --by model,hour --deep", "stats"),
    ("stats --bucket 1d --by span", "stats"),
    ("stats --name nothing --by user", "stats"),
    ("tools --deleted", "tools"),
    ("tools --name nothing", "tools"),
    ("prices gemini-2.5-*", "prices"),
    ("exceptions --deleted", "exceptions"),
    ("exceptions --all --deleted", "exceptions"),
    ("exceptions --name nothing", "exceptions"),
    ("sessions --deleted", "sessions"),
    ("sessions --name nothing", "sessions"),
    ("session show chat-42", "session"),
    ("check --name nothing --min-traces 1", "check"),
    (
        "check --max-tokens 1 --max-cost total=1 --max-latency p95=1ms --no-exceptions --max-error-rate 0 --require-tool x --forbid-span x --min-feedback x=each=1 --max-llm-calls mean=0.5",
        "check",
    ),
    ("doctor --deleted", "doctor"),
    ("doctor --name nothing", "doctor"),
    ("trace diff --set --status=ok --set --status=error", "trace-diff-sets"),
    ("trace diff --set --deleted --set --name=nothing", "trace-diff-sets"),
];

#[test]
fn lists_of_every_store_match_their_schema() {
    for (words, name) in LISTS {
        let validator = validator(name);
        for fixture in Fixture::all() {
            assert_valid(&validator, &fixture.cli(words).json(), &format!("{} {words}", fixture.name));
        }
    }
}

#[test]
fn documents_of_every_framework_match_their_schema() {
    let (show, usage, conversation) = (validator("trace-show"), validator("usage"), validator("conversation"));
    let (groups, doctor) = (validator("usage-groups"), validator("doctor"));
    let mut conflicts = 0;
    for name in crate::frameworks::names() {
        let store = crate::frameworks::store(&name);
        let json = |words: &str| Cli::new(words).on(&store).json();
        assert_valid(&groups, &json("usage --deep --explain"), &name);
        assert_valid(&doctor, &json("doctor"), &name);
        for id in Cli::new("traces list --all -o ids").on(&store).ok().lines() {
            let document = json(&format!("usage {id} --explain"));
            conflicts += usize::from(!document["usage_conflict"].is_null());
            assert_valid(&usage, &document, &name);
            assert_valid(&show, &json(&format!("trace show {id}")), &name);
            assert_valid(&conversation, &json(&format!("trace show --conversation {id}")), &name);
        }
    }
    assert!(conflicts >= 3, "{conflicts} conflicts");
}

#[test]
fn traces_of_every_store_match_their_schema() {
    let (show, usage, span) = (validator("trace-show"), validator("usage"), validator("span"));
    let (conversation, diff) = (validator("conversation"), validator("trace-diff"));
    let mut spans = 0;
    for fixture in Fixture::all() {
        let mut has_span = false;
        let mut last = String::from("@last");
        for id in fixture.cli("traces list --all --deleted -o ids").ok().lines() {
            let what = format!("{} {id}", fixture.name);
            let document = fixture.cli("trace show").arg(id).json();
            assert_valid(&show, &document, &what);
            assert_valid(&usage, &fixture.cli("usage").arg(id).json(), &what);
            assert_valid(&conversation, &fixture.cli("trace show --conversation").arg(id).json(), &what);
            assert_valid(&conversation, &fixture.cli("trace show --conversation --full").arg(id).json(), &what);
            let words = if has_span { "trace diff" } else { "trace diff --only-changes" };
            assert_valid(&diff, &fixture.cli(words).arg(&last).arg(id).json(), &what);
            id.clone_into(&mut last);
            if let Some(last) = items(&document, "spans").last().filter(|_| !has_span) {
                has_span = true;
                let document =
                    fixture.cli("trace show").arg(id).arg("--span").arg(last["span_id"].as_str().unwrap()).json();
                assert_valid(&span, &document, &what);
                spans += 1;
            }
        }
    }
    assert!(spans >= 15, "at least one span per store: {spans}");
}

#[test]
fn trace_documents_match_their_schema() {
    let (list, show, usage) = (validator("traces"), validator("trace-show"), validator("usage"));
    for name in ["respan", "autogen", "3.18.0.search.json", "2.22.5.jsonl"] {
        let path = fixtures().join("documents").join(name);
        let cli = |words: &str| Cli::new(words).on(&path);
        assert_valid(&list, &cli("traces --all").json(), name);
        assert_valid(&validator("experiments"), &cli("experiments").json(), name);
        assert_valid(&show, &cli("trace show").json(), name);
        assert_valid(&usage, &cli("usage @last").json(), name);
        assert_valid(&validator("doctor"), &cli("doctor").json(), name);
    }
}

#[test]
fn errors_match_their_schema() {
    let validator = validator("error");
    for cli in [
        Cli::demo("trace show nope"),
        Cli::demo("trace show tr-"),
        Cli::demo("traces --bogus"),
        Cli::demo("traces --since x"),
        Cli::new("traces").on("/nowhere"),
        Cli::new("traces").on("http://127.0.0.1:1"),
        Cli::new("traces"),
    ] {
        let output = cli.clone().arg("--json").run();
        assert_valid(&validator, &json!({"error": output.error()}), &format!("{cli:?}"));
    }
}

#[test]
fn every_schema_has_a_file() {
    let mut files: Vec<String> = std::fs::read_dir(fixtures().join("json"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let mut expected = SCHEMAS.map(|name| format!("{name}.schema.json"));
    expected.sort();
    assert_eq!(files, expected);
}
