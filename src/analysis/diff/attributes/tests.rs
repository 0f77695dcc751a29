//! Tests of parameters, tools and finish reasons.

use crate::analysis::diff::tests::{diff_content, trace, tree_lines};
use crate::json::Json;

/// Renders the diff of two model calls that differ in one attribute, which may be their inputs or outputs.
fn diff_lines(key: &str, a: &str, b: &str) -> String {
    let call = |value: &str| {
        let mut made = trace(&[(0, "CHAT_MODEL", "c", r#"{"messages":[{"role":"user","content":"hi"}]}"#, "1")]);
        let attributes = &mut made.spans.as_mut().unwrap().list[0].payload.as_mut().unwrap().attributes;
        attributes.retain(|(known, _)| known != key);
        attributes.push((key.to_owned(), Json::from_strict(value).unwrap()));
        made
    };
    let (a, b) = (call(a), call(b));
    tree_lines(&a, &b, &diff_content(&a, &b)).join(" | ")
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
        assert_eq!(diff_lines(key, a, b), expected);
    }
}

#[test]
fn ids_and_counts_are_not_parameters() {
    for key in
        ["client_id", "cost", "mlflow.message.format", "code.line.number", "llm.usage.total_tokens", "session.id"]
    {
        assert_eq!(diff_lines(key, "1", "2"), "=c", "{key}");
    }
}

#[test]
fn tools_are_compared_by_their_whole_definition() {
    let request = |about: &str, kind: &str| {
        let schema = format!(r#"{{"properties":{{"city":{{"type":"{kind}"}}}}}}"#);
        let function = format!(r#"{{"name":"f","description":"{about}","parameters":{schema}}}"#);
        let tool = format!(r#"{{"type":"function","function":{function}}}"#);
        format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],"tools":[{tool}]}}"#)
    };
    let lines = |a: &str, b: &str| diff_lines("mlflow.spanInputs", a, b);
    let first = request("Weather", "string");
    assert_eq!(lines(&first, &first), "=c");
    for other in [request("Weather. Never call it twice", "string"), request("Weather", "integer")] {
        assert!(lines(&first, &other).starts_with("~c; input tools[0].function."), "{other}");
    }
}

#[test]
fn finish_reasons_are_shown_except_normal_ones() {
    let answer = |reason: &str| {
        format!(r#"{{"choices":[{{"finish_reason":"{reason}","message":{{"role":"assistant","content":"x"}}}}]}}"#)
    };
    let lines = |a: &str, b: &str| diff_lines("mlflow.spanOutputs", &answer(a), &answer(b));
    assert_eq!(lines("stop", "length"), "~c; output choices[0].finish_reason: stop > length");
    assert_eq!(lines("stop", "tool_calls"), "=c");
    let answer = |reason: &str| format!(r#"{{"role":"assistant","content":"x","stop_reason":"{reason}"}}"#);
    let (a, b) = (answer("end_turn"), answer("max_tokens"));
    assert_eq!(diff_lines("mlflow.spanOutputs", &a, &b), "~c; output stop_reason: end_turn > max_tokens");
}
