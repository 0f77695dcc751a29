//! Finds the trace, span or agents that a command line names.

use super::reader::TraceReader;
use super::select::TraceSelection;
use crate::cli::context::Context;
use crate::cli::suggestions::not_found;
use crate::error::{Error, ErrorCode, Result};
use crate::model::{Problem, Span, Trace, TraceState, has_ancestor_where};
use crate::query::{Glob, TextKey};
use crate::reading::{Agents, is_agent, needs_messages};
use crate::shell::Suggestion;
use crate::store::{Order, Projection, ReadPlan, SortKey, SpanDetail, TraceKey, TraceStore};
use crate::{files, limits};
use std::ops::ControlFlow;

/// Maximum number of candidates that are listed for an ambiguous prefix.
const MAX_CANDIDATES: usize = 10;

/// The argument for ids on standard input.
const STDIN: &str = "-";

/// Calls `show` for each name. `-` stands for the ids on standard input, one per line; without any, nothing is shown. A
/// trace that is not found, or that a server fails to send, does not stop the others: the first such error is returned
/// at the end, later ones are reported when they occur.
pub(crate) fn for_each_name(
    cx: &mut Context,
    names: &[String],
    show: &mut dyn FnMut(&mut Context, &mut TraceReader, &str) -> Result<()>,
) -> Result<()> {
    let expanded = if names.iter().any(|name| name == STDIN) { Some(with_stdin(cx, names)?) } else { None };
    let is_one = expanded.is_none() && names.len() == 1;
    let names = expanded.as_deref().unwrap_or(names);
    if names.is_empty() {
        cx.note("no trace ids on standard input");
        return Ok(());
    }
    if !is_one {
        cx.output.begin_sequence();
    }
    let mut reader = TraceReader::open(cx)?;
    let mut first: Option<Error> = None;
    for name in names {
        match show(cx, &mut reader, name) {
            Ok(()) => {}
            Err(error)
                if is_one || !matches!(error.code, ErrorCode::NotFound | ErrorCode::Ambiguous | ErrorCode::Server) =>
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
        return Err(Error::new(ErrorCode::Usage, "standard input cannot be both the trace store and the list of ids")
            .hint("read the traces from a file: `-u FILE`"));
    }
    let text = files::read_all_text(cx.environment.store.stdin(), limits::SETTINGS_BYTES)
        .map_err(|error| Error::new(ErrorCode::StoreUnreadable, "cannot read standard input").because(error))?;
    let ids: Vec<String> = text.lines().map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    let expand = |name: &String| if name == STDIN { ids.clone() } else { vec![name.clone()] };
    Ok(names.iter().flat_map(expand).collect())
}

/// Finds a trace by id, unique prefix, OpenTelemetry id, or a selector: `@last`, `@last~2`, `@error`, `@slow`. Its
/// spans have their cost.
pub(crate) fn find_trace(
    cx: &Context,
    reader: &mut TraceReader,
    name: &str,
    select: &TraceSelection,
    detail: Option<SpanDetail>,
) -> Result<Trace> {
    find_with_key(cx, reader, name, select, detail).map(|(_, trace)| trace)
}

/// Does the same, and returns the key by which more of the trace can be loaded.
fn find_with_key(
    cx: &Context,
    reader: &mut TraceReader,
    name: &str,
    select: &TraceSelection,
    detail: Option<SpanDetail>,
) -> Result<(TraceKey, Trace)> {
    if let Some(word) = name.strip_prefix('@') {
        return find_by_selector(cx, reader, word, select, detail);
    }
    if select.has_conditions(cx)? {
        cx.note(&format!("the filters are ignored for `{name}` (they apply to @last, @error and @slow)"));
    }
    let key = resolve_id(cx, &*reader.store, name.trim(), &mut reader.problems)?;
    let trace = reader.trace(&key, detail)?.ok_or_else(|| trace_not_found(cx, &*reader.store, key.id()))?;
    Ok((key, trace))
}

/// Finds a trace and loads what its tree shows. Messages are loaded only if agents are named nowhere else.
pub(crate) fn read_tree(cx: &Context, reader: &mut TraceReader, name: &str, select: &TraceSelection) -> Result<Trace> {
    let (key, trace) = find_with_key(cx, reader, name, select, Some(SpanDetail::Tree))?;
    if !trace.spans.as_ref().is_some_and(needs_messages) {
        return Ok(trace);
    }
    Ok(reader.trace(&key, Some(SpanDetail::All))?.unwrap_or(trace))
}

fn trace_not_found(cx: &Context, store: &dyn TraceStore, name: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("no trace `{name}` in `{}`", store.name()))
        .hint(cx.quoted_command(&Suggestion::new("traces list")) + " lists the newest")
}

