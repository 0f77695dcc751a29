//! Sums and percentiles computed by the server (`POST /api/3.0/mlflow/traces/metrics`, since 3.9, databases only;
//! MLflow 3.18 `store/tracking/utils/sql_trace_metrics_utils.py`).

use super::HttpStore;
use super::clauses;
use super::client::Client;
use super::pages::MAX_PAGE_SIZE;
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::formats;
use crate::json::Json;
use crate::limits;
use crate::model::{Timestamp, TokenUsage};
use crate::store::error::Result;
use crate::store::parallel::in_parallel;
use crate::store::{PERCENTILES, Query, Summaries, Summary, SummaryGrouping};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Names of the token metrics, in the order of [`TokenUsage`].
pub(super) const TOKENS: [&str; 5] =
    ["input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];

/// Up to this number, records are read and summed by the client; above it, the server computes the sums.
pub(super) const MAX_SUMMED_RECORDS: usize = 4 * MAX_PAGE_SIZE;

/// Maximum number of points in a response. There is no next page.
const MAX_POINTS: usize = 10_000;

/// Query for one metric of traces.
#[derive(Clone)]
pub(super) struct MetricQuery<'a> {
    pub(super) experiments: &'a [String],
    pub(super) name: &'a str,
    pub(super) aggregations: Value,
    pub(super) dimensions: &'a [&'a str],
    /// Further fields of the request body: conditions and intervals.
    pub(super) extra_fields: Vec<(&'static str, Value)>,
}

/// One data point: values of the dimensions and of the aggregations, by name.
#[derive(Debug)]
pub(super) struct MetricPoint {
    dimensions: Option<Json>,
    values: Json,
}

impl MetricPoint {
    /// Returns the value of a dimension; `None` if the traces have no such value.
    pub(super) fn dimension(&self, name: &str) -> Option<String> {
        self.dimensions.as_ref()?.member(name)?.as_string()
    }

    /// Returns the value of an aggregation.
    pub(super) fn value(&self, aggregation: &str) -> Option<f64> {
        self.values.member(aggregation)?.as_f64()
    }
}

