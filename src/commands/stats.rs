//! `mltrace stats`

use crate::analysis::groups;
use crate::analysis::key::{self, GroupKey, GroupValues};
use crate::analysis::stats::{Percentiles, SortedStats, Stats, StatsSummary, StatsUnit};
use crate::analysis::usage::{self, UsageGroup};
use crate::cli::context::Context;
use crate::cli::grouping::{self, labels, tell_cost, tell_others};
use crate::cli::reader::TraceReader;
use crate::cli::rows::RowLimit;
use crate::cli::select::TraceSelection;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Timestamp, TraceInfo, Zone};
use crate::query::flags;
use crate::store::{Order, Projection, Query, Summary, SummaryGrouping, TraceStore};
use crate::views::stats::StatsView;
use std::ops::ControlFlow;

/// Show how many traces, how often wrong, how long they took, what they used
///
/// Without --by, one row for all traces. By model, provider or agent, LLM calls are counted; by span, all spans; else traces.
/// Latency is shown in percentiles, interpolated linearly. Tokens and cost are those of `mltrace usage`: of up to 1,000 traces
/// they come from the spans, of more from what MLflow recorded for each trace (--deep reads the spans of all). A server's own
/// figures are used where they fit the question and the traces are many. Groups beyond -n are summed up in one row.
///
/// --as-mlflow counts as MLflow's metrics do: a span within another that carries the same tokens counts again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace stats --since 7d --by name
  mltrace stats --by model --by day -o csv
  mltrace stats --bucket 1h --utc --json | jq '.groups[] | [.key.time, .latency_ms.p95]'")]
pub struct StatsArgs {
    /// Group by name, state, experiment, session, user, trace, hour, day, week, tag:KEY, metadata:KEY, model, provider, agent
    /// or span (can be repeated, or a list)
    #[arg(long, value_name = "KEY", value_parser = GroupKey::parse, value_delimiter = ',')]
    by: Vec<GroupKey>,
    /// Group by intervals that divide a day, counted from midnight: 15m, 1h, 1d
    #[arg(long, value_name = "DURATION")]
    bucket: Option<String>,
    /// Read the spans of every trace, however many there are
    #[arg(long)]
    deep: bool,
    /// Count as MLflow's metrics do: every span with tokens is a call, and traces have only the tokens recorded for them
    #[arg(long)]
    as_mlflow: bool,
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &StatsArgs, cx: &mut Context) -> Result<()> {
    let mut stats = Stats::new(keys(args)?, cx.zone, args.as_mlflow);
    let mut reader = TraceReader::open(cx)?;
    let limit = args.rows.count();
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::Info)?;
    let mut is_whole = true;
    if args.deep || stats.unit != StatsUnit::Traces {
        query.need = grouping::need(&stats.keys);
        reader.each(&query, &mut |trace| {
            stats.add(&trace, &usage::of_trace(&trace));
            Ok(ControlFlow::Continue(()))
        })?;
    } else {
        if let Some(sorted) = by_store(&*reader.store, &query, &stats.keys, cx.zone, limit)? {
            reader.end();
            return print_of_store(cx, reader, sorted);
        }
        query.only_figures = Some(labels(&stats.keys));
        is_whole = read_records(&mut stats, &mut reader, &query)?;
    }
    reader.end();
    let (nested, unpriced) = (stats.nested, stats.unpriced.clone());
    let view = StatsView { sorted: stats.sorted(limit) };
    cx.output.show(&view)?;
    tell_others(cx, view.sorted.groups.len(), view.sorted.count_of_others);
    reader.tell_left_out(cx, &args.select, &query, true)?;
    if nested > 0 {
        let calls = if nested == 1 { "1 call lies".to_owned() } else { format!("{nested} calls lie") };
        cx.note(&format!("{calls} within others with tokens and count again (--as-mlflow)"));
    }
    let cost = view.sorted.total.used.cost();
    tell_cost(cx, cost.as_ref(), unpriced.iter().map(|(model, count)| (model.as_deref(), *count)));
    if !is_whole {
        cx.note("tokens and costs are those that MLflow recorded for each trace; --deep reads the spans instead");
    }
    reader.warn(cx);
    Ok(())
}

