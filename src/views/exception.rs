//! Rows of `mltrace exceptions`, and their stack traces.

use super::json::{ExceptionJson, FailureJson};
use crate::analysis::exceptions::{Cause, ExceptionGroup, Failure, FailureKind, NO_MESSAGE, title};
use crate::analysis::pattern::pattern;
use crate::analysis::stack::{self, CodeLocation, StackFrame};
use crate::error::Result;
use crate::model::Timestamp;
use crate::number;
use crate::output::text::block;
use crate::output::{
    Block, Cell, Column, Document, Heading, Paragraph, RenderOptions, Row, RowText, StyledText, TextRole,
};
use serde::Serialize;
use std::borrow::Cow;

/// Group of similar failures, or a single failure.
#[derive(Clone, Debug)]
pub struct ExceptionRow(pub ExceptionGroup);

/// A group of similar failures; with --all, a single failure.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct FailureGroupJson<'a> {
    /// Identifies similar failures in every run and store. It is a hash of kind, type, pattern and origin of the
    /// failure and its cause, or of the span name if none of these is known.
    fingerprint: String,
    /// raised: an exception or a span with status ERROR; handled: a failure that was returned as a tool's output;
    /// logging: an exception of MLflow's own logging, while the call succeeded.
    #[cfg_attr(test, schemars(extend("enum" = ["raised", "handled", "logging"])))]
    kind: &'static str,
    /// Class of the exception, without its module; null if unknown.
    r#type: Option<&'a str>,
    /// Message of the example; null if unknown.
    message: Option<&'a str>,
    /// The message with ids, numbers, paths and quoted texts replaced by placeholders; null if there is no message.
    pattern: Option<String>,
    /// The exception of the example; null if none was recorded.
    exception: Option<ExceptionJson<'a>>,
    /// The failure that was returned as output, for kind handled; otherwise null.
    handled_failure: Option<FailureJson<'a>>,
    /// The innermost location in the application's own code, otherwise in a library; null if unknown.
    origin: Option<PlaceJson<'a>>,
    /// The exception that this one was raised from; null if there is none.
    cause: Option<CauseJson<'a>>,
    /// Number of failures.
    count: u64,
    /// Number of traces with such a failure.
    traces: u64,
    /// Time of the first failure.
    first_time: Timestamp,
    /// Time of the last failure.
    last_time: Timestamp,
    /// The newest of the failures, at the deepest span that recorded it.
    example: ExampleJson<'a>,
}

/// A location in code.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct PlaceJson<'a> {
    /// Path of the file, as recorded.
    file: &'a str,
    /// Line number; null if unknown.
    line: Option<u64>,
    /// Function; null for code outside of functions.
    function: Option<&'a str>,
}

/// The exception that another one was raised from.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct CauseJson<'a> {
    /// Class of the exception, without its module; null if unknown.
    r#type: Option<&'a str>,
    /// Message; null if unknown.
    message: Option<&'a str>,
    /// Where it was raised, preferably in the application's own code; null if unknown.
    origin: Option<PlaceJson<'a>>,
    /// Id of the span that recorded it; null if it is known from the stack trace only.
    span_id: Option<&'a str>,
    /// Name of that span.
    span_name: Option<&'a str>,
}

/// The span in which a failure occurred.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct ExampleJson<'a> {
    /// Id of the trace.
    trace_id: &'a str,
    /// Name of the trace, or of its root span; null if unknown.
    trace_name: Option<&'a str>,
    /// Id of the experiment.
    experiment_id: &'a str,
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Name of the span.
    span_name: &'a str,
    /// Type of the span.
    span_type: &'a str,
    /// Time of the failure.
    time: Timestamp,
}

impl<'a> From<&'a CodeLocation> for PlaceJson<'a> {
    fn from(location: &'a CodeLocation) -> Self {
        Self { file: &location.file, line: location.line, function: location.function.as_deref() }
    }
}

impl<'a> CauseJson<'a> {
    fn new(cause: &'a Cause, span: Option<&'a (String, String)>) -> Self {
        Self {
            r#type: cause.exception_type.as_deref(),
            message: cause.message.as_deref(),
            origin: cause.origin.as_ref().map(PlaceJson::from),
            span_id: span.map(|(id, _)| id.as_str()),
            span_name: span.map(|(_, name)| name.as_str()),
        }
    }
}