/// Resolves an id or a prefix, with or without `tr-`, to the full id.
fn resolve_id(cx: &Context, store: &dyn TraceStore, name: &str, problems: &mut Vec<Problem>) -> Result<TraceKey> {
    if name.is_empty() {
        return Err(Error::new(ErrorCode::Usage, "empty trace id").hint("use an id, a unique prefix, or `@last`"));
    }
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_prefix("tr-").unwrap_or(&lower);
    // MLflow before 3.2 writes ids without `tr-`. Since then the rest of the id is the OpenTelemetry trace id.
    let mut spellings: Vec<String> = Vec::new();
    for spelling in [name, &lower, &format!("tr-{bare}"), bare] {
        if !spellings.iter().any(|known| known == spelling) {
            spellings.push(spelling.to_owned());
        }
    }
    let mut candidates: Vec<TraceKey> = Vec::new();
    for key in store.with_id_prefix(&spellings, MAX_CANDIDATES + 1, problems)? {
        if key.id() == name {
            return Ok(key);
        }
        if !candidates.iter().any(|known| known.id() == key.id()) {
            candidates.push(key);
        }
    }
    match candidates.len() {
        0 => Err(problems
            .drain(..)
            .fold(trace_not_found(cx, store, name), |error, problem| error.because(problem.message))),
        1 => Ok(candidates.remove(0)),
        _ => {
            let more = if candidates.len() > MAX_CANDIDATES { " and more" } else { "" };
            let ids: Vec<&str> = candidates.iter().map(TraceKey::id).take(MAX_CANDIDATES).collect();
            Err(Error::new(ErrorCode::Ambiguous, format!("ambiguous trace id prefix `{name}`"))
                .because(format!("it matches {}{more}", ids.join(", ")))
                .hint("use more characters of the id"))
        }
    }
}

fn find_by_selector(
    cx: &Context,
    reader: &mut TraceReader,
    word: &str,
    select: &TraceSelection,
    detail: Option<SpanDetail>,
) -> Result<(TraceKey, Trace)> {
    let (base, back) = match word.split_once('~') {
        Some((base, back)) => (base, back.parse().ok()),
        None => (word, Some(0)),
    };
    let unknown = || {
        Error::new(ErrorCode::Usage, format!("unknown trace selector `@{word}`"))
            .hint("use `@last`, `@last~2`, `@error` or `@slow`")
    };
    let back: usize = back.ok_or_else(unknown)?;
    let (order, only_errors) = match base {
        "last" => (Order::NEWEST, false),
        "error" => (Order::NEWEST, true),
        "slow" => (Order { key: SortKey::Duration, is_descending: true }, false),
        _ => return Err(unknown()),
    };
    // Records are enough to find the trace; spans are read of that one only.
    let mut query = reader.query(cx, select, order, Projection::RECORDS)?;
    if only_errors {
        query.filter.clauses.push(TextKey::Status.is(TraceState::Error.as_str()));
    }
    query.plan = ReadPlan::first(back + 1);
    let mut left = back;
    let mut found = None;
    reader.for_each(&query, &mut |trace| {
        if left == 0 {
            found = Some(TraceKey::Record(Box::new(trace.info)));
            return Ok(ControlFlow::Break(()));
        }
        left -= 1;
        Ok(ControlFlow::Continue(()))
    })?;
    let has_conditions = select.has_conditions(cx)? || !select.span_types().is_empty();
    let error = || {
        let filters = if has_conditions { " and the filters" } else { "" };
        Error::new(ErrorCode::NotFound, format!("no trace matches `@{word}`{filters} in `{}`", reader.store.name()))
            .hint(cx.quoted_command(&Suggestion::new("traces list")) + " lists the newest")
    };
    let key = found.ok_or_else(error)?;
    let trace = reader.trace(&key, detail)?.ok_or_else(error)?;
    Ok((key, trace))
}

