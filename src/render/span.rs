//! Rows of `mltrace spans`, and one span as a whole.

use super::json::{SCHEMA, SpanJson};
use super::table::{Cell, Shape};
use super::text::{block, clip, one_line};
use super::{Look, Role, Row, View, number, pretty};
use crate::error::Result;
use crate::filter::Found;
use crate::model::{Assessment, Json, Node, Payload, Span, SpanStatus, TokenUsage, TraceInfo, short_trace_id};
use serde::Serialize;
use std::io::Write;

/// A span with what of its trace goes with it.
#[derive(Clone, Debug)]
pub struct SpanRow {
    /// The trace's id.
    pub trace_id: String,
    /// The span.
    pub span: Span,
    /// Where it stands in the tree.
    pub node: Node,
    /// Whether the JSON has its attributes and events.
    pub is_full: bool,
}

/// The role of a status.
#[must_use]
pub const fn status_role(status: &SpanStatus) -> Role {
    match status {
        SpanStatus::Ok => Role::Good,
        SpanStatus::Error => Role::Bad,
        SpanStatus::Unset | SpanStatus::Other(_) => Role::Dim,
    }
}

/// Tokens in and out: `45 → 14`.
#[must_use]
pub fn tokens(usage: &TokenUsage, look: &Look) -> String {
    let arrow = if look.unicode { "→" } else { "->" };
    format!("{} {arrow} {}", number::known(usage.input_tokens), number::known(usage.output_tokens))
}

impl Row for SpanRow {
    const KEY: &'static str = "spans";
    const CSV: &'static [&'static str] = &[
        "trace_id",
        "span_id",
        "parent_id",
        "depth",
        "name",
        "span_type",
        "status",
        "status_message",
        "start_time",
        "duration_ms",
        "model",
        "provider",
        "token_usage.input_tokens",
        "token_usage.output_tokens",
        "token_usage.total_tokens",
        "cost.total_cost",
        "exception.type",
        "exception.message",
        "inputs",
        "outputs",
    ];

    fn shapes() -> &'static [Shape] {
        &[
            Shape { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Shape { title: "span", is_right: false, shrinks_to: None, drops: 5 },
            Shape { title: "name", is_right: false, shrinks_to: Some(16), drops: 0 },
            Shape { title: "type", is_right: false, shrinks_to: Some(6), drops: 3 },
            Shape { title: "status", is_right: false, shrinks_to: None, drops: 4 },
            Shape { title: "duration", is_right: true, shrinks_to: None, drops: 1 },
            Shape { title: "tokens", is_right: true, shrinks_to: None, drops: 2 },
            Shape { title: "model", is_right: false, shrinks_to: Some(8), drops: 6 },
            Shape { title: "failure", is_right: false, shrinks_to: Some(10), drops: 7 },
        ]
    }

    fn cells(&self, look: &Look) -> Vec<Cell> {
        let span = &self.span;
        vec![
            Cell::stored(short_trace_id(&self.trace_id), Role::Id),
            Cell::stored(span.id.as_str(), Role::Dim),
            Cell::stored(&span.name, Role::Name),
            Cell::stored(span.span_type.as_str(), Role::Kind),
            Cell::stored(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::own(number::duration(nanos), Role::Plain)),
            span.usage().map_or_else(Cell::none, |usage| Cell::own(tokens(usage, look), Role::Figure)),
            Cell::maybe(span.model.as_deref(), Role::Plain),
            Cell::maybe(span.failure().as_deref(), Role::Bad),
        ]
    }

    fn json(&self) -> impl Serialize {
        SpanJson::new(&self.trace_id, &self.span, &self.node, self.is_full)
    }

    fn id(&self) -> &str {
        self.span.id.as_str()
    }
}

/// A span in which a text was found.
#[derive(Clone, Debug)]
pub struct FoundSpan {
    /// The span.
    pub row: SpanRow,
    /// The text.
    pub found: Found,
}

