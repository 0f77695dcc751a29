//! `mltrace stats`

use crate::analysis::groups;
use crate::analysis::key::{self, GroupKey, GroupValues};
use crate::analysis::stats::{Percentiles, SortedStats, Stats, StatsSummary, StatsUnit};
use crate::analysis::usage::{self, UsageGroup};
use crate::cli::context::Context;
use crate::cli::grouping::{self, labels, note_cost, note_hidden_groups};
use crate::cli::reader::TraceReader;
use crate::cli::rows::RowLimit;
use crate::cli::select::TraceSelection;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Timestamp, TraceInfo, Zone};
use crate::query::flags;
use crate::store::{
    Order, Projection, Query, RecordPart, SpanDetail, Summary, SummaryGrouping, TraceStore, aggregates,
};
use crate::views::stats::StatsView;
use std::ops::ControlFlow;

/// Show request count, error rate, latency and cost
///
/// Without --by, prints one row for all traces. By model, provider or agent, LLM calls are counted; by span, all spans;
/// otherwise traces. Latency percentiles are interpolated linearly. Groups beyond -n are summed up in one row.
///
/// Tokens and cost are those of `mltrace usage`. For up to 1,000 traces they are computed from spans, for more they are
/// the recorded totals; --deep always reads spans. For many traces, a server's own figures are used if it can compute
/// them.
///
/// --as-mlflow counts as MLflow's metrics do: a span within another one that has the same tokens counts again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace stats --since 7d --by name
  mltrace stats --by model --by day -o csv
  mltrace stats --bucket 1h --utc --json | jq '.groups[] | [.key.time, .latency_ms.p95]'")]
pub struct StatsArgs {
    /// Group by these keys: name,day (can be repeated)
    ///
    /// Keys: name, state, experiment, session, user, trace, hour, day, week, tag:KEY, metadata:KEY, model, provider,
    /// agent, span.
    #[arg(long, value_name = "KEY", value_parser = GroupKey::parse, value_delimiter = ',')]
    by: Vec<GroupKey>,
    /// Group by intervals of a day, from midnight: 15m, 1h, 1d
    #[arg(long, value_name = "DURATION")]
    bucket: Option<String>,
    /// Read the spans of all traces
    #[arg(long)]
    deep: bool,
    /// Count as MLflow's metrics do
    ///
    /// Every span with tokens is a call, and traces have only their recorded tokens.
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
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::RECORDS)?;
    let mut has_read_spans = true;
    if args.deep || stats.unit != StatsUnit::Traces {
        let record = RecordPart::Figures(labels(&stats.keys));
        query.projection = Projection { record, ..Projection::spans(grouping::span_detail(&stats.keys)) };
        reader.for_each(&query, &mut |trace| {
            stats.add(&trace, &usage::trace_usage(&trace));
            Ok(ControlFlow::Continue(()))
        })?;
    } else {
        if let Some(sorted) = stats_from_store(&*reader.store, &query, &stats.keys, cx.zone, limit)? {
            reader.clear_progress();
            return print_store_stats(cx, reader, sorted);
        }
        query.projection.record = RecordPart::Figures(labels(&stats.keys));
        has_read_spans = read_records(&mut stats, &mut reader, &query)?;
    }
    reader.clear_progress();
    let (nested, unpriced) = (stats.nested, stats.unpriced.clone());
    let view = StatsView { sorted: stats.sorted(limit) };
    cx.output.show(&view)?;
    note_hidden_groups(cx, view.sorted.groups.len(), view.sorted.other_count);
    reader.note_excluded(cx, &args.select, &query, true)?;
    if nested > 0 {
        let calls = if nested == 1 { "1 call is counted".to_owned() } else { format!("{nested} calls are counted") };
        cx.note(&format!("{calls} in addition to an enclosing call with tokens (--as-mlflow)"));
    }
    if view.sorted.total.count == 0 {
        cx.note("no traces match");
    }
    let cost = view.sorted.total.usage.cost();
    note_cost(cx, cost.as_ref(), unpriced.iter().map(|(model, count)| (model.as_deref(), *count)));
    if !has_read_spans {
        cx.note("tokens and costs are the recorded totals of traces (use --deep to read spans)");
    }
    reader.warn(cx);
    Ok(())
}

/// Prints figures that the store computed.
fn print_store_stats(cx: &mut Context, reader: TraceReader, sorted: SortedStats) -> Result<()> {
    let view = StatsView { sorted };
    cx.output.show(&view)?;
    note_hidden_groups(cx, view.sorted.groups.len(), view.sorted.other_count);
    cx.note("computed by the server, without cost and time to first token (use --deep to read all traces)");
    reader.warn(cx);
    Ok(())
}

