//! `mltrace exceptions`: each actual failure is listed once, for every store and release.

use crate::harness::{Cli, Copy, Fixture, items};
use crate::server::Server;
use serde_json::Value;

#[test]
fn failures_are_shown_as_a_table() {
    insta::assert_snapshot!(Cli::demo("exceptions").run(), @"
    count  type          message                              origin                             first  last  trace        span
        1  ValueError    No weather station in Atlantis       openai_agent.py:67 in get_weather    6 h   6 h  tr-419f926a  get_weather
        1  TimeoutError  upstream did not answer⏎within 30 s  misc.py:30 in unreliable             6 h   6 h  tr-ac61cd19  unreliable
    ");
    insta::assert_snapshot!(Cli::demo("exceptions --width 60 -n 1").run(), @"
    count  type        message                       trace
        1  ValueError  No weather station in Atlan…  tr-419f926a
    --- stderr
    note: showing 1 of 2 failures (use -n or --all)
    ");
    insta::assert_snapshot!(Cli::demo("exceptions --width 80 --ascii --stack --name run*").run(), @r#"
    1 x ValueError: No weather station in Atlantis
    openai_agent.py:67 in get_weather - span get_weather
    trace tr-419f926a13917b155df4228221e2858b - 6 h ago

      ... 4 frames of mlflow
      File "/srv/mltrace/programs/openai_agent.py", line 67, in get_weather
        raise ValueError(f"No weather station in {city}")
    ValueError: No weather station in Atlantis
    "#);
    insta::assert_snapshot!(Cli::demo("exceptions --name answer").run(), @"
    --- stderr
    note: no failures match
    ");
    insta::assert_snapshot!(Fixture::named("3.1.4-sqlite").cli("exceptions --width 100 --utc").run(), @"
    count  kind     type             message                   origin                     last  trace
        1  -        ValueError       No weather station in A…  openai_agent.py:67 in ge…   6 h  94e9b338
        1  logging  ValidationError  2 validation errors for…  mlflow/autogen/chat.py:1…   6 h  cbad6332
        1  -        TimeoutError     upstream did not answer…  misc.py:30 in unreliable    6 h  16bed12b
    ");
}

/// Count, kind, type, first line of the message and span of each failure, without stack traces.
fn failure_lines(document: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().and_then(|text| text.lines().next()).unwrap_or("-").to_owned();
    let failure = |group: &Value| {
        // Up to 3.5, spans of the same name are numbered.
        let span =
            text(&group["example"]["span_name"]).trim_end_matches(|c: char| c == '_' || c.is_ascii_digit()).to_owned();
        format!(
            "{} {} {}: {} @{span}",
            group["count"],
            text(&group["kind"]),
            text(&group["type"]),
            text(&group["message"])
        )
    };
    let mut lines: Vec<String> = items(document, "exceptions").iter().map(failure).collect();
    lines.sort();
    lines
}

const ATLANTIS: &str = "1 raised ValueError: No weather station in Atlantis @get_weather";
const UPSTREAM: &str = "1 raised TimeoutError: upstream did not answer @unreliable";

#[test]
fn every_store_has_the_same_failures() {
    for fixture in Fixture::all() {
        let mut expected = vec![UPSTREAM, ATLANTIS];
        if fixture.release() == (3, 1) {
            expected.insert(0, "1 logging ValidationError: 2 validation errors for ChatMessage @create");
        }
        if fixture.name.contains("http") {
            expected.push("1 raised ValueError: station offline @execute_tool get_weather");
        }
        expected.sort_unstable();
        let (groups, all) = (fixture.cli("exceptions").json(), fixture.cli("exceptions --all").json());
        assert_eq!(failure_lines(&groups), expected, "{}", fixture.name);
        assert_eq!(failure_lines(&all), expected, "{} --all", fixture.name);
    }
}

#[test]
fn servers_have_the_same_failures() {
    for name in ["2.22.5-sqlite", "3.2.0-file", "3.5.1-sqlite", "3.6.0-http-sqlite", "3.18.0-http-sqlite"] {
        let server = Server::replay(name);
        let exceptions = |cli: Cli| cli.json()["exceptions"].clone();
        assert_eq!(
            exceptions(Cli::new("exceptions").on(server.uri())),
            exceptions(Fixture::named(name).cli("exceptions")),
            "{name}"
        );
        assert_eq!(server.unknown(), [""; 0], "{name}: the recording is outdated");
    }
}

/// A store with so many traces that only spans with status ERROR are read. One of the others recorded an exception.
fn many_traces() -> Copy {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
         insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name)
         select printf('tr-%032x', i), 5, 1700000000000 + i, i, 'OK', 'made' from n;
         insert into trace_tags (key, value, request_id)
         select 'mlflow.trace.spansLocation', 'TRACKING_STORE', request_id from trace_info where trace_name = 'made';
         update spans set status = 'OK', content = replace(content, 'STATUS_CODE_ERROR', 'STATUS_CODE_OK') where name = 'unreliable'",
    );
    copy
}

#[test]
fn only_failed_spans_of_many_traces_are_read() {
    let copy = many_traces();
    insta::assert_snapshot!(copy.cli("exceptions --width 100").run(), @"
    count  type        message                   origin                   last  trace        span
        1  ValueError  No weather station in A…  openai_agent.py:67 in …   6 h  tr-419f926a  get_weather
    --- stderr
    note: more than 10,000 traces: only spans with status ERROR were read (use --deep)
    ");
    let document = copy.cli("exceptions --all").json();
    assert_eq!(failure_lines(&document), [ATLANTIS]);
    assert_eq!(document["page"]["complete"], false, "JSON has it too");
    let mut both = [UPSTREAM, ATLANTIS];
    both.sort_unstable();
    let deep = copy.cli("exceptions --deep --json").run();
    assert_eq!(failure_lines(&serde_json::from_str(&deep.stdout).unwrap()), both);
    assert!(!deep.stderr.contains("--deep"), "{deep}");
    // Few traces are selected, or their spans are read anyway.
    assert_eq!(failure_lines(&copy.cli("exceptions --since 2026-11-01").json()), both);
    assert_eq!(failure_lines(&copy.cli("exceptions --type TOOL").json()), both);
    let error = copy.cli("exceptions --filter").arg("span.name = 'get_weather'").json();
    assert_eq!(failure_lines(&error), [ATLANTIS]);
}

/// A store with more failed spans than the read limit: in each of many traces the root and a tool fail, but not the
/// span between them.
fn many_failed() -> Copy {
    let copy = many_traces();
    copy.sql(
        "create temp table made as select request_id, substr(request_id, -12) as id, timestamp_ms - 1700000000000 as n
             from trace_info where trace_name = 'made' order by n limit 3000;
         create temp table level (prefix text, parent text, status text);
         insert into level values ('aaaa', null, 'ERROR'), ('bbbb', 'aaaa', 'OK'), ('cccc', 'bbbb', 'ERROR'), ('dddd', 'aaaa', 'OK');
         insert into spans (trace_id, experiment_id, span_id, parent_span_id, name, status, start_time_unix_nano, end_time_unix_nano, content)
         select request_id, 5, prefix || id, parent || id, prefix, status, 1, 2,
             json_object('name', prefix, 'span_id', prefix || id, 'parent_span_id', parent || id, 'start_time_unix_nano', 1,
                 'end_time_unix_nano', 2, 'status', json_object('code', 'STATUS_CODE_' || status), 'attributes', json('{}'),
                 'events', case status when 'OK' then json_array() else json_array(json_object('name', 'exception', 'time_unix_nano', 3,
                     'attributes', json_object('exception.type', 'E', 'exception.message', 'order ' || n))) end)
             from made, level",
    );
    copy
}

#[test]
fn many_failed_spans_are_read_without_the_others() {
    let copy = many_failed();
    let failures = |words: &str| copy.cli(words).json()["exceptions"].clone();
    let found = copy.cli("exceptions").json();
    assert_eq!(
        failure_lines(&found),
        ["1 raised ValueError: No weather station in Atlantis @get_weather", "3000 raised E: order 3000 @cccc"]
    );
    // If times are equal, the example may differ.
    let known = |list: &Value| {
        let summary = |failure: &Value| (failure["fingerprint"].clone(), failure["count"].clone());
        list.as_array().unwrap().iter().map(summary).collect::<Vec<_>>()
    };
    let deep = known(&failures("exceptions --deep"));
    assert!(known(&found["exceptions"]).iter().all(|failure| deep.contains(failure)), "{deep:?}");
}
