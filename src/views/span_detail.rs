//! Details of one span: `mltrace trace show --span`.

use super::assessment;
use super::json::SpanJson;
use super::span::{SpanRow, failures, status_role, tokens};
use crate::error::Result;
use crate::frameworks;
use crate::model::{Payload, Span, SpanEvent, SpanLink, TraceInfo, short_trace_id};
use crate::number;
use crate::output::json::SCHEMA;
use crate::output::{Block, Document, Paragraph, StyledText, TextRole, View, pretty};
use serde::Serialize;
use std::borrow::Cow;

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

    fn text(&self, document: &mut Document<'_>) -> Result<()> {
        let span = &self.row.span;
        self.write_header(document)?;
        write_failures(document, span)?;
        if let Some(payload) = &span.payload {
            write_inputs_and_outputs(document, payload)?;
            write_attributes(document, payload)?;
            write_events(document, span, payload)?;
            write_links(document, &payload.links)?;
        }
        let id = Some(span.id.as_str());
        let mut assessments =
            self.info.assessments.iter().filter(|assessment| assessment.span_id.as_deref() == id).peekable();
        if assessments.peek().is_some() {
            document.add(Block::Heading("assessments"))?;
        }
        assessments.flat_map(assessment::full).try_for_each(|block| document.add(block))
    }

    fn items(&self) -> Vec<SpanRow> {
        vec![self.row.clone()]
    }
}

impl SpanView {
    fn write_header(&self, document: &mut Document<'_>) -> Result<()> {
        let (span, options) = (&self.row.span, document.options);
        let facts = [
            Some(StyledText::new(TextRole::Name, &span.name)),
            span.span_type.known().map(|name| StyledText::new(TextRole::Kind, name)),
            Some(StyledText::new(status_role(&span.status), span.status.as_str())),
            span.duration_ns().map(|nanos| StyledText::plain(&number::duration(nanos))),
            span.usage().map(|usage| {
                StyledText::new(TextRole::Figure, &tokens(usage, &options)).with(TextRole::Plain, " tokens")
            }),
            span.model.as_deref().map(StyledText::plain),
            span.cost.as_ref().and_then(number::cost).map(|cost| StyledText::plain(&cost)),
        ];
        document.add(Block::Facts(facts.into_iter().flatten().collect(), "  "))?;
        let parent = &span.parent;
        let mut ids = vec![
            format!("span {}", span.id.as_str()),
            parent.as_ref().map_or_else(|| "root".to_owned(), |parent| format!("parent {}", parent.as_str())),
            format!("trace {}", self.info.trace_id),
            options.time(span.start),
        ];
        let payload = span.payload.as_ref();
        ids.extend(payload.and_then(log_level).map(|level| format!("log level {level}")));
        ids.extend(payload.and_then(tool_names).map(|tools| format!("tools {tools}")));
        let ids = ids.iter().map(|id| StyledText::new(TextRole::Dim, id)).collect();
        document.add(Block::Facts(ids, options.separator()))?;
        match payload.and_then(|payload| payload.attribute("mlflow.spanDescription")) {
            Some(description) => document.add(Block::Text(Paragraph::plain(&description.display()))),
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
    let name = |tool: &crate::json::Json| {
        let function = tool.member("function");
        Some(function.as_ref().unwrap_or(tool).member("name")?.display())
    };
    let names: Vec<String> = tools.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Writes the exception with its stack trace, a handled failure, and the status message unless it repeats one of them.
fn write_failures(document: &mut Document<'_>, span: &Span) -> Result<()> {
    let mut shown = String::new();
    for (role, failure) in failures(span).filter(|(role, _)| *role == TextRole::Warn || span.exception.is_some()) {
        document.add(Block::Heading(if role == TextRole::Warn { "failure" } else { "exception" }))?;
        document.add(Block::Line(StyledText::new(role, &failure)))?;
        shown += &failure;
        let stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref());
        if let (TextRole::Bad, Some(stack)) = (role, stack) {
            document.add(Block::Text(Paragraph::plain(stack)))?;
        }
    }
    if !shown.contains(&span.status_message) {
        document.add(Block::Heading("status message"))?;
        document.add(Block::Text(Paragraph::plain(&span.status_message)))?;
    }
    Ok(())
}

/// Writes inputs and outputs.
fn write_inputs_and_outputs(document: &mut Document<'_>, payload: &Payload) -> Result<()> {
    for (title, value) in [("inputs", payload.inputs()), ("outputs", payload.outputs())] {
        if let Some(value) = value {
            document.add(Block::Heading(title))?;
            document.add(Block::Text(Paragraph::plain(&pretty::readable(value))))?;
        }
    }
    Ok(())
}

/// Writes the attributes that are not shown above.
fn write_attributes(document: &mut Document<'_>, payload: &Payload) -> Result<()> {
    let is_shown_above = |key: &str| {
        matches!(key, "mlflow.spanInputs" | "mlflow.spanOutputs" | "mlflow.spanDescription")
            || (key == "mlflow.spanLogLevel" && log_level(payload).is_some())
    };
    let mut others = payload.attributes.iter().filter(|(key, _)| !is_shown_above(key)).peekable();
    if others.peek().is_some() {
        document.add(Block::Heading("attributes"))?;
    }
    others.try_for_each(|(key, value)| document.add(Block::Pair(key, Cow::Borrowed(value))))
}

/// Writes all events; the chunks of a stream as one text.
fn write_events(document: &mut Document<'_>, span: &Span, payload: &Payload) -> Result<()> {
    let after = |event_time: i64| number::duration(event_time.saturating_sub(span.start.0));
    let stream = frameworks::streamed_response(&payload.events).filter(|stream| !stream.messages.is_empty());
    if let Some(stream) = &stream {
        let first =
            stream.first_content.map(|first| format!(", first text after {}", after(first.0))).unwrap_or_default();
        document.add(Block::Heading(&format!("stream ({} chunks{first})", stream.chunks)))?;
        document.add(Block::Text(Paragraph::plain(&stream.text())))?;
    }
    let is_listed = |event: &&SpanEvent| stream.is_none() || !frameworks::is_chunk(event);
    let listed: Vec<&SpanEvent> = payload.events.iter().filter(is_listed).collect();
    if !listed.is_empty() {
        document.add(Block::Heading(&format!("events ({})", listed.len())))?;
    }
    // The stack trace of the last exception is already shown above.
    let shown_stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_ref());
    for event in listed {
        let name = StyledText::new(TextRole::Name, &event.name).with(TextRole::Plain, "  ");
        document.add(Block::Line(name.with(TextRole::Dim, &format!("+{}", after(event.time.0)))))?;
        for (key, value) in &event.attributes {
            if shown_stack.is_none() || value.as_string().as_ref() != shown_stack {
                document.indented("  ").add(Block::Pair(key, Cow::Borrowed(value)))?;
            }
        }
    }
    Ok(())
}

fn write_links(document: &mut Document<'_>, links: &[SpanLink]) -> Result<()> {
    if !links.is_empty() {
        document.add(Block::Heading("links"))?;
    }
    for link in links {
        let line = StyledText::plain("trace ").with(TextRole::Id, short_trace_id(&link.trace_id));
        document.add(Block::Line(line.with(TextRole::Plain, &format!("  span {}", link.span_id))))?;
        for (key, value) in link.attributes.members().unwrap_or_default() {
            document.indented("  ").add(Block::Pair(&key, Cow::Owned(value)))?;
        }
    }
    Ok(())
}
