//! Figures of experiments: from their records while these are few, from the server's own sums (3.9 on) where they are many.

use super::HttpStore;
use super::answer::Reply;
use super::client::{AT_ONCE, Client, Question};
use super::pages::{self, LARGEST_PAGE, Listed, Pages, Search};
use crate::decode;
use crate::error::Result;
use crate::model::{Experiment, Json, Problem, TokenUsage, Totals, TraceInfo, TraceState};
use crate::store::Query;
use crate::store::parallel::in_parallel;
use serde_json::json;
use std::collections::HashMap;

/// After so many records the server is asked for sums.
const MANY: usize = 4 * LARGEST_PAGE;

/// The sums of tokens that a server makes (MLflow 3.18 `store/tracking/utils/sql_trace_metrics_utils.py`).
const TOKEN_METRICS: [&str; 5] =
    ["input_tokens", "output_tokens", "total_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];

/// The figures of each experiment that has traces.
pub(super) fn read(
    store: &HttpStore,
    experiments: &[Experiment],
    problems: &mut Vec<Problem>,
) -> Result<HashMap<String, Totals>> {
    let query = Query { expected: Some(MANY), ..Query::newest(experiments.to_vec()) };
    let mut pages = Pages::new(store, &query, problems)?;
    let mut totals: HashMap<String, Totals> = HashMap::new();
    let mut seen = 0;
    while let Some(Listed { info, .. }) = pages.next(problems)? {
        seen += 1;
        if seen == MANY + 1
            && let Some(sums) = sums(&store.client, experiments)?
        {
            return Ok(sums);
        }
        add(&mut totals, &info);
    }
    Ok(totals)
}

fn add(totals: &mut HashMap<String, Totals>, info: &TraceInfo) {
    let total = totals.entry(info.experiment_id.clone()).or_default();
    total.traces += 1;
    total.errors += u64::from(info.state == TraceState::Error);
    total.last_trace_time = total.last_trace_time.max(Some(info.request_time));
    if let Some(usage) = &info.recorded_usage {
        total.add(usage);
    }
}

/// The server's sums; none where it makes none.
fn sums(client: &Client, experiments: &[Experiment]) -> Result<Option<HashMap<String, Totals>>> {
    let ids: Vec<&str> = experiments.iter().map(|experiment| experiment.experiment_id.as_str()).collect();
    let mut totals = HashMap::new();
    for (id, sums) in ids.iter().zip(in_parallel(&ids, AT_ONCE, |id| sums_of(client, id))) {
        match sums? {
            Some(sums) if sums.traces > 0 => {
                totals.insert((*id).to_owned(), sums);
            }
            Some(_) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(totals))
}

fn sums_of(client: &Client, experiment: &str) -> Result<Option<Totals>> {
    let Some(counts) = metric(client, experiment, "trace_count", "COUNT", &["trace_status"])? else { return Ok(None) };
    let mut totals = Totals::default();
    for (state, count) in counts {
        totals.traces += count.cast_unsigned();
        if state.as_deref() == Some("ERROR") {
            totals.errors += count.cast_unsigned();
        }
    }
    if totals.traces == 0 {
        return Ok(Some(totals));
    }
    let mut usage = TokenUsage::default();
    for name in TOKEN_METRICS {
        let Some((_, sum)) = metric(client, experiment, name, "SUM", &[])?.unwrap_or_default().pop() else { continue };
        match name {
            "input_tokens" => usage.input_tokens = Some(sum),
            "output_tokens" => usage.output_tokens = Some(sum),
            "total_tokens" => usage.total_tokens = Some(sum),
            _ => usage.other.push((name.to_owned(), Json::of(&sum))),
        }
    }
    totals.add(&usage);
    let newest = Search {
        experiments: &[experiment.to_owned()],
        filter: "",
        order: &["timestamp_ms DESC"],
        size: 1,
        token: None,
    };
    if let Reply::Body(bytes) = client.ask(&pages::three(&newest))?
        && let Ok(page) = decode::info_page(&String::from_utf8_lossy(&bytes))
    {
        totals.last_trace_time = page.infos.into_iter().flatten().map(|info| info.request_time).next();
    }
    Ok(Some(totals))
}

/// Sums, each with the value of the dimension that it is for.
type Sums = Vec<(Option<String>, i64)>;

/// One sum of an experiment, by the value of a dimension if there is one; none where the server does not make it.
fn metric(
    client: &Client,
    experiment: &str,
    name: &str,
    aggregation: &str,
    dimensions: &[&str],
) -> Result<Option<Sums>> {
    let body = json!({
        "experiment_ids": [experiment],
        "view_type": "TRACES",
        "metric_name": name,
        "aggregations": [{"aggregation_type": aggregation}],
        "dimensions": dimensions,
    });
    let Reply::Body(bytes) = client.ask(&Question::post("/api/3.0/mlflow/traces/metrics", &body))? else {
        return Ok(None);
    };
    let point = |point: Json| {
        let value = point.member("values")?.member(aggregation)?.as_f64()?;
        let dimension = dimensions.first().and_then(|name| point.member("dimensions")?.member(name)?.as_string());
        Some((dimension, value as i64))
    };
    let points = decode::json(&String::from_utf8_lossy(&bytes)).and_then(|json| json.member("data_points")?.items());
    Ok(Some(points.unwrap_or_default().into_iter().filter_map(point).collect()))
}
