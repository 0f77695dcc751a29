//! `mltrace tools`

use crate::analysis::tools::Tools;
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowLimit};
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::output::Page;
use crate::store::{Order, Projection, RecordPart, SpanDetail};
use crate::views::tool::ToolRow;
use std::ops::ControlFlow;

/// Show calls, failures and durations of each tool
///
/// A tool call counts once, whether a span of type TOOL, messages or both record it. Repetitions in the history of
/// later requests do not count. `errors` counts calls whose span has status ERROR. `handled` counts calls whose failure
/// was returned to the model as text. `error rate` is the share of both. Only calls with a span have durations. Percentiles
/// are interpolated linearly.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace tools
  mltrace tools --since 1d -x AutoGen
  mltrace tools --json | jq -r '.tools[] | select(.errors > 0).name'")]
pub struct ToolsArgs {
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &ToolsArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let projection = Projection { record: RecordPart::Figures(Vec::new()), ..Projection::spans(SpanDetail::Tree) };
    let query = reader.query(cx, &args.select, Order::NEWEST, projection)?;
    let mut tools = Tools::default();
    reader.for_each_reading(query.clone(), &mut |trace, reading| {
        tools.add(&trace, &reading);
        Ok(ControlFlow::Continue(()))
    })?;
    reader.clear_progress();
    let tools = tools.sorted();
    let limit = args.rows.count();
    let is_cut = tools.len() > limit;
    let complete = !is_cut && !reader.has_losses();
    let page = Page { returned: tools.len().min(limit), matched: Some(tools.len()), complete };
    let mut rows = cx.output.list();
    for tool in tools.into_iter().take(limit) {
        rows.push(ToolRow(tool))?;
    }
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "tools");
    reader.note_excluded(cx, &args.select, &query, true)?;
    reader.warn(cx);
    Ok(())
}

#[cfg(test)]
mod tests;
