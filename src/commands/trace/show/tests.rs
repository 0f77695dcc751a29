//! Conversations and trees: speakers, messages, agents and durations.

use crate::commands::tests::{CommandLine, CommandOutput, items, strings};
use serde_json::{Value, json};

#[test]
fn ag2_chats_are_shown() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last -x AG2 --conversation --width 80").run(), @r#"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat                                                             3.07 s
      clear_history=true · silent=false · summary_method=last_msg
      Tool Agent → Assistant: What is (44231 + 13312 / (230 - 20)) * 4?

      1  Assistant → Tool Agent                                               1.21 s
        chat_completion · gpt-4o-mini                               1.21 s  110 → 61
          tools=calculator · stream=false
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last~1 -x AutoGen --conversation --width 80").run(), @"
    assistant.run  OK  668 ms  110 tokens (89 in · 21 out)  tr-13567dee
    2026-11-20 17:51:10 UTC
    experiment AutoGen

    1  assistant                                                              668 ms
      user: 2 + 40
      OpenAIChatCompletionClient.create                              564 ms  65 → 17
        tools=add
        system: You are a helpful assistant.
        (1 message shown above)
        assistant calls: add(a: 2, b: 40)
      OpenAIChatCompletionClient.create                                49 ms  24 → 4
        tool_choice=none
        (3 messages shown above)
        add returns: 42
        assistant: The sum is 42.
    ");
}

#[test]
fn nested_model_calls_and_agent_responses_are_shown() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last -x AutoGen --conversation --width 80").run(), @"
    assistant.run  OK  189 ms  82 tokens (65 in · 17 out)  tr-0497bd29
    2026-11-20 17:51:11 UTC
    experiment AutoGen

    1  assistant                                                              189 ms
      user: 1+1
      OpenAIChatCompletionClient.create                              179 ms  65 → 17
        tools=add
        system: You are a helpful assistant.
        (1 message shown above)
        assistant calls: add(a: 1, b: 1)
      add returns: 2
      assistant: 2
    ");
}

