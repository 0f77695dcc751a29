mod agents;

use super::*;
use crate::json::Json;
use crate::message::{Message, Part};
use crate::model::{SpanEvent, SpeakerSigns, Timestamp};

fn json(text: &str) -> Json {
    Json::from_strict(text).unwrap()
}

/// Messages as `role speaker>addressee: part | part`, one per line.
fn lines(messages: &[Message]) -> String {
    let line = |message: &Message| {
        let name =
            |name: &Option<String>, sign: &str| name.as_ref().map(|name| format!("{sign}{name}")).unwrap_or_default();
        let parts: Vec<String> = message.parts.iter().map(part).collect();
        let (speaker, addressee) = (name(&message.speaker, " "), name(&message.addressee, ">"));
        format!("{}{speaker}{addressee}: {}", message.role.as_str(), parts.join(" | "))
    };
    messages.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Reasoning(text) => format!("({text})"),
        Part::Refusal(text) => format!("refuses {text}"),
        Part::ToolCall(call) => {
            format!("{}{}#{}", call.name, call.arguments.text(), call.id.as_deref().unwrap_or_default())
        }
        Part::ToolResult(result) => {
            let content: Vec<String> = result.content.iter().map(self::part).collect();
            let sign = if result.is_failure() { "!" } else { "=" };
            format!("#{}{sign}{}", result.id.as_deref().unwrap_or_default(), content.join("+"))
        }
        Part::Media(media) => format!(
            "[{} {} {} {} {}]",
            media.kind,
            media.media_type.as_deref().unwrap_or("-"),
            media.name.as_deref().unwrap_or("-"),
            media.url.as_deref().unwrap_or("-"),
            media.bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string())
        ),
        Part::Embedding { count, dimensions } => format!("{count}x{dimensions:?}"),
        Part::Data { name, value } => format!("{}={}", name.as_deref().unwrap_or_default(), value.text()),
    }
}

#[track_caller]
fn asked(inputs: &str, expected: &str) {
    assert_eq!(lines(&request(&json(inputs))), expected);
}

#[track_caller]
fn answered(outputs: &str, expected: &str) {
    assert_eq!(lines(&response(&json(outputs))), expected);
}

#[test]
fn chat_completions_are_read() {
    asked(
        r#"{"model":"m","messages":[{"role":"developer","content":"be brief"},{"role":"user","name":"ada","content":"hi"}]}"#,
        "developer: be brief\nuser ada: hi",
    );
    asked(
        r#"{"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]},{"role":"tool","tool_call_id":"c1","content":"rainy"}]}"#,
        "assistant: f{\"a\": 1}#c1\ntool: #c1=rainy",
    );
    asked(
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"what?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},{"type":"image_url","image_url":{"url":"https://x/y.png"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}]}]}"#,
        "user: what? | [image image/png - - 8] | [image - - https://x/y.png -] | [audio wav - - 3] | [file application/pdf a.pdf - 3]",
    );
    answered(
        r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hello","refusal":null,"tool_calls":null}},{"index":1,"message":{"role":"assistant","content":null,"refusal":"no"}}]}"#,
        "assistant: hello\nassistant: refuses no",
    );
    answered(r#"{"choices":[{"text":"once upon","index":0}]}"#, "assistant: once upon");
    answered(
        r#"{"choices":[{"message":{"role":"assistant","content":"","reasoning_content":"hm","function_call":{"name":"f","arguments":"not json"}}}]}"#,
        "assistant: (hm) | f\"not json\"#",
    );
    answered(r#"{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}"#, "assistant: f{}#c");
}

#[test]
fn openai_responses_are_read() {
    asked(r#"{"model":"m","input":"hi","instructions":"be brief"}"#, "system: be brief\nuser: hi");
    asked(
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"look"},{"type":"input_image","image_url":"data:image/gif;base64,AAAA"}]},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"7"}]}"#,
        "user: look | [image image/gif - - 3]\nassistant: f{}#c\ntool: #c=7",
    );
    answered(
        r#"{"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"weighing"}]},{"type":"reasoning","summary":[],"encrypted_content":"x"},{"type":"web_search_call","id":"w","status":"completed","action":{"type":"search","query":"news"}},{"type":"file_search_call","id":"s","queries":["q"],"results":[{"text":"found"}]},{"type":"computer_call","call_id":"k","id":"i","action":{"type":"click","x":1}},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"done","annotations":[]}]}]}"#,
        "assistant: (weighing)\nassistant: ((not shown by the provider))\nassistant: web_search{\"type\":\"search\",\"query\":\"news\"}#w\n\
         assistant: file_search{\"queries\":[\"q\"]}#s | #s==[{\"text\":\"found\"}]\nassistant: computer{\"type\":\"click\",\"x\":1}#k\nassistant: done",
    );
    answered(
        r#"{"output":[{"type":"computer_call_output","call_id":"k","output":{"type":"computer_screenshot","image_url":"data:image/png;base64,AAAA"}}]}"#,
        "tool: #k=[image image/png - - 3]",
    );
}

