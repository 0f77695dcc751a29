//! Parameters and tools wherever they stand, and endings.

use crate::analysis::diff::tests::{of_traces, told, trace};
use crate::model::Json;

/// What is told of two calls of a model that differ in an attribute, or in what they are called with or give.
fn of_call(key: &str, a: &str, b: &str) -> String {
    let call = |value: &str| {
        let mut made = trace(&[(0, "CHAT_MODEL", "c", r#"{"messages":[{"role":"user","content":"hi"}]}"#, "1")]);
        let attributes = &mut made.spans.as_mut().unwrap().list[0].payload.as_mut().unwrap().attributes;
        attributes.retain(|(known, _)| known != key);
        attributes.push((key.to_owned(), Json::from_strict(value).unwrap()));
        made
    };
    let (a, b) = (call(a), call(b));
    told(&a, &b, &of_traces(&a, &b)).join(" | ")
}

#[test]
fn attributes_are_parameters() {
    for (key, a, b, expected) in [
        // LangChain.
        (
            "invocation_params",
            r#"{"model":"x","temperature":0.1,"stop":null}"#,
            r#"{"model":"y","temperature":0.9}"#,
            "~c; parameter invocation_params.model: x > y; parameter invocation_params.temperature: 0.1 > 0.9",
        ),
        // DSPy.
        ("max_tokens", "100", "4000", "~c; parameter max_tokens: 100 > 4000"),
        ("signature", r#""q -> a""#, r#""q, c -> a""#, "~c; parameter signature: q -> a > q, c -> a"),
        ("prompt_version", "1", "2", "~c; parameter prompt_version: 1 > 2"),
        ("settings", r#"{"k":1,"n":2}"#, r#"{"k":3,"n":2}"#, "~c; parameter settings.k: 1 > 3"),
        (
            "llm.invocation_parameters",
            r#""{\"top_k\":1}""#,
            r#""{\"top_k\":2}""#,
            "~c; parameter llm.invocation_parameters.top_k: 1 > 2",
        ),
        ("gen_ai.request.temperature", "0", "1", "~c; parameter gen_ai.request.temperature: 0 > 1"),
        (
            "mlflow.chat.tools",
            r#"[{"name":"f"}]"#,
            r#"[{"name":"f"},{"name":"g"}]"#,
            r#"~c; parameter mlflow.chat.tools[1]: - > {"name":"g"}"#,
        ),
    ] {
        assert_eq!(of_call(key, a, b), expected);
    }
}

#[test]
fn attributes_that_name_or_count_are_no_parameters() {
    for key in
        ["client_id", "cost", "mlflow.message.format", "code.line.number", "llm.usage.total_tokens", "session.id"]
    {
        assert_eq!(of_call(key, "1", "2"), "=c", "{key}");
    }
}

#[test]
fn tools_are_compared_by_their_whole_definition() {
    let asked = |about: &str, kind: &str| {
        let schema = format!(r#"{{"properties":{{"city":{{"type":"{kind}"}}}}}}"#);
        let function = format!(r#"{{"name":"f","description":"{about}","parameters":{schema}}}"#);
        let tool = format!(r#"{{"type":"function","function":{function}}}"#);
        format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],"tools":[{tool}]}}"#)
    };
    let told = |a: &str, b: &str| of_call("mlflow.spanInputs", a, b);
    let first = asked("Weather", "string");
    assert_eq!(told(&first, &first), "=c");
    for other in [asked("Weather. Never call it twice", "string"), asked("Weather", "integer")] {
        assert!(told(&first, &other).starts_with("~c; input tools[0].function."), "{other}");
    }
}

#[test]
fn how_a_model_ended_is_told_unless_it_ended_by_itself() {
    let answer = |reason: &str| {
        format!(r#"{{"choices":[{{"finish_reason":"{reason}","message":{{"role":"assistant","content":"x"}}}}]}}"#)
    };
    let told = |a: &str, b: &str| of_call("mlflow.spanOutputs", &answer(a), &answer(b));
    assert_eq!(told("stop", "length"), "~c; output choices[0].finish_reason: stop > length");
    assert_eq!(told("stop", "tool_calls"), "=c");
    let answer = |reason: &str| format!(r#"{{"role":"assistant","content":"x","stop_reason":"{reason}"}}"#);
    let (a, b) = (answer("end_turn"), answer("max_tokens"));
    assert_eq!(of_call("mlflow.spanOutputs", &a, &b), "~c; output stop_reason: end_turn > max_tokens");
}
