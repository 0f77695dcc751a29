//! The server's own sums and percentiles (`POST /api/3.0/mlflow/traces/metrics`, 3.9 on, databases only; MLflow 3.18
//! `store/tracking/utils/sql_trace_metrics_utils.py`).

use super::HttpStore;
use super::answer::ApiResponse;
use super::client::{ApiRequest, Client};
use super::pages::LARGEST_PAGE;
use crate::error::{ErrorCode, Result};
use crate::formats;
use crate::limits;
use crate::model::{Json, Timestamp, TokenUsage};
use crate::query::{Clause, Comparison, Filter, NumberKey, Operand, TextKey, TextTest};
use crate::store::parallel::in_parallel;
use crate::store::{PERCENTS, Query, Summaries, Summary, SummaryGrouping};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The sums of tokens that a server makes, in the order of a usage.
pub(super) const TOKENS: [&str; 5] =
    ["input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];

/// Above this number of records, the server is asked for sums.
pub(super) const MANY: usize = 4 * LARGEST_PAGE;

/// So many points a server gives at most; its pages do not go on.
const MOST_POINTS: usize = 10_000;

/// A question about traces.
#[derive(Clone)]
pub(super) struct MetricQuery<'a> {
    pub(super) experiments: &'a [String],
    pub(super) name: &'a str,
    pub(super) aggregations: Value,
    pub(super) dimensions: &'a [&'a str],
    /// Conditions and intervals, which go into the body as they are.
    pub(super) more: Vec<(&'static str, Value)>,
}

/// One answer: the values of the dimensions, and those of the aggregations, by name.
#[derive(Debug)]
pub(super) struct MetricPoint {
    dimensions: Option<Json>,
    values: Json,
}

impl MetricPoint {
    /// The value of a dimension; none where the traces have none.
    pub(super) fn dimension(&self, name: &str) -> Option<String> {
        self.dimensions.as_ref()?.member(name)?.as_string()
    }

    /// The value of an aggregation.
    pub(super) fn value(&self, aggregation: &str) -> Option<f64> {
        self.values.member(aggregation)?.as_f64()
    }
}

/// Asks a server; none where it does not answer such a question.
pub(super) fn ask(client: &Client, metric: &MetricQuery<'_>) -> Result<Option<Vec<MetricPoint>>> {
    let mut body = json!({
        "experiment_ids": metric.experiments,
        "view_type": "TRACES",
        "metric_name": metric.name,
        "aggregations": metric.aggregations,
        "dimensions": metric.dimensions,
        "max_results": MOST_POINTS,
    });
    for (key, value) in &metric.more {
        body[*key] = value.clone();
    }
    let body = match client.ask_beside(&ApiRequest::post("/api/3.0/mlflow/traces/metrics", &body)) {
        Ok(ApiResponse::Body(body)) => body,
        Ok(ApiResponse::NoRoute | ApiResponse::Refusal(_) | ApiResponse::Unread(_)) => return Ok(None),
        // This one route may be forbidden or broken; records tell the same.
        Err(error) if error.kind != ErrorCode::Network => return Ok(None),
        Err(error) => return Err(error),
    };
    let point =
        |point: &Json| Some(MetricPoint { dimensions: point.member("dimensions"), values: point.member("values")? });
    let json = body.decode(|text| formats::json(text).ok_or_else(|| "not JSON".to_owned())).ok();
    let points = json.and_then(|json| json.member("data_points")?.items());
    let points: Vec<MetricPoint> = points.unwrap_or_default().iter().filter_map(point).collect();
    Ok((points.len() < MOST_POINTS).then_some(points))
}

/// Sums and percentiles of the traces of a query as the server tells them; none where it does not, or where these are so few
/// that their records are read sooner.
pub(super) fn summaries(store: &HttpStore, query: &Query, division: SummaryGrouping) -> Result<Option<Summaries>> {
    let Some(more) = conditions(&query.filter) else { return Ok(None) };
    let experiments: Vec<String> = query.experiments.iter().map(|one| one.experiment_id.clone()).collect();
    if experiments.is_empty() || !store.sums_all_tokens() {
        return Ok(None);
    }
    let client = &*store.client;
    let aggregations = json!([{"aggregation_type": "COUNT"}]);
    let all = MetricQuery { experiments: &experiments, name: "trace_count", aggregations, dimensions: &[], more };
    let Some(points) = ask(client, &all)? else { return Ok(None) };
    let count: f64 = points.iter().filter_map(|point| point.value("COUNT")).sum();
    if count <= MANY as f64 {
        return Ok(None);
    }
    let mut asked: Vec<(bool, MetricQuery<'_>)> = questions(&all, false).into_iter().map(|one| (false, one)).collect();
    if division.has_parts() {
        let parts = division.seconds.map_or_else(|| all.clone(), |seconds| all.in_intervals(seconds));
        asked.extend(questions(&parts, division.by_name).into_iter().map(|one| (true, one)));
    }
    let mut total = Summary::default();
    let mut parts: BTreeMap<(Option<String>, Option<String>), Summary> = BTreeMap::new();
    let answers = in_parallel(&asked, limits::QUESTIONS_AT_ONCE, |(_, question)| ask(client, question));
    for ((is_of_parts, question), points) in asked.iter().zip(answers) {
        let Some(points) = points? else {
            // Sums of what a cache held came with 3.10.
            if question.name.starts_with("cache") {
                continue;
            }
            return Ok(None);
        };
        for point in points {
            let summary = if *is_of_parts {
                let key = (point.dimension("trace_name"), point.dimension("time_bucket"));
                let time = key.1.as_deref().and_then(Timestamp::parse_rfc3339);
                let empty = Summary { name: key.0.clone(), time, ..Summary::default() };
                parts.entry(key).or_insert(empty)
            } else {
                &mut total
            };
            take(summary, question.name, &point);
        }
    }
    // Traces without a name are in no answer by name.
    let counted: u64 = parts.values().map(|summary| summary.count).sum();
    let is_whole = !division.has_parts() || counted as f64 >= count;
    Ok(is_whole.then(|| Summaries { total, parts: parts.into_values().collect() }))
}

impl MetricQuery<'_> {
    /// The same in intervals of time.
    fn in_intervals(&self, seconds: i64) -> Self {
        let mut one = self.clone();
        one.more.push(("time_interval_seconds", json!(seconds)));
        // Both ends have to be named where intervals are.
        for (key, end) in [("start_time_ms", 0), ("end_time_ms", 1_i64 << 52)] {
            if !one.more.iter().any(|(known, _)| *known == key) {
                one.more.push((key, json!(end)));
            }
        }
        one
    }
}

