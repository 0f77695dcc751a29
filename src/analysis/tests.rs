use super::key::{GroupKey, GroupValues};
use super::usage::{self, Explanation, GroupedUsage, UsageGroup};
use crate::formats::SpanDetail;
use crate::model::{Cost, Span, TokenUsage, Trace, Zone};
use crate::tests::{SpanSpec, tokens, trace_of};

/// A span: id, parent id, type, input and output tokens.
pub(super) type Given<'a> = (&'a str, &'a str, &'a str, Option<(i64, i64)>);

/// Builds a trace of such spans.
fn trace(spans: &[Given<'_>]) -> Trace {
    let span = |(id, parent, span_type, usage): &Given<'_>| {
        let attributes = usage.map(tokens).unwrap_or_default();
        SpanSpec { attributes: &attributes, ..SpanSpec::new(id, parent, span_type) }.build(SpanDetail::Tree)
    };
    trace_of(spans.iter().map(span).collect())
}

/// Sets the model of a span.
fn set_model(trace: &mut Trace, name: &str, model: &str) {
    span_mut(trace, name).model = Some(model.to_owned());
}

fn span_mut<'a>(trace: &'a mut Trace, name: &str) -> &'a mut Span {
    trace.spans.as_mut().unwrap().list.iter_mut().find(|span| span.name == name).unwrap()
}

/// Formats groups as `values: traces/calls in+out=total`, sorted.
fn shown(grouped: &GroupedUsage) -> Vec<String> {
    let (groups, _) = grouped.sorted(usize::MAX);
    let line = |(values, group): &(&GroupValues, &UsageGroup)| {
        let values: Vec<&str> = values.iter().map(|value| value.as_deref().unwrap_or("-")).collect();
        let (input, output, total) = group.token_usage.as_ref().map_or((None, None, None), TokenUsage::counts);
        let or_unknown = |count: Option<i64>| count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let calls = or_unknown(group.calls.map(u64::cast_signed));
        let (input, output, total) = (or_unknown(input), or_unknown(output), or_unknown(total));
        let traces = or_unknown(group.traces.map(u64::cast_signed));
        format!("{}: {traces}/{calls} {input}+{output}={total}", values.join(","))
    };
    let mut lines: Vec<String> = groups.iter().map(line).collect();
    lines.sort();
    lines
}

fn grouped(keys: &[GroupKey], traces: &[Trace]) -> GroupedUsage {
    let mut grouped = GroupedUsage::new(keys.to_vec(), Zone::Utc);
    for trace in traces {
        grouped.add(trace, &usage::trace_usage(trace));
    }
    grouped
}

#[test]
fn groups_add_up_to_the_total() {
    let traces =
        [trace(&[("a", "", "LLM", Some((1, 2))), ("b", "", "LLM", Some((3, 4)))]), trace(&[("c", "", "LLM", None)])];
    let by_model = grouped(&[GroupKey::Model], &traces);
    let total = by_model.total.token_usage.clone().unwrap().counts();
    assert_eq!((by_model.total.traces, by_model.total.calls, total), (Some(1), Some(2), (Some(4), Some(6), Some(10))));
    assert_eq!(shown(&by_model), ["-: 1/2 4+6=10"]);
    // Groups beyond the limit are merged, so the total is unchanged.
    let by_span = grouped(&[GroupKey::Span], &traces);
    let (first, other) = by_span.sorted(1);
    let total = |group: &UsageGroup| group.token_usage.as_ref().unwrap().total_tokens.unwrap();
    assert_eq!((first.len(), total(first[0].1), total(&other.unwrap())), (1, 7, 3));
    assert_eq!(by_span.count(), 2);
}

#[test]
fn usage_of_a_carrier_beyond_its_calls_is_a_group_of_its_own() {
    let mut trace = trace(&[
        ("run", "", "AGENT", Some((100, 11))),
        ("team", "run", "CHAIN", None),
        ("first", "team", "LLM", Some((30, 3))),
        ("inner", "first", "LLM", Some((30, 3))),
        ("second", "run", "LLM", Some((60, 6))),
    ]);
    for (name, model) in [("inner", "m1"), ("second", "m2")] {
        set_model(&mut trace, name, model);
    }
    let by_model = ["-: 1/0 10+2=12", "m1: 1/1 30+3=33", "m2: 1/1 60+6=66"];
    assert_eq!(shown(&grouped(&[GroupKey::Model], &[trace.clone()])), by_model);
    let by_span = ["first: 1/1 30+3=33", "run: 1/0 10+2=12", "second: 1/1 60+6=66"];
    assert_eq!(shown(&grouped(&[GroupKey::Span], &[trace.clone()])), by_span);
    assert_eq!(shown(&grouped(&[GroupKey::Agent], &[trace])), ["run: 1/2 100+11=111"]);
}