/// Reads the records of all traces, and their spans if there are few traces. Returns whether spans were read.
fn read_records(stats: &mut Stats, reader: &mut TraceReader, query: &Query) -> Result<bool> {
    let mut buffered: Vec<TraceInfo> = Vec::new();
    let (mut reads_spans, budget) = (true, reader.span_read_budget());
    reader.for_each(query, &mut |trace| {
        if reads_spans {
            buffered.push(trace.info);
            reads_spans = buffered.len() <= budget;
            if !reads_spans {
                buffered.drain(..).for_each(|info| stats.add_record(&info));
            }
        } else {
            stats.add_record(&trace.info);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    reader.load_spans(buffered, SpanDetail::Calls, &mut |trace| {
        stats.add(&trace, &usage::trace_usage(&trace));
        Ok(ControlFlow::Continue(()))
    })?;
    // Missing spans are not a problem here: tokens and cost are then taken from the record.
    reader.span_problems.clear();
    Ok(reads_spans)
}

/// Returns the keys of the groups.
fn keys(args: &StatsArgs) -> Result<Vec<GroupKey>> {
    let mut keys = args.by.clone();
    if let Some(text) = &args.bucket {
        let millis = flags::duration_ms(text).map_err(|why| Error::new(ErrorCode::Usage, why))?;
        if millis < 1_000 || 86_400_000 % millis != 0 || millis % 1_000 != 0 {
            return Err(Error::new(
                ErrorCode::Usage,
                format!("invalid bucket `{text}`: must be whole seconds and divide a day evenly"),
            )
            .hint("use 15m, 1h, 6h or 1d, or `--by week` for weeks"));
        }
        keys.push(GroupKey::Time(millis / 1_000));
    }
    key::dedup(&mut keys);
    Ok(keys)
}

/// Returns the figures computed by the store, or `None` if it cannot compute them or does not have the keys.
fn stats_from_store(
    store: &dyn TraceStore,
    query: &Query,
    keys: &[GroupKey],
    zone: Zone,
    limit: usize,
) -> Result<Option<SortedStats>> {
    let mut grouping = SummaryGrouping::default();
    for key in keys {
        match key {
            GroupKey::Name if !grouping.by_name => grouping.by_name = true,
            // Servers align intervals to UTC.
            GroupKey::Time(seconds) if grouping.interval_seconds.is_none() && zone == Zone::Utc => {
                grouping.interval_seconds = Some(*seconds);
            }
            GroupKey::Hour if grouping.interval_seconds.is_none() && zone == Zone::Utc => {
                grouping.interval_seconds = Some(3_600);
            }
            _ => return Ok(None),
        }
    }
    let Some(summaries) = aggregates::summaries(store, query, grouping)? else { return Ok(None) };
    let values = |summary: &Summary| {
        let value = |key: &GroupKey| {
            if *key == GroupKey::Name { summary.name.clone() } else { summary.time.map(Timestamp::rfc3339) }
        };
        keys.iter().map(value).collect::<GroupValues>()
    };
    let total = stats_summary(&summaries.total);
    let mut groups: Vec<(GroupValues, StatsSummary)> =
        summaries.groups.iter().map(|group| (values(group), stats_summary(group))).collect();
    let size = |summary: &StatsSummary| summary.count.cast_signed();
    groups.sort_by(|(a, one), (b, other)| groups::compare(keys, (a, size(one)), (b, size(other))));
    let (groups, rest) = groups::split(keys, groups, limit, |(values, _)| values);
    let count_of_others = rest.len();
    let others = rest.into_iter().map(|(_, summary)| summary).reduce(|mut sum, summary| {
        sum.merge(&summary);
        sum
    });
    Ok(Some(SortedStats {
        keys: keys.to_vec(),
        unit: StatsUnit::Traces,
        groups,
        others,
        other_count: count_of_others,
        total,
    }))
}

fn stats_summary(summary: &Summary) -> StatsSummary {
    let percentiles = |[p50, p90, p95, p99]: [f64; 4]| Percentiles { p50, p90, p95, p99 };
    let used = UsageGroup { token_usage: summary.token_usage.clone(), ..UsageGroup::default() };
    let (count, errors, latency_ms) = (summary.count, summary.errors, summary.latency_ms.map(percentiles));
    StatsSummary { count, errors, latency_ms, usage: used, ..StatsSummary::default() }
}

#[cfg(test)]
mod tests;
