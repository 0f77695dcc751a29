//! Grouped `mltrace usage`, `stats`, `tools` and `prices`: numbers are compared with independent calculations.

use crate::harness::{Cli, Fixture, items, strings};
use crate::server::{MockResponse, Server};
use mltrace::analysis::prices::Prices;
use mltrace::json::Json;
use mltrace::model::TokenUsage;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TOKEN_KEYS: [&str; 3] = ["input_tokens", "output_tokens", "total_tokens"];

/// The number at a JSON pointer, or 0 if it is missing.
fn number_at(value: &Value, path: &str) -> f64 {
    value.pointer(path).and_then(Value::as_f64).unwrap_or(0.0)
}

#[track_caller]
fn assert_close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0), "{what}: {a} is not {b}");
}

#[test]
fn usage_groups_add_up_to_the_total() {
    for fixture in Fixture::all() {
        for by in [
            "model",
            "provider",
            "agent",
            "span",
            "trace",
            "name",
            "state",
            "experiment",
            "session",
            "user",
            "hour",
            "day",
            "week",
            "tag:service.name",
            "agent,model,day",
        ] {
            for limit in ["--all", "-n1", "-n0"] {
                let words = format!("usage --by {by} {limit}");
                let document = fixture.cli(&words).json();
                for path in [
                    "/token_usage/input_tokens",
                    "/token_usage/output_tokens",
                    "/token_usage/total_tokens",
                    "/cost/total_cost",
                    "/calls",
                    "/unpriced_calls",
                    "/unpriced_traces",
                ] {
                    let groups: f64 = items(&document, "groups").iter().map(|group| number_at(group, path)).sum();
                    let sum = groups + number_at(&document["other"], path);
                    assert_close(
                        sum,
                        number_at(&document["total"], path),
                        &format!("{}: {words}: {path}", fixture.name),
                    );
                }
            }
        }
    }
}

#[test]
fn the_total_does_not_depend_on_the_groups() {
    for fixture in Fixture::all() {
        let total = |by: &str| fixture.cli(&format!("usage --by {by}")).json()["total"].clone();
        let by_model = total("model");
        for by in ["provider", "agent", "span", "trace", "experiment", "day", "user,hour"] {
            let other = total(by);
            for key in TOKEN_KEYS {
                let path = format!("/token_usage/{key}");
                assert_close(
                    number_at(&other, &path),
                    number_at(&by_model, &path),
                    &format!("{} by {by}: {key}", fixture.name),
                );
            }
            assert_close(
                number_at(&other, "/cost/total_cost"),
                number_at(&by_model, "/cost/total_cost"),
                &format!("{} by {by}", fixture.name),
            );
        }
    }
}

#[test]
fn groups_of_traces_match_the_database_columns() {
    let fixture = Fixture::named("3.18.0-sqlite");
    let database = rusqlite::Connection::open(&fixture.store).unwrap();
    for (by, column) in [
        ("name", "trace_name"),
        ("session", "session_id"),
        ("state", "status"),
        ("day", "date(timestamp_ms / 1000, 'unixepoch')"),
        ("week", "date(timestamp_ms / 1000, 'unixepoch', 'weekday 0', '-6 days')"),
        ("hour", "strftime('%Y-%m-%dT%H:00:00.000Z', timestamp_ms / 1000, 'unixepoch')"),
        (
            "user",
            "(select value from trace_request_metadata m where m.request_id = t.request_id and key = 'mlflow.trace.user')",
        ),
        (
            "tag:mlflow.user",
            "(select value from trace_tags m where m.request_id = t.request_id and key = 'mlflow.user')",
        ),
    ] {
        let sql = format!(
            "select {column}, count(*), sum(input_tokens), sum(output_tokens), sum(total_tokens), sum(total_cost)
             from trace_info t join experiments e using (experiment_id)
             where lifecycle_stage = 'active' and total_tokens is not null group by 1"
        );
        let mut statement = database.prepare(&sql).unwrap();
        let mut expected = BTreeMap::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let number = |at| row.get::<_, i64>(at).unwrap();
            let key: Option<String> = row.get(0).unwrap();
            expected.insert(key, (number(1), [number(2), number(3), number(4)], row.get::<_, Option<f64>>(5).unwrap()));
        }
        let document = fixture.cli(&format!("usage --by {by} --all --utc")).json();
        assert_eq!(items(&document, "groups").len(), expected.len(), "{by}");
        for group in items(&document, "groups") {
            let (traces, figures, cost) = &expected[&group["key"][by].as_str().map(str::to_owned)];
            let tokens = TOKEN_KEYS.map(|key| group["token_usage"][key].as_i64().unwrap());
            assert_eq!((group["traces"].as_i64().unwrap(), tokens), (*traces, *figures), "{by}: {group}");
            let recorded = group["cost"]["source"] == "recorded";
            assert_eq!(recorded, cost.is_some(), "{by}: {group}");
            assert_close(number_at(group, "/cost/total_cost"), cost.unwrap_or(0.0), by);
        }
    }
}

