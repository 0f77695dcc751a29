//! From what a user types to a trace, a span or agents.

use super::reader::TraceReader;
use super::select::TraceSelection;
use crate::cli::context::Context;
use crate::cli::suggestions::not_found;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Problem, Span, Trace, TraceState, have_above};
use crate::query::{Clause, Glob, TextKey, TextTest};
use crate::reading::{Agents, is_agent, needs_messages};
use crate::shell::Suggestion;
use crate::store::{Order, Projection, SortKey, TraceStore};
use crate::{files, limits};
use std::ops::ControlFlow;

/// So many candidates of an ambiguous prefix are named.
const MOST_CANDIDATES: usize = 10;

/// The argument for ids on standard input.
const STDIN: &str = "-";

/// Shows the traces of some names, one after another. `-` means the ids on standard input, one a line; without any,
/// nothing is shown. A trace that is not found, or that a server fails to send, does not stop it: the first such error
/// is returned after the other traces.
pub(crate) fn each(
    cx: &mut Context,
    names: &[String],
    show: &mut dyn FnMut(&mut Context, &mut TraceReader, &str) -> Result<()>,
) -> Result<()> {
    let expanded = if names.iter().any(|name| name == STDIN) { Some(with_stdin(cx, names)?) } else { None };
    let is_one = expanded.is_none() && names.len() == 1;
    let names = expanded.as_deref().unwrap_or(names);
    if names.is_empty() {
        cx.note("no trace ids on standard input; nothing to show");
        return Ok(());
    }
    if !is_one {
        cx.output.begin_parts();
    }
    let mut reader = TraceReader::open(cx)?;
    let mut first: Option<Error> = None;
    for name in names {
        match show(cx, &mut reader, name) {
            Ok(()) => {}
            Err(error)
                if is_one || !matches!(error.kind, ErrorCode::NotFound | ErrorCode::Ambiguous | ErrorCode::Server) =>
            {
                return Err(error);
            }
            Err(error) if first.is_none() => first = Some(error),
            Err(error) => cx.report(&error),
        }
    }
    reader.warn(cx);
    first.map_or(Ok(()), Err)
}

/// The names of a command line, with `-` replaced by the ids on standard input.
fn with_stdin(cx: &Context, names: &[String]) -> Result<Vec<String>> {
    if cx.globals().tracking_uri.as_deref() == Some(STDIN) {
        return Err(Error::new(ErrorCode::Usage, "standard input cannot hold the traces and their ids")
            .hint("name a file: `-u FILE`"));
    }
    let text = files::text_of(std::io::stdin().lock(), limits::SETTINGS_BYTES)
        .map_err(|error| Error::new(ErrorCode::StoreUnreadable, "cannot read standard input").because(error))?;
    let ids: Vec<String> = text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let expand = |name: &String| if name == STDIN { ids.clone() } else { vec![name.clone()] };
    Ok(names.iter().flat_map(expand).collect())
}

/// Finds a trace: by id, unique prefix, OpenTelemetry id, `@last`, `@last~2`, `@error`, `@slow`. Its spans have their cost.
pub(crate) fn trace(
    cx: &Context,
    reader: &mut TraceReader,
    name: &str,
    select: &TraceSelection,
    need: Projection,
) -> Result<Trace> {
    if let Some(word) = name.strip_prefix('@') {
        return by_word(cx, reader, word, select, need);
    }
    if select.has_conditions(cx)? {
        cx.note(&format!("`{name}` names the trace; the conditions choose among @last, @error and @slow only"));
    }
    let id = by_id(cx, &*reader.store, name.trim(), &mut reader.problems)?;
    reader.trace(&id, need)?.ok_or_else(|| missing(cx, &*reader.store, &id))
}

/// The trace of a name, as far as its reading needs it: with messages where its agents are known from these only.
pub(crate) fn read(cx: &Context, reader: &mut TraceReader, name: &str, select: &TraceSelection) -> Result<Trace> {
    let trace = trace(cx, reader, name, select, Projection::Tree)?;
    if !trace.spans.as_ref().is_some_and(needs_messages) {
        return Ok(trace);
    }
    Ok(reader.trace(&trace.info.trace_id, Projection::Full)?.unwrap_or(trace))
}

