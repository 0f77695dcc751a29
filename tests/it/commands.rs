//! Complete output of commands on the built-in sample.

use crate::harness::{Cli, Fixture, files_below, items, strings};
use serde_json::{Value, json};

#[test]
fn experiments_are_shown_as_a_table() {
    insta::assert_snapshot!(Cli::demo("experiments").run(), @"
    id  name     stage   traces  errors  last trace  tokens
     0  Default  active       0       0           -       -
     2  Misc     active       4       0     6 h ago       -
     3  AG2      active       1       0     6 h ago   1,798
     4  AutoGen  active       2       0     6 h ago     192
     5  OpenAI   active       6       1     6 h ago     235
    ");
    insta::assert_snapshot!(Cli::demo("experiments --deleted --width 40").run(), @"
    id  name       traces  errors  tokens
     0  Default         0       0       -
     1  Abandoned       1       0       -
     2  Misc            4       0       -
     3  AG2             1       0   1,798
     4  AutoGen         2       0     192
     5  OpenAI          6       1     235
    ");
}

#[test]
fn trace_lists_adapt_to_the_width() {
    insta::assert_snapshot!(Cli::demo("traces list --width 60").run(), @r"
    trace        state        name                      duration
    tr-e1856059  OK           run_tool_agent              241 ms
    tr-419f926a  ERROR        run_tool_agent              152 ms
    tr-67cd0414  OK           chat                         57 ms
    tr-e4f87b4a  OK           chat                        108 ms
    tr-0243d5ac  OK           Completions                 387 ms
    tr-9fdfabf4  OK           Completions                 154 ms
    tr-0497bd29  OK           assistant.run               188 ms
    tr-13567dee  OK           assistant.run               667 ms
    tr-f12713f2  OK           initiate_chat               3.07 s
    tr-58b722a7  IN_PROGRESS  -                      1 ms so far
    tr-a06f6f6f  OK           answer                        1 ms
    tr-ac61cd19  OK           retry                         3 ms
    tr-ff3ee2eb  OK           \x1b[31mred\x1b[0m \…         1 ms
    ");
    insta::assert_snapshot!(Cli::demo("traces list --width 80 -n 4").run(), @"
    trace        age  state  name            duration  spans  tokens        cost
    tr-e1856059  6 h  OK     run_tool_agent    241 ms      4     106  $0.0000258
    tr-419f926a  6 h  ERROR  run_tool_agent    152 ms      3      59  $0.0000152
    tr-67cd0414  6 h  OK     chat               57 ms      2      34  $0.0000074
    tr-e4f87b4a  6 h  OK     chat              108 ms      2      18  $0.0000072
    --- stderr
    note: showing 4 of 13 traces (use -n or --all)
    ");
    insta::assert_snapshot!(Cli::demo("traces list --width 160 -n 9").run(), @"
    trace        age  state  name            duration  spans  tokens        cost  session  request
    tr-e1856059  6 h  OK     run_tool_agent    241 ms      4     106  $0.0000258  -        What's the weather like in Paris today?
    tr-419f926a  6 h  ERROR  run_tool_agent    152 ms      3      59  $0.0000152  -        What's the weather like in Atlantis today?
    tr-67cd0414  6 h  OK     chat               57 ms      2      34  $0.0000074  chat-42  What is my name?
    tr-e4f87b4a  6 h  OK     chat              108 ms      2      18  $0.0000072  chat-42  Hello, I am Ada.
    tr-0243d5ac  6 h  OK     Completions       387 ms      1       -           -  -        How fast would a glass of water freeze on Titan?
    tr-9fdfabf4  6 h  OK     Completions       154 ms      1      18  $0.0000068  -        What is in this image?
    tr-0497bd29  6 h  OK     assistant.run     188 ms      3      82           -  -        1+1
    tr-13567dee  6 h  OK     assistant.run     667 ms      4     110           -  -        2 + 40
    tr-f12713f2  6 h  OK     initiate_chat     3.07 s     25   1,798    $0.00037  -        What is (44231 + 13312 / (230 - 20)) * 4?
    --- stderr
    note: showing 9 of 13 traces (use -n or --all)
    ");
}

#[test]
fn rows_fit_the_width_without_wrapping() {
    for width in [20, 40, 80, 120, 160] {
        for words in ["experiments", "traces list --all", "spans --all", "usage", "usage @slow"] {
            let output = Cli::demo(words).arg("--width").arg(width.to_string()).ok();
            let unlimited = Cli::demo(words).ok();
            assert_eq!(output.lines().len(), unlimited.lines().len(), "{words} {width}\n{output}");
            for line in output.lines() {
                // The sample has no double-width characters.
                assert!(line.chars().count() <= width, "{words} {width}: {line}");
            }
        }
    }
}

#[test]
fn emoji_keep_columns_aligned() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let name = "⚠️ ❤️ ✔️ ".repeat(20);
    copy.database().execute("update trace_info set trace_name = ?1, request_preview = ?1", [name]).unwrap();
    let output = copy.cli("traces list -n 3 --width 80").ok();
    // Each emoji is two columns wide and two characters long: the symbol and its variation selector.
    assert!(output.lines().iter().all(|line| line.chars().count() <= 80), "{output}");
    assert!(output.lines().iter().skip(1).all(|line| line.chars().count() >= 78), "{output}");
}

#[test]
fn traces_defaults_to_list() {
    for flags in ["", "-n 3 --sort name --json", "--status error -o csv"] {
        let (short, long) =
            (Cli::demo(&format!("traces {flags}")).ok(), Cli::demo(&format!("traces list {flags}")).ok());
        assert_eq!(short.to_string(), long.to_string());
    }
}

#[test]
fn ages_are_relative_to_now() {
    let at = |time: &str| Cli::demo("traces list -n 1 --width 60").env("MLTRACE_NOW", time).ok().stdout;
    insta::assert_snapshot!(at("2026-11-20T17:51:30Z"), @"
    trace         age  state  name            duration  tokens
    tr-e1856059  12 s  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2026-11-23T09:00:00Z"), @"
    trace        age  state  name            duration  tokens
    tr-e1856059  2 d  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2028-01-01T00:00:00Z"), @"
    trace          age  state  name            duration  tokens
    tr-e1856059  406 d  OK     run_tool_agent    241 ms     106
    ");
    insta::assert_snapshot!(at("2020-01-01T00:00:00Z"), @"
    trace        state  name            duration  spans  tokens
    tr-e1856059  OK     run_tool_agent    241 ms      4     106
    ");
}

#[test]
fn traces_are_shown_as_a_tree() {
    insta::assert_snapshot!(Cli::demo("trace show").run(), @"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT       ██████████████████████████████   242 ms
    ├─ Completions  CHAT_MODEL  ██████████████████               146 ms  45 → 14  gpt-4o-mini
    ├─ get_weather  TOOL                          ▏              0.6 ms
    └─ Completions  CHAT_MODEL                    ███████████   92.2 ms  39 → 8   gpt-4o-mini
    ");
    insta::assert_snapshot!(Cli::demo("trace show @error --tree").run(), @"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT       ██████████████████████████████  152 ms
    │  ✗ ValueError: No weather station in Atlantis
    ├─ Completions  CHAT_MODEL  █████████████████████████████   146 ms  45 → 14  gpt-4o-mini
    └─ get_weather  TOOL                                     █  3.9 ms
          ✗ ValueError: No weather station in Atlantis
    ");
    insta::assert_snapshot!(Cli::demo("trace show @slow --width 80").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat          UNKNOWN  █████████████████  3.07 s
    ├─ Assistant           AGENT    ███████            1.21 s
    │  └─ chat_completion  LLM      ███████            1.21 s  110 → 61  gpt-4o-mini
    ├─ Tool Agent          AGENT           ▏           2.9 ms
    │  ├─ calculator       TOOL            ▏           0.2 ms
    │  └─ calculator       TOOL            ▏           0.2 ms
    ├─ Assistant           AGENT           ███         621 ms
    │  └─ chat_completion  LLM             ███         619 ms  191 → 61  gpt-4o-mini
    ├─ Tool Agent          AGENT              ▏        4.7 ms
    │  ├─ calculator       TOOL               ▏        0.4 ms
    │  └─ calculator       TOOL               ▏        0.3 ms
    ├─ Assistant           AGENT              █        261 ms
    │  └─ chat_completion  LLM                █        257 ms  269 → 24  gpt-4o-mini
    ├─ Tool Agent          AGENT               ▏       5.2 ms
    │  └─ calculator       TOOL                ▏       0.4 ms
    ├─ Assistant           AGENT               █       248 ms
    │  └─ chat_completion  LLM                  █      246 ms  302 → 23  gpt-4o-mini
    ├─ Tool Agent          AGENT                 ▏     8.6 ms
    │  └─ calculator       TOOL                  ▏     0.4 ms
    ├─ Assistant           AGENT                 █     252 ms
    │  └─ chat_completion  LLM                   █     237 ms  333 → 22  gpt-4o-mini
    ├─ Tool Agent          AGENT                  ▏    3.5 ms
    │  └─ calculator       TOOL                   ▏    0.2 ms
    └─ Assistant           AGENT                  ██   392 ms
       └─ chat_completion  LLM                    ██   390 ms  364 → 38  gpt-4o-mini
    ");
    insta::assert_snapshot!(Cli::demo("trace show @last --status in_progress").run(), @"
    step  IN_PROGRESS  1 ms so far  tr-58b722a7  2026-11-20 17:50:55 UTC
    experiment Misc

    (root not stored)  IN_PROGRESS  1 ms so far  (from the trace record)
    ├─ step  TOOL  █████████████                   0.4 ms
    └─ step  TOOL                     ██████████   0.3 ms
    ");
}

#[test]
fn assessments_are_shown() {
    insta::assert_snapshot!(Cli::demo("trace show @last --name answer").run(), @"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc
    tags added later=yes · empty= · env=prod · mood=🎉 ünïcödé · team/area=search
    correct  true  feedback by ada (HUMAN): It is 42.
    relevance  0.87  feedback by gpt-4o-mini (LLM_JUDGE)
    expected_answer  42  expectation by ada (HUMAN)

    answer  UNKNOWN  ██████████████████████████████  0.4 ms
    ");
}

#[test]
fn ascii_output_is_ascii() {
    let output = Cli::demo("trace show @error --ascii").run();
    assert!(output.stdout.is_ascii(), "{output}");
    insta::assert_snapshot!(output, @"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in - 14 out)  $0.0000152  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI - model gpt-4o-mini

    run_tool_agent  AGENT       ##############################  152 ms
    |  x ValueError: No weather station in Atlantis
    |- Completions  CHAT_MODEL  #############################   146 ms  45 -> 14  gpt-4o-mini
    `- get_weather  TOOL                                     #  3.9 ms
          x ValueError: No weather station in Atlantis
    ");
    for words in [
        "traces list --ascii --width 80",
        "spans --ascii --width 90",
        "usage @last --ascii",
        "trace show @error --ascii --io --width 60",
        "experiments --ascii",
    ] {
        let output = Cli::demo(words).ok();
        assert!(output.stdout.is_ascii(), "{words}\n{output}");
        assert_eq!(Cli::demo(words).env("LANG", "C").ok().stdout, output.stdout);
    }
}

#[test]
fn traces_are_colored() {
    insta::assert_snapshot!(format!("{:?}", Cli::demo("trace show @error --color always").run().stdout).replace("\\n", "\n"), @r#"
    "\u{1b}[1mrun_tool_agent\u{1b}[0m  \u{1b}[31mERROR\u{1b}[0m  152 ms  \u{1b}[35m59 tokens (45 in · 14 out)\u{1b}[0m  \u{1b}[35m$0.0000152\u{1b}[0m  \u{1b}[33mtr-419f926a\u{1b}[0m  2026-11-20 17:51:17 UTC
    \u{1b}[90mexperiment OpenAI\u{1b}[0m · \u{1b}[90mmodel gpt-4o-mini\u{1b}[0m

    \u{1b}[31mrun_tool_agent\u{1b}[0m  \u{1b}[36mAGENT\u{1b}[0m       \u{1b}[31m██████████████████████████████\u{1b}[0m  152 ms
    \u{1b}[90m│  \u{1b}[0m\u{1b}[31m✗ ValueError: No weather station in Atlantis\u{1b}[0m
    \u{1b}[90m├─ \u{1b}[0m\u{1b}[1mCompletions\u{1b}[0m  \u{1b}[36mCHAT_MODEL\u{1b}[0m  \u{1b}[34m█████████████████████████████\u{1b}[0m   146 ms  \u{1b}[35m45 → 14\u{1b}[0m  gpt-4o-mini
    \u{1b}[90m└─ \u{1b}[0m\u{1b}[31mget_weather\u{1b}[0m  \u{1b}[36mTOOL\u{1b}[0m        \u{1b}[31m                             █\u{1b}[0m  3.9 ms
    \u{1b}[90m      \u{1b}[0m\u{1b}[31m✗ ValueError: No weather station in Atlantis\u{1b}[0m
    "
    "#);
}

#[test]
fn colors_are_used_only_if_requested() {
    let has_color = |cli: Cli| cli.ok().stdout.contains('\u{1b}');
    for words in ["traces list", "trace show", "usage", "spans", "experiments"] {
        assert!(!has_color(Cli::demo(words)), "{words}: not a terminal");
        assert!(has_color(Cli::demo(words).arg("--color").arg("always")), "{words}");
        assert!(has_color(Cli::demo(words).env("CLICOLOR_FORCE", "1")), "{words}");
        assert!(!has_color(Cli::demo(words).env("CLICOLOR_FORCE", "0")), "{words}");
        assert!(!has_color(Cli::demo(words).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")), "{words}");
        assert!(has_color(Cli::demo(words).env("NO_COLOR", "1").arg("--color").arg("always")), "{words}");
        assert!(!has_color(Cli::demo(words).env("CLICOLOR_FORCE", "1").arg("--color").arg("never")), "{words}");
        for format in ["json", "jsonl", "csv", "ids"] {
            // Stored text may contain escape sequences; files get it unchanged.
            let cli = Cli::demo(words).arg("-o").arg(format);
            assert_eq!(cli.ok().stdout, cli.arg("--color").arg("always").ok().stdout, "{words} {format}");
        }
    }
}

#[test]
fn colors_do_not_change_the_text() {
    for words in [
        "traces list --width 80",
        "trace show @slow --io --width 70",
        "usage",
        "spans",
        "experiments",
        "trace show @error --span get_weather",
    ] {
        let colored = Cli::demo(words).arg("--color").arg("always").ok().stdout;
        let mut plain = String::new();
        let mut parts = colored.split('\u{1b}');
        plain += parts.next().unwrap();
        for part in parts {
            let end = part.find('m').unwrap_or_else(|| panic!("not a color sequence: {part:?}"));
            assert!(part[1..end].bytes().all(|b| b.is_ascii_digit() || b == b';'), "{part:?}");
            plain += &part[end + 1..];
        }
        // Colored cells are padded with spaces.
        let plain: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(plain, Cli::demo(words).ok().stdout.lines().collect::<Vec<_>>(), "{words}");
    }
}

#[test]
fn inputs_and_outputs_are_shown() {
    insta::assert_snapshot!(Cli::demo("trace show @error --io=3 --width 72").run(), @r#"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152
    tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT       ██████████████  152 ms
    │  ✗ ValueError: No weather station in Atlantis
    │  in  {"question": "What's the weather like in Atlantis today?"}
    ├─ Completions  CHAT_MODEL  █████████████   146 ms  45 → 14  gpt-4o-mini
    │     in  {
    │           "model": "gpt-4o-mini",
    │           "messages": [
    │         … 22 more lines
    │     out {
    │           "id": "chatcmpl-6a841a12a48983f414b11c33",
    │           "choices": [
    │         … 38 more lines
    └─ get_weather  TOOL                     ▏  3.9 ms
          ✗ ValueError: No weather station in Atlantis
          in  {"city": "Atlantis"}

    tags
    mlflow.artifactLocation
      /srv/mltrace/3.18.0-sqlite/mlruns/5/traces/tr-419f926a13917b155df42282
      21e2858b/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE

    metadata
    mlflow.source.name  /srv/mltrace/programs/openai_agent.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  7399
    mlflow.trace.sizeStats
      {"total_size_bytes": 7399, "num_spans": 3, "max": 2649, "p25": 1930,
      "p50": 2153, "p75": 2401}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    "#);
    insta::assert_snapshot!(Cli::demo("trace show @last --name chat --io=0").run(), @r#"
    chat  OK  56.5 ms  34 tokens (29 in · 5 out)  $0.0000074  tr-67cd0414  2026-11-20 17:51:17 UTC
    experiment OpenAI · session chat-42 · user ada · model gpt-4o-mini

    chat            CHAIN       ██████████████████████████████  56.5 ms
    │  in  {
    │        "message": "What is my name?",
    │        "history": [
    │          {
    │            "role": "user",
    │            "content": "Hello, I am Ada."
    │          },
    │          {
    │            "role": "assistant",
    │            "content": "Hello Ada! How can I help you today?"
    │          }
    │        ]
    │      }
    │  out [
    │        {
    │          "role": "user",
    │          "content": "Hello, I am Ada."
    │        },
    │        {
    │          "role": "assistant",
    │          "content": "Hello Ada! How can I help you today?"
    │        },
    │        {
    │          "role": "user",
    │          "content": "What is my name?"
    │        },
    │        {
    │          "role": "assistant",
    │          "content": "Your name is Ada."
    │        }
    │      ]
    └─ Completions  CHAT_MODEL  █████████████████████████████     55 ms  29 → 5  gpt-4o-mini
          in  {
                "model": "gpt-4o-mini",
                "messages": [
                  {
                    "role": "user",
                    "content": "Hello, I am Ada."
                  },
                  {
                    "role": "assistant",
                    "content": "Hello Ada! How can I help you today?"
                  },
                  {
                    "role": "user",
                    "content": "What is my name?"
                  }
                ]
              }
          out {
                "id": "chatcmpl-bd33c256979f9ceee50e8a0e",
                "choices": [
                  {
                    "finish_reason": "stop",
                    "index": 0,
                    "logprobs": null,
                    "message": {
                      "content": "Your name is Ada.",
                      "refusal": null,
                      "role": "assistant",
                      "annotations": [],
                      "audio": null,
                      "function_call": null,
                      "tool_calls": null
                    }
                  }
                ],
                "created": 1753142400,
                "model": "gpt-4o-mini",
                "object": "chat.completion",
                "moderation": null,
                "service_tier": null,
                "system_fingerprint": null,
                "usage": {
                  "completion_tokens": 5,
                  "prompt_tokens": 29,
                  "total_tokens": 34,
                  "completion_tokens_details": null,
                  "prompt_tokens_details": null
                }
              }

    tags
    mlflow.artifactLocation  /srv/mltrace/3.18.0-sqlite/mlruns/5/traces/tr-67cd0414cca2ee933b50c25a4bde0454/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE

    metadata
    mlflow.source.name  /srv/mltrace/programs/openai_agent.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  4307
    mlflow.trace.sizeStats  {"total_size_bytes": 4307, "num_spans": 2, "max": 1588, "p25": 1138, "p50": 1288, "p75": 1438}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    "#);
}

#[test]
fn trace_show_filters_spans() {
    insta::assert_snapshot!(Cli::demo("trace show @last --type TOOL").run(), @"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT  ██████████████████████████████  242 ms
    └─ get_weather  TOOL                     ▏             0.6 ms
    ");
    let document = Cli::demo("trace show @last --type TOOL").json();
    assert_eq!(strings(items(&document, "spans"), "name"), ["get_weather"]);
    // Figures cover the whole trace.
    assert_eq!(document["info"]["token_usage"]["total_tokens"], 106);
}

#[test]
fn a_single_span_is_shown_in_full() {
    insta::assert_snapshot!(Cli::demo("trace show @error --span get_weather").run(), @r#"
    get_weather  TOOL  ERROR  3.9 ms
    span 9b94309c8c7d396e · parent b6aa411805cbccc3 · trace tr-419f926a13917b155df4228221e2858b · 2026-11-20 17:51:17 UTC · log level ERROR

    exception
    ValueError: No weather station in Atlantis
    Traceback (most recent call last):
      File "/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/provider.py", line 311, in with_active_span
        yield
      File "/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py", line 696, in start_span
        yield mlflow_span
      File "/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py", line 336, in _wrapping_logic
        result = yield  # sync/async function output to be sent here
                 ^^^^^
      File "/srv/mltrace/venvs/3.18.0/lib/python3.11/site-packages/mlflow/tracing/fluent.py", line 384, in wrapper
        return wrapping_coro.send(fn(*args, **kwargs))
                                  ^^^^^^^^^^^^^^^^^^^
      File "/srv/mltrace/programs/openai_agent.py", line 67, in get_weather
        raise ValueError(f"No weather station in {city}")
    ValueError: No weather station in Atlantis

    inputs
    {
      "city": "Atlantis"
    }

    attributes
    mlflow.traceRequestId  tr-419f926a13917b155df4228221e2858b
    mlflow.spanType  TOOL
    mlflow.spanFunctionName  get_weather

    events (1)
    exception  +3.7 ms
      exception.message  No weather station in Atlantis
      exception.type  ValueError
    "#);
}

#[test]
fn streamed_chunks_are_joined() {
    let document = Cli::demo("trace show @last --name Completions --max-duration 1s").json();
    let streamed =
        items(&document, "spans").iter().find(|span| !items(span, "events").is_empty()).expect("a streamed answer");
    let id = streamed["span_id"].as_str().unwrap();
    let output = Cli::demo("trace show @last --name Completions --max-duration 1s --span").arg(id).ok();
    let chunks = items(streamed, "events").len();
    assert!(chunks > 3);
    let title = format!("stream ({chunks} chunks, first text after ");
    let (_, stream) = output.stdout.split_once(&title).unwrap_or_else(|| panic!("{output}"));
    assert!(stream.contains("\nOn Titan, Saturn's largest moon, the surface"), "{output}");
    assert!(!output.stdout.contains("mlflow.chunk") && !output.stdout.contains("events ("), "{output}");
}

#[test]
fn usage_of_a_trace_is_shown_per_call() {
    insta::assert_snapshot!(Cli::demo("usage @last").run(), @"
    tr-e1856059  run_tool_agent
    call         agent           type        model        input  output  total        cost
    Completions  run_tool_agent  CHAT_MODEL  gpt-4o-mini     45      14     59  $0.0000152
    Completions  run_tool_agent  CHAT_MODEL  gpt-4o-mini     39       8     47  $0.0000107
    total                                                    84      22    106  $0.0000258
    ");
    insta::assert_snapshot!(Cli::demo("usage @slow").run(), @"
    tr-f12713f2  initiate_chat
    call             agent      type  model        input  output  total        cost
    chat_completion  Assistant  LLM   gpt-4o-mini    110      61    171  $0.0000531
    chat_completion  Assistant  LLM   gpt-4o-mini    191      61    252  $0.0000653
    chat_completion  Assistant  LLM   gpt-4o-mini    269      24    293  $0.0000548
    chat_completion  Assistant  LLM   gpt-4o-mini    302      23    325  $0.0000591
    chat_completion  Assistant  LLM   gpt-4o-mini    333      22    355  $0.0000632
    chat_completion  Assistant  LLM   gpt-4o-mini    364      38    402  $0.0000774
    total                                          1,569     229  1,798    $0.00037
    ");
    insta::assert_snapshot!(Cli::demo("usage @last --name retry").run(), @"
    tr-ac61cd19  retry
    call   agent  type  model  total
    total                          -
    --- stderr
    note: trace tr-ac61cd19b5a1f20408bc93f48b3b475e has no recorded tokens
    ");
    insta::assert_snapshot!(Cli::demo("usage @last --json").run(), @r#"{"schema":"mltrace/1","trace_id":"tr-e185605915a0be9f4268768de1713371","name":"run_tool_agent","token_usage":{"input_tokens":84,"output_tokens":22,"total_tokens":106},"token_usage_source":"spans","recorded_token_usage":{"input_tokens":84,"output_tokens":22,"total_tokens":106},"cost":{"input_cost":0.0000126,"output_cost":0.0000132,"total_cost":0.0000258,"currency":"USD","source":"recorded"},"unpriced":0,"complete":true,"calls":[{"trace_id":"tr-e185605915a0be9f4268768de1713371","kind":"llm","span_id":"9bd57e959a1e337e","span_ids":["9bd57e959a1e337e"],"name":"Completions","span_type":"CHAT_MODEL","agent":"run_tool_agent","agent_source":"span","model":"gpt-4o-mini","provider":null,"token_usage":{"input_tokens":45,"output_tokens":14,"total_tokens":59},"token_usage_source":"recorded","cost":{"input_cost":6.75e-6,"output_cost":8.4e-6,"total_cost":0.000015149999999999999,"currency":"USD","source":"recorded"},"counted":true},{"trace_id":"tr-e185605915a0be9f4268768de1713371","kind":"llm","span_id":"9ee2df28f08b8564","span_ids":["9ee2df28f08b8564"],"name":"Completions","span_type":"CHAT_MODEL","agent":"run_tool_agent","agent_source":"span","model":"gpt-4o-mini","provider":null,"token_usage":{"input_tokens":39,"output_tokens":8,"total_tokens":47},"token_usage_source":"recorded","cost":{"input_cost":5.85e-6,"output_cost":4.8e-6,"total_cost":0.00001065,"currency":"USD","source":"recorded"},"counted":true}]}"#);
}

#[test]
fn usage_is_grouped_by_model() {
    insta::assert_snapshot!(Cli::demo("usage").run(), @"
    model           traces  calls  input  output  total      cost  unpriced
    gpt-4o-mini          6     12  1,744     289  2,033  $0.00044         -
    (not recorded)       2      3    154      38    192         -         3
    total                8     15  1,898     327  2,225  $0.00044         3
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(Cli::demo("usage -x Misc").run(), @"
    model  traces  calls  total
    total       0      0      -
    --- stderr
    note: the selected traces have no token usage or cost
    ");
    insta::assert_snapshot!(Cli::demo("usage --json").run(), @r#"
    {"schema":"mltrace/1","by":["model"],"groups":[{"key":{"model":"gpt-4o-mini"},"traces":6,"calls":12,"token_usage":{"input_tokens":1744,"output_tokens":289,"total_tokens":2033},"cost":{"input_cost":0.0002616,"output_cost":0.0001734,"total_cost":0.000435,"currency":"USD","source":"recorded"},"unpriced":0},{"key":{"model":null},"traces":2,"calls":3,"token_usage":{"input_tokens":154,"output_tokens":38,"total_tokens":192},"cost":null,"unpriced":3}],"other":null,"total":{"traces":8,"calls":15,"token_usage":{"input_tokens":1898,"output_tokens":327,"total_tokens":2225},"cost":{"input_cost":0.0002616,"output_cost":0.0001734,"total_cost":0.000435,"currency":"USD","source":"recorded"},"unpriced":3}}
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    "#);
}

#[test]
fn usage_groups_add_up_to_the_total_in_every_store() {
    for fixture in Fixture::all() {
        let document = fixture.cli("usage").json();
        for path in ["/token_usage/input_tokens", "/token_usage/output_tokens", "/token_usage/total_tokens", "/calls"] {
            let sum: i64 = items(&document, "groups").iter().filter_map(|group| group.pointer(path)?.as_i64()).sum();
            let total = document["total"].pointer(path).and_then(Value::as_i64).unwrap_or(0);
            assert_eq!(sum, total, "{} {path}\n{document}", fixture.name);
        }
        // Equals the sum recorded by MLflow if it recorded usage for every trace.
        let traces = fixture.cli("traces list --all").json();
        let recorded: i64 = items(&traces, "traces")
            .iter()
            .filter_map(|trace| trace.pointer("/recorded_token_usage/total_tokens")?.as_i64())
            .sum();
        if fixture.name.contains("http") {
            // Spans are missing there: either the recorded total counts, or a note mentions them.
            let has_note = fixture.cli("usage").ok().stderr.contains("missing");
            let total = document.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64);
            assert!(has_note || total == Some(recorded), "{}\n{document}", fixture.name);
        } else if fixture.release() >= (3, 2) {
            assert_eq!(
                document.pointer("/total/token_usage/total_tokens").and_then(Value::as_i64),
                Some(recorded),
                "{}",
                fixture.name
            );
        }
    }
}

#[test]
fn spans_are_shown_as_a_table() {
    insta::assert_snapshot!(Cli::demo("spans --llm --width 100 -n 5").run(), @"
    trace        span              name         type        status  duration   tokens  model
    tr-e1856059  9bd57e959a1e337e  Completions  CHAT_MODEL  OK        146 ms  45 → 14  gpt-4o-mini
    tr-e1856059  9ee2df28f08b8564  Completions  CHAT_MODEL  OK       92.2 ms   39 → 8  gpt-4o-mini
    tr-419f926a  619288294f987c4c  Completions  CHAT_MODEL  OK        146 ms  45 → 14  gpt-4o-mini
    tr-67cd0414  975aece793baa29b  Completions  CHAT_MODEL  OK         55 ms   29 → 5  gpt-4o-mini
    tr-e4f87b4a  d58d580229424df2  Completions  CHAT_MODEL  OK        107 ms   8 → 10  gpt-4o-mini
    --- stderr
    note: showing 5 spans; there are more (use -n or --all)
    ");
    insta::assert_snapshot!(Cli::demo("spans --type TOOL --width 140").run(), @"
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
    insta::assert_snapshot!(Cli::demo("spans --type LLM -n 2 --width 100").run(), @"
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
    let key = |flags: &str, key: &str| Cli::demo(&format!("spans -n 1 {flags}")).json()["spans"][0].get(key).is_some();
    for name in ["attributes", "events"] {
        assert!(key("--full", name) && !key("", name), "{name}");
    }
}

#[test]
fn csv_is_written() {
    insta::assert_snapshot!(Cli::demo("experiments -o csv").run(), @"
    experiment_id,name,lifecycle_stage,workspace,artifact_location,creation_time,last_update_time,trace_count,error_count,last_trace_time,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens
    0,Default,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/0,2026-11-20T17:50:47.698Z,2026-11-20T17:50:47.698Z,0,0,,,,
    2,Misc,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/2,2026-11-20T17:50:48.896Z,2026-11-20T17:50:48.896Z,4,0,2026-11-20T17:50:55.493Z,,,
    3,AG2,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/3,2026-11-20T17:51:02.351Z,2026-11-20T17:51:02.351Z,1,0,2026-11-20T17:51:02.540Z,1569,229,1798
    4,AutoGen,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/4,2026-11-20T17:51:10.726Z,2026-11-20T17:51:10.726Z,2,0,2026-11-20T17:51:11.569Z,154,38,192
    5,OpenAI,active,default,/srv/mltrace/3.18.0-sqlite/mlruns/5,2026-11-20T17:51:16.321Z,2026-11-20T17:51:16.321Z,6,1,2026-11-20T17:51:17.898Z,175,60,235
    ");
    insta::assert_snapshot!(Cli::demo("traces -n 3 -o csv").run(), @r#"
    trace_id,client_request_id,experiment_id,experiment_name,name,state,request_time,execution_duration_ms,span_count,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,session_id,user_id,run_id,request_preview,response_preview,question,answer
    tr-e185605915a0be9f4268768de1713371,,5,OpenAI,run_tool_agent,OK,2026-11-20T17:51:17.898Z,241,4,84,22,106,0.000025799999999999997,,,,"{""question"": ""What's the weather like in Paris today?""}","""The weather in Paris today is rainy.""",What's the weather like in Paris today?,The weather in Paris today is rainy.
    tr-419f926a13917b155df4228221e2858b,,5,OpenAI,run_tool_agent,ERROR,2026-11-20T17:51:17.745Z,152,3,45,14,59,0.000015149999999999999,,,,"{""question"": ""What's the weather like in Atlantis today?""}",,What's the weather like in Atlantis today?,
    tr-67cd0414cca2ee933b50c25a4bde0454,,5,OpenAI,chat,OK,2026-11-20T17:51:17.688Z,57,2,29,5,34,7.35e-6,chat-42,ada,,"{""message"": ""What is my name?"", ""history"": [{""role"": ""user"", ""content"": ""Hello, I am Ada.""}, {""role"": ""assistant"", ""content"": ""Hello Ada! How can I help you today?""}]}","[{""role"": ""user"", ""content"": ""Hello, I am Ada.""}, {""role"": ""assistant"", ""content"": ""Hello Ada! How can I help you today?""}, {""role"": ""user"", ""content"": ""What is my name?""}, {""role"": ""assistant"", ""content"": ""Your name is Ada.""}]",What is my name?,Your name is Ada.
    --- stderr
    note: showing 3 of 13 traces (use -n or --all)
    "#);
    insta::assert_snapshot!(Cli::demo("usage -o csv").run(), @"
    key.model,traces,calls,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,unpriced
    gpt-4o-mini,6,12,1744,289,2033,0.000435,,,recorded,0
    ,2,3,154,38,192,,,,,3
    --- stderr
    note: 3 calls with tokens have no model; their cost is unknown and excluded
    note: 1 call has no recorded tokens and is not counted
    ");
    insta::assert_snapshot!(Cli::demo("usage @last -o csv").run(), @"
    kind,span_id,name,span_type,agent,model,provider,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,counted,token_usage.cache_read_input_tokens,token_usage.cache_creation_input_tokens,cost.source,trace_id
    llm,9bd57e959a1e337e,Completions,CHAT_MODEL,run_tool_agent,gpt-4o-mini,,45,14,59,0.000015149999999999999,true,,,recorded,tr-e185605915a0be9f4268768de1713371
    llm,9ee2df28f08b8564,Completions,CHAT_MODEL,run_tool_agent,gpt-4o-mini,,39,8,47,0.00001065,true,,,recorded,tr-e185605915a0be9f4268768de1713371
    ");
    insta::assert_snapshot!(Cli::demo("spans --type TOOL -n 1 -o csv").run(), @r#"
    trace_id,span_id,parent_id,depth,name,span_type,status,status_message,start_time,duration_ms,model,provider,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,exception.type,exception.message,inputs,outputs
    tr-e185605915a0be9f4268768de1713371,9fe828b6484e7b30,2b1705476d8cad55,1,get_weather,TOOL,OK,,2026-11-20T17:51:18.046027187Z,0.615039,,,,,,,,,"{""city"": ""Paris""}",rainy
    --- stderr
    note: showing 1 span; there are more (use -n or --all)
    "#);
}

#[test]
fn csv_keeps_large_integers_exact() {
    let output = Cli::demo("spans -x Misc --all -o csv").ok();
    assert!(
        output.stdout.contains("1234567890123456789012345678901234567890123456789012345678901234567890"),
        "{output}"
    );
}

#[test]
fn ids_are_printed_one_per_line() {
    for words in ["traces -n 3", "spans -n 3", "experiments", "trace show", "usage @last", "usage"] {
        let output = Cli::demo(words).arg("-o").arg("ids").ok();
        assert!(
            !output.stdout.is_empty() && output.stdout.lines().all(|line| !line.is_empty() && !line.contains(' ')),
            "{words}\n{output}"
        );
    }
}

#[test]
fn json_lines_match_the_items_of_the_document() {
    for (words, key) in [
        ("traces --all --deleted", "traces"),
        ("spans --all --full", "spans"),
        ("experiments --deleted", "experiments"),
        ("trace show @slow", "spans"),
        ("usage @slow", "calls"),
        ("usage", "groups"),
    ] {
        let document = Cli::demo(words).json();
        let lines = Cli::demo(words).arg("-o").arg("jsonl").ok();
        let lines: Vec<Value> = lines.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines, items(&document, key), "{words}");
    }
}

#[test]
fn documents_start_with_the_schema_and_end_with_a_newline() {
    for words in [
        "traces -n 0",
        "traces --name nothing",
        "experiments",
        "spans",
        "trace show",
        "usage @last",
        "usage",
        "trace show @error --span get_weather",
    ] {
        let output = Cli::demo(words).arg("--json").ok();
        assert!(output.stdout.starts_with(r#"{"schema":"mltrace/1","#), "{output}");
        assert!(output.stdout.ends_with("}\n") && !output.stdout.ends_with("\n\n"), "{words}");
        output.json();
    }
}

#[test]
fn empty_lists_are_not_errors() {
    insta::assert_snapshot!(Cli::demo("traces --name nothing").run(), @"
    --- stderr
    note: no traces match
    ");
    insta::assert_snapshot!(Cli::demo("traces --name nothing --json").run(), @r#"
    {"schema":"mltrace/1","traces":[

    ],"page":{"returned":0,"matched":0,"complete":true}}
    --- stderr
    note: no traces match
    "#);
    insta::assert_snapshot!(Cli::demo("traces --name nothing -o csv").run(), @"
    trace_id,client_request_id,experiment_id,experiment_name,name,state,request_time,execution_duration_ms,span_count,token_usage.input_tokens,token_usage.output_tokens,token_usage.total_tokens,cost.total_cost,session_id,user_id,run_id,request_preview,response_preview,question,answer
    --- stderr
    note: no traces match
    ");
    insta::assert_snapshot!(Cli::demo("spans --type NOTHING").run(), @"
    --- stderr
    note: no spans match
    ");
    insta::assert_snapshot!(Cli::demo("usage --name nothing --json").run(), @r#"
    {"schema":"mltrace/1","by":["model"],"groups":[],"other":null,"total":{"traces":0,"calls":0,"token_usage":null,"cost":null,"unpriced":0}}
    --- stderr
    note: the selected traces have no token usage or cost
    "#);
}

#[test]
fn json_numbers_are_exact() {
    let output = Cli::demo("trace show @last --name *user*txt*").arg("--json").ok();
    let span = &output.json()["spans"][0];
    assert_eq!(span["inputs"]["not a number"], "NaN");
    assert_eq!(span["inputs"]["infinite"], "-Infinity");
    assert!(
        output.stdout.contains("\"70 digits\": 1234567890123456789012345678901234567890123456789012345678901234567890")
            || output
                .stdout
                .contains("\"70 digits\":1234567890123456789012345678901234567890123456789012345678901234567890"),
        "{output}"
    );
    assert_eq!(span["inputs"]["nul"], "a\0b");
    assert_eq!(span["inputs"]["c1"], "\u{9b}31m");
    for span in items(&Cli::demo("spans --all").json(), "spans") {
        let nanos = span["start_time_ns"].as_i64().unwrap();
        let text = span["start_time"].as_str().unwrap();
        let fraction = text.rsplit('.').next().unwrap();
        assert_eq!(fraction, format!("{:09}Z", nanos % 1_000_000_000), "{text}");
        let took = (span["end_time_ns"].as_i64().unwrap_or(nanos) - nanos) as f64 / 1e6;
        assert!(span["end_time_ns"].is_null() || (span["duration_ms"].as_f64().unwrap() - took).abs() < 1e-9, "{span}");
    }
}

#[test]
fn verbose_explains_the_store_and_quiet_prints_no_notes() {
    let output = Cli::demo("traces -n 1 -v").ok();
    assert!(output.stderr.contains("note: store `demo:`: set by --tracking-uri"), "{output}");
    assert_eq!(Cli::demo("traces -n 1 -q").ok().stderr, "");
    assert_eq!(Cli::demo("traces -q -v").run().exit, Some(2));
}

#[test]
fn times_are_local_unless_utc() {
    let header = |flags: &str| {
        let output = Cli::demo(&format!("trace show @last {flags}")).env("TZ", "EST5").ok();
        output.lines()[0].rsplit("  ").next().unwrap().to_owned()
    };
    let document = Cli::demo("trace show @last").json();
    let time = chrono::DateTime::parse_from_rfc3339(document["info"]["request_time"].as_str().unwrap()).unwrap();
    assert_eq!(header("--utc"), format!("{} UTC", time.format("%Y-%m-%d %H:%M:%S")));
    let local = time.naive_utc() - chrono::TimeDelta::hours(5);
    assert!(header("").starts_with(&local.format("%Y-%m-%d %H:%M:%S").to_string()), "{}", header(""));
    assert!(!header("").ends_with("UTC"), "{}", header(""));
}

#[test]
fn global_flags_work_before_and_after_the_command() {
    let output = Cli::new("--json traces -n 1").on("demo:").ok();
    assert_eq!(output.stdout, Cli::new("traces -n 1 --json --tracking-uri demo:").ok().stdout);
    assert_eq!(output.stdout, Cli::new("traces -n1 -ojson -udemo:").ok().stdout);
}

/// The ids of the trace and the span that have an image attachment.
fn find_image(fixture: &Fixture) -> (String, String) {
    let spans = fixture.cli("spans --all --full").json();
    let span = items(&spans, "spans")
        .iter()
        .find(|span| span.to_string().contains("mlflow-attachment://"))
        .expect("an attachment");
    (span["trace_id"].as_str().unwrap().to_owned(), span["span_id"].as_str().unwrap().to_owned())
}

#[test]
fn attachments_are_saved_without_overwriting_files() {
    for name in
        ["3.18.0-sqlite", "3.18.0-file", "3.18.0-http-sqlite", "3.18.0-archived", "3.16.1-sqlite", "3.16.1-file"]
    {
        let fixture = Fixture::named(name);
        let (trace, span) = find_image(&fixture);
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("new/folder");
        let cli = fixture.cli("trace show").arg(&trace).arg("--span").arg(&span).arg("--save-attachments").arg(&target);
        let output = cli.ok();
        let files = files_below(&target);
        let [file] = files.as_slice() else { panic!("{name}: expected one file, found {files:?}\n{output}") };
        let bytes = std::fs::read(file).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{name}: expected a PNG");
        assert_eq!(file.extension().unwrap(), "png", "{name}");
        assert!(output.stderr.contains(&format!("wrote {} bytes", bytes.len())), "{name}\n{output}");
        std::fs::write(file, "mine").unwrap();
        let again = cli.run();
        assert_eq!(again.exit, Some(5), "{name}\n{again}");
        assert!(again.stderr.contains("cannot write") && again.stderr.contains("exists"), "{name}\n{again}");
        assert_eq!(std::fs::read(file).unwrap(), b"mine");
    }
}

#[test]
fn spans_without_attachments_save_no_files() {
    let folder = tempfile::tempdir().unwrap();
    let output = Cli::demo("trace show @error --span get_weather --save-attachments").arg(folder.path()).ok();
    assert!(output.stderr.contains("no attachments"), "{output}");
    assert_eq!(files_below(folder.path()).len(), 0);
    assert_eq!(Cli::demo("trace show @error --save-attachments x").run().exit, Some(2));
}

#[test]
fn missing_attachments_are_reported_by_id() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let (trace, span) = find_image(&copy.fixture);
    copy.sql(
        "update trace_tags set value = replace(value, '/srv/', '/nowhere/') where key = 'mlflow.artifactLocation'",
    );
    let attachments = files_below(&copy.trace_folder(&trace))
        .into_iter()
        .filter(|path| path.to_string_lossy().contains("attachments"));
    let id = attachments
        .map(|path| {
            std::fs::remove_file(&path).unwrap();
            path.file_name().unwrap().to_str().unwrap().to_owned()
        })
        .next()
        .unwrap();
    let output = copy
        .cli("trace show --json")
        .arg(&trace)
        .arg("--span")
        .arg(&span)
        .arg("--save-attachments")
        .arg(copy.path().join("out"))
        .run();
    assert_eq!(output.exit, Some(3), "{output}");
    assert_eq!(output.error()["code"], json!("not_found"));
    assert!(output.error()["message"].as_str().unwrap().contains(&id), "{output}");
}

#[test]
fn attachment_ids_cannot_be_paths() {
    let copy = Fixture::named("3.18.0-sqlite").copy();
    let (trace, span) = find_image(&copy.fixture);
    let folder = copy.path().join("out");
    for id in ["../../../../mlflow.db", "..", "/etc/hostname", "a/b", "%2e%2e"] {
        copy.database()
            .execute(
                "update spans set content = json_set(content, '$.attributes', json_object('x', ?)) where span_id = ?",
                [&format!("\"mlflow-attachment://{id}?content_type=image%2Fpng\""), &span],
            )
            .unwrap();
        let output =
            copy.cli("trace show").arg(&trace).arg("--span").arg(&span).arg("--save-attachments").arg(&folder).ok();
        assert!(output.stderr.contains("no attachments"), "{id}\n{output}");
        assert!(!folder.exists(), "{id}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn limited_address_space_does_not_change_the_output() {
    let fixture = Fixture::named("3.18.0-sqlite");
    for words in ["usage --json", "exceptions --json", "tools --json", "traces list --all --json"] {
        let cli = fixture.cli(words);
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", "ulimit -v 150000 && exec \"$@\"", "sh", env!("CARGO_BIN_EXE_mltrace")]);
        limited
            .args(cli.command().get_args())
            .env_clear()
            .envs(cli.command().get_envs().filter_map(|(k, v)| Some((k, v?))));
        let output = limited.output().unwrap();
        assert!(output.status.success(), "{words}: {output:?}");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), cli.ok().stdout, "{words}");
    }
}
