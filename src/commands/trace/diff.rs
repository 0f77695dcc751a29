//! `mltrace trace diff`

use super::sets;
use crate::analysis::diff::{self, Strictness};
use crate::analysis::usage::TraceUsage;
use crate::cli::context::Context;
use crate::cli::grouping::tell_cost;
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::commands::Outcome;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Trace, TraceState};
use crate::reading::Reading;
use crate::store::Projection;
use crate::views::diff::DiffView;

/// Compare two traces, or two selections
///
/// Aligns the spans of two traces and shows which were added or removed, and what changed in the others: status, exceptions,
/// model, parameters, inputs and outputs, texts word by word. A change is shown once, where it first occurs, and not again in
/// the history of later calls. Durations, tokens and cost are shown side by side.
///
/// Ids of calls and objects, times of responses, token counts and attributes that describe the process are no changes. They
/// are counted, and --strict shows them. An id must correspond to the same id everywhere. Dates, times and numbers in
/// inputs and answers are content.
///
/// Traces are identical if inputs, outputs and attributes of all spans are equal. One attribute is not compared, because it
/// differs in any two traces: mlflow.traceRequestId, the id of the trace. Start times, durations, tags, metadata and
/// assessments are not compared.
///
/// With --set twice, two selections are compared: request count, error rate, latency, cost, and the exceptions that only one
/// of them has. FLAGS are the flags that select traces, as in `traces list`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mltrace trace diff [OPTIONS] <A> <B>\n       mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>"
)]
#[command(after_help = "Examples:
  mltrace trace diff @last~1 @last
  mltrace trace diff tr-27b4e76f tr-419f926a --only-changes --exit-code
  mltrace trace diff @last~1 @last --exit-code --strict
  mltrace trace diff @last~1 @last --json | jq '.spans[] | select(.change != \"same\").path'
  mltrace trace diff --set '--until 1d --tag release=1' --set '--since 1d --tag release=2'")]
pub(super) struct TraceDiffArgs {
    /// First trace: an id, a unique prefix, @last~1, @error …
    #[arg(value_name = "A", required_unless_present = "sets")]
    a: Option<String>,
    /// Second trace
    #[arg(value_name = "B", required_unless_present = "sets")]
    b: Option<String>,
    /// Compare selections instead: flags that choose traces (given twice, for A and for B)
    #[arg(long = "set", value_name = "FLAGS", allow_hyphen_values = true, conflicts_with_all = ["a", "b", "only_changes", "full", "strict"])]
    sets: Vec<String>,
    /// Show only what changed
    #[arg(long)]
    only_changes: bool,
    /// Show all spans, and all text
    #[arg(long)]
    full: bool,
    /// Show every difference in inputs, outputs and attributes as a change
    #[arg(long)]
    strict: bool,
    /// Exit with code 1 if anything changed, or spans are missing (with --strict: unless identical); with --set, if B has new exceptions or a higher
    /// error rate, or a selection is empty
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &TraceDiffArgs, cx: &mut Context) -> Result<Outcome> {
    let is_good = if let (Some(a), Some(b)) = (&args.a, &args.b) {
        run_traces(args, [a, b], cx)?
    } else if args.select != TraceSelection::default() {
        return Err(Error::new(ErrorCode::Usage, "flags that choose traces stand inside of --set")
            .hint("repeat what holds for both: --set '-x prod --until 1d' --set '-x prod --since 1d'"));
    } else {
        sets::run(&args.sets, cx)?
    };
    Ok(if args.exit_code && !is_good { Outcome::CheckFailed } else { Outcome::Done })
}

/// Compares two traces. Returns whether the exit code is 0.
fn run_traces(args: &TraceDiffArgs, names: [&str; 2], cx: &mut Context) -> Result<bool> {
    let mut reader = TraceReader::open(cx)?;
    let mut trace = |name| naming::trace(cx, &mut reader, name, &args.select, Projection::Full);
    let (a, b) = (trace(names[0])?, trace(names[1])?);
    reader.end();
    let strictness = if args.strict { Strictness::Everything } else { Strictness::Content };
    let (reading_a, reading_b) = (Reading::of(&a), Reading::of(&b));
    let diff = diff::of_traces((&a, &reading_a), (&b, &reading_b), strictness);
    let tool_calls = [&reading_a, &reading_b].map(|reading| reading.new_tool_calls().count());
    let usage = [reading_a.usage, reading_b.usage];
    let view = DiffView { a, b, usage, tool_calls, diff, only_changes: args.only_changes, is_full: args.full };
    cx.output.show(&view)?;
    let is_unchanged = view.is_unchanged();
    let is_good = if args.strict { view.is_identical() } else { is_unchanged && view.is_comparable() };
    let of = |trace: &'_ Trace, usage: &TraceUsage| {
        usage.unpriced().map(|row| row.model(trace.span_list()).map(str::to_owned)).collect::<Vec<_>>()
    };
    let unpriced = [of(&view.a, &view.usage[0]), of(&view.b, &view.usage[1])].concat();
    tell_cost(cx, None, unpriced.iter().map(|model| (model.as_deref(), 1)));
    for (name, trace) in [("A", view.a), ("B", view.b)] {
        tell_incomplete(cx, name, &trace, is_unchanged);
        reader.span_problems.extend(trace.spans.into_iter().flat_map(|spans| spans.problems));
    }
    reader.warn(cx);
    Ok(is_good)
}

/// Says that a trace is not there as a whole, so that what only the other one has may be no difference.
fn tell_incomplete(cx: &Context, name: &str, trace: &Trace, is_unchanged: bool) {
    let have = trace.span_list().len() as u64;
    let why = match trace.info.span_count {
        Some(count) if have < count => format!("{have} of its {count} spans are stored"),
        _ if trace.info.state == TraceState::InProgress => "it still runs, or was killed".to_owned(),
        _ if trace.is_incomplete() => "not all of its spans are stored".to_owned(),
        _ => return,
    };
    let then = if is_unchanged { "what is missing was not compared" } else { "what it lacks is no sure difference" };
    cx.note(&format!("{name} is not complete: {why}; {then}"));
}
