//! `mltrace usage`

use super::naming;
use super::select::Select;
use crate::analyze::key::{self, Key};
use crate::analyze::usage::{self, Call, Explanation, Grouped};
use crate::context::{Context, Progress};
use crate::error::Result;
use crate::filter::Label;
use crate::model::{Cost, Problem, TokenUsage, TraceInfo};
use crate::render::Format;
use crate::render::number::{self, known};
use crate::render::usage::{GroupsView, UsageView};
use crate::store::{self, Need, Order, Query, TraceStore};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Show tokens and cost of each LLM call and the total of a trace, or of many traces in groups
///
/// With TRACE: one row for each call and the total, computed from the spans. Where a span and one below it both carry
/// tokens, the upper one counts, as in MLflow. Without TRACE: all selected traces, grouped by model or what --by says. The
/// groups add up to the total. Where a span that counts names no model, those below it tell the models, in their proportion;
/// a trace with two models counts in the row of each. By what traces have (day, session, tag:KEY), the totals are those that
/// MLflow recorded, and only traces without one are read.
///
/// The cost is the one that MLflow recorded (3.10 on), else it is calculated from `mltrace prices`. What has no price is
/// unknown and counted as such.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace usage @last
  mltrace usage --since 7d -x OpenAI
  mltrace usage --by day --by model -o csv
  mltrace usage tr-27b4e76f --json | jq .token_usage.total_tokens")]
pub struct Args {
    /// Trace: id, unique prefix, @last, @error, @slow
    #[arg(value_name = "TRACE", conflicts_with_all = ["by", "limit", "all", "deep"])]
    trace: Option<String>,
    /// Group by model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY or
    /// metadata:KEY (can be repeated, or a list) [default: model]
    #[arg(long, value_name = "KEY", value_parser = Key::parse, value_delimiter = ',')]
    by: Vec<Key>,
    /// Say which spans are left out and why, where recorded totals differ, and what has no price
    #[arg(long)]
    explain: bool,
    /// Read the spans of every trace whose cost is not recorded, however many there are
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

/// Of so many traces that have tokens and no recorded cost, the cost is calculated without being asked for. A number and not
/// a time, so that the same question has the same answer.
const MOST_PRICED: usize = 1_000;

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<()> {
    match &args.trace {
        Some(name) => of_one(args, name, cx),
        None => of_many(args, cx),
    }
}

fn of_one(args: &Args, name: &str, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let trace = naming::trace(cx, &*store, name, &args.select, Need::Tree, &mut problems)?;
    progress.clear();
    let usage = usage::of_trace(&trace);
    let explanation = args.explain.then(|| {
        let mut explanation = Explanation::new(usize::MAX);
        explanation.add(&trace, &usage);
        explanation
    });
    let view = UsageView { trace, usage, explanation };
    cx.output.show(&view)?;
    let (usage, info) = (&view.usage, &view.trace.info);
    if usage.source == Some("recorded") {
        let have = view.trace.span_list().len();
        let of = info.span_count.map_or_else(String::new, |count| format!(" of {count}"));
        cx.note(&format!("spans are missing ({have}{of} stored): the total is the one that MLflow recorded"));
    } else if let (Some(total), Some(recorded)) = (&usage.token_usage, &info.recorded_usage)
        && total.figures() != recorded.figures()
    {
        cx.note(&format!("MLflow recorded another total: {}", figures(recorded)));
    } else if usage.token_usage.is_none() {
        cx.note("no tokens were recorded for this trace");
    }
    let is_derived = |call: &&Call| {
        call.is_counted && view.trace.span_list()[call.span].usage_source() == Some("derived")
    };
    tell_derived(cx, usage.calls.iter().filter(is_derived).count() as u64);
    let unpriced = usage.unpriced.iter().map(|at| (view.trace.span_list()[*at].model.as_deref(), 1));
    tell_cost(cx, usage.cost.as_ref(), unpriced);
    problems.extend(view.trace.spans.iter().flat_map(|spans| spans.problems.iter().cloned()));
    cx.warn(&problems);
    Ok(())
}

/// Says how many counted calls have tokens that MLflow did not record itself.
fn tell_derived(cx: &Context, calls: u64) {
    let whose = match calls {
        0 => return,
        1 => "1 call stand in its response or under foreign names".to_owned(),
        calls => format!("{} calls stand in their responses or under foreign names", number::count(calls.cast_signed())),
    };
    cx.note(&format!("the tokens of {whose}: MLflow recorded none"));
}

/// Says how many groups are left out, where no row stands for them.
pub(super) fn tell_others(cx: &Context, shown: usize, others: usize) {
    if others > 0 && matches!(cx.output.format, Format::Jsonl | Format::Csv | Format::Ids) {
        cx.note(&format!("{shown} of {} groups shown; -n or --all shows more", shown + others));
    }
}

/// Says of which models no price is known, and whether the costs of some calls are calculated.
pub(super) fn tell_cost<'a>(cx: &Context, cost: Option<&Cost>, unpriced: impl Iterator<Item = (Option<&'a str>, u64)>) {
    let mut by_model: HashMap<&str, u64> = HashMap::new();
    let mut without_model = 0;
    for (model, count) in unpriced {
        match model {
            Some(model) => *by_model.entry(model).or_default() += count,
            None => without_model += count,
        }
    }
    let mut models: Vec<(&str, u64)> = by_model.into_iter().collect();
    models.sort_by_key(|(model, count)| (std::cmp::Reverse(*count), *model));
    let named: Vec<String> = models.iter().take(MOST_MODELS).map(|(model, _)| format!("`{model}`")).collect();
    let more = if models.len() > MOST_MODELS { format!(" and {} more", models.len() - MOST_MODELS) } else { String::new() };
    let calls = |count: u64| if count == 1 { "1 call".to_owned() } else { format!("{} calls", number::count(count.cast_signed())) };
    if !models.is_empty() {
        let all = models.iter().map(|(_, count)| count).sum();
        cx.note(&format!("no price is known of {}{more}: the cost of {} is unknown and in no sum", named.join(", "), calls(all)));
    }
    if without_model > 0 {
        let calls = calls(without_model);
        cx.note(&format!("no model is recorded for {calls} with tokens: their cost is unknown and in no sum"));
    }
    if cost.is_some_and(|cost| cost.source == "calculated") && cx.output.format == Format::Table {
        cx.note("costs with ~ are calculated, all or in part; `mltrace prices MODEL` shows from what");
    }
}

