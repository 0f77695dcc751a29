//! Frameworks of agents, each by the shapes that its programs left in MLflow 3.18.

use super::{answered, asked, json, part};
use crate::frameworks::Request;

fn parameters(inputs: &str) -> Vec<String> {
    let parameters = Request::of(&json(inputs)).parameters;
    parameters.iter().map(|(key, value)| format!("{key}={}", value.text())).collect()
}

#[test]
fn gemini_writes_every_member_of_a_part() {
    let of_part = |set: &str| format!(r#"{{"file_data":null,"inline_data":null,"thought_signature":null,{set}}}"#);
    let said = of_part(r#""text":"hi","thought":null,"function_call":null,"function_response":null"#);
    let thought = of_part(r#""text":"hm","thought":true,"function_call":null"#);
    let call = of_part(r#""text":null,"function_call":{"id":null,"args":{"city":"Rome"},"name":"rain"}"#);
    let result = |response: &str| {
        of_part(&format!(r#""text":null,"function_response":{{"id":null,"name":"rain","response":{response}}}"#))
    };
    let (good, bad) = (result(r#"{"result":"no"}"#), result(r#"{"error":"no station"}"#));
    let inputs = format!(
        r#"{{"model":"m","contents":[{{"role":"user","parts":[{said}]}},{{"role":"user","parts":[{good},{bad}]}}],
            "config":{{"system_instruction":"be brief","top_p":null,"temperature":0.5,"http_options":{{"a":1}},
            "tools":[{{"google_search":null,"function_declarations":[{{"name":"rain"}}]}},"<function snow at 0x7f3a2b10>"]}}}}"#
    );
    asked(&inputs, "system: be brief\nuser: hi\nuser: #=no | #!no station");
    assert_eq!(parameters(&inputs), ["temperature=0.5", r#"tools=["rain","snow"]"#]);
    answered(
        &format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{thought},{call},{}]}}}},{{"content":null}}]}}"#,
            of_part(r#""text":null"#)
        ),
        r#"assistant: (hm) | rain{"city":"Rome"}#"#,
    );
}

#[test]
fn langgraph_has_commands_and_single_calls() {
    let said = r#"{"type":"ai","name":"planner","content":[{"type":"tool_use","id":"c1","name":"rain","input":{}}],"tool_calls":[{"type":"tool_call","id":"c1","name":"rain","args":{}}]}"#;
    answered(
        &format!(r#"[{{"graph":null,"update":{{"messages":[{said}]}},"resume":null,"goto":[]}}]"#),
        "assistant planner: rain{}#c1",
    );
    asked(
        r#"[{"type":"tool_call","id":"c1","name":"rain","args":{"city":"Rome"}}]"#,
        "assistant: rain{\"city\":\"Rome\"}#c1",
    );
    asked(said, "assistant planner: rain{}#c1");
    // As OpenInference writes it.
    asked(r#"{"messages":[{"type":"human","data":{"content":"hi"}}]}"#, "user: hi");
}

#[test]
fn unknown_parts_are_passed_on() {
    let message = &crate::frameworks::response(&json(r#"[{"text":"a"},{"other":1}]"#))[0];
    assert_eq!(message.parts.iter().map(part).collect::<Vec<_>>(), [r#"=[{"text":"a"},{"other":1}]"#]);
}
