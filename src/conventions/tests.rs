use crate::formats::{SpanDetail, span};
use crate::json::Json;
use crate::model::Span;

/// A span with these attributes, as stored in `traces.json` and databases.
fn of(attributes: &str) -> Span {
    let text = format!(r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{{attributes}}}}}"#);
    span(&text, SpanDetail::All, None).unwrap()
}

#[test]
fn tokens_under_several_names_count_once() {
    let check = |attributes: &str, figures: [Option<i64>; 3]| {
        let span = of(attributes);
        assert!(span.token_usage.is_none(), "{attributes}");
        let found = span.derived_usage.map_or([None; 3], |usage| {
            let (input, output, total) = usage.counts();
            [input, output, total]
        });
        assert_eq!(found, figures, "{attributes}");
    };
    let all = |input, output, total| [Some(input), Some(output), Some(total)];
    check(r#""gen_ai.usage.input_tokens":45,"gen_ai.usage.output_tokens":14"#, all(45, 14, 59));
    check(r#""gen_ai.usage.input_tokens":"26","gen_ai.usage.output_tokens":"\"4\"""#, all(26, 4, 30));
    check(r#""gen_ai.usage.input_tokens":45"#, [Some(45), None, None]);
    check(
        r#""gen_ai.usage.prompt_tokens":39,"gen_ai.usage.input_tokens":39,"gen_ai.usage.completion_tokens":30,
            "gen_ai.usage.output_tokens":30,"llm.usage.total_tokens":69"#,
        all(39, 30, 69),
    );
    check(
        r#""gen_ai.usage.prompt_tokens":6,"gen_ai.usage.completion_tokens":3,"llm.usage.total_tokens":10"#,
        all(6, 3, 10),
    );
    check(r#""llm.token_count.total":10"#, [None, None, Some(10)]);
    check(r#""llm.token_count.prompt":7,"llm.token_count.completion":3,"gen_ai.usage.input_tokens":99"#, all(7, 3, 10));
    check(r#""llm.usage.prompt_tokens":1,"llm.usage.completion_tokens":2"#, all(1, 2, 3));
    check(r#""gen_ai.usage.input_tokens":"many""#, [None; 3]);
    check(r#""usage":{"input_tokens":1}"#, [None; 3]);
}

#[test]
fn cached_tokens_are_included_and_recorded_tokens_take_precedence() {
    let usage = of(
        r#""gen_ai.usage.input_tokens":9,"gen_ai.usage.cache_read.input_tokens":5,"gen_ai.usage.cache_creation.input_tokens":2"#,
    );
    assert_eq!(usage.derived_usage.unwrap().details, [Some(5), Some(2), None, None]);
    let both = of(r#""mlflow.chat.tokenUsage":"{\"input_tokens\": 1}","gen_ai.usage.input_tokens":9"#);
    assert_eq!((both.token_usage.unwrap().input_tokens, both.derived_usage.is_none()), (Some(1), true));
}

#[test]
fn models_and_providers_are_read_from_every_convention() {
    let check = |attributes: &str, model: Option<&str>, provider: Option<&str>| {
        let span = of(attributes);
        assert_eq!((span.model.as_deref(), span.provider.as_deref()), (model, provider), "{attributes}");
    };
    check(
        r#""gen_ai.request.model":"a","gen_ai.response.model":"a-1","gen_ai.system":"openai""#,
        Some("a-1"),
        Some("openai"),
    );
    check(
        r#""llm.model_name":"b","gen_ai.request.model":"a","llm.provider":"azure","gen_ai.system":"x""#,
        Some("b"),
        Some("azure"),
    );
    check(r#""gen_ai.request.model":"","embedding.model_name":"\"e\"""#, Some("e"), None);
    check(r#""mlflow.llm.model":"\"mine\"","gen_ai.request.model":"a""#, Some("mine"), None);
    check(r#""gen_ai.request.model":"a","mlflow.spanType":"\"AGENT\"""#, Some("a"), None);
    check(r#""model":"a""#, None, None);
}

#[test]
fn inputs_and_outputs_are_read_from_conventions() {
    let check = |attributes: &str, inputs: Option<&str>, outputs: Option<&str>| {
        let payload = of(attributes).payload.unwrap();
        let found = (payload.inputs().map(Json::text), payload.outputs().map(Json::text));
        assert_eq!(found, (inputs, outputs), "{attributes}");
    };
    check(r#""input.value":"hi","output.value":"{\"a\": 1}""#, Some(r#""hi""#), Some(r#"{"a": 1}"#));
    check(r#""traceloop.entity.input":"\"{\\\"q\\\": 1}\"""#, Some(r#"{"q": 1}"#), None);
    check(
        r#""gen_ai.input.messages":"[{\"role\":\"user\"}]","traceloop.entity.input":"x""#,
        Some(r#"[{"role":"user"}]"#),
        None,
    );
    check(
        r#""input.value":"","gen_ai.tool.call.arguments":{"city":"Paris"},"gen_ai.tool.call.result":"12 °C""#,
        Some(r#"{"city":"Paris"}"#),
        Some(r#""12 °C""#),
    );
    check(
        r#""ai.operationId":"ai.streamText.doStream","ai.prompt.messages":"[1]","ai.prompt.format":"m","ai.response.text":"t""#,
        Some(r#"{"messages":[1],"format":"m"}"#),
        Some(r#"{"text":"t"}"#),
    );
    check(r#""mlflow.spanInputs":"null","input.value":"hi""#, Some("null"), None);
    check(r#""input":"an unrelated attribute","output":"2""#, None, None);
}

#[test]
fn messages_spread_over_attributes_become_a_list() {
    let inputs = |attributes: &str| of(attributes).payload.unwrap().inputs().map(|json| json.text().to_owned());
    let check =
        |attributes: &str, expected: &str| assert_eq!(inputs(attributes).as_deref(), Some(expected), "{attributes}");
    check(
        r#""gen_ai.prompt.10.content":"last","gen_ai.prompt.10.role":"user","gen_ai.prompt.2.role":"system","gen_ai.prompt.2.content":"4""#,
        r#"{"messages":[{"role":"system","content":"4"},{"role":"user","content":"last"}]}"#,
    );
    check(
        r#""gen_ai.prompt.0.role":"assistant","gen_ai.prompt.0.tool_calls.0.id":"c1","gen_ai.prompt.0.tool_calls.0.name":"f",
            "gen_ai.prompt.0.tool_calls.0.arguments":"{\"x\": 1}""#,
        r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}}]}]}"#,
    );
    check(
        r#""gen_ai.prompt.0.tool_calls":"[{\"id\":\"c\"}]","gen_ai.prompt.1.tool_call_id":"c","gen_ai.prompt.1.role":"tool""#,
        r#"{"messages":[{"tool_calls":[{"id":"c"}]},{"role":"tool","tool_call_id":"c"}]}"#,
    );
    check(
        r#""llm.input_messages.0.message.role":"user","llm.input_messages.0.message.contents.0.message_content.type":"text",
            "llm.input_messages.0.message.contents.0.message_content.text":"what is it?",
            "llm.input_messages.0.message.contents.1.message_content.image.image.url":"https://host/a.png",
            "llm.input_messages.1.message.tool_calls.0.tool_call.function.name":"f",
            "llm.input_messages.1.message.tool_calls.0.tool_call.function.arguments":"{}""#,
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"what is it?"},{"type":"image_url","image_url":{"url":"https://host/a.png"}}]},{"tool_calls":[{"type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#,
    );
    // Plain text is only a part of the messages; an object is the whole request.
    let messages = r#""llm.input_messages.0.message.content":"x""#;
    check(&format!(r#"{messages},"input.value":"x""#), r#"{"messages":[{"content":"x"}]}"#);
    check(&format!(r#"{messages},"input.value":"{{\"messages\": []}}""#), r#"{"messages": []}"#);
    for none in [r#""gen_ai.prompt.x.role":"user""#, r#""gen_ai.prompt.-1.role":"user""#, r#""gen_ai.prompt.0":"user""#]
    {
        assert_eq!(inputs(none), None, "{none}");
    }
}

#[test]
fn respan_kinds_come_after_those_that_mlflow_knows() {
    let check =
        |attributes: &str, expected: &str| assert_eq!(of(attributes).span_type.as_str(), expected, "{attributes}");
    check(r#""respan.entity.log_type":"chat""#, "CHAT_MODEL");
    check(r#""respan.entity.log_type":"workflow""#, "WORKFLOW");
    check(r#""respan.entity.log_type":"agent","traceloop.span.kind":"task""#, "TASK");
    check(r#""respan.entity.log_type":"handoff""#, "UNKNOWN");
    // As MLflow's server translates it.
    check(r#""respan.entity.log_type":"chat","gen_ai.request.model":"m""#, "LLM");
}

#[test]
fn langgraph_agents_are_nodes_with_their_own_names() {
    let agent = |kind: &str, metadata: &str| {
        let metadata = Json::string(metadata);
        of(&format!(r#""mlflow.spanType":"\"{kind}\"","metadata":{}"#, metadata.text())).agent
    };
    let nodes = |nodes: &str| format!(r#"{{"langgraph_node":"agent","langgraph_checkpoint_ns":"{nodes}"}}"#);
    assert_eq!(agent("CHAT_MODEL", &nodes("concierge:55c2|agent:3c6a")).as_deref(), Some("concierge"));
    assert_eq!(agent("TOOL", &nodes("team:1|writer:2|tools:3")).as_deref(), Some("writer"));
    assert_eq!(agent("CHAT_MODEL", &nodes("model:3c6a")), None);
    assert_eq!(agent("CHAIN", &nodes("approve:1")), None, "a node is not necessarily an agent");
    let named = r#"{"lc_agent_name":"concierge","langgraph_checkpoint_ns":"other:1|model:2"}"#;
    assert_eq!(agent("CHAT_MODEL", named).as_deref(), Some("concierge"));
}

#[test]
fn template_names_have_a_title() {
    let title = |name: &str| {
        let text = format!(
            r#"{{"span_id":"11f5153ffc436b03","name":"{name}","start_time_unix_nano":1,"attributes":{{"logfire.msg":"\"turn about weather\""}}}}"#
        );
        span(&text, SpanDetail::Tree, None).unwrap().display_name().to_owned()
    };
    assert_eq!(title("turn about {topic}"), "turn about weather");
    assert_eq!(title("chat gpt-5-mini"), "chat gpt-5-mini", "not a template");
}

#[test]
fn token_details_may_have_other_names() {
    let of = |attributes: &str| of(attributes).derived_usage.unwrap().details;
    let counts = r#""gen_ai.usage.input_tokens":9,"gen_ai.usage.output_tokens":4,"#;
    let vercel = |output: i64| {
        format!(r#"{counts}"ai.usage.outputTokens":{output},"ai.usage.inputTokens":9,"ai.usage.reasoningTokens":3"#)
    };
    assert_eq!(of(&vercel(4)), [None, None, None, Some(3)]);
    assert_eq!(of(&vercel(5)), [None; 4], "counts of other requests");
}

#[test]
fn events_may_contain_all_messages_or_content() {
    let read = |events: &str, attributes: &str| {
        let text = format!(
            r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{{attributes}}},"events":[{events}]}}"#
        );
        let payload = span(&text, SpanDetail::All, None).unwrap().payload.unwrap();
        [payload.inputs(), payload.outputs()].map(|json| json.map(|json| json.text().to_owned()))
    };
    let event = |name: &str, attributes: &str| {
        format!(r#"{{"name":"{name}","time_unix_nano":1,"attributes":{{{attributes}}}}}"#)
    };
    let chat = r#""gen_ai.operation.name":"chat""#;
    let of_choice = event("gen_ai.choice", r#""message":"[{\"text\":\"so\"}]""#);
    assert_eq!(read(&of_choice, chat), [None, Some(r#"[{"role":"assistant","content":[{"text":"so"}]}]"#.to_owned())]);
    let details = |attributes: &str| event("gen_ai.client.inference.operation.details", attributes);
    let all = [
        details(r#""gen_ai.system_instructions":"[1]""#),
        details(r#""gen_ai.input.messages":"[2]""#),
        details(r#""gen_ai.input.messages":"[3]""#),
        details(r#""gen_ai.output.messages":"[4]""#),
    ];
    let inputs = r#"[{"role":"system","parts":[1]},2,3]"#;
    assert_eq!(read(&all.join(","), chat), [Some(inputs.to_owned()), Some("[4]".to_owned())]);
    let of_tool =
        [event("gen_ai.tool.message", r#""content":"{\"a\":1}""#), event("gen_ai.choice", r#""message":"no""#)];
    let tool = r#""gen_ai.operation.name":"execute_tool""#;
    assert_eq!(read(&of_tool.join(","), tool), [Some(r#"{"a":1}"#.to_owned()), Some(r#""no""#.to_owned())]);
}

#[test]
fn messages_in_events_are_read_if_no_attribute_has_them() {
    let events = r#""events":[{"name":"gen_ai.user.message","time_unix_nano":1,"attributes":{"content":"hi"}},
        {"name":"gen_ai.assistant.message","time_unix_nano":1,"attributes":{"id":"c"}},
        {"name":"gen_ai.choice","time_unix_nano":2,"attributes":{"content":"[1]","role":"model"}}]"#;
    let check = |attributes: &str, inputs: Option<&str>, outputs: Option<&str>| {
        let text = format!(
            r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{{attributes}}},{events}}}"#
        );
        let payload = span(&text, SpanDetail::All, None).unwrap().payload.unwrap();
        assert_eq!((payload.inputs().map(Json::text), payload.outputs().map(Json::text)), (inputs, outputs));
    };
    let outputs = Some(r#"[{"role":"model","content":[1]}]"#);
    check(r#""gen_ai.system":"x""#, Some(r#"[{"role":"user","content":"hi"}]"#), outputs);
    check(r#""gen_ai.input.messages":"[2]""#, Some("[2]"), outputs);
}

#[test]
fn an_event_may_contain_a_whole_message() {
    let check = |attributes: &str, expected: &str| {
        let text = format!(
            r#"{{"span_id":"11f5153ffc436b03","start_time_unix_nano":1,"attributes":{{"gen_ai.system":"x"}},
            "events":[{{"name":"gen_ai.choice","time_unix_nano":2,"attributes":{attributes}}}]}}"#
        );
        let payload = span(&text, SpanDetail::All, None).unwrap().payload.unwrap();
        assert_eq!(payload.outputs().map(Json::text), Some(expected), "{attributes}");
    };
    let hello = r#"[{"role":"assistant","content":"hello"}]"#;
    check(r#"{"message":{"role":"assistant","content":"hello"},"index":0}"#, hello);
    check(r#"{"message":"{\"role\":\"assistant\",\"content\":\"hello\"}"}"#, hello);
    check(r#"{"tool_calls":[{"id":"c"}]}"#, r#"[{"role":"assistant","tool_calls":[{"id":"c"}]}]"#);
}
