//! Trees of `trace show`: filters, missing roots, inputs and outputs, durations.

use crate::harness::{Fixture, items};
use mltrace::output::text;
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn missing_roots_are_derived_from_the_record_except_in_json() {
    let fixture = Fixture::named("3.18.0-http-sqlite");
    let ids = fixture.cli("traces list --all -o ids").ok();
    let mut derived = 0;
    for id in ids.lines() {
        let text = fixture.cli("trace show").arg(id).ok().stdout;
        let document = fixture.cli("trace show").arg(id).json();
        let roots = items(&document, "spans").iter().filter(|span| span["parent_id"].is_null()).count();
        let has_spans = !items(&document, "spans").is_empty();
        assert_eq!(text.contains("(from the trace record)"), has_spans && roots == 0, "{id}\n{text}");
        derived += usize::from(has_spans && roots == 0);
    }
    assert!(derived > 0, "the fixture has a trace without its root");
}

/// Collects the strings of a value that are longer than 20 characters.
fn long_strings<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) => found.extend((text.chars().count() > 20).then_some(text.as_str())),
        Value::Array(items) => items.iter().for_each(|item| long_strings(item, found)),
        Value::Object(members) => members.values().for_each(|member| long_strings(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without whitespace and tree guides.
fn without_layout(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '│' | '├' | '└' | '─')).collect()
}

#[test]
fn io_shows_all_text_of_inputs_and_outputs() {
    let mut count = 0;
    for fixture in Fixture::all() {
        for id in fixture.cli("traces list --all --deleted -o ids").ok().lines() {
            let document = fixture.cli("trace show").arg(id).json();
            let mut texts = BTreeSet::new();
            for span in items(&document, "spans") {
                long_strings(&span["inputs"], &mut texts);
                long_strings(&span["outputs"], &mut texts);
            }
            let texts: Vec<String> = texts.into_iter().map(|text| without_layout(&text::block(text))).collect();
            for flags in ["--io=0", "--io=0 --width 60"] {
                let shown = without_layout(&fixture.cli(&format!("trace show {flags}")).arg(id).ok().stdout);
                for text in &texts {
                    assert!(shown.contains(text), "{} {id} {flags}: {text}", fixture.name);
                }
            }
            count += texts.len();
        }
    }
    assert!(count > 500, "{count} texts");
}

#[test]
fn traces_without_spans_show_their_previews() {
    let fixture = Fixture::named("3.18.0-sqlite").copy();
    fixture.sql("delete from spans");
    std::fs::remove_dir_all(fixture.path().join("mlruns")).unwrap();
    insta::assert_snapshot!(fixture.cli("trace show @error").run().with_placeholder(fixture.path()), @r#"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out, recorded)  $0.0000152  partial 0/3 spans  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI

    (no spans: 3 recorded, none stored)
    in  {"question": "What's the weather like in Atlantis today?"}
    --- stderr
    warning: traces.json not found: `/srv/mltrace/3.18.0-sqlite/mlruns/5/traces/tr-419f926a13917b155df4228221e2858b/artifacts/traces.json`
    "#);
}
