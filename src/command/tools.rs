//! `mltrace tools`

use super::select::Select;
use crate::analyze::tools::Tools;
use crate::context::Context;
use crate::error::Result;
use crate::model::Problem;
use crate::render::Page;
use crate::render::tool::ToolRow;
use crate::store::{self, Need, Order};
use std::ops::ControlFlow;

/// Show each tool: calls, failures, and how long they took
///
/// A call is a span of type TOOL. `errors` ended in state ERROR; `handled` are failures that left no error but a text, which
/// was handed back to the model; `failed` is the share of both. Percentiles are linear between the two next values.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace tools
  mltrace tools --since 1d -x AutoGen
  mltrace tools --json | jq -r '.tools[] | select(.errors > 0).name'")]
pub struct Args {
    /// Print at most so many rows
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    select: Select,
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let query = args.select.query(cx, &*store, Order::NEWEST, Need::Tree, &mut problems)?;
    let (mut tools, mut span_problems) = (Tools::default(), Vec::new());
    store::select(&*store, &query, &mut problems, &mut |trace| {
        progress.tick();
        span_problems.extend(super::losses(&trace));
        tools.add(&trace);
        Ok(ControlFlow::Continue(()))
    })?;
    progress.clear();
    problems.extend(span_problems);
    let tools = tools.sorted();
    let limit = if args.all { usize::MAX } else { args.limit };
    let is_cut = tools.len() > limit;
    let complete = !is_cut && !problems.iter().any(Problem::is_loss);
    let page = Page { returned: tools.len().min(limit), matched: Some(tools.len()), complete };
    let mut rows = cx.output.list();
    for tool in tools.into_iter().take(limit) {
        rows.push(&ToolRow(tool))?;
    }
    rows.finish(Some(page))?;
    super::tell_page(cx, &page, is_cut, "tools");
    super::tell_left_out(cx, &*store, &args.select, &query)?;
    super::tell_without_tokens(cx, &*store, &query)?;
    cx.warn(&problems);
    Ok(())
}
