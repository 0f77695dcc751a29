//! Totals of experiments: from their records if these are few, else from sums computed by the server (since 3.9).

use super::HttpStore;
use super::client::Client;
use super::metrics::{self, MAX_SUMMED_RECORDS, MetricQuery};
use super::pages::{self, ListedTrace, SearchRequest, TracePages};
use super::response::ApiResponse;
use crate::formats;
use crate::limits;
use crate::model::{Experiment, Problem, TokenUsage, Totals};
use crate::store::error::Result;
use crate::store::parallel::in_parallel;
use crate::store::{Query, ReadPlan};
use serde_json::json;
use std::collections::HashMap;

/// Returns the totals of each experiment that has traces.
pub(super) fn read(
    store: &HttpStore,
    experiments: &[Experiment],
    problems: &mut Vec<Problem>,
) -> Result<HashMap<String, Totals>> {
    let query = Query { plan: ReadPlan::first(MAX_SUMMED_RECORDS), ..Query::newest(experiments.to_vec()) };
    let mut pages = TracePages::new(store, &query, problems)?;
    let mut totals: HashMap<String, Totals> = HashMap::new();
    let mut seen = 0;
    while let Some(ListedTrace { info, .. }) = pages.next(problems)? {
        seen += 1;
        if seen == MAX_SUMMED_RECORDS + 1
            && store.has_complete_token_sums()
            && let Some(sums) = fetch_sums(&store.client, experiments)?
        {
            return Ok(sums);
        }
        totals.entry(info.experiment_id.clone()).or_default().add_trace(&info);
    }
    Ok(totals)
}

/// Requests sums from the server, by experiment id; `None` if it does not support them.
fn fetch_sums(client: &Client, experiments: &[Experiment]) -> Result<Option<HashMap<String, Totals>>> {
    let ids: Vec<&str> = experiments.iter().map(|experiment| experiment.experiment_id.as_str()).collect();
    let mut totals = HashMap::new();
    for (id, sums) in
        ids.iter().zip(in_parallel(&ids, limits::CONCURRENT_REQUESTS, |id| fetch_experiment_sums(client, id)))
    {
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

fn fetch_experiment_sums(client: &Client, experiment: &str) -> Result<Option<Totals>> {
    let experiments = [experiment.to_owned()];
    let ask = |name, aggregation: &str, dimensions| {
        let aggregations = json!([{"aggregation_type": aggregation}]);
        metrics::fetch_points(
            client,
            &MetricQuery { experiments: &experiments, name, aggregations, dimensions, extra_fields: Vec::new() },
        )
    };
    let Some(counts) = ask("trace_count", "COUNT", &["trace_status"][..])? else { return Ok(None) };
    let mut totals = Totals::default();
    for point in counts {
        let count = point.value("COUNT").unwrap_or(0.0) as u64;
        totals.traces += count;
        if point.dimension("trace_status").as_deref() == Some("ERROR") {
            totals.errors += count;
        }
    }
    if totals.traces == 0 {
        return Ok(Some(totals));
    }
    let mut usage = TokenUsage::default();
    for name in metrics::TOKENS {
        let point = ask(name, "SUM", &[])?.unwrap_or_default().pop();
        if let Some(sum) = point.and_then(|point| point.value("SUM")) {
            metrics::set_tokens(&mut usage, name, sum as i64);
        }
    }
    totals.add_usage(&usage);
    let newest =
        SearchRequest { experiments: &experiments, filter: "", order: &["timestamp_ms DESC"], size: 1, token: None };
    if let ApiResponse::Body(body) = client.execute(&pages::search_v3(&newest))?
        && let Ok(page) = body.decode(formats::parse_trace_page)
    {
        totals.last_trace_time = page.infos.into_iter().flatten().map(|info| info.request_time).next();
    }
    Ok(Some(totals))
}
