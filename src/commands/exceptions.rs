//! `mltrace exceptions`

use crate::analysis::exceptions::{ExceptionGroup, ExceptionGroups, Occurrence, occurrences};
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows;
use crate::cli::select::TraceSelection;
use crate::error::{Error, Result};
use crate::model::{Trace, TraceState};
use crate::output::{Format, Page, number};
use crate::query::{Clause, SpanTest, TextTest};
use crate::store::{self, Order, Projection, Query, TraceStore};
use crate::views::exception::{self, ExceptionRow};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Show what failed: each failure once, like ones together
///
/// A failure is an exception event, or a span that says it failed. One that was raised again through parents counts once, at
/// the deepest span; one that was wrapped in another counts once, with its cause. Like ones share type, message (but for
/// ids, numbers and quoted texts) and the innermost function of your own code. The most frequent come first, of equal ones
/// the newest. Kind `handled` left no error but a text in place of a result; `logging` failed in MLflow's own logging.
///
/// Of more than 10,000 traces only spans that say they failed are looked at; --deep looks at all.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace exceptions
  mltrace exceptions --since 1d --stack -n 3
  mltrace exceptions --all -x OpenAI
  mltrace exceptions --json | jq -r '.exceptions[] | [.count, .type, .message] | @tsv'")]
pub struct ExceptionsArgs {
    /// Print every failure, newest trace first, instead of one row for like ones
    #[arg(long)]
    all: bool,
    /// Print stack traces, with frames of libraries folded
    #[arg(long)]
    stack: bool,
    /// Look at every span of every trace, however many there are
    #[arg(long)]
    deep: bool,
    /// Print at most so many rows [default: 20, with --all no limit]
    #[arg(short = 'n', long, value_name = "ROWS")]
    limit: Option<usize>,
    #[command(flatten)]
    select: TraceSelection,
}

/// Of more traces, only spans that say they failed are read. A number and not a time, so that the same question has the
/// same answer.
const MOST_READ_WHOLE: usize = 10_000;

/// So many traces are counted one by one before the store is asked how many there are.
const COUNTED_FIRST: usize = 500;

pub(super) fn run(args: &ExceptionsArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::Exceptions)?;
    // Where conditions look at spans, these are read anyway.
    let is_whole =
        args.deep || query.filter.needs_spans() || query.filter.needs_rows() || !has_many(&*reader.store, &query)?;
    if !is_whole {
        query.only_errors = true;
        query.filter.clauses.push(Clause::Span(SpanTest::Status(TextTest::Is("ERROR".to_owned()))));
    }
    let limit = args.limit.unwrap_or(if args.all { usize::MAX } else { 20 });
    let mut found = FailureSearch { limit, is_whole, ..FailureSearch::default() };
    if args.all && !is_stack(args, cx) {
        // Single failures leave as they come.
        query.expected = (limit < usize::MAX).then_some(limit.clamp(4, 100));
        let mut rows = cx.output.list();
        found.read_each(&mut reader, &query, &mut |row| rows.push(&row))?;
        reader.end();
        rows.finish(Some(found.page(&reader)))?;
    } else if args.all {
        let mut rows = Vec::new();
        found.read_each(&mut reader, &query, &mut |row| {
            rows.push(row);
            Ok(())
        })?;
        reader.end();
        print(args, cx, &rows, found.page(&reader))?;
    } else {
        let mut groups = ExceptionGroups::default();
        found.read(&mut reader, &query, &mut |failures| {
            groups.add(failures);
            Ok(ControlFlow::Continue(()))
        })?;
        reader.end();
        let mut rows: Vec<ExceptionRow> = groups.sorted().into_iter().map(ExceptionRow).collect();
        (found.matched, found.is_cut) = (Some(rows.len()), rows.len() > limit);
        rows.truncate(limit);
        found.returned = rows.len();
        print(args, cx, &rows, found.page(&reader))?;
    }
    rows::note_page(cx, &found.page(&reader), found.is_cut, "failures");
    reader.tell_left_out(cx, &args.select, &query, true)?;
    if !is_whole {
        cx.note(&format!(
            "of more than {} traces only spans that say they failed were looked at; --deep looks at all",
            number::count(MOST_READ_WHOLE.cast_signed() as i64)
        ));
    } else if found.untold > 0 {
        cx.note(&format!("traces in state ERROR of which no span tells why: {}", found.untold));
    }
    reader.warn(cx);
    Ok(())
}

