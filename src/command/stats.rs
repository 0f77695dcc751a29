//! `mltrace stats`

use super::select::Select;
use super::usage::{labels, tell_cost, tell_others};
use crate::analyze::key::{self, Key, Values};
use crate::analyze::stats::{Percentiles, Sorted, Stats, Told, Unit};
use crate::analyze::usage::{self, Group};
use crate::context::{Context, Progress};
use crate::error::{Error, Kind, Result};
use crate::filter::flags;
use crate::model::{Problem, Timestamp, TraceInfo, Zone};
use crate::render::number;
use crate::render::stats::StatsView;
use crate::store::{self, Division, Need, Order, Query, Summary, TraceStore};
use std::ops::ControlFlow;

/// Show how many traces, how often wrong, how long they took, what they used
///
/// Without --by one row for all. By model, provider or agent the calls of models are counted, by span all spans, else traces.
/// Latency is told in percentiles, linear between the two next values, as MLflow's metrics tell it; tokens and cost of traces
/// are those that MLflow recorded. Of up to 1,000 traces in files the spans are read too, for the time to the first token.
/// --deep reads the spans of all, and counts what was not recorded. A server is asked for its own figures where they fit the
/// question and the traces are many.
///
/// Where calls are counted, one within another that tells the same tokens counts too, and each counts at the time at which it
/// began, as in MLflow's metrics; `mltrace usage` counts nothing twice.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace stats --since 7d --by name
  mltrace stats --by model --by day -o csv
  mltrace stats --bucket 1h --utc --json | jq '.groups[] | [.key.time, .latency_ms.p95]'")]