impl Row for FoundSpan {
    const KEY: &'static str = SpanRow::KEY;
    const CSV: &'static [&'static str] = &[
        "trace_id",
        "span_id",
        "parent_id",
        "name",
        "span_type",
        "status",
        "start_time",
        "duration_ms",
        "model",
        "match.field",
        "match.text",
    ];

    fn shapes() -> &'static [Shape] {
        &[
            Shape { title: "trace", is_right: false, shrinks_to: None, drops: 0 },
            Shape { title: "span", is_right: false, shrinks_to: None, drops: 5 },
            Shape { title: "name", is_right: false, shrinks_to: Some(12), drops: 0 },
            Shape { title: "type", is_right: false, shrinks_to: Some(6), drops: 2 },
            Shape { title: "status", is_right: false, shrinks_to: None, drops: 3 },
            Shape { title: "duration", is_right: true, shrinks_to: None, drops: 4 },
            Shape { title: "in", is_right: false, shrinks_to: Some(7), drops: 1 },
            Shape { title: "match", is_right: false, shrinks_to: Some(28), drops: 0 },
        ]
    }

    fn cells(&self, _look: &Look) -> Vec<Cell> {
        let span = &self.row.span;
        vec![
            Cell::stored(short_trace_id(&self.row.trace_id), Role::Id),
            Cell::stored(span.id.as_str(), Role::Dim),
            Cell::stored(&span.name, Role::Name),
            Cell::stored(span.span_type.as_str(), Role::Kind),
            Cell::stored(span.status.as_str(), status_role(&span.status)),
            span.duration_ns().map_or_else(Cell::none, |nanos| Cell::own(number::duration(nanos), Role::Plain)),
            Cell::stored(&self.found.field, Role::Dim),
            Cell::found(&self.found),
        ]
    }

    fn json(&self) -> impl Serialize {
        let row = &self.row;
        SpanJson::new(&row.trace_id, &row.span, &row.node, row.is_full).found(&self.found)
    }

    fn id(&self) -> &str {
        self.row.id()
    }
}

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
        struct Document<'a> {
            schema: &'static str,
            span: SpanJson<'a>,
        }
        Document { schema: SCHEMA, span: SpanJson::new(&self.row.trace_id, &self.row.span, &self.row.node, true) }
    }

    fn text(&self, look: &Look, out: &mut dyn Write) -> Result<()> {
        let span = &self.row.span;
        let theme = look.theme;
        let facts = [
            Some(theme.paint(Role::Name, &one_line(&span.name))),
            Some(theme.paint(Role::Kind, &one_line(span.span_type.as_str()))),
            Some(theme.paint(status_role(&span.status), &one_line(span.status.as_str()))),
            span.duration_ns().map(number::duration),
            span.usage().map(|usage| theme.paint(Role::Figure, &tokens(usage, look)) + " tokens"),
            span.model.as_deref().map(|model| one_line(model).into_owned()),
            span.cost.as_ref().and_then(number::cost),
        ];
        writeln!(out, "{}", facts.into_iter().flatten().collect::<Vec<_>>().join("  "))?;
        let parent = span
            .parent
            .as_ref()
            .map_or_else(|| "root".to_owned(), |parent| format!("parent {}", one_line(parent.as_str())));
        let ids = [
            format!("span {}", one_line(span.id.as_str())),
            parent,
            format!("trace {}", one_line(&self.info.trace_id)),
            format!("{} {}", span.start.date_time(look.zone), span.start.zone_name(look.zone)),
        ];
        writeln!(out, "{}", theme.paint(Role::Dim, &ids.join(look.dot())))?;
        failure(look, out, span)?;
        if let Some(payload) = &span.payload {
            contents(look, out, span, payload)?;
        }
        let own: Vec<&Assessment> = self
            .info
            .assessments
            .iter()
            .filter(|assessment| assessment.span_id.as_deref() == Some(span.id.as_str()))
            .collect();
        if !own.is_empty() {
            heading(look, out, "assessments")?;
            for assessment in own {
                writeln!(out, "{}", assessment_line(look, assessment))?;
            }
        }
        Ok(())
    }

    fn items(&self) -> Vec<SpanRow> {
        vec![self.row.clone()]
    }
}

/// The exception with its stack trace, or what else the status tells.
fn failure(look: &Look, out: &mut dyn Write, span: &Span) -> Result<()> {
    if let Some(exception) = &span.exception {
        heading(look, out, "exception")?;
        writeln!(out, "{}", look.theme.paint(Role::Bad, &one_line(&span.failure().unwrap_or_default())))?;
        if let Some(stacktrace) = &exception.stacktrace {
            text_block(out, &block(stacktrace))?;
        }
    } else if !span.status_message.is_empty() {
        heading(look, out, "status message")?;
        text_block(out, &block(&span.status_message))?;
    }
    Ok(())
}

