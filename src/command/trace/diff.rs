//! `mltrace trace diff`

use super::sets;
use crate::analyze::diff;
use crate::analyze::usage::{self, TraceUsage};
use crate::command::grouping::tell_cost;
use crate::command::reader::Reader;
use crate::command::select::Select;
use crate::command::{Outcome, naming};
use crate::context::Context;
use crate::error::{Error, Kind, Result};
use crate::model::{Trace, TraceState};
use crate::render::diff::DiffView;
use crate::store::Need;

/// Compare two traces, or two selections of traces
///
/// Of two traces their spans are aligned: same name and type in the same order, then in any, then likeness. Told are spans
/// that only one of them has, and what changed of the others: status, exception, model, parameters, inputs and outputs, texts
/// word by word. Each change is told once, where it comes up first, and not again in the history of later calls. Times, ids,
/// tokens and durations are no difference; they stand beside each other.
///
/// With --set twice, two selections are compared: how many, how often wrong, how long, how much, and which exceptions only
/// one of them has. FLAGS are flags that choose traces, as every command has them.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mltrace trace diff [OPTIONS] <A> <B>\n       mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>"
)]
#[command(after_help = "Examples:
  mltrace trace diff @last~1 @last
  mltrace trace diff tr-27b4e76f tr-419f926a --only-changes --exit-code
  mltrace trace diff @last~1 @last --json | jq '.spans[] | select(.change != \"same\").path'
  mltrace trace diff --set '--until 1d --tag release=1' --set '--since 1d --tag release=2'")]
pub(super) struct Args {
    /// First trace: an id, a unique prefix, @last~1, @error …
    #[arg(value_name = "A", required_unless_present = "sets")]
    a: Option<String>,
    /// Second trace
    #[arg(value_name = "B", required_unless_present = "sets")]
    b: Option<String>,
    /// Compare selections instead: flags that choose traces (given twice, for A and for B)
    #[arg(long = "set", value_name = "FLAGS", allow_hyphen_values = true, conflicts_with_all = ["a", "b", "only_changes", "full"])]
    sets: Vec<String>,
    /// Leave out what is alike
    #[arg(long)]
    only_changes: bool,
    /// Fold nothing, cut no text
    #[arg(long)]
    full: bool,
    /// End with exit code 1 where the traces differ; with --set, where B has exceptions that A has not or a higher error rate,
    /// or a selection is empty
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    select: Select,
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<Outcome> {
    let is_good = if let (Some(a), Some(b)) = (&args.a, &args.b) {
        run_traces(args, [a, b], cx)?
    } else if args.select != Select::default() {
        return Err(Error::new(Kind::Usage, "flags that choose traces stand inside of --set")
            .hint("repeat what holds for both: --set '-x prod --until 1d' --set '-x prod --since 1d'"));
    } else {
        sets::run(&args.sets, cx)?
    };
    Ok(if args.exit_code && !is_good { Outcome::Refused } else { Outcome::Done })
}

/// Compares two traces. Gives whether they are alike.
fn run_traces(args: &Args, names: [&str; 2], cx: &mut Context) -> Result<bool> {
    let mut reader = Reader::open(cx)?;
    let mut trace = |name| naming::trace(cx, &mut reader, name, &args.select, Need::Full);
    let (a, b) = (trace(names[0])?, trace(names[1])?);
    reader.end();
    let diff = diff::of_traces(&a, &b);
    let usage = [usage::of_trace(&a), usage::of_trace(&b)];
    let view = DiffView { a, b, usage, diff, only_changes: args.only_changes, is_full: args.full };
    cx.output.show(&view)?;
    let is_alike = view.is_alike();
    let of = |trace: &'_ Trace, usage: &TraceUsage| {
        usage.unpriced().map(|row| row.model(trace.span_list()).map(str::to_owned)).collect::<Vec<_>>()
    };
    let unpriced = [of(&view.a, &view.usage[0]), of(&view.b, &view.usage[1])].concat();
    tell_cost(cx, None, unpriced.iter().map(|model| (model.as_deref(), 1)));
    for (name, trace) in [("A", view.a), ("B", view.b)] {
        tell_incomplete(cx, name, &trace, is_alike);
        reader.span_problems.extend(trace.spans.into_iter().flat_map(|spans| spans.problems));
    }
    reader.warn(cx);
    Ok(is_alike)
}

/// Says that a trace is not there as a whole, so that what only the other one has may be no difference.
fn tell_incomplete(cx: &Context, name: &str, trace: &Trace, is_alike: bool) {
    let have = trace.span_list().len() as u64;
    let why = match trace.info.span_count {
        Some(count) if have < count => format!("{have} of its {count} spans are stored"),
        _ if trace.info.state == TraceState::InProgress => "it still runs, or was killed".to_owned(),
        _ if trace.is_incomplete() => "not all of its spans are stored".to_owned(),
        _ => return,
    };
    let then = if is_alike { "what is missing was not compared" } else { "what it lacks is no sure difference" };
    cx.note(&format!("{name} is not complete: {why}; {then}"));
}
