//! `mltrace exceptions`

use crate::analysis::exceptions::{ExceptionGroup, ExceptionGroups, Occurrence, occurrences};
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows;
use crate::cli::select::TraceSelection;
use crate::error::{Error, Result};
use crate::model::{Trace, TraceState};
use crate::number;
use crate::output::{Page, Row};
use crate::query::{SpanTest, TextTest};
use crate::store::{self, Order, Projection, Query, ReadPlan, SpanDetail, SpanSubset, TraceStore};
use crate::views::exception::{ExceptionRow, StackTraceRow};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// List exceptions, grouped
///
/// A failure is an exception event, or a span with status ERROR. An exception that is raised again by parents counts
/// once, for the deepest span. One that is wrapped in another counts once, with its cause. Failures are grouped by
/// type, message (without ids, numbers and quoted text) and the innermost function of your own code. The most frequent
/// group is first; of equally frequent ones, the newest. Kind `handled` is a failure that was returned as text instead
/// of an error; kind `logging` is a failure of MLflow's own logging.
///
/// For more than 10,000 traces, or 1,000 of a server, only spans with status ERROR are read; --deep reads all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace exceptions
  mltrace exceptions --since 1d --stack -n 3
  mltrace exceptions --all -x OpenAI
  mltrace exceptions --json | jq -r '.exceptions[] | [.count, .type, .message] | @tsv'")]
pub struct ExceptionsArgs {
    /// Print every failure instead of groups, newest trace first
    #[arg(long)]
    all: bool,
    /// Print stack traces, with library frames folded
    #[arg(long)]
    stack: bool,
    /// Read the spans of all traces
    #[arg(long)]
    deep: bool,
    /// Maximum number of rows [default: 20; no limit with --all]
    #[arg(short = 'n', long, value_name = "ROWS")]
    limit: Option<usize>,
    #[command(flatten)]
    select: TraceSelection,
}

/// Maximum number of traces whose spans are all read. Of more traces, only spans with status ERROR are read. A number
/// and not a time, so that the same command has the same result.
const MAX_FULLY_READ: usize = 10_000;

/// The same for a server, which takes a millisecond for each trace and finds failed spans itself.
const MAX_FULLY_READ_FROM_SERVER: usize = 1_000;

/// Number of traces that are counted one by one before the store is asked for a count.
const COUNTED_FIRST: usize = 500;

pub(super) fn run(args: &ExceptionsArgs, cx: &mut Context) -> Result<()> {
    if args.stack { print(args, cx, StackTraceRow) } else { print(args, cx, |row| row) }
}

/// Prints failures, each as the row that `wrap` returns.
fn print<R: Row>(args: &ExceptionsArgs, cx: &mut Context, wrap: fn(ExceptionRow) -> R) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::spans(SpanDetail::Exceptions))?;
    let max_fully_read = if reader.store.is_local() { MAX_FULLY_READ } else { MAX_FULLY_READ_FROM_SERVER };
    // If conditions need spans, all spans are read anyway.
    let reads_all_spans = args.deep
        || query.filter.needs_spans()
        || query.filter.needs_rows()
        || !has_more(&*reader.store, &query, max_fully_read)?;
    if !reads_all_spans {
        query.projection.subset = SpanSubset::Failed;
        query.filter.clauses.push(SpanTest::Status(TextTest::Is("ERROR".to_owned())).into());
    }
    let limit = args.limit.unwrap_or(if args.all { usize::MAX } else { 20 });
    let mut found = FailureSearch { limit, reads_all_spans, ..FailureSearch::default() };
    if args.all {
        // Printed as they are read.
        query.plan.expected = (limit < usize::MAX).then_some(limit.clamp(4, 100));
        let mut rows = cx.output.list();
        found.read_each(&mut reader, &query, &mut |row| rows.push(wrap(row)))?;
        reader.clear_progress();
        rows.finish(Some(found.page(&reader)))?;
    } else {
        let mut groups = ExceptionGroups::default();
        found.read(&mut reader, &query, &mut |failures| {
            groups.add(failures);
            Ok(ControlFlow::Continue(()))
        })?;
        reader.clear_progress();
        let mut rows: Vec<ExceptionRow> = groups.sorted().into_iter().map(ExceptionRow).collect();
        (found.matched, found.is_cut) = (Some(rows.len()), rows.len() > limit);
        rows.truncate(limit);
        found.returned = rows.len();
        let mut list = cx.output.list();
        rows.into_iter().try_for_each(|row| list.push(wrap(row)))?;
        list.finish(Some(found.page(&reader)))?;
    }
    rows::note_page(cx, &found.page(&reader), found.is_cut, "failures");
    reader.note_excluded(cx, &args.select, &query, true)?;
    if !reads_all_spans {
        cx.note(&format!(
            "more than {} traces: only spans with status ERROR were read (use --deep)",
            number::count(max_fully_read.cast_signed() as i64)
        ));
    } else if found.unexplained > 0 {
        cx.note(&unexplained_note(found.unexplained));
    }
    reader.warn(cx);
    Ok(())
}

