//! Failures of a trace, each listed once even if several spans recorded it.

mod groups;

pub use groups::{ExceptionGroup, ExceptionGroups, Occurrence, occurrences};

use super::stack::{self, ChainedException, CodeLocation, short_type};
use crate::model::{Exception, Node, Span, Timestamp, Trace};
use std::borrow::Cow;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// An exception was recorded, or the status of a span is ERROR.
    Raised,
    /// A tool or model call returned an error as its output, without an exception or error status.
    Handled,
    /// MLflow's own logging failed, not the traced code.
    Logging,
}

impl FailureKind {
    /// The value in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Handled => "handled",
            Self::Logging => "logging",
        }
    }
}

/// A failure of a trace, located at the span where it originated.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// The exception class, without its module.
    pub exception_type: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// The exception, if one was recorded.
    pub exception: Option<Exception>,
    /// The innermost location in application code, or else in a library.
    pub origin: Option<CodeLocation>,
    /// The root cause, if that is another exception.
    pub cause: Option<Cause>,
    /// When it was recorded.
    pub time: Timestamp,
    /// Index of the span in the trace's list of spans.
    pub span: usize,
}

/// The root cause of a chain of exceptions.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The exception class, without its module.
    pub exception_type: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// Where it was raised.
    pub origin: Option<CodeLocation>,
    /// Index of the descendant span that recorded it, if one did.
    pub span: Option<usize>,
}

/// The title of a failure without class and message.
pub const NO_MESSAGE: &str = "failed without a message";

/// Joins class and message, as in `ValueError: No weather station in Atlantis`.
#[must_use]
pub fn title(exception_type: Option<&str>, message: Option<&str>) -> String {
    match (exception_type, message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (exception_type, message) => exception_type.or(message).unwrap_or(NO_MESSAGE).to_owned(),
    }
}

impl Failure {
    /// Returns class and message, on one line unless the message has several.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.exception_type.as_deref(), self.message.as_deref())
    }

    fn stacktrace(&self) -> Option<&str> {
        self.exception.as_ref()?.stacktrace.as_deref()
    }

    fn app_location(&self) -> Option<CodeLocation> {
        stack::app_location(self.stacktrace()?)
    }

    /// Whether the exception is only a label, without the actual error.
    fn is_label(&self) -> bool {
        self.exception.as_ref().is_some_and(Exception::is_label)
    }

    fn has_no_details(&self) -> bool {
        self.exception_type.is_none() && self.message.is_none()
    }
}

/// Returns the failures of a trace, in tree order.
///
/// An exception that propagated through parents is one failure, of the deepest span. An exception that a parent wrapped
/// in another is one failure too: the parent's exception, with the wrapped one as its cause and span.
#[must_use]
pub fn trace_failures(trace: &Trace) -> Vec<Failure> {
    let Some(spans) = &trace.spans else { return Vec::new() };
    let mut all: Vec<Option<Failure>> = Vec::new();
    // For each span, the failures below it that may have propagated through it, those of the last child first.
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); spans.list.len()];
    for (at, span) in spans.list.iter().enumerate().rev() {
        let mut open = std::mem::take(&mut below[at]);
        for failure in failures_of_span(at, span) {
            if let Some(mut new) = merge_with_below(failure, &mut open, &mut all) {
                new.origin = new.app_location();
                open.insert(0, all.len());
                all.push(Some(new));
            }
        }
        if let Some(Node { parent: Some(parent), .. }) = spans.nodes.get(at) {
            merge_siblings(&mut below[*parent], open, &mut all, &spans.list);
        }
    }
    let mut failures: Vec<Failure> = all.into_iter().flatten().map(fill_from_stacktrace).collect();
    failures.sort_by_key(|failure| failure.span);
    failures
}

/// Merges the failures of one subtree of a span into those of its siblings. Spans are not always nested like the calls,
/// so one failure may be recorded in two subtrees: an agent run next to its agent (OpenAI's Agents SDK, an agent as a
/// tool), a model next to the node that called it (LangGraph, asynchronous).
fn merge_siblings(known: &mut Vec<usize>, new: Vec<usize>, all: &mut [Option<Failure>], spans: &[Span]) {
    /// Keeps the run time linear.
    const MAX_COMPARED: usize = 20;
    for at in new {
        let related = known.iter().take(MAX_COMPARED).enumerate().find_map(|(index, other)| {
            let (a, b) = (all[at].as_ref()?, all[*other].as_ref()?);
            let wraps = |outer, inner| relation(outer, inner) == Some(Relation::Wraps);
            let kind = match () {
                () if wraps(a, b) => (Relation::Wraps, true),
                () if wraps(b, a) => (Relation::Wraps, false),
                () if is_same_raise(a, b) && encloses(a, b, spans) => (Relation::Same, true),
                () if is_same_raise(a, b) && encloses(b, a, spans) => (Relation::Same, false),
                () => return None,
            };
            Some((index, kind))
        });
        let Some((index, (relation, is_new_outer))) = related else {
            known.push(at);
            continue;
        };
        let other = std::mem::replace(&mut known[index], at);
        let (outer, inner) = if is_new_outer { (at, other) } else { (other, at) };
        if let (Some(mut outer), Some(inner)) = (all[outer].take(), all[inner].take()) {
            outer.span = inner.span;
            if relation == Relation::Wraps {
                outer.cause = Some(cause_of(&outer, inner));
            }
            all[at] = Some(outer);
        }
    }
}

