//! Details of one span: `mltrace trace show --span`.

use super::assessment;
use super::json::SpanJson;
use super::span::{SpanRow, failures, status_role, tokens};
use crate::error::Result;
use crate::frameworks;
use crate::model::{Payload, Span, SpanEvent, SpanLink, TraceInfo, short_trace_id};
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::paragraph::{Paragraph, write_facts, write_pair};
use crate::output::text::one_line;
use crate::output::{RenderOptions, TextRole, View};
use serde::Serialize;
use std::io::Write;

/// Details of one span.
#[derive(Debug)]
pub struct SpanView {
    /// Record of the trace.
    pub info: TraceInfo,
    /// Span.
    pub row: SpanRow,
}

/// One span with everything that was recorded.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct SpanDocument<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    schema: &'static str,
    /// The span.
    span: SpanJson<'a>,
}

impl View for SpanView {
    type Item = SpanRow;

    fn json(&self) -> impl Serialize {
        let row = &self.row;
        let span = SpanJson::new(&row.trace_id, &row.span, &row.node, true).with_agent(row.agent.as_deref());
        SpanDocument { schema: SCHEMA, span }
    }

    fn text(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let span = &self.row.span;
        self.write_header(options, out)?;
        write_failures(options, out, span)?;
        if let Some(payload) = &span.payload {
            write_inputs_and_outputs(options, out, payload)?;
            write_attributes(options, out, payload)?;
            write_events(options, out, span, payload)?;
            write_links(options, out, &payload.links)?;
        }
        let id = Some(span.id.as_str());
        let mut assessments =
            self.info.assessments.iter().filter(|assessment| assessment.span_id.as_deref() == id).peekable();
        if assessments.peek().is_some() {
            write_heading(options, out, "assessments")?;
        }
        assessments.try_for_each(|assessment| assessment::write_full(options, out, "", assessment))
    }

    fn items(&self) -> Vec<SpanRow> {
        vec![self.row.clone()]
    }
}

impl SpanView {
    fn write_header(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let (span, theme) = (&self.row.span, options.theme);
        let facts = [
            Some(theme.paint(TextRole::Name, &one_line(&span.name))),
            Some(theme.paint(TextRole::Kind, &one_line(span.span_type.as_str()))),
            Some(theme.paint(status_role(&span.status), &one_line(span.status.as_str()))),
            span.duration_ns().map(number::duration),
            span.usage().map(|usage| theme.paint(TextRole::Figure, &tokens(usage, options)) + " tokens"),
            span.model.as_deref().map(|model| one_line(model).into_owned()),
            span.cost.as_ref().and_then(number::cost),
        ];
        write_facts(out, facts.into_iter().flatten(), "  ", options.width)?;
        let parent = span
            .parent
            .as_ref()
            .map_or_else(|| "root".to_owned(), |parent| format!("parent {}", one_line(parent.as_str())));
        let mut ids = vec![
            format!("span {}", one_line(span.id.as_str())),
            parent,
            format!("trace {}", one_line(&self.info.trace_id)),
            format!("{} {}", span.start.date_time(options.zone), span.start.zone_name(options.zone)),
        ];
        let payload = span.payload.as_ref();
        ids.extend(payload.and_then(log_level).map(|level| format!("log level {level}")));
        ids.extend(payload.and_then(tool_names).map(|tools| format!("tools {}", one_line(&tools))));
        write_facts(out, ids.iter().map(|id| theme.paint(TextRole::Dim, id)), options.separator(), options.width)?;
        match payload.and_then(|payload| payload.attribute("mlflow.spanDescription")) {
            Some(description) => Paragraph::with_indent(options, "").write_text(out, &description.display()),
            None => Ok(()),
        }
    }
}

/// Returns the name of a span's log level (MLflow 3.13 and later, `entities/span_log_level.py`).
fn log_level(payload: &Payload) -> Option<&'static str> {
    match payload.attribute("mlflow.spanLogLevel")?.as_i64()? {
        10 => Some("DEBUG"),
        20 => Some("INFO"),
        30 => Some("WARNING"),
        40 => Some("ERROR"),
        50 => Some("CRITICAL"),
        _ => None,
    }
}

