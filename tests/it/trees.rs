//! Trees of `trace show`: filters, missing roots, inputs and outputs, durations.

use crate::harness::{Cli, Fixture, items};
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
fn assessments_and_metadata_are_shown_with_io() {
    insta::assert_snapshot!(Cli::demo("trace show @last --name answer --io=1").run(), @r#"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc
    correct  feedback by ada (HUMAN)
      value  true
      rationale  It is 42.
    relevance  feedback by gpt-4o-mini (LLM_JUDGE)
      value  0.87
    expected_answer  expectation by ada (HUMAN)
      value  42

    answer  UNKNOWN  ██████████████████████████████  0.4 ms
       in  {"question": "What is the answer?"}
       out 42

    tags
    added later  yes
    empty
    env  prod
    mlflow.artifactLocation  /srv/mltrace/3.18.0-sqlite/mlruns/2/traces/tr-a06f6f6fd078ef9985de4b4770297abc/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE
    mood  🎉 ünïcödé
    team/area  search

    metadata
    mlflow.source.name  /srv/mltrace/programs/misc.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  1427
    mlflow.trace.sizeStats  {"total_size_bytes": 1427, "num_spans": 1, "max": 591, "p25": 591, "p50": 591, "p75": 591}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    "#);
    let fixture = Fixture::named("3.18.0-sqlite").copy();
    let id = "(select trace_id from assessments limit 1)";
    fixture.sql(&format!(
        "insert into entity_associations (association_id, source_type, source_id, destination_type, destination_id)
         values ('a', 'trace', {id}, 'run', 'run-2'), ('b', 'trace', {id}, 'prompt_version', 'greeting/3');
         insert into trace_request_metadata (request_id, key, value)
         values ({id}, 'mlflow.modelId', 'm-1'), ({id}, 'shift', 'late'), ({id}, 'mlflow.sourceRun', 'run-1');
         update trace_info set client_request_id = 'order-7' where request_id = {id};
         update assessments set valid = 0, value = '{{\"answer\": [42, \"forty-two is what the question asked for, no more\"]}}'
         where assessment_type = 'expectation';"
    ));
    insta::assert_snapshot!(fixture.cli("trace show @last --name answer").run(), @"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc · runs run-1, run-2 · logged model m-1 · prompt greeting/3 · request order-7
    tags added later=yes · empty= · env=prod · mood=🎉 ünïcödé · team/area=search · metadata shift=late
    correct  true  feedback by ada (HUMAN): It is 42.
    relevance  0.87  feedback by gpt-4o-mini (LLM_JUDGE)

    answer  UNKNOWN  ██████████████████████████████  0.4 ms
    ");
    insta::assert_snapshot!(fixture.cli("trace show @last --name answer --io=1 --width 64").run(), @r#"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc · runs run-1, run-2 · logged model m-1
    prompt greeting/3 · request order-7
    correct  feedback by ada (HUMAN)
      value  true
      rationale  It is 42.
    relevance  feedback by gpt-4o-mini (LLM_JUDGE)
      value  0.87
    expected_answer  expectation by ada (HUMAN) [overridden]
      value
        {
          "answer": [
            42,
            "forty-two is what the question asked for, no more"
          ]
        }

    answer  UNKNOWN  ██████████████████████████████  0.4 ms
       in  {"question": "What is the answer?"}
       out 42

    tags
    added later  yes
    empty
    env  prod
    mlflow.artifactLocation
      /srv/mltrace/3.18.0-sqlite/mlruns/2/traces/tr-a06f6f6fd078ef99
      85de4b4770297abc/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE
    mood  🎉 ünïcödé
    team/area  search

    metadata
    mlflow.source.name  /srv/mltrace/programs/misc.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  1427
    mlflow.trace.sizeStats
      {"total_size_bytes": 1427, "num_spans": 1, "max": 591, "p25":
      591, "p50": 591, "p75": 591}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    shift  late
    "#);
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

#[test]
fn spans_show_tools_links_level_and_description() {
    let fixture = Fixture::named("3.18.0-sqlite").copy();
    fixture.sql(
        r#"update spans set content = json_set(content,
             '$.attributes."mlflow.spanDescription"', '"Looks up the weather.\nNothing else."',
             '$.attributes."mlflow.spanLogLevel"', '30',
             '$.attributes."mlflow.chat.tools"', '[{"type": "function", "function": {"name": "get_weather"}}, {"name": "add"}]',
             '$.attributes.note', '"a note that is long enough to need a line of its own, and then some more"',
             '$.links', json('[{"trace_id": "tr-3808ca745f467c6871abe4ae0e66cada", "span_id": "1fb16109e38ba350", "attributes": {"why": "retry"}}]'),
             '$.events', json('[{"name": "cache \u001b[31m miss", "timestamp": 1, "attributes": {"key": "a\nb"}}]'))
           where name = 'get_weather'"#,
    );
    insta::assert_snapshot!(fixture.cli("trace show @error --span get_weather --width 70").run(), @r#"
    get_weather  TOOL  ERROR  3.9 ms
    span 9b94309c8c7d396e · parent b6aa411805cbccc3
    trace tr-419f926a13917b155df4228221e2858b · 2026-11-20 17:51:17 UTC
    log level WARNING · tools get_weather, add
    Looks up the weather.
    Nothing else.

    status message
    ValueError: No weather station in Atlantis

    inputs
    {
      "city": "Atlantis"
    }

    attributes
    mlflow.traceRequestId  tr-419f926a13917b155df4228221e2858b
    mlflow.spanType  TOOL
    mlflow.spanFunctionName  get_weather
    mlflow.chat.tools
      [
        {
          "type": "function",
          "function": {
            "name": "get_weather"
          }
        },
        {
          "name": "add"
        }
      ]
    note
      a note that is long enough to need a line of its own, and then some
      more

    events (1)
    cache \x1b[31m miss  +-20777 d 17 h
      key
        a
        b

    links
    trace tr-3808ca74  span 1fb16109e38ba350
      why  retry
    "#);
}

#[test]
fn mlflow_logging_failures_are_marked() {
    let fixture = Fixture::named("3.18.0-sqlite").copy();
    fixture.sql(
        r#"update spans set content = json_set(content, '$.status.message', 'Error code: 500',
             '$.events', json('[{"name": "exception", "timestamp": 1, "attributes": {"exception.type": "ValidationError",
                "exception.message": "2 errors",
                "exception.stacktrace": "Traceback:\n  File \"/lib/mlflow/autogen/chat.py\", line 1, in f\nValidationError"}}]'))
           where name = 'get_weather'"#,
    );
    insta::assert_snapshot!(fixture.cli("trace show @error --type TOOL").run(), @"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT  ██████████████████████████████  152 ms
    │  ✗ ValueError: No weather station in Atlantis
    └─ get_weather  TOOL                                █  3.9 ms
          ✗ MLflow's own logging failed, not the call: ValidationError: 2 errors
    ");
    insta::assert_snapshot!(fixture.cli("trace show @error --span get_weather --width 80").run(), @r#"
    get_weather  TOOL  ERROR  3.9 ms
    span 9b94309c8c7d396e · parent b6aa411805cbccc3
    trace tr-419f926a13917b155df4228221e2858b · 2026-11-20 17:51:17 UTC
    log level ERROR

    exception
    MLflow's own logging failed, not the call: ValidationError: 2 errors
    Traceback:
      File "/lib/mlflow/autogen/chat.py", line 1, in f
    ValidationError

    status message
    Error code: 500

    inputs
    {
      "city": "Atlantis"
    }

    attributes
    mlflow.traceRequestId  tr-419f926a13917b155df4228221e2858b
    mlflow.spanType  TOOL
    mlflow.spanFunctionName  get_weather

    events (1)
    exception  +-20777 d 17 h
      exception.type  ValidationError
      exception.message  2 errors
    "#);
    insta::assert_snapshot!(fixture.cli("spans --type TOOL --status error").run(), @"
    trace        span              name         type  status  duration  failure
    tr-419f926a  9b94309c8c7d396e  get_weather  TOOL  ERROR     3.9 ms  MLflow's own logging failed, not the call: ValidationError: 2 errors
    ");
}