/// Whether two spans recorded the same class and message.
fn is_same_raise(a: &Failure, b: &Failure) -> bool {
    a.exception_type.is_some()
        && a.exception_type == b.exception_type
        && a.message == b.message
        && a.exception.is_some()
        && b.exception.is_some()
}

/// Whether the span of one failure encloses that of another in time. Spans of the same name ran in parallel and do not
/// count.
fn encloses(outer: &Failure, inner: &Failure, spans: &[Span]) -> bool {
    let (outer, inner) = (&spans[outer.span], &spans[inner.span]);
    let ends = inner.end.zip(outer.end);
    outer.name != inner.name && outer.start <= inner.start && ends.is_some_and(|(inner, outer)| inner <= outer)
}

/// Returns the failures of a span, each once: some instrumentations record an exception twice.
fn failures_of_span(at: usize, span: &Span) -> Vec<Failure> {
    let end = span.end.unwrap_or(span.start);
    let failure = |kind, exception: Option<Exception>, exception_type, message, time| Failure {
        kind,
        exception_type,
        message,
        exception,
        origin: None,
        cause: None,
        time,
        span: at,
    };
    let mut failures: Vec<Failure> = Vec::new();
    for (exception, time) in span.exceptions() {
        if exception.control_flow().is_some() {
            continue;
        }
        let exception_type = exception.class().map(|class| short_type(class).to_owned());
        let message = exception.text().map(Cow::into_owned);
        let known =
            failures.iter_mut().find(|known| known.exception_type == exception_type && known.message == message);
        match known {
            Some(known) if known.stacktrace().is_some() || exception.stacktrace.is_none() => {}
            Some(known) => *known = failure(known.kind, Some(exception), exception_type, message, known.time),
            None => {
                let kind = if exception.is_from_mlflow_logging() { FailureKind::Logging } else { FailureKind::Raised };
                failures.push(failure(kind, Some(exception), exception_type, message, time.unwrap_or(end)));
            }
        }
    }
    if failures.is_empty() && span.has_failed() {
        let (exception_type, message) = match failed_output(span) {
            Some(text) => (Some(span.status_message.clone()), Some(text)),
            None => split_status(&span.status_message),
        };
        failures.push(failure(FailureKind::Raised, None, exception_type, message, end));
    } else if failures.is_empty()
        && let Some(text) = &span.handled_failure
    {
        let (exception_type, message) = split_status(text);
        failures.push(failure(FailureKind::Handled, None, exception_type, message, end));
    }
    failures
}

/// Returns the error in the output of a failed tool whose status message is only a code (Google ADK's `TOOL_ERROR`).
fn failed_output(span: &Span) -> Option<String> {
    let is_code = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    is_code(&span.status_message).then(|| span.tool_mentions.iter().find_map(|mention| mention.failure.clone()))?
}

/// Splits a status message as MLflow writes it, `ValueError: No weather station`, into class and message. Others have
/// no class.
fn split_status(text: &str) -> (Option<String>, Option<String>) {
    let (kind, message) = stack::split_error(text.trim());
    let is_type = |kind: &str| {
        let ends = ["Error", "Exception", "Warning", "Interrupt", "Exit", "Timeout", "Failure"];
        let is_camel = kind.starts_with(char::is_uppercase) && kind.chars().filter(|c| c.is_uppercase()).count() > 1;
        ends.iter().any(|end| kind.len() > end.len() && kind.ends_with(end))
            || (is_camel && kind.chars().any(char::is_lowercase))
    };
    match kind {
        Some(kind) if is_type(kind) => (Some(kind.to_owned()), message.map(str::to_owned)),
        _ => (None, Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
    }
}

/// How a span's own failure relates to one below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Same,
    Wraps,
}

