use super::usage;
use crate::decode::{self, Keep};
use crate::model::{Labels, Span, Spans, SpansSource, Timestamp, Trace, TraceInfo, TraceState, arrange};

/// A span as id, parent, type, tokens in and out.
type Given<'a> = (&'a str, &'a str, &'a str, Option<(i64, i64)>);

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
    trace_of(spans.iter().map(|span| decode::span(&text(span), Keep::Tree, None).unwrap()).collect())
}

/// A trace of some spans, of which nothing else is recorded.
pub(super) fn trace_of(spans: Vec<Span>) -> Trace {
    let (list, nodes, _) = arrange(spans);
    let info = TraceInfo {
        trace_id: "tr-1".to_owned(),
        client_request_id: None,
        experiment_id: "1".to_owned(),
        experiment_name: None,
        name: None,
        root_name: None,
        state: TraceState::Ok,
        request_time: Timestamp(0),
        execution_duration_ms: None,
        span_count: None,
        recorded_usage: None,
        cost: None,
        request_preview: None,
        response_preview: None,
        tags: Labels::default(),
        metadata: Labels::default(),
        assessments: Vec::new(),
        linked_runs: Vec::new(),
        linked_prompts: Vec::new(),
    };
    Trace { info, spans: Some(Spans { list, nodes, source: SpansSource::Database, problems: Vec::new() }), rows: None }
}

#[test]
fn the_top_most_carrier_hides_all_below_it() {
    // The shape that MLflow 3.1 to 3.4 counted twice: a span without tokens between two that carry some.
    let trace = trace(&[
        ("root", "", "CHAIN", None),
        ("llm1", "root", "LLM", Some((10, 5))),
        ("mid", "llm1", "CHAIN", None),
        ("inner", "mid", "LLM", Some((10, 5))),
        ("llm2", "root", "LLM", Some((10, 5))),
    ]);
    let usage = usage::of_trace(&trace);
    assert_eq!(usage.token_usage.unwrap().figures(), (Some(20), Some(10), Some(30)));
    assert_eq!(usage.source, Some("spans"));
    let counted: Vec<_> =
        usage.calls.iter().map(|call| (trace.span_list()[call.span].name.as_str(), call.is_counted)).collect();
    assert_eq!(counted, [("llm1", true), ("inner", false), ("llm2", true)]);
}

#[test]
fn calls_without_tokens_are_listed_and_not_counted() {
    let trace = trace(&[("a", "", "AGENT", None), ("b", "a", "CHAT_MODEL", None), ("c", "a", "TOOL", None)]);
    let usage = usage::of_trace(&trace);
    assert_eq!(usage.token_usage, None);
    assert_eq!(usage.calls.len(), 1);
    assert_eq!((usage.calls[0].agent.as_deref(), usage.calls[0].is_counted), (Some("a"), false));
}

#[test]
fn groups_add_up_to_the_total() {
    let mut by_model = usage::ByModel::default();
    by_model.add(&trace(&[("a", "", "LLM", Some((1, 2))), ("b", "", "LLM", Some((3, 4)))]));
    by_model.add(&trace(&[("c", "", "LLM", None)]));
    let total = by_model.total.token_usage.clone().unwrap().figures();
    assert_eq!((by_model.total.traces, by_model.total.calls, total), (1, 2, (Some(4), Some(6), Some(10))));
    assert_eq!(by_model.groups.values().map(|group| group.calls).sum::<u64>(), 2);
    assert_eq!(by_model.groups[&None].traces, 1);
}

/// Gives a span of a trace what its response tells.
fn respond(trace: &mut Trace, name: &str, (input, output): (i64, i64)) {
    let span = trace.spans.as_mut().unwrap().list.iter_mut().find(|span| span.name == name).unwrap();
    let total = Some(input + output);
    span.derived_usage = Some(crate::model::TokenUsage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        total_tokens: total,
        ..Default::default()
    });
}

#[test]
fn responses_tell_where_nothing_was_recorded_around_them() {
    let mut trace = trace(&[
        ("root", "", "AGENT", None),
        ("alone", "root", "LLM", None),
        ("above", "root", "LLM", None),
        ("recorded", "above", "CHAT_MODEL", Some((10, 5))),
        ("wrapped", "root", "LLM", None),
        ("inner", "wrapped", "CHAT_MODEL", None),
    ]);
    for (name, tokens) in [("alone", (1, 2)), ("above", (10, 5)), ("wrapped", (100, 50)), ("inner", (100, 50))] {
        respond(&mut trace, name, tokens);
    }
    let usage = usage::of_trace(&trace);
    assert_eq!(usage.token_usage.unwrap().figures(), (Some(111), Some(57), Some(168)));
    let counted = usage.calls.iter().filter(|call| call.is_counted);
    let mut counted: Vec<_> = counted.map(|call| trace.span_list()[call.span].name.as_str()).collect();
    counted.sort_unstable();
    assert_eq!(counted, ["alone", "recorded", "wrapped"]);
}
