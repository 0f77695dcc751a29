//! One span as a whole: `mltrace trace show --span`.

use super::assessment;
use super::json::SpanJson;
use super::span::{SpanRow, failures, status_role, tokens};
use crate::error::Result;
use crate::frameworks;
use crate::model::{Payload, Span, SpanEvent, SpanLink, TraceInfo, short_trace_id};
use crate::output::json::SCHEMA;
use crate::output::paragraph::{Paragraph, flow, pair};
use crate::output::text::one_line;
use crate::output::{RenderOptions, TextRole, View, number};
use serde::Serialize;
use std::io::Write;

/// One span with all it carries.
#[derive(Debug)]
pub struct SpanView {
    /// The trace.
    pub info: TraceInfo,
    /// The span.
    pub row: SpanRow,
}

impl View for SpanView {
    type Item = SpanRow;

    fn json(&self) -> impl Serialize {
        #[derive(Serialize)]
        struct SpanDocument<'a> {
            schema: &'static str,
            span: SpanJson<'a>,
        }
        let row = &self.row;
        let span = SpanJson::new(&row.trace_id, &row.span, &row.node, true).of_agent(row.agent.as_deref());
        SpanDocument { schema: SCHEMA, span }
    }

    fn text(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let span = &self.row.span;
        self.header(look, out)?;
        failure(look, out, span)?;
        if let Some(payload) = &span.payload {
            contents(look, out, payload)?;
            attributes(look, out, payload)?;
            events(look, out, span, payload)?;
            links(look, out, &payload.links)?;
        }
        let id = Some(span.id.as_str());
        let mut own = self.info.assessments.iter().filter(|assessment| assessment.span_id.as_deref() == id).peekable();
        if own.peek().is_some() {
            heading(look, out, "assessments")?;
        }
        own.try_for_each(|assessment| assessment::whole(look, out, "", assessment))
    }

    fn items(&self) -> Vec<SpanRow> {
        vec![self.row.clone()]
    }
}

impl SpanView {
    fn header(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let (span, theme) = (&self.row.span, look.theme);
        let facts = [
            Some(theme.paint(TextRole::Name, &one_line(&span.name))),
            Some(theme.paint(TextRole::Kind, &one_line(span.span_type.as_str()))),
            Some(theme.paint(status_role(&span.status), &one_line(span.status.as_str()))),
            span.duration_ns().map(number::duration),
            span.usage().map(|usage| theme.paint(TextRole::Figure, &tokens(usage, look)) + " tokens"),
            span.model.as_deref().map(|model| one_line(model).into_owned()),
            span.cost.as_ref().and_then(number::cost),
        ];
        flow(out, facts.into_iter().flatten(), "  ", look.width)?;
        let parent = span
            .parent
            .as_ref()
            .map_or_else(|| "root".to_owned(), |parent| format!("parent {}", one_line(parent.as_str())));
        let mut ids = vec![
            format!("span {}", one_line(span.id.as_str())),
            parent,
            format!("trace {}", one_line(&self.info.trace_id)),
            format!("{} {}", span.start.date_time(look.zone), span.start.zone_name(look.zone)),
        ];
        let payload = span.payload.as_ref();
        ids.extend(payload.and_then(log_level).map(|level| format!("log level {level}")));
        ids.extend(payload.and_then(tools).map(|tools| format!("tools {}", one_line(&tools))));
        flow(out, ids.iter().map(|id| theme.paint(TextRole::Dim, id)), look.dot(), look.width)?;
        match payload.and_then(|payload| payload.attribute("mlflow.spanDescription")) {
            Some(description) => Paragraph::whole(look, "").text(out, &description.display()),
            None => Ok(()),
        }
    }
}

/// The word for the level of a span (3.13 on, `entities/span_log_level.py`).
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