/// Merges a failure of a span with a related one below it. Returns the failure if it is to be listed on its own.
fn merge_with_below(mut outer: Failure, open: &mut Vec<usize>, all: &mut [Option<Failure>]) -> Option<Failure> {
    let related =
        open.iter().enumerate().find_map(|(index, at)| Some((index, *at, relation(&outer, all[*at].as_ref()?)?)));
    let Some((index, at, relation)) = related else { return Some(outer) };
    let below = all[at].as_mut()?;
    match relation {
        // Raised below, and returned as output here.
        _ if outer.kind == FailureKind::Handled => None,
        // Returned as output below, and raised here.
        _ if below.kind == FailureKind::Handled => {
            outer.span = below.span;
            all[at] = None;
            open.remove(index);
            Some(outer)
        }
        Relation::Same => {
            fill_from_above(below, outer);
            None
        }
        Relation::Wraps => {
            let below = all[at].take()?;
            open.remove(index);
            outer.span = below.span;
            outer.cause = Some(cause_of(&outer, below));
            Some(outer)
        }
    }
}

fn relation(outer: &Failure, below: &Failure) -> Option<Relation> {
    let same_type = match (&outer.exception_type, &below.exception_type) {
        (Some(outer), Some(below)) => outer == below,
        _ => true,
    };
    let lacks_error = |failure: &Failure| failure.has_no_details() || failure.is_label();
    if lacks_error(outer) || lacks_error(below) || (same_type && outer.message == below.message) {
        return Some(Relation::Same);
    }
    let quotes = || {
        let (outer, below) = (outer.message.as_deref()?, below.message.as_deref()?);
        (below.len() >= MIN_QUOTED_LEN && outer.contains(below)).then_some(())
    };
    // A message without a class is not a separate exception.
    let relation = if outer.exception_type.is_some() { Relation::Wraps } else { Relation::Same };
    find_in_chain(outer, below).map(|_| Relation::Wraps).or_else(|| quotes().map(|()| relation))
}

/// Finds a failure below among the earlier exceptions of a chained stack trace. Returns its class and location there.
fn find_in_chain(outer: &Failure, below: &Failure) -> Option<(Option<String>, Option<CodeLocation>)> {
    let chain = stack::parse(outer.stacktrace()?)?;
    let earlier = chain.split_last()?.1;
    earlier.iter().find_map(|raised| {
        let (class, message) = stack::split_error(raised.error);
        let is_class = below.exception_type.is_none() || below.exception_type.as_deref() == class;
        let is_below = is_class && message == below.message.as_deref().map(str::trim);
        is_below.then(|| (class.map(str::to_owned), app_or_any_location(raised)))
    })
}

/// Returns the innermost location in application code, or else in a library.
fn app_or_any_location(raised: &ChainedException<'_>) -> Option<CodeLocation> {
    raised.location(|frame| frame.library.is_none()).or_else(|| raised.location(|_| true))
}

/// Shorter messages may be contained in others by chance.
const MIN_QUOTED_LEN: usize = 8;

/// Fills in details from a span above that the deepest span lacks.
fn fill_from_above(below: &mut Failure, above: Failure) {
    below.origin = below.origin.take().or_else(|| above.app_location());
    let has_reason = above.exception.is_some() && !above.is_label();
    if (below.exception.is_none() || below.is_label()) && has_reason {
        below.exception = above.exception;
        (below.exception_type, below.message) = (above.exception_type, above.message);
        (below.time, below.kind) = (above.time, above.kind);
    } else if below.has_no_details() {
        (below.exception_type, below.message) = (above.exception_type, above.message);
    }
}

/// Returns the root cause of the chain that ends with a span's failure.
fn cause_of(outer: &Failure, below: Failure) -> Cause {
    let (class, location) = find_in_chain(outer, &below).unwrap_or_default();
    let Failure { exception_type, message, origin, span, cause, .. } = fill_from_stacktrace(below);
    let (exception_type, origin) = (exception_type.or(class), origin.or(location));
    cause.unwrap_or(Cause { exception_type, message, origin, span: Some(span) })
}

/// Fills in the cause, and a library location if there is none in application code, from the stack trace.
fn fill_from_stacktrace(mut failure: Failure) -> Failure {
    let Some(text) = failure.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref()) else {
        return failure;
    };
    failure.origin = failure.origin.or_else(|| stack::library_location(text, failure.kind == FailureKind::Logging));
    if failure.cause.is_none()
        && let Some([first, .., _]) = stack::parse(text).as_deref()
    {
        let (kind, message) = stack::split_error(first.error);
        let origin = app_or_any_location(first);
        let (exception_type, message) = (kind.map(str::to_owned), message.map(str::to_owned));
        failure.cause = Some(Cause { exception_type, message, origin, span: None });
    }
    failure
}

#[cfg(test)]
mod tests;