/// Whether more than `max` traces are selected.
fn has_more(store: &dyn TraceStore, query: &Query, max: usize) -> Result<bool> {
    let mut count = 0;
    let mut count_to = |limit: usize| {
        count = 0;
        let query = Query {
            projection: Projection::RECORDS,
            plan: ReadPlan { expected: (limit < max).then_some(limit), counts_matches: true },
            ..query.clone()
        };
        let matched = store::select(store, &query, &mut Vec::new(), &mut |_| {
            count += 1;
            Ok::<_, Error>(if count == limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok::<_, Error>(if count < limit { Some(count) } else { matched })
    };
    // A server does not count, and would list the first traces twice.
    let first = if store.is_local() { count_to(COUNTED_FIRST)? } else { None };
    Ok(match first {
        Some(count) => count > max,
        None => count_to(max + 1)?.is_none_or(|count| count > max),
    })
}

/// Reads failures and counts them.
#[derive(Default)]
struct FailureSearch {
    limit: usize,
    /// Whether every span is read.
    reads_all_spans: bool,
    returned: usize,
    matched: Option<usize>,
    is_cut: bool,
    /// Number of traces in state ERROR without a failure.
    unexplained: u64,
}

impl FailureSearch {
    /// Calls `take` with the failures of each trace. If every span is read, traces come in the order in which they
    /// ended, so that a failed tool call that later requests repeat counts once; otherwise the newest comes first.
    fn read(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(Vec<Occurrence>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let reads_all_spans = self.reads_all_spans;
        let mut take_failures = |trace: Trace| {
            let failures = occurrences(&trace);
            self.unexplained += u64::from(failures.is_empty() && trace.info.state == TraceState::Error);
            take(failures)
        };
        if reads_all_spans {
            reader.for_each_reading(query.clone(), &mut |trace, _| take_failures(trace))
        } else {
            reader.for_each(query, &mut take_failures).map(|_| ())
        }
    }

    /// Calls `take` with failures one by one, newest trace first, up to the limit.
    fn read_each(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(ExceptionRow) -> Result<()>,
    ) -> Result<()> {
        if self.reads_all_spans {
            return self.read_backwards(reader, query, take);
        }
        let (limit, mut returned, mut is_cut) = (self.limit, 0, false);
        self.read(reader, query, &mut |failures| {
            for failure in failures {
                if returned == limit {
                    is_cut = true;
                    return Ok(ControlFlow::Break(()));
                }
                returned += 1;
                take(ExceptionRow(ExceptionGroup::from(failure)))?;
            }
            Ok(ControlFlow::Continue(()))
        })?;
        (self.returned, self.is_cut, self.matched) = (returned, is_cut, (!is_cut).then_some(returned));
        Ok(())
    }

    /// The same for traces that come in the order in which they ended: buffers the last failures until all are read.
    fn read_backwards(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(ExceptionRow) -> Result<()>,
    ) -> Result<()> {
        let (limit, mut recent, mut found, mut dropped) = (self.limit, VecDeque::new(), 0, 0);
        self.read(reader, query, &mut |failures| {
            found += failures.len();
            recent.push_back(failures);
            while recent.front().is_some_and(|oldest| found - dropped - oldest.len() >= limit) {
                dropped += recent.pop_front().map_or(0, |oldest| oldest.len());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for failure in recent.into_iter().rev().flatten().take(limit) {
            take(ExceptionRow(ExceptionGroup::from(failure)))?;
        }
        (self.returned, self.is_cut, self.matched) = (found.min(limit), found > limit, Some(found));
        Ok(())
    }

    fn page(&self, reader: &TraceReader) -> Page {
        let complete = self.reads_all_spans && !self.is_cut && !reader.has_losses();
        Page { returned: self.returned, matched: self.matched, complete }
    }
}

/// Describes traces in state ERROR without a failed span.
fn unexplained_note(count: u64) -> String {
    match count {
        1 => "1 trace is in state ERROR but has no failed span".to_owned(),
        count => format!("{} traces are in state ERROR but have no failed span", number::count(count.cast_signed())),
    }
}

#[cfg(test)]
mod tests;