const fn is_stack(args: &ExceptionsArgs, cx: &Context) -> bool {
    args.stack && matches!(cx.output.format, Format::Table)
}

fn print(args: &ExceptionsArgs, cx: &mut Context, rows: &[ExceptionRow], page: Page) -> Result<()> {
    if is_stack(args, cx) {
        return exception::print_stacks(&mut cx.output, rows);
    }
    let mut list = cx.output.list();
    for row in rows {
        list.push(row)?;
    }
    list.finish(Some(page))
}

/// Whether more traces are selected than are read whole.
fn has_many(store: &dyn TraceStore, query: &Query) -> Result<bool> {
    let mut count = 0;
    let mut count_to = |most: usize| {
        count = 0;
        let query = Query {
            need: Projection::Info,
            expected: (most < MOST_READ_WHOLE).then_some(most),
            counts: true,
            ..query.clone()
        };
        let matched = store::select(store, &query, &mut Vec::new(), &mut |_| {
            count += 1;
            Ok(if count == most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok::<_, Error>(if count < most { Some(count) } else { matched })
    };
    Ok(match count_to(COUNTED_FIRST)? {
        Some(count) => count > MOST_READ_WHOLE,
        None => count_to(MOST_READ_WHOLE + 1)?.is_none_or(|count| count > MOST_READ_WHOLE),
    })
}

/// What comes of reading.
#[derive(Default)]
struct FailureSearch {
    limit: usize,
    /// Whether every span was looked at.
    is_whole: bool,
    returned: usize,
    matched: Option<usize>,
    is_cut: bool,
    /// Traces in state ERROR without a failure.
    untold: u64,
}

impl FailureSearch {
    /// Reads the failures of each trace: of many the newest first, else in the order in which they ended, so that a failed tool
    /// call that later requests repeat counts once.
    fn read(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(Vec<Occurrence>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let is_whole = self.is_whole;
        let mut take_failures = |trace: Trace| {
            let failures = occurrences(&trace);
            self.untold += u64::from(failures.is_empty() && trace.info.state == TraceState::Error);
            take(failures)
        };
        if is_whole {
            reader.each_reading(query.clone(), &mut |trace, _| take_failures(trace))
        } else {
            reader.each(query, &mut take_failures).map(|_| ())
        }
    }

    /// Reads failures one by one, those of the newest trace first, as many as are wanted.
    fn read_each(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(ExceptionRow) -> Result<()>,
    ) -> Result<()> {
        if self.is_whole {
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

    /// The same of traces in the order in which they ended: the last failures are kept until all are read.
    fn read_backwards(
        &mut self,
        reader: &mut TraceReader,
        query: &Query,
        take: &mut dyn FnMut(ExceptionRow) -> Result<()>,
    ) -> Result<()> {
        let (limit, mut kept, mut found, mut dropped) = (self.limit, VecDeque::new(), 0, 0);
        self.read(reader, query, &mut |failures| {
            found += failures.len();
            kept.push_back(failures);
            while kept.front().is_some_and(|oldest| found - dropped - oldest.len() >= limit) {
                dropped += kept.pop_front().map_or(0, |oldest| oldest.len());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        for failure in kept.into_iter().rev().flatten().take(limit) {
            take(ExceptionRow(ExceptionGroup::from(failure)))?;
        }
        (self.returned, self.is_cut, self.matched) = (found.min(limit), found > limit, Some(found));
        Ok(())
    }

    fn page(&self, reader: &TraceReader) -> Page {
        let complete = self.is_whole && !self.is_cut && !reader.has_losses();
        Page { returned: self.returned, matched: self.matched, complete }
    }
}