/// The names of the tools that the model was offered; their definitions stand among the attributes.
fn tools(payload: &Payload) -> Option<String> {
    let tools = payload.attribute("mlflow.chat.tools")?.items()?;
    let name = |tool: &crate::model::Json| {
        let function = tool.member("function");
        Some(function.as_ref().unwrap_or(tool).member("name")?.display())
    };
    let names: Vec<String> = tools.iter().filter_map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// The exception with its stack trace, the status message if it says more, and the failure that was handled.
fn failure(look: &RenderOptions, out: &mut dyn Write, span: &Span) -> Result<()> {
    let mut shown = String::new();
    for (role, failure) in failures(span).filter(|(role, _)| *role == TextRole::Warn || span.exception.is_some()) {
        heading(look, out, if role == TextRole::Warn { "failure" } else { "exception" })?;
        writeln!(out, "{}", look.theme.paint(role, &one_line(&failure)))?;
        shown += &failure;
        let stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_deref());
        if let (TextRole::Bad, Some(stack)) = (role, stack) {
            Paragraph::whole(look, "").text(out, stack)?;
        }
    }
    if !shown.contains(&span.status_message) {
        heading(look, out, "status message")?;
        Paragraph::whole(look, "").text(out, &span.status_message)?;
    }
    Ok(())
}

/// Inputs and outputs, and the text that came bit by bit.
fn contents(look: &RenderOptions, out: &mut dyn Write, payload: &Payload) -> Result<()> {
    for (title, value) in [("inputs", payload.inputs()), ("outputs", payload.outputs())] {
        if let Some(value) = value {
            heading(look, out, title)?;
            Paragraph::whole(look, "").text(out, &crate::output::pretty::readable(value))?;
        }
    }
    Ok(())
}

/// The attributes that do not stand above.
fn attributes(look: &RenderOptions, out: &mut dyn Write, payload: &Payload) -> Result<()> {
    let is_shown_above = |key: &str| {
        matches!(key, "mlflow.spanInputs" | "mlflow.spanOutputs" | "mlflow.spanDescription")
            || (key == "mlflow.spanLogLevel" && log_level(payload).is_some())
    };
    let mut others = payload.attributes.iter().filter(|(key, _)| !is_shown_above(key)).peekable();
    if others.peek().is_some() {
        heading(look, out, "attributes")?;
    }
    others.try_for_each(|(key, value)| pair(look, out, "", key, value))
}

/// All events; the chunks of a stream as one text.
fn events(look: &RenderOptions, out: &mut dyn Write, span: &Span, payload: &Payload) -> Result<()> {
    let after = |event_time: i64| number::duration(event_time.saturating_sub(span.start.0));
    let stream = frameworks::streamed(&payload.events).filter(|stream| !stream.messages.is_empty());
    if let Some(stream) = &stream {
        let first = stream.first.map(|first| format!(", the first text after {}", after(first.0))).unwrap_or_default();
        heading(look, out, &format!("stream ({} chunks{first})", stream.chunks))?;
        Paragraph::whole(look, "").text(out, &stream.text())?;
    }
    let is_listed = |event: &&SpanEvent| stream.is_none() || !frameworks::is_chunk(event);
    let listed: Vec<&SpanEvent> = payload.events.iter().filter(is_listed).collect();
    if !listed.is_empty() {
        heading(look, out, &format!("events ({})", listed.len()))?;
    }
    // The stack trace of the last exception stands above already.
    let shown_stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_ref());
    for event in listed {
        let name = look.theme.paint(TextRole::Name, &one_line(&event.name));
        writeln!(out, "{name}  {}", look.theme.paint(TextRole::Dim, &format!("+{}", after(event.time.0))))?;
        for (key, value) in &event.attributes {
            if shown_stack.is_none() || value.as_string().as_ref() != shown_stack {
                pair(look, out, "  ", key, value)?;
            }
        }
    }
    Ok(())
}

fn links(look: &RenderOptions, out: &mut dyn Write, links: &[SpanLink]) -> Result<()> {
    if !links.is_empty() {
        heading(look, out, "links")?;
    }
    for link in links {
        let trace_id = one_line(short_trace_id(&link.trace_id));
        writeln!(out, "trace {}  span {}", look.theme.paint(TextRole::Id, &trace_id), one_line(&link.span_id))?;
        for (key, value) in link.attributes.members().unwrap_or_default() {
            pair(look, out, "  ", &key, &value)?;
        }
    }
    Ok(())
}

fn heading(look: &RenderOptions, out: &mut dyn Write, title: &str) -> Result<()> {
    Ok(writeln!(out, "\n{}", look.theme.paint(TextRole::Heading, title))?)
}
