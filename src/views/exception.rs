//! Rows of `mltrace exceptions`, and stack traces to be read.

use super::json::{ExceptionJson, FailureJson};
use crate::analysis::exceptions::{Cause, ExceptionGroup, Failure, FailureKind, NO_MESSAGE, title};
use crate::analysis::pattern::pattern;
use crate::analysis::stack::{self, CodeLocation, StackFrame};
use crate::error::Result;
use crate::model::Timestamp;
use crate::output::paragraph::flow;
use crate::output::table::{Cell, Column};
use crate::output::text::{block, one_line, width, wrap};
use crate::output::{Output, RenderOptions, Row, TextRole, number};
use serde::Serialize;
use std::io::Write;

/// Failures that are alike, or a single one.
#[derive(Clone, Debug)]
pub struct ExceptionRow(pub ExceptionGroup);

#[derive(Serialize)]
struct RowJson<'a> {
    fingerprint: String,
    kind: &'static str,
    r#type: Option<&'a str>,
    message: Option<&'a str>,
    pattern: Option<String>,
    exception: Option<ExceptionJson<'a>>,
    handled_failure: Option<FailureJson<'a>>,
    origin: Option<PlaceJson<'a>>,
    cause: Option<CauseJson<'a>>,
    count: u64,
    traces: u64,
    first_time: Timestamp,
    last_time: Timestamp,
    example: ExampleJson<'a>,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    line: Option<u64>,
    function: Option<&'a str>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    r#type: Option<&'a str>,
    message: Option<&'a str>,
    origin: Option<PlaceJson<'a>>,
    span_id: Option<&'a str>,
    span_name: Option<&'a str>,
}

#[derive(Serialize)]
struct ExampleJson<'a> {
    trace_id: &'a str,
    trace_name: Option<&'a str>,
    experiment_id: &'a str,
    span_id: &'a str,
    span_name: &'a str,
    span_type: &'a str,
    time: Timestamp,
}

impl<'a> From<&'a CodeLocation> for PlaceJson<'a> {
    fn from(place: &'a CodeLocation) -> Self {
        Self { file: &place.file, line: place.line, function: place.function.as_deref() }
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

/// `weather.py:94 in get_weather`; the path of a library's file within it.
fn place(place: &CodeLocation) -> String {
    let installed = place.file.rfind("-packages").and_then(|at| place.file.get(at + "-packages/".len()..));
    let file = installed.unwrap_or_else(|| place.file.rsplit(['/', '\\']).next().unwrap_or_default());
    let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
    let function = place.function.as_deref().map(|name| format!(" in {name}")).unwrap_or_default();
    format!("{file}{line}{function}")
}

/// What goes before a message: that nothing was raised, or not by what was logged.
const fn kind_words(kind: FailureKind) -> Option<&'static str> {
    match kind {
        FailureKind::Raised => None,
        FailureKind::Handled => Some("handed on as text: "),
        FailureKind::Logging => Some("in MLflow's own logging: "),
    }
}

impl Row for ExceptionRow {
    const KEY: &'static str = "exceptions";
    const CSV: &'static [&'static str] = &[
        "fingerprint",
        "kind",
        "type",
        "message",
        "origin.file",
        "origin.line",
        "origin.function",
        "cause.type",
        "cause.message",
        "count",
        "traces",
        "first_time",
        "last_time",
        "example.trace_id",
        "example.span_id",
        "example.span_name",
    ];

    fn shapes() -> &'static [Column<'static>] {
        &[
            Column { title: "count", is_right: true, shrinks_to: None, drops: 0 },
            Column { title: "kind", is_right: false, shrinks_to: None, drops: 1 },
            Column { title: "type", is_right: false, shrinks_to: Some(14), drops: 0 },
            Column { title: "message", is_right: false, shrinks_to: Some(24), drops: 0 },
            Column { title: "cause", is_right: false, shrinks_to: Some(10), drops: 7 },
            Column { title: "origin", is_right: false, shrinks_to: Some(20), drops: 4 },
            Column { title: "first", is_right: true, shrinks_to: None, drops: 6 },
            Column { title: "last", is_right: true, shrinks_to: None, drops: 2 },
            Column { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Column { title: "span", is_right: false, shrinks_to: Some(8), drops: 5 },
        ]
    }

    fn cells(&self, look: &RenderOptions) -> Vec<Cell> {
        let (group, one) = (&self.0, &self.0.example);
        let failure = &one.failure;
        let message = failure.message.as_deref();
        let cause = failure.cause.as_ref();
        let cause = cause.map(|cause| cause.exception_type.as_deref().or(cause.message.as_deref()).unwrap_or_default());
        vec![
            Cell::own(number::count(group.count.cast_signed()), TextRole::Figure),
            kind_words(failure.kind).map_or_else(Cell::none, |_| Cell::own(failure.kind.as_str(), TextRole::Warn)),
            Cell::maybe(failure.exception_type.as_deref(), TextRole::Bad),
            message.map_or_else(
                || Cell::own(if failure.exception_type.is_none() { NO_MESSAGE } else { "-" }, TextRole::Dim),
                |message| Cell::stored(message, TextRole::Plain),
            ),
            Cell::maybe(cause, TextRole::Plain),
            Cell::maybe(failure.origin.as_ref().map(place).as_deref(), TextRole::Plain),
            Cell::own(number::age(group.first, look.now), TextRole::Plain),
            Cell::own(number::age(group.last, look.now), TextRole::Plain),
            Cell::trace_id(&one.trace_id),
            Cell::maybe(Some(&one.span_name), TextRole::Name),
        ]
    }

    fn json(&self) -> impl Serialize {
        let (group, one) = (&self.0, &self.0.example);
        let failure = &one.failure;
        let message = failure.message.as_deref();
        RowJson {
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
            cause: failure.cause.as_ref().map(|cause| CauseJson::new(cause, one.cause_span.as_ref())),
            count: group.count,
            traces: group.traces,
            first_time: group.first,
            last_time: group.last,
            example: ExampleJson {
                trace_id: &one.trace_id,
                trace_name: one.trace_name.as_deref(),
                experiment_id: &one.experiment_id,
                span_id: &one.span_id,
                span_name: &one.span_name,
                span_type: &one.span_type,
                time: failure.time,
            },
        }
    }

    fn id(&self) -> &str {
        &self.0.example.trace_id
    }
}

