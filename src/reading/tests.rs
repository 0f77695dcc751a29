use super::*;
use crate::formats::{self, SpanDetail};
use crate::model::{Cost, Span, SpanStatus, Timestamp, TokenUsage, Trace, TraceInfo, TraceState};
use crate::tests::{SpanSpec, tokens, trace_of};
use proptest::prelude::*;
use std::slice;

/// A span as id, parent, type, and input and output tokens.
type Given<'a> = (&'a str, &'a str, &'a str, Option<(i64, i64)>);

/// Builds a span; `attributes` are members of a JSON object.
fn span(id: &str, parent: &str, span_type: &str, start: i64, attributes: &str) -> Span {
    let spec = SpanSpec { start, end: Some(start + 5), attributes, ..SpanSpec::new(id, parent, span_type) };
    spec.build(SpanDetail::All)
}

fn trace(spans: &[Given<'_>]) -> Trace {
    let span = |((id, parent, kind, usage), start): (&Given<'_>, i64)| {
        span(id, parent, kind, start, &usage.map(tokens).unwrap_or_default())
    };
    trace_of(spans.iter().zip(1..).map(span).collect())
}

/// The rows as `kind names in/out`, the span that counts first.
fn rows(trace: &Trace) -> Vec<String> {
    let spans = trace.span_list();
    let row = |row: &UsageRow| {
        let name = |at: &usize| spans[*at].name.clone();
        let counts = row.span.as_ref().map_or_else(|| "-".to_owned(), name);
        let others: Vec<String> = row.spans.iter().filter(|at| Some(**at) != row.span).map(name).collect();
        let names = std::iter::once(counts).chain(others).collect::<Vec<_>>().join("+");
        let figures = row.token_usage.as_ref().map_or((None, None, None), TokenUsage::counts);
        let known = |figure: Option<i64>| figure.map_or_else(|| "?".to_owned(), |figure| figure.to_string());
        format!("{} {names} {}/{}", row.kind.as_str(), known(figures.0), known(figures.1))
    };
    trace_usage(trace).rows.iter().map(row).collect()
}

#[test]
fn a_wrapper_and_the_span_inside_it_are_one_call() {
    let mut trace = trace(&[
        ("team", "", "CHAIN", None),
        ("create", "team", "LLM", Some((10, 5))),
        ("between", "create", "CHAIN", None),
        ("AsyncCompletions", "between", "CHAT_MODEL", Some((10, 5))),
        ("alone", "team", "LLM", Some((1, 1))),
    ]);
    trace.spans.as_mut().unwrap().list[3].model = Some("gpt".to_owned());
    trace.spans.as_mut().unwrap().list[3].cost = Some(Cost::calculated(1.0, 2.0));
    assert_eq!(rows(&trace), ["llm create+AsyncCompletions 10/5", "llm alone 1/1"]);
    let usage = trace_usage(&trace);
    let call = &usage.rows[0];
    assert_eq!(call.model(trace.span_list()), Some("gpt"));
    assert_eq!(call.cost.unwrap().total_cost, Some(3.0));
    assert_eq!(usage.token_usage.unwrap().counts(), (Some(11), Some(6), Some(17)));
}

#[test]
fn a_carrier_above_several_calls_has_a_remainder() {
    let of = |run: Option<(i64, i64)>| {
        rows(&trace(&[("run", "", "LLM", run), ("a", "run", "LLM", Some((3, 1))), ("b", "run", "LLM", Some((4, 1)))]))
    };
    assert_eq!(of(None), ["llm a 3/1", "llm b 4/1"]);
    assert_eq!(of(Some((7, 2))), ["remainder run 0/0", "llm a 3/1", "llm b 4/1"]);
    assert_eq!(of(Some((10, 2))), ["remainder run 3/0", "llm a 3/1", "llm b 4/1"]);
    assert_eq!(of(Some((4, 1))), ["llm a 3/1", "llm b 4/1"], "it is not a total");
    // A tool in between makes its own request.
    let nested = trace(&[
        ("model", "", "LLM", Some((9, 9))),
        ("tool", "model", "TOOL", None),
        ("other", "tool", "LLM", Some((2, 2))),
    ]);
    assert_eq!(rows(&nested), ["remainder model 7/7", "llm other 2/2"]);
}

/// The total, the other total, whether the conflict is resolved, and the spans in conflict.
fn resolved_usage(trace: &Trace) -> String {
    let usage = trace_usage(trace);
    let total = |usage: &TokenUsage| usage.total_tokens.unwrap();
    let Some(conflict) = &usage.conflict else { return format!("{}", total(&usage.token_usage.unwrap())) };
    let span = |(at, reason): &(usize, ConflictReason)| format!("{} {}", trace.span_list()[*at].name, reason.as_str());
    let spans = conflict.spans.iter().map(span).collect::<Vec<_>>().join(", ");
    let word = if conflict.is_resolved { "not" } else { "or" };
    format!("{} {word} {}: {spans}", total(&usage.token_usage.unwrap()), total(&conflict.other))
}

#[test]
fn a_parent_counts_only_if_its_tokens_can_be_a_total() {
    let of = |run: (i64, i64), second: Option<(i64, i64)>, recorded: Option<i64>| {
        let spans = [("run", "", "AGENT", Some(run)), ("a", "run", "LLM", Some((3, 1))), ("b", "run", "LLM", second)];
        let mut trace = trace(&spans);
        trace.info.recorded_usage = recorded.map(|total| TokenUsage {
            input_tokens: Some(total - 2),
            output_tokens: Some(2),
            total_tokens: Some(total),
            ..TokenUsage::default()
        });
        resolved_usage(&trace)
    };
    let second = Some((4, 1));
    assert_eq!(of((7, 2), second, None), "9");
    assert_eq!(of((4, 1), second, None), "9 not 5: run less_than_calls");
    assert_eq!(of((4, 1), second, Some(5)), "9 not 5: run less_than_calls");
    assert_eq!(of((10, 2), second, None), "12 or 9: run more_than_calls");
    assert_eq!(of((10, 2), second, Some(12)), "12 or 9: run more_than_calls");
    assert_eq!(of((10, 2), second, Some(9)), "9 not 12: run more_than_calls", "MLflow added up the calls");
    assert_eq!(of((10, 1), second, None), "11 or 9: run more_than_calls", "more sent and fewer made");
    assert_eq!(of((10, 2), None, None), "12", "the second call may have used the rest");
    let nested = trace(&[
        ("team", "", "AGENT", Some((1, 1))),
        ("agent", "team", "AGENT", Some((2, 1))),
        ("a", "agent", "LLM", Some((3, 1))),
        ("b", "agent", "LLM", Some((3, 1))),
    ]);
    assert_eq!(resolved_usage(&nested), "8 not 2: team less_than_calls, agent less_than_calls");
}

#[test]
fn a_response_recorded_by_two_instrumentations_is_one_call() {
    let call = |id: &str, name: &str, start: i64, response: &str, usage: (i64, i64)| {
        let response = format!(r#","mlflow.spanOutputs":"{{\"id\": \"{response}\", \"choices\": []}}""#);
        let mut span = span(id, "root", "LLM", start, &(response + &tokens(usage)));
        name.clone_into(&mut span.name);
        span
    };
    let root = || span("root", "", "CHAIN", 0, "");
    let of = |second: Span| {
        let trace = trace_of(vec![root(), call("a", "create", 1, "chatcmpl-1", (3, 1)), second]);
        (resolved_usage(&trace), rows(&trace))
    };
    let (total, calls) = of(call("b", "Completions", 2, "chatcmpl-1", (3, 1)));
    assert_eq!(
        (total.as_str(), calls),
        ("4 not 8: Completions repeated", vec!["llm create+Completions 3/1".to_owned()])
    );
    for second in [
        call("b", "Completions", 2, "chatcmpl-2", (3, 1)),
        call("b", "create", 2, "chatcmpl-1", (3, 1)),
        call("b", "Completions", 20, "chatcmpl-1", (3, 1)),
    ] {
        let (_, calls) = of(second);
        assert_eq!(calls.len(), 2, "{calls:?}");
    }
}

#[test]
fn receipts_do_not_count_beside_calls() {
    let receipt = |id: &str, start| {
        let attributes = r#","ag2.span.type":"usage","gen_ai.usage.input_tokens":3,"gen_ai.usage.output_tokens":1,"gen_ai.response.model":"m""#;
        span(id, "root", "UNKNOWN", start, attributes)
    };
    let root = || span("root", "", "AGENT", 0, "");
    let call = span("chat", "root", "CHAT_MODEL", 1, &tokens((3, 1)));
    assert_eq!(resolved_usage(&trace_of(vec![root(), call, receipt("receipt", 2)])), "4 not 8: receipt repeated");
    assert_eq!(resolved_usage(&trace_of(vec![root(), receipt("receipt", 2)])), "4", "the call was not traced");
}

#[test]
fn the_tokens_of_all_turns_are_not_the_total_of_a_trace() {
    let of = |run: (i64, i64)| {
        let system = r#","gen_ai.system":"strands-agents""#;
        let call = |id: &str, start, usage| span(id, "run", "CHAT_MODEL", start, &(tokens(usage) + system));
        let run = span("run", "", "AGENT", 0, &(tokens(run) + system));
        resolved_usage(&trace_of(vec![run, call("a", 1, (3, 1)), call("b", 2, (4, 1))]))
    };
    assert_eq!(of((7, 2)), "9");
    assert_eq!(of((20, 4)), "9 not 24: run all_turns");
    assert_eq!(of((4, 1)), "9 not 5: run less_than_calls");
}

#[test]
fn preparing_a_request_is_not_a_call() {
    let text = r#"{"span_id":"a","name":"OpenAI._prepare_chat_with_tools","start_time_unix_nano":1,"attributes":{"mlflow.spanType":"\"LLM\""}}"#;
    let read = formats::span(text, SpanDetail::All, None).unwrap();
    assert_eq!(rows(&trace_of(vec![read])), Vec::<String>::new());
}

#[test]
fn spans_of_other_types_are_calls_if_they_name_a_model() {
    let mut one = trace(&[("agent", "", "AGENT", Some((5, 5))), ("crew", "", "CHAIN", Some((1, 1)))]);
    for span in &mut one.spans.as_mut().unwrap().list {
        span.model = Some("m".to_owned());
    }
    assert_eq!(rows(&one), ["remainder agent 5/5", "llm crew 1/1"], "an agent may have made any number of calls");
    let embedding = trace(&[("e", "", "EMBEDDING", Some((5, 0))), ("of no model", "", "EMBEDDING", None)]);
    assert_eq!(rows(&embedding), ["embedding e 5/0"]);
}

#[test]
fn an_empty_usage_hides_those_below_it() {
    let mut one = trace(&[("run", "", "AGENT", None), ("call", "run", "LLM", Some((3, 1)))]);
    one.spans.as_mut().unwrap().list[0].token_usage = Some(TokenUsage::default());
    assert_eq!(rows(&one), ["remainder run -3/-1", "llm call 3/1"]);
    assert_eq!(trace_usage(&one).token_usage, None);
}

#[test]
fn the_remainder_of_the_record_is_a_row() {
    let mut one = trace(&[("call", "", "LLM", Some((3, 1)))]);
    one.info.span_count = Some(5);
    one.info.recorded_usage = TokenUsage::from_json(
        &crate::json::Json::from_strict(r#"{"input_tokens":10,"output_tokens":1,"total_tokens":11}"#).unwrap(),
    );
    assert_eq!(rows(&one), ["llm call 3/1", "remainder - 7/0"]);
    assert_eq!(trace_usage(&one).source, Some("recorded"));
}

#[test]
fn a_carrier_that_adds_up_all_turns_so_far_is_not_counted() {
    let mut agent = trace(&[
        ("agent", "", "AGENT", Some((30, 10))),
        ("one", "agent", "LLM", Some((10, 2))),
        ("two", "agent", "LLM", Some((10, 3))),
    ]);
    let record = |input, output| {
        let (input_tokens, output_tokens, total_tokens) = (Some(input), Some(output), Some(input + output));
        Some(TokenUsage { input_tokens, output_tokens, total_tokens, ..TokenUsage::default() })
    };
    agent.info.recorded_usage = record(30, 10);
    assert_eq!(rows(&agent), ["remainder agent 10/5", "llm one 10/2", "llm two 10/3"]);
    agent.info.recorded_usage = record(20, 5);
    assert_eq!(rows(&agent), ["llm one 10/2", "llm two 10/3"]);
    assert_eq!(trace_usage(&agent).token_usage.unwrap().counts(), (Some(20), Some(5), Some(25)));
}

#[test]
fn recorded_usage_takes_precedence_over_derived_usage() {
    let mut one = trace(&[
        ("root", "", "AGENT", None),
        ("alone", "root", "LLM", None),
        ("above", "root", "LLM", None),
        ("recorded", "above", "CHAT_MODEL", Some((10, 5))),
    ]);
    for (at, usage) in [(1, (1, 2)), (2, (11, 6))] {
        let json = format!(
            r#"{{"input_tokens":{},"output_tokens":{},"total_tokens":{}}}"#,
            usage.0,
            usage.1,
            usage.0 + usage.1
        );
        one.spans.as_mut().unwrap().list[at].derived_usage =
            TokenUsage::from_json(&crate::json::Json::from_strict(&json).unwrap());
    }
    assert_eq!(rows(&one), ["llm alone 1/2", "llm recorded+above 10/5"]);
    let derived: Vec<bool> = trace_usage(&one).rows.iter().map(|row| row.is_derived).collect();
    assert_eq!(derived, [true, false]);
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn rows_add_up_to_the_total(given in prop::collection::vec((any::<prop::sample::Index>(), 0..6u8, prop::option::of((0..9i64, 0..9i64)), prop::option::of(0..9u8)), 1..14)) {
        let kinds = ["LLM", "CHAT_MODEL", "AGENT", "CHAIN", "TOOL", "EMBEDDING"];
        let mut spans = Vec::new();
        for ((at, (parent, kind, usage, cost)), start) in given.iter().enumerate().zip(0..) {
            let parent = if at == 0 { String::new() } else { format!("s{}", parent.index(at)) };
            let mut one = span(&format!("s{at}"), &parent, kinds[usize::from(*kind)], start, &usage.map(tokens).unwrap_or_default());
            one.cost = cost.map(|cost| Cost::calculated(f64::from(cost), 0.0));
            one.model = cost.map(|_| "m".to_owned());
            spans.push(one);
        }
        let usage = trace_usage(&trace_of(spans));
        let mut sum = TokenUsage::default();
        usage.rows.iter().filter_map(|row| row.token_usage.as_ref()).for_each(|usage| sum.add(usage));
        let figures = |usage: &TokenUsage| usage.counts();
        let total = usage.token_usage.as_ref().map_or((0, 0, 0), |usage| {
            let (input, output, total) = figures(usage);
            (input.unwrap_or(0), output.unwrap_or(0), total.unwrap_or(0))
        });
        let (input, output, all) = figures(&sum);
        prop_assert_eq!((input.unwrap_or(0), output.unwrap_or(0), all.unwrap_or(0)), total);
        let costs: f64 = usage.rows.iter().filter_map(|row| row.cost?.total_cost).sum();
        prop_assert!((costs - usage.cost.and_then(|cost| cost.total_cost).unwrap_or(0.0)).abs() < 1e-9);
        let mut seen: Vec<usize> = usage.rows.iter().flat_map(|row| row.spans.clone()).collect();
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        prop_assert_eq!(count, seen.len(), "a span belongs to one row");
    }
}

fn payload(inputs: &str, outputs: &str) -> String {
    let attribute = |key: &str, value: &str| {
        let text = crate::json::Json::string(value);
        if value.is_empty() { String::new() } else { format!(r#","{key}":{}"#, text.text()) }
    };
    attribute("mlflow.spanInputs", inputs) + &attribute("mlflow.spanOutputs", outputs)
}

fn call(id: &str, name: &str, arguments: &str) -> String {
    let id = if id.is_empty() { String::new() } else { format!(r#""id":"{id}","#) };
    format!(r#"{{{id}"type":"function","function":{{"name":"{name}","arguments":"{arguments}"}}}}"#)
}

fn calls_message(calls: &[String]) -> String {
    format!(r#"{{"role":"assistant","content":null,"tool_calls":[{}]}}"#, calls.join(","))
}

fn result_message(id: &str, text: &str) -> String {
    format!(r#"{{"role":"tool","tool_call_id":"{id}","content":"{text}"}}"#)
}

fn request(messages: &[String]) -> String {
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},{}]}}"#, messages.join(","))
}

fn response(message: &str) -> String {
    format!(r#"{{"choices":[{{"message":{message}}}]}}"#)
}

/// The tool calls as `name requested-in ran-in returned-in failure`; a star if not made in the trace.
fn tool_calls(trace: &Trace) -> Vec<String> {
    let spans = trace.span_list();
    let name = |at: Option<usize>| at.map_or_else(|| "-".to_owned(), |at| spans[at].name.clone());
    let line = |call: &ToolCall| {
        let failure = match &call.failure {
            None => String::new(),
            Some(CallFailure::Raised) => " raised".to_owned(),
            Some(CallFailure::Handled(text)) => format!(" {text}"),
        };
        let star = if call.origin == CallOrigin::Trace { "" } else { "*" };
        let (asked, ran, returned) = (name(call.requested_in), name(call.span), name(call.returned_in()));
        format!("{}{star} {asked} {ran} {returned}{failure}", call.name.as_deref().unwrap_or("?"))
    };
    Reading::from_trace(trace).tool_calls.iter().map(line).collect()
}

#[test]
fn a_tool_call_is_joined_from_its_request_its_span_and_its_result() {
    let (one, two) = (call("c1", "add", r#"{\"a\":1, \"b\":2}"#), call("c2", "add", r#"{\"a\":3}"#));
    let mut failed = span("add_2", "run", "TOOL", 4, &payload(r#"{"a":3}"#, ""));
    failed.status = SpanStatus::Error;
    let whole = trace_of(vec![
        span("run", "", "AGENT", 1, ""),
        span(
            "llm1",
            "run",
            "CHAT_MODEL",
            2,
            &payload(&request(&[]), &response(&calls_message(&[one.clone(), two.clone()]))),
        ),
        span("add_1", "run", "TOOL", 3, &payload(r#"{"b":2,"a":1}"#, "3")),
        failed,
        span(
            "llm2",
            "run",
            "CHAT_MODEL",
            9,
            &payload(
                &request(&[
                    calls_message(&[one.clone(), two]),
                    result_message("c1", "3"),
                    result_message("c2", "Error: no"),
                ]),
                "",
            ),
        ),
    ]);
    assert_eq!(tool_calls(&whole), ["add llm1 add_1 llm2", "add llm1 add_2 llm2 raised"]);
    // The same without tool spans, as AutoGen's autolog records it.
    let bare = trace_of(vec![
        span("llm1", "", "CHAT_MODEL", 2, &payload(&request(&[]), &response(&calls_message(slice::from_ref(&one))))),
        span(
            "llm2",
            "",
            "CHAT_MODEL",
            9,
            &payload(&request(&[calls_message(slice::from_ref(&one)), result_message("c1", "Error: no")]), ""),
        ),
    ]);
    assert_eq!(tool_calls(&bare), ["add llm1 - llm2 Error: no"]);
    // Only from the history.
    let later = trace_of(vec![span(
        "llm3",
        "",
        "CHAT_MODEL",
        2,
        &payload(&request(&[calls_message(&[one]), result_message("c1", "3")]), ""),
    )]);
    assert_eq!(tool_calls(&later), ["add* - - llm3"]);
}

#[test]
fn calls_without_ids_are_counted_once_per_request() {
    let one = || call("", "poll", "{}");
    let whole = trace_of(vec![
        span("llm1", "", "LLM", 1, &payload(&request(&[]), &response(&calls_message(&[one()])))),
        span("poll", "", "TOOL", 2, &payload("{}", "1")),
        span("llm2", "", "LLM", 3, &payload(&request(&[calls_message(&[one()])]), &response(&calls_message(&[one()])))),
        span("poll", "", "TOOL", 4, &payload("{}", "2")),
        span("llm3", "", "LLM", 5, &payload(&request(&[calls_message(&[one()]), calls_message(&[one()])]), "")),
    ]);
    assert_eq!(tool_calls(&whole).len(), 2);
}

#[test]
fn a_forced_call_without_a_run_is_not_a_tool_call() {
    let request = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"tool_choice":{"type":"function","function":{"name":"Answer"}}}"#;
    let answer = calls_message(&[call("c1", "Answer", "{}")]);
    let llm = || span("llm", "", "LLM", 1, &payload(request, &response(&answer)));
    assert_eq!(tool_calls(&trace_of(vec![llm()])), Vec::<String>::new());
    let ran = span("Answer", "", "TOOL", 9, &payload("{}", "1"));
    assert_eq!(tool_calls(&trace_of(vec![llm(), ran])), ["Answer llm Answer -"], "the tool ran");
}

#[test]
fn a_tool_span_belongs_to_the_call_that_waits_for_it() {
    let llm = || {
        span(
            "llm",
            "",
            "LLM",
            1,
            &payload(&request(&[]), &response(&calls_message(&[call("c1", "add", r#"{\"a\":1}"#)]))),
        )
    };
    let tool = |arguments: &str, id: &str| {
        let id = format!(r#","gen_ai.tool.call.id":"{id}""#);
        span("add", "", "TOOL", 9, &(payload(arguments, "1") + if id.ends_with(r#":"""#) { "" } else { &id }))
    };
    for tool in [tool(r#"{"a":1}"#, "adk-1"), tool(r#"{"a":1,"ctx":"<Context>"}"#, ""), tool(r#"{"a":1}"#, "")] {
        assert_eq!(tool_calls(&trace_of(vec![llm(), tool])), ["add llm add -"]);
    }
    let early = span("add", "", "TOOL", 0, &(payload(r#"{"a":1}"#, "1") + r#","gen_ai.tool.call.id":"adk-1""#));
    assert_eq!(tool_calls(&trace_of(vec![llm(), early])).len(), 2, "it ran before it was requested");
}

#[test]
fn a_history_may_contain_calls_under_other_ids() {
    let asked = |id: &str| call(id, "add", r#"{\"a\":1}"#);
    let second = |history: Vec<String>| {
        let request = request(&[calls_message(&history), result_message("add_0", "Error: no")]);
        trace_of(vec![
            span(
                "llm1",
                "",
                "LLM",
                1,
                &payload(
                    r#"{"messages":[{"role":"user","content":"hi"}]}"#,
                    &response(&calls_message(&[asked("adk-1")])),
                ),
            ),
            span("llm2", "", "LLM", 9, &payload(&request, "")),
        ])
    };
    assert_eq!(tool_calls(&second(vec![asked("add_0")])), ["add llm1 - llm2 Error: no"]);
    assert_eq!(tool_calls(&second(vec![asked("adk-1"), asked("add_0")])).len(), 2, "the history contains both ids");
}

#[test]
fn agents_with_equal_responses_are_distinguished_by_their_previous_message() {
    let source =
        |source: &str, role: &str, text: &str| format!(r#"{{"content":"{text}","source":"{source}","type":"{role}"}}"#);
    let call = |id: &str, start: i64, messages: &[String]| {
        let request = format!(r#"{{"messages":[{}]}}"#, messages.join(","));
        span(id, "", "LLM", start, &payload(&request, r#"{"content":"APPROVE"}"#))
    };
    let (user, critic) = (source("user", "UserMessage", "hi"), source("critic", "UserMessage", "APPROVE"));
    let writer = source("writer", "AssistantMessage", "APPROVE");
    let trace =
        trace_of(vec![call("a", 1, slice::from_ref(&user)), call("b", 10, &[user, critic.clone(), writer, critic])]);
    let agents = Agents::new(trace.spans.as_ref().unwrap(), &trace_usage(&trace));
    assert_eq!(agents.name(1), Some("writer"));
}

#[test]
fn only_known_tool_classes_are_tool_names() {
    let named = |name: &str| {
        let mut tool = span("a", "", "TOOL", 1, &payload("{}", "1"));
        name.clone_into(&mut tool.name);
        tool_calls(&trace_of(vec![tool]))
    };
    assert_eq!(named("SimpleTool.__call__"), ["? - SimpleTool.__call__ -"]);
    assert_eq!(named("FinalAnswerTool.__call__"), ["final_answer - FinalAnswerTool.__call__ -"]);
}

#[test]
fn a_wrapper_does_not_repeat_a_call() {
    for id in ["c1", ""] {
        let one = call(id, "add", "{}");
        let both = trace_of(vec![
            span("create", "", "LLM", 1, &payload(&request(&[]), &response(&calls_message(slice::from_ref(&one))))),
            span("Completions", "create", "CHAT_MODEL", 2, &payload(&request(&[]), &response(&calls_message(&[one])))),
        ]);
        assert_eq!(tool_calls(&both), ["add create - -"], "{id}");
    }
}

#[test]
fn reused_ids_are_different_calls() {
    let one = call("0", "add", "{}");
    let whole = trace_of(vec![
        span("llm1", "", "LLM", 1, &payload(&request(&[]), &response(&calls_message(slice::from_ref(&one))))),
        span(
            "llm2",
            "",
            "LLM",
            3,
            &payload(
                &request(&[calls_message(slice::from_ref(&one)), result_message("0", "1")]),
                &response(&calls_message(&[one])),
            ),
        ),
    ]);
    assert_eq!(tool_calls(&whole), ["add llm1 - llm2", "add llm2 - -"]);
}

#[test]
fn later_traces_repeat_a_call_and_its_failure() {
    let turn = |id: &str, at: i64| {
        let one = call(id, "find", "{}");
        let history = [calls_message(slice::from_ref(&one)), result_message(id, "Error: none")];
        [
            trace_of(vec![span("llm1", "", "LLM", at, &payload(&request(&[]), &response(&calls_message(&[one]))))]),
            trace_of(vec![span("llm2", "", "LLM", at + 10, &payload(&request(&history), ""))]),
            trace_of(vec![span("llm3", "", "LLM", at + 20, &payload(&request(&history), ""))]),
        ]
    };
    let new_counts = |traces: Vec<Trace>| {
        let mut history = History::default();
        let mut count = (0, 0);
        for trace in traces {
            let mut calls = Reading::from_trace(&trace).tool_calls;
            history.read(&mut calls);
            for call in calls {
                count = (count.0 + u32::from(call.is_new), count.1 + u32::from(call.is_result_new));
            }
        }
        count
    };
    assert_eq!(new_counts(turn("c1", 1).into()), (1, 1));
    // Calls before the first selected trace count once.
    assert_eq!(new_counts(turn("c1", 1)[1..].to_vec()), (1, 1));
    // A server that reuses ids: two runs are two calls.
    assert_eq!(new_counts([turn("c1", 1), turn("c1", 1000)].concat()), (2, 2));
    let mut session = turn("c1", 1);
    let mut history = History::default();
    for trace in &mut session {
        history.read_trace(trace);
    }
    let failed = session.map(|trace| trace.span_list()[0].handled_failure.is_some());
    assert_eq!(failed, [false, true, false]);
    // Two instrumentations record the same request in two traces.
    assert_eq!(new_counts([turn("c1", 1), turn("c1", 2)].concat()), (1, 1));
}

#[test]
fn calls_of_earlier_turns_do_not_count() {
    let turns = [calls_message(&[call("c1", "pay", "{}")]), result_message("c1", "Error: no"), user("bye")];
    let bye = || {
        span("llm", "", "LLM", 1, &payload(&request(&turns), &response(&calls_message(&[call("c2", "wave", "{}")]))))
    };
    assert_eq!(called_tools(&trace_of(vec![bye()])), ["wave"]);
    // A first request that ends with a tool result continues the same turn, so the call counts.
    assert_eq!(called_tools(&trace_of(vec![span("llm", "", "LLM", 1, &payload(&request(&turns[..2]), ""))])), ["pay"]);
    // Agents of a team receive each other's responses as user messages; the first request did not contain the call.
    let team = vec![
        span("llm1", "", "LLM", 1, &payload(&request(&[]), "")),
        span("llm2", "", "LLM", 2, &payload(&request(&turns), "")),
    ];
    assert_eq!(called_tools(&trace_of(team)), ["pay"]);
    // Two instrumentations record the call in two traces, and each trace made it.
    let asked = trace_of(vec![span("llm1", "", "LLM", 1, &payload(&request(&[]), &response(&turns[0])))]);
    let mut history = History::default();
    for new_count in [1, 0] {
        let mut reading = Reading::from_trace(&asked);
        history.read(&mut reading.tool_calls);
        assert_eq!((reading.made_tool_calls().count(), reading.new_tool_calls().count()), (1, new_count));
    }
}

fn user(text: &str) -> String {
    format!(r#"{{"role":"user","content":"{text}"}}"#)
}

/// The tools that a trace calls.
fn called_tools(trace: &Trace) -> Vec<String> {
    Reading::from_trace(trace).made_tool_calls().filter_map(|call| call.name.clone()).collect()
}

#[test]
fn a_handled_failure_belongs_to_one_span() {
    let failures = |mut trace: Trace| {
        let calls = Reading::from_trace(&trace).tool_calls;
        mark_handled_failures(trace.spans.as_mut().unwrap(), &calls);
        let line = |span: &Span| Some(format!("{} {}", span.name, span.handled_failure.clone()?));
        trace.span_list().iter().filter_map(line).collect::<Vec<_>>().join(", ")
    };
    let result = |id: &str, text: &str| request(&[result_message(id, text)]);
    let out = |id: &str, text: &str| format!(r#"{{"messages":[{}]}}"#, result_message(id, text));
    // It is in the outputs of both agents' spans and in the next request: it belongs to the inner agent.
    let agents = || {
        vec![
            span("run", "", "AGENT", 1, &payload("", &out("c", "Error: no"))),
            span("on_messages", "run", "AGENT", 2, &payload("", &out("c", "Error: no"))),
            span("create", "on_messages", "LLM", 3, &payload(&result("c", "Error: no"), "")),
        ]
    };
    assert_eq!(failures(trace_of(agents())), "on_messages Error: no");
    // It is in no outputs: it belongs to the first call that received it.
    let receiving = |at| span(&format!("call{at}"), "", "LLM", at, &payload(&result("c", "Error: no"), ""));
    assert_eq!(failures(trace_of(vec![receiving(4), receiving(2)])), "call2 Error: no");
    let two = request(&[result_message("a", "Error: one"), result_message("b", "Error: two")]);
    assert_eq!(failures(trace_of(vec![span("call", "", "LLM", 1, &payload(&two, ""))])), "call Error: one\nError: two");
    // A failure that an exception of the trace records is not a handled failure.
    let mut raising = agents();
    raising[2].exception =
        Some(crate::model::Exception { kind: None, message: Some("no".to_owned()), stacktrace: None });
    assert_eq!(failures(trace_of(raising)), "");
}

/// The agent of each LLM call, and the source of its name.
fn agents(trace: &Trace) -> Vec<String> {
    let spans = trace.spans.as_ref().unwrap();
    let agents = Agents::new(spans, &spans_usage(spans));
    let llm = spans.list.iter().enumerate().filter(|(_, span)| span.span_type.is_llm());
    let agent = |at| {
        agents
            .name_and_source(at)
            .map_or_else(|| "-".to_owned(), |(name, source)| format!("{name} {}", source.as_str()))
    };
    llm.map(|(at, _)| agent(at)).collect()
}

#[test]
fn semantic_kernel_entry_points_are_not_agents_and_prompts_are_not_tools() {
    let run = |inner: &str| {
        let spans = ["Kernel.invoke", "jokes-tell", inner];
        let above = ["", "Kernel.invoke", "jokes-tell"];
        let kinds = ["AGENT", "TOOL", inner];
        trace_of((0..3).map(|at| span(spans[at], above[at], kinds[at], 1, &payload("{}", "1"))).collect())
    };
    let prompt = run("CHAT_MODEL");
    assert_eq!(agents(&prompt), ["-"]);
    assert_eq!(tool_calls(&prompt), [""; 0]);
    assert_eq!(tool_calls(&run("CHAIN")), ["jokes-tell - jokes-tell -"]);
}

#[test]
fn agents_of_a_team_are_known_from_messages() {
    let ask = |system: &str, history: &[(&str, &str, &str)]| {
        let messages = history.iter().map(|(kind, source, text)| {
            format!(r#"{{"content":"{text}","source":"{source}","type":"{kind}Message"}}"#)
        });
        let all: Vec<String> =
            std::iter::once(format!(r#"{{"content":"{system}","type":"SystemMessage"}}"#)).chain(messages).collect();
        format!(r#"{{"messages":[{}]}}"#, all.join(","))
    };
    let answer = |text: &str| format!(r#"{{"finish_reason":"stop","content":"{text}"}}"#);
    let (plan, critic) = ("You plan.", "You judge.");
    let team = |root: &str| {
        trace_of(vec![
            span("team", "", root, 1, ""),
            span("c1", "team", "LLM", 2, &payload(&ask(plan, &[("User", "user", "Go")]), &answer("A"))),
            span(
                "c2",
                "team",
                "LLM",
                3,
                &payload(&ask(critic, &[("User", "user", "Go"), ("User", "planner", "A")]), &answer("B")),
            ),
            span(
                "c3",
                "team",
                "LLM",
                4,
                &payload(
                    &ask(plan, &[("User", "user", "Go"), ("Assistant", "planner", "A"), ("User", "critic", "B")]),
                    &answer("C"),
                ),
            ),
            span(
                "c4",
                "team",
                "LLM",
                5,
                &payload(
                    &ask(
                        critic,
                        &[
                            ("User", "user", "Go"),
                            ("User", "planner", "A"),
                            ("Assistant", "critic", "B"),
                            ("User", "planner", "C"),
                        ],
                    ),
                    &answer("D"),
                ),
            ),
            span("c5", "team", "LLM", 6, &payload(&ask("You pick.", &[("User", "user", "Who?")]), &answer("critic"))),
        ])
    };
    let speakers = ["planner message", "critic message", "planner message", "critic message"];
    assert_eq!(agents(&team("CHAIN")), [&speakers[..], &["-"]].concat());
    assert_eq!(agents(&team("AGENT")), [&speakers[..], &["team span"]].concat());
    // The last speaker, which no later message names, is known by its instructions.
    let last = trace_of(vec![
        span("c1", "", "LLM", 1, &payload(&ask(critic, &[("User", "user", "Go")]), &answer("A"))),
        span("c2", "", "LLM", 2, &payload(&ask(plan, &[("User", "critic", "A")]), &answer("B"))),
        span("c3", "", "LLM", 3, &payload(&ask(critic, &[("User", "planner", "B")]), &answer("C"))),
    ]);
    assert_eq!(agents(&last), ["critic message", "planner message", "critic instructions"]);
}

/// A trace of one call, with its messages and its response.
fn turn(id: &str, start: i64, history: &[&str], answer: &str) -> Trace {
    let roles = ["user", "assistant"];
    let message = |(at, text): (usize, &&str)| format!(r#"{{"role":"{}","content":"{text}"}}"#, roles[at % 2]);
    let messages: Vec<String> = history.iter().enumerate().map(message).collect();
    turn_of("s", id, start, &messages, &format!(r#"{{"role":"assistant","content":"{answer}"}}"#))
}

/// A trace of one LLM call, by an agent with instructions.
fn turn_of(instructions: &str, id: &str, start: i64, messages: &[String], answer: &str) -> Trace {
    let system = format!(r#"{{"role":"system","content":"{instructions}"}}"#);
    let request = format!(r#"{{"model":"m","messages":[{system},{}]}}"#, messages.join(","));
    let mut trace = trace_of(vec![span("call", "", "CHAT_MODEL", start, &payload(&request, &response(answer)))]);
    trace.info.trace_id = id.to_owned();
    trace
}

fn runs(traces: &[Trace]) -> Vec<String> {
    let mut threads = RunFinder::default();
    for trace in traces {
        threads.add(trace);
    }
    threads.runs().iter().map(|run| run.join(" ")).collect()
}

#[test]
fn requests_that_repeat_a_request_and_its_response_are_one_run() {
    let chat = [
        turn("a", 10, &["u"], "x"),
        turn("b", 20, &["u", "x", "v"], "y"),
        turn("c", 30, &["u", "x", "v", "y", "w"], "z"),
    ];
    assert_eq!(runs(&chat), ["a b c"]);
    // In any order; but not a trace that started before the other ended.
    let [a, b, c] = chat;
    assert_eq!(runs(&[c, a.clone(), b]), ["a b c"]);
    assert_eq!(runs(&[a, turn("b", 12, &["u", "x", "v"], "y")]), [""; 0]);
    // The same prompt and even the same response, one run after the other.
    let twice = [
        turn("a1", 10, &["u"], "x"),
        turn("a2", 20, &["u", "x", "v"], "y"),
        turn("b1", 30, &["u"], "x"),
        turn("b2", 40, &["u", "x", "w"], "z"),
    ];
    assert_eq!(runs(&twice), ["a1 a2", "b1 b2"]);
    // If they overlap, nothing proves which one is continued.
    let both = [turn("a1", 10, &["u"], "x"), turn("b1", 11, &["u"], "x"), turn("a2", 20, &["u", "x", "v"], "y")];
    assert_eq!(runs(&both), [""; 0]);
}

/// A team that AutoGen runs without a span around it. The critic receives the planner's response, or the result of its
/// tool, as a user message; it never receives the call.
#[test]
fn agents_of_a_team_are_one_run() {
    let assistant = |text: &str| format!(r#"{{"role":"assistant","content":"{text}"}}"#);
    let (book, full) = (calls_message(&[call("c1", "book", "{}")]), result_message("c1", "the hall is full"));
    let task = user("book a hall");
    let of_result = [
        turn_of("plan", "a", 10, slice::from_ref(&task), &book),
        turn_of("review", "b", 20, &[task.clone(), user("the hall is full")], &assistant("try another")),
        turn_of("plan", "c", 30, &[task.clone(), book.clone(), full.clone(), user("try another")], &assistant("done")),
        turn_of(
            "review",
            "d",
            40,
            &[task.clone(), user("the hall is full"), assistant("try another"), user("done")],
            &assistant("approved"),
        ),
    ];
    assert_eq!(runs(&of_result), ["a b c d"]);
    let of_answer = [
        turn_of("plan", "a", 10, slice::from_ref(&task), &book),
        turn_of("plan", "b", 20, &[task.clone(), book.clone(), full.clone()], &assistant("booked")),
        turn_of("review", "c", 30, &[task.clone(), user("booked")], &assistant("try another")),
        turn_of(
            "plan",
            "d",
            40,
            &[task.clone(), book, full, assistant("booked"), user("try another")],
            &assistant("done"),
        ),
    ];
    assert_eq!(runs(&of_answer), ["a b c d"]);
    // The same agent would have repeated its call: it is another run.
    let other = turn_of("plan", "e", 50, &[task, user("booked")], &assistant("done"));
    assert_eq!(runs(&[of_answer[0].clone(), of_answer[1].clone(), other]), ["a b"]);
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn runs_that_only_start_alike_are_never_joined(turns in prop::collection::vec(1..5usize, 2..5), order in any::<u64>(), agents in 1..4usize) {
        // Every run starts with the same prompt, and has different responses.
        let mut traces = Vec::new();
        for (run, count) in (0..).zip(&turns) {
            let mut history = vec!["same prompt".to_owned()];
            for turn_at in 0..i64::try_from(*count).unwrap() {
                let answer = format!("answer {turn_at} of run {run}");
                let messages: Vec<String> = history.iter().map(|text| user(text)).collect();
                // Runs overlap, depending on `order`.
                let start = 100 * turn_at + ((order >> run) % 7).cast_signed() * 10;
                let agent = format!("agent {}", turn_at % i64::try_from(agents).unwrap());
                let answer_of_agent = format!(r#"{{"role":"assistant","content":"{answer}"}}"#);
                traces.push(turn_of(&agent, &format!("{run}-{turn_at}"), start, &messages, &answer_of_agent));
                history.extend([answer, format!("go on {turn_at}")]);
            }
        }
        let mut threads = RunFinder::default();
        for trace in &traces {
            threads.add(trace);
        }
        for run in threads.runs() {
            let first = run[0].split('-').next().unwrap().to_owned();
            prop_assert!(run.iter().all(|id| id.starts_with(&format!("{first}-"))), "{run:?}");
            prop_assert_eq!(run.len(), turns[first.parse::<usize>().unwrap()]);
        }
    }
}

#[test]
fn a_record_has_the_question_and_the_answer_as_text() {
    let read = |request: &str, response: &str| {
        let mut info = TraceInfo::new("tr-1".to_owned(), "1".to_owned(), TraceState::Ok, Timestamp(0));
        (info.request_preview, info.response_preview) = (Some(request.to_owned()), Some(response.to_owned()));
        (recorded_question(&info).unwrap_or_default(), recorded_answer(&info).unwrap_or_default())
    };
    let check = |request: &str, response: &str, question: &str, answer: &str| {
        assert_eq!(read(request, response), (question.to_owned(), answer.to_owned()), "{request} {response}");
    };
    check("What?", "That.", "What?", "That.");
    check(r#"{"question": "What?"}"#, r#""That.""#, "What?", "That.");
    check(r#"{"a": 1, "city": "Oslo"}"#, r#"{"answer": "Snow", "b": 2}"#, "Oslo", "Snow");
    check(r#"{"message": "Now?", "history": [{"role": "user", "content": "Before"}]}"#, "[]", "Now?", "");
    check(r#"{"task": "1+1", "cancellation_token": "x"}"#, r#"{"x": 1, "y": 2}"#, "1+1", "x: 1, y: 2");
    let chat = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"old"},{"role":"assistant","content":"a"},{"role":"user","content":"new"}]}"#;
    check(chat, r#"{"choices":[{"message":{"role":"assistant","content":"fine"}}]}"#, "new", "fine");
    // Truncated after 1,000 characters.
    check(
        r#"{"messages":[{"role":"user","content":"a long que"#,
        r#"{"finish_reason":"stop","content":"yes \u00"#,
        "a long que",
        "yes ",
    );
    check(r#"{"question": "What?", "context": [{"a": "b"}, {"c"#, "{", "What?", "");
    let task = r#"{"content": "Book a hall", "source": "user", "type": "UserMessage"}"#;
    let result = r#"{"content": [{"content": "full, sorry", "call_id": "c1"}], "type": "FunctionExec"#;
    check(&format!(r#"{{"messages": [{task}, {result}"#), "", "Book a hall", "");
}
