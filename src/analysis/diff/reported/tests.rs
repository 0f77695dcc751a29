//! Tests of repeated changes, and of changes that only look alike.

use crate::analysis::diff::tests::{Given, ROOT, check};

/// A tool span with inputs and outputs.
const fn tool<'a>(name: &'a str, inputs: &'a str, outputs: &'a str) -> Given<'a> {
    (1, "TOOL", name, inputs, outputs)
}

#[test]
fn short_values_of_other_spans_are_separate_changes() {
    check(
        &[ROOT, tool("search", r#"{"limit":true}"#, "1"), tool("delete", r#"{"dry_run":true}"#, "2")],
        &[ROOT, tool("search", r#"{"limit":false}"#, "1"), tool("delete", r#"{"dry_run":false}"#, "2")],
        &["=run", "~ search; input limit: true > false", "~ delete; input dry_run: true > false"],
    );
    check(
        &[ROOT, tool("search", r#"{"limit":10}"#, "1"), tool("delete", "{}", "2")],
        &[ROOT, tool("search", r#"{"limit":20}"#, "1"), tool("delete", r#"{"count":20}"#, "2")],
        &["=run", "~ search; input limit: 10 > 20", "~ delete; input count: - > 20"],
    );
    check(
        &[ROOT, (1, "CHAIN", "faithful", "{}", r#""yes""#), (1, "CHAIN", "relevant", "{}", r#""yes""#)],
        &[ROOT, (1, "CHAIN", "faithful", "{}", r#""no""#), (1, "CHAIN", "relevant", "{}", r#""no""#)],
        &["=run", "~ faithful; output -: yes > no", "~ relevant; output -: yes > no"],
    );
    check(
        &[ROOT, tool("save", "{}", r#"{"status":"no"}"#)],
        &[ROOT, tool("notify", "{}", r#""ok""#), tool("save", "{}", r#"{"status":"ok"}"#)],
        &["=run", "+ notify", "~ save; output status: no > ok"],
    );
}

#[test]
fn arguments_of_one_span_are_separate_changes() {
    for (old, new) in [("false", "true"), (r#""see Paris""#, r#""see London""#)] {
        let given = |value: &str| format!(r#"{{"x":{value},"y":{value}}}"#);
        let text = |value: &str| value.trim_matches('"').to_owned();
        let expected = format!("~f; input x: {0} > {1}; input y: {0} > {1}", text(old), text(new));
        check(&[(0, "TOOL", "f", &given(old), "1")], &[(0, "TOOL", "f", &given(new), "1")], &[&expected]);
    }
}

#[test]
fn a_word_that_is_not_distinctive_is_not_recognized() {
    let ask = |system: &str| format!(r#"{{"messages":[{{"role":"system","content":"{system}"}}]}}"#);
    check(
        &[ROOT, (1, "LLM", "c", &ask("Planner: do it."), "1"), tool("policy", "{}", r#""Refunds are allowed""#)],
        &[
            ROOT,
            (1, "LLM", "c", &ask("Planner: do not it."), "1"),
            tool("policy", "{}", r#""Refunds are not allowed""#),
        ],
        &[
            "=run",
            "~ c; input system: Planner: do it. > Planner: do not it.",
            "~ policy; output -: Refunds are allowed > Refunds are not allowed",
        ],
    );
}

#[test]
fn short_values_are_recognized_where_they_are_passed_on() {
    // From a parent to its child, and from there to the parent.
    let step = |value: &'static str| [(0, "CHAIN", "run", value, value), (1, "CHAIN", "step", value, value)];
    check(&step(r#"{"n":1}"#), &step(r#"{"n":2}"#), &["~run; input n: 1 > 2 +1", "~ step; output n: 1 > 2 +1"]);
    // From the model to the tool, and back in the messages of the next call.
    let call = |n: u64| {
        let call = format!(r#"{{"id":"1","function":{{"name":"add","arguments":"{{\"n\":{n}}}"}}}}"#);
        format!(r#"{{"role":"assistant","content":null,"tool_calls":[{call}]}}"#)
    };
    let answer = |n: u64| format!(r#"{{"choices":[{{"message":{}}}]}}"#, call(n));
    let ask = |n: u64| {
        let result = format!(r#"{{"role":"tool","tool_call_id":"1","content":"{}"}}"#, n + 1);
        format!(r#"{{"messages":[{{"role":"user","content":"n {n}"}},{},{result}]}}"#, call(n))
    };
    let first = |n: u64| format!(r#"{{"messages":[{{"role":"user","content":"n {n}"}}]}}"#);
    let work = |n: u64| (format!(r#"{{"n":{n}}}"#), (n + 1).to_string());
    let ((arguments_a, result_a), (arguments_b, result_b)) = (work(1), work(5));
    check(
        &[
            ROOT,
            (1, "LLM", "c", &first(1), &answer(1)),
            tool("add", &arguments_a, &result_a),
            (1, "LLM", "c", &ask(1), "1"),
        ],
        &[
            ROOT,
            (1, "LLM", "c", &first(5), &answer(5)),
            tool("add", &arguments_b, &result_b),
            (1, "LLM", "c", &ask(5), "1"),
        ],
        &[
            "=run",
            r#"~ c; input user: n 1 > n 5 +1; output calls add: {"n": 1} > {"n": 5} +2"#,
            "~ add; output -: 2 > 6 +1",
            "= c",
        ],
    );
}

/// A model response that calls `add`, with an id.
fn asks_to_add(arguments: &str) -> String {
    let function = format!(r#"{{"name":"add","arguments":"{}"}}"#, arguments.replace('"', "\\\""));
    let call = format!(r#"{{"id":"call_1","type":"function","function":{function}}}"#);
    format!(r#"{{"choices":[{{"message":{{"role":"assistant","content":null,"tool_calls":[{call}]}}}}]}}"#)
}

#[test]
fn a_requested_call_is_shown_at_the_model_that_requested_it() {
    let (one, two) = (asks_to_add(r#"{"n":1}"#), asks_to_add(r#"{"n":2}"#));
    let change = r#"output calls add: {"n": 1} > {"n": 2}"#;
    // A wrapper and the provider's span in it are one call: the change is shown at the wrapper, with or without that
    // span.
    let both = |answer: &'static str| [ROOT, (1, "LLM", "create", "{}", answer), (2, "LLM", "chat", "{}", answer)];
    let (one, two) = (&*one.leak(), &*two.leak());
    check(&both(one), &both(two), &["=run", &format!("~ create; {change} +1"), "=  chat"]);
    check(&both(one), &both(two)[..2], &["=run", &format!("~ create; {change}"), "-  chat"]);
    // An added agent around the call repeats it.
    let agent = [ROOT, (1, "AGENT", "agent", "{}", two), (2, "LLM", "create", "{}", two)];
    check(&both(one)[..2], &agent, &["=run", "+ agent", &format!("~  create; {change}")]);
}

#[test]
fn a_result_is_recognized_by_its_call() {
    let history = |result: u32| {
        let call = r#"{"role":"assistant","tool_calls":[{"id":"call_1","type":"function","function":{"name":"add","arguments":"{\"n\":1}"}}]}"#;
        format!(r#"{{"messages":[{call},{{"role":"tool","tool_call_id":"call_1","content":"{result}"}}]}}"#)
    };
    let ask = asks_to_add(r#"{"n":1}"#);
    // The span's name differs from the tool's.
    let spans = |result: u32| {
        [
            (0, "AGENT", "run", "{}".to_owned(), "null".to_owned()),
            (1, "LLM", "c", "{}".to_owned(), ask.clone()),
            (1, "TOOL", "execute_tool add", r#"{"n":1}"#.to_owned(), result.to_string()),
            (1, "LLM", "c", history(result), "1".to_owned()),
        ]
    };
    let (a, b) = (spans(2), spans(3));
    let given = |spans: &'static [(usize, &'static str, &'static str, String, String)]| {
        spans.iter().map(|(depth, kind, name, inputs, outputs)| (*depth, *kind, *name, &**inputs, &**outputs)).collect()
    };
    let (a, b): (Vec<Given<'_>>, Vec<Given<'_>>) = (given(a.to_vec().leak()), given(b.to_vec().leak()));
    check(&a, &b, &["=run", "= c", "~ execute_tool add; output -: 2 > 3 +1", "= c"]);
}