fn missing(cx: &Context, store: &dyn TraceStore, name: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("no trace `{name}` in `{}`", store.name()))
        .hint(cx.command(&Suggestion::new("traces list")) + " lists the newest")
}

/// The full id for an id or a prefix of one, with or without `tr-`.
fn by_id(cx: &Context, store: &dyn TraceStore, name: &str, problems: &mut Vec<Problem>) -> Result<String> {
    if name.is_empty() {
        return Err(Error::new(ErrorCode::Usage, "an empty trace id")
            .hint("name a trace by its id, a unique prefix, or `@last`"));
    }
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_prefix("tr-").unwrap_or(&lower);
    // Ids have no `tr-` before 3.2, and an OpenTelemetry id is what stands behind it.
    let mut spellings: Vec<String> = Vec::new();
    for spelling in [name, &lower, &format!("tr-{bare}"), bare] {
        if !spellings.iter().any(|known| known == spelling) {
            spellings.push(spelling.to_owned());
        }
    }
    let mut candidates: Vec<String> = Vec::new();
    for id in store.ids_with_prefix(&spellings, MOST_CANDIDATES + 1, problems)? {
        if id == name {
            return Ok(id);
        }
        if !candidates.contains(&id) {
            candidates.push(id);
        }
    }
    match candidates.len() {
        0 => Err(problems.drain(..).fold(missing(cx, store, name), |error, problem| error.because(problem.message))),
        1 => Ok(candidates.remove(0)),
        _ => {
            let more = if candidates.len() > MOST_CANDIDATES { " and more" } else { "" };
            candidates.truncate(MOST_CANDIDATES);
            Err(Error::new(ErrorCode::Ambiguous, format!("`{name}` begins several trace ids"))
                .because(format!("{}{more}", candidates.join(", ")))
                .hint("type more of the id"))
        }
    }
}

