//! All commands show the same tokens, costs and calls for a trace.

use crate::harness::{Fixture, items};
use serde_json::{Value, json};

const TOKEN_KEYS: [&str; 3] = ["input_tokens", "output_tokens", "total_tokens"];

fn tokens(usage: &Value) -> [i64; 3] {
    TOKEN_KEYS.map(|key| usage[key].as_i64().unwrap_or(0))
}

fn sum<'a>(usages: impl Iterator<Item = &'a Value>) -> [i64; 3] {
    let mut sum = [0; 3];
    for usage in usages {
        sum.iter_mut().zip(tokens(usage)).for_each(|(sum, part)| *sum += part);
    }
    sum
}

fn ids(fixture: &Fixture) -> Vec<String> {
    let output = fixture.cli("traces list --all --deleted -o ids").ok();
    output.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn usage_rows_add_up_to_the_total_of_the_trace() {
    for fixture in Fixture::all() {
        for id in ids(&fixture) {
            let usage = fixture.cli("usage").arg(&id).json();
            let rows = sum(items(&usage, "calls").iter().map(|call| &call["token_usage"]));
            assert_eq!(rows, tokens(&usage["token_usage"]), "{} {id}", fixture.name);
            let cost = |value: &Value| value["total_cost"].as_f64().unwrap_or(0.0);
            let costs: f64 = items(&usage, "calls").iter().map(|call| cost(&call["cost"])).sum();
            assert!((costs - cost(&usage["cost"])).abs() < 1e-9, "{} {id}", fixture.name);
            let shown = fixture.cli("trace show").arg(&id).json();
            assert_eq!(usage["token_usage"], shown["info"]["token_usage"], "{} {id}", fixture.name);
            assert_eq!(usage["cost"], shown["info"]["cost"], "{} {id}", fixture.name);
        }
    }
}

#[test]
fn every_command_shows_the_same_total() {
    for fixture in Fixture::all() {
        let traces = ids(&fixture).into_iter().map(|id| fixture.cli("usage").arg(id).json()["token_usage"].clone());
        let traces: Vec<Value> = traces.collect();
        let expected = sum(traces.iter());
        for words in [
            "usage --deleted",
            "usage --deleted --by agent",
            "usage --deleted --by session",
            "stats --deleted",
            "stats --deleted --by model",
            "stats --deleted --by span",
            "stats --deleted --by name",
        ] {
            let document = fixture.cli(words).json();
            assert_eq!(tokens(&document["total"]["token_usage"]), expected, "{}: {words}", fixture.name);
            let groups = items(&document, "groups").iter().map(|group| &group["token_usage"]);
            let other = document.get("other").map(|other| &other["token_usage"]);
            assert_eq!(sum(groups.chain(other)), expected, "{}: groups of {words}", fixture.name);
        }
    }
}

/// The value that `check` counts for a trace with a rule.
fn check_value(fixture: &Fixture, id: &str, rule: &str) -> Option<u64> {
    let words = format!("check --json --{rule} 0 --deleted --filter");
    let document = fixture.cli(&words).arg(format!("request_id = '{id}'")).run();
    let document: Value = serde_json::from_str(&document.stdout).unwrap_or_default();
    let found = items(&document, "rules").iter().find(|found| found["rule"] == rule)?;
    found["value"].as_f64().map(|count| count as u64)
}

#[test]
fn every_command_counts_the_same_calls() {
    for fixture in Fixture::all().into_iter().filter(|fixture| fixture.release() >= (3, 2)) {
        for id in ids(&fixture) {
            let what = format!("{} {id}", fixture.name);
            let usage = fixture.cli("usage").arg(&id).json();
            let llm = items(&usage, "calls").iter().filter(|call| call["kind"] == "llm").count() as u64;
            let conversation = fixture.cli("trace show --conversation").arg(&id).json();
            let steps = items(&conversation, "conversation");
            let calls = |step: &&Value| ["LLM", "CHAT_MODEL"].iter().any(|kind| step["span_type"] == *kind);
            assert_eq!(steps.iter().filter(calls).count() as u64, llm, "{what}: conversation");
            assert_eq!(check_value(&fixture, &id, "max-llm-calls"), Some(llm), "{what}: check");
            let tools = fixture.cli("tools --all --deleted --filter").arg(format!("request_id = '{id}'")).json();
            let tool_calls: u64 = items(&tools, "tools").iter().map(|tool| tool["calls"].as_u64().unwrap()).sum();
            assert_eq!(check_value(&fixture, &id, "max-tool-calls"), Some(tool_calls), "{what}: check of tools");
            let delta = fixture.cli("trace diff").arg(&id).arg(&id).json()["delta"].clone();
            let both = |calls: u64| json!({"a": calls, "b": calls});
            assert_eq!(delta["llm_calls"], both(llm), "{what}: diff");
            assert_eq!(delta["tool_calls"], both(tool_calls), "{what}: diff of tools");
            let messages = steps.iter().flat_map(|step| [&step["received"], &step["sent"]]);
            let requested = messages
                .flat_map(|messages| messages.as_array().unwrap())
                .flat_map(|message| message["content"].as_array().unwrap())
                .filter(|part| part["type"] == "tool_call")
                .count() as u64;
            let ran = steps.iter().filter(|step| step["kind"] == "tool").count() as u64;
            assert!(
                requested.max(ran) <= tool_calls && tool_calls <= requested + ran,
                "{what}: {requested} asked, {ran} ran"
            );
        }
    }
}
