//! `mltrace sessions`

use crate::analysis::sessions::{Session, Sessions};
use crate::cli::context::Context;
use crate::cli::reader::TraceReader;
use crate::cli::rows::{self, RowLimit};
use crate::cli::runs::{self, RunSearch, in_a_session};
use crate::cli::select::TraceSelection;
use crate::error::Result;
use crate::model::keys;
use crate::output::Page;
use crate::query::Label;
use crate::store::{Order, Projection, RecordPart};
use crate::views::session::SessionRow;
use std::ops::ControlFlow;

/// List sessions, most recent first
///
/// The traces of a session, the turns of a conversation, have the same `mlflow.trace.session`. Figures are those that
/// MLflow recorded, for the selected traces.
///
/// Traces without a session are shown as a derived session, named by its first trace, if each request repeats an
/// earlier request and its response (such as an AutoGen team without an enclosing span). Sessions that only spans name
/// (Traceloop, Vercel) are derived, too. Sessions are derived among up to 1,000 traces without a session, and not on
/// servers.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace sessions
  mltrace sessions --user ada --since 7d
  mltrace sessions --status error --json | jq -r '.sessions[].session_id'")]
pub struct SessionsArgs {
    #[command(flatten)]
    rows: RowLimit,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &SessionsArgs, cx: &mut Context) -> Result<()> {
    let mut reader = TraceReader::open(cx)?;
    let mut query = reader.query(cx, &args.select, Order::NEWEST, Projection::RECORDS)?;
    let runs = runs::find_in_query(&mut reader, &query)?;
    query.filter.clauses.push(in_a_session());
    query.projection.record =
        RecordPart::OrderedFigures(vec![Label::metadata(keys::SESSION), Label::metadata(keys::USER)]);
    let mut sessions = Sessions::default();
    reader.for_each(&query, &mut |trace| {
        sessions.add(&trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    reader.clear_progress();
    if let RunSearch::Found(found) = runs {
        found.runs.iter().filter_map(|run| Session::derived(run)).for_each(|run| sessions.add_derived(run));
        found.in_sessions.iter().for_each(|trace| sessions.add(trace));
    }
    let sessions = sessions.sorted();
    let limit = args.rows.count();
    let is_cut = sessions.len() > limit;
    let complete = !is_cut && !reader.has_losses();
    let page = Page { returned: sessions.len().min(limit), matched: Some(sessions.len()), complete };
    let mut rows = cx.output.list();
    for session in sessions.into_iter().take(limit) {
        rows.push(SessionRow(session))?;
    }
    rows.finish(Some(page))?;
    rows::note_page(cx, &page, is_cut, "sessions");
    reader.warn(cx);
    Ok(())
}
