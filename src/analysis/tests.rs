use super::key::{GroupKey, GroupValues};
use super::usage::{self, Explanation, GroupedUsage, UsageGroup};
use crate::formats::{self, SpanDetail};
use crate::model::{
    Cost, Span, Spans, SpansSource, Timestamp, TokenUsage, Trace, TraceInfo, TraceState, Zone, arrange,
};

/// A span as id, parent, type, tokens in and out.
pub(super) type Given<'a> = (&'a str, &'a str, &'a str, Option<(i64, i64)>);

/// A trace of such spans.
fn trace(spans: &[Given<'_>]) -> Trace {
    let text = |(id, parent, kind, usage): &Given<'_>| {
        let usage = usage.map_or_else(String::new, |(input, output)| {
            format!(
                r#","mlflow.chat.tokenUsage":{{"input_tokens":{input},"output_tokens":{output},"total_tokens":{}}}"#,
                input + output
            )
        });
        format!(
            r#"{{"span_id":"{id}","parent_span_id":"{parent}","name":"{id}","start_time_unix_nano":1,"attributes":{{"mlflow.spanType":"\"{kind}\""{usage}}}}}"#
        )
    };
    trace_of(spans.iter().map(|span| formats::span(&text(span), SpanDetail::Tree, None).unwrap()).collect())
}

/// A trace of some spans, of which nothing else is recorded.
pub(super) fn trace_of(spans: Vec<Span>) -> Trace {
    let (list, nodes, _) = arrange(spans);
    let info = TraceInfo::new("tr-1".to_owned(), "1".to_owned(), TraceState::Ok, Timestamp(0));
    Trace {
        info,
        spans: Some(Spans {
            list,
            nodes,
            source: SpansSource::Database,
            problems: Vec::new(),
            moved: None,
            outside: None,
        }),
        rows: None,
    }
}

/// Gives a span of a trace a model.
fn name_model(trace: &mut Trace, name: &str, model: &str) {
    span_mut(trace, name).model = Some(model.to_owned());
}

fn span_mut<'a>(trace: &'a mut Trace, name: &str) -> &'a mut Span {
    trace.spans.as_mut().unwrap().list.iter_mut().find(|span| span.name == name).unwrap()
}

/// Groups as `values: traces/calls in+out=total`, sorted.
fn shown(grouped: &GroupedUsage) -> Vec<String> {
    let (groups, _) = grouped.sorted(usize::MAX);
    let line = |(values, group): &(&GroupValues, &UsageGroup)| {
        let values: Vec<&str> = values.iter().map(|value| value.as_deref().unwrap_or("-")).collect();
        let (input, output, total) = group.token_usage.as_ref().map_or((None, None, None), TokenUsage::figures);
        let figure = |figure: Option<i64>| figure.map_or_else(|| "?".to_owned(), |figure| figure.to_string());
        let calls = figure(group.calls.map(u64::cast_signed));
        let (input, output, total) = (figure(input), figure(output), figure(total));
        format!("{}: {}/{calls} {input}+{output}={total}", values.join(","), group.traces)
    };
    let mut lines: Vec<String> = groups.iter().map(line).collect();
    lines.sort();
    lines
}

fn grouped(keys: &[GroupKey], traces: &[Trace]) -> GroupedUsage {
    let mut grouped = GroupedUsage::new(keys.to_vec(), Zone::Utc);
    for trace in traces {
        grouped.add(trace, &usage::of_trace(trace));
    }
    grouped
}

#[test]
fn groups_add_up_to_the_total() {
    let traces =
        [trace(&[("a", "", "LLM", Some((1, 2))), ("b", "", "LLM", Some((3, 4)))]), trace(&[("c", "", "LLM", None)])];
    let by_model = grouped(&[GroupKey::Model], &traces);
    let total = by_model.total.token_usage.clone().unwrap().figures();
    assert_eq!((by_model.total.traces, by_model.total.calls, total), (1, Some(2), (Some(4), Some(6), Some(10))));
    assert_eq!(shown(&by_model), ["-: 1/2 4+6=10"]);
    // What is not shown comes as one, and nothing is lost.
    let by_span = grouped(&[GroupKey::Span], &traces);
    let (first, other) = by_span.sorted(1);
    let total = |group: &UsageGroup| group.token_usage.as_ref().unwrap().total_tokens.unwrap();
    assert_eq!((first.len(), total(first[0].1), total(&other.unwrap())), (1, 7, 3));
    assert_eq!(by_span.count(), 2);
}

