//! `mltrace traces list`

use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowOptions};
use crate::cli::runs;
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::{Trace, TraceInfo};
use crate::output::{Format, ListWriter as Rows, Page, Row};
use crate::query::Grep;
use crate::store::Projection;
use crate::views::trace::FoundTrace;
use std::ops::ControlFlow;

/// List traces, newest first
///
/// `mltrace traces` alone does the same as `mltrace traces list`.
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
/// One line for each trace: short id, age, state, name, duration, spans, tokens, cost, session and what was asked.
/// What does not fit the width is left out; JSON has everything.
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
        print(list, cx, |trace, grep| found(grep?, trace))
    } else {
        print(list, cx, |trace, _| Some(trace.info))
    }
}

/// A trace with the first place where a text stands in it.
fn found(grep: &Grep, trace: Trace) -> Option<FoundTrace> {
    let (span, found) = trace.span_list().iter().find_map(|span| Some((span, grep.find(span)?)))?;
    let (span_id, span_name) = (span.id.as_str().to_owned(), span.name.clone());
    Some(FoundTrace { span_id, span_name, found, info: trace.info })
}

/// So many rows of a table are looked at together for what is better told as one.
const HELD: usize = 1_000;

fn flush<R: Row>(held: &mut Vec<R>, rows: &mut Rows<'_, R>, is_table: bool) -> Result<()> {
    let held = std::mem::take(held);
    let held = if is_table { R::grouped(held) } else { held };
    held.iter().try_for_each(|row| rows.push(row))
}

fn print<R: Row>(list: &ListArgs, cx: &mut Context, row: impl Fn(Trace, Option<&Grep>) -> Option<R>) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &list.select, list.limits.order()?, Projection::Info)?;
    let limit = list.limits.rows();
    // One more than is printed tells whether there are more.
    query.expected = limit.checked_add(1).map(|rows| rows.min(500));
    query.counts = true;
    let is_table = cx.output.format == Format::Table;
    let mut rows = cx.output.list::<R>();
    let mut held = Vec::new();
    let mut page = Page { returned: 0, matched: None, complete: true };
    // Those that may be parts of a run.
    let mut small: Vec<TraceInfo> = Vec::new();
    let looks_for_runs = is_table && reader.store.is_local();
    let matched = reader.each(&query, &mut |trace| {
        if page.returned == limit {
            page.complete = false;
            return Ok(ControlFlow::Break(()));
        }
        if looks_for_runs && small.len() < HELD && runs::may_be_part(&trace.info) {
            small.push(trace.info.clone());
        }
        if let Some(row) = row(trace, query.filter.grep()) {
            page.returned += 1;
            held.push(row);
            if !is_table || held.len() == HELD {
                flush(&mut held, &mut rows, is_table)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let is_cut = !page.complete;
    page.complete &= !reader.has_losses();
    page.matched = if is_cut { matched } else { page.complete.then_some(page.returned) };
    reader.end();
    flush(&mut held, &mut rows, is_table)?;
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "traces");
    runs::note_runs(cx, &mut reader, small)?;
    reader.tell_left_out(cx, &list.select, &query, !is_cut)?;
    reader.warn(cx);
    Ok(())
}
