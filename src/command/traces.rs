//! `mltrace traces list`

use super::select::{Limits, Select};
use crate::context::Context;
use crate::error::Result;
use crate::filter::Grep;
use crate::model::{Problem, Trace};
use crate::render::trace::FoundTrace;
use crate::render::{Format, List as Rows, Page, Row};
use crate::store::{self, Need};
use std::ops::ControlFlow;

/// List traces, newest first
///
/// `mltrace traces` alone does the same as `mltrace traces list`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    List(List),
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
struct List {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    limits: Limits,
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<()> {
    let list = match &args.command {
        Some(Action::List(list)) => list,
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

fn print<R: Row>(list: &List, cx: &mut Context, row: impl Fn(Trace, Option<&Grep>) -> Option<R>) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let mut query = list.select.query(cx, &*store, list.limits.order()?, Need::Info, &mut problems)?;
    let limit = list.limits.rows();
    // One more than is printed tells whether there are more.
    query.expected = limit.checked_add(1).map(|rows| rows.min(500));
    query.counts = true;
    let is_table = cx.output.format == Format::Table;
    let mut rows = cx.output.list::<R>();
    let mut held = Vec::new();
    let mut page = Page { returned: 0, matched: None, complete: true };
    let matched = store::select(&*store, &query, &mut problems, &mut |trace| {
        if page.returned == limit {
            page.complete = false;
            return Ok(ControlFlow::Break(()));
        }
        if let Some(row) = row(trace, query.filter.grep()) {
            page.returned += 1;
            progress.tick();
            held.push(row);
            if !is_table || held.len() == HELD {
                flush(&mut held, &mut rows, is_table)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let is_cut = !page.complete;
    page.complete &= !problems.iter().any(Problem::is_loss);
    page.matched = if is_cut { matched } else { page.complete.then_some(page.returned) };
    progress.clear();
    flush(&mut held, &mut rows, is_table)?;
    rows.finish(Some(page))?;
    super::tell_page(cx, &page, is_cut, "traces");
    super::tell_left_out(cx, &*store, &list.select, &query)?;
    if !is_cut {
        super::tell_without_tokens(cx, &*store, &query)?;
    }
    cx.warn(&problems);
    Ok(())
}