#[test]
fn autogen_messages_are_read() {
    asked(
        r#"{"messages":[{"content":"help","type":"SystemMessage"},{"content":"hi","source":"user","type":"UserMessage"},{"content":[{"id":"c","name":"divide","arguments":"{\"a\": 1}"}],"source":"bot","thought":"let me","type":"AssistantMessage"},{"content":[{"content":"division by zero","name":"divide","call_id":"c","is_error":true}],"type":"FunctionExecutionResultMessage"}],"cancellation_token":"<x>"}"#,
        "system: help\nuser user: hi\nassistant bot: (let me) | divide{\"a\": 1}#c\ntool: #c!division by zero",
    );
    answered(
        r#"{"finish_reason":"stop","content":"hello","usage":{"prompt_tokens":1},"thought":"hm"}"#,
        "assistant: (hm) | hello",
    );
    asked(r#"{"task":"1+1"}"#, "user user: 1+1");
    asked(
        r#"{"task":{"source":"user","content":["look",{"data":"iVBORw0KGgo="}],"type":"MultiModalMessage"}}"#,
        "user user: look | [image image/png - - 8]",
    );
    answered(
        r#"{"messages":[{"source":"user","content":"go","type":"TextMessage"},{"source":"a","content":"over to b","target":"b","type":"HandoffMessage"},{"source":"b","content":"hm","type":"ThoughtEvent"},{"source":"b","content":{"x":1},"type":"StructuredMessage"}],"stop_reason":"Maximum reached"}"#,
        "user user: go\nassistant a>b: over to b\nassistant b: (hm)\nassistant b: ={\"x\":1}\noutput: stop_reason=\"Maximum reached\"",
    );
    answered(
        r#"{"chat_message":{"source":"b","content":"2","type":"ToolCallSummaryMessage"},"inner_messages":[{"source":"b","content":[{"id":"c","name":"add","arguments":"{}"}],"type":"ToolCallRequestEvent"},{"source":"b","content":[{"content":"2","name":"add","call_id":"c","is_error":false}],"type":"ToolCallExecutionEvent"}]}"#,
        "assistant b: add{}#c\ntool b: #c=2\nassistant b: 2",
    );
}

#[test]
fn python_reprs_of_autogen_messages_are_read() {
    asked(
        r#"{"messages":["id='a' source='user' models_usage=None metadata={} content='Say \\'hi\\'\\nand \\u00e9' type='TextMessage'","source='bot' content=\"it's\" type='TextMessage'"]}"#,
        "user user: Say 'hi'\nand é\nassistant bot: it's",
    );
    asked(r#"{"messages":["id='a' without its content"]}"#, "user: id='a' without its content");
}

#[test]
fn ag2_messages_are_read() {
    asked(r#"{"recipient":"Assistant","message":"What is 1+1?","clear_history":true}"#, "user>Assistant: What is 1+1?");
    asked(r#"{"message":"What?","sender":"Tool Agent","valid":true}"#, "user Tool Agent: What?");
    asked(
        r#"{"message":{"content":"print","role":"user","name":"Coder"},"sender":"chat_manager"}"#,
        "user Coder: print",
    );
    answered(
        r#"{"message":{"role":"tool","tool_responses":[{"tool_call_id":"a","role":"tool","content":"210"},{"tool_call_id":"b","role":"tool","content":"Error: boom"}],"content":"210\n\nError: boom"},"sender":"Tool Agent"}"#,
        "tool Tool Agent: #a=210 | #b!Error: boom",
    );
    answered(r#"{"message":"Done","sender":"Critic","valid":true}"#, "assistant Critic: Done");
    answered(
        r#"{"chat_id":161869704660327404112299481302142855317,"chat_history":[{"content":"q","role":"assistant","name":"U"},{"content":"a","role":"user","name":"A"}],"summary":"a","cost":{}}"#,
        "assistant U: q\nuser A: a\noutput: summary=\"a\"",
    );
}

#[test]
fn anthropic_langchain_gemini_and_opentelemetry_messages_are_read() {
    asked(
        r#"{"system":[{"type":"text","text":"be brief"}],"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}},{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"ok"}],"is_error":true}]}]}"#,
        "system: be brief\nuser: [image image/jpeg - - 3] | #t!ok",
    );
    answered(
        r#"{"type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"f","input":{"a":1}}]}"#,
        "assistant: (hm) | hi | f{\"a\":1}#t",
    );
    asked(
        r#"[[{"type":"human","content":"hi"},{"lc":1,"type":"constructor","id":["langchain","schema","messages","AIMessage"],"kwargs":{"content":"yes","tool_calls":[{"name":"f","args":{"a":1},"id":"c"}]}}]]"#,
        "user: hi\nassistant: yes | f{\"a\":1}#c",
    );
    answered(
        r#"{"generations":[[{"text":"hi","message":{"type":"ai","content":"hi"}},{"text":"ho"}]]}"#,
        "assistant: hi\nassistant: ho",
    );
    asked(
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]}]}"#,
        "user: hi | [image image/png - - 3]\nassistant: f{}#",
    );
    asked(
        r#"[{"role":"user","parts":[{"type":"text","content":"hi"}]},{"role":"assistant","parts":[{"type":"tool_call","id":"c","name":"f","arguments":{"a":1}}]},{"role":"tool","parts":[{"type":"tool_call_response","id":"c","result":"ok"}]}]"#,
        "user: hi\nassistant: f{\"a\":1}#c\ntool: #c=ok",
    );
}

#[test]
fn opentelemetry_instructions_are_outside_the_messages() {
    let check = |value: Json| assert_eq!(lines(&[instructions(&value)]), "system: be brief");
    let list = r#"[{"type":"text","content":"be brief"}]"#;
    check(json(list));
    check(Json::string(list));
    check(Json::string("be brief"));
}

#[test]
fn unknown_shapes_are_kept_as_values() {
    asked(r#"{"question":"why?","n":3,"none":null}"#, "input: question=\"why?\" | n=3");
    asked("[1,2]", "input: =[1,2]");
    asked(
        r#"{"message":"who am I?","history":[{"role":"user","content":"I am Ada"}],"none":[]}"#,
        "input: message=\"who am I?\"\nuser: I am Ada",
    );
    asked("null", "");
    answered("\"rainy\"", "output: rainy");
    answered(r#"{"messages":[1]}"#, "output: messages=[1]");
    answered(r#"{"data":[{"embedding":[0.1,0.2]},{"embedding":[0.3,0.4]}]}"#, "output: 2xSome(2)");
    answered(
        r#"{"image":"mlflow-attachment://a-b?content_type=image%2Fpng&trace_id=tr-1&size=72"}"#,
        "output: [image image/png a-b - 72]",
    );
    answered(r#"[["user","go"],["writer","done"]]"#, "user user: go\nassistant writer: done");
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    assert_eq!(lines(&response(&json(&deep))), format!("output: ={deep}"));
}

#[test]
fn parameters_are_values_other_than_messages() {
    let found = SpanRequest::from_inputs(&json(
        r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"temperature":0.1,"tools":[{"type":"function","function":{"name":"f"}},{"type":"web_search"}],"stop":null,"cancellation_token":"<x>"}"#,
    ))
    .parameters;
    let shown: Vec<String> = found.iter().map(|(key, value)| format!("{key}={}", value.text())).collect();
    assert_eq!(shown, ["temperature=0.1", r#"tools=["f","web_search"]"#]);
    assert!(SpanRequest::from_inputs(&json(r#"{"city":"Paris"}"#)).parameters.is_empty());
}

#[test]
fn stream_chunks_are_assembled() {
    let event = |at: usize, chunk: &str| SpanEvent {
        name: format!("mlflow.chunk.item.{at}"),
        time: Timestamp(i64::try_from(at).unwrap() * 1_000),
        attributes: vec![("mlflow.chunk.value".to_owned(), Json::string(chunk))],
    };
    let all = |chunks: &[&str]| {
        let events: Vec<SpanEvent> = chunks.iter().enumerate().map(|(at, chunk)| event(at, chunk)).collect();
        let stream = streamed_response(&events).unwrap();
        (lines(&stream.messages), stream.chunks, stream.first_content)
    };
    let completion = [
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":"Hel"}}]}"#,
        r#"{"choices":[{"delta":{"content":"lo"}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":null,"function":{"name":null,"arguments":"{\"a\":"}}]}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}}]}}]}"#,
        r#"{"choices":[],"usage":{"total_tokens":3}}"#,
    ];
    assert_eq!(all(&completion), ("assistant: Hello | f{\"a\":1}#c".to_owned(), 7, Some(Timestamp(1_000))));
    let list = format!("[{}]", completion.join(","));
    answered(&list, "assistant: Hello | f{\"a\":1}#c");
    let responses = [
        r#"{"type":"response.created","response":{"id":"r"}}"#,
        r#"{"type":"response.reasoning_summary_text.delta","delta":"hm"}"#,
        r#"{"type":"response.output_text.delta","delta":"Par"}"#,
        r#"{"type":"response.output_text.delta","delta":"is"}"#,
        r#"{"type":"response.output_item.added","item":{"type":"function_call","call_id":"c","name":"f"}}"#,
        r#"{"type":"response.function_call_arguments.delta","delta":"{}"}"#,
    ];
    assert_eq!(all(&responses), ("assistant: (hm) | Paris | f{}#c".to_owned(), 6, Some(Timestamp(1_000))));
    let anthropic = [
        r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}}"#,
        r#"{"type":"content_block_start","content_block":{"type":"tool_use","id":"t","name":"f"}}"#,
        r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
    ];
    assert_eq!(all(&anthropic), ("assistant: hi | f{}#t".to_owned(), 3, Some(Timestamp(0))));
    assert_eq!(all(&["\"plain \"", "\"words\""]), ("assistant: plain words".to_owned(), 2, Some(Timestamp(0))));
    let langchain = [r#"{"type":"AIMessageChunk","content":"Hi"}"#, "not JSON"];
    assert_eq!(all(&langchain), ("assistant: Hinot JSON".to_owned(), 2, Some(Timestamp(0))));
    let mut disordered = vec![event(10, "\"c\""), event(9, "\"b\""), event(2, "\"a\"")];
    disordered.push(SpanEvent { name: "mlflow.chunk.item.x".to_owned(), ..event(0, "\"no\"") });
    assert_eq!(streamed_response(&disordered).unwrap().text(), "abc");
    assert!(is_chunk(&disordered[0]) && !is_chunk(&disordered[3]));
    assert!(streamed_response(&[]).is_none());
}

#[test]
fn tool_signs_are_found_in_nested_json() {
    let check = |text: &str, expected: bool| {
        let once = Json::string(text);
        let twice = Json::string(once.text());
        for text in [text, once.text(), twice.text()] {
            assert_eq!(PossibleMentions::scan(text).tools, expected, "{text}");
        }
    };
    check(r#"{"content":"x","is_error": true}"#, true);
    check(r#"{"content":"x","is_error":true}"#, true);
    check(r#"{"content":"an error occurred","is_error": false}"#, false);
    check("Error: division by zero", true);
    check("KeyError: 'x'", true);
    check("botocore.exceptions.ClientException: no", true);
    check("Errors are common; error: lower case", false);
    check(r#"{"role":"assistant","tool_calls":[]}"#, true);
    check(r#"{"content":[{"name":"add","id":"c"}],"call_id":"c"}"#, true);
    check(r#"{"functionCall":{"name":"add"}}"#, true);
    check("a tool call, its arguments and its function", false);
    check("", false);
}

#[test]
fn speaker_signs_are_found_in_json_and_in_json_strings() {
    let speakers = |text: &str| {
        [PossibleMentions::scan(text).speakers, PossibleMentions::scan(Json::string(text).text()).speakers]
    };
    assert_eq!(speakers(r#"{"source":"planner","type":"UserMessage"}"#), [SpeakerSigns::Source; 2]);
    assert_eq!(speakers(r#"{"role":"user","name":"ada"}"#), [SpeakerSigns::Name; 2]);
    assert_eq!(
        speakers(r#"{"role":"user","content":"the source, the sender, a name or two"}"#),
        [SpeakerSigns::None; 2]
    );
}

#[test]
fn failures_returned_as_tool_output_are_recognized() {
    let failures = |inputs: &str, outputs: &str, is_tool: bool| {
        let found = if is_tool {
            vec![tool_span_mention(None, None, Some(&json(inputs)), Some(&json(outputs)))]
        } else {
            tool_mentions(Some(&json(inputs)), Some(&json(outputs)))
        };
        let failures =
            found.into_iter().filter_map(|mention| Some(format!("{:?} {}", mention.call_id, mention.failure?)));
        failures.collect::<Vec<_>>()
    };
    let message = |text: &str| {
        format!(r#"{{"messages":[{{"role":"tool","tool_call_id":"c","content":{}}}]}}"#, Json::string(text).text())
    };
    let none: [&str; 0] = [];
    assert_eq!(failures(&message("Error: boom"), "null", false), ["Some(\"c\") Error: boom"]);
    assert_eq!(failures(&message("ValueError: no"), "null", false), ["Some(\"c\") ValueError: no"]);
    let traceback = "it failed\nTraceback (most recent call last):\n  File";
    assert_eq!(failures(&message(traceback), "null", false), [format!("Some(\"c\") {traceback}")]);
    assert_eq!(failures(&message("no Error: here"), "null", false), none);
    assert_eq!(failures(&message("Errors are common"), "null", false), none);
    assert_eq!(failures("{}", "\"KeyError: 'x'\"", true), ["None KeyError: 'x'"]);
    assert_eq!(failures("{}", "\"KeyError: 'x'\"", false), none);
}

#[test]
fn unset_values_are_omitted() {
    let inputs = json(
        r#"{"messages":[{"role":"user","content":"hi"}],"temperature":0.5,"top_p":"<openai.Omit object at 0x7f3a2b10>",
            "stop":"NOT_GIVEN","seed":null,"user":"<openai.NotGiven object at 0x7f3a2b10>",
            "config":{"top_k":null,"tool":{"mode":null},"thinking":{"budget":0}},"name":"<b> at 0x7f"}"#,
    );
    let parameters = SpanRequest::from_inputs(&inputs).parameters;
    let shown: Vec<String> = parameters.iter().map(|(key, value)| format!("{key}={}", value.text())).collect();
    assert_eq!(shown, ["temperature=0.5", r#"name="<b> at 0x7f""#, r#"thinking={"budget":0}"#]);
    asked(r#"{"question":"hi","retries":"<openai.Omit object at 0x7f3a2b10>"}"#, "input: question=\"hi\"");
}

#[test]
fn an_unread_stream_has_no_content() {
    for stream in [
        "<anthropic.Stream object at 0x7f3a2b10>",
        "<openai.AsyncStream object at 0x7f3a2b10>",
        "<generator object run at 0x7f3a2b10>",
        "<AsyncAPIResponse [200 OK] type=<class 'openai.types.chat.chat_completion.ChatCompletion'>>",
    ] {
        assert_eq!(lines(&response(&Json::string(stream))), "output: ", "{stream}");
    }
    for text in ["<b>bold</b>", "<Agent object at 0x7f3a2b10>", "<stream>"] {
        assert_eq!(lines(&response(&Json::string(text))), format!("output: {text}"));
    }
}