impl<'a> From<&'a ExceptionGroup> for FailureGroupJson<'a> {
    fn from(group: &'a ExceptionGroup) -> Self {
        let example = &group.example;
        let failure = &example.failure;
        let message = failure.message.as_deref();
        Self {
            fingerprint: format!("{:08x}", (group.fingerprint >> 32) ^ (group.fingerprint & 0xffff_ffff)),
            kind: failure.kind.as_str(),
            r#type: failure.exception_type.as_deref(),
            message,
            pattern: message.map(pattern),
            exception: failure.exception.as_ref().map(ExceptionJson::from),
            handled_failure: message
                .filter(|_| failure.kind == FailureKind::Handled)
                .map(|message| FailureJson { message }),
            origin: failure.origin.as_ref().map(PlaceJson::from),
            cause: failure.cause.as_ref().map(|cause| CauseJson::new(cause, example.cause_span.as_ref())),
            count: group.count,
            traces: group.traces,
            first_time: group.first,
            last_time: group.last,
            example: ExampleJson {
                trace_id: &example.trace_id,
                trace_name: example.trace_name.as_deref(),
                experiment_id: &example.experiment_id,
                span_id: &example.span_id,
                span_name: &example.span_name,
                span_type: &example.span_type,
                time: failure.time,
            },
        }
    }
}

/// Formats a code location: `weather.py:94 in get_weather`. A library file has its path within the installed packages.
fn format_location(location: &CodeLocation) -> String {
    let installed = location.file.rfind("-packages").and_then(|at| location.file.get(at + "-packages/".len()..));
    let file = installed.unwrap_or_else(|| location.file.rsplit(['/', '\\']).next().unwrap_or_default());
    let line = location.line.map(|line| format!(":{line}")).unwrap_or_default();
    let function = location.function.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
    format!("{file}{line}{function}")
}

/// Returns a prefix for the message of a failure that was not raised as an exception of the traced code.
const fn kind_prefix(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Raised => None,
        FailureKind::Handled => Some("returned as tool output: "),
        FailureKind::Logging => Some("in MLflow's own logging: "),
    }
}

fn message_cell(failure: &Failure) -> Cell {
    match &failure.message {
        Some(message) => Cell::escaped(message, TextRole::Plain),
        None => Cell::new(if failure.exception_type.is_none() { NO_MESSAGE } else { "-" }, TextRole::Dim),
    }
}

impl ExceptionRow {
    const fn failure(&self) -> &Failure {
        &self.0.example.failure
    }
}

impl Row for ExceptionRow {
    const KEY: &'static str = "exceptions";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::data("fingerprint"),
        Column::new("kind", Heading::text("kind").drops(1), |row, _| {
            let kind = row.failure().kind;
            kind_prefix(kind).map_or_else(Cell::none, |_| Cell::new(kind.as_str(), TextRole::Warn))
        }),
        Column::new("type", Heading::text("type").shrinks_to(14), |row, _| {
            Cell::optional(row.failure().exception_type.as_deref(), TextRole::Bad)
        }),
        Column::new("message", Heading::text("message").shrinks_to(24), |row, _| message_cell(row.failure())),
        Column::combined(Heading::text("cause").shrinks_to(10).drops(7), |row, _| {
            let text = |cause: &Cause| cause.exception_type.as_ref().or(cause.message.as_ref()).cloned();
            Cell::optional(row.failure().cause.as_ref().and_then(text).as_deref(), TextRole::Plain)
        }),
        Column::combined(Heading::text("origin").shrinks_to(20).drops(4), |row, _| {
            Cell::optional(row.failure().origin.as_ref().map(format_location).as_deref(), TextRole::Plain)
        }),
        Column::data("origin.file"),
        Column::data("origin.line"),
        Column::data("origin.function"),
        Column::data("cause.type"),
        Column::data("cause.message"),
        Column::new("count", Heading::number("count"), |Self(group), _| {
            Cell::new(number::count(group.count.cast_signed()), TextRole::Figure)
        }),
        Column::data("traces"),
        Column::new("first_time", Heading::number("first").drops(6), |Self(group), options| {
            Cell::age(group.first, options)
        }),
        Column::new("last_time", Heading::number("last").drops(2), |Self(group), options| {
            Cell::age(group.last, options)
        }),
        Column::new("example.trace_id", Heading::text("trace"), |Self(group), _| {
            Cell::trace_id(&group.example.trace_id)
        }),
        Column::data("example.span_id"),
        Column::new("example.span_name", Heading::text("span").shrinks_to(8).drops(5), |Self(group), _| {
            Cell::optional(Some(&group.example.span_name), TextRole::Name)
        }),
    ];
    const TABLE_ORDER: &'static [&'static str] = &["count"];

    fn json(&self) -> impl Serialize {
        FailureGroupJson::from(&self.0)
    }

    fn id(&self) -> &str {
        &self.0.example.trace_id
    }
}

/// Group of similar failures, or a single failure, shown with its stack trace.
#[derive(Clone, Debug)]
pub struct StackTraceRow(pub ExceptionRow);