/// So many models without a price are named.
const MOST_MODELS: usize = 3;

fn figures(usage: &TokenUsage) -> String {
    let (input, output, total) = usage.figures();
    format!("{} in, {} out, {} in total", known(input), known(output), known(total))
}

fn of_many(args: &Args, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let limit = if args.all { usize::MAX } else { args.limit };
    let mut keys = if args.by.is_empty() { vec![Key::Model] } else { args.by.clone() };
    key::distinct(&mut keys);
    let mut reading = Reading {
        grouped: Grouped::new(keys, cx.zone),
        explanation: args.explain.then(|| Explanation::new(limit)),
        problems: Vec::new(),
        span_problems: Vec::new(),
        unknown_costs: 0,
    };
    let is_whole = reading.grouped.is_of_calls() || args.explain;
    let need = if is_whole { Need::Calls } else { Need::Info };
    let mut query = args.select.query(cx, &*store, Order::NEWEST, need, &mut reading.problems)?;
    if is_whole {
        reading.whole(cx, &*store, &query, &progress)?;
    } else {
        query.only_figures = Some(labels(&reading.grouped.keys));
        reading.records(cx, &*store, &query, &progress, args.deep)?;
    }
    progress.clear();
    let Reading { grouped, explanation, mut problems, span_problems, unknown_costs } = reading;
    let view = GroupsView { grouped, explanation, limit };
    cx.output.show(&view)?;
    let grouped = view.grouped;
    tell_others(cx, grouped.count().min(limit), grouped.count().saturating_sub(limit));
    super::tell_left_out(cx, &*store, &args.select, &query)?;
    super::tell_without_tokens(cx, &*store, &query)?;
    tell_derived(cx, grouped.derived);
    let of_calls = grouped.unpriced.iter().filter(|_| grouped.is_of_calls());
    tell_cost(cx, grouped.total.cost().as_ref(), of_calls.map(|(model, count)| (model.as_deref(), *count)));
    if !grouped.is_of_calls() && grouped.total.unpriced > unknown_costs {
        let traces = number::count((grouped.total.unpriced - unknown_costs).cast_signed());
        cx.note(&format!("traces with tokens of which no cost is known: {traces}; `--by model` tells what has no price"));
    }
    if unknown_costs > 0 {
        cx.note(&format!(
            "{} traces have tokens and no recorded cost; --deep calculates it from their spans",
            number::count(unknown_costs.cast_signed())
        ));
    }
    if grouped.incomplete > 0 {
        cx.note(&format!(
            "traces with missing spans: {}; what MLflow recorded beyond them is under (not recorded)",
            grouped.incomplete
        ));
    }
    problems.extend(span_problems);
    cx.warn(&problems);
    Ok(())
}

