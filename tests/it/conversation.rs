//! `trace show --conversation`: speakers and messages, compared with what the fixture programs do.

use crate::harness::{Cli, Fixture, items, strings};
use serde_json::{Value, json};

#[test]
fn ag2_chats_are_shown() {
    insta::assert_snapshot!(Cli::demo("trace show @last -x AG2 --conversation --width 80").run(), @r#"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat                                                             3.07 s
      clear_history true · silent false · summary_method last_msg
      Tool Agent → Assistant: What is (44231 + 13312 / (230 - 20)) * 4?

      1  Assistant → Tool Agent                                               1.21 s
        chat_completion · gpt-4o-mini                               1.21 s  110 → 61
          tools calculator · stream false
          system: You are a helpful AI assistant. You can help with simple
                  calculations. Return 'TERMINATE' when the task is done.
          (1 message shown above)
          Assistant calls: calculator(a: 230, b: 20, operator: "-")
          Assistant calls: calculator(a: 13312, b: 210, operator: "/")

      2  Tool Agent → Assistant                                               2.9 ms
        calculator(a: 230, b: 20, operator: "-")                              0.2 ms
          210
        calculator(a: 13312, b: 210, operator: "/")                           0.2 ms
          63

      3  Assistant → Tool Agent                                               621 ms
        chat_completion · gpt-4o-mini                               619 ms  191 → 61
          (5 messages shown above)
          Assistant calls: calculator(a: 13312, b: 210, operator: "/")
          Assistant calls: calculator(a: 44231, b: 63, operator: "+")

      4  Tool Agent → Assistant                                               4.7 ms
        calculator(a: 13312, b: 210, operator: "/")                           0.4 ms
          63
        calculator(a: 44231, b: 63, operator: "+")                            0.3 ms
          44294

      5  Assistant → Tool Agent                                               261 ms
        chat_completion · gpt-4o-mini                               257 ms  269 → 24
          (8 messages shown above)
          Assistant calls: calculator(a: 44231, b: 63, operator: "+")

      6  Tool Agent → Assistant                                               5.2 ms
        calculator(a: 44231, b: 63, operator: "+")                            0.4 ms
          44294

      7  Assistant → Tool Agent                                               248 ms
        chat_completion · gpt-4o-mini                               246 ms  302 → 23
          (10 messages shown above)
          Assistant calls: calculator(a: 44294, b: 4, operator: "*")

      8  Tool Agent → Assistant                                               8.6 ms
        calculator(a: 44294, b: 4, operator: "*")                             0.4 ms
          177176

      9  Assistant → Tool Agent                                               252 ms
        chat_completion · gpt-4o-mini                               237 ms  333 → 22
          (12 messages shown above)
          Assistant calls: calculator(a: 177176, b: 4, operator: "/")

      10  Tool Agent → Assistant                                              3.5 ms
        calculator(a: 177176, b: 4, operator: "/")                            0.2 ms
          44294

      11  Assistant → Tool Agent                                              392 ms
        chat_completion · gpt-4o-mini                               390 ms  364 → 38
          (14 messages shown above)
          Assistant:
            │ The result of \((44231 + 13312 / (230 - 20)) \times 4\) is 177176.
            │
            │ TERMINATE
    "#);
}

#[test]
fn autogen_tool_reflection_is_shown() {
    insta::assert_snapshot!(Cli::demo("trace show @last~1 -x AutoGen --conversation --width 80").run(), @"
    assistant.run  OK  668 ms  110 tokens (89 in · 21 out)  tr-13567dee
    2026-11-20 17:51:10 UTC
    experiment AutoGen

    1  assistant                                                              668 ms
      user: 2 + 40
      OpenAIChatCompletionClient.create                              564 ms  65 → 17
        tools add
        system: You are a helpful assistant.
        (1 message shown above)
        assistant calls: add(a: 2, b: 40)
      OpenAIChatCompletionClient.create                                49 ms  24 → 4
        tool_choice none
        (3 messages shown above)
        add returns: 42
        assistant: The sum is 42.
    ");
}

#[test]
fn nested_model_calls_and_agent_responses_are_shown() {
    insta::assert_snapshot!(Cli::demo("trace show @last -x AutoGen --conversation --width 80").run(), @"
    assistant.run  OK  189 ms  82 tokens (65 in · 17 out)  tr-0497bd29
    2026-11-20 17:51:11 UTC
    experiment AutoGen

    1  assistant                                                              189 ms
      user: 1+1
      OpenAIChatCompletionClient.create                              179 ms  65 → 17
        tools add
        system: You are a helpful assistant.
        (1 message shown above)
        assistant calls: add(a: 1, b: 1)
      add returns: 2
      assistant: 2
    ");
}

#[test]
fn failed_tools_are_shown_once() {
    insta::assert_snapshot!(Cli::demo("trace show @error --conversation --width 80").run(), @r#"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152
    tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent                                                         152 ms
      question = What's the weather like in Atlantis today?
      Completions · gpt-4o-mini                                      146 ms  45 → 14
        tools get_weather
        (1 message shown above)
        run_tool_agent calls: get_weather(city: "Atlantis")
      get_weather(city: "Atlantis")                                           3.9 ms
        ✗ ValueError: No weather station in Atlantis
    "#);
}

#[test]
fn full_conversations_repeat_the_history() {
    insta::assert_snapshot!(Cli::demo("trace show @last --conversation --full --width 100").run(), @r#"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059
    2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent                                                                             242 ms
      question = What's the weather like in Paris today?
      Completions · gpt-4o-mini                                                          146 ms  45 → 14
        tools get_weather
        user: What's the weather like in Paris today?
        run_tool_agent calls: get_weather(city: "Paris")
      get_weather(city: "Paris")                                                                  0.6 ms
        rainy
      Completions · gpt-4o-mini                                                          92.2 ms  39 → 8
        user: What's the weather like in Paris today?
        assistant calls: get_weather(city: "Paris")
        get_weather returns: rainy
        run_tool_agent: The weather in Paris today is rainy.
      run_tool_agent: The weather in Paris today is rainy.
    "#);
    insta::assert_snapshot!(Cli::demo("trace show @last --conversation").run(), @r#"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent  242 ms
      question = What's the weather like in Paris today?
      Completions · gpt-4o-mini  146 ms  45 → 14
        tools get_weather
        (1 message shown above)
        run_tool_agent calls: get_weather(city: "Paris")
      get_weather(city: "Paris")  0.6 ms
        rainy
      Completions · gpt-4o-mini  92.2 ms  39 → 8
        (3 messages shown above)
        run_tool_agent: The weather in Paris today is rainy.
    "#);
}

#[test]
fn streams_show_their_chunk_count_and_images_their_size() {
    insta::assert_snapshot!(Cli::demo("trace show @last --grep Titan --conversation --width 80").run(), @"
    Completions  OK  387 ms  tr-0243d5ac  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  Completions · gpt-4o-mini                                              387 ms
      stream true
      user: How fast would a glass of water freeze on Titan?
      (streamed in 27 chunks, first text after 380 ms)
      assistant: On Titan, Saturn's largest moon, the surface temperature is about
                 -179 °C (-290 °F), so a glass of water would freeze very quickly,
                 within minutes.
    ");
    insta::assert_snapshot!(Cli::demo("trace show @last --grep image_url --conversation --width 80").run(), @"
    Completions  OK  155 ms  18 tokens (9 in · 9 out)  $0.0000068  tr-9fdfabf4
    2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  Completions · gpt-4o-mini                                       155 ms  9 → 9
      user: What is in this image?
        [image image/png, 70 bytes]
      assistant: The image shows a single red pixel.
    ");
}

#[test]
fn hostile_text_is_escaped() {
    insta::assert_snapshot!(Cli::demo("trace show @last --filter").arg("trace.text LIKE '%not a num%'").arg("--conversation").arg("--ascii").run(), @r"
    \x1b[31mred\x1b[0m \x1b]0;title\x07 user\u{202e}txt.exe\u{202c}  OK  0.6 ms  tr-ff3ee2eb  2026-11-20 17:50:49 UTC
    experiment Misc

    \x1b[31mred\x1b[0m \x1b]0;title\x07 user\u{202e}txt.exe\u{202c}  0.6 ms
      not a number = NaN
      infinite = -Infinity
      70 digits = 1234567890123456789012345678901234567890123456789012345678901234567890
      c1 = \x9b31m
      nul = a\x00b
      \x1b[2Jcleared\x0d overwritten
    ");
}

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
        tools add
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
fn conversations_have_csv_and_ids() {
    insta::assert_snapshot!(Cli::demo("trace show @last --conversation -o csv").run(), @r#"
    turn,depth,kind,span_id,name,speaker,addressee,model,status,start_time,duration_ms,token_usage.total_tokens,received,sent
    1,0,agent,2b1705476d8cad55,run_tool_agent,run_tool_agent,,,OK,2026-11-20T17:51:17.898547758Z,241.86186,,"[{""role"":""input"",""speaker"":null,""addressee"":null,""content"":[{""type"":""data"",""name"":""question"",""value"":""What's the weather like in Paris today?""}]}]",[]
    ,1,call,9bd57e959a1e337e,Completions,run_tool_agent,,gpt-4o-mini,OK,2026-11-20T17:51:17.899587086Z,145.930808,59,[],"[{""role"":""assistant"",""speaker"":null,""addressee"":null,""content"":[{""type"":""tool_call"",""id"":""call_fce2a6fdd862fdfa"",""name"":""get_weather"",""arguments"":{""city"": ""Paris""}}]}]"
    ,1,tool,9fe828b6484e7b30,get_weather,,,,OK,2026-11-20T17:51:18.046027187Z,0.615039,,"[{""role"":""input"",""speaker"":null,""addressee"":null,""content"":[{""type"":""data"",""name"":""city"",""value"":""Paris""}]}]","[{""role"":""output"",""speaker"":null,""addressee"":null,""content"":[{""type"":""text"",""text"":""rainy""}]}]"
    ,1,call,9ee2df28f08b8564,Completions,run_tool_agent,,gpt-4o-mini,OK,2026-11-20T17:51:18.047717275Z,92.224595,47,[],"[{""role"":""assistant"",""speaker"":null,""addressee"":null,""content"":[{""type"":""text"",""text"":""The weather in Paris today is rainy.""}]}]"
    "#);
    insta::assert_snapshot!(Cli::demo("trace show @last --conversation --type TOOL -o ids").run(), @"9fe828b6484e7b30");
}

#[test]
fn sessions_are_shown_as_one_conversation() {
    insta::assert_snapshot!(Cli::demo("session show chat-42 --conversation --width 80").run(), @"
    chat-42  2 turns  busy 165 ms  52 tokens (37 in · 15 out)  $0.0000146
    experiment OpenAI · user ada · since 2026-11-20 17:51:17 UTC · wall time 166 ms

    turn 1  OK  108 ms  18 tokens  tr-e4f87b4a  2026-11-20 17:51:17

    chat                                                                      109 ms
      message = Hello, I am Ada.

      1  Completions · gpt-4o-mini                                    107 ms  8 → 10
        (1 message shown above)
        assistant: Hello Ada! How can I help you today?

    turn 2  OK  57 ms  34 tokens  tr-67cd0414  2026-11-20 17:51:17

    chat                                                                     56.5 ms
      message = What is my name?

      1  Completions · gpt-4o-mini                                     55 ms  29 → 5
        (3 messages shown above)
        assistant: Your name is Ada.
    ");
    let document = Cli::demo("session show chat-42 --conversation").json();
    let turns = items(&document, "conversations");
    assert_eq!(strings(turns, "trace_id"), strings(items(&document, "traces"), "trace_id"));
    // The second turn does not repeat messages of the first.
    assert!(!turns[1].to_string().contains("I am Ada"));
    let all = Cli::demo("session show chat-42 --conversation --full").json();
    assert!(items(&all, "conversations")[1].to_string().contains("I am Ada"));
}

/// A span of a document. `parent` 0 means none; the start time is derived from `id`.
fn span(id: u64, parent: u64, kind: &str, name: &str, inputs: &Value, outputs: &Value) -> Value {
    let hex = |id: u64| format!("{id:016x}");
    json!({
        "trace_id": "tr-00000000000000000000000000000001", "span_id": hex(id),
        "parent_span_id": (parent > 0).then(|| hex(parent)), "name": name,
        "start_time_unix_nano": 1_000 * id, "end_time_unix_nano": 1_000 * id + 500, "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {
            "mlflow.spanType": format!("\"{kind}\""),
            "mlflow.spanInputs": inputs.to_string(), "mlflow.spanOutputs": outputs.to_string()
        }
    })
}

/// The conversation of a trace with these spans, without the header.
fn conversation(spans: &[Value]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.json");
    let info = json!({"trace_id": "tr-00000000000000000000000000000001", "request_time": "2026-11-20T00:00:00Z", "state": "OK",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}});
    std::fs::write(&path, json!({"info": info, "data": {"spans": spans}}).to_string()).unwrap();
    let output = Cli::new("trace show --conversation --width 60").on(&path).ok();
    let (_, body) = output.stdout.split_once("\n\n").unwrap();
    body.to_owned()
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn response(text: &str) -> Value {
    json!({"choices": [{"message": {"role": "assistant", "content": text}}]})
}

/// A response that requests a tool call, and the following request with the tool's result.
fn tool(id: &str, name: &str, arguments: &str, result_text: &str) -> [Value; 2] {
    let call = json!({"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]});
    let result = json!({"role": "tool", "tool_call_id": id, "content": result_text});
    [json!({"choices": [{"message": call}]}), json!({"messages": [user("go"), call, result]})]
}

#[test]
fn call_ids_may_repeat_in_each_response() {
    let [weather, rainy] = tool("call_0", "get_weather", "{}", "rainy");
    let [delete, deleted] = tool("call_0", "delete_file", "{}", "deleted");
    let request = json!({"messages": [user("go")]});
    insta::assert_snapshot!(conversation(&[
        span(1, 0, "AGENT", "bot", &json!({"task": "go"}), &json!(null)),
        span(2, 1, "LLM", "c", &request, &weather),
        span(3, 1, "LLM", "c", &rainy, &delete),
        span(4, 1, "LLM", "c", &deleted, &response("done")),
    ]), @"
    1  bot                                                0.1 ms
      user: go
      c                                                   0.1 ms
        (1 message shown above)
        bot calls: get_weather()
      c                                                   0.1 ms
        (2 messages shown above)
        get_weather returns: rainy
        bot calls: delete_file()
      c                                                   0.1 ms
        (2 messages shown above)
        delete_file returns: deleted
        bot: done
    ");
}

#[test]
fn repeated_text_is_shown_if_it_is_new_in_its_place() {
    let request_with = |text: &str| json!({"messages": [user(text)]});
    let system = json!({"messages": [{"role": "system", "content": "a very long first answer"}, user("next")]});
    let pictures = json!({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://a/1.png"}}, {"type": "image_url", "image_url": {"url": "https://a/2.png"}}]}]});
    insta::assert_snapshot!(conversation(&[
        span(1, 0, "CHAIN", "root", &json!({}), &json!(null)),
        span(2, 1, "LLM", "c", &request_with("yes"), &response("a very long first answer")),
        span(3, 1, "LLM", "c", &request_with("yes"), &response("second")),
        span(4, 1, "LLM", "c", &system, &response("third")),
        span(5, 1, "LLM", "c", &pictures, &response("two dots")),
    ]), @"
    root                                                  0.1 ms

      1  c                                                0.1 ms
        user: yes
        assistant: a very long first answer

      2  c                                                0.1 ms
        user: yes
        assistant: second

      3  c                                                0.1 ms
        system: a very long first answer
        user: next
        assistant: third

      4  c                                                0.1 ms
        user: [image https://a/1.png]
          [image https://a/2.png]
        assistant: two dots
    ");
}

#[test]
fn nested_agents_of_the_same_name_keep_their_messages_and_failures() {
    let mut failed = span(2, 1, "AGENT", "bot", &json!({"q": "again, and better"}), &json!(null));
    failed["status"] = json!({"code": "STATUS_CODE_ERROR", "message": "ValueError: inner broke"});
    insta::assert_snapshot!(conversation(&[
        span(1, 0, "AGENT", "bot", &json!({"q": "the question"}), &json!("APPROVED by a reviewer")),
        failed,
        span(3, 1, "AGENT", "run", &json!({"q": "the other question"}), &json!("another answer")),
        span(4, 1, "LLM", "c", &json!({"messages": [user("the question")], "stop": "x\nBoss: pay"}), &response("NOT APPROVED by a reviewer\n\n2  Boss")),
    ]), @"
    1  bot                                                0.1 ms
      q = the question
      q = again, and better

      2  run                                              0.1 ms
        q = the other question
        run: another answer
      c                                                   0.1 ms
        stop x⏎Boss: pay
        (1 message shown above)
        bot:
          │ NOT APPROVED by a reviewer
          │
          │ 2  Boss
      bot: APPROVED by a reviewer
      ✗ ValueError: inner broke
    ");
}

#[test]
fn deeply_nested_values_are_supported() {
    let deep = |open: &str, close: &str| {
        let text = format!("{}1{}", open.repeat(6_000), close.repeat(6_000));
        let span = json!({"messages": []}).to_string().replace("[]", &text);
        let mut llm_span = span_of(&span);
        llm_span["attributes"]["mlflow.spanOutputs"] = json!(text);
        llm_span
    };
    let nested = r#"[{"role":"tool","is_error":true,"content":[{"type":"tool_result","content":"#;
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (nested, "}]}]")] {
        assert!(conversation(&[deep(open, close)]).contains("deep"));
    }
}

fn span_of(inputs: &str) -> Value {
    let mut llm_span = span(1, 0, "LLM", "deep", &json!(null), &json!(null));
    llm_span["attributes"]["mlflow.spanInputs"] = json!(inputs);
    llm_span
}

#[test]
fn filtered_turns_keep_their_numbers() {
    let spans = [
        span(1, 0, "CHAIN", "root", &json!({}), &json!(null)),
        span(2, 1, "AGENT", "a", &json!({"q": "first question"}), &json!("first answer")),
        span(3, 1, "AGENT", "b", &json!({"q": "second question"}), &json!("second answer")),
    ];
    assert!(conversation(&spans).contains("  2  b"));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.json");
    std::fs::write(&path, json!({"spans": spans}).to_string()).unwrap();
    let output = Cli::new("trace show --conversation --agent b --width 60").on(&path).ok();
    assert!(output.stdout.contains("2  b") && !output.stdout.contains("first"), "{output}");
}

#[test]
fn a_turn_of_two_methods_has_one_number() {
    let spans = [
        span(1, 0, "CHAIN", "root", &json!({}), &json!(null)),
        span(2, 1, "AGENT", "a.run", &json!({"q": "one"}), &json!("first answer")),
        span(3, 2, "AGENT", "a.on_messages", &json!({"q": "one"}), &json!("first answer")),
        span(4, 1, "AGENT", "b.run", &json!({"q": "two"}), &json!("second answer")),
    ];
    insta::assert_snapshot!(conversation(&spans), @"
    root                                                  0.1 ms

      1  a                                                0.1 ms
        q = one
        a: first answer

      2  b                                                0.1 ms
        q = two
        b: second answer
    ");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.json");
    std::fs::write(&path, json!({"spans": spans}).to_string()).unwrap();
    // By span name and by displayed name.
    for agent in ["b.run", "B"] {
        let output = Cli::new(&format!("trace show --conversation --agent {agent} --width 60")).on(&path).ok();
        assert!(output.stdout.contains("2  b") && !output.stdout.contains("first"), "{output}");
    }
}

#[test]
fn equal_messages_of_two_agents_are_both_shown() {
    let agent = |id, name| {
        span(id, 1, "AGENT", name, &json!({"plan": format!("the plan for the {name}")}), &json!("I approve this plan."))
    };
    let echo = span(4, 1, "CHAIN", "echo", &json!({"x": "the same in and out"}), &json!("the same in and out"));
    insta::assert_snapshot!(conversation(&[
        span(1, 0, "CHAIN", "root", &json!({}), &json!("I approve this plan.")),
        agent(2, "planner"),
        agent(3, "reviewer"),
        echo,
    ]), @"
    root                                                  0.1 ms

      1  planner                                          0.1 ms
        plan = the plan for the planner
        planner: I approve this plan.

      2  reviewer                                         0.1 ms
        plan = the plan for the reviewer
        reviewer: I approve this plan.
      echo                                                0.1 ms
        x = the same in and out
        the same in and out
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

#[test]
fn tool_arguments_may_be_images_or_results() {
    let image = "data:image/png;base64,iVBORw0KGgo=";
    let title = |inputs: &Value| {
        let shown = conversation(&[span(1, 0, "TOOL", "look", inputs, &json!("fine"))]);
        shown.trim().lines().next().unwrap().split("  ").next().unwrap().to_owned()
    };
    assert_eq!(title(&json!({"image": image})), "look([image image/png, 8 bytes])");
    let result = json!([{"role": "tool", "tool_call_id": "c", "content": "42"}]);
    assert_eq!(title(&json!({"messages": result})), "look(42)");
}