fn by_word(
    cx: &Context,
    reader: &mut TraceReader,
    word: &str,
    select: &TraceSelection,
    need: Projection,
) -> Result<Trace> {
    let (base, back) = match word.split_once('~') {
        Some((base, back)) => (base, back.parse().ok()),
        None => (word, Some(0)),
    };
    let unknown = || {
        Error::new(ErrorCode::Usage, format!("`@{word}` names no trace")).hint("@last, @last~2, @error and @slow do")
    };
    let back: usize = back.ok_or_else(unknown)?;
    let (order, only_errors) = match base {
        "last" => (Order::NEWEST, false),
        "error" => (Order::NEWEST, true),
        "slow" => (Order { key: SortKey::Duration, is_descending: true }, false),
        _ => return Err(unknown()),
    };
    // The record alone is enough to find it; the spans are read of that one only.
    let mut query = reader.query(cx, select, order, Projection::Info)?;
    // Of the tree, `--type` chooses the spans; every trace may be meant.
    query.filter.clauses.retain(|clause| !matches!(clause, Clause::SpanType(_)));
    if only_errors {
        let error = TextTest::Is(TraceState::Error.as_str().to_owned());
        query.filter.clauses.push(Clause::Text(TextKey::Status, error));
    }
    query.expected = Some(back + 1);
    let mut left = back;
    let mut found = None;
    reader.each(&query, &mut |trace| {
        if left == 0 {
            found = Some(trace.info.trace_id);
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        Ok(ControlFlow::Continue(()))
    })?;
    let has_conditions = select.has_conditions(cx)?;
    let error = || {
        let fitting = if has_conditions { " that meets the conditions" } else { "" };
        Error::new(ErrorCode::NotFound, format!("no trace `@{word}`{fitting} in `{}`", reader.store.name()))
            .hint(cx.command(&Suggestion::new("traces list")) + " lists the newest")
    };
    let id = found.ok_or_else(error)?;
    reader.trace(&id, need)?.ok_or_else(error)
}

/// Finds a span of a trace: by id, unique prefix, or name where it is unique. Gives its place in the list.
pub(crate) fn span(cx: &Context, trace: &Trace, name: &str) -> Result<usize> {
    let spans = trace.span_list();
    let places = |fits: &dyn Fn(&Span) -> bool| (0..spans.len()).filter(|at| fits(&spans[*at])).collect::<Vec<_>>();
    let lower = name.to_ascii_lowercase();
    let by_id = places(&|span| span.id.as_str() == lower || span.id.as_str() == name);
    let by_name = places(&|span| span.name == name);
    let by_prefix = places(&|span| !lower.is_empty() && span.id.as_str().starts_with(&lower));
    for candidates in [by_id, by_name, by_prefix] {
        match candidates.as_slice() {
            [] => {}
            [one] => return Ok(*one),
            several => {
                let ids =
                    several.iter().take(MOST_CANDIDATES).map(|at| format!("{} {}", spans[*at].id, spans[*at].name));
                return Err(Error::new(ErrorCode::Ambiguous, format!("`{name}` names {} spans", several.len()))
                    .because(ids.collect::<Vec<_>>().join(", "))
                    .hint("name one by its id"));
            }
        }
    }
    let known = spans.iter().map(|span| span.name.as_str());
    Err(not_found("span", name, known).hint(
        cx.command(&Suggestion::new("trace show").of(&trace.info.trace_id).option("-o", "ids")) + " lists the spans",
    ))
}

/// Which spans belong to the agents of some names: an agent's own span and all below it, and the calls that messages
/// attribute to it. No names mean all spans.
///
/// A name is taken as it is, or as its span bears it (`assistant.run`), whatever its case, and where no agent has it, as a
/// pattern.
pub(crate) fn agents(cx: &Context, trace: &Trace, agents: &Agents, names: &[String]) -> Result<Vec<bool>> {
    let spans = trace.span_list();
    if names.is_empty() {
        return Ok(vec![true; spans.len()]);
    }
    // The name of each agent, and those of its spans.
    let of_spans = spans.iter().enumerate().filter(|(_, span)| is_agent(span));
    let of_spans = of_spans.filter_map(|(at, span)| Some((agents.name(at)?, span.name.as_str())));
    let known: Vec<(&str, &str)> = agents.names().iter().map(|name| (&**name, &**name)).chain(of_spans).collect();
    let mut wanted: Vec<&str> = Vec::new();
    for name in names {
        let (lower, pattern) = (name.to_lowercase(), Glob::new(&name.to_lowercase()));
        let find = |is_meant: &dyn Fn(&str) -> bool| -> Vec<&str> {
            let meant = known.iter().filter(|(_, called)| is_meant(&called.to_lowercase()));
            meant.map(|(agent, _)| *agent).collect()
        };
        let mut found = find(&|called| called == lower);
        if found.is_empty() {
            found = find(&|called| pattern.matches(called));
        }
        if found.is_empty() {
            return Err(no_agent(cx, trace, name, agents));
        }
        wanted.append(&mut found);
    }
    let is_wanted = |at: usize| agents.name(at).is_some_and(|name| wanted.contains(&name));
    let nodes = trace.spans.as_ref().map_or(&[][..], |spans| &spans.nodes);
    let mut is_under = have_above(nodes, |at| is_agent(&spans[at]) && is_wanted(at));
    for (at, is_under) in is_under.iter_mut().enumerate() {
        *is_under |= is_wanted(at);
    }
    Ok(is_under)
}

fn no_agent(cx: &Context, trace: &Trace, name: &str, agents: &Agents) -> Error {
    let known = match agents.names() {
        [] => "neither spans nor messages of the trace name an agent".to_owned(),
        known => format!("the agents are {}", known.join(", ")),
    };
    let error = Error::new(ErrorCode::NotFound, format!("no agent `{name}` in trace `{}`", trace.info.trace_id));
    error
        .because(known)
        .hint(cx.command(&Suggestion::new("trace show").of(&trace.info.trace_id)) + " shows the whole tree")
}