pub struct Args {
    /// Group by name, state, experiment, session, user, trace, hour, day, week, tag:KEY, metadata:KEY, model, provider, agent
    /// or span (can be repeated, or a list)
    #[arg(long, value_name = "KEY", value_parser = Key::parse, value_delimiter = ',')]
    by: Vec<Key>,
    /// Group by intervals that divide a day, counted from midnight: 15m, 1h, 1d
    #[arg(long, value_name = "DURATION")]
    bucket: Option<String>,
    /// Read the spans of every trace, however many there are
    #[arg(long)]
    deep: bool,
    /// Print at most so many rows; the rest comes as one
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    select: Select,
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<()> {
    let keys = keys(args)?;
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut reading =
        Reading { stats: Stats::new(keys, cx.zone, args.deep), problems: Vec::new(), span_problems: Vec::new(), is_whole: true };
    let mut query = args.select.query(cx, &*store, Order::NEWEST, Need::Info, &mut reading.problems)?;
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut told = None;
    if args.deep || reading.stats.unit != Unit::Traces {
        query.need = Need::Calls;
        reading.whole(cx, &*store, &query, &progress)?;
    } else {
        told = by_store(&*store, &query, &reading.stats.keys, cx.zone, limit)?;
        query.only_figures = Some(labels(&reading.stats.keys));
        if told.is_none() {
            reading.records(cx, &*store, &query, &progress)?;
        }
    }
    progress.clear();
    if let Some(sorted) = told {
        let view = StatsView { sorted };
        cx.output.show(&view)?;
        tell_others(cx, view.sorted.groups.len(), view.sorted.count_of_others);
        cx.note("figures are the server's own: it tells no cost of traces and no times to the first token; --deep reads them all");
        cx.warn(&reading.problems);
        return Ok(());
    }
    let Reading { stats, mut problems, span_problems, is_whole } = reading;
    let (nested, unpriced, not_recorded) = (stats.nested, stats.unpriced.clone(), stats.not_recorded);
    let view = StatsView { sorted: stats.sorted(limit) };
    cx.output.show(&view)?;
    tell_others(cx, view.sorted.groups.len(), view.sorted.count_of_others);
    super::tell_left_out(cx, &*store, &args.select, &query)?;
    super::tell_without_tokens(cx, &*store, &query)?;
    if not_recorded > 0 && !args.deep {
        let traces = number::count(not_recorded.cast_signed());
        cx.note(&format!("traces with tokens or costs that MLflow did not record: {traces}; --deep counts them too"));
    }
    if nested > 0 {
        let calls = if nested == 1 { "1 call lies".to_owned() } else { format!("{nested} calls lie") };
        cx.note(&format!("{calls} within others with tokens and count too; `mltrace usage` counts nothing twice"));
    }
    let cost = view.sorted.total.used.cost();
    tell_cost(cx, cost.as_ref(), unpriced.iter().map(|(model, count)| (model.as_deref(), *count)));
    if !is_whole {
        cx.note("spans were not read: --deep tells times to the first token, and counts what was not recorded");
    }
    problems.extend(span_problems);
    cx.warn(&problems);
    Ok(())
}

/// The keys of the groups.
fn keys(args: &Args) -> Result<Vec<Key>> {
    let mut keys = args.by.clone();
    if let Some(text) = &args.bucket {
        let millis = flags::duration_ms(text).map_err(|why| Error::new(Kind::Usage, why))?;
        if millis < 1_000 || 86_400_000 % millis != 0 || millis % 1_000 != 0 {
            return Err(Error::new(Kind::Usage, format!("`{text}` does not divide a day into whole seconds"))
                .hint("15m, 1h, 6h and 1d do; `--by week` groups by weeks"));
        }
        keys.push(Key::Time(millis / 1_000));
    }
    key::distinct(&mut keys);
    Ok(keys)
}

/// The figures as the store itself tells them, where it does, and has the keys.
fn by_store(store: &dyn TraceStore, query: &Query, keys: &[Key], zone: Zone, limit: usize) -> Result<Option<Sorted>> {
    let mut division = Division::default();
    for key in keys {
        match key {
            Key::Name if !division.by_name => division.by_name = true,
            // Its intervals are those of UTC.
            Key::Time(seconds) if division.seconds.is_none() && zone == Zone::Utc => division.seconds = Some(*seconds),
            Key::Hour if division.seconds.is_none() && zone == Zone::Utc => division.seconds = Some(3_600),
            _ => return Ok(None),
        }
    }
    let Some(groups) = store.summaries(query, division)? else { return Ok(None) };
    let total = if keys.is_empty() { None } else { store.summaries(query, Division::default())? };
    let values = |summary: &Summary| {
        let value = |key: &Key| if *key == Key::Name { summary.name.clone() } else { summary.time.map(Timestamp::rfc3339) };
        keys.iter().map(value).collect::<Values>()
    };
    let mut groups: Vec<(Values, Told)> = groups.iter().map(|one| (values(one), told(one))).collect();
    let size = |told: &Told| told.count.cast_signed();
    groups.sort_by(|(a, one), (b, other)| key::order(keys, (a, size(one)), (b, size(other))));
    let total = match total.as_deref() {
        Some([all]) => told(all),
        _ => groups.first().map(|(_, told)| told.clone()).unwrap_or_default(),
    };
    let (groups, rest) = key::split(keys, groups, limit, |(values, _)| values);
    let count_of_others = rest.len();
    let others = rest.into_iter().map(|(_, told)| told).reduce(|mut sum, told| {
        sum.merge(&told);
        sum
    });
    Ok(Some(Sorted { keys: keys.to_vec(), unit: Unit::Traces, groups, others, count_of_others, total }))
}

fn told(summary: &Summary) -> Told {
    let percentiles = |[p50, p90, p95, p99]: [f64; 4]| Percentiles { p50, p90, p95, p99 };
    let used = Group { token_usage: summary.token_usage.clone(), ..Group::default() };
    let (count, errors, latency_ms) = (summary.count, summary.errors, summary.latency_ms.map(percentiles));
    Told { count, errors, latency_ms, used, ..Told::default() }
}

/// What comes of reading.
struct Reading {
    stats: Stats,
    problems: Vec<Problem>,
    span_problems: Vec<Problem>,
    /// Whether the spans of all were read.
    is_whole: bool,
}

impl Reading {
    /// Reads the spans of every trace.
    fn whole(&mut self, cx: &Context, store: &dyn TraceStore, query: &Query, progress: &Progress) -> Result<()> {
        let Self { stats, problems, span_problems, .. } = self;
        super::each(store, &cx.prices()?, query, problems, &mut |trace| {
            progress.tick();
            span_problems.extend(super::losses(&trace));
            stats.add(&trace, &usage::of_trace(&trace));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    /// Reads the record of every trace, and where these are few their spans.
    fn records(&mut self, cx: &Context, store: &dyn TraceStore, query: &Query, progress: &Progress) -> Result<()> {
        let Self { stats, problems, is_whole, .. } = self;
        let mut few: Vec<TraceInfo> = Vec::new();
        store::select(store, query, problems, &mut |trace| {
            progress.tick();
            if *is_whole {
                few.push(trace.info);
                *is_whole = few.len() <= store.few_traces();
                if !*is_whole {
                    few.drain(..).for_each(|info| stats.add_record(&info));
                }
            } else {
                stats.add_record(&trace.info);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let prices = cx.prices()?;
        store::complete(store, few, Need::Calls, problems, &mut |mut trace| {
            prices.fill(&mut trace);
            // What is missing of the spans changes none of the figures but those that only streams have.
            stats.add(&trace, &usage::of_trace(&trace));
            Ok(ControlFlow::Continue(()))
        })
    }
}
