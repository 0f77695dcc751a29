use crate::commands::tests::CommandLine;

#[test]
fn spans_are_shown_as_a_table() {
    insta::assert_snapshot!(CommandLine::demo("spans --llm --width 100 -n 5").run(), @"
    trace        span              name         type        status  duration   tokens  model
    tr-e1856059  9bd57e959a1e337e  Completions  CHAT_MODEL  OK        146 ms  45 → 14  gpt-4o-mini
    tr-e1856059  9ee2df28f08b8564  Completions  CHAT_MODEL  OK       92.2 ms   39 → 8  gpt-4o-mini
    tr-419f926a  619288294f987c4c  Completions  CHAT_MODEL  OK        146 ms  45 → 14  gpt-4o-mini
    tr-67cd0414  975aece793baa29b  Completions  CHAT_MODEL  OK         55 ms   29 → 5  gpt-4o-mini
    tr-e4f87b4a  d58d580229424df2  Completions  CHAT_MODEL  OK        107 ms   8 → 10  gpt-4o-mini
    --- stderr
    note: showing 5 spans; there are more (use -n or --all)
    ");
    insta::assert_snapshot!(CommandLine::demo("spans --type TOOL --width 140").run(), @"
    trace        span              name         type  status  duration  failure
    tr-e1856059  9fe828b6484e7b30  get_weather  TOOL  OK        0.6 ms  -
    tr-419f926a  9b94309c8c7d396e  get_weather  TOOL  ERROR     3.9 ms  ValueError: No weather station in Atlantis
    tr-f12713f2  42aa1706b7455182  calculator   TOOL  OK        0.2 ms  -
    tr-f12713f2  3c6713721910f735  calculator   TOOL  OK        0.2 ms  -
    tr-f12713f2  d6315da62f1d39a1  calculator   TOOL  OK        0.4 ms  -
    tr-f12713f2  0157d49eee78efea  calculator   TOOL  OK        0.3 ms  -
    tr-f12713f2  bd458ee227398050  calculator   TOOL  OK        0.4 ms  -
    tr-f12713f2  746b848af4b74cb7  calculator   TOOL  OK        0.4 ms  -
    tr-f12713f2  747f793aa1b3c0d2  calculator   TOOL  OK        0.2 ms  -
    tr-58b722a7  200cb2c94f2de131  step         TOOL  OK        0.4 ms  -
    tr-58b722a7  72be7eb5a68f5824  step         TOOL  OK        0.3 ms  -
    tr-ac61cd19  736bdb28f98aef86  unreliable   TOOL  ERROR     1.6 ms  TimeoutError: upstream did not answer⏎within 30 s
    tr-ac61cd19  68d70b10e324fb8c  unreliable   TOOL  OK        0.3 ms  -
    ");
    insta::assert_snapshot!(CommandLine::demo("spans --type LLM -n 2 --width 100").run(), @"
    trace        span              name                               type  status  duration   tokens
    tr-0497bd29  e9240ee859e177fa  OpenAIChatCompletionClient.create  LLM   OK        179 ms  65 → 17
    tr-13567dee  a7a9d0c3196465ab  OpenAIChatCompletionClient.create  LLM   OK        564 ms  65 → 17
    --- stderr
    note: showing 2 spans; there are more (use -n or --all)
    note: spans of type CHAT_MODEL are excluded (use --llm)
    ");
}

#[test]
fn attributes_and_events_require_full() {
    let key = |flags: &str, key: &str| {
        CommandLine::demo(&format!("spans -n 1 {flags}")).json()["spans"][0].get(key).is_some()
    };
    for name in ["attributes", "events"] {
        assert!(key("--full", name) && !key("", name), "{name}");
    }
}

#[test]
fn csv_keeps_large_integers_exact() {
    let output = CommandLine::demo("spans -x Misc --all -o csv").ok();
    assert!(
        output.stdout.contains("1234567890123456789012345678901234567890123456789012345678901234567890"),
        "{output}"
    );
}