#[test]
fn calculated_costs_match_mlflow() {
    let (prices, mut compared) = (Prices::default(), 0);
    // Other releases have other price tables.
    for fixture in Fixture::all().iter().filter(|fixture| fixture.release() == (3, 18)) {
        for span in items(&fixture.cli("spans --all --deleted").json(), "spans") {
            let recorded = number_at(span, "/cost/total_cost");
            let (Some(model), "recorded") = (span["model"].as_str(), span["cost"]["source"].as_str().unwrap_or(""))
            else {
                continue;
            };
            let price = prices.find(model, span["provider"].as_str()).expect("MLflow knew a price");
            let usage = TokenUsage::from_json(&Json::of(&span["token_usage"])).unwrap();
            let calculated = price.cost(&usage);
            for (key, cost) in [
                ("input_cost", calculated.input_cost),
                ("output_cost", calculated.output_cost),
                ("total_cost", calculated.total_cost),
            ] {
                let recorded = span["cost"][key].as_f64().unwrap();
                assert!(
                    (cost.unwrap() - recorded).abs() < 1e-9,
                    "{} {model} {key}: calculated {cost:?}, recorded {recorded}",
                    fixture.name
                );
            }
            compared += usize::from(recorded > 0.0);
        }
    }
    assert!(compared > 20, "{compared} costs were compared");
}

