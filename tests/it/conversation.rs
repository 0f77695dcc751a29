//! `trace show --conversation`: conversations of stores that lack a root or record failures of their own. Others are tested next to the command.

use crate::harness::{Fixture, items};

#[test]
fn mlflow_logging_failures_are_marked() {
    let fixture = Fixture::named("3.1.4-sqlite");
    insta::assert_snapshot!(fixture.cli("trace show @last~1 -x AutoGen --conversation --width 80").run(), @"
    run  OK  523 ms  82 tokens (65 in · 17 out, derived)  cbad6332
    2026-11-20 17:52:21 UTC
    experiment AutoGen

    1  assistant                                                              456 ms
      user: 2 + 40
      create_1                                                       393 ms  65 → 17
        tools=add
        system: You are a helpful assistant.
        (1 message shown above)
        assistant calls: add(a: 2, b: 40)
      create_2                                                                  4 ms
        (3 messages shown above)
        add returns: 42
        ✗ MLflow's own logging failed, not the call: 2 validation errors for
          ChatMessage
      assistant: The sum is 42.
    ");
}

#[test]
fn traces_without_a_root_start_with_the_recorded_request() {
    let fixture = Fixture::named("3.6.0-http-sqlite");
    let document = fixture.cli("trace show @last -x AG2 --conversation").json();
    assert!(items(&document, "conversation").iter().all(|step| step["depth"].as_u64().unwrap() < 2));
    let output = fixture.cli("trace show @last -x AG2 --conversation --width 80").ok();
    let from = output.stdout.find("(root span not stored").unwrap();
    let opening: Vec<&str> = output.stdout[from..].lines().take(5).collect();
    insta::assert_snapshot!(opening.join("\n"), @"
    (root span not stored; from the trace record:)
    Tool Agent → Assistant: What is (44231 + 13312 / (230 - 20)) * 4?

    1  Assistant → Tool Agent                                                 1.05 s
      chat_completion · gpt-4o-mini                                 1.05 s  110 → 61
    ");
}
