//! What failed in a trace, each failure once.

mod groups;

pub use groups::{ExceptionGroup, ExceptionGroups, Occurrence, occurrences};

use super::stack::{self, ChainedException, CodeLocation, short_type};
use crate::model::{Exception, Node, Span, Timestamp, Trace};
use std::borrow::Cow;

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// An exception was recorded, or a span says that it failed.
    Raised,
    /// Nothing says that anything failed but the text that was handed on in place of a result.
    Handled,
    /// What was logged worked; MLflow's own logging failed.
    Logging,
}

impl FailureKind {
    /// The word of the JSON output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Handled => "handled",
            Self::Logging => "logging",
        }
    }
}

/// A failure of a trace: where it came up first, of all spans that it went through.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What sort.
    pub kind: FailureKind,
    /// The class, without its module.
    pub exception_type: Option<String>,
    /// Its text.
    pub message: Option<String>,
    /// The exception, where one was recorded.
    pub exception: Option<Exception>,
    /// The innermost place in the application's own code; where there is none, in a library's.
    pub origin: Option<CodeLocation>,
    /// What it was raised for in the first place, where that is another exception.
    pub cause: Option<Cause>,
    /// When.
    pub time: Timestamp,
    /// The place of its span in the trace's list of spans.
    pub span: usize,
}

/// The exception that began a chain.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The class, without its module.
    pub exception_type: Option<String>,
    /// Its text.
    pub message: Option<String>,
    /// Where it was raised.
    pub origin: Option<CodeLocation>,
    /// The span that recorded it, where one below did.
    pub span: Option<usize>,
}

/// What is told of a failure that nothing is known of.
pub const NO_MESSAGE: &str = "failed without a message";

/// `ValueError: No weather station in Atlantis`.
#[must_use]
pub fn title(exception_type: Option<&str>, message: Option<&str>) -> String {
    match (exception_type, message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (one, other) => one.or(other).unwrap_or(NO_MESSAGE).to_owned(),
    }
}

impl Failure {
    /// What failed, in one line unless the message has several.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.exception_type.as_deref(), self.message.as_deref())
    }

    fn stacktrace(&self) -> Option<&str> {
        self.exception.as_ref()?.stacktrace.as_deref()
    }

    fn own_place(&self) -> Option<CodeLocation> {
        stack::own_place(self.stacktrace()?)
    }

    /// Whether it has a label in place of what failed.
    fn is_label(&self) -> bool {
        self.exception.as_ref().is_some_and(Exception::is_label)
    }

    fn says_nothing(&self) -> bool {
        self.exception_type.is_none() && self.message.is_none()
    }
}

/// The failures of a trace, in the order of its tree.
///
/// An exception that was raised again through parents is one failure, of the deepest span. One that a parent wrapped in
/// another is one failure too: the parent's exception with the first as its cause, of the span where the first came up.
#[must_use]
pub fn of_trace(trace: &Trace) -> Vec<Failure> {
    let Some(spans) = &trace.spans else { return Vec::new() };
    let mut all: Vec<Option<Failure>> = Vec::new();
    // What came up below each span and may have been raised through it; the last child's first.
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); spans.list.len()];
    for (at, span) in spans.list.iter().enumerate().rev() {
        let mut open = std::mem::take(&mut below[at]);
        for own in of_span(at, span) {
            if let Some(mut new) = join(own, &mut open, &mut all) {
                new.origin = new.own_place();
                open.insert(0, all.len());
                all.push(Some(new));
            }
        }
        if let Some(Node { parent: Some(parent), .. }) = spans.nodes.get(at) {
            join_siblings(&mut below[*parent], open, &mut all, &spans.list);
        }
    }
    let mut failures: Vec<Failure> = all.into_iter().flatten().map(complete).collect();
    failures.sort_by_key(|failure| failure.span);
    failures
}

