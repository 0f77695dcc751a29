//! Programs of agent frameworks under MLflow's autolog, or with an exporter over OTLP. All play one plot: two questions
//! about the weather, and a refund that fails. See `fixtures/make/frameworks`.

use crate::harness::{Cli, fixtures, items};
use serde_json::Value;
use std::path::PathBuf;

/// A tool of a program, how often it was called, and how often that failed.
type Tool = (&'static str, u64, u64);

/// The programs with their tools, and the agents that their traces name.
const PROGRAMS: &[(&str, &[Tool], &[&str])] = &[
    ("ag2_otel", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    (
        "agent_framework",
        &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)],
        &["concierge", "refunds"],
    ),
    ("agno", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge", "refunds"]),
    ("anthropic", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    ("autogen", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge", "refunds"]),
    ("bedrock", &[("get_weather", 3, 0), ("refund_order", 1, 1)], &["concierge", "refunds"]),
    ("claude_code", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &[]),
    ("crewai", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &[]),
    ("dspy", &[("get_weather", 1, 0), ("refund_order", 1, 1)], &["Concierge", "ReAct"]),
    (
        "google_adk",
        &[("get_weather", 2, 0), ("refund_order", 1, 1), ("transfer_to_agent", 1, 0)],
        &["concierge", "refunds"],
    ),
    (
        "google_adk_legacy",
        &[("get_weather", 2, 0), ("refund_order", 1, 1), ("transfer_to_agent", 1, 0)],
        &["concierge", "refunds"],
    ),
    ("google_genai", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge"]),
    ("groq", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge"]),
    ("haystack", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge"]),
    ("instructor", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge"]),
    ("langgraph", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    (
        "langgraph_supervisor",
        &[("get_weather", 1, 0), ("refund_order", 1, 1), ("transfer_to_refunds", 1, 0)],
        &["concierge", "refunds"],
    ),
    ("litellm", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge"]),
    ("llama_index", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("handoff", 1, 0)], &["concierge", "refunds"]),
    ("logfire", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    ("mistral", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge"]),
    ("openai_agents", &[("get_weather", 2, 0), ("refund_order", 2, 2)], &["concierge", "refunds", "strict refunds"]),
    ("openinference", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge", "refunds"]),
    ("pydantic_ai", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    ("semantic_kernel", &[("Weather-get_weather", 2, 0), ("Orders-refund_order", 1, 1)], &["concierge", "refund_desk"]),
    ("strands", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
    (
        "strands_otel",
        &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)],
        &["concierge", "refunds"],
    ),
    (
        "strands_otel_latest",
        &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)],
        &["concierge", "refunds"],
    ),
    ("traceloop", &[("get_weather", 2, 0), ("refund_order", 1, 1)], &["concierge", "refunds"]),
    ("vercel", &[("get_weather", 2, 0), ("refund_order", 1, 1), ("ask_refunds", 1, 0)], &["concierge", "refunds"]),
];

/// Tools that frameworks add.
const OTHER_TOOLS: [&str; 5] = [
    "ask_refunds",
    "delegate_task_to_member",
    "refund_desk-refund_desk",
    "transfer_back_to_concierge",
    "transfer_to_refunds",
];

/// Billed tokens that are not in the store; below 0 those that are stored in two traces each.
const NOT_STORED: [(&str, i64); 7] = [
    ("anthropic", 22),
    ("google_genai", 38),
    ("groq", 34),
    ("instructor", 42),
    ("llama_index", 18),
    ("openinference", -174),
    ("smolagents", 643),
];

pub(crate) fn store(name: &str) -> PathBuf {
    fixtures().join("frameworks").join(format!("{name}.jsonl.gz"))
}

pub(crate) fn names() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures().join("frameworks"))
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".oracle.json").map(str::to_owned))
        .collect();
    names.sort();
    assert!(names.len() >= 31, "{names:?}");
    names
}

fn ids(name: &str) -> Vec<String> {
    Cli::new("traces list --all -o ids").on(store(name)).ok().stdout.lines().map(str::to_owned).collect()
}

#[test]
fn tools_and_agents_are_those_of_the_program() {
    for (name, expected, agents) in PROGRAMS {
        let tools = Cli::new("tools").on(store(name)).json();
        let count = |tool: &Value, key: &str| tool[key].as_u64().unwrap();
        for (wanted, calls, failures) in *expected {
            let tool = items(&tools, "tools").iter().find(|tool| tool["name"] == **wanted);
            let tool = tool.unwrap_or_else(|| panic!("{name} has no {wanted}: {tools}"));
            let failed = count(tool, "errors") + count(tool, "handled_failures");
            assert_eq!((count(tool, "calls"), failed), (*calls, *failures), "{name}: {wanted}");
            let gate = Cli::new("check --forbid-tool").arg(wanted).on(store(name)).run();
            assert_eq!(gate.exit, Some(1), "{name}: {wanted}\n{gate}");
        }
        let others = items(&tools, "tools").iter().filter(|tool| {
            !expected.iter().any(|(wanted, ..)| tool["name"] == **wanted)
                && !OTHER_TOOLS.contains(&tool["name"].as_str().unwrap())
        });
        assert_eq!(others.count(), 0, "{name}: {tools}");
        let usage = Cli::new("usage --by agent").on(store(name)).json();
        let known: Vec<&str> =
            items(&usage, "groups").iter().filter_map(|group| group["key"]["agent"].as_str()).collect();
        assert!(agents.iter().all(|agent| known.contains(agent)), "{name}: {known:?}");
    }
}

/// Programs whose session MLflow takes from what is none: the id of a response, and a text in place of a scrubbed one.
const OTHER_SESSIONS: [&str; 2] = ["agent_framework", "logfire"];

#[test]
fn sessions_are_those_of_the_program() {
    for name in names().iter().filter(|name| !OTHER_SESSIONS.contains(&name.as_str())) {
        let sessions = Cli::new("sessions").on(store(name)).json();
        let [session] = items(&sessions, "sessions") else { panic!("{name}: {sessions}") };
        assert_eq!(session["session_id"], "trip-7", "{name}");
        // MLflow's server knows no session of these two.
        assert_eq!(session["derived"], matches!(name.as_str(), "traceloop" | "vercel"), "{name}");
        let shown = Cli::new("session show trip-7").on(store(name)).json();
        assert_eq!(items(&shown, "traces").len() as u64, session["trace_count"].as_u64().unwrap(), "{name}: {shown}");
    }
}

#[test]
fn tools_without_names_leave_rules_on_tools_unanswered() {
    let gate = Cli::new("check --forbid-tool refund_order").on(store("smolagents")).run();
    assert_eq!(gate.exit, Some(1), "{gate}");
    assert!(gate.stdout.contains("2 tool calls have no name"), "{gate}");
}

/// Programs in which more than one refund fails, and how many do.
const REFUNDS: [(&str, u64); 2] = [("langgraph", 2), ("openai_agents", 2)];

#[test]
fn each_failure_is_told_once_where_it_began() {
    for name in names() {
        let failures = Cli::new("exceptions").on(store(&name)).json();
        let of = |failure: &Value, key: &str| failure.pointer(key).and_then(Value::as_str).unwrap_or("").to_owned();
        for failure in items(&failures, "exceptions") {
            let what = of(failure, "/message") + &of(failure, "/pattern");
            assert!(what.contains("already refunded") || what.contains("(non-fatal)"), "{name}: {failure}");
            let place = of(failure, "/example/span_name").to_lowercase();
            // AutoGen's agents run tools without a span: the model is the first that is told.
            assert!(place.contains("refund") || place.contains("tool") || name == "autogen", "{name}: {failure}");
        }
        let count: u64 = items(&failures, "exceptions").iter().map(|failure| failure["count"].as_u64().unwrap()).sum();
        let expected = REFUNDS.iter().find(|(known, _)| *known == name).map_or(1, |(_, count)| *count);
        assert_eq!(count, expected, "{name}: {failures}");
    }
}

#[test]
fn tokens_are_those_that_were_billed() {
    for name in names() {
        let billed =
            std::fs::read_to_string(fixtures().join("frameworks").join(format!("{name}.billed.jsonl"))).unwrap();
        let requests = billed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let billed: i64 = requests
            .map(|request| {
                let count = |key: &str| request[key].as_i64().unwrap();
                // Anthropic and Bedrock count what was cached apart, MLflow as a part of the input.
                let cached = count("cached_tokens") + count("cache_write_tokens");
                let is_apart = request["api"] == "messages" || request["api"] == "converse";
                let apart = if is_apart { cached } else { 0 };
                count("input_tokens") + count("output_tokens") + apart
            })
            .sum();
        let usage = Cli::new("usage --all --deep").on(store(&name)).json();
        let total = usage.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64).unwrap_or(0);
        let not_stored = NOT_STORED.iter().find(|(known, _)| *known == name).map_or(0, |(_, tokens)| *tokens);
        assert_eq!(total + not_stored, billed, "{name}");
    }
}

#[test]
fn rows_add_up_to_the_total_and_differ_from_mlflow_with_a_reason() {
    for name in names() {
        let oracle = std::fs::read_to_string(fixtures().join("frameworks").join(format!("{name}.oracle.json")));
        let oracle: Value = serde_json::from_str(&oracle.unwrap()).unwrap();
        assert_eq!(oracle.as_array().unwrap().len(), ids(&name).len(), "{name}");
        for trace in oracle.as_array().unwrap() {
            let usage = Cli::new("usage").arg(trace["trace_id"].as_str().unwrap()).on(store(&name)).json();
            let figure = |usage: &Value| usage["total_tokens"].as_i64().unwrap_or(0);
            let rows: i64 = items(&usage, "calls").iter().map(|call| figure(&call["token_usage"])).sum();
            assert_eq!(rows, figure(&usage["token_usage"]), "{name}: {usage}");
            if !trace["token_usage"].is_null() && rows != figure(&trace["token_usage"]) {
                assert_eq!(usage["usage_conflict"]["decided"], true, "{name}: {usage}");
            }
        }
    }
}

#[test]
fn conversations_are_words_and_not_json() {
    for name in &names() {
        let (mut all, mut raw) = (0, Vec::new());
        for id in ids(name) {
            let done = Cli::new("trace show --conversation --width 120").arg(&id).on(store(name)).ok();
            for line in done.stdout.lines().map(str::trim).filter(|line| !line.is_empty()) {
                all += 1;
                let is_bracket = matches!(line.trim_start_matches("│").trim(), "{" | "}" | "[" | "]" | "}," | "],");
                let is_raw = is_bracket || (line.contains("\": ") && !line.contains(" calls: "));
                raw.extend(is_raw.then(|| line.to_owned()));
            }
        }
        assert!(raw.len() * 20 <= all, "{name}: {} of {all}\n{}", raw.len(), raw.join("\n"));
    }
}

#[test]
fn an_agent_that_asks_another_one_reads_as_its_program() {
    let id = &ids("pydantic_ai")[0];
    insta::assert_snapshot!(Cli::new("trace show --conversation --width 100").arg(id).on(store("pydantic_ai")).ok(), @r#"
    Agent.run  OK  7.63 s  240 tokens (166 in · 74 out)  $0.00060  tr-d98f55db  2026-11-29 00:53:31 UTC
    experiment 1 · session trip-7 · user ada · models claude-sonnet-4-5, gpt-5-mini

    1  concierge                                                                                  7.63 s
      user: Refund order A-17
      OpenAIChatModel.request · gpt-5-mini                                               150 ms  32 → 29
        system: You help travelers.
        (1 message shown above)
        concierge calls: ask_refunds(question: "Refund order A-17")
      ask_refunds(question: "Refund order A-17")                                                  7.15 s

        2  refunds                                                                       7.10 s  75 → 21
          AnthropicModel.request · claude-sonnet-4-5                                     153 ms  24 → 13
            anthropic_cache true
            system: You refund orders.
            (1 message shown above)
            refunds calls: refund_order(order_id: "A-17")
          refund_order(order_id: "A-17")                                                         19.8 ms
            ✗ ToolRetryError: order A-17 was already refunded
          AnthropicModel.request · claude-sonnet-4-5                                     61.4 ms  51 → 8
            (3 messages shown above)
            refund_order fails: order A-17 was already refunded
            refunds: I could not refund order A-17.
      OpenAIChatModel.request · gpt-5-mini                                               121 ms  59 → 24
        (3 messages shown above)
        system: You help travelers.
        (1 message shown above)
        concierge: I could not refund order A-17.
    --- stderr
    note: Agent.run has fewer tokens than the calls below it; the total is 240, not 144
    "#);
}

#[test]
fn a_value_of_no_known_shape_is_an_outline() {
    let id = &ids("dspy")[0];
    let shown = |command| Cli::new(command).arg(id).on(store("dspy")).ok().stdout;
    let outline = shown("trace show --conversation");
    assert!(outline.contains("next_tool_args = {order_id: A-17}\n"), "{outline}");
    let full = shown("trace show --conversation --full");
    assert!(full.contains("next_tool_args = {\"order_id\": \"A-17\"}\n"), "{full}");
    let parameters = Cli::new("trace show --conversation").arg(&ids("anthropic")[1]).on(store("anthropic")).ok().stdout;
    assert!(parameters.contains(" · thinking {type: enabled, budget_tokens: 1024} · "), "{parameters}");
}
