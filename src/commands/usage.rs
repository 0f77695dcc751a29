//! `mltrace usage`

use crate::analysis::key::{self, GroupKey};
use crate::analysis::usage::{self, Explanation, GroupedUsage};
use crate::cli::context::Context;
use crate::cli::grouping::{self, labels, tell_cost, tell_others};
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::rows::RowLimit;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{TokenUsage, Trace, TraceInfo};
use crate::output::number::{self, known};
use crate::reading::Agents;
use crate::store::{Order, Projection, Query};
use crate::views::usage::{GroupsView, UsageView};
use crate::views::usage_conflict::{conflict_note, cost_note};
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
/// unknown and counted as such. Groups beyond those that -n prints come as one.
///
/// Several traces are shown one after another; --json prints one document per trace and line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace usage @last
  mltrace usage --since 7d -x OpenAI
  mltrace traces list --status error -o ids | mltrace usage -
  mltrace usage --by day --by model -o csv
  mltrace usage tr-27b4e76f --json | jq .token_usage.total_tokens")]
pub struct UsageArgs {
    /// Traces: id, unique prefix, @last, @error, @slow; - reads ids from stdin
    #[arg(value_name = "TRACE", conflicts_with_all = ["by", "limit", "all", "deep"])]
    traces: Vec<String>,
    /// Group by model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY or
    /// metadata:KEY (can be repeated, or a list) [default: model]
    #[arg(long, value_name = "KEY", value_parser = GroupKey::parse, value_delimiter = ',')]
    by: Vec<GroupKey>,
    /// Show which spans are left out and why, where recorded totals differ, and what has no price
    #[arg(long)]
    explain: bool,
    /// Read the spans of every trace, however many there are
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

/// Of so many traces that have tokens and no recorded cost, the cost is calculated without being asked for. A number and not
/// a time, so that the same question has the same answer.
const MOST_PRICED: usize = 1_000;

pub(super) fn run(args: &UsageArgs, cx: &mut Context) -> Result<()> {
    if args.traces.is_empty() {
        return of_many(args, cx);
    }
    naming::each(cx, &args.traces, &mut |cx, reader, name| of_one(args, cx, reader, name))
}

fn of_one(args: &UsageArgs, cx: &mut Context, reader: &mut TraceReader, name: &str) -> Result<()> {
    let trace = naming::read(cx, reader, name, &args.select)?;
    reader.end();
    let usage = usage::of_trace(&trace);
    let explanation = args.explain.then(|| {
        let mut explanation = Explanation::new(usize::MAX);
        explanation.add(&trace, &usage);
        explanation
    });
    let agents = trace.spans.as_ref().map(|spans| Agents::of(spans, &usage)).unwrap_or_default();
    let view = UsageView { trace, usage, agents, explanation };
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
        match &info.recorded_usage {
            Some(recorded) => cx.note(&format!("no span has tokens; MLflow recorded {}", figures(recorded))),
            None => cx.note(&format!("no tokens were recorded for trace {}", info.trace_id)),
        }
    }
    let notes = [conflict_note(&view.trace, usage), cost_note(&view.trace, usage)];
    notes.iter().flatten().for_each(|note| cx.note(note));
    tell_derived(cx, usage.rows.iter().filter(|row| row.is_derived).count() as u64);
    let unpriced = usage.unpriced().map(|row| (row.model(view.trace.span_list()), 1));
    tell_cost(cx, usage.cost.as_ref(), unpriced);
    reader.span_problems.extend(view.trace.spans.into_iter().flat_map(|spans| spans.problems));
    Ok(())
}

/// Notes how many counted calls have tokens that MLflow did not record itself.
fn tell_derived(cx: &Context, calls: u64) {
    let whose = match calls {
        0 => return,
        1 => "1 call".to_owned(),
        calls => format!("{} calls", number::count(calls.cast_signed())),
    };
    cx.note(&format!("token counts of {whose} come from responses or other conventions; MLflow recorded none"));
}

fn figures(usage: &TokenUsage) -> String {
    let (input, output, total) = usage.figures();
    format!("{} in, {} out, {} in total", known(input), known(output), known(total))
}

