use super::*;
use crate::analysis::usage;
use crate::formats::SpanDetail;
use crate::model::Timestamp;
use crate::tests::{SpanSpec, trace_of};

#[test]
fn percentiles_are_those_of_mlflow() {
    // Computed with MLflow 3.18.0's own aggregate for SQLite.
    let check = |values: &[f64], percent: f64, expected: Option<f64>| {
        assert_eq!(percentile(values, percent), expected, "{values:?} {percent}");
    };
    check(&[], 50.0, None);
    check(&[7.0], 99.0, Some(7.0));
    check(&[1.0, 2.0, 3.0, 4.0], 50.0, Some(2.5));
    check(&[1.0, 2.0, 3.0, 4.0], 90.0, Some(3.7));
    check(&[10.0, 20.0, 30.0], 95.0, Some(29.0));
    check(&[10.0, 20.0, 30.0], 0.0, Some(10.0));
    check(&[10.0, 20.0, 30.0], 100.0, Some(30.0));
}

#[test]
fn histogram_bins_are_equal() {
    assert_eq!(histogram(&[0, 1, 2, 3], 0, 3, 2), [2, 2]);
    assert_eq!(histogram(&[5, 5], 5, 5, 3), [2, 0, 0]);
    assert_eq!(histogram(&[i64::MIN, i64::MAX], i64::MIN, i64::MAX, 2), [1, 1]);
    assert_eq!(histogram(&[], 0, 0, 2), [0, 0]);
}

fn span(id: &str, parent: &str, kind: &str, millis: i64, more: &str) -> Span {
    let end = Some(1_000_000 + millis * 1_000_000 + 999_999);
    SpanSpec { start: 1_000_000, end, attributes: more, ..SpanSpec::new(id, parent, kind) }.build(SpanDetail::Calls)
}

const TOKENS: &str = r#","mlflow.chat.tokenUsage":{"input_tokens":2,"output_tokens":1,"total_tokens":3}"#;

#[test]
fn traces_calls_and_spans_are_counted() {
    let mut trace = trace_of(vec![
        span("run", "", "AGENT", 100, ""),
        span("outer", "run", "LLM", 50, TOKENS),
        span("inner", "outer", "CHAT_MODEL", 40, TOKENS),
        span("tool", "run", "TOOL", 3, ""),
    ]);
    trace.info.execution_duration_ms = Some(100);
    trace.info.state = TraceState::Error;
    trace.info.request_time = Timestamp::from_millis(1);
    let counts = |keys: &[GroupKey], is_mlflow_compatible: bool| {
        let mut stats = Stats::new(keys.to_vec(), Zone::Utc, is_mlflow_compatible);
        stats.add(&trace, &usage::trace_usage(&trace));
        let nested = stats.nested;
        let sorted = stats.sorted(99);
        let tokens = sorted.total.usage.token_usage.as_ref().and_then(|usage| usage.total_tokens);
        (sorted.unit, sorted.total.count, sorted.total.errors, sorted.total.latency_ms.map(|at| at.p50), tokens, nested)
    };
    assert_eq!(counts(&[], false), (StatsUnit::Traces, 1, 1, Some(100.0), Some(3), 0));
    assert_eq!(counts(&[GroupKey::Model], false), (StatsUnit::Calls, 1, 0, Some(50.999_999), Some(3), 0));
    assert_eq!(counts(&[GroupKey::Span], false), (StatsUnit::Spans, 4, 0, Some(45.999_999), Some(3), 0));
    // MLflow counts the inner span's tokens again, for a trace only what was recorded, and whole milliseconds.
    assert_eq!(counts(&[], true), (StatsUnit::Traces, 1, 1, Some(100.0), None, 0));
    assert_eq!(counts(&[GroupKey::Model], true), (StatsUnit::Calls, 2, 0, Some(45.0), Some(6), 1));
    assert_eq!(counts(&[GroupKey::Span], true), (StatsUnit::Spans, 4, 0, Some(45.0), Some(6), 1));
}

#[test]
fn groups_beyond_the_limit_are_merged() {
    let mut stats = Stats::new(vec![GroupKey::State], Zone::Utc, false);
    for (state, millis) in
        [(TraceState::Ok, 1), (TraceState::Ok, 2), (TraceState::Error, 30), (TraceState::InProgress, 4)]
    {
        let mut trace = trace_of(Vec::new());
        trace.info.state = state;
        trace.info.execution_duration_ms = Some(millis);
        stats.add_record(&trace.info);
    }
    let sorted = stats.sorted(1);
    let others = sorted.others.unwrap();
    assert_eq!(sorted.groups[0].0, [Some("OK".to_owned())]);
    assert_eq!(
        (sorted.other_count, others.count, others.errors, others.latency_ms.map(|at| at.p50)),
        (2, 2, 1, Some(17.0))
    );
    assert_eq!((sorted.total.count, sorted.total.error_rate()), (4, Some(0.25)));
}

#[test]
fn stats_group_by_call_start_and_usage_by_trace_start() {
    let mut trace = trace_of(vec![span("call", "", "LLM", 5, TOKENS)]);
    trace.info.request_time = Timestamp::from_millis(2 * 3_600_000);
    let keys = [GroupKey::Hour, GroupKey::Model];
    let used = usage::trace_usage(&trace);
    let mut stats = Stats::new(keys.to_vec(), Zone::Utc, false);
    stats.add(&trace, &used);
    assert_eq!(stats.sorted(9).groups[0].0[0].as_deref(), Some("1970-01-01T00:00:00.000Z"));
    let mut grouped = usage::GroupedUsage::new(keys.to_vec(), Zone::Utc);
    grouped.add(&trace, &used);
    assert_eq!(grouped.sorted(9).0[0].0[0].as_deref(), Some("1970-01-01T02:00:00.000Z"));
}
