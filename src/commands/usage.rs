//! `mltrace usage`

use crate::analysis::key::{self, GroupKey};
use crate::analysis::usage::{self, Explanation, GroupedUsage};
use crate::cli::context::Context;
use crate::cli::grouping::{self, labels, note_cost, note_hidden_groups};
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::rows::RowLimit;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{TokenUsage, Trace, TraceInfo};
use crate::number::{self, count_or_dash};
use crate::reading::Agents;
use crate::store::{Order, Projection, Query, RecordPart, SpanDetail};
use crate::views::usage::{GroupsView, UsageView};
use crate::views::usage_conflict::{conflict_note, cost_note};
use std::ops::ControlFlow;

/// Show token usage and cost, per call or grouped
///
/// With TRACE, prints one row per LLM call and the total, computed from the spans. If a span and one below it both have
/// tokens, only the upper one counts, as in MLflow. --json prints one document per trace, one per line.
///
/// Without TRACE, prints the usage of all selected traces, grouped by model or by --by. The groups add up to the total.
/// A trace with two models counts in both rows. Groups beyond -n are summed up in one row. By keys of whole traces
/// (day, session, tag:KEY), recorded totals are used for more than 1,000 traces (100 on a server), and spans are read
/// only of traces without one; --deep reads all spans.
///
/// The cost is the recorded one (MLflow 3.10 and later), or is calculated from `mltrace prices`. Calls without a price
/// are counted as unpriced. See `mltrace help tokens`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace usage @last
  mltrace usage --since 7d -x OpenAI
  mltrace traces list --status error -o ids | mltrace usage -
  mltrace usage --by day --by model -o csv
  mltrace usage tr-e1856059 --json | jq .token_usage.total_tokens")]
pub struct UsageArgs {
    /// Trace: id, unique prefix, @last, @error, @slow; - reads ids from stdin
    #[arg(value_name = "TRACE", conflicts_with_all = ["by", "limit", "all", "deep"])]
    traces: Vec<String>,
    /// Group by these keys: model,day (can be repeated) [default: model]
    ///
    /// Keys: model, provider, agent, span, trace, name, state, experiment, session, user, hour, day, week, tag:KEY,
    /// metadata:KEY.
    #[arg(long, value_name = "KEY", value_parser = GroupKey::parse, value_delimiter = ',')]
    by: Vec<GroupKey>,
    /// Explain excluded spans, differing recorded totals and missing prices
    #[arg(long)]
    explain: bool,
    /// Read the spans of all traces
    #[arg(long)]
    deep: bool,
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

/// Maximum number of traces with tokens and no recorded cost whose cost is calculated without `--deep`. A number and
/// not a time, so that the same command has the same result.
const MAX_PRICED: usize = 1_000;

pub(super) fn run(args: &UsageArgs, cx: &mut Context) -> Result<()> {
    if args.traces.is_empty() {
        return show_groups(args, cx);
    }
    naming::for_each_name(cx, &args.traces, &mut |cx, reader, name| show_trace(args, cx, reader, name))
}

fn show_trace(args: &UsageArgs, cx: &mut Context, reader: &mut TraceReader, name: &str) -> Result<()> {
    let trace = naming::read_tree(cx, reader, name, &args.select)?;
    reader.clear_progress();
    let usage = usage::trace_usage(&trace);
    let explanation = args.explain.then(|| {
        let mut explanation = Explanation::new(usize::MAX);
        explanation.add(&trace, &usage);
        explanation
    });
    let agents = trace.spans.as_ref().map(|spans| Agents::new(spans, &usage)).unwrap_or_default();
    let view = UsageView { trace, usage, agents, explanation };
    cx.output.show(&view)?;
    let (usage, info) = (&view.usage, &view.trace.info);
    if usage.source == Some("recorded") {
        let stored = view.trace.span_list().len();
        let of = info.span_count.map_or_else(String::new, |count| format!(" of {count}"));
        cx.note(&format!("spans are missing ({stored}{of} stored); the total is the one that MLflow recorded"));
    } else if let (Some(total), Some(recorded)) = (&usage.token_usage, &info.recorded_usage)
        && total.counts() != recorded.counts()
    {
        cx.note(&format!("MLflow recorded a different total: {}", figures(recorded)));
    } else if usage.token_usage.is_none() {
        match &info.recorded_usage {
            Some(recorded) => cx.note(&format!("no span has tokens; MLflow recorded {}", figures(recorded))),
            None => cx.note(&format!("trace {} has no recorded tokens", info.trace_id)),
        }
    }
    let notes = [conflict_note(&view.trace, usage), cost_note(&view.trace, usage)];
    notes.iter().flatten().for_each(|note| cx.note(note));
    note_derived(cx, usage.rows.iter().filter(|row| row.is_derived).count() as u64);
    let unpriced = usage.unpriced_rows().map(|row| (row.model(view.trace.span_list()), 1));
    note_cost(cx, usage.cost.as_ref(), unpriced);
    reader.span_problems.extend(view.trace.spans.into_iter().flat_map(|spans| spans.problems));
    Ok(())
}

/// Notes how many of the counted calls have tokens that MLflow did not record itself.
fn note_derived(cx: &Context, calls: u64) {
    let calls = match calls {
        0 => return,
        1 => "1 call".to_owned(),
        calls => format!("{} calls", number::count(calls.cast_signed())),
    };
    cx.note(&format!("token counts of {calls} were read from responses or other conventions; MLflow recorded none"));
}

fn figures(usage: &TokenUsage) -> String {
    let (input, output, total) = usage.counts();
    format!("{} in, {} out, {} in total", count_or_dash(input), count_or_dash(output), count_or_dash(total))
}

fn show_groups(args: &UsageArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let limit = args.rows.count();
    let mut keys = if args.by.is_empty() { vec![GroupKey::Model] } else { args.by.clone() };
    key::dedup(&mut keys);
    let mut sums = UsageSums {
        grouped: GroupedUsage::new(keys, cx.zone),
        explanation: args.explain.then(|| Explanation::new(limit)),
        selected: 0,
        unknown_costs: 0,
    };
    let is_deep = sums.grouped.is_per_call() || args.explain || args.deep;
    let spans = is_deep.then(|| grouping::span_detail(&sums.grouped.keys));
    let record = RecordPart::Figures(labels(&sums.grouped.keys));
    let projection = Projection { record, spans, ..Projection::RECORDS };
    // Explanations name the newest traces.
    let projection = if args.explain { projection.in_order() } else { projection };
    let query = reader.query(cx, &args.select, Order::NEWEST, projection)?;
    let has_read_spans = if is_deep {
        reader.for_each(&query, &mut |trace| {
            sums.selected += 1;
            sums.add(&trace);
            Ok(ControlFlow::Continue(()))
        })?;
        true
    } else {
        sums.read_totals(&mut reader, &query)?
    };
    reader.clear_progress();
    let UsageSums { grouped, explanation, selected, unknown_costs } = sums;
    let view = GroupsView { grouped, explanation, limit };
    cx.output.show(&view)?;
    let grouped = view.grouped;
    note_hidden_groups(cx, grouped.count().min(limit), grouped.count().saturating_sub(limit));
    reader.note_excluded(cx, &args.select, &query, true)?;
    if selected == 0 {
        cx.note("no traces match");
    } else if grouped.total.traces == Some(0) {
        cx.note("the selected traces have no token usage or cost");
    }
    note_derived(cx, grouped.derived);
    let unpriced_calls = grouped.unpriced.iter().filter(|_| grouped.is_per_call());
    note_cost(cx, grouped.total.cost().as_ref(), unpriced_calls.map(|(model, count)| (model.as_deref(), *count)));
    if !grouped.is_per_call() && grouped.total.unpriced > unknown_costs {
        let traces = number::count((grouped.total.unpriced - unknown_costs).cast_signed());
        cx.note(&format!("traces with tokens of unknown cost: {traces} (use `--by model` to see why)"));
    }
    if unknown_costs > 0 {
        cx.note(&format!(
            "{} traces have tokens and no recorded cost (use --deep to calculate it)",
            number::count(unknown_costs.cast_signed())
        ));
    }
    if !has_read_spans {
        cx.note("tokens and costs are the recorded totals of traces (use --deep to read spans)");
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
            "traces with missing spans: {}; the rest of their recorded tokens is in the group (not recorded)",
            grouped.incomplete
        ));
    }
    reader.warn(cx);
    Ok(())
}

