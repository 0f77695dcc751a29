//! Agent frameworks, each with the shapes that MLflow 3.18 records for its programs.

use super::{answered, asked, json, part};
use crate::frameworks::SpanRequest;

fn parameters(inputs: &str) -> Vec<String> {
    let parameters = SpanRequest::from_inputs(&json(inputs)).parameters;
    parameters.iter().map(|(key, value)| format!("{key}={}", value.text())).collect()
}

#[test]
fn gemini_writes_every_member_of_a_part() {
    let part_with = |set: &str| format!(r#"{{"file_data":null,"inline_data":null,"thought_signature":null,{set}}}"#);
    let text = part_with(r#""text":"hi","thought":null,"function_call":null,"function_response":null"#);
    let thought = part_with(r#""text":"hm","thought":true,"function_call":null"#);
    let call = part_with(r#""text":null,"function_call":{"id":null,"args":{"city":"Rome"},"name":"rain"}"#);
    let result = |response: &str| {
        part_with(&format!(r#""text":null,"function_response":{{"id":null,"name":"rain","response":{response}}}"#))
    };
    let (good, bad) = (result(r#"{"result":"no"}"#), result(r#"{"error":"no station"}"#));
    let inputs = format!(
        r#"{{"model":"m","contents":[{{"role":"user","parts":[{text}]}},{{"role":"user","parts":[{good},{bad}]}}],
            "config":{{"system_instruction":"be brief","top_p":null,"temperature":0.5,"http_options":{{"a":1}},
            "tools":[{{"google_search":null,"function_declarations":[{{"name":"rain"}}]}},"<function snow at 0x7f3a2b10>"]}}}}"#
    );
    asked(&inputs, "system: be brief\nuser: hi\nuser: #=no | #!no station");
    assert_eq!(parameters(&inputs), ["temperature=0.5", r#"tools=["rain","snow"]"#]);
    answered(
        &format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{thought},{call},{}]}}}},{{"content":null}}]}}"#,
            part_with(r#""text":null"#)
        ),
        r#"assistant: (hm) | rain{"city":"Rome"}#"#,
    );
}