fn of_many(args: &UsageArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let limit = args.rows.count();
    let mut keys = if args.by.is_empty() { vec![GroupKey::Model] } else { args.by.clone() };
    key::distinct(&mut keys);
    let mut sums = UsageSums {
        grouped: GroupedUsage::new(keys, cx.zone),
        explanation: args.explain.then(|| Explanation::new(limit)),
        unknown_costs: 0,
    };
    let is_deep = sums.grouped.is_of_calls() || args.explain || args.deep;
    let need = if is_deep { grouping::need(&sums.grouped.keys) } else { Projection::Info };
    let mut query = reader.query(cx, &args.select, Order::NEWEST, need)?;
    let is_of_spans = if is_deep {
        reader.each(&query, &mut |trace| {
            sums.add(&trace);
            Ok(ControlFlow::Continue(()))
        })?;
        true
    } else {
        query.only_figures = Some(labels(&sums.grouped.keys));
        sums.read_whole(&mut reader, &query)?
    };
    reader.end();
    let UsageSums { grouped, explanation, unknown_costs } = sums;
    let view = GroupsView { grouped, explanation, limit };
    cx.output.show(&view)?;
    let grouped = view.grouped;
    tell_others(cx, grouped.count().min(limit), grouped.count().saturating_sub(limit));
    reader.tell_left_out(cx, &args.select, &query, true)?;
    tell_derived(cx, grouped.derived);
    let of_calls = grouped.unpriced.iter().filter(|_| grouped.is_of_calls());
    tell_cost(cx, grouped.total.cost().as_ref(), of_calls.map(|(model, count)| (model.as_deref(), *count)));
    if !grouped.is_of_calls() && grouped.total.unpriced > unknown_costs {
        let traces = number::count((grouped.total.unpriced - unknown_costs).cast_signed());
        cx.note(&format!(
            "traces with tokens of unknown cost: {traces}; `--by model` shows the models without a price"
        ));
    }
    if unknown_costs > 0 {
        cx.note(&format!(
            "{} traces have tokens and no recorded cost; --deep calculates it from their spans",
            number::count(unknown_costs.cast_signed())
        ));
    }
    if !is_of_spans {
        cx.note("tokens and costs are those that MLflow recorded for each trace; --deep reads the spans instead");
    }
    match grouped.without_tokens {
        0 => {}
        1 => cx.note("1 call has no recorded tokens and is not counted"),
        calls => {
            cx.note(&format!(
                "{} calls have no recorded tokens and are not counted",
                number::count(calls.cast_signed())
            ));
        }
    }
    if grouped.incomplete > 0 {
        cx.note(&format!(
            "traces with missing spans: {}; what MLflow recorded beyond them is under (not recorded)",
            grouped.incomplete
        ));
    }
    reader.warn(cx);
    Ok(())
}

/// What comes of reading many traces.
struct UsageSums {
    grouped: GroupedUsage,
    explanation: Option<Explanation>,
    /// Traces with tokens of which the cost was not looked for.
    unknown_costs: u64,
}

impl UsageSums {
    /// Adds a trace with its calls.
    fn add(&mut self, trace: &Trace) {
        let usage = usage::of_trace(trace);
        self.grouped.add(trace, &usage);
        if let Some(explanation) = &mut self.explanation {
            explanation.add(trace, &usage);
        }
    }

    /// Reads traces that are grouped as a whole: of few the spans, as by any other key, of more the records. Gives whether
    /// spans were read.
    fn read_whole(&mut self, reader: &mut TraceReader, query: &Query) -> Result<bool> {
        let few = reader.store.few_traces();
        let (mut held, mut rest): (Vec<TraceInfo>, IncompleteRecords) = (Vec::new(), IncompleteRecords::default());
        let mut is_few = true;
        reader.each(query, &mut |trace| {
            held.push(trace.info);
            is_few &= held.len() <= few;
            if !is_few {
                held.drain(..).for_each(|info| self.add_record(info, &mut rest));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        held.append(&mut rest.without_tokens);
        held.append(&mut rest.unpriced);
        reader.complete(held, Projection::Calls, &mut |trace| {
            self.add(&trace);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(is_few)
    }

    /// Adds a trace by its record, or keeps it where its record has no tokens or no cost. Costs are looked for only
    /// where few are missing.
    fn add_record(&mut self, info: TraceInfo, rest: &mut IncompleteRecords) {
        match &info.recorded_usage {
            None => rest.without_tokens.push(info),
            Some(usage) if info.cost.is_none() && usage.has_tokens() => rest.unpriced.push(info),
            Some(usage) => self.grouped.add_record(&info, Some(usage), info.cost),
        }
        if rest.unpriced.len() > MOST_PRICED || self.unknown_costs > 0 {
            self.unknown_costs += rest.unpriced.len() as u64;
            let grouped = &mut self.grouped;
            rest.unpriced.drain(..).for_each(|info| grouped.add_record(&info, info.recorded_usage.as_ref(), None));
        }
    }
}

/// Traces whose records lack tokens or cost.
#[derive(Default)]
struct IncompleteRecords {
    without_tokens: Vec<TraceInfo>,
    unpriced: Vec<TraceInfo>,
}