/// The usage of many traces.
struct UsageSums {
    grouped: GroupedUsage,
    explanation: Option<Explanation>,
    /// Number of selected traces, with or without usage.
    selected: u64,
    /// Number of traces with tokens whose missing cost was not calculated.
    unknown_costs: u64,
}

impl UsageSums {
    /// Adds a trace with its calls.
    fn add(&mut self, trace: &Trace) {
        let usage = usage::trace_usage(trace);
        self.grouped.add(trace, &usage);
        if let Some(explanation) = &mut self.explanation {
            explanation.add(trace, &usage);
        }
    }

    /// Reads traces that are grouped as a whole: the spans of few traces, or the records of many. Returns whether spans
    /// were read.
    fn read_totals(&mut self, reader: &mut TraceReader, query: &Query) -> Result<bool> {
        let budget = reader.span_read_budget();
        let (mut held, mut rest): (Vec<TraceInfo>, IncompleteRecords) = (Vec::new(), IncompleteRecords::default());
        let mut reads_spans = true;
        reader.for_each(query, &mut |trace| {
            self.selected += 1;
            held.push(trace.info);
            reads_spans &= held.len() <= budget;
            if !reads_spans {
                held.drain(..).for_each(|info| self.add_record(info, &mut rest));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        held.append(&mut rest.without_tokens);
        held.append(&mut rest.unpriced);
        reader.load_spans(held, SpanDetail::Calls, &mut |trace| {
            self.add(&trace);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(reads_spans)
    }

    /// Adds a trace by its record, or puts it into `rest` if its record has no tokens or no cost. Missing costs are
    /// calculated only if few are missing.
    fn add_record(&mut self, info: TraceInfo, rest: &mut IncompleteRecords) {
        match &info.recorded_usage {
            None => rest.without_tokens.push(info),
            Some(usage) if info.cost.is_none() && usage.has_tokens() => rest.unpriced.push(info),
            Some(usage) => self.grouped.add_trace_totals(&info, Some(usage), info.cost),
        }
        if rest.unpriced.len() > MAX_PRICED || self.unknown_costs > 0 {
            self.unknown_costs += rest.unpriced.len() as u64;
            let grouped = &mut self.grouped;
            rest.unpriced
                .drain(..)
                .for_each(|info| grouped.add_trace_totals(&info, info.recorded_usage.as_ref(), None));
        }
    }
}

/// Traces whose records lack tokens or cost.
#[derive(Default)]
struct IncompleteRecords {
    without_tokens: Vec<TraceInfo>,
    unpriced: Vec<TraceInfo>,
}

#[cfg(test)]
mod tests;