/// Merges the failures of one subtree of a span into those of its siblings. Where calls are not nested as spans are, one
/// failure is recorded in two subtrees: the run of an agent beside its agent (OpenAI's Agents SDK, an agent as a tool), a
/// model beside the node that called it (LangGraph, asynchronous).
fn join_siblings(known: &mut Vec<usize>, new: Vec<usize>, all: &mut [Option<Failure>], spans: &[Span]) {
    /// Keeps the time linear.
    const MOST_COMPARED: usize = 20;
    for at in new {
        let related = known.iter().take(MOST_COMPARED).enumerate().find_map(|(place, other)| {
            let (one, other) = (all[at].as_ref()?, all[*other].as_ref()?);
            let wraps = |outer, inner| relation(outer, inner) == Some(Relation::Wraps);
            let kind = match () {
                () if wraps(one, other) => (Relation::Wraps, true),
                () if wraps(other, one) => (Relation::Wraps, false),
                () if is_one_raise(one, other) && is_around(one, other, spans) => (Relation::Same, true),
                () if is_one_raise(one, other) && is_around(other, one, spans) => (Relation::Same, false),
                () => return None,
            };
            Some((place, kind))
        });
        let Some((place, (relation, is_new_outer))) = related else {
            known.push(at);
            continue;
        };
        let other = std::mem::replace(&mut known[place], at);
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

/// Whether two spans recorded an exception alike.
fn is_one_raise(one: &Failure, other: &Failure) -> bool {
    one.exception_type.is_some()
        && one.exception_type == other.exception_type
        && one.message == other.message
        && one.exception.is_some()
        && other.exception.is_some()
}

/// Whether the span of a failure lasted around that of another, and is none of the same kind, which ran beside it.
fn is_around(outer: &Failure, inner: &Failure, spans: &[Span]) -> bool {
    let (outer, inner) = (&spans[outer.span], &spans[inner.span]);
    let ends = inner.end.zip(outer.end);
    outer.name != inner.name && outer.start <= inner.start && ends.is_some_and(|(inner, outer)| inner <= outer)
}

/// What a span tells of failures, each once: some instrumentations record an exception twice.
fn of_span(at: usize, span: &Span) -> Vec<Failure> {
    let end = span.end.unwrap_or(span.start);
    let recorded = |kind, exception: Option<Exception>, exception_type, message, time| Failure {
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
        if exception.purpose().is_some() {
            continue;
        }
        let exception_type = exception.class().map(|class| short_type(class).to_owned());
        let message = exception.text().map(Cow::into_owned);
        let known =
            failures.iter_mut().find(|known| known.exception_type == exception_type && known.message == message);
        match known {
            Some(known) if known.stacktrace().is_some() || exception.stacktrace.is_none() => {}
            Some(known) => *known = recorded(known.kind, Some(exception), exception_type, message, known.time),
            None => {
                let kind = if exception.is_of_mlflow() { FailureKind::Logging } else { FailureKind::Raised };
                failures.push(recorded(kind, Some(exception), exception_type, message, time.unwrap_or(end)));
            }
        }
    }
    if failures.is_empty() && span.has_failed() {
        let (exception_type, message) = match failed_output(span) {
            Some(text) => (Some(span.status_message.clone()), Some(text)),
            None => split_status(&span.status_message),
        };
        failures.push(recorded(FailureKind::Raised, None, exception_type, message, end));
    } else if failures.is_empty()
        && let Some(text) = &span.handled_failure
    {
        let (exception_type, message) = split_status(text);
        failures.push(recorded(FailureKind::Handled, None, exception_type, message, end));
    }
    failures
}

/// The error text in the output of a failed tool whose status message is only a code (`TOOL_ERROR` of Google ADK).
fn failed_output(span: &Span) -> Option<String> {
    let is_code = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    is_code(&span.status_message).then(|| span.tool_mentions.iter().find_map(|mention| mention.failure.clone()))?
}

/// The class and the text of a status message as MLflow writes it, `ValueError: No weather station`; other texts have none.
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

/// Joins a span's own failure with one that came up below, if it is of the same making; else gives it back as a new one.
fn join(mut own: Failure, open: &mut Vec<usize>, all: &mut [Option<Failure>]) -> Option<Failure> {
    let related =
        open.iter().enumerate().find_map(|(place, at)| Some((place, *at, relation(&own, all[*at].as_ref()?)?)));
    let Some((place, at, relation)) = related else { return Some(own) };
    let below = all[at].as_mut()?;
    match relation {
        // What was raised below was handed on as text here.
        _ if own.kind == FailureKind::Handled => None,
        // What was told as text below was raised here.
        _ if below.kind == FailureKind::Handled => {
            own.span = below.span;
            all[at] = None;
            open.remove(place);
            Some(own)
        }
        Relation::Same => {
            adopt(below, own);
            None
        }
        Relation::Wraps => {
            let below = all[at].take()?;
            open.remove(place);
            own.span = below.span;
            own.cause = Some(cause_of(&own, below));
            Some(own)
        }
    }
}

fn relation(own: &Failure, below: &Failure) -> Option<Relation> {
    let same_type = match (&own.exception_type, &below.exception_type) {
        (Some(own), Some(below)) => own == below,
        _ => true,
    };
    let says_nothing = |failure: &Failure| failure.says_nothing() || failure.is_label();
    if says_nothing(own) || says_nothing(below) || (same_type && own.message == below.message) {
        return Some(Relation::Same);
    }
    let quotes = || {
        let (own, below) = (own.message.as_deref()?, below.message.as_deref()?);
        (below.len() >= SAYS_SOMETHING && own.contains(below)).then_some(())
    };
    // A text without a class is no exception of its own.
    let relation = if own.exception_type.is_some() { Relation::Wraps } else { Relation::Same };
    raised_before(own, below).map(|_| Relation::Wraps).or_else(|| quotes().map(|()| relation))
}

/// A failure below as the stack trace of the span above has it, among those that came before: its class and its place.
fn raised_before(own: &Failure, below: &Failure) -> Option<(Option<String>, Option<CodeLocation>)> {
    let chain = stack::read(own.stacktrace()?)?;
    let earlier = chain.split_last()?.1;
    earlier.iter().find_map(|raised| {
        let (class, message) = stack::split_error(raised.error);
        let is_class = below.exception_type.is_none() || below.exception_type.as_deref() == class;
        let is_below = is_class && message == below.message.as_deref().map(str::trim);
        is_below.then(|| (class.map(str::to_owned), own_or_any_place(raised)))
    })
}

/// The innermost place in the application's own code; where there is none, in a library's.
fn own_or_any_place(raised: &ChainedException<'_>) -> Option<CodeLocation> {
    raised.place(|frame| frame.library.is_none()).or_else(|| raised.place(|_| true))
}

/// Shorter messages stand in others by chance.
const SAYS_SOMETHING: usize = 8;

/// Takes over from a span above what the deepest one does not tell.
fn adopt(below: &mut Failure, above: Failure) {
    below.origin = below.origin.take().or_else(|| above.own_place());
    let has_reason = above.exception.is_some() && !above.is_label();
    if (below.exception.is_none() || below.is_label()) && has_reason {
        below.exception = above.exception;
        (below.exception_type, below.message) = (above.exception_type, above.message);
        (below.time, below.kind) = (above.time, above.kind);
    } else if below.says_nothing() {
        (below.exception_type, below.message) = (above.exception_type, above.message);
    }
}

/// What began the chain that ends with a span's own failure.
fn cause_of(own: &Failure, below: Failure) -> Cause {
    let (class, place) = raised_before(own, &below).unwrap_or_default();
    let Failure { exception_type, message, origin, span, cause, .. } = complete(below);
    let (exception_type, origin) = (exception_type.or(class), origin.or(place));
    cause.unwrap_or(Cause { exception_type, message, origin, span: Some(span) })
}

/// Fills in what only the stack trace tells: the cause, and a place in a library where there is none in own code.
fn complete(mut failure: Failure) -> Failure {
    let Some(text) = failure.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref()) else {
        return failure;
    };
    failure.origin = failure.origin.or_else(|| stack::library_place(text, failure.kind == FailureKind::Logging));
    if failure.cause.is_none()
        && let Some([first, .., _]) = stack::read(text).as_deref()
    {
        let (kind, message) = stack::split_error(first.error);
        let origin = own_or_any_place(first);
        let (exception_type, message) = (kind.map(str::to_owned), message.map(str::to_owned));
        failure.cause = Some(Cause { exception_type, message, origin, span: None });
    }
    failure
}

#[cfg(test)]
mod tests;