/// Requests the points of a metric; `None` if the server does not support the query or has too many points.
pub(super) fn fetch_points(client: &Client, metric: &MetricQuery<'_>) -> Result<Option<Vec<MetricPoint>>> {
    let mut body = json!({
        "experiment_ids": metric.experiments,
        "view_type": "TRACES",
        "metric_name": metric.name,
        "aggregations": metric.aggregations,
        "dimensions": metric.dimensions,
        "max_results": MAX_POINTS,
    });
    for (key, value) in &metric.extra_fields {
        body[*key] = value.clone();
    }
    let body = match client.execute_limited(&ApiRequest::post("/api/3.0/mlflow/traces/metrics", &body)) {
        Ok(ApiResponse::Body(body)) => body,
        Ok(ApiResponse::NoRoute | ApiResponse::Error(_) | ApiResponse::Incomplete(_)) => return Ok(None),
        // This route may be forbidden or broken; the caller can read the records instead.
        Err(error) if !error.is_network_failure() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let point =
        |point: &Json| Some(MetricPoint { dimensions: point.member("dimensions"), values: point.member("values")? });
    let json = body.decode(|text| formats::parse_json(text).ok_or_else(|| "not JSON".to_owned())).ok();
    let points = json.and_then(|json| json.member("data_points")?.items());
    let points: Vec<MetricPoint> = points.unwrap_or_default().iter().filter_map(point).collect();
    Ok((points.len() < MAX_POINTS).then_some(points))
}

/// Requests sums and percentiles of the traces of a query. `None` if the server does not support that, or if there are
/// so few traces that reading their records is faster.
pub(super) fn summaries(store: &HttpStore, query: &Query, grouping: SummaryGrouping) -> Result<Option<Summaries>> {
    let Some(extra_fields) = clauses::metric_fields(&query.filter) else { return Ok(None) };
    let experiments: Vec<String> =
        query.experiments.iter().map(|experiment| experiment.experiment_id.clone()).collect();
    if experiments.is_empty() || !store.has_complete_token_sums() {
        return Ok(None);
    }
    let client = &*store.client;
    let aggregations = json!([{"aggregation_type": "COUNT"}]);
    let all =
        MetricQuery { experiments: &experiments, name: "trace_count", aggregations, dimensions: &[], extra_fields };
    let Some(points) = fetch_points(client, &all)? else { return Ok(None) };
    let count: f64 = points.iter().filter_map(|point| point.value("COUNT")).sum();
    if count <= MAX_SUMMED_RECORDS as f64 {
        return Ok(None);
    }
    let mut queries: Vec<(bool, MetricQuery<'_>)> =
        metric_queries(&all, false).into_iter().map(|metric| (false, metric)).collect();
    if grouping.is_grouped() {
        let parts = grouping.interval_seconds.map_or_else(|| all.clone(), |seconds| all.in_intervals(seconds));
        queries.extend(metric_queries(&parts, grouping.by_name).into_iter().map(|metric| (true, metric)));
    }
    let mut total = Summary::default();
    let mut parts: BTreeMap<(Option<String>, Option<String>), Summary> = BTreeMap::new();
    let responses =
        in_parallel(&queries, limits::CONCURRENT_REQUESTS, |(_, metric_query)| fetch_points(client, metric_query));
    for ((is_part, metric_query), points) in queries.iter().zip(responses) {
        let Some(points) = points? else {
            // Cache token metrics were added in 3.10.
            if metric_query.name.starts_with("cache") {
                continue;
            }
            return Ok(None);
        };
        for point in points {
            let summary = if *is_part {
                let key = (point.dimension("trace_name"), point.dimension("time_bucket"));
                let time = key.1.as_deref().and_then(Timestamp::parse_rfc3339);
                let empty = Summary { name: key.0.clone(), time, ..Summary::default() };
                parts.entry(key).or_insert(empty)
            } else {
                &mut total
            };
            add_point(summary, metric_query.name, &point);
        }
    }
    // Results by name do not include traces without a name.
    let counted: u64 = parts.values().map(|summary| summary.count).sum();
    let is_complete = !grouping.is_grouped() || counted as f64 >= count;
    Ok(is_complete.then(|| Summaries { total, groups: parts.into_values().collect() }))
}

impl MetricQuery<'_> {
    /// Returns the query divided into time intervals.
    fn in_intervals(&self, seconds: i64) -> Self {
        let mut query = self.clone();
        query.extra_fields.push(("time_interval_seconds", json!(seconds)));
        // Intervals require both bounds.
        for (key, end) in [("start_time_ms", 0), ("end_time_ms", 1_i64 << 52)] {
            if !query.extra_fields.iter().any(|(known, _)| *known == key) {
                query.extra_fields.push((key, json!(end)));
            }
        }
        query
    }
}

/// Returns the queries for count, latency percentiles and token sums.
fn metric_queries<'a>(all: &MetricQuery<'a>, by_name: bool) -> Vec<MetricQuery<'a>> {
    let dimensions: &[&str] = if by_name { &["trace_name"] } else { &[] };
    let by_state: &[&str] = if by_name { &["trace_name", "trace_status"] } else { &["trace_status"] };
    let percentile = |percent: &f64| json!({"aggregation_type": "PERCENTILE", "percentile_value": percent});
    let percentiles: Vec<Value> = PERCENTILES.iter().map(percentile).collect();
    let mut queries = vec![
        MetricQuery { dimensions: by_state, ..all.clone() },
        MetricQuery { name: "latency", aggregations: json!(percentiles), dimensions, ..all.clone() },
    ];
    let sum = json!([{"aggregation_type": "SUM"}]);
    queries.extend(TOKENS.map(|name| MetricQuery { name, aggregations: sum.clone(), dimensions, ..all.clone() }));
    queries
}

fn add_point(summary: &mut Summary, metric: &str, point: &MetricPoint) {
    match metric {
        "trace_count" => {
            let count = point.value("COUNT").unwrap_or(0.0) as u64;
            summary.count += count;
            summary.errors += if point.dimension("trace_status").as_deref() == Some("ERROR") { count } else { 0 };
        }
        "latency" => {
            let at = PERCENTILES.map(|percent| point.value(&format!("P{percent:.1}")));
            if let [Some(a), Some(b), Some(c), Some(d)] = at {
                summary.latency_ms = Some([a, b, c, d]);
            }
        }
        _ => {
            let Some(sum) = point.value("SUM") else { return };
            set_tokens(summary.token_usage.get_or_insert_default(), metric, sum as i64);
        }
    }
}

/// Sets the token count of a metric.
pub(super) fn set_tokens(usage: &mut TokenUsage, metric: &str, sum: i64) {
    match metric {
        "input_tokens" => usage.input_tokens = Some(sum),
        "output_tokens" => usage.output_tokens = Some(sum),
        "total_tokens" => usage.total_tokens = Some(sum),
        "cache_read_input_tokens" => usage.details[0] = Some(sum),
        _ => usage.details[1] = Some(sum),
    }
}
