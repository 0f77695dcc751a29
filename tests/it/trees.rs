//! Trees of `trace show` that are narrowed, or lack their root.

use crate::harness::{Cli, Fixture, items, strings};

#[test]
fn a_tree_under_one_agent() {
    insta::assert_snapshot!(Cli::demo("trace show @slow --agent").arg("tool agent").arg("--width").arg("80").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat     UNKNOWN  ██████████████████████████████  3.07 s
    ├─ Tool Agent     AGENT                ▏                   2.9 ms
    │  ├─ calculator  TOOL                 ▏                   0.2 ms
    │  └─ calculator  TOOL                 ▏                   0.2 ms
    ├─ Tool Agent     AGENT                      ▏             4.7 ms
    │  ├─ calculator  TOOL                       ▏             0.4 ms
    │  └─ calculator  TOOL                       ▏             0.3 ms
    ├─ Tool Agent     AGENT                         ▏          5.2 ms
    │  └─ calculator  TOOL                          ▏          0.4 ms
    ├─ Tool Agent     AGENT                           ▏        8.6 ms
    │  └─ calculator  TOOL                            ▏        0.4 ms
    └─ Tool Agent     AGENT                              ▏     3.5 ms
       └─ calculator  TOOL                               ▏     0.2 ms
    ");
    insta::assert_snapshot!(Cli::demo("trace show tr-13567 --agent *.ON_messages --llm").run(), @"
    assistant.run  OK  667 ms  110 tokens (89 in · 21 out)  tr-13567dee  2026-11-20 17:51:10 UTC
    experiment AutoGen

    assistant.run                            AGENT  ██████████████████████████████  668 ms
    └─ assistant.on_messages                 AGENT    ████████████████████████████  620 ms
       ├─ OpenAIChatCompletionClient.create  LLM      █████████████████████████     564 ms  65 → 17
       └─ OpenAIChatCompletionClient.create  LLM                               ██    49 ms  24 → 4
    ");
}

#[test]
fn agents_by_name_and_pattern() {
    let names = |agents: &[&str]| {
        let cli = agents.iter().fold(Cli::demo("trace show @slow"), |cli, agent| cli.arg("--agent").arg(agent));
        let document = cli.json();
        strings(items(&document, "spans"), "name").join(" ")
    };
    let all = "Tool Agent calculator calculator Tool Agent calculator calculator Tool Agent calculator Tool Agent \
               calculator Tool Agent calculator";
    assert_eq!(names(&["Tool Agent"]), all);
    assert_eq!(names(&["TOOL AGENT"]), all);
    assert_eq!(names(&["tool*"]), all);
    let everything = Cli::demo("trace show @slow").json();
    let without_root = items(&everything, "spans").len() - 1;
    assert_eq!(names(&["Tool Agent", "ass*"]).matches("calculator").count(), 7);
    assert_eq!(items(&Cli::demo("trace show @slow --agent *").json(), "spans").len(), without_root);
}

#[test]
fn an_unknown_agent_is_an_error_that_names_the_known() {
    insta::assert_snapshot!(Cli::demo("trace show @slow --agent calculator").run(), @"
    --- stderr
    error: no agent `calculator` in trace `tr-f12713f2f4bd3c00c1cd617ccce089b2`
      caused by: the agents are Assistant, Tool Agent
      hint: `mltrace -u demo: trace show tr-f12713f2f4bd3c00c1cd617ccce089b2` shows the whole tree
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("trace show @last --status in_progress --agent a").run(), @"
    --- stderr
    error: no agent `a` in trace `tr-58b722a7b2de40a02f6b67417e6ca4f1`
      caused by: the trace has no span of type AGENT
      hint: `mltrace -u demo: trace show tr-58b722a7b2de40a02f6b67417e6ca4f1` shows the whole tree
    --- exit 3
    ");
    insta::assert_snapshot!(Cli::demo("trace show @slow --agent assistant --type TOOL").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037  tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    --- stderr
    note: assistant has no span of type TOOL
    ");
}

#[test]
fn a_root_that_mlflow_lost_is_made_from_the_record_but_never_in_json() {
    let fixture = Fixture::named("3.18.0-http-sqlite");
    let ids = fixture.cli("traces list --all -o ids").ok();
    let mut made = 0;
    for id in ids.lines() {
        let text = fixture.cli("trace show").arg(id).ok().stdout;
        let document = fixture.cli("trace show").arg(id).json();
        let roots = items(&document, "spans").iter().filter(|span| span["parent_id"].is_null()).count();
        let has_spans = !items(&document, "spans").is_empty();
        assert_eq!(text.contains("(from the trace's record)"), has_spans && roots == 0, "{id}\n{text}");
        made += usize::from(has_spans && roots == 0);
    }
    assert!(made > 0, "a trace of the fixture lost its root");
}
