//! What is told of two traces.

use super::{Diff, Kind, of_traces};
use crate::analyze::tests::trace_of;
use crate::model::{Json, Payload, Span, SpanId, SpanType, Timestamp, Trace};

/// A trace of spans: depth, type, name, inputs, outputs; each begins after the one before it.
pub(super) type Given<'a> = (usize, &'a str, &'a str, &'a str, &'a str);

pub(super) fn trace(given: &[Given<'_>]) -> Trace {
    let mut above: Vec<SpanId> = Vec::new();
    let mut spans = Vec::new();
    for (at, (depth, kind, name, inputs, outputs)) in given.iter().enumerate() {
        let id = SpanId::new(format!("{at:016x}"));
        above.truncate(*depth);
        let attribute = |key: &str, text: &str| Some((key.to_owned(), Json::from_strict(text)?));
        let attributes = [attribute("mlflow.spanInputs", inputs), attribute("mlflow.spanOutputs", outputs)];
        spans.push(Span {
            parent: above.last().cloned(),
            span_type: SpanType::new(Some((*kind).to_owned())),
            payload: Some(Payload { attributes: attributes.into_iter().flatten().collect(), ..Payload::default() }),
            ..Span::new(id.clone(), (*name).to_owned(), Timestamp(i64::try_from(at).unwrap()))
        });
        above.push(id);
    }
    trace_of(spans)
}

/// The tree in lines: what became of each span, its name, and what changed.
pub(super) fn told(a: &Trace, b: &Trace, diff: &Diff) -> Vec<String> {
    let line = |node: &super::Node| {
        let sign = match node.kind() {
            Kind::Added => '+',
            Kind::Removed => '-',
            Kind::Changed => '~',
            Kind::Same => '=',
        };
        let span = node.b.map(|at| &b.span_list()[at]).or(node.a.map(|at| &a.span_list()[at])).unwrap();
        let changes = node.changes.iter().map(|change| {
            let name = change.name.as_deref().unwrap_or("-");
            let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "-".to_owned());
            let more = if change.repeated > 0 { format!(" +{}", change.repeated) } else { String::new() };
            format!("; {} {name}: {} > {}{more}", change.field.as_str(), side(&change.a), side(&change.b))
        });
        format!("{sign}{}{}{}", " ".repeat(node.depth), span.name, changes.collect::<String>())
    };
    diff.nodes.iter().map(line).collect()
}

#[track_caller]
pub(super) fn check(a: &[Given<'_>], b: &[Given<'_>], expected: &[&str]) {
    let (a, b) = (trace(a), trace(b));
    let diff = of_traces(&a, &b);
    assert_eq!(told(&a, &b, &diff), expected);
    assert_eq!(diff.is_alike(), expected.iter().all(|line| line.starts_with('=')));
}

pub(super) const ROOT: Given<'_> = (0, "AGENT", "run", "{}", "null");