#[test]
fn a_trace_counts_once_in_each_of_its_groups() {
    let mut trace =
        trace(&[("a", "", "LLM", Some((1, 0))), ("b", "", "LLM", Some((2, 0))), ("c", "", "LLM", Some((4, 0)))]);
    for (name, model) in [("a", "m1"), ("b", "m1"), ("c", "m2")] {
        set_model(&mut trace, name, model);
    }
    let by_model = grouped(&[GroupKey::Model], &[trace.clone(), trace]);
    assert_eq!(shown(&by_model), ["m1: 2/4 6+0=6", "m2: 2/2 8+0=8"]);
    assert_eq!(by_model.total.traces, Some(2));
}

#[test]
fn costs_belong_to_the_call_that_has_the_tokens() {
    let cost = |total: f64| Cost::recorded(None, None, Some(total));
    let mut trace = trace(&[
        ("outer", "", "CHAIN", Some((10, 0))),
        ("priced", "outer", "LLM", Some((10, 0))),
        ("unpriced", "", "LLM", Some((5, 0))),
        ("twice", "", "LLM", Some((7, 0))),
        ("within", "twice", "LLM", Some((7, 0))),
    ]);
    for (name, total) in [("priced", 1.0), ("twice", 2.0), ("within", 2.0)] {
        span_mut(&mut trace, name).cost = cost(total);
    }
    let usage_of_trace = usage::trace_usage(&trace);
    assert_eq!(usage_of_trace.cost.unwrap().total_cost, Some(3.0), "nested calls are not counted twice");
    let unpriced: Vec<&str> =
        usage_of_trace.unpriced_rows().map(|row| trace.span_list()[row.span.unwrap()].name.as_str()).collect();
    assert_eq!(unpriced, ["unpriced"]);
    let by_span = grouped(&[GroupKey::Span], &[trace]);
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
fn a_recorded_cost_below_wins_over_a_calculated_cost_above() {
    let mut trace = trace(&[("above", "", "LLM", Some((10, 0))), ("below", "above", "LLM", Some((10, 0)))]);
    span_mut(&mut trace, "above").cost = Some(Cost::calculated(5.0, 0.0));
    span_mut(&mut trace, "below").cost = Cost::recorded(None, None, Some(1.0));
    let cost = usage::trace_usage(&trace).cost.unwrap();
    assert_eq!((cost.total_cost, cost.source), (Some(1.0), "recorded"));
}

#[test]
fn group_keys_are_parsed_by_name() {
    for word in ["model", "span", "trace", "day", "week", "tag:a:b", "metadata:k"] {
        assert_eq!(GroupKey::parse(word).unwrap().name(), word);
    }
    for word in ["", "tag", "tag:", "metadata:", "Model", "days"] {
        assert!(GroupKey::parse(word).unwrap_err().starts_with("expected one of model,"), "{word}");
    }
}

#[test]
fn an_explanation_lists_excluded_spans() {
    let mut trace = trace(&[("a", "", "LLM", Some((10, 5))), ("b", "a", "LLM", Some((10, 5)))]);
    trace.info.recorded_usage = Some(TokenUsage { input_tokens: Some(20), ..TokenUsage::default() });
    let mut explanation = Explanation::new(0);
    explanation.add(&trace, &usage::trace_usage(&trace));
    assert_eq!((explanation.excluded.len(), explanation.excluded_count, explanation.mismatch_count), (0, 1, 1));
    let mut explanation = Explanation::new(9);
    explanation.add(&trace, &usage::trace_usage(&trace));
    let excluded = &explanation.excluded[0];
    assert_eq!((excluded.name.as_str(), excluded.counted_in.as_ref().unwrap().1.as_str()), ("b", "a"));
    assert_eq!(explanation.mismatches[0].token_usage.as_ref().unwrap().total_tokens, Some(15));
    assert_eq!(explanation.unpriced.values().sum::<u64>(), 1, "the inner span has the same tokens");
}
