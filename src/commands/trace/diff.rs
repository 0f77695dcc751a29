//! `mltrace trace diff`

use super::sets;
use crate::analysis::diff::{self, Strictness};
use crate::analysis::usage::TraceUsage;
use crate::cli::context::Context;
use crate::cli::grouping::note_cost;
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::select::TraceSelection;
use crate::commands::Outcome;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Trace, TraceState};
use crate::reading::Reading;
use crate::store::SpanDetail;
use crate::views::diff::DiffView;

/// Compare two traces, or two selections
///
/// Aligns the spans of two traces and shows added and removed spans. In the other spans it shows changes of status,
/// exceptions, model, parameters, inputs and outputs; texts are compared word by word. A change is shown once, where it
/// first occurs, and not again in the history of later calls. Durations, tokens and cost are shown side by side.
///
/// Differences in ids, response times, token counts and attributes of the process are only counted; --strict shows
/// them. An id has to correspond to the same id everywhere. Dates, times and numbers in inputs and outputs are content.
///
/// Traces are identical if inputs, outputs and attributes of all spans are equal, except for the attribute
/// mlflow.traceRequestId, which is the id of the trace. Start times, durations, tags, metadata and assessments are not
/// compared.
///
/// With --set given twice, compares two selections: request count, error rate, latency, cost, and the exceptions that
/// only one of them has. FLAGS are filter flags, as in `mltrace traces list`.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "mltrace trace diff [OPTIONS] <A> <B>\n       mltrace trace diff [OPTIONS] --set <FLAGS> --set <FLAGS>"
)]
#[command(after_help = "Examples:
  mltrace trace diff @last~1 @last
  mltrace trace diff tr-e1856059 tr-419f926a --only-changes --exit-code
  mltrace trace diff @last~1 @last --exit-code --strict
  mltrace trace diff @last~1 @last --json | jq '.spans[] | select(.change != \"same\").path'
  mltrace trace diff --set '--until 1d --tag release=1' --set '--since 1d --tag release=2'")]
pub(super) struct TraceDiffArgs {
    /// First trace: id, unique prefix, @last~1, @error …
    #[arg(value_name = "A", required_unless_present = "sets")]
    a: Option<String>,
    /// Second trace
    #[arg(value_name = "B", required_unless_present = "sets")]
    b: Option<String>,
    /// Compare two selections, given by filter flags (give twice, for A and B)
    #[arg(long = "set", value_name = "FLAGS", allow_hyphen_values = true, conflicts_with_all = ["a", "b", "only_changes", "full", "strict"])]
    sets: Vec<String>,
    /// Show only what changed
    #[arg(long)]
    only_changes: bool,
    /// Show all spans and full text
    #[arg(long)]
    full: bool,
    /// Treat every difference in inputs, outputs and attributes as a change
    #[arg(long)]
    strict: bool,
    /// Exit with 1 if anything changed
    ///
    /// Also exits with 1 if spans are missing, and with --strict unless the traces are identical. With --set, exits
    /// with 1 if B has new exceptions or a higher error rate, or if a selection is empty.
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &TraceDiffArgs, cx: &mut Context) -> Result<Outcome> {
    let has_passed = if let (Some(a), Some(b)) = (&args.a, &args.b) {
        run_traces(args, [a, b], cx)?
    } else if args.select != TraceSelection::default() {
        return Err(Error::new(ErrorCode::Usage, "with --set, filter flags have to be inside --set")
            .hint("repeat common filters: `--set '-x prod --until 1d' --set '-x prod --since 1d'`"));
    } else {
        sets::run(&args.sets, cx)?
    };
    Ok(if args.exit_code && !has_passed { Outcome::CheckFailed } else { Outcome::Done })
}

/// Compares two traces. Returns whether `--exit-code` exits with 0.
fn run_traces(args: &TraceDiffArgs, names: [&str; 2], cx: &mut Context) -> Result<bool> {
    let mut reader = TraceReader::open(cx)?;
    let mut trace = |name| naming::find_trace(cx, &mut reader, name, &args.select, Some(SpanDetail::All));
    let (a, b) = (trace(names[0])?, trace(names[1])?);
    reader.clear_progress();
    let strictness = if args.strict { Strictness::Everything } else { Strictness::Content };
    let (reading_a, reading_b) = (Reading::from_trace(&a), Reading::from_trace(&b));
    let diff = diff::compare_traces((&a, &reading_a), (&b, &reading_b), strictness);
    let tool_calls = [&reading_a, &reading_b].map(|reading| reading.new_tool_calls().count());
    let usage = [reading_a.usage, reading_b.usage];
    let view = DiffView { a, b, usage, tool_calls, diff, only_changes: args.only_changes, is_full: args.full };
    cx.output.show(&view)?;
    let is_unchanged = view.is_unchanged();
    let has_passed = if args.strict { view.is_identical() } else { is_unchanged && view.is_comparable() };
    let of = |trace: &'_ Trace, usage: &TraceUsage| {
        usage.unpriced_rows().map(|row| row.model(trace.span_list()).map(str::to_owned)).collect::<Vec<_>>()
    };
    let unpriced = [of(&view.a, &view.usage[0]), of(&view.b, &view.usage[1])].concat();
    note_cost(cx, None, unpriced.iter().map(|model| (model.as_deref(), 1)));
    for (name, trace) in [("A", view.a), ("B", view.b)] {
        note_incomplete(cx, name, &trace, is_unchanged);
        reader.span_problems.extend(trace.spans.into_iter().flat_map(|spans| spans.problems));
    }
    reader.warn(cx);
    Ok(has_passed)
}

/// Notes that a trace is incomplete, so that spans that only the other one has may not be differences.
fn note_incomplete(cx: &Context, name: &str, trace: &Trace, is_unchanged: bool) {
    let stored = trace.span_list().len() as u64;
    let reason = match trace.info.span_count {
        Some(count) if stored < count => format!("{stored} of its {count} spans are stored"),
        _ if trace.info.state == TraceState::InProgress => "it is in progress or was killed".to_owned(),
        _ if trace.is_incomplete() => "not all of its spans are stored".to_owned(),
        _ => return,
    };
    let effect =
        if is_unchanged { "missing spans were not compared" } else { "its missing spans may not be differences" };
    cx.note(&format!("{name} is incomplete: {reason}; {effect}"));
}

#[cfg(test)]
mod tests;