#[test]
fn failed_tools_are_shown_once() {
    insta::assert_snapshot!(CommandLine::demo("trace show @error --conversation --width 80").run(), @r#"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152
    tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent                                                         152 ms
      question=What's the weather like in Atlantis today?
      Completions · gpt-4o-mini                                      146 ms  45 → 14
        tools=get_weather
        (1 message shown above)
        run_tool_agent calls: get_weather(city: "Atlantis")
      get_weather(city: "Atlantis")                                           3.9 ms
        ✗ ValueError: No weather station in Atlantis
    "#);
}

#[test]
fn full_conversations_repeat_the_history() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last --conversation --full --width 100").run(), @r#"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059
    2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent                                                                             242 ms
      question=What's the weather like in Paris today?
      Completions · gpt-4o-mini                                                          146 ms  45 → 14
        tools=get_weather
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last --conversation").run(), @r#"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  run_tool_agent  242 ms
      question=What's the weather like in Paris today?
      Completions · gpt-4o-mini  146 ms  45 → 14
        tools=get_weather
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last --grep Titan --conversation --width 80").run(), @"
    Completions  OK  387 ms  tr-0243d5ac  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    1  Completions · gpt-4o-mini                                              387 ms
      stream=true
      user: How fast would a glass of water freeze on Titan?
      (streamed in 27 chunks, first text after 380 ms)
      assistant: On Titan, Saturn's largest moon, the surface temperature is about
                 -179 °C (-290 °F), so a glass of water would freeze very quickly,
                 within minutes.
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @last --grep image_url --conversation --width 80").run(), @"
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last --filter").arg("trace.text LIKE '%not a num%'").arg("--conversation").arg("--ascii").run(), @r"
    \x1b[31mred\x1b[0m \x1b]0;title\x07 user\u{202e}txt.exe\u{202c}  OK  0.6 ms  tr-ff3ee2eb  2026-11-20 17:50:49 UTC
    experiment Misc

    \x1b[31mred\x1b[0m \x1b]0;title\x07 user\u{202e}txt.exe\u{202c}  0.6 ms
      not a number=NaN
      infinite=-Infinity
      70 digits=1234567890123456789012345678901234567890123456789012345678901234567890
      c1=\x9b31m
      nul=a\x00b
      \x1b[2Jcleared\x0d overwritten
    ");
}

#[test]
fn conversations_have_csv_and_ids() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last --conversation -o csv").run(), @r#"
    turn,depth,kind,span_id,name,speaker,addressee,model,status,start_time,duration_ms,token_usage.total_tokens,received,sent
    1,0,agent,2b1705476d8cad55,run_tool_agent,run_tool_agent,,,OK,2026-11-20T17:51:17.898547758Z,241.86186,,"[{""role"":""input"",""speaker"":null,""addressee"":null,""content"":[{""type"":""data"",""name"":""question"",""value"":""What's the weather like in Paris today?""}]}]",[]
    ,1,call,9bd57e959a1e337e,Completions,run_tool_agent,,gpt-4o-mini,OK,2026-11-20T17:51:17.899587086Z,145.930808,59,[],"[{""role"":""assistant"",""speaker"":null,""addressee"":null,""content"":[{""type"":""tool_call"",""id"":""call_fce2a6fdd862fdfa"",""name"":""get_weather"",""arguments"":{""city"": ""Paris""}}]}]"
    ,1,tool,9fe828b6484e7b30,get_weather,,,,OK,2026-11-20T17:51:18.046027187Z,0.615039,,"[{""role"":""input"",""speaker"":null,""addressee"":null,""content"":[{""type"":""data"",""name"":""city"",""value"":""Paris""}]}]","[{""role"":""output"",""speaker"":null,""addressee"":null,""content"":[{""type"":""text"",""text"":""rainy""}]}]"
    ,1,call,9ee2df28f08b8564,Completions,run_tool_agent,,gpt-4o-mini,OK,2026-11-20T17:51:18.047717275Z,92.224595,47,[],"[{""role"":""assistant"",""speaker"":null,""addressee"":null,""content"":[{""type"":""text"",""text"":""The weather in Paris today is rainy.""}]}]"
    "#);
    insta::assert_snapshot!(CommandLine::demo("trace show @last --conversation --type TOOL -o ids").run(), @"9fe828b6484e7b30");
}

#[test]
fn sessions_are_shown_as_one_conversation() {
    insta::assert_snapshot!(CommandLine::demo("session show chat-42 --conversation --width 80").run(), @"
    chat-42  2 turns  busy 165 ms  52 tokens (37 in · 15 out)  $0.0000146
    experiment OpenAI · user ada · since 2026-11-20 17:51:17 UTC · wall time 166 ms

    turn 1  OK  108 ms  18 tokens  tr-e4f87b4a  2026-11-20 17:51:17

    chat                                                                      109 ms
      message=Hello, I am Ada.

      1  Completions · gpt-4o-mini                                    107 ms  8 → 10
        (1 message shown above)
        assistant: Hello Ada! How can I help you today?

    turn 2  OK  57 ms  34 tokens  tr-67cd0414  2026-11-20 17:51:17

    chat                                                                     56.5 ms
      message=What is my name?

      1  Completions · gpt-4o-mini                                     55 ms  29 → 5
        (3 messages shown above)
        assistant: Your name is Ada.
    ");
    let document = CommandLine::demo("session show chat-42 --conversation").json();
    let turns = items(&document, "conversations");
    assert_eq!(strings(turns, "trace_id"), strings(items(&document, "traces"), "trace_id"));
    // The second turn does not repeat messages of the first.
    assert!(!turns[1].to_string().contains("I am Ada"));
    let all = CommandLine::demo("session show chat-42 --conversation --full").json();
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
    let info = json!({"trace_id": "tr-00000000000000000000000000000001", "request_time": "2026-11-20T00:00:00Z", "state": "OK",
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}}});
    let document = json!({"info": info, "data": {"spans": spans}}).to_string();
    let output = CommandLine::document(document, "trace show --conversation --width 60").ok();
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
      q=the question
      q=again, and better

      2  run                                              0.1 ms
        q=the other question
        run: another answer
      c                                                   0.1 ms
        stop=x⏎Boss: pay
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
    let document = json!({"spans": spans}).to_string();
    let output = CommandLine::document(&document, "trace show --conversation --agent b --width 60").ok();
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
        q=one
        a: first answer

      2  b                                                0.1 ms
        q=two
        b: second answer
    ");
    let document = json!({"spans": spans}).to_string();
    // By span name and by displayed name.
    for agent in ["b.run", "B"] {
        let output =
            CommandLine::document(&document, &format!("trace show --conversation --agent {agent} --width 60")).ok();
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
        plan=the plan for the planner
        planner: I approve this plan.

      2  reviewer                                         0.1 ms
        plan=the plan for the reviewer
        reviewer: I approve this plan.
      echo                                                0.1 ms
        x=the same in and out
        the same in and out
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

#[test]
fn trees_are_filtered_by_agent() {
    insta::assert_snapshot!(CommandLine::demo("trace show @slow --agent").arg("tool agent").arg("--width").arg("80").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat            ██████████████████████████████  3.07 s
    ├─ Tool Agent     AGENT              ▏                   2.9 ms
    │  ├─ calculator  TOOL               ▏                   0.2 ms
    │  └─ calculator  TOOL               ▏                   0.2 ms
    ├─ Tool Agent     AGENT                    ▏             4.7 ms
    │  ├─ calculator  TOOL                     ▏             0.4 ms
    │  └─ calculator  TOOL                     ▏             0.3 ms
    ├─ Tool Agent     AGENT                       ▏          5.2 ms
    │  └─ calculator  TOOL                        ▏          0.4 ms
    ├─ Tool Agent     AGENT                         ▏        8.6 ms
    │  └─ calculator  TOOL                          ▏        0.4 ms
    └─ Tool Agent     AGENT                            ▏     3.5 ms
       └─ calculator  TOOL                             ▏     0.2 ms
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show tr-13567 --agent *.ON_messages --llm").run(), @"
    assistant.run  OK  668 ms  110 tokens (89 in · 21 out)  tr-13567dee  2026-11-20 17:51:10 UTC
    experiment AutoGen

    assistant.run                            AGENT  ██████████████████████████████  668 ms
    └─ assistant.on_messages                 AGENT    ████████████████████████████  620 ms
       ├─ OpenAIChatCompletionClient.create  LLM      █████████████████████████     564 ms  65 → 17
       └─ OpenAIChatCompletionClient.create  LLM                               ██    49 ms  24 → 4
    ");
}

/// A document with a trace: state, recorded milliseconds, and spans as id, parent, start and end in milliseconds.
fn timed_trace(state: &str, millis: Option<u64>, spans: &[(&str, &str, u64, Option<u64>)]) -> CommandLine {
    let nanos = |millis: u64| 1_794_000_000_000_000_000 + millis * 1_000_000;
    let span = |(id, parent, start, end): &(&str, &str, u64, Option<u64>)| {
        json!({
            "trace_id": format!("tr-{:032x}", 1), "span_id": format!("00000000000000{id}"), "name": format!("span-{id}"),
            "parent_span_id": if parent.is_empty() { Value::Null } else { json!(format!("00000000000000{parent}")) },
            // Adds half a millisecond that is missing from the record.
            "start_time_unix_nano": nanos(*start), "end_time_unix_nano": end.map(|end| nanos(end) + 500_000),
            "status": {"code": "STATUS_CODE_OK"}, "attributes": {"mlflow.spanType": "\"TOOL\""},
        })
    };
    let mut info = json!({
        "trace_id": format!("tr-{:032x}", 1), "request_time": "2026-11-06T21:20:00Z", "state": state,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
        "trace_metadata": {"mlflow.trace_schema.version": "3"},
    });
    if let Some(millis) = millis {
        info["execution_duration_ms"] = json!(millis);
    }
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let document = json!({"info": info, "data": {"spans": spans}}).to_string();
    CommandLine::document(document, "trace show --ascii --width 100")
}

#[test]
fn the_header_shows_the_duration_of_the_root() {
    let first_lines = |output: CommandOutput| output.lines().into_iter().map(str::to_owned).collect::<Vec<_>>();
    let cli = timed_trace("OK", Some(12), &[("a1", "", 0, Some(12)), ("b1", "a1", 1, Some(3))]);
    let lines = first_lines(cli.ok());
    assert!(lines[0].starts_with("span-a1  OK  12.5 ms  "), "{lines:?}");
    assert!(lines[2].starts_with("span-a1 ") && lines[2].ends_with("12.5 ms"), "{lines:?}");
    // The recorded duration includes a child that ends after the root.
    let cli = timed_trace("OK", Some(40), &[("a1", "", 0, Some(12)), ("b1", "a1", 1, Some(40))]);
    assert!(first_lines(cli.ok())[0].starts_with("span-a1  OK  40 ms  "));
    // With two roots the recorded duration is shown.
    let cli = timed_trace("OK", Some(12), &[("a1", "", 0, Some(12)), ("b1", "", 1, Some(3))]);
    assert!(first_lines(cli.ok())[0].starts_with("span-a1  OK  12 ms  "));
    // Without a recorded duration, that of the root is shown.
    let cli = timed_trace("OK", None, &[("a1", "", 0, Some(12))]);
    assert!(first_lines(cli.ok())[0].starts_with("span-a1  OK  12.5 ms  "));
}

#[test]
fn traces_in_progress_show_their_duration_so_far() {
    let spans =
        [("a1", "", 0, None), ("b1", "a1", 100, Some(7_999)), ("c1", "a1", 8_000, None), ("d1", "c1", 8_000, None)];
    let cli = timed_trace("IN_PROGRESS", None, &spans);
    insta::assert_snapshot!(cli.ok(), @"
    span-a1  IN_PROGRESS  8.00 s so far  tr-00000000  2026-11-06 21:20:00 UTC
    experiment 1

    span-a1        TOOL  ##############################  8.00 s so far
    |- span-b1     TOOL  ##############################         7.90 s
    `- span-c1     TOOL                               #           open
       `- span-d1  TOOL                               #           open
    ");
    // Only the start time is known.
    let cli = timed_trace("IN_PROGRESS", Some(0), &[("a1", "", 0, None)]);
    insta::assert_snapshot!(cli.ok(), @"
    span-a1  IN_PROGRESS  tr-00000000  2026-11-06 21:20:00 UTC
    experiment 1

    span-a1  TOOL  ##############################  open
    ");
    // The recorded duration may exceed that of the stored spans.
    let cli = timed_trace("IN_PROGRESS", Some(9_000), &[("b1", "a1", 0, Some(10))]);
    insta::assert_snapshot!(cli.ok(), @"
    span-b1  IN_PROGRESS  9.00 s so far  tr-00000000  2026-11-06 21:20:00 UTC
    experiment 1

    (root not stored)  IN_PROGRESS  9.00 s so far  (from the trace record)
    `- span-b1  TOOL  ##############################  10.5 ms
    ");
}

#[test]
fn long_lines_of_io_are_wrapped() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last --name chat --io=6 --width 44").run(), @r#"
    chat  OK  56.5 ms  34 tokens (29 in · 5 out)
    $0.0000074  tr-67cd0414
    2026-11-20 17:51:17 UTC
    experiment OpenAI · session chat-42
    user ada · model gpt-4o-mini

    chat            CHAIN       56.5 ms
    │  in  {
    │        "message": "What is my name?",
    │        "history": [
    │          {
    │            "role": "user",
    │            "content": "Hello, I am Ada."
    │      … 8 more lines
    │  out [
    │        {
    │          "role": "user",
    │          "content": "Hello, I am Ada."
    │        },
    │        {
    │      … 13 more lines
    └─ Completions  CHAT_MODEL    55 ms  29 → 5
          in  {
                "model": "gpt-4o-mini",
                "messages": [
                  {
                    "role": "user",
                    "content": "Hello, I am
              … 14 more lines
          out {
                "id": "chatcmpl-bd33c256979f9cee
                e50e8a0e",
                "choices": [
                  {
                    "finish_reason": "stop",
              … 29 more lines

    tags
    mlflow.artifactLocation
      /srv/mltrace/3.18.0-sqlite/mlruns/5/traces
      /tr-67cd0414cca2ee933b50c25a4bde0454/artif
      acts
    mlflow.trace.spansLocation  TRACKING_STORE

    metadata
    mlflow.source.name
      /srv/mltrace/programs/openai_agent.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  4307
    mlflow.trace.sizeStats
      {"total_size_bytes": 4307, "num_spans":
      2, "max": 1588, "p25": 1138, "p50": 1288,
      "p75": 1438}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    "#);
}

#[test]
fn traces_are_shown_as_a_tree() {
    insta::assert_snapshot!(CommandLine::demo("trace show").run(), @"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT       ██████████████████████████████   242 ms
    ├─ Completions  CHAT_MODEL  ██████████████████               146 ms  45 → 14  gpt-4o-mini
    ├─ get_weather  TOOL                          ▏              0.6 ms
    └─ Completions  CHAT_MODEL                    ███████████   92.2 ms  39 → 8   gpt-4o-mini
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @error --tree").run(), @"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT       ██████████████████████████████  152 ms
    │  ✗ ValueError: No weather station in Atlantis
    ├─ Completions  CHAT_MODEL  █████████████████████████████   146 ms  45 → 14  gpt-4o-mini
    └─ get_weather  TOOL                                     █  3.9 ms
          ✗ ValueError: No weather station in Atlantis
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @slow --width 80").run(), @"
    initiate_chat  OK  3.07 s  1,798 tokens (1,569 in · 229 out)  $0.00037
    tr-f12713f2  2026-11-20 17:51:02 UTC
    experiment AG2 · model gpt-4o-mini

    initiate_chat                 ███████████████████  3.07 s
    ├─ Assistant           AGENT  ███████              1.21 s
    │  └─ chat_completion  LLM    ███████              1.21 s  110 → 61  gpt-4o-mini
    ├─ Tool Agent          AGENT         ▏             2.9 ms
    │  ├─ calculator       TOOL          ▏             0.2 ms
    │  └─ calculator       TOOL          ▏             0.2 ms
    ├─ Assistant           AGENT         ████          621 ms
    │  └─ chat_completion  LLM           ████          619 ms  191 → 61  gpt-4o-mini
    ├─ Tool Agent          AGENT             ▏         4.7 ms
    │  ├─ calculator       TOOL              ▏         0.4 ms
    │  └─ calculator       TOOL              ▏         0.3 ms
    ├─ Assistant           AGENT             ██        261 ms
    │  └─ chat_completion  LLM               ██        257 ms  269 → 24  gpt-4o-mini
    ├─ Tool Agent          AGENT               ▏       5.2 ms
    │  └─ calculator       TOOL                ▏       0.4 ms
    ├─ Assistant           AGENT               ██      248 ms
    │  └─ chat_completion  LLM                 ██      246 ms  302 → 23  gpt-4o-mini
    ├─ Tool Agent          AGENT                ▏      8.6 ms
    │  └─ calculator       TOOL                 ▏      0.4 ms
    ├─ Assistant           AGENT                ██     252 ms
    │  └─ chat_completion  LLM                   █     237 ms  333 → 22  gpt-4o-mini
    ├─ Tool Agent          AGENT                  ▏    3.5 ms
    │  └─ calculator       TOOL                   ▏    0.2 ms
    └─ Assistant           AGENT                  ██   392 ms
       └─ chat_completion  LLM                    ██   390 ms  364 → 38  gpt-4o-mini
    ");
    insta::assert_snapshot!(CommandLine::demo("trace show @last --status in_progress").run(), @"
    step  IN_PROGRESS  1 ms so far  tr-58b722a7  2026-11-20 17:50:55 UTC
    experiment Misc

    (root not stored)  IN_PROGRESS  1 ms so far  (from the trace record)
    ├─ step  TOOL  █████████████                   0.4 ms
    └─ step  TOOL                     ██████████   0.3 ms
    ");
}

#[test]
fn assessments_are_shown() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last --name answer").run(), @"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc
    tags added later=yes · empty= · env=prod · mood=🎉 ünïcödé · team/area=search
    correct  true  feedback by ada (HUMAN): It is 42.
    relevance  0.87  feedback by gpt-4o-mini (LLM_JUDGE)
    expected_answer  42  expectation by ada (HUMAN)

    answer  ██████████████████████████████  0.4 ms
    ");
}

#[test]
fn ascii_output_is_ascii() {
    let output = CommandLine::demo("trace show @error --ascii").run();
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
        let output = CommandLine::demo(words).ok();
        assert!(output.stdout.is_ascii(), "{words}\n{output}");
        assert_eq!(CommandLine::demo(words).env("LANG", "C").ok().stdout, output.stdout);
    }
}

#[test]
fn traces_are_colored() {
    insta::assert_snapshot!(format!("{:?}", CommandLine::demo("trace show @error --color always").run().stdout).replace("\\n", "\n"), @r#"
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
#[expect(clippy::too_many_lines, reason = "the snapshots are long")]
fn inputs_and_outputs_are_shown() {
    insta::assert_snapshot!(CommandLine::demo("trace show @error --io=3 --width 72").run(), @r#"
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last --name chat --io=0").run(), @r#"
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
    insta::assert_snapshot!(CommandLine::demo("trace show @last --type TOOL").run(), @"
    run_tool_agent  OK  242 ms  106 tokens (84 in · 22 out)  $0.0000258  tr-e1856059  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT  ██████████████████████████████  242 ms
    └─ get_weather  TOOL                     ▏             0.6 ms
    ");
    let document = CommandLine::demo("trace show @last --type TOOL").json();
    assert_eq!(strings(items(&document, "spans"), "name"), ["get_weather"]);
    // Figures cover the whole trace.
    assert_eq!(document["info"]["token_usage"]["total_tokens"], 106);
}

#[test]
fn a_single_span_is_shown_in_full() {
    insta::assert_snapshot!(CommandLine::demo("trace show @error --span get_weather").run(), @r#"
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
    let document = CommandLine::demo("trace show @last --name Completions --max-duration 1s").json();
    let streamed =
        items(&document, "spans").iter().find(|span| !items(span, "events").is_empty()).expect("a streamed answer");
    let id = streamed["span_id"].as_str().unwrap();
    let output = CommandLine::demo("trace show @last --name Completions --max-duration 1s --span").arg(id).ok();
    let chunks = items(streamed, "events").len();
    assert!(chunks > 3);
    let title = format!("stream ({chunks} chunks, first text after ");
    let (_, stream) = output.stdout.split_once(&title).unwrap_or_else(|| panic!("{output}"));
    assert!(stream.contains("\nOn Titan, Saturn's largest moon, the surface"), "{output}");
    assert!(!output.stdout.contains("mlflow.chunk") && !output.stdout.contains("events ("), "{output}");
}

/// A document with a trace of the sample that was changed.
fn changed(trace: &str, change: impl Fn(&mut Value)) -> String {
    let mut document = CommandLine::demo("trace show").words(trace).json();
    change(&mut document);
    document.to_string()
}

/// The span of the tool in a document.
fn weather_span(document: &mut Value) -> &mut Value {
    document["spans"].as_array_mut().unwrap().iter_mut().find(|span| span["name"] == "get_weather").unwrap()
}

#[test]
fn assessments_and_metadata_are_shown_with_io() {
    insta::assert_snapshot!(CommandLine::demo("trace show @last --name answer --io=1").run(), @r#"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc
    correct  feedback by ada (HUMAN)
      value  true
      rationale  It is 42.
    relevance  feedback by gpt-4o-mini (LLM_JUDGE)
      value  0.87
    expected_answer  expectation by ada (HUMAN)
      value  42

    answer  ██████████████████████████████  0.4 ms
       in  {"question": "What is the answer?"}
       out 42

    tags
    added later  yes
    empty
    env  prod
    mlflow.artifactLocation  /srv/mltrace/3.18.0-sqlite/mlruns/2/traces/tr-a06f6f6fd078ef9985de4b4770297abc/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE
    mood  🎉 ünïcödé
    team/area  search

    metadata
    mlflow.source.name  /srv/mltrace/programs/misc.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  1427
    mlflow.trace.sizeStats  {"total_size_bytes": 1427, "num_spans": 1, "max": 591, "p25": 591, "p50": 591, "p75": 591}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    "#);
    let document = changed("@last --name answer", |document| {
        let info = &mut document["info"];
        info["linked_runs"] = json!(["run-2"]);
        info["linked_prompts"] = json!(["greeting/3"]);
        info["client_request_id"] = json!("order-7");
        for (key, value) in [("mlflow.modelId", "m-1"), ("shift", "late"), ("mlflow.sourceRun", "run-1")] {
            info["metadata"][key] = json!(value);
        }
        for assessment in info["assessments"].as_array_mut().unwrap() {
            if assessment["type"] == "expectation" {
                assessment["valid"] = json!(false);
                assessment["value"] = json!({"answer": [42, "forty-two is what the question asked for, no more"]});
            }
        }
    });
    let cli = |words: &str| CommandLine::document(&document, words);
    insta::assert_snapshot!(cli("trace show @last --name answer").run(), @"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc · runs run-1, run-2 · logged model m-1 · prompt greeting/3 · request order-7
    tags added later=yes · empty= · env=prod · mood=🎉 ünïcödé · team/area=search · metadata shift=late
    correct  true  feedback by ada (HUMAN): It is 42.
    relevance  0.87  feedback by gpt-4o-mini (LLM_JUDGE)

    answer  ██████████████████████████████  0.4 ms
    ");
    insta::assert_snapshot!(cli("trace show @last --name answer --io=1 --width 64").run(), @r#"
    answer  OK  0.4 ms  tr-a06f6f6f  2026-11-20 17:50:49 UTC
    experiment Misc · runs run-1, run-2 · logged model m-1
    prompt greeting/3 · request order-7
    correct  feedback by ada (HUMAN)
      value  true
      rationale  It is 42.
    relevance  feedback by gpt-4o-mini (LLM_JUDGE)
      value  0.87
    expected_answer  expectation by ada (HUMAN) [overridden]
      value
        {
          "answer": [
            42,
            "forty-two is what the question asked for, no more"
          ]
        }

    answer  ██████████████████████████████  0.4 ms
       in  {"question":"What is the answer?"}
       out 42

    tags
    added later  yes
    empty
    env  prod
    mlflow.artifactLocation
      /srv/mltrace/3.18.0-sqlite/mlruns/2/traces/tr-a06f6f6fd078ef99
      85de4b4770297abc/artifacts
    mlflow.trace.spansLocation  TRACKING_STORE
    mood  🎉 ünïcödé
    team/area  search

    metadata
    mlflow.source.name  /srv/mltrace/programs/misc.py
    mlflow.source.type  LOCAL
    mlflow.trace.infoFinalized  true
    mlflow.trace.sizeBytes  1427
    mlflow.trace.sizeStats
      {"total_size_bytes": 1427, "num_spans": 1, "max": 591, "p25":
      591, "p50": 591, "p75": 591}
    mlflow.trace_schema.version  3
    mlflow.user  dev
    shift  late
    "#);
}

#[test]
fn spans_show_tools_links_level_and_description() {
    let document = changed("@error", |document| {
        let span = weather_span(document);
        let attributes = &mut span["attributes"];
        attributes["mlflow.spanDescription"] = json!("Looks up the weather.\nNothing else.");
        attributes["mlflow.spanLogLevel"] = json!(30);
        attributes["mlflow.chat.tools"] =
            json!([{"type": "function", "function": {"name": "get_weather"}}, {"name": "add"}]);
        attributes["note"] = json!("a note that is long enough to need a line of its own, and then some more");
        span["links"] = json!([{"trace_id": "tr-3808ca745f467c6871abe4ae0e66cada", "span_id": "1fb16109e38ba350", "attributes": {"why": "retry"}}]);
        span["events"] = json!([{"name": "cache \u{1b}[31m miss", "time_ns": 1, "attributes": {"key": "a\nb"}}]);
    });
    let cli = |words: &str| CommandLine::document(&document, words);
    insta::assert_snapshot!(cli("trace show @error --span get_weather --width 70").run(), @r#"
    get_weather  TOOL  ERROR  3.9 ms
    span 9b94309c8c7d396e · parent b6aa411805cbccc3
    trace tr-419f926a13917b155df4228221e2858b · 2026-11-20 17:51:17 UTC
    log level WARNING · tools get_weather, add
    Looks up the weather.
    Nothing else.

    status message
    ValueError: No weather station in Atlantis

    inputs
    {
      "city": "Atlantis"
    }

    attributes
    mlflow.chat.tools
      [
        {
          "function": {
            "name": "get_weather"
          },
          "type": "function"
        },
        {
          "name": "add"
        }
      ]
    mlflow.spanFunctionName  get_weather
    mlflow.spanType  TOOL
    mlflow.traceRequestId  tr-419f926a13917b155df4228221e2858b
    note
      a note that is long enough to need a line of its own, and then some
      more

    events (1)
    cache \x1b[31m miss  +-20777 d 17 h
      key
        a
        b

    links
    trace tr-3808ca74  span 1fb16109e38ba350
      why  retry
    "#);
}

#[test]
fn mlflow_logging_failures_are_marked() {
    let document = changed("@error", |document| {
        let span = weather_span(document);
        span["status_message"] = json!("Error code: 500");
        let stack = "Traceback:\n  File \"/lib/mlflow/autogen/chat.py\", line 1, in f\nValidationError";
        let attributes = json!({"exception.type": "ValidationError", "exception.message": "2 errors", "exception.stacktrace": stack});
        span["events"] = json!([{"name": "exception", "time_ns": 1, "attributes": attributes}]);
    });
    let cli = |words: &str| CommandLine::document(&document, words);
    insta::assert_snapshot!(cli("trace show @error --type TOOL").run(), @"
    run_tool_agent  ERROR  152 ms  59 tokens (45 in · 14 out)  $0.0000152  tr-419f926a  2026-11-20 17:51:17 UTC
    experiment OpenAI · model gpt-4o-mini

    run_tool_agent  AGENT  ██████████████████████████████  152 ms
    │  ✗ ValueError: No weather station in Atlantis
    └─ get_weather  TOOL                                █  3.9 ms
          ✗ MLflow's own logging failed, not the call: ValidationError: 2 errors
    ");
    insta::assert_snapshot!(cli("trace show @error --span get_weather --width 80").run(), @r#"
    get_weather  TOOL  ERROR  3.9 ms
    span 9b94309c8c7d396e · parent b6aa411805cbccc3
    trace tr-419f926a13917b155df4228221e2858b · 2026-11-20 17:51:17 UTC
    log level ERROR

    exception
    MLflow's own logging failed, not the call: ValidationError: 2 errors
    Traceback:
      File "/lib/mlflow/autogen/chat.py", line 1, in f
    ValidationError

    status message
    Error code: 500

    inputs
    {
      "city": "Atlantis"
    }

    attributes
    mlflow.spanFunctionName  get_weather
    mlflow.spanType  TOOL
    mlflow.traceRequestId  tr-419f926a13917b155df4228221e2858b

    events (1)
    exception  +-20777 d 17 h
      exception.message  2 errors
      exception.type  ValidationError
    "#);
    insta::assert_snapshot!(cli("spans --type TOOL --status error").run(), @"
    trace        span              name         type  status  duration  failure
    tr-419f926a  9b94309c8c7d396e  get_weather  TOOL  ERROR     3.9 ms  MLflow's own logging failed, not the call: ValidationError: 2 errors
    ");
}
