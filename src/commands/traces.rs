//! `mltrace traces list`

use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowOptions};
use crate::cli::runs::RunParts;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::Trace;
use crate::output::{Page, Row};
use crate::query::Grep;
use crate::store::Projection;
use crate::views::trace::FoundTrace;
use std::ops::ControlFlow;

/// List traces, newest first
///
/// Same as `mltrace traces list`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct TracesArgs {
    #[command(subcommand)]
    command: Option<TracesCommand>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, clap::Subcommand)]
enum TracesCommand {
    List(ListArgs),
}

/// List traces, newest first
///
/// Prints one line per trace: short id, age, state, name, duration, spans, tokens, cost, session and request. Columns
/// that do not fit the width are left out; JSON has all of them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace traces list
  mltrace traces list --status error --since 2h
  mltrace traces list -x OpenAI --sort -tokens -n 5
  mltrace traces list --filter \"span.type = 'TOOL' AND span.status = 'ERROR'\"
  mltrace traces list --grep 'No weather station'
  mltrace traces list --all --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'")]
struct ListArgs {
    #[command(flatten)]
    select: TraceSelection,
    #[command(flatten)]
    limits: RowOptions,
}

pub(super) fn run(args: &TracesArgs, cx: &mut Context) -> Result<()> {
    let list = match &args.command {
        Some(TracesCommand::List(list)) => list,
        None => &args.list,
    };
    if list.select.has_grep() {
        print(list, cx, |trace, grep| first_match(grep?, trace))
    } else {
        print(list, cx, |trace, _| Some(trace.info))
    }
}

/// Returns a trace with its first match of `--grep`.
fn first_match(grep: &Grep, trace: Trace) -> Option<FoundTrace> {
    let (span, found) = trace.span_list().iter().find_map(|span| Some((span, grep.find(span)?)))?;
    let (span_id, span_name) = (span.id.as_str().to_owned(), span.name.clone());
    Some(FoundTrace { span_id, span_name, text_match: found, info: trace.info })
}

fn print<R: Row>(list: &ListArgs, cx: &mut Context, row: impl Fn(Trace, Option<&Grep>) -> Option<R>) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &list.select, list.limits.order()?, Projection::RECORDS)?;
    let limit = list.limits.rows();
    // One more than is printed, to know whether there are more.
    query.plan.expected = limit.checked_add(1).map(|rows| rows.min(500));
    query.plan.counts_matches = true;
    let mut parts = RunParts::new(cx, &reader);
    let mut rows = cx.output.list::<R>();
    let mut page = Page { returned: 0, matched: None, complete: true };
    let matched = reader.for_each(&query, &mut |trace| {
        if page.returned == limit {
            page.complete = false;
            return Ok(ControlFlow::Break(()));
        }
        parts.add(&trace.info);
        if let Some(row) = row(trace, query.filter.grep()) {
            page.returned += 1;
            rows.push(row)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let is_cut = !page.complete;
    page.complete &= !reader.has_losses();
    page.matched = if is_cut { matched } else { page.complete.then_some(page.returned) };
    reader.clear_progress();
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "traces");
    parts.note(cx, &mut reader)?;
    reader.note_excluded(cx, &list.select, &query, !is_cut)?;
    reader.warn(cx);
    Ok(())
}

#[cfg(test)]
mod tests;
