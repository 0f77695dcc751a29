//! `mltrace sessions`

use super::select::Select;
use crate::analyze::sessions::Sessions;
use crate::context::Context;
use crate::error::Result;
use crate::filter::{Clause, Label, LabelTest};
use crate::model::{Problem, keys};
use crate::render::Page;
use crate::render::session::SessionRow;
use crate::store::{self, Need, Order};
use std::ops::ControlFlow;

/// List sessions, the one with the newest trace first
///
/// A session is what traces have in common that carry the same `mlflow.trace.session`: the turns of a conversation. Figures
/// are those of the selected traces, as MLflow recorded them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace sessions
  mltrace sessions --user ada --since 7d
  mltrace sessions --status error --json | jq -r '.sessions[].session_id'")]
pub struct Args {
    /// Print at most so many rows
    #[arg(short = 'n', long, value_name = "ROWS", default_value_t = 20)]
    limit: usize,
    /// Print all rows
    #[arg(long, conflicts_with = "limit")]
    all: bool,
    #[command(flatten)]
    select: Select,
}

pub(super) fn run(args: &Args, cx: &mut Context) -> Result<()> {
    let mut progress = cx.progress("traces read");
    let store = cx.open_store()?;
    let mut problems = Vec::new();
    let mut query = args.select.query(cx, &*store, Order::NEWEST, Need::Info, &mut problems)?;
    query.filter.clauses.push(in_a_session());
    let mut sessions = Sessions::default();
    store::select(&*store, &query, &mut problems, &mut |trace| {
        progress.tick();
        sessions.add(&trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    progress.clear();
    let sessions = sessions.sorted();
    let limit = if args.all { usize::MAX } else { args.limit };
    let is_cut = sessions.len() > limit;
    let complete = !is_cut && !problems.iter().any(Problem::is_loss);
    let page = Page { returned: sessions.len().min(limit), matched: Some(sessions.len()), complete };
    let mut rows = cx.output.list();
    for session in sessions.into_iter().take(limit) {
        rows.push(&SessionRow(session))?;
    }
    rows.finish(Some(page))?;
    super::tell_page(cx, &page, is_cut, "sessions");
    cx.warn(&problems);
    Ok(())
}

/// That a trace belongs to some session.
pub(super) fn in_a_session() -> Clause {
    Clause::Label(Label::Metadata(keys::SESSION.to_owned()), LabelTest::Exists)
}