/// Finds a span of a trace by id, unique prefix or unique name. Returns its index in the list of spans.
pub(crate) fn find_span(cx: &Context, trace: &Trace, name: &str) -> Result<usize> {
    let spans = trace.span_list();
    let indexes = |is_match: &dyn Fn(&Span) -> bool| {
        (0..spans.len()).filter(|index| is_match(&spans[*index])).collect::<Vec<_>>()
    };
    let lower = name.to_ascii_lowercase();
    let by_id = indexes(&|span| span.id.as_str() == lower || span.id.as_str() == name);
    let by_name = indexes(&|span| span.name == name);
    let by_prefix = indexes(&|span| !lower.is_empty() && span.id.as_str().starts_with(&lower));
    for candidates in [by_id, by_name, by_prefix] {
        match candidates.as_slice() {
            [] => {}
            [index] => return Ok(*index),
            several => {
                let ids =
                    several.iter().take(MAX_CANDIDATES).map(|at| format!("{} {}", spans[*at].id, spans[*at].name));
                return Err(Error::new(ErrorCode::Ambiguous, format!("`{name}` matches {} spans", several.len()))
                    .because(format!("they are {}", ids.collect::<Vec<_>>().join(", ")))
                    .hint("use the id of a span"));
            }
        }
    }
    let known = spans.iter().map(|span| span.name.as_str());
    Err(not_found("span", name, known).hint(
        cx.quoted_command(&Suggestion::new("trace show").operand(&trace.info.trace_id).option("-o", "ids"))
            + " lists the spans",
    ))
}

/// Selects the spans of named agents: an agent's own span and all spans below it, and the calls that messages attribute
/// to it. Without names, all spans are selected. The result has one flag per span.
///
/// A name matches the agent's name or its span's name (`assistant.run`), ignoring case. If no agent has it, it is a
/// pattern.
pub(crate) fn spans_of_agents(cx: &Context, trace: &Trace, agents: &Agents, names: &[String]) -> Result<Vec<bool>> {
    let spans = trace.span_list();
    if names.is_empty() {
        return Ok(vec![true; spans.len()]);
    }
    // Agent name and name to match: each agent's name, and the names of its spans.
    let of_spans = spans.iter().enumerate().filter(|(_, span)| is_agent(span));
    let of_spans = of_spans.filter_map(|(at, span)| Some((agents.name(at)?, span.name.as_str())));
    let known: Vec<(&str, &str)> = agents.names().iter().map(|name| (&**name, &**name)).chain(of_spans).collect();
    let mut selected: Vec<&str> = Vec::new();
    for name in names {
        let (lower, pattern) = (name.to_lowercase(), Glob::new(&name.to_lowercase()));
        let find = |is_match: &dyn Fn(&str) -> bool| -> Vec<&str> {
            let matches = known.iter().filter(|(_, alias)| is_match(&alias.to_lowercase()));
            matches.map(|(agent, _)| *agent).collect()
        };
        let mut found = find(&|alias| alias == lower);
        if found.is_empty() {
            found = find(&|alias| pattern.matches(alias));
        }
        if found.is_empty() {
            return Err(agent_not_found(cx, trace, name, agents));
        }
        selected.append(&mut found);
    }
    let is_selected = |at: usize| agents.name(at).is_some_and(|name| selected.contains(&name));
    let nodes = trace.spans.as_ref().map_or(&[][..], |spans| &spans.nodes);
    let mut is_under = has_ancestor_where(nodes, |at| is_agent(&spans[at]) && is_selected(at));
    for (at, is_under) in is_under.iter_mut().enumerate() {
        *is_under |= is_selected(at);
    }
    Ok(is_under)
}

fn agent_not_found(cx: &Context, trace: &Trace, name: &str, agents: &Agents) -> Error {
    let error = Error::new(ErrorCode::NotFound, format!("no agent `{name}` in trace `{}`", trace.info.trace_id));
    let error = match agents.names() {
        [] => error.because("the trace has no named agents"),
        known => error.hint(format!("agents in this trace: {}", known.join(", "))),
    };
    error
        .hint(cx.quoted_command(&Suggestion::new("trace show").operand(&trace.info.trace_id)) + " shows the whole tree")
}

#[cfg(test)]
mod tests;