/// All that is asked to learn of traces what can be told.
fn questions<'a>(all: &MetricQuery<'a>, by_name: bool) -> Vec<MetricQuery<'a>> {
    let dimensions: &[&str] = if by_name { &["trace_name"] } else { &[] };
    let by_state: &[&str] = if by_name { &["trace_name", "trace_status"] } else { &["trace_status"] };
    let percentile = |percent: &f64| json!({"aggregation_type": "PERCENTILE", "percentile_value": percent});
    let percentiles: Vec<Value> = PERCENTS.iter().map(percentile).collect();
    let mut questions = vec![
        MetricQuery { dimensions: by_state, ..all.clone() },
        MetricQuery { name: "latency", aggregations: json!(percentiles), dimensions, ..all.clone() },
    ];
    let sum = json!([{"aggregation_type": "SUM"}]);
    questions.extend(TOKENS.map(|name| MetricQuery { name, aggregations: sum.clone(), dimensions, ..all.clone() }));
    questions
}

fn take(summary: &mut Summary, metric: &str, point: &MetricPoint) {
    match metric {
        "trace_count" => {
            let count = point.value("COUNT").unwrap_or(0.0) as u64;
            summary.count += count;
            summary.errors += if point.dimension("trace_status").as_deref() == Some("ERROR") { count } else { 0 };
        }
        "latency" => {
            let at = PERCENTS.map(|percent| point.value(&format!("P{percent:.1}")));
            if let [Some(a), Some(b), Some(c), Some(d)] = at {
                summary.latency_ms = Some([a, b, c, d]);
            }
        }
        _ => {
            let Some(sum) = point.value("SUM") else { return };
            set(summary.token_usage.get_or_insert_default(), metric, sum as i64);
        }
    }
}

/// Puts a sum of tokens where it belongs.
pub(super) fn set(usage: &mut TokenUsage, metric: &str, sum: i64) {
    match metric {
        "input_tokens" => usage.input_tokens = Some(sum),
        "output_tokens" => usage.output_tokens = Some(sum),
        "total_tokens" => usage.total_tokens = Some(sum),
        "cache_read_input_tokens" => usage.details[0] = Some(sum),
        _ => usage.details[1] = Some(sum),
    }
}

/// Conditions in the words of this question: bounds of time, both ends of which belong to it, and one state.
fn conditions(filter: &Filter) -> Option<Vec<(&'static str, Value)>> {
    let mut more: Vec<(&'static str, Value)> = Vec::new();
    for clause in &filter.clauses {
        let (key, value) = match clause {
            Clause::Number(NumberKey::Timestamp, comparison, Operand::Int(millis)) => match comparison {
                Comparison::AtLeast => ("start_time_ms", json!(millis)),
                Comparison::Greater => ("start_time_ms", json!(millis + 1)),
                Comparison::AtMost => ("end_time_ms", json!(millis)),
                Comparison::Less => ("end_time_ms", json!(millis - 1)),
                _ => return None,
            },
            Clause::Text(TextKey::Status, TextTest::Is(state)) => ("filters", state_is(state)?),
            Clause::Text(TextKey::Status, TextTest::In(states)) => match states.as_slice() {
                [state] => ("filters", state_is(state)?),
                _ => return None,
            },
            _ => return None,
        };
        if more.iter().any(|(known, _)| *known == key) {
            return None;
        }
        more.push((key, value));
    }
    Some(more)
}

fn state_is(state: &str) -> Option<Value> {
    let is_known = matches!(state, "OK" | "ERROR" | "IN_PROGRESS");
    is_known.then(|| json!([format!("trace.status = \"{state}\"")]))
}