/// Prints failures with their stack traces, for people.
///
/// # Errors
/// When they cannot be written.
pub fn print_stacks(output: &mut Output, rows: &[ExceptionRow]) -> Result<()> {
    let (look, out) = (output.look, &mut output.out);
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(out, "\n")?;
        }
        heading(&look, out, &row.0)?;
        match row.0.example.failure.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref()) {
            Some(text) => write_stack(&look, out, text)?,
            None => writeln!(out, "{}", look.theme.paint(TextRole::Dim, "no stack trace was recorded"))?,
        }
    }
    // What is said of them comes after them.
    Ok(out.finish()?)
}

/// How often, what, where, since when, and where to look.
fn heading(look: &RenderOptions, out: &mut dyn Write, group: &ExceptionGroup) -> Result<()> {
    let (one, theme) = (&group.example, look.theme);
    let Failure { exception_type, message, cause, origin, kind, .. } = &one.failure;
    let times = number::count(group.count.cast_signed()) + if look.unicode { " × " } else { " x " };
    let word = kind_words(*kind).unwrap_or_default();
    let what = title(exception_type.as_deref(), message.as_deref());
    let what = one_line(&what);
    let lead = width(&times) + width(word);
    let room = look.width.map_or(usize::MAX, |all| all.saturating_sub(lead).max(LEAST_ROOM));
    write!(out, "{}{word}", theme.paint(TextRole::Figure, &times))?;
    for (at, line) in wrap(&what, room).enumerate() {
        let indent = if at == 0 { 0 } else { lead };
        writeln!(out, "{:indent$}{}", "", theme.paint(TextRole::Bad, line.trim_end()))?;
    }
    if let Some(cause) = cause {
        let place = cause.origin.as_ref().map(|at| format!(", {}", one_line(&place(at)))).unwrap_or_default();
        let what = title(cause.exception_type.as_deref(), cause.message.as_deref());
        let what = one_line(&what);
        writeln!(out, "caused by {}{place}", theme.paint(TextRole::Bad, &what))?;
    }
    let age = |time| match number::age(time, look.now).as_str() {
        "-" => "now".to_owned(),
        age => format!("{age} ago"),
    };
    let facts = [
        origin.as_ref().map(|origin| one_line(&place(origin)).into_owned()),
        Some(format!("span {}", one_line(&one.span_name))),
        Some(format!("trace {}", one_line(&one.trace_id))),
        (group.count > 1).then(|| format!("first {}", age(group.first))),
        Some(if group.count > 1 { format!("last {}", age(group.last)) } else { age(group.last) }),
    ];
    flow(out, facts.into_iter().flatten().map(|fact| theme.paint(TextRole::Dim, &fact)), look.dot(), look.width)?;
    Ok(writeln!(out)?)
}

/// Titles get no narrower than this.
const LEAST_ROOM: usize = 20;

/// A stack trace with frames of libraries folded and without the marks under code; one that is not Python's as it is.
fn write_stack(look: &RenderOptions, out: &mut dyn Write, text: &str) -> Result<()> {
    let Some(chain) = stack::read(text) else { return Ok(writeln!(out, "{}", block(text.trim_end()))?) };
    for raised in &chain {
        if let Some(link) = raised.link {
            writeln!(out, "\n{link}\n")?;
        }
        for run in raised.frames.chunk_by(|a, b| a.library.is_some() == b.library.is_some()) {
            if run.iter().all(|frame| frame.library.is_some()) {
                writeln!(out, "  {}", look.theme.paint(TextRole::Dim, &folded(look, run)))?;
                continue;
            }
            for StackFrame { file, line, function, code, .. } in run {
                let number = line.map(|line| format!(", line {line}")).unwrap_or_default();
                let function = if function.is_empty() { String::new() } else { format!(", in {}", one_line(function)) };
                writeln!(out, "  File \"{}\"{number}{function}", one_line(file))?;
                for code in code {
                    writeln!(out, "    {}", look.theme.paint(TextRole::Name, &one_line(code)))?;
                }
            }
        }
        let error = block(raised.error);
        for line in error.lines().flat_map(|line| wrap(line, look.width.unwrap_or(usize::MAX))) {
            writeln!(out, "{}", look.theme.paint(TextRole::Bad, line.trim_end()))?;
        }
    }
    Ok(())
}

/// `… 6 frames of openai, httpx`
fn folded(look: &RenderOptions, run: &[StackFrame<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in run.iter().filter_map(|frame| frame.library) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let frames = if run.len() == 1 { "frame" } else { "frames" };
    format!("{} {} {frames} of {}", look.ellipsis(), run.len(), one_line(&names.join(", ")))
}