/// Shows figures that the store computed.
fn print_of_store(cx: &mut Context, reader: TraceReader, sorted: SortedStats) -> Result<()> {
    let view = StatsView { sorted };
    cx.output.show(&view)?;
    tell_others(cx, view.sorted.groups.len(), view.sorted.count_of_others);
    cx.note("figures are the server's own, without cost and time to the first token; --deep reads all traces");
    reader.warn(cx);
    Ok(())
}

/// Reads the record of every trace, and where these are few their spans. Gives whether they were.
fn read_records(stats: &mut Stats, reader: &mut TraceReader, query: &Query) -> Result<bool> {
    let mut few: Vec<TraceInfo> = Vec::new();
    let (mut is_whole, most) = (true, reader.store.few_traces());
    reader.each(query, &mut |trace| {
        if is_whole {
            few.push(trace.info);
            is_whole = few.len() <= most;
            if !is_whole {
                few.drain(..).for_each(|info| stats.add_record(&info));
            }
        } else {
            stats.add_record(&trace.info);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    reader.complete(few, Projection::Calls, &mut |trace| {
        stats.add(&trace, &usage::of_trace(&trace));
        Ok(ControlFlow::Continue(()))
    })?;
    // Where spans are missing, tokens and cost come from the record.
    reader.span_problems.clear();
    Ok(is_whole)
}

/// The keys of the groups.
fn keys(args: &StatsArgs) -> Result<Vec<GroupKey>> {
    let mut keys = args.by.clone();
    if let Some(text) = &args.bucket {
        let millis = flags::duration_ms(text).map_err(|why| Error::new(ErrorCode::Usage, why))?;
        if millis < 1_000 || 86_400_000 % millis != 0 || millis % 1_000 != 0 {
            return Err(Error::new(ErrorCode::Usage, format!("`{text}` does not divide a day into whole seconds"))
                .hint("15m, 1h, 6h and 1d do; `--by week` groups by weeks"));
        }
        keys.push(GroupKey::Time(millis / 1_000));
    }
    key::distinct(&mut keys);
    Ok(keys)
}

/// The figures as the store itself tells them, where it does, and has the keys.
fn by_store(
    store: &dyn TraceStore,
    query: &Query,
    keys: &[GroupKey],
    zone: Zone,
    limit: usize,
) -> Result<Option<SortedStats>> {
    let mut division = SummaryGrouping::default();
    for key in keys {
        match key {
            GroupKey::Name if !division.by_name => division.by_name = true,
            // Its intervals are those of UTC.
            GroupKey::Time(seconds) if division.seconds.is_none() && zone == Zone::Utc => {
                division.seconds = Some(*seconds);
            }
            GroupKey::Hour if division.seconds.is_none() && zone == Zone::Utc => division.seconds = Some(3_600),
            _ => return Ok(None),
        }
    }
    let Some(summaries) = store.summaries(query, division)? else { return Ok(None) };
    let values = |summary: &Summary| {
        let value = |key: &GroupKey| {
            if *key == GroupKey::Name { summary.name.clone() } else { summary.time.map(Timestamp::rfc3339) }
        };
        keys.iter().map(value).collect::<GroupValues>()
    };
    let total = told(&summaries.total);
    let mut groups: Vec<(GroupValues, StatsSummary)> =
        summaries.parts.iter().map(|one| (values(one), told(one))).collect();
    let size = |told: &StatsSummary| told.count.cast_signed();
    groups.sort_by(|(a, one), (b, other)| groups::order(keys, (a, size(one)), (b, size(other))));
    let (groups, rest) = groups::split(keys, groups, limit, |(values, _)| values);
    let count_of_others = rest.len();
    let others = rest.into_iter().map(|(_, told)| told).reduce(|mut sum, told| {
        sum.merge(&told);
        sum
    });
    Ok(Some(SortedStats { keys: keys.to_vec(), unit: StatsUnit::Traces, groups, others, count_of_others, total }))
}

fn told(summary: &Summary) -> StatsSummary {
    let percentiles = |[p50, p90, p95, p99]: [f64; 4]| Percentiles { p50, p90, p95, p99 };
    let used = UsageGroup { token_usage: summary.token_usage.clone(), ..UsageGroup::default() };
    let (count, errors, latency_ms) = (summary.count, summary.errors, summary.latency_ms.map(percentiles));
    StatsSummary { count, errors, latency_ms, used, ..StatsSummary::default() }
}