#[test]
fn what_a_carrier_has_beyond_its_calls_is_a_group_of_its_own() {
    let mut one = trace(&[
        ("run", "", "AGENT", Some((100, 11))),
        ("team", "run", "CHAIN", None),
        ("first", "team", "LLM", Some((30, 3))),
        ("inner", "first", "LLM", Some((30, 3))),
        ("second", "run", "LLM", Some((60, 6))),
    ]);
    for (name, model) in [("inner", "m1"), ("second", "m2")] {
        name_model(&mut one, name, model);
    }
    let by_model = ["-: 1/0 10+2=12", "m1: 1/1 30+3=33", "m2: 1/1 60+6=66"];
    assert_eq!(shown(&grouped(&[GroupKey::Model], &[one.clone()])), by_model);
    let by_span = ["first: 1/1 30+3=33", "run: 1/0 10+2=12", "second: 1/1 60+6=66"];
    assert_eq!(shown(&grouped(&[GroupKey::Span], &[one.clone()])), by_span);
    assert_eq!(shown(&grouped(&[GroupKey::Agent], &[one])), ["run: 1/2 100+11=111"]);
}

#[test]
fn a_trace_counts_once_in_each_of_its_groups() {
    let mut one =
        trace(&[("a", "", "LLM", Some((1, 0))), ("b", "", "LLM", Some((2, 0))), ("c", "", "LLM", Some((4, 0)))]);
    for (name, model) in [("a", "m1"), ("b", "m1"), ("c", "m2")] {
        name_model(&mut one, name, model);
    }
    let by_model = grouped(&[GroupKey::Model], &[one.clone(), one]);
    assert_eq!(shown(&by_model), ["m1: 2/4 6+0=6", "m2: 2/2 8+0=8"]);
    assert_eq!(by_model.total.traces, 2);
}

#[test]
fn costs_stand_with_the_call_whose_tokens_they_are_for() {
    let cost = |total: f64| Cost::recorded(None, None, Some(total));
    let mut one = trace(&[
        ("outer", "", "CHAIN", Some((10, 0))),
        ("priced", "outer", "LLM", Some((10, 0))),
        ("unpriced", "", "LLM", Some((5, 0))),
        ("twice", "", "LLM", Some((7, 0))),
        ("within", "twice", "LLM", Some((7, 0))),
    ]);
    for (name, total) in [("priced", 1.0), ("twice", 2.0), ("within", 2.0)] {
        span_mut(&mut one, name).cost = cost(total);
    }
    let used = usage::of_trace(&one);
    assert_eq!(used.cost.unwrap().total_cost, Some(3.0), "what lies within is not counted twice");
    let unpriced: Vec<&str> = used.unpriced().map(|row| one.span_list()[row.span.unwrap()].name.as_str()).collect();
    assert_eq!(unpriced, ["unpriced"]);
    let by_span = grouped(&[GroupKey::Span], &[one]);
    let (groups, _) = by_span.sorted(9);
    let mut costs: Vec<_> = groups
        .iter()
        .map(|(values, group)| {
            (values[0].as_deref().unwrap(), group.cost().and_then(|cost| cost.total_cost), group.unpriced)
        })
        .collect();
    costs.sort_by_key(|(name, ..)| *name);
    assert_eq!(costs, [("priced", Some(1.0), 0), ("twice", Some(2.0), 0), ("unpriced", None, 1)]);
    assert_eq!((by_span.total.cost().unwrap().total_cost, by_span.total.unpriced), (Some(3.0), 1));
}

#[test]
fn a_recorded_cost_goes_before_one_that_is_calculated_above_it() {
    let mut one = trace(&[("above", "", "LLM", Some((10, 0))), ("below", "above", "LLM", Some((10, 0)))]);
    span_mut(&mut one, "above").cost = Some(Cost::calculated(5.0, 0.0));
    span_mut(&mut one, "below").cost = Cost::recorded(None, None, Some(1.0));
    let cost = usage::of_trace(&one).cost.unwrap();
    assert_eq!((cost.total_cost, cost.source), (Some(1.0), "recorded"));
}

#[test]
fn keys_are_words() {
    for word in ["model", "span", "trace", "day", "week", "tag:a:b", "metadata:k"] {
        assert_eq!(GroupKey::parse(word).unwrap().word(), word);
    }
    for word in ["", "tag", "tag:", "metadata:", "Model", "days"] {
        assert!(GroupKey::parse(word).unwrap_err().starts_with("one of model,"), "{word}");
    }
}

#[test]
fn an_explanation_names_what_is_left_out() {
    let mut one = trace(&[("a", "", "LLM", Some((10, 5))), ("b", "a", "LLM", Some((10, 5)))]);
    one.info.recorded_usage = Some(TokenUsage { input_tokens: Some(20), ..TokenUsage::default() });
    let mut explanation = Explanation::new(0);
    explanation.add(&one, &usage::of_trace(&one));
    assert_eq!((explanation.left_out.len(), explanation.left_out_count, explanation.differing_count), (0, 1, 1));
    let mut explanation = Explanation::new(9);
    explanation.add(&one, &usage::of_trace(&one));
    let left_out = &explanation.left_out[0];
    assert_eq!((left_out.name.as_str(), left_out.counted_in.as_ref().unwrap().1.as_str()), ("b", "a"));
    assert_eq!(explanation.differing[0].token_usage.as_ref().unwrap().total_tokens, Some(15));
    assert_eq!(explanation.unpriced.values().sum::<u64>(), 1, "the inner one tells the same tokens");
}
