//! `mltrace usage`

use super::naming;
use super::select::Select;
use crate::analyze::usage::{self, ByModel, Call};
use crate::context::Context;
use crate::error::Result;
use crate::model::TokenUsage;
use crate::render::number::known;
use crate::render::usage::{GroupsView, UsageView};
use crate::store::{self, Need, Order};
use std::ops::ControlFlow;

/// Show tokens of each LLM call and the total of a trace, or of many traces by model
///
/// With TRACE: one row for each call and the total, computed from the spans. Where a span and one below it both carry
/// tokens, the upper one counts, as in MLflow. Without TRACE: all selected traces, by model.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace usage @last
  mltrace usage tr-27b4e76f --json | jq .token_usage.total_tokens
  mltrace usage --since 7d -x OpenAI")]
pub struct Args {
    /// Trace: id, unique prefix, @last, @error, @slow
    #[arg(value_name = "TRACE")]
    trace: Option<String>,
    #[command(flatten)]
    select: Select,
}

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
    let view = UsageView { usage: usage::of_trace(&trace), trace };
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
    problems.extend(view.trace.spans.iter().flat_map(|spans| spans.problems.iter().cloned()));
    cx.warn(&problems);
    Ok(())
}

/// Says how many counted calls have tokens that MLflow did not record itself.
fn tell_derived(cx: &Context, calls: u64) {
    let whose = match calls {
        0 => return,
        1 => "1 call stand in its response or under foreign names".to_owned(),
        calls => format!("{calls} calls stand in their responses or under foreign names"),
    };
    cx.note(&format!("the tokens of {whose}: MLflow recorded none"));
}

fn figures(usage: &TokenUsage) -> String {
    let (input, output, total) = usage.figures();
    format!("{} in, {} out, {} in total", known(input), known(output), known(total))
}

fn of_many(args: &Args, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let query = args.select.query(cx, &*store, Order::NEWEST, Need::Tree, &mut problems)?;
    let (mut by_model, mut span_problems) = (ByModel::default(), Vec::new());
    store::select(&*store, &query, &mut problems, &mut |trace| {
        progress.tick();
        span_problems.extend(trace.spans.iter().flat_map(|spans| spans.problems.iter().filter(|one| one.is_loss()).cloned()));
        by_model.add(&trace);
        Ok(ControlFlow::Continue(()))
    })?;
    progress.clear();
    let (incomplete, derived) = (by_model.incomplete, by_model.derived);
    cx.output.show(&GroupsView(by_model))?;
    super::tell_left_out(cx, &*store, &args.select, &query)?;
    super::tell_without_tokens(cx, &*store, &query)?;
    tell_derived(cx, derived);
    if incomplete > 0 {
        cx.note(&format!(
            "traces with missing spans: {incomplete}; what MLflow recorded beyond them is under (model not recorded)"
        ));
    }
    problems.extend(span_problems);
    cx.warn(&problems);
    Ok(())
}
