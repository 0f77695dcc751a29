//! `mltrace spans`

use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowOptions};
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::output::{Page, Row};
use crate::query::Grep;
use crate::store::{Projection, SpanDetail, SpanSubset};
use crate::views::span::{FoundSpan, SpanRow};
use std::ops::ControlFlow;

/// List spans of the selected traces
///
/// The newest trace is first; its spans are in the order of its tree. --type and --llm select spans.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace spans --llm
  mltrace spans --type TOOL --status error -n 50
  mltrace spans --grep 'timed? out' --since 1d
  mltrace spans --type LLM --json | jq '.spans[].token_usage'")]
pub struct SpansArgs {
    /// With --json, include attributes and events
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    select: TraceSelection,
    #[command(flatten)]
    limits: RowOptions,
}

pub(super) fn run(args: &SpansArgs, cx: &mut Context) -> Result<()> {
    if args.select.has_grep() {
        print(args, cx, |row, grep| Some(FoundSpan { text_match: grep?.find(&row.span)?, row }))
    } else {
        print(args, cx, |row, _| Some(row))
    }
}

fn print<R: Row>(
    args: &SpansArgs,
    cx: &mut Context,
    row_of: impl Fn(SpanRow, Option<&Grep>) -> Option<R>,
) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let detail = if cx.output.has_content() { SpanDetail::All } else { SpanDetail::Tree };
    let mut query = reader.query(cx, &args.select, args.limits.order()?, Projection::spans(detail))?;
    let limit = args.limits.rows();
    // A trace has several spans, so fewer traces than rows are needed.
    query.plan.expected = (limit < usize::MAX).then_some((limit / 4).clamp(4, 100));
    query.projection.subset = SpanSubset::MatchingTypes;
    let mut rows = cx.output.list::<R>();
    let mut page = Page { returned: 0, matched: None, complete: true };
    reader.for_each(&query, &mut |trace| {
        let Some(spans) = trace.spans else { return Ok(ControlFlow::Continue(())) };
        for (span, node) in spans.list.into_iter().zip(spans.nodes) {
            if !query.filter.clauses.iter().all(|clause| clause.holds_for_span(&span)) {
                continue;
            }
            if page.returned == limit {
                page.complete = false;
                return Ok(ControlFlow::Break(()));
            }
            let row = SpanRow { trace_id: trace.info.trace_id.clone(), span, node, is_full: args.full, agent: None };
            if let Some(row) = row_of(row, query.filter.grep()) {
                page.returned += 1;
                rows.push(row)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let is_cut = !page.complete;
    page.complete &= !reader.has_losses();
    page.matched = page.complete.then_some(page.returned);
    reader.clear_progress();
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "spans");
    reader.note_excluded(cx, &args.select, &query, !is_cut)?;
    reader.warn(cx);
    Ok(())
}

#[cfg(test)]
mod tests;