#[test]
fn costs_are_recorded_calculated_or_unknown() {
    // File stores have no costs; the calculated costs must equal those recorded in the database.
    let of = |name: &str| Fixture::named(name).cli("usage --by experiment -x OpenAI").json()["total"]["cost"].clone();
    let (files, database) = (of("3.18.0-file"), of("3.18.0-sqlite"));
    assert_eq!((files["source"].as_str(), database["source"].as_str()), (Some("calculated"), Some("recorded")));
    assert_close(number_at(&files, "/total_cost"), number_at(&database, "/total_cost"), "same programs and prices");
    // MLflow records 0 for models without a price.
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "update spans set model_name = 'unheard-of', input_cost = 0, output_cost = 0, total_cost = 0,
             content = replace(replace(content, 'gpt-4o-mini', 'unheard-of'), '\"mlflow.llm.cost\"', '\"was\"') where model_name is not null;
         update trace_info set input_cost = 0, output_cost = 0, total_cost = 0 where total_cost is not null",
    );
    insta::assert_snapshot!(copy.cli("usage -x OpenAI").run(), @"
    model       traces  calls  input  output  total  unpriced calls
    unheard-of       5      6    175      60    235               6
    total            5      6    175      60    235               6
    --- stderr
    note: no price for `unheard-of`; the cost of 6 calls is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(copy.cli("usage -x OpenAI --by day").run(), @"
    day         traces  input  output  total  unpriced traces
    2026-11-20       5    175      60    235                5
    total            5    175      60    235                5
    --- stderr
    note: traces with tokens of unknown cost: 5 (use `--by model` to see why)
    ");
    insta::assert_snapshot!(copy.cli("usage @last").run(), @"
    tr-e1856059  run_tool_agent
    call         agent           type        model       input  output  total
    Completions  run_tool_agent  CHAT_MODEL  unheard-of     45      14     59
    Completions  run_tool_agent  CHAT_MODEL  unheard-of     39       8     47
    total                                                   84      22    106
    --- stderr
    note: no price for `unheard-of`; the cost of 2 calls is unknown and excluded
    ");
    let traces = copy.cli("traces list -x OpenAI").json();
    assert!(items(&traces, "traces").iter().all(|trace| trace["cost"].is_null()));
}

#[test]
fn prices_are_read_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.json");
    let usage = || Fixture::named("3.18.0-file").cli("usage @last").arg("--prices").arg(&file);
    // The output of `prices` can be used as a price file.
    std::fs::write(&file, Cli::new("prices gpt-4o* --all").json().to_string()).unwrap();
    let without = Fixture::named("3.18.0-file").cli("usage @last").json();
    assert_eq!((&usage().json()["cost"], without["cost"]["source"].as_str()), (&without["cost"], Some("calculated")));
    let mut own = Cli::new("prices gpt-4o-mini").json();
    for entry in own["prices"].as_array_mut().unwrap() {
        (entry["input_per_million_tokens"], entry["output_per_million_tokens"]) = (json!(1000), json!(0));
    }
    std::fs::write(&file, own.to_string()).unwrap();
    assert_close(
        number_at(&usage().json(), "/cost/total_cost"),
        84.0 / 1000.0,
        "84 tokens for 1,000 dollars a million",
    );
    assert_eq!(Cli::new("prices gpt-4o-mini").arg("--prices").arg(&file).json()["prices"][0]["source"], "file");
    // A file of MLflow's model catalog.
    std::fs::write(&file, r#"{"schema_version":"1.0","models":{"gpt-4o-mini":{"mode":"chat","pricing":{"input_per_million_tokens":0,"output_per_million_tokens":1000}}}}"#).unwrap();
    assert_close(
        number_at(&usage().json(), "/cost/total_cost"),
        22.0 / 1000.0,
        "22 tokens for 1,000 dollars a million",
    );
    let hide = |output: crate::harness::RunOutput| output.with_placeholder(folder.path());
    for text in ["no JSON", "[]", r#"{"prices":[{"model":"m"}]}"#] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(usage().run().exit, Some(2), "{text}");
    }
    insta::assert_snapshot!(hide(usage().run()), @"
    --- stderr
    error: cannot read prices from `[FOLDER]/prices.json`
      caused by: `m` has neither `input_per_million_tokens` nor `output_per_million_tokens`
      hint: expected a file of MLflow's model catalog, or an edited output of `mltrace prices MODEL --json`
    --- exit 2
    ");
    std::fs::remove_file(&file).unwrap();
    insta::assert_snapshot!(hide(usage().run()), @"
    --- stderr
    error: cannot read prices from `[FOLDER]/prices.json`
      caused by: No such file or directory (os error 2)
      hint: expected a file of MLflow's model catalog, or an edited output of `mltrace prices MODEL --json`
    --- exit 2
    ");
}

/// An independent percentile: linear interpolation between the neighboring values.
fn percentile(mut values: Vec<i64>, percent: u32) -> Option<f64> {
    values.sort_unstable();
    let last = u32::try_from(values.len().checked_sub(1)?).unwrap();
    let hundredths = percent * last;
    let (low, rest) = ((hundredths / 100) as usize, i64::from(hundredths % 100));
    let high = values.get(low + 1).copied().unwrap_or(values[low]);
    Some((values[low] * (100 - rest) + high * rest) as f64 / 100.0)
}

#[test]
fn stats_as_mlflow_match_the_records() {
    for fixture in Fixture::all() {
        let traces = fixture.cli("traces list --all").json();
        let mut groups: BTreeMap<Option<&str>, Vec<&Value>> = BTreeMap::new();
        for trace in items(&traces, "traces") {
            groups.entry(trace["name"].as_str()).or_default().push(trace);
        }
        let document = fixture.cli("stats --by name --all --as-mlflow").json();
        assert_eq!(items(&document, "groups").len(), groups.len(), "{}", fixture.name);
        for stat in items(&document, "groups") {
            let name = stat["key"]["name"].as_str();
            let traces = &groups[&name];
            let what = format!("{} {name:?}", fixture.name);
            assert_eq!(stat["count"], traces.len(), "{what}");
            assert_eq!(stat["errors"], traces.iter().filter(|trace| trace["state"] == "ERROR").count(), "{what}");
            let times: Vec<i64> = traces.iter().filter_map(|trace| trace["execution_duration_ms"].as_i64()).collect();
            for percent in [50, 90, 95, 99] {
                let actual = stat["latency_ms"][format!("p{percent}")].as_f64();
                assert_eq!(actual.is_some(), !times.is_empty(), "{what}");
                assert_close(actual.unwrap_or(0.0), percentile(times.clone(), percent).unwrap_or(0.0), &what);
            }
            for key in TOKEN_KEYS {
                let sum: f64 =
                    traces.iter().map(|trace| number_at(trace, &format!("/recorded_token_usage/{key}"))).sum();
                assert_close(number_at(stat, &format!("/token_usage/{key}")), sum, &what);
            }
            let cost: f64 = traces.iter().map(|trace| number_at(trace, "/cost/total_cost")).sum();
            assert_close(number_at(stat, "/cost/total_cost"), cost, &what);
        }
    }
}

#[test]
fn days_are_local_and_hours_may_repeat() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    // Clocks in Berlin go back at 01:00 UTC on 2026-10-25, and forward at 01:00 UTC on 2026-03-29.
    let times = [
        "2026-10-24T21:59:59Z",
        "2026-10-24T22:00:00Z",
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
        "2026-10-25T22:59:59Z",
        "2026-10-25T23:00:00Z",
        "2026-03-29T00:59:59Z",
        "2026-03-29T01:00:00Z",
    ];
    copy.sql("insert into experiments (experiment_id, name, lifecycle_stage) values (77, 'clocks', 'active')");
    for (at, time) in times.iter().enumerate() {
        copy.sql(&format!(
            "insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name, input_tokens, output_tokens, total_tokens)
             values ('tr-{at}', 77, unixepoch('{time}') * 1000, 5, 'OK', 'clock', 1, 0, 1)"
        ));
    }
    let by = |words: &str, zone: &str| {
        let document = copy.cli(&format!("{words} -x clocks --all")).env("TZ", zone).json();
        let groups: Vec<String> = items(&document, "groups")
            .iter()
            .map(|group| {
                let count = group.get("count").unwrap_or(&group["traces"]);
                format!("{} {count}", group["key"].as_object().unwrap().values().next().unwrap().as_str().unwrap())
            })
            .collect();
        groups
    };
    let days = ["2026-03-29 2", "2026-10-24 1", "2026-10-25 4", "2026-10-26 1"];
    assert_eq!(by("usage --by day", "Europe/Berlin"), days);
    assert_eq!(by("stats --by day", "Europe/Berlin"), days);
    assert_eq!(by("usage --by week", "Europe/Berlin"), ["2026-03-23 2", "2026-10-19 5", "2026-10-26 1"]);
    assert_eq!(by("usage --by day", "UTC"), ["2026-03-29 2", "2026-10-24 2", "2026-10-25 4"]);
    // Days with 25 and 23 hours are single buckets.
    let midnights = [
        "2026-03-28T23:00:00.000Z 2",
        "2026-10-23T22:00:00.000Z 1",
        "2026-10-24T22:00:00.000Z 4",
        "2026-10-25T23:00:00.000Z 1",
    ];
    assert_eq!(by("stats --bucket 1d", "Europe/Berlin"), midnights);
    assert_eq!(
        by("stats --bucket 2h", "Europe/Berlin")[4..6],
        ["2026-10-25T00:00:00.000Z 2", "2026-10-25T21:00:00.000Z 1"]
    );
    let hours = [
        "2026-03-29T00:00:00.000Z 1",
        "2026-03-29T01:00:00.000Z 1",
        "2026-10-24T21:00:00.000Z 1",
        "2026-10-24T22:00:00.000Z 1",
        "2026-10-25T00:00:00.000Z 1",
        "2026-10-25T01:00:00.000Z 1",
        "2026-10-25T22:00:00.000Z 1",
        "2026-10-25T23:00:00.000Z 1",
    ];
    assert_eq!(by("stats --by hour", "Europe/Berlin"), hours);
    assert_eq!(by("stats --bucket 1h", "Europe/Berlin"), hours);
    // A zone with an offset of half an hour.
    assert_eq!(by("stats --by hour", "Asia/Kolkata")[0], "2026-03-29T00:30:00.000Z 2");
    insta::assert_snapshot!(copy.cli("stats --by hour -x clocks --width 80").env("TZ", "Europe/Berlin").run(), @"
    hour                     traces  error rate   p50   p90   p95   p99  tokens
    2026-03-29 01:00 +01:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-03-29 03:00 +02:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-24 23:00 +02:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-25 00:00 +02:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-25 02:00 +02:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-25 02:00 +01:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-25 23:00 +01:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    2026-10-26 00:00 +01:00       1         0 %  5 ms  5 ms  5 ms  5 ms       1
    total                         8         0 %  5 ms  5 ms  5 ms  5 ms       8
    ");
}

#[test]
fn many_traces_are_summarized_from_their_records() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name, input_tokens, output_tokens, total_tokens, total_cost)
         select printf('tr-%032x', i), 5, 1794000000000 + i, i % 100, case when i % 10 = 0 then 'ERROR' else 'OK' end,
             case when i % 3 = 0 then 'a' else 'b' end, 2, 1, 3, case when i % 10 = 0 then 0 else 0.5 end from n;
         insert into trace_tags (key, value, request_id) select 'team', 'red', request_id from trace_info where trace_name = 'a'",
    );
    insta::assert_snapshot!(copy.cli("stats --by name --width 80 --filter").arg("name LIKE '_'").run(), @"
    name   traces  error rate      p50      p90    p95    p99  tokens        cost
    b      20,000      10.0 %  49.5 ms  89.1 ms  94 ms  98 ms  60,000   $9,000.00
    a      10,000      10.0 %  49.5 ms  89.1 ms  94 ms  98 ms  30,000   $4,500.00
    total  30,000      10.0 %  49.5 ms  89.1 ms  94 ms  98 ms  90,000  $13,500.00
    --- stderr
    note: tokens and costs are the recorded totals of traces (use --deep to read spans)
    ");
    insta::assert_snapshot!(copy.cli("stats --tag team=red --by name,tag:team --width 80").run(), @"
    name   tag:team  traces  error rate      p50    p95    p99  tokens       cost
    a      red       10,000      10.0 %  49.5 ms  94 ms  98 ms  30,000  $4,500.00
    total            10,000      10.0 %  49.5 ms  94 ms  98 ms  30,000  $4,500.00
    --- stderr
    note: tokens and costs are the recorded totals of traces (use --deep to read spans)
    ");
    insta::assert_snapshot!(copy.cli("usage --by name --filter").arg("name = 'a' AND status = 'OK'").run(), @"
    name   traces   input  output   total       cost
    a       9,000  18,000   9,000  27,000  $4,500.00
    total   9,000  18,000   9,000  27,000  $4,500.00
    --- stderr
    note: tokens and costs are the recorded totals of traces (use --deep to read spans)
    ");
    insta::assert_snapshot!(copy.cli("usage --by name --filter").arg("name LIKE 'b'").run(), @"
    name   traces   input  output   total       cost  unpriced traces
    b      20,000  40,000  20,000  60,000  $9,000.00            2,000
    total  20,000  40,000  20,000  60,000  $9,000.00            2,000
    --- stderr
    note: 2,000 traces have tokens and no recorded cost (use --deep to calculate it)
    note: tokens and costs are the recorded totals of traces (use --deep to read spans)
    ");
    insta::assert_snapshot!(copy.cli("usage --by tag:team --status ok --since 2026-11-06 --until 2026-11-07").run(), @"
    tag:team        traces   input  output   total        cost
    (not recorded)  18,000  36,000  18,000  54,000   $9,000.00
    red              9,000  18,000   9,000  27,000   $4,500.00
    total           27,000  54,000  27,000  81,000  $13,500.00
    --- stderr
    note: tokens and costs are the recorded totals of traces (use --deep to read spans)
    ");
}

#[test]
fn every_tool_span_is_a_tool_call() {
    for fixture in Fixture::all() {
        let spans = fixture.cli("spans --type TOOL --all").json();
        let tools = fixture.cli("tools --all").json();
        let sum = |key: &str| items(&tools, "tools").iter().map(|tool| tool[key].as_u64().unwrap()).sum::<u64>();
        let tool_spans = items(&spans, "spans");
        let span_millis: f64 = tool_spans.iter().map(|span| number_at(span, "/duration_ms")).sum();
        let call_millis: f64 = items(&tools, "tools").iter().map(|tool| number_at(tool, "/duration_ms/total")).sum();
        assert!(
            (span_millis - call_millis).abs() < 1e-6,
            "{}: {span_millis} ms in spans, {call_millis} ms in calls",
            fixture.name
        );
        assert!(sum("calls") >= tool_spans.len() as u64, "{}", fixture.name);
        let failed = tool_spans.iter().filter(|span| span["status"] == "ERROR").count();
        assert_eq!(sum("errors"), failed as u64, "{}", fixture.name);
    }
}

/// A server with so many traces that its metrics route is used.
fn metrics(release: &'static str, has_unnamed: bool) -> Server {
    Server::new(move |request| match request.path.as_str() {
        "/version" => MockResponse::html(200, release),
        "/api/2.0/mlflow/experiments/search" => MockResponse::json(
            200,
            r#"{"experiments":[{"experiment_id":"1","name":"One","lifecycle_stage":"active"}]}"#,
        ),
        "/api/3.0/mlflow/traces/metrics" => {
            let body = request.json();
            let has = |dimension: &str| body["dimensions"].as_array().unwrap().iter().any(|item| item == dimension);
            let point = |name: &str, status: &str, values: Value| {
                let mut dimensions = json!({});
                for (key, value) in [("trace_name", name), ("trace_status", status)] {
                    if has(key) {
                        dimensions[key] = value.into();
                    }
                }
                json!({"metric_name": body["metric_name"], "dimensions": dimensions, "values": values})
            };
            let points = match (body["metric_name"].as_str().unwrap(), has("trace_name")) {
                ("trace_count", false) if has("trace_status") => {
                    json!([point("", "OK", json!({"COUNT": 4000})), point("", "ERROR", json!({"COUNT": 1000}))])
                }
                ("trace_count", false) => {
                    json!([point("", "", json!({"COUNT": if has_unnamed { 5001 } else { 5000 }}))])
                }
                ("trace_count", true) => {
                    json!([point("a", "OK", json!({"COUNT": 4000})), point("b", "ERROR", json!({"COUNT": 1000}))])
                }
                ("latency", false) => {
                    json!([point("", "", json!({"P50.0": 2.5, "P90.0": 9.0, "P95.0": 9.5, "P99.0": 9.9}))])
                }
                ("latency", true) => {
                    json!([point("a", "", json!({"P50.0": 2.0, "P90.0": 9.0, "P95.0": 9.5, "P99.0": 9.9}))])
                }
                (name, _) if name.starts_with("cache") => {
                    return MockResponse::json(
                        400,
                        r#"{"error_code":"INVALID_PARAMETER_VALUE","message":"no such metric"}"#,
                    );
                }
                (_, false) => json!([point("", "", json!({"SUM": 30}))]),
                (_, true) => json!([point("a", "", json!({"SUM": 30}))]),
            };
            MockResponse::json(200, json!({"data_points": points}).to_string())
        }
        "/api/3.0/mlflow/traces/search" => MockResponse::json(200, "{}"),
        _ => MockResponse::json(404, r#"{"error_code":"ENDPOINT_NOT_FOUND"}"#),
    })
}

#[test]
fn metrics_of_servers_are_used_for_many_traces() {
    let server = metrics("3.18.0", false);
    insta::assert_snapshot!(Cli::new("stats").on(server.uri()).run(), @"
           traces  errors  error rate     p50   p90     p95     p99  input  output  tokens
    total   5,000   1,000      20.0 %  2.5 ms  9 ms  9.5 ms  9.9 ms     30      30      30
    --- stderr
    note: computed by the server, without cost and time to first token (use --deep to read all traces)
    ");
    insta::assert_snapshot!(Cli::new("stats --by name -n 1").on(server.uri()).run(), @"
    name       traces  errors  error rate     p50   p90     p95     p99  input  output  tokens
    a           4,000       0         0 %    2 ms  9 ms  9.5 ms  9.9 ms     30      30      30
    other (1)   1,000   1,000       100 %       -     -       -       -      -       -       -
    total       5,000   1,000      20.0 %  2.5 ms  9 ms  9.5 ms  9.9 ms     30      30      30
    --- stderr
    note: computed by the server, without cost and time to first token (use --deep to read all traces)
    ");
    let sent_requests = |words: &str| {
        let server = metrics("3.18.0", false);
        Cli::new(words).on(server.uri()).ok();
        let requests = server.requests();
        let metrics: Vec<Value> = requests
            .iter()
            .filter(|request| request.path.ends_with("/metrics"))
            .map(crate::server::Request::json)
            .collect();
        (metrics, requests.iter().any(|request| request.path.ends_with("/search") && request.path.contains("/3.0/")))
    };
    let (queries, has_pages) =
        sent_requests("stats --status error --since 2026-11-20 --until 2026-11-21 --bucket 1h --utc");
    assert!(!has_pages);
    let first = &queries[0];
    assert_eq!(
        (&first["filters"], &first["start_time_ms"]),
        (&json!(["trace.status = \"ERROR\""]), &json!(1_795_132_800_000_u64))
    );
    assert_eq!(first["end_time_ms"], json!(1_795_219_199_999_u64), "the end is inclusive");
    assert!(queries.iter().any(|query| query["time_interval_seconds"] == 3600));
    // Whatever the metrics route does not support is read from pages of traces.
    for words in ["stats --by user", "stats --name x*", "stats --by day", "stats --tag a=b", "usage --by day"] {
        let (queries, has_pages) = sent_requests(words);
        assert!(queries.is_empty() && has_pages, "{words}");
    }
    // Up to 3.16, sums include only traces logged since the upgrade.
    let server = metrics("3.16.1", false);
    Cli::new("stats").on(server.uri()).ok();
    assert!(!server.requests().iter().any(|request| request.path.ends_with("/metrics")));
    // Metrics grouped by name omit traces without a name.
    let server = metrics("3.18.0", true);
    Cli::new("stats --by name").on(server.uri()).ok();
    assert!(server.requests().iter().any(|request| request.path == "/api/3.0/mlflow/traces/search"));
}

#[test]
fn groups_beyond_the_limit_are_the_oldest_and_smallest() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 60)
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name, input_tokens, output_tokens, total_tokens, total_cost)
         select 'tr-' || i, 5, 1794000000000 + (i % 3) * 86400000, 5, 'OK', 'n' || (i % 4), i, 0, i, 0.5 from n",
    );
    let groups = |words: &str| {
        let document = copy.cli(&format!("{words} --name n?")).json();
        let line = |group: &Value| {
            format!("{} {}", group["key"]["day"].as_str().unwrap(), group["key"]["name"].as_str().unwrap())
        };
        items(&document, "groups").iter().map(line).collect::<Vec<_>>()
    };
    let all = groups("usage --by name --by day --all");
    assert_eq!(all.len(), 12);
    assert!(all.is_sorted_by_key(|line| &line[..10]));
    assert_eq!(groups("usage --by name --by day -n 6"), [&all[4..6], &all[8..]].concat());
    assert_eq!(groups("usage --by day,name,day,name -n 6"), groups("usage --by name --by day -n 6"));
    let output = copy.cli("usage --by day --name n? -n 1 -o csv").ok();
    assert!(output.stderr.contains("note: showing 1 of 3 groups"), "{output}");
}

#[test]
fn infinite_and_missing_total_costs_are_the_sum_of_parts() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql("update trace_info set total_cost = 9e999 where session_id is not null; update trace_info set total_cost = null where trace_name = 'run_tool_agent' and status = 'OK'");
    let infinite = copy.cli("stats --session chat-42").json();
    assert_close(
        number_at(&infinite, "/total/cost/total_cost"),
        number_at(&infinite, "/total/cost/input_cost") + number_at(&infinite, "/total/cost/output_cost"),
        "sum of parts",
    );
    let whole = copy.cli("stats --name run_tool_agent --status ok").json();
    assert_close(number_at(&whole, "/total/cost/total_cost"), 0.000_025_8, "sum of parts");
}

#[test]
fn stats_of_older_releases_have_calculated_costs() {
    insta::assert_snapshot!(Fixture::named("2.22.5-sqlite").cli("stats -x OpenAI").run(), @"
           traces  errors  error rate     p50     p90     p95     p99  input  output  tokens         cost  TTFT p50  TTFT p95  over time
    total       6       1      16.7 %  171 ms  332 ms  374 ms  408 ms    175      60     235  ~$0.0000623    385 ms    385 ms  █ █    ███ █
    --- stderr
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
    insta::assert_snapshot!(Fixture::named("2.22.5-sqlite").cli("stats -x OpenAI --deep").run(), @"
           traces  errors  error rate     p50     p90     p95     p99  input  output  tokens         cost  TTFT p50  TTFT p95  over time
    total       6       1      16.7 %  171 ms  332 ms  374 ms  408 ms    175      60     235  ~$0.0000623    385 ms    385 ms  █ █    ███ █
    --- stderr
    note: costs with ~ are calculated, in whole or in part, from the prices of `mltrace prices MODEL`
    ");
}

#[test]
fn numbers_of_repeated_tool_names_are_removed() {
    // Releases up to 3.5 append numbers to repeated names; these are removed.
    let names = |fixture: &str| {
        let document = Fixture::named(fixture).cli("tools -x OpenAI -x AG2").json();
        let mut names: Vec<String> =
            strings(items(&document, "tools"), "name").into_iter().map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(names("3.5.1-sqlite"), names("3.18.0-sqlite"));
}
