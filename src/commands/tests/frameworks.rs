//! Programs of agent frameworks, traced by MLflow's autolog or an OTLP exporter. All run the same scenario: two
//! questions about the weather, and a refund that fails. See `fixtures/make/frameworks`.

use super::{CommandLine, items};
use serde_json::Value;

/// The files of a program.
struct Files {
    name: &'static str,
    /// Its traces, compressed.
    traces: &'static [u8],
    /// What MLflow reads from them.
    oracle: &'static str,
    /// The requests that were billed, one per line.
    billed: &'static str,
}

macro_rules! programs {
    ($($name:literal)*) => {
        /// The files of all programs, by name.
        const FILES: &[Files] = &[$(Files {
            name: $name,
            traces: include_bytes!(concat!("../../../fixtures/frameworks/", $name, ".jsonl.gz")),
            oracle: include_str!(concat!("../../../fixtures/frameworks/", $name, ".oracle.json")),
            billed: include_str!(concat!("../../../fixtures/frameworks/", $name, ".billed.jsonl")),
        }),*];
    };
}

programs! {
    "ag2_otel"
    "agent_framework"
    "agno"
    "anthropic"
    "autogen"
    "bedrock"
    "claude_code"
    "crewai"
    "dspy"
    "google_adk"
    "google_adk_legacy"
    "google_genai"
    "groq"
    "haystack"
    "instructor"
    "langgraph"
    "langgraph_supervisor"
    "litellm"
    "llama_index"
    "logfire"
    "mistral"
    "openai_agents"
    "openinference"
    "pydantic_ai"
    "semantic_kernel"
    "smolagents"
    "strands"
    "strands_otel"
    "strands_otel_latest"
    "traceloop"
    "vercel"
}

fn files(name: &str) -> &'static Files {
    FILES.iter().find(|files| files.name == name).unwrap_or_else(|| panic!("no program {name}"))
}

fn store(name: &str) -> &'static [u8] {
    files(name).traces
}

fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|files| files.name)
}