pub(super) fn chat(answer: &str) -> String {
    format!(r#"{{"choices":[{{"message":{{"role":"assistant","content":"{answer}"}}}}]}}"#)
}

#[test]
fn an_added_call_stands_where_it_came() {
    let (one, two, three) = (chat("first"), chat("second"), chat("in between"));
    let a = [ROOT, (1, "LLM", "c", "{}", &one), (1, "TOOL", "t", "{}", "1"), (1, "LLM", "c", "{}", &two)];
    let b = [
        ROOT,
        (1, "LLM", "c", "{}", &one),
        (1, "TOOL", "t", "{}", "1"),
        (1, "LLM", "c", "{}", &three),
        (1, "TOOL", "u", "{}", "2"),
        (1, "LLM", "c", "{}", &two),
    ];
    check(&a, &b, &["=run", "= c", "= t", "+ c", "+ u", "= c"]);
    check(&b, &a, &["=run", "= c", "= t", "- c", "- u", "= c"]);
}

#[test]
fn what_is_left_is_the_same_one_wherever_it_stands() {
    let step = |n: &'static str| (1, "CHAIN", "step", "{}", n);
    check(
        &[ROOT, step("1"), step("2"), step("3")],
        &[ROOT, step("2"), step("3"), step("4")],
        &["=run", "= step", "= step", "~ step; output -: 1 > 4"],
    );
}

#[test]
fn a_wrapper_is_all_that_is_added() {
    let a = [ROOT, (1, "LLM", "c", "{}", "1"), (1, "TOOL", "t", "{}", "2"), (2, "CHAIN", "deep", "{}", "3")];
    let b = [
        ROOT,
        (1, "CHAIN", "retry", "{}", "2"),
        (2, "LLM", "c", "{}", "1"),
        (2, "TOOL", "t", "{}", "2"),
        (3, "CHAIN", "deep", "{}", "3"),
    ];
    check(&a, &b, &["=run", "+ retry", "=  c", "=  t", "=   deep"]);
    check(&b, &a, &["=run", "- retry", "= c", "= t", "=  deep"]);
}

#[test]
fn a_wrapper_of_the_root_is_all_that_is_added() {
    let b = [(0, "CHAIN", "main", "{}", "null"), (1, "AGENT", "run", "{}", "null"), (2, "TOOL", "t", "{}", "2")];
    check(&[ROOT, (1, "TOOL", "t", "{}", "2")], &b, &["+main", "= run", "=  t"]);
}

#[test]
fn roots_are_compared_whatever_they_are_called() {
    check(
        &[(0, "AGENT", "old", "{}", "null")],
        &[(0, "CHAIN", "new", "{}", "null")],
        &["~new; name -: old > new; span_type -: AGENT > CHAIN"],
    );
}

#[test]
fn the_numbers_of_older_releases_and_models_in_names_are_no_difference() {
    check(
        &[ROOT, (1, "LLM", "c_1", "{}", "1"), (1, "LLM", "c_2", "{}", "2"), (1, "LLM", "c_3", "{}", "3")],
        &[ROOT, (1, "LLM", "c", "{}", "1"), (1, "LLM", "c", "{}", "3")],
        &["=run", "= c", "- c_2", "= c"],
    );
    let (mut a, mut b) =
        (trace(&[(0, "LLM", "chat old-model", "{}", "1")]), trace(&[(0, "LLM", "chat new", "{}", "1")]));
    for (trace, model) in [(&mut a, "old-model"), (&mut b, "new")] {
        trace.spans.as_mut().unwrap().list[0].model = Some(model.to_owned());
    }
    assert_eq!(told(&a, &b, &of_traces(&a, &b)), ["~chat new; model -: old-model > new"]);
}

#[test]
fn a_method_that_is_told_with_its_agent_is_the_same_one() {
    check(
        &[ROOT, (1, "AGENT", "on_messages", "{}", "1")],
        &[ROOT, (1, "AGENT", "helper.on_messages", "{}", "2")],
        &["=run", "~ helper.on_messages; name -: on_messages > helper.on_messages; output -: 1 > 2"],
    );
}

#[test]
fn other_tools_are_not_the_same_one() {
    check(
        &[ROOT, (1, "TOOL", "search_web", r#"{"q":"a"}"#, "1")],
        &[ROOT, (1, "TOOL", "search_docs", r#"{"q":"b"}"#, "2")],
        &["=run", "+ search_docs", "- search_web"],
    );
}

#[test]
fn parallel_calls_may_come_in_any_order() {
    let (x, y) = ((1, "TOOL", "x", "{}", "1"), (1, "TOOL", "y", "{}", "2"));
    check(&[ROOT, x, y], &[ROOT, y, x], &["=run", "= y", "= x"]);
}

#[test]
fn a_change_is_told_where_it_comes_up_first() {
    let ask = |system: &str| {
        format!(r#"{{"messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"hi"}}]}}"#)
    };
    let (old, new) = (ask("Be kind to all"), ask("Be terse to all"));
    let spans = |ask: &'static str, city: &'static str| {
        [ROOT, (1, "LLM", "c", ask, "1"), (1, "TOOL", "t", city, "2"), (1, "LLM", "c", ask, "3")]
    };
    let (old, new) = (&*Box::leak(old.into_boxed_str()), &*Box::leak(new.into_boxed_str()));
    check(
        &spans(old, r#"{"city":"Rome"}"#),
        &spans(new, r#"{"city":"Oslo"}"#),
        &["=run", "~ c; input system: Be kind to all > Be terse to all +1", "~ t; input city: Rome > Oslo", "= c"],
    );
}

#[test]
fn parameters_and_values_are_told_by_name() {
    let a = r#"{"messages":[{"role":"user","content":"hi"}],"temperature":0,"top_p":1}"#;
    let b = r#"{"top_p":1.0,"messages":[{"role":"user","content":"hi"}],"temperature":0.7,"max_tokens":5}"#;
    check(
        &[ROOT, (1, "LLM", "c", a, "1")],
        &[ROOT, (1, "LLM", "c", b, "1")],
        &["=run", "~ c; parameter temperature: 0 > 0.7; parameter max_tokens: - > 5"],
    );
    check(
        &[ROOT, (1, "TOOL", "t", r#"{"b":{"y":1,"x":[2]},"a":"s"}"#, r#"{"z":1,"w":2}"#)],
        &[ROOT, (1, "TOOL", "t", r#"{ "a":"s", "b":{"x":[2],"y":1} }"#, r#"{"w":2,"z":1.0}"#)],
        &["=run", "= t"],
    );
}

#[test]
fn members_that_tell_the_time_are_no_difference_at_any_depth() {
    let of = |n: u64| format!(r#"{{"timestamp":17{n}5000000.25,"in":{{"created_at":17{n}5000000}},"q":"a"}}"#);
    let spans = |n: u64| (of(n), format!(r#"{{"created_at":"2026-11-2{n}T10:00:00Z","trace_id":"{n}"}}"#));
    let ((inputs_a, outputs_a), (inputs_b, outputs_b)) = (spans(1), spans(2));
    check(&[(0, "TOOL", "f", &inputs_a, &outputs_a)], &[(0, "TOOL", "f", &inputs_b, &outputs_b)], &["=f"]);
    // What is asked about is one.
    check(
        &[(0, "TOOL", "f", r#"{"chat_id":5,"start_time":1700000000}"#, "1")],
        &[(0, "TOOL", "f", r#"{"chat_id":7,"start_time":1790000000}"#, "1")],
        &["~f; input chat_id: 5 > 7; input start_time: 1700000000 > 1790000000"],
    );
}

#[test]
fn another_order_of_messages_is_told() {
    let ask = |words: [&str; 2]| {
        let said = words.map(|text| format!(r#"{{"role":"user","content":"{text}"}}"#)).join(",");
        format!(r#"{{"messages":[{said}]}}"#)
    };
    check(
        &[ROOT, (1, "LLM", "c", &ask(["one", "two"]), "1")],
        &[ROOT, (1, "LLM", "c", &ask(["two", "one"]), "1")],
        &["=run", "~ c; input order: user: one\nuser: two > user: two\nuser: one"],
    );
}

/// A trace of very many spans right below its root.
fn wide(count: usize, name: impl Fn(usize) -> String) -> Trace {
    let root = Span::new(SpanId::new("root"), "root".to_owned(), Timestamp(0));
    let child = |at: usize| Span {
        parent: Some(SpanId::new("root")),
        ..Span::new(SpanId::new(format!("{at}")), name(at), Timestamp(i64::try_from(at).unwrap() + 1))
    };
    trace_of(std::iter::once(root).chain((0..count).map(child)).collect())
}

#[test]
fn very_many_spans_that_differ_are_compared_in_time() {
    // Each with each these were 400 million.
    let letters = |at: usize, seed: usize| {
        format!("{}{}", char::from(b'a' + ((at * seed) % 26) as u8), "x".repeat(at % 97 * seed % 31))
    };
    let (a, b) = (wide(20_000, |at| letters(at, 3)), wide(20_000, |at| letters(at, 7)));
    let diff = of_traces(&a, &b);
    let spans =
        diff.nodes.iter().map(|node| usize::from(node.a.is_some()) + usize::from(node.b.is_some())).sum::<usize>();
    assert_eq!(spans, 40_002, "each span is in the tree once");
}

#[test]
fn calls_of_one_name_may_come_in_any_order() {
    let call = |n: usize| (format!(r#"{{"city":"place {n}"}}"#), format!(r#""it is {n} degrees there""#));
    let calls: Vec<(String, String)> = (0..5).map(call).collect();
    let tools = |order: &[usize]| {
        let tool = |n: &usize| (1, "TOOL", "get_weather", calls[*n].0.clone(), calls[*n].1.clone());
        order.iter().map(tool).collect::<Vec<_>>()
    };
    let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
    for n in 0..5 {
        let with = |order: &Vec<usize>| {
            let at = |place| [&order[..place], &[n], &order[place..]].concat();
            (0..=order.len()).map(at).collect::<Vec<_>>()
        };
        orders = orders.iter().flat_map(with).collect();
    }
    assert_eq!(orders.len(), 120);
    let of = |order: &[usize]| {
        let tools = tools(order);
        let given = tools
            .iter()
            .map(|(depth, kind, name, inputs, outputs)| (*depth, *kind, *name, inputs.as_str(), outputs.as_str()));
        trace(&std::iter::once(ROOT).chain(given).collect::<Vec<_>>())
    };
    for order in &orders {
        assert!(of_traces(&of(&[0, 1, 2, 3, 4]), &of(order)).is_alike(), "{order:?}");
    }
}

#[test]
fn wrappers_are_found_whatever_their_number_and_name() {
    let call = |depth| (depth, "CHAIN", "call", r#"{"q":"go"}"#, "1");
    let a = [ROOT, call(1), (1, "TOOL", "t", "{}", "2")];
    let layers = [
        ROOT,
        (1, "CHAIN", "outer", "{}", "null"),
        (2, "CHAIN", "inner", "{}", "null"),
        call(3),
        (3, "TOOL", "t", "{}", "2"),
    ];
    check(&a, &layers, &["=run", "+ outer", "+  inner", "=   call", "=   t"]);
    check(&layers, &a, &["=run", "- outer", "-  inner", "= call", "= t"]);
    let named = [ROOT, (1, "CHAIN", "call", r#"{"q":"o"}"#, "3"), call(2), (1, "TOOL", "t", "{}", "2")];
    check(&a, &named, &["=run", "+ call", "=  call", "= t"]);
    check(&named, &a, &["=run", "- call", "= call", "= t"]);
}

#[test]
fn a_span_of_another_name_that_does_the_same_is_the_same_one() {
    let spans = |name: &'static str, inputs: &'static str| {
        [ROOT, (1, "AGENT", name, inputs, "1"), (2, "TOOL", "geo", "{}", "1"), (2, "TOOL", "news", "{}", "2")]
    };
    let told = ["=run", "~ orchestrate; name -: planner > orchestrate", "=  geo", "=  news"];
    check(&spans("planner", "{}"), &spans("orchestrate", "{}"), &told);
    check(
        &[ROOT, (1, "TOOL", "search", r#"{"q":"weather in Rome"}"#, "1")],
        &[ROOT, (1, "TOOL", "lookup", r#"{"q":"weather in Rome"}"#, "1")],
        &["=run", "~ lookup; name -: search > lookup"],
    );
    // What says nothing may be the same by chance.
    check(
        &[ROOT, (1, "TOOL", "search", "{}", r#""ok""#)],
        &[ROOT, (1, "TOOL", "notify", "{}", r#""ok""#)],
        &["=run", "+ notify", "- search"],
    );
}