/// Returns the names of the tools offered to the model. Their definitions are listed with the attributes.
fn tool_names(payload: &Payload) -> Option<String> {
    let tools = payload.attribute("mlflow.chat.tools")?.items()?;
    let name = |tool: &crate::model::Json| {
        let function = tool.member("function");
        Some(function.as_ref().unwrap_or(tool).member("name")?.display())
    };
    let names: Vec<String> = tools.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Writes the exception with its stack trace, a handled failure, and the status message unless it repeats one of them.
fn write_failures(options: &RenderOptions, out: &mut dyn Write, span: &Span) -> Result<()> {
    let mut shown = String::new();
    for (role, failure) in failures(span).filter(|(role, _)| *role == TextRole::Warn || span.exception.is_some()) {
        write_heading(options, out, if role == TextRole::Warn { "failure" } else { "exception" })?;
        writeln!(out, "{}", options.theme.paint(role, &one_line(&failure)))?;
        shown += &failure;
        let stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref());
        if let (TextRole::Bad, Some(stack)) = (role, stack) {
            Paragraph::with_indent(options, "").write_text(out, stack)?;
        }
    }
    if !shown.contains(&span.status_message) {
        write_heading(options, out, "status message")?;
        Paragraph::with_indent(options, "").write_text(out, &span.status_message)?;
    }
    Ok(())
}

/// Writes inputs and outputs.
fn write_inputs_and_outputs(options: &RenderOptions, out: &mut dyn Write, payload: &Payload) -> Result<()> {
    for (title, value) in [("inputs", payload.inputs()), ("outputs", payload.outputs())] {
        if let Some(value) = value {
            write_heading(options, out, title)?;
            Paragraph::with_indent(options, "").write_text(out, &crate::output::pretty::readable(value))?;
        }
    }
    Ok(())
}

/// Writes the attributes that are not shown above.
fn write_attributes(options: &RenderOptions, out: &mut dyn Write, payload: &Payload) -> Result<()> {
    let is_shown_above = |key: &str| {
        matches!(key, "mlflow.spanInputs" | "mlflow.spanOutputs" | "mlflow.spanDescription")
            || (key == "mlflow.spanLogLevel" && log_level(payload).is_some())
    };
    let mut others = payload.attributes.iter().filter(|(key, _)| !is_shown_above(key)).peekable();
    if others.peek().is_some() {
        write_heading(options, out, "attributes")?;
    }
    others.try_for_each(|(key, value)| write_pair(options, out, "", key, value))
}

/// Writes all events; the chunks of a stream as one text.
fn write_events(options: &RenderOptions, out: &mut dyn Write, span: &Span, payload: &Payload) -> Result<()> {
    let after = |event_time: i64| number::duration(event_time.saturating_sub(span.start.0));
    let stream = frameworks::streamed_response(&payload.events).filter(|stream| !stream.messages.is_empty());
    if let Some(stream) = &stream {
        let first =
            stream.first_content.map(|first| format!(", first text after {}", after(first.0))).unwrap_or_default();
        write_heading(options, out, &format!("stream ({} chunks{first})", stream.chunks))?;
        Paragraph::with_indent(options, "").write_text(out, &stream.text())?;
    }
    let is_listed = |event: &&SpanEvent| stream.is_none() || !frameworks::is_chunk(event);
    let listed: Vec<&SpanEvent> = payload.events.iter().filter(is_listed).collect();
    if !listed.is_empty() {
        write_heading(options, out, &format!("events ({})", listed.len()))?;
    }
    // The stack trace of the last exception is already shown above.
    let shown_stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_ref());
    for event in listed {
        let name = options.theme.paint(TextRole::Name, &one_line(&event.name));
        writeln!(out, "{name}  {}", options.theme.paint(TextRole::Dim, &format!("+{}", after(event.time.0))))?;
        for (key, value) in &event.attributes {
            if shown_stack.is_none() || value.as_string().as_ref() != shown_stack {
                write_pair(options, out, "  ", key, value)?;
            }
        }
    }
    Ok(())
}

fn write_links(options: &RenderOptions, out: &mut dyn Write, links: &[SpanLink]) -> Result<()> {
    if !links.is_empty() {
        write_heading(options, out, "links")?;
    }
    for link in links {
        let trace_id = one_line(short_trace_id(&link.trace_id));
        writeln!(out, "trace {}  span {}", options.theme.paint(TextRole::Id, &trace_id), one_line(&link.span_id))?;
        for (key, value) in link.attributes.members().unwrap_or_default() {
            write_pair(options, out, "  ", &key, &value)?;
        }
    }
    Ok(())
}

fn write_heading(options: &RenderOptions, out: &mut dyn Write, title: &str) -> Result<()> {
    Ok(writeln!(out, "\n{}", options.theme.paint(TextRole::Heading, title))?)
}