#[test]
fn pydantic_ai_puts_parts_of_several_roles_into_one_request() {
    asked(
        r#"{"messages":[{"kind":"request","instructions":"be brief","parts":[{"part_kind":"system-prompt","content":"s"},
            {"part_kind":"user-prompt","content":["hi",{"type":"text","text":"there"}]}]},
            {"kind":"response","parts":[{"part_kind":"thinking","content":"hm"},{"part_kind":"text","content":"so"},
            {"part_kind":"tool-call","tool_name":"rain","args":"{\"city\": \"Rome\"}","tool_call_id":"c1"}]},
            {"kind":"request","parts":[{"part_kind":"tool-return","tool_name":"rain","content":"no","tool_call_id":"c1"},
            {"part_kind":"retry-prompt","tool_name":"rain","content":"no station","tool_call_id":"c2"},
            {"part_kind":"retry-prompt","content":"again"}]}],
            "model_settings":{"temperature":0.5},"model_request_parameters":{"function_tools":[]}}"#,
        "system: be brief | s\nuser: hi | there\nassistant: (hm) | so | rain{\"city\": \"Rome\"}#c1\ntool: #c1=no | #c2!no station\nuser: again",
    );
    asked(r#"{"user_prompt":"hi","infer_name":false}"#, "user: hi");
    answered(r#"{"output":"done","_output_tool_name":null,"_state":{"message_history":[]}}"#, "assistant: done");
}

#[test]
fn llama_index_has_blocks_and_events() {
    let answer = r#"{"role":"assistant","additional_kwargs":{"tool_calls":[{"id":"c1","type":"function","function":{"name":"rain","arguments":"{}"}}]},"blocks":[{"block_type":"text","text":"so"}]}"#;
    let call = r#"{"tool_name":"rain","tool_kwargs":{"city":"Rome"},"tool_id":"c1"}"#;
    asked(
        r#"{"messages":[{"role":"user","additional_kwargs":{},"blocks":[{"block_type":"text","text":"hi"},
            {"block_type":"image","url":"https://x/y.png"}]},
            {"role":"assistant","additional_kwargs":{},"blocks":[{"block_type":"tool_call","tool_call_id":"c1","tool_name":"rain","tool_kwargs":"{\"city\": \"Rome\"}"}]},
            {"role":"tool","additional_kwargs":{"tool_call_id":"c1"},"blocks":[{"block_type":"text","text":"no"}]}]}"#,
        "user: hi | [image - - https://x/y.png -]\nassistant: rain{\"city\": \"Rome\"}#c1\ntool: #c1=no",
    );
    asked(&format!(r#"{{"ctx":"<Context object at 0x7f>","ev":{call}}}"#), "assistant: rain{\"city\":\"Rome\"}#c1");
    asked(r#"{"user_msg":"hi","chat_history":null,"early_stopping_method":null}"#, "user: hi");
    answered(&format!(r#"{{"message":{answer},"raw":{{"id":"x"}}}}"#), "assistant: so | rain{}#c1");
    answered(
        &format!(r#"{{"result":{{"response":{answer},"current_agent_name":"planner","tool_calls":[]}}}}"#),
        "assistant planner: so | rain{}#c1",
    );
    answered(
        r#"{"messages":[{"role":"user","blocks":[{"block_type":"text","text":"hi"}]}],"tools":[],"tool_choice":"auto"}"#,
        "",
    );
    // A response of OpenAI that contains only its settings so far.
    answered(r#"{"tools":[],"tool_choice":"auto"}"#, r#"output: tool_choice="auto""#);
    let output = r#"{"blocks":[{"block_type":"text","text":"no"}],"tool_name":"rain","raw_input":{},"is_error":true}"#;
    answered(output, "output: no");
    answered(
        &format!(r#"{{"tool_name":"rain","tool_kwargs":{{}},"tool_id":"c1","tool_output":{output}}}"#),
        "tool: #c1!no",
    );
}

#[test]
fn langgraph_has_commands_and_single_calls() {
    let message = r#"{"type":"ai","name":"planner","content":[{"type":"tool_use","id":"c1","name":"rain","input":{}}],"tool_calls":[{"type":"tool_call","id":"c1","name":"rain","args":{}}]}"#;
    answered(
        &format!(r#"[{{"graph":null,"update":{{"messages":[{message}]}},"resume":null,"goto":[]}}]"#),
        "assistant planner: rain{}#c1",
    );
    asked(
        r#"[{"type":"tool_call","id":"c1","name":"rain","args":{"city":"Rome"}}]"#,
        "assistant: rain{\"city\":\"Rome\"}#c1",
    );
    asked(message, "assistant planner: rain{}#c1");
    // The format of OpenInference.
    asked(r#"{"messages":[{"type":"human","data":{"content":"hi"}}]}"#, "user: hi");
}

#[test]
fn bedrock_and_haystack_name_parts_by_their_only_member() {
    asked(
        r#"[{"role":"user","content":[{"text":"hi"}]},
            {"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"hm"}}},{"toolUse":{"toolUseId":"c1","name":"rain","input":{}}}]},
            {"role":"user","content":[{"toolResult":{"toolUseId":"c1","status":"error","content":[{"text":"no"},{"json":{"a":1}}]}}]}]"#,
        "user: hi\nassistant: (hm) | rain{}#c1\nuser: #c1!no+={\"a\":1}",
    );
    answered(r#"[{"toolUse":{"toolUseId":"c1","name":"rain","input":{}}}]"#, "assistant: rain{}#c1");
    answered(r#"[{"text":"done"}]"#, "output: done");
    answered(
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"done"}]}},"stopReason":"end_turn"}"#,
        "assistant: done",
    );
    asked(
        r#"{"agent":{"messages":[{"role":"user","meta":{},"name":null,"content":[{"text":"hi"}]},
            {"role":"assistant","meta":{},"name":null,"content":[{"tool_call":{"tool_name":"rain","arguments":{},"id":"c1"}}]},
            {"role":"tool","meta":{},"name":null,"content":[{"tool_call_result":{"result":"no","origin":{"tool_name":"rain","arguments":{},"id":"c1"},"error":true}}]}],
            "tools":null}}"#,
        "user: hi\nassistant: rain{}#c1\ntool: #c1!no",
    );
    answered(
        r#"{"replies":[{"role":"assistant","meta":{"model":"m"},"name":null,"content":[{"text":"done"}]}]}"#,
        "assistant: done",
    );
}

#[test]
fn crewai_has_tasks_and_their_outputs() {
    let agent = r#"{"role":"planner","goal":"Plan.","backstory":"b","tools":[{"name":"rain"}]}"#;
    asked(
        &format!(
            r#"{{"task":{{"description":"hi","expected_output":"a line","agent":{agent}}},"context":null,"tools":[]}}"#
        ),
        "user: hi | expected_output=\"a line\"",
    );
    asked(
        &format!(r#"{{"agent":{agent},"context":"it rains"}}"#),
        "input: agent=\"planner\" | goal=\"Plan.\" | context=\"it rains\"",
    );
    answered(
        r#"{"description":"hi","raw":"done","agent":"planner","output_format":"raw","messages":[]}"#,
        "assistant planner: done",
    );
    answered(r#"{"raw":"done","tasks_output":[],"token_usage":{"total_tokens":1}}"#, "assistant: done");
}

#[test]
fn unknown_parts_are_passed_on() {
    let message = &crate::frameworks::response(&json(r#"[{"text":"a"},{"other":1}]"#))[0];
    assert_eq!(message.parts.iter().map(part).collect::<Vec<_>>(), [r#"=[{"text":"a"},{"other":1}]"#]);
}

#[test]
fn deeply_nested_values_are_passed_on() {
    let nest = |open: &str, close: &str| {
        let deep = format!("{}\"x\"{}", open.repeat(20_000), close.repeat(20_000));
        (SpanRequest::from_inputs(&json(&deep)).messages.len(), crate::frameworks::response(&json(&deep)).len())
    };
    for (open, close) in [
        (r#"{"graph":null,"update":{"messages":["#, "]}}"),
        (r#"{"block_type":"x","content":"#, "}"),
        (r#"{"contents":"a","config":"#, "}"),
        (r#"{"role":"user","content":[{"toolResult":{"content":["#, "]}}]}"),
        (r#"{"kind":"response","parts":[{"part_kind":"tool-return","content":"#, "}]}"),
        (r#"{"ev":"#, "}"),
    ] {
        assert!(nest(open, close).0 <= 1, "{open}");
    }
}

#[test]
fn vercel_has_its_own_types_of_parts() {
    asked(
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]},
            {"role":"assistant","content":[{"type":"reasoning","text":""},{"type":"tool-call","toolCallId":"c1","toolName":"rain","input":{"city":"Rome"}}]},
            {"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"rain","output":{"type":"text","value":"no"}},
            {"type":"tool-result","toolCallId":"c2","toolName":"rain","output":{"type":"error-text","value":"no station"}}]}]}"#,
        "user: hi\nassistant: rain{\"city\":\"Rome\"}#c1\ntool: #c1=no | #c2!no station",
    );
    asked(r#"{"system":"be brief","prompt":"hi"}"#, "system: be brief\nuser: hi");
    answered(
        r#"{"finishReason":"tool-calls","reasoning":"hm","toolCalls":[{"toolCallId":"c1","toolName":"rain","input":"{\"city\":\"Rome\"}"}],"id":"r","timestamp":"2025"}"#,
        "assistant: (hm) | rain{\"city\":\"Rome\"}#c1",
    );
    answered(r#"{"finishReason":"stop","text":"so","model":"m"}"#, "assistant: so");
}

#[test]
fn envelopes_are_opened() {
    answered(r#"{"_value":"so"}"#, "output: so");
    asked(r#"{"args":["hi"],"kwargs":{}}"#, "input: hi");
    asked(r#"{"args":[],"kwargs":{"city":"Rome"}}"#, "input: city=\"Rome\"");
    asked(r#"{"args":[1,2],"kwargs":{"city":"Rome"}}"#, "input: args=[1,2] | kwargs={\"city\":\"Rome\"}");
    let messages = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    asked(&format!(r#"{{"inputs":{messages},"tags":[],"metadata":{{"a":1}},"kwargs":{{"name":"x"}}}}"#), "user: hi");
    answered(r#"{"outputs":{"content":"so","type":"ai"},"kwargs":{"tags":[]}}"#, "assistant: so");
    asked(r#"{"inputs":1,"kwargs":2,"other":3}"#, "input: inputs=1 | kwargs=2 | other=3");
    let ran = |inputs: &str, outputs: &str| {
        super::tool_span_mention(None, Some("rain".to_owned()), Some(&json(inputs)), Some(&json(outputs)))
    };
    let plain = ran(r#"{"city":"Rome"}"#, r#""no""#);
    let wrapped = ran(
        r#"{"input_str":"{'city': 'Rome'}","tags":[],"inputs":{"city":"Rome"},"kwargs":{"color":"green"}}"#,
        r#"{"output":{"type":"tool","content":"no","name":"rain","tool_call_id":"c1","status":"success"},"kwargs":{}}"#,
    );
    assert_eq!((plain.arguments, wrapped.arguments), (wrapped.arguments, plain.arguments));
    assert_eq!((plain.call_id, wrapped.call_id.as_deref()), (None, Some("c1")));
}

#[test]
fn dspy_responds_in_fields() {
    answered(
        r#"["[[ ## reasoning ## ]]\nhm\n\n[[ ## answer ## ]]\nso\n\n[[ ## completed ## ]]"]"#,
        "output: reasoning=\"hm\" | answer=\"so\"",
    );
    answered(
        r#"{"trajectory":{"thought_0":"hm","tool_name_0":"rain","tool_args_0":{}},"answer":"so"}"#,
        "output: thought_0=\"hm\" | tool_name_0=\"rain\" | tool_args_0={} | answer=\"so\"",
    );
    asked(r#"{"signature":"S(question -> answer)","demos":[],"inputs":{"question":"hi"}}"#, "input: question=\"hi\"");
}

#[test]
fn langgraph_names_the_next_node() {
    answered(r#"["Send(node='tools', arg={'a': 1})"]"#, "output: next node: tools");
    answered(r#""__end__""#, "output: ");
    asked(
        r#"{"__type":"tool_call_with_context","tool_call":{"name":"rain","args":{},"id":"c1","type":"tool_call"},"state":{"messages":[]}}"#,
        "assistant: rain{}#c1",
    );
}

#[test]
fn google_adk_records_single_candidates_and_bare_results() {
    answered(r#"{"content":{"role":"model","parts":[{"text":"so"}]},"usage_metadata":{"a":1}}"#, "assistant: so");
    let results = r#"[{"id":"c1","name":"rain","response":{"result":"no"}},{"id":"c2","name":"rain","response":{"error":"no station"}}]"#;
    answered(results, "tool: #c1=no\ntool: #c2!no station");
}

#[test]
fn mistral_reasoning_is_a_list() {
    let message = r#"{"role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"so"}]}"#;
    answered(&format!(r#"{{"choices":[{{"message":{message}}}]}}"#), "assistant: (hm) | so");
}

#[test]
fn pieces_of_a_streamed_response_are_one_message() {
    let piece =
        |part: &str, reason: &str| format!(r#"{{"role":"assistant","parts":[{part}],"finish_reason":"{reason}"}}"#);
    let text = |text: &str| format!(r#"{{"type":"text","content":"{text}"}}"#);
    let call = r#"{"type":"tool_call","id":"c1","name":"rain","arguments":{}}"#;
    answered(
        &format!("[{},{}]", piece(&text("Paris: "), ""), piece(&text("sunny"), "stop")),
        "assistant: Paris: sunny",
    );
    answered(&format!("[{},{}]", piece(&text("hm"), ""), piece(call, "stop")), "assistant: hm | rain{}#c1");
    answered(&format!("[{},{}]", piece(&text("a"), "stop"), piece(&text("b"), "stop")), "assistant: a\nassistant: b");
}

#[test]
fn gemini_requests_may_be_bare_parts() {
    asked(r#"{"message":"hi"}"#, "user: hi");
    asked(
        r#"{"message":{"text":null,"function_response":{"id":null,"name":"rain","response":{"error":"no"}}}}"#,
        "tool: #!no",
    );
    asked(
        r#"{"model":"m","contents":["look:",{"text":null,"inline_data":{"data":"AAAA","mime_type":"image/png"}}]}"#,
        "user: look: | [image image/png - - 3]",
    );
    asked(r#"{"message":{"other":1}}"#, r#"input: message={"other":1}"#);
}

#[test]
fn pipelines_of_haystack_have_components() {
    let message = |role: &str, text: &str| {
        format!(r#"{{"role":"{role}","meta":{{}},"name":null,"content":[{{"text":"{text}"}}]}}"#)
    };
    asked(
        &format!(
            r#"{{"builder":{{"who":"Ada","template":null}},"chat":{{"messages":[{}],"streaming_callback":null}}}}"#,
            message("user", "hi")
        ),
        "input: builder.who=\"Ada\"\nuser: hi",
    );
    answered(&format!(r#"{{"chat":{{"replies":[{}]}}}}"#, message("assistant", "so")), "assistant: so");
}

#[test]
fn langchain_pairs_may_contain_parts_and_mix_with_messages() {
    asked(
        r#"{"messages":[{"role":"system","content":"s"},["user",[{"type":"text","text":"hi"}]],["ai","so"]]}"#,
        "system: s\nuser user: hi\nassistant ai: so",
    );
    answered(r#"[{"page_content":"a page","metadata":{},"id":null}]"#, "output: a page");
}

#[test]
fn llama_index_questions_follow_the_history() {
    let message = |role: &str, text: &str| {
        format!(r#"{{"role":"{role}","additional_kwargs":{{}},"blocks":[{{"block_type":"text","text":"{text}"}}]}}"#)
    };
    let history = format!(r#""chat_history":[{},{}]"#, message("user", "hi"), message("assistant", "so"));
    let expected = "user: hi\nassistant: so\nuser: and now?";
    asked(&format!(r#"{{"user_msg":"and now?",{history},"memory":null,"early_stopping_method":null}}"#), expected);
    asked(&format!(r#"{{"ctx":"<x>","ev":{{"user_msg":"and now?",{history}}}}}"#), expected);
    asked(&format!(r#"{{"tools":[],"user_msg":null,{history}}}"#), "user: hi\nassistant: so");
}

#[test]
fn other_shapes_of_responses() {
    answered(
        r#"[{"object":"response","output":[{"type":"function_call","call_id":"c1","name":"rain","arguments":"{}"}]}]"#,
        "assistant: rain{}#c1",
    );
    answered(r#""{'_all_messages': [ModelRequest(parts=[])]}""#, "output: ");
    answered(r#"{"text":"so","additional_kwargs":{},"raw":{"id":"x"}}"#, "assistant: so");
    asked(r#"{"prompt":{"metadata":{}},"prompt_args":{"query":"hi"}}"#, "input: query=\"hi\"");
    answered(r#"{"raw":"so","json_dict":{"a":1},"agent":"x","output_format":"json"}"#, "assistant x: so | ={\"a\":1}");
    asked(
        r#"{"messages":[{"kind":"request","parts":[{"part_kind":"tool-return","tool_name":"f","content":"again","tool_call_id":"c1","outcome":"retried"},
            {"part_kind":"user-prompt","content":[{"kind":"image-url","url":"https://x/y.png"}]}]}]}"#,
        "tool: #c1!again\nuser: [image - - https://x/y.png -]",
    );
    let ran = |inputs: &str| super::tool_span_mention(None, None, Some(&json(inputs)), None).arguments;
    assert_eq!(ran(r#"{"kwargs":{"a":1,"ctx":"<x.Context object at 0x7f3a>"}}"#), ran(r#"{"a":1}"#));
}