/// The name of a tool, its number of calls, and its number of failed calls.
type Tool = (&'static str, u64, u64);

/// The programs with their tools and the agents in their traces.
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

/// Tools added by frameworks.
const OTHER_TOOLS: [&str; 5] = [
    "ask_refunds",
    "delegate_task_to_member",
    "refund_desk-refund_desk",
    "transfer_back_to_concierge",
    "transfer_to_refunds",
];

/// Billed tokens that are missing from the store; negative if tokens are stored in two traces.
const NOT_STORED: [(&str, i64); 7] = [
    ("anthropic", 22),
    ("google_genai", 38),
    ("groq", 34),
    ("instructor", 42),
    ("llama_index", 18),
    ("openinference", -174),
    ("smolagents", 643),
];

fn ids(name: &str) -> Vec<String> {
    CommandLine::document(store(name), "traces list --all -o ids").ok().stdout.lines().map(str::to_owned).collect()
}

#[test]
fn tools_and_agents_match_the_program() {
    for (name, expected, agents) in PROGRAMS {
        let tools = CommandLine::document(store(name), "tools").json();
        let count = |tool: &Value, key: &str| tool[key].as_u64().unwrap();
        for (tool_name, calls, failures) in *expected {
            let tool = items(&tools, "tools").iter().find(|tool| tool["name"] == **tool_name);
            let tool = tool.unwrap_or_else(|| panic!("{name} has no {tool_name}: {tools}"));
            let failed = count(tool, "errors") + count(tool, "handled_failures");
            assert_eq!((count(tool, "calls"), failed), (*calls, *failures), "{name}: {tool_name}");
            let check = CommandLine::document(store(name), "check --forbid-tool").arg(tool_name).run();
            assert_eq!(check.exit, 1, "{name}: {tool_name}\n{check}");
        }
        let others = items(&tools, "tools").iter().filter(|tool| {
            !expected.iter().any(|(tool_name, ..)| tool["name"] == **tool_name)
                && !OTHER_TOOLS.contains(&tool["name"].as_str().unwrap())
        });
        assert_eq!(others.count(), 0, "{name}: {tools}");
        let usage = CommandLine::document(store(name), "usage --by agent").json();
        let known: Vec<&str> =
            items(&usage, "groups").iter().filter_map(|group| group["key"]["agent"].as_str()).collect();
        assert!(agents.iter().all(|agent| known.contains(agent)), "{name}: {known:?}");
    }
}

/// Programs for which MLflow records a wrong session id: a response id, and a placeholder of a scrubbed value.
const OTHER_SESSIONS: [&str; 2] = ["agent_framework", "logfire"];

#[test]
fn sessions_match_the_program() {
    for name in names().filter(|name| !OTHER_SESSIONS.contains(name)) {
        let sessions = CommandLine::document(store(name), "sessions").json();
        let [session] = items(&sessions, "sessions") else { panic!("{name}: {sessions}") };
        assert_eq!(session["session_id"], "trip-7", "{name}");
        // MLflow's server derives no session for these two.
        assert_eq!(session["derived"], matches!(name, "traceloop" | "vercel"), "{name}");
        let shown = CommandLine::document(store(name), "session show trip-7").json();
        assert_eq!(items(&shown, "traces").len() as u64, session["trace_count"].as_u64().unwrap(), "{name}: {shown}");
    }
}

#[test]
fn tools_without_names_leave_tool_rules_unknown() {
    let check = CommandLine::document(store("smolagents"), "check --forbid-tool refund_order").run();
    assert_eq!(check.exit, 1, "{check}");
    assert!(check.stdout.contains("2 tool calls have no name"), "{check}");
}

/// Programs with more than one failed refund, and their number.
const REFUNDS: [(&str, u64); 2] = [("langgraph", 2), ("openai_agents", 2)];

#[test]
fn failures_are_listed_once_at_their_origin() {
    for name in names() {
        let failures = CommandLine::document(store(name), "exceptions").json();
        let text = |failure: &Value, key: &str| failure.pointer(key).and_then(Value::as_str).unwrap_or("").to_owned();
        for failure in items(&failures, "exceptions") {
            let what = text(failure, "/message") + &text(failure, "/pattern");
            assert!(what.contains("already refunded") || what.contains("(non-fatal)"), "{name}: {failure}");
            let origin = text(failure, "/example/span_name").to_lowercase();
            // AutoGen runs tools without a span; the model is the first to receive the failure.
            assert!(origin.contains("refund") || origin.contains("tool") || name == "autogen", "{name}: {failure}");
        }
        let count: u64 = items(&failures, "exceptions").iter().map(|failure| failure["count"].as_u64().unwrap()).sum();
        let expected = REFUNDS.iter().find(|(known, _)| *known == name).map_or(1, |(_, count)| *count);
        assert_eq!(count, expected, "{name}: {failures}");
    }
}

#[test]
fn tokens_match_the_bill() {
    for name in names() {
        let billed = files(name).billed;
        let requests = billed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let billed: i64 = requests
            .map(|request| {
                let count = |key: &str| request[key].as_i64().unwrap();
                // Anthropic and Bedrock count cached tokens separately, MLflow as part of the input.
                let cached = count("cached_tokens") + count("cache_write_tokens");
                let is_separate = request["api"] == "messages" || request["api"] == "converse";
                let separate = if is_separate { cached } else { 0 };
                count("input_tokens") + count("output_tokens") + separate
            })
            .sum();
        let usage = CommandLine::document(store(name), "usage --all --deep").json();
        let total = usage.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64).unwrap_or(0);
        let not_stored = NOT_STORED.iter().find(|(known, _)| *known == name).map_or(0, |(_, tokens)| *tokens);
        assert_eq!(total + not_stored, billed, "{name}");
    }
}

#[test]
fn rows_add_up_to_the_total_and_differences_from_mlflow_are_explained() {
    for name in names() {
        let oracle: Value = serde_json::from_str(files(name).oracle).unwrap();
        assert_eq!(oracle.as_array().unwrap().len(), ids(name).len(), "{name}");
        for trace in oracle.as_array().unwrap() {
            let usage = CommandLine::document(store(name), "usage").arg(trace["trace_id"].as_str().unwrap()).json();
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
fn conversations_are_text_not_json() {
    for name in names() {
        let (mut all, mut raw) = (0, Vec::new());
        for id in ids(name) {
            let output = CommandLine::document(store(name), "trace show --conversation --width 120").arg(&id).ok();
            for line in output.stdout.lines().map(str::trim).filter(|line| !line.is_empty()) {
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
fn nested_agents_are_shown_as_a_conversation() {
    let id = &ids("pydantic_ai")[0];
    insta::assert_snapshot!(CommandLine::document(store("pydantic_ai"), "trace show --conversation --width 100").arg(id).ok(), @r#"
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
            anthropic_cache=true
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
fn unknown_values_are_outlined() {
    let id = &ids("dspy")[0];
    let shown = |command| CommandLine::document(store("dspy"), command).arg(id).ok().stdout;
    let outline = shown("trace show --conversation");
    assert!(outline.contains("next_tool_args={order_id: A-17}\n"), "{outline}");
    let full = shown("trace show --conversation --full");
    assert!(full.contains("next_tool_args={\"order_id\": \"A-17\"}\n"), "{full}");
    let parameters =
        CommandLine::document(store("anthropic"), "trace show --conversation").arg(&ids("anthropic")[1]).ok().stdout;
    assert!(parameters.contains(" · thinking={type: enabled, budget_tokens: 1024} · "), "{parameters}");
}