impl Row for StackTraceRow {
    const KEY: &'static str = ExceptionRow::KEY;
    const COLUMNS: &'static [Column<Self>] = &[];
    const TEXT: Option<RowText<Self>> = Some(write_failure);

    fn json(&self) -> impl Serialize {
        self.0.json()
    }

    fn id(&self) -> &str {
        self.0.id()
    }

    fn csv_columns() -> Vec<Cow<'static, str>> {
        ExceptionRow::csv_columns()
    }
}

/// Writes a failure with its stack trace.
fn write_failure(StackTraceRow(row): &StackTraceRow, document: &mut Document<'_>) -> Result<()> {
    write_heading(document, &row.0)?;
    match row.failure().exception.as_ref().and_then(|exception| exception.stacktrace.as_deref()) {
        Some(text) => write_stack(document, text),
        None => document.dim("no stack trace recorded"),
    }
}

/// Writes the count, title, cause, location, times and example of a group.
fn write_heading(document: &mut Document<'_>, group: &ExceptionGroup) -> Result<()> {
    let (example, options) = (&group.example, document.options);
    let Failure { exception_type, message, cause, origin, kind, .. } = &example.failure;
    let times = number::count(group.count.cast_signed()) + if options.unicode { " × " } else { " x " };
    let prefix = kind_prefix(*kind).unwrap_or_default();
    let label = StyledText::new(TextRole::Figure, &times).with(TextRole::Plain, prefix);
    let headline = StyledText::new(TextRole::Bad, &title(exception_type.as_deref(), message.as_deref()));
    document.add(Block::Text(Paragraph::new(headline).labeled(label)))?;
    if let Some(cause) = cause {
        let location = cause.origin.as_ref().map(|at| format!(", {}", format_location(at))).unwrap_or_default();
        let cause = title(cause.exception_type.as_deref(), cause.message.as_deref());
        let line = StyledText::plain("caused by ").with(TextRole::Bad, &cause);
        document.add(Block::Line(line.with(TextRole::Plain, &location)))?;
    }
    let age = |time| match number::age(time, options.now).as_str() {
        "-" => "now".to_owned(),
        age => format!("{age} ago"),
    };
    let facts = [
        origin.as_ref().map(format_location),
        Some(format!("span {}", example.span_name)),
        Some(format!("trace {}", example.trace_id)),
        (group.count > 1).then(|| format!("first {}", age(group.first))),
        Some(if group.count > 1 { format!("last {}", age(group.last)) } else { age(group.last) }),
    ];
    let facts = facts.iter().flatten().map(|fact| StyledText::new(TextRole::Dim, fact)).collect();
    document.add(Block::Facts(facts, options.separator()))?;
    document.add(Block::Blank)
}

/// Writes a stack trace with library frames folded and without the markers under code. One that is not from Python is
/// written unchanged.
fn write_stack(document: &mut Document<'_>, text: &str) -> Result<()> {
    let Some(chain) = stack::parse(text) else {
        return block(text.trim_end()).lines().try_for_each(|line| document.add(Block::Line(StyledText::plain(line))));
    };
    for raised in &chain {
        if let Some(link) = raised.link {
            document.add(Block::Blank)?;
            document.add(Block::Line(StyledText::plain(link)))?;
            document.add(Block::Blank)?;
        }
        for run in raised.frames.chunk_by(|a, b| a.library.is_some() == b.library.is_some()) {
            write_frames(&mut document.indented("  "), run)?;
        }
        document.add(Block::Text(Paragraph::new(StyledText::block(TextRole::Bad, raised.error))))?;
    }
    Ok(())
}

/// Writes consecutive frames that are all of libraries, which are folded, or all of the application.
fn write_frames(document: &mut Document<'_>, run: &[StackFrame<'_>]) -> Result<()> {
    if run.iter().all(|frame| frame.library.is_some()) {
        return document.dim(&folded_frames(&document.options, run));
    }
    for StackFrame { file, line, function, code, .. } in run {
        let number = line.map(|line| format!(", line {line}")).unwrap_or_default();
        let function = if function.is_empty() { String::new() } else { format!(", in {function}") };
        document.add(Block::Line(StyledText::plain(&format!("File \"{file}\"{number}{function}"))))?;
        for code in code {
            document.indented("  ").add(Block::Line(StyledText::new(TextRole::Name, code)))?;
        }
    }
    Ok(())
}

/// `… 6 frames of openai, httpx`
fn folded_frames(options: &RenderOptions, run: &[StackFrame<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in run.iter().filter_map(|frame| frame.library) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let frames = if run.len() == 1 { "frame" } else { "frames" };
    format!("{} {} {frames} of {}", options.ellipsis(), run.len(), names.join(", "))
}
