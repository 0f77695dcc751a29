//! Tests of the comparison of two traces.

use super::{Diff, NodeChange, Strictness};
use crate::formats::{self, SpanDetail};
use crate::model::{Span, SpanId, Timestamp, Trace};
use crate::reading::Reading;
use crate::tests::trace_of;
use serde_json::json;

/// A span of a test trace: depth, type, name, inputs, outputs. Spans start in the order given.
pub(super) type Given<'a> = (usize, &'a str, &'a str, &'a str, &'a str);

/// Compares the content of two traces.
pub(super) fn diff_content(a: &Trace, b: &Trace) -> Diff {
    diff_with(a, b, Strictness::Content)
}

fn diff_with(a: &Trace, b: &Trace, strictness: Strictness) -> Diff {
    super::compare_traces((a, &Reading::from_trace(a)), (b, &Reading::from_trace(b)), strictness)
}

pub(super) fn trace(given: &[Given<'_>]) -> Trace {
    let mut above: Vec<String> = Vec::new();
    let mut spans = Vec::new();
    for (at, (depth, kind, name, inputs, outputs)) in given.iter().enumerate() {
        let id = format!("{at:016x}");
        above.truncate(*depth);
        let text = json!({
            "span_id": id,
            "parent_span_id": above.last(),
            "name": name,
            "start_time_unix_nano": at,
            "attributes": {"mlflow.spanType": json!(kind).to_string(), "mlflow.spanInputs": inputs, "mlflow.spanOutputs": outputs},
        });
        spans.push(formats::span(&text.to_string(), SpanDetail::All, None).unwrap());
        above.push(id);
    }
    trace_of(spans)
}

/// Renders the tree, one line per span: sign, name, changes.
pub(super) fn tree_lines(a: &Trace, b: &Trace, diff: &Diff) -> Vec<String> {
    let line = |node: &super::DiffNode| {
        let sign = match node.kind() {
            NodeChange::Added => '+',
            NodeChange::Removed => '-',
            NodeChange::Changed => '~',
            NodeChange::Same => '=',
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
    let diff = diff_content(&a, &b);
    assert_eq!(tree_lines(&a, &b, &diff), expected);
    assert_eq!(diff.is_unchanged(), expected.iter().all(|line| line.starts_with('=')));
}

pub(super) const ROOT: Given<'_> = (0, "AGENT", "run", "{}", "null");

pub(super) fn chat(answer: &str) -> String {
    format!(r#"{{"choices":[{{"message":{{"role":"assistant","content":"{answer}"}}}}]}}"#)
}

#[test]
fn an_added_call_is_shown_in_order() {
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
fn moved_spans_are_paired_by_content() {
    let step = |n: &'static str| (1, "CHAIN", "step", "{}", n);
    check(
        &[ROOT, step("1"), step("2"), step("3")],
        &[ROOT, step("2"), step("3"), step("4")],
        &["=run", "= step", "= step", "~ step; output -: 1 > 4"],
    );
}

#[test]
fn only_the_wrapper_is_added() {
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
fn a_span_with_another_parent_has_changed() {
    let step = |depth, question, answer| (depth, "CHAIN", "step", question, answer);
    let (one, two) = (step(1, r#"{"q":"go"}"#, "1"), step(1, r#"{"q":"on"}"#, "2"));
    check(&[ROOT, one, two], &[ROOT, one, step(2, two.3, two.4)], &["=run", "= step", "~  step; parent -: run > step"]);
}

#[test]
fn only_the_wrapper_of_the_root_is_added() {
    let b = [(0, "CHAIN", "main", "{}", "null"), (1, "AGENT", "run", "{}", "null"), (2, "TOOL", "t", "{}", "2")];
    check(&[ROOT, (1, "TOOL", "t", "{}", "2")], &b, &["+main", "= run", "=  t"]);
}

#[test]
fn single_roots_are_paired_whatever_their_names() {
    check(
        &[(0, "AGENT", "old", "{}", "null")],
        &[(0, "CHAIN", "new", "{}", "null")],
        &["~new; name -: old > new; span_type -: AGENT > CHAIN"],
    );
}

#[test]
fn numbers_and_models_in_names_are_ignored() {
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
    assert_eq!(tree_lines(&a, &b, &diff_content(&a, &b)), ["~chat new; model -: old-model > new"]);
}

#[test]
fn a_method_prefixed_with_its_agent_is_paired() {
    check(
        &[ROOT, (1, "AGENT", "on_messages", "{}", "1")],
        &[ROOT, (1, "AGENT", "helper.on_messages", "{}", "2")],
        &["=run", "~ helper.on_messages; name -: on_messages > helper.on_messages; output -: 1 > 2"],
    );
}

#[test]
fn different_tools_are_not_paired() {
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
fn a_change_is_shown_where_it_first_appears() {
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
fn parameters_and_values_are_named() {
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
fn dates_times_and_numbers_in_answers_are_content() {
    let booked = |text: &str| chat(&format!("booked {text}"));
    let (a, b) = ("2026-12-01T09:00:00, card 4111111111111111", "2027-03-15T17:30:00, card 5500000000000004");
    let change = format!("; output assistant: booked {a} > booked {b}");
    check(&[(0, "LLM", "c", "{}", &booked(a))], &[(0, "LLM", "c", "{}", &booked(b))], &[&format!("~c{change}")]);
    let (output_a, output_b) =
        (format!(r#"{{"created_at":"{}"}}"#, &a[..19]), format!(r#"{{"created_at":"{}"}}"#, &b[..19]));
    check(
        &[(0, "TOOL", "f", r#"{"start_time":1700000000}"#, &output_a)],
        &[(0, "TOOL", "f", r#"{"start_time":1790000000}"#, &output_b)],
        &[
            "~f; input start_time: 1700000000 > 1790000000; output created_at: 2026-12-01T09:00:00 > 2027-03-15T17:30:00",
        ],
    );
}

#[test]
fn another_order_of_messages_is_shown() {
    let ask = |words: [&str; 2]| {
        let messages = words.map(|text| format!(r#"{{"role":"user","content":"{text}"}}"#)).join(",");
        format!(r#"{{"messages":[{messages}]}}"#)
    };
    check(
        &[ROOT, (1, "LLM", "c", &ask(["one", "two"]), "1")],
        &[ROOT, (1, "LLM", "c", &ask(["two", "one"]), "1")],
        &["=run", "~ c; input order: user: one\nuser: two > user: two\nuser: one"],
    );
}

/// A trace with many children of one root.
fn wide(count: usize, name: impl Fn(usize) -> String) -> Trace {
    let root = Span::new(SpanId::new("root"), "root".to_owned(), Timestamp(0));
    let child = |at: usize| Span {
        parent: Some(SpanId::new("root")),
        ..Span::new(SpanId::new(format!("{at}")), name(at), Timestamp(i64::try_from(at).unwrap() + 1))
    };
    trace_of(std::iter::once(root).chain((0..count).map(child)).collect())
}

#[test]
fn many_different_spans_are_compared_quickly() {
    // Comparing all pairs would take 400 million comparisons.
    let letters = |at: usize, seed: usize| {
        format!("{}{}", char::from(b'a' + ((at * seed) % 26) as u8), "x".repeat(at % 97 * seed % 31))
    };
    let (a, b) = (wide(20_000, |at| letters(at, 3)), wide(20_000, |at| letters(at, 7)));
    let diff = diff_content(&a, &b);
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
        assert!(diff_content(&of(&[0, 1, 2, 3, 4]), &of(order)).is_unchanged(), "{order:?}");
    }
}

#[test]
fn nested_and_same_named_wrappers_are_found() {
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
fn a_renamed_span_with_the_same_content_is_paired() {
    let spans = |name: &'static str, inputs: &'static str| {
        [ROOT, (1, "AGENT", name, inputs, "1"), (2, "TOOL", "geo", "{}", "1"), (2, "TOOL", "news", "{}", "2")]
    };
    let expected = ["=run", "~ orchestrate; name -: planner > orchestrate", "=  geo", "=  news"];
    check(&spans("planner", "{}"), &spans("orchestrate", "{}"), &expected);
    check(
        &[ROOT, (1, "TOOL", "search", r#"{"q":"weather in Rome"}"#, "1")],
        &[ROOT, (1, "TOOL", "lookup", r#"{"q":"weather in Rome"}"#, "1")],
        &["=run", "~ lookup; name -: search > lookup"],
    );
    // Short contents may be equal by chance.
    check(
        &[ROOT, (1, "TOOL", "search", "{}", r#""ok""#)],
        &[ROOT, (1, "TOOL", "notify", "{}", r#""ok""#)],
        &["=run", "+ notify", "- search"],
    );
}

mod properties {
    use super::{diff_content, trace};
    use crate::analysis::diff::{Change, Diff, Strictness};
    use crate::json::Json;
    use crate::model::Trace;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// Values as they occur in traces: words, ids, times, numbers, under the keys of messages, responses and functions.
    fn any_value() -> impl Strategy<Value = Value> {
        const TEXTS: [&str; 9] = [
            "",
            "MARK",
            "call_8f3Kq2LmN0",
            "see chatcmpl-6a841a12a48983f414b11c33, MARK",
            "3f2a4b5c-0000-4111-8222-9a8b7c6d5e4f",
            "2026-12-01T09:00:00Z",
            "stop",
            "user",
            r#"{"n": "MARK", "id": "call_8f3Kq2LmN0"}"#,
        ];
        const KEYS: [&str; 20] = [
            "messages",
            "role",
            "content",
            "tool_calls",
            "tool_call_id",
            "id",
            "type",
            "function",
            "name",
            "arguments",
            "choices",
            "message",
            "finish_reason",
            "created",
            "object",
            "usage",
            "prompt_tokens",
            "x",
            "text",
            "source",
        ];
        let leaf = prop_oneof![
            4 => prop::sample::select(&TEXTS[..]).prop_map(Value::from),
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            1 => prop::sample::select(vec![json!(1), json!(1.0), json!(1_764_000_000), json!(4_111_111_111_111_111_u64)]),
        ];
        leaf.prop_recursive(5, 48, 5, |below| {
            let member = (prop::sample::select(&KEYS[..]), below.clone());
            let object = prop::collection::vec(member, 0..5);
            let object = object.prop_map(|members| {
                Value::from(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
            });
            prop_oneof![3 => object, 1 => prop::collection::vec(below, 0..4).prop_map(Value::from)]
        })
    }

    fn any_kind() -> impl Strategy<Value = &'static str> {
        prop::sample::select(&["CHAT_MODEL", "TOOL", "AGENT", "CHAIN"][..])
    }

    /// A trace with one span.
    fn single_span(kind: &str, inputs: &Value, outputs: &Value, attribute: &Value) -> Trace {
        let mut made = trace(&[(0, kind, "f", &inputs.to_string(), &outputs.to_string())]);
        let attributes = &mut made.spans.as_mut().unwrap().list[0].payload.as_mut().unwrap().attributes;
        attributes.push(("session.id".to_owned(), Json::of(attribute)));
        made
    }

    fn strictly(a: &Trace, b: &Trace) -> Diff {
        super::diff_with(a, b, Strictness::Everything)
    }

    proptest! {
        #![proptest_config(crate::tests::fixed_seed_config())]

        #[test]
        fn unequal_payloads_are_never_identical(kind in any_kind(), a in prop::array::uniform3(any_value()), b in prop::array::uniform3(any_value()), is_new in prop::array::uniform3(any::<bool>())) {
            let b: [Value; 3] = std::array::from_fn(|at| if is_new[at] { b[at].clone() } else { a[at].clone() });
            let (trace_a, trace_b) = (single_span(kind, &a[0], &a[1], &a[2]), single_span(kind, &b[0], &b[1], &b[2]));
            prop_assert_eq!(diff_content(&trace_a, &trace_b).is_identical(), a == b);
            let strict = strictly(&trace_a, &trace_b);
            prop_assert!(strict.ignored.is_empty());
            prop_assert_eq!(strict.is_unchanged(), a == b);
            prop_assert!(diff_content(&trace_a, &trace_a).is_identical());
        }

        #[test]
        fn a_difference_is_shown_or_ignored(kind in any_kind(), a in prop::array::uniform3(any_value())) {
            let b: [Value; 3] = std::array::from_fn(|at| {
                serde_json::from_str(&a[at].to_string().replace("MARK", "SIGN")).unwrap()
            });
            let (trace_a, trace_b) = (single_span(kind, &a[0], &a[1], &a[2]), single_span(kind, &b[0], &b[1], &b[2]));
            let has = |change: &Change, side: &Option<String>, sign: &str| {
                side.as_ref().is_some_and(|text| text.contains(sign))
                    || side.is_some() && change.name.as_ref().is_some_and(|name| name.contains(sign))
            };
            let is_shown = |diff: &Diff| {
                let changes = || diff.nodes.iter().flat_map(|node| &node.changes);
                changes().any(|change| has(change, &change.a, "MARK")) && changes().any(|change| has(change, &change.b, "SIGN"))
            };
            let diff = diff_content(&trace_a, &trace_b);
            prop_assert!(a == b || is_shown(&diff) || !diff.ignored.is_empty());
            prop_assert!(a == b || is_shown(&strictly(&trace_a, &trace_b)));
        }
    }
}
