//! `mltrace sessions` and `mltrace session show`.

use crate::harness::{Cli, Copy, Fixture, items, strings};
use serde_json::{Value, json};

/// A store with additional sessions: ids with a common prefix, a non-ASCII id, and traces without tokens or duration.
fn with_sessions() -> Copy {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    copy.sql(
        "insert into trace_info (request_id, experiment_id, timestamp_ms, execution_time_ms, status, trace_name, session_id, total_tokens,
             request_preview, response_preview) values
         ('tr-1', 5, 1794000000000, 1500, 'OK', 'turn', 'chat-43', 10, 'one', 'uno'),
         ('tr-2', 5, 1794000060000, 2500, 'ERROR', 'turn', 'chat-43', null, 'two', null),
         ('tr-3', 2, 1794000120000, null, 'IN_PROGRESS', null, 'chat-43', 5, 'three', null),
         ('tr-4', 5, 1794000000000, null, 'OK', 'turn', '会话 1', null, null, null),
         ('tr-5', 1, 1794000000000, 1, 'OK', 'turn', 'deleted', null, null, null);
         insert into trace_request_metadata (key, value, request_id) values
         ('mlflow.trace.user', 'ada', 'tr-1'), ('mlflow.trace.user', 'bob', 'tr-2'), ('mlflow.trace.user', 'ada', 'tr-3')",
    );
    copy
}