/// Inputs, outputs, the other attributes, events and links.
fn contents(look: &Look, out: &mut dyn Write, span: &Span, payload: &Payload) -> Result<()> {
    for (title, value) in [("inputs", payload.inputs()), ("outputs", payload.outputs())] {
        if let Some(value) = value {
            heading(look, out, title)?;
            text_block(out, &block(&pretty::readable(value)))?;
        }
    }
    let is_shown_above = |key: &str| matches!(key, "mlflow.spanInputs" | "mlflow.spanOutputs");
    let others: Vec<_> = payload.attributes.iter().filter(|(key, _)| !is_shown_above(key)).collect();
    if !others.is_empty() {
        heading(look, out, "attributes")?;
        for (key, value) in others {
            pair(look, out, key, value)?;
        }
    }
    if !payload.events.is_empty() {
        heading(look, out, &format!("events ({})", payload.events.len()))?;
        // The stack trace of the last exception stands above already.
        let shown_stack = span.exception.as_ref().and_then(|exception| exception.stacktrace.as_ref());
        for event in &payload.events {
            let after = number::duration(event.time.0.saturating_sub(span.start.0));
            writeln!(
                out,
                "{}  {}",
                look.theme.paint(Role::Name, &one_line(&event.name)),
                look.theme.paint(Role::Dim, &format!("+{after}"))
            )?;
            for (key, value) in event
                .attributes
                .iter()
                .filter(|(_, value)| shown_stack.is_none() || value.as_string().as_ref() != shown_stack)
            {
                write!(out, "  ")?;
                pair(look, out, key, value)?;
            }
        }
    }
    if !payload.links.is_empty() {
        heading(look, out, "links")?;
        for link in &payload.links {
            writeln!(out, "trace {}  span {}", one_line(&link.trace_id), one_line(&link.span_id))?;
        }
    }
    Ok(())
}

/// `correctness  true  feedback by alice (HUMAN): because …`
#[must_use]
pub(super) fn assessment_line(look: &Look, assessment: &Assessment) -> String {
    let (role, value) = match (&assessment.value, &assessment.error) {
        (Some(value), _) => (Role::Figure, one_line(&value.display()).into_owned()),
        (None, Some(error)) => (Role::Bad, format!("error: {}", one_line(&error.display()))),
        (None, None) => (Role::Plain, "-".to_owned()),
    };
    let name = one_line(&assessment.name);
    let by = assessment.source_id.as_deref().map(|id| format!(" by {}", one_line(id))).unwrap_or_default();
    let kind = assessment.source_type.as_deref().map(|kind| format!(" ({})", one_line(kind))).unwrap_or_default();
    let why = assessment.rationale.as_deref().filter(|why| !why.is_empty());
    let why = why.map(|why| format!(": {}", one_line(why))).unwrap_or_default();
    let void = if assessment.valid { "" } else { " [overridden]" };
    let rest = format!("{}{by}{kind}{void}{why}", assessment.kind.as_str());
    // The name and the value first; what then does not fit the width is cut.
    let room = look.width.unwrap_or(usize::MAX);
    let name = clip(&name, room, look.ellipsis());
    let room = room.saturating_sub(super::text::width(&name) + 2);
    let value = clip(&value, room, look.ellipsis());
    let room = room.saturating_sub(super::text::width(&value) + 2);
    let line = format!(
        "{}  {}  {}",
        look.theme.paint(Role::Name, &name),
        look.theme.paint(role, &value),
        clip(&rest, room, look.ellipsis())
    );
    line.trim_end().to_owned()
}

fn heading(look: &Look, out: &mut dyn Write, title: &str) -> Result<()> {
    Ok(writeln!(out, "\n{}", look.theme.paint(Role::Heading, title))?)
}

fn text_block(out: &mut dyn Write, text: &str) -> Result<()> {
    Ok(writeln!(out, "{}", text.trim_end_matches('\n'))?)
}

/// A key and its value on one line; long values are cut to the width, and JSON has them whole.
fn pair(look: &Look, out: &mut dyn Write, key: &str, value: &Json) -> Result<()> {
    let key = one_line(key);
    let text = value.display();
    let text = one_line(&text);
    let room = look.width.map_or(usize::MAX, |width| width.saturating_sub(super::text::width(&key) + 4).max(10));
    Ok(writeln!(out, "{}  {}", look.theme.paint(Role::Dim, &key), clip(&text, room, look.ellipsis()))?)
}
