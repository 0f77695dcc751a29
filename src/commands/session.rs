//! `mltrace session show`

use crate::analysis::conversation::ConversationReader;
use crate::analysis::sessions::{Session, Sessions};
use crate::analysis::usage;
use crate::cli::context::Context;
use crate::cli::naming;
use crate::cli::reader::TraceReader;
use crate::cli::runs::{self, GroupedTraces, RunSearch, in_a_session};
use crate::cli::select::TraceSelection;
use crate::cli::suggestions::not_found;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Trace, TraceInfo, keys};
use crate::query::Label;
use crate::reading::History;
use crate::shell::Suggestion;
use crate::store::{Order, Projection, Query, SortKey, SpanDetail, TraceKey};
use crate::views::fold::{self, FoldMode};
use crate::views::session::{SessionConversation, SessionView};
use std::ops::ControlFlow;

/// Show a session
#[derive(Debug, clap::Args)]
pub struct SessionArgs {
    #[command(subcommand)]
    command: SessionCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SessionCommand {
    Show(Box<ShowArgs>),
}

/// Show the traces of a session as turns, oldest first
///
/// SESSION is a session id or a unique prefix. It can also be a trace (an id, a prefix, @last): its session is shown,
/// recorded or derived (see `mltrace sessions`). Filters select turns.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mltrace session show chat-42
  mltrace session show chat-42 --json | jq -r '.traces[] | [.trace_id, .state] | @tsv'
  mltrace session show chat-42 -o ids | xargs -n 1 mltrace trace show")]
struct ShowArgs {
    /// Session id or trace
    #[arg(value_name = "SESSION")]
    session_or_trace: String,
    /// Show the messages and calls of each trace in order
    #[arg(long)]
    conversation: bool,
    /// In a conversation: print repeated and long messages in full
    #[arg(long, requires = "conversation")]
    full: bool,
    #[command(flatten)]
    select: TraceSelection,
}

pub(super) fn run(args: &SessionArgs, cx: &mut Context) -> Result<()> {
    let SessionCommand::Show(show) = &args.command;
    let mut reader = TraceReader::open(cx)?;
    let oldest_first = Order { key: SortKey::Time, is_descending: false };
    let query = reader.query(cx, &show.select, oldest_first, Projection::RECORDS)?;
    let mut traces = turns(&mut reader, &query, &show.session_or_trace)?;
    let mut id = show.session_or_trace.clone();
    let mut is_derived = false;
    let mut named = None;
    if traces.is_empty() {
        match by_prefix(cx, show, &mut reader, &query) {
            Ok(found) => {
                id = found;
                traces = turns(&mut reader, &query, &id)?;
            }
            Err(error) => {
                named = named_trace(cx, show, &mut reader);
                if let Some(session) = named.as_ref().and_then(TraceInfo::session_id) {
                    session.clone_into(&mut id);
                    traces = turns(&mut reader, &query, &id)?;
                } else {
                    let (name, error) = match &named {
                        Some(info) => (info.trace_id.clone(), without_session(cx, &info.trace_id)),
                        None => (id.clone(), error),
                    };
                    traces = derived(&mut reader, &query, &name)?.ok_or(error)?;
                    is_derived = true;
                }
            }
        }
    }
    reader.clear_progress();
    // `None` if its traces were deleted since they were found.
    let session = if is_derived { Session::derived(&traces) } else { Session::from_traces(&id, &traces) };
    let session = session.ok_or_else(|| not_found("session", &id, std::iter::empty()))?;
    if show.conversation {
        let mut loaded = Vec::with_capacity(traces.len());
        for info in &traces {
            let known = named.as_ref().filter(|named| named.trace_id == info.trace_id);
            let by_id = || TraceKey::Id(info.trace_id.clone());
            let key = known.map_or_else(by_id, |record| TraceKey::Record(Box::new(record.clone())));
            loaded.extend(reader.trace(&key, Some(SpanDetail::All))?);
        }
        // Records have milliseconds only; spans show which trace of the same millisecond started first.
        let start = |trace: &Trace| trace.span_list().iter().map(|span| span.start).min();
        loaded.sort_by_cached_key(|trace| (trace.info.request_time.millis(), start(trace)));
        // A failure that later turns repeat in their history counts for its first turn only.
        let mut history = History::default();
        for trace in &mut loaded {
            history.read_trace(trace);
        }
        let traces = loaded.iter().map(|trace| trace.info.clone()).collect();
        reader
            .span_problems
            .extend(loaded.iter().filter_map(|trace| trace.spans.as_ref()).flat_map(|spans| spans.problems.clone()));
        let mut reading = ConversationReader::new(show.full);
        let read = |trace: Trace| {
            let trace = if show.full { trace } else { without_inner_spans(trace) };
            (reading.read(&trace, &[]), trace)
        };
        let conversations = loaded.into_iter().map(read).map(|(conversation, trace)| (trace, conversation)).collect();
        let view = SessionView { session, traces, conversations, is_full: show.full };
        cx.output.show(&SessionConversation(view))?;
    } else {
        cx.output.show(&SessionView { session, traces, conversations: Vec::new(), is_full: show.full })?;
    }
    reader.warn(cx);
    Ok(())
}

/// Removes the spans within LLM calls, as `trace show --conversation` folds them.
fn without_inner_spans(trace: Trace) -> Trace {
    let Some(spans) = &trace.spans else { return trace };
    let shown = vec![true; spans.list.len()];
    let folded = fold::fold(FoldMode::Calls, spans, &shown, &usage::trace_usage(&trace));
    match folded {
        Some(folded) => Trace { spans: Some(folded.spans), ..trace },
        None => trace,
    }
}

/// Returns the traces of a session by its exact id, oldest first.
fn turns(reader: &mut TraceReader, query: &Query, id: &str) -> Result<Vec<TraceInfo>> {
    let mut query = query.clone();
    query.filter.clauses.push(Label::metadata(keys::SESSION).is(id));
    let mut traces = Vec::new();
    reader.for_each(&query, &mut |trace| {
        traces.push(trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(traces)
}

/// Finds the trace if SESSION names a trace.
fn named_trace(cx: &Context, show: &ShowArgs, reader: &mut TraceReader) -> Option<TraceInfo> {
    // Filters apply to turns and to selectors such as `@last`, not to trace ids.
    let select = if show.session_or_trace.starts_with('@') { show.select.clone() } else { TraceSelection::default() };
    naming::find_trace(cx, reader, &show.session_or_trace, &select, None).ok().map(|trace| trace.info)
}

fn without_session(cx: &Context, trace_id: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("trace `{trace_id}` has no session"))
        .hint(cx.quoted_command(&Suggestion::new("sessions")) + " lists them")
}

/// Returns the traces of a derived session: those whose spans name this session, else those of the only run with a
/// trace whose id has this prefix.
fn derived(reader: &mut TraceReader, query: &Query, name: &str) -> Result<Option<Vec<TraceInfo>>> {
    let RunSearch::Found(GroupedTraces { runs, in_sessions }) = runs::find_in_query(reader, query)? else {
        return Ok(None);
    };
    let is_named = |info: &TraceInfo| info.session_from_spans.as_deref() == Some(name);
    let named: Vec<TraceInfo> = in_sessions.into_iter().filter(is_named).collect();
    if !named.is_empty() {
        return Ok(Some(named));
    }
    let is_match = |info: &TraceInfo| {
        let bare = |id: &str| id.strip_prefix("tr-").unwrap_or(id).to_owned();
        !bare(name).is_empty() && bare(&info.trace_id).starts_with(&bare(name))
    };
    let mut matches = runs.into_iter().filter(|run| run.iter().any(is_match));
    Ok(matches.next().filter(|_| matches.next().is_none()))
}

/// Maximum number of candidates that are listed for an ambiguous prefix.
const MAX_CANDIDATES: usize = 10;

/// Returns the id of the only session whose id has this prefix.
fn by_prefix(cx: &Context, show: &ShowArgs, reader: &mut TraceReader, query: &Query) -> Result<String> {
    let mut query = query.clone();
    query.filter.clauses.push(in_a_session());
    let mut sessions = Sessions::default();
    reader.for_each(&query, &mut |trace| {
        sessions.add(&trace.info);
        Ok(ControlFlow::Continue(()))
    })?;
    let (name, sessions) = (&show.session_or_trace, sessions.sorted());
    let ids = || sessions.iter().map(|session| session.id.as_str());
    let candidates: Vec<&str> = ids().filter(|id| !name.is_empty() && id.starts_with(name.as_str())).collect();
    match candidates.as_slice() {
        [] => {
            let mut error = not_found("session", name, ids());
            if show.select.has_conditions(cx)? {
                error = error.because("the filters exclude some traces");
            }
            Err(error.hint(cx.quoted_command(&Suggestion::new("sessions")) + " lists them"))
        }
        [id] => Ok((*id).to_owned()),
        several => {
            let more = if several.len() > MAX_CANDIDATES { " and more" } else { "" };
            let named = several[..several.len().min(MAX_CANDIDATES)].join(", ");
            Err(Error::new(ErrorCode::Ambiguous, format!("ambiguous session id prefix `{name}`"))
                .because(format!("it matches {named}{more}"))
                .hint("use more characters of the id"))
        }
    }
}