#[test]
fn sessions_are_shown_as_a_table() {
    let copy = with_sessions();
    insta::assert_snapshot!(copy.cli("sessions").run(), @"
    session  user      turns  errors  running  first  last  wall time    busy  tokens        cost
    chat-42  ada           2       0        -    6 h   6 h     166 ms  165 ms      52  $0.0000146
    chat-43  ada, bob      3       1        1   14 d  14 d   2 m 00 s  4.00 s      15           -
    会话 1   -             1       0        -   14 d  14 d          -       -       -           -
    ");
    insta::assert_snapshot!(copy.cli("sessions --width 60 -n 2").run(), @"
    session  user      turns  errors  running  last  tokens
    chat-42  ada           2       0        -   6 h      52
    chat-43  ada, bob      3       1        1  14 d      15
    --- stderr
    note: showing 2 of 3 sessions (use -n or --all)
    ");
    insta::assert_snapshot!(copy.cli("sessions --user bob").run(), @"
    session  user  turns  errors  first  last  wall time    busy
    chat-43  bob       1       1   14 d  14 d     2.50 s  2.50 s
    ");
    insta::assert_snapshot!(copy.cli("sessions --name nothing").run(), @"
    --- stderr
    note: no sessions match
    ");
    assert_eq!(copy.cli("sessions -o ids").ok().lines(), ["chat-42", "chat-43", "会话 1"]);
    assert_eq!(copy.cli("sessions -o ids --all --deleted").ok().lines().len(), 4);
}

#[test]
fn session_show_lists_turns() {
    let copy = with_sessions();
    insta::assert_snapshot!(copy.cli("session show chat-43 --utc").run(), @"
    chat-43  3 turns  1 error  1 in progress  busy 4.00 s  15 tokens (0 in · 0 out)
    experiment OpenAI, Misc · user ada, bob · since 2026-11-06 21:20:00 UTC · wall time 2 m 00 s

    turn  trace  time                   after  state        duration  tokens  request  response
       1  tr-1   2026-11-06 21:20:00        -  OK             1.50 s      10  one      uno
       2  tr-2   2026-11-06 21:21:00  58.50 s  ERROR          2.50 s       -  two      -
       3  tr-3   2026-11-06 21:22:00  57.50 s  IN_PROGRESS         -       5  three    -
    ");
    insta::assert_snapshot!(copy.cli("session show chat-43 --width 70 --status ok").run(), @"
    chat-43  1 turn  busy 1.50 s  10 tokens (0 in · 0 out)
    experiment OpenAI · user ada · since 2026-11-06 21:20:00 UTC
    wall time 1.50 s

    turn  trace  state  duration  tokens  request  response
       1  tr-1   OK       1.50 s      10  one      uno
    ");
    insta::assert_snapshot!(copy.cli("session show").arg("会话").run(), @"
    会话 1  1 turn
    experiment OpenAI · since 2026-11-06 21:20:00 UTC

    turn  trace  time                 state  request
       1  tr-4   2026-11-06 21:20:00  OK     -
    ");
    insta::assert_snapshot!(copy.cli("session show chat-4").run(), @"
    --- stderr
    error: ambiguous session id prefix `chat-4`
      caused by: it matches chat-42, chat-43
      hint: use more characters of the id
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("session show chat43").run(), @"
    --- stderr
    error: no session `chat43`
      hint: did you mean `chat-42`?
      hint: `mltrace -u demo: sessions` lists them
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("session show chat-42 --status error").run(), @"
    --- stderr
    error: no session `chat-42`
      caused by: the filters exclude some traces
      hint: `mltrace -u demo: sessions` lists them
    --- exit 3
    ");
    assert_eq!(copy.cli("session show chat-43 -o ids").ok().lines(), ["tr-1", "tr-2", "tr-3"]);
}

#[test]
fn sessions_are_written_as_json() {
    let copy = with_sessions();
    let error = Cli::demo("session show @last").run();
    assert_eq!(error.exit, Some(3));
    assert!(error.stderr.contains("has no session"), "{error}");
    // A trace id selects the session of the trace.
    for name in ["tr-2", "tr-3"] {
        assert_eq!(
            copy.cli("session show -o ids").arg(name).ok().lines(),
            copy.cli("session show chat-43 -o ids").ok().lines(),
            "{name}"
        );
    }
    let document = copy.cli("session show chat-43").json();
    assert_eq!(
        document["session"],
        json!({"session_id": "chat-43", "derived": false, "user_ids": ["ada", "bob"], "experiments": ["OpenAI", "Misc"], "trace_count": 3, "error_count": 1,
            "in_progress_count": 1, "first_trace_time": "2026-11-06T21:20:00.000Z", "last_trace_time": "2026-11-06T21:22:00.000Z",
            "duration_ms": 120_000, "execution_duration_ms": 4000,
            "token_usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 15}, "cost": null})
    );
    assert_eq!(strings(items(&document, "traces"), "trace_id"), ["tr-1", "tr-2", "tr-3"]);
    let list = copy.cli("sessions").json();
    let found = items(&list, "sessions").iter().find(|session| session["session_id"] == "chat-43").unwrap();
    let times = |session: &Value| {
        (session["trace_count"].clone(), session["duration_ms"].clone(), session["token_usage"].clone())
    };
    assert_eq!(times(found), times(&document["session"]));
    let unknown = items(&list, "sessions").iter().find(|session| session["session_id"] == "会话 1").unwrap();
    assert_eq!((&unknown["execution_duration_ms"], &unknown["token_usage"]), (&Value::Null, &Value::Null));
    assert_eq!(list["page"], json!({"returned": 3, "matched": 3, "complete": true}));
}

#[test]
fn every_store_has_the_same_session() {
    for fixture in Fixture::all() {
        let list = fixture.cli("sessions").json();
        let sessions = items(&list, "sessions");
        // OpenTelemetry traces have another session.
        let chat = sessions.iter().find(|session| session["session_id"] == "chat-42").unwrap();
        let shown = fixture.cli("session show chat-42").json();
        assert_eq!(shown["session"], *chat, "{}", fixture.name);
        assert_eq!((&chat["trace_count"], &chat["user_ids"]), (&json!(2), &json!(["ada"])), "{}", fixture.name);
        let times = strings(items(&shown, "traces"), "request_time");
        assert!(times[0] < times[1], "{}", fixture.name);
    }
    assert_eq!(Cli::demo("sessions -o ids").ok().lines(), ["chat-42"]);
}

#[test]
fn the_latest_sessions_are_the_first_of_all() {
    let check = |name: &str, cli: &dyn Fn(&str) -> Value| {
        let all = cli("sessions --all");
        for count in 0..=3 {
            let latest = cli(&format!("sessions -n {count}"));
            let expected = &items(&all, "sessions")[..items(&all, "sessions").len().min(count)];
            assert_eq!(items(&latest, "sessions"), expected, "{name}, {count}");
            assert_eq!(latest["page"]["matched"], all["page"]["matched"], "{name}, {count}");
        }
        strings(items(&all, "sessions"), "session_id").len()
    };
    let copy = with_sessions();
    // A trace without a session whose span names the one of two other traces, and one that only a span names.
    let name_session = |id: &str, session: &str| {
        copy.sql(&format!(
            "delete from trace_request_metadata where key = 'mlflow.trace.session' and request_id = '{id}';
            update trace_info set session_id = null where request_id = '{id}';
            update spans set content = replace(content, '\"attributes\": {{', '\"attributes\": {{\"gen_ai.conversation.id\": \"{session}\", ')
            where trace_id = '{id}' and parent_span_id is null;"
        ));
    };
    let listed = copy.cli("traces list --all -o ids").ok();
    let traces = listed.lines();
    name_session(traces[0], "chat-42");
    name_session(traces[1], "of a span");
    // Ids that are no text, of the latest trace and of an older one.
    for (id, session) in [(traces[2], "x'ff41'"), (traces[5], "x'004200'")] {
        copy.sql(&format!("update trace_info set session_id = cast({session} as text) where request_id = '{id}'"));
    }
    assert!(check("copy", &|args| copy.cli(args).json()) >= 4);
    for fixture in Fixture::all() {
        check(&fixture.name, &|args| fixture.cli(args).json());
    }
}