/// The tags and entries of the metadata that keys look at.
pub(super) fn labels(keys: &[Key]) -> Vec<Label> {
    let label = |(is_tag, key): (bool, &str)| {
        if is_tag { Label::Tag(key.to_owned()) } else { Label::Metadata(key.to_owned()) }
    };
    keys.iter().filter_map(Key::label).map(label).collect()
}

/// What comes of reading many traces.
struct Reading {
    grouped: Grouped,
    explanation: Option<Explanation>,
    problems: Vec<Problem>,
    span_problems: Vec<Problem>,
    /// Traces with tokens of which the cost was not looked for.
    unknown_costs: u64,
}

impl Reading {
    /// Reads the calls of every trace.
    fn whole(&mut self, cx: &Context, store: &dyn TraceStore, query: &Query, progress: &Progress) -> Result<()> {
        let Self { grouped, explanation, problems, span_problems, .. } = self;
        super::each(store, &cx.prices()?, query, problems, &mut |trace| {
            progress.tick();
            let usage = usage::of_trace(&trace);
            span_problems.extend(super::losses(&trace));
            grouped.add(&trace, &usage);
            if let Some(explanation) = explanation {
                explanation.add(&trace, &usage);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(())
    }

    /// Reads the records of every trace, and the calls of those whose records do not tell what they used.
    fn records(
        &mut self,
        cx: &Context,
        store: &dyn TraceStore,
        query: &Query,
        progress: &Progress,
        is_deep: bool,
    ) -> Result<()> {
        let (mut without_tokens, mut unpriced): (Vec<TraceInfo>, Vec<TraceInfo>) = (Vec::new(), Vec::new());
        let Self { grouped, explanation: _, problems, span_problems, unknown_costs } = self;
        store::select(store, query, problems, &mut |trace| {
            progress.tick();
            let info = trace.info;
            match &info.recorded_usage {
                None => without_tokens.push(info),
                Some(usage) if info.cost.is_none() && usage.has_tokens() => unpriced.push(info),
                Some(usage) => grouped.add_record(&info, Some(usage), info.cost),
            }
            if !is_deep && (unpriced.len() > MOST_PRICED || *unknown_costs > 0) {
                *unknown_costs += unpriced.len() as u64;
                unpriced.drain(..).for_each(|info| grouped.add_record(&info, info.recorded_usage.as_ref(), None));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        without_tokens.append(&mut unpriced);
        let prices = cx.prices()?;
        store::complete(store, without_tokens, Need::Calls, problems, &mut |mut trace| {
            progress.tick();
            prices.fill(&mut trace);
            span_problems.extend(super::losses(&trace));
            grouped.add(&trace, &usage::of_trace(&trace));
            Ok(ControlFlow::Continue(()))
        })
    }
}
