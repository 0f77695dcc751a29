//! Steps of a conversation, each with the messages it received and sent.

use super::json::StepJson;
use super::messages::{self, MessageWriter};
use crate::analysis::conversation::{Conversation, Step, StepKind};
use crate::error::Result;
use crate::message::Message;
use crate::model::{Json, Span, Trace, is_runtime_message};
use crate::number;
use crate::output::text::{clip, one_line, width};
use crate::output::{Item, RenderOptions, TextRole, outline};
use crate::views::span::tokens;
use std::io::Write;

/// Steps of a trace's conversation.
#[derive(Clone, Copy, Debug)]
pub(in crate::views) struct Steps<'a> {
    pub(in crate::views) trace: &'a Trace,
    pub(in crate::views) conversation: &'a Conversation,
    /// Whether long messages are shown in full.
    pub(in crate::views) is_full: bool,
}

impl<'a> Steps<'a> {
    /// Writes the steps.
    pub(in crate::views) fn write(&self, options: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let write_record = |out: &mut dyn Write, messages: &[Message]| {
            let mut writer = MessageWriter { options, out, indent: String::new(), is_full: self.is_full };
            messages.iter().try_for_each(|message| writer.write_message(message, None))
        };
        if let Some(record) = &self.conversation.record {
            let source = if record.received.is_empty() { "" } else { "; from the trace record:" };
            writeln!(out, "\n{}", options.theme.paint(TextRole::Dim, &format!("(root span not stored{source})")))?;
            write_record(out, &record.received)?;
        }
        // The messages that a step sends come after the steps within it.
        let mut open: Vec<&Step> = Vec::new();
        for step in &self.conversation.steps {
            while let Some(done) = open.pop_if(|open| open.depth >= step.depth) {
                self.write_closing(options, out, done)?;
            }
            if step.turn.is_some() || step.depth == 0 {
                writeln!(out)?;
            }
            self.write_opening(options, out, step)?;
            open.push(step);
        }
        open.into_iter().rev().try_for_each(|done| self.write_closing(options, out, done))?;
        match &self.conversation.record {
            Some(record) if !record.sent.is_empty() => {
                writeln!(out, "\n{}", options.theme.paint(TextRole::Dim, "(from the trace record:)"))?;
                write_record(out, &record.sent)
            }
            _ => Ok(()),
        }
    }

    /// Returns the steps as JSON.
    pub(in crate::views) fn json(&self) -> impl Iterator<Item = StepJson<'a>> {
        let (trace, spans) = (self.trace, self.trace.span_list());
        let json = move |step: &'a Step| StepJson::new(&trace.info.trace_id, step, &spans[step.span]);
        self.conversation.steps.iter().map(json)
    }

    /// Returns the steps for JSON lines, CSV and ids.
    pub(in crate::views) fn rows(&self) -> Vec<Item> {
        let ids = self.conversation.steps.iter().map(|step| self.span(step).id.to_string());
        ids.zip(self.json()).map(|(span_id, json)| Item::new(span_id, &json)).collect()
    }

    fn span(&self, step: &Step) -> &'a Span {
        &self.trace.span_list()[step.span]
    }

    /// Writes the heading of a step and the messages it received.
    fn write_opening(&self, options: &RenderOptions, out: &mut dyn Write, step: &Step) -> Result<()> {
        let indent = indent(options, step.depth);
        self.write_heading(options, out, step, &indent)?;
        if step.kind == StepKind::Tool {
            return Ok(());
        }
        let mut writer = MessageWriter { options, out, indent: format!("{indent}  "), is_full: self.is_full };
        let parameters = parameters(options, step, self.is_full);
        if !parameters.is_empty() {
            writer.write_dim(&parameters)?;
        }
        let mut gaps = step.gaps.iter().filter(|_| step.kind == StepKind::Call).peekable();
        for at in 0..=step.received.len() {
            while let Some(gap) = gaps.next_if(|gap| gap.at == at) {
                writer.write_dim(&match gap.count {
                    1 => "(1 message shown above)".to_owned(),
                    count => format!("({count} messages shown above)"),
                })?;
            }
            if let Some(message) = step.received.get(at) {
                writer.write_message(message, None)?;
            }
        }
        Ok(())
    }

    /// Writes the heading of a step: `1  Assistant → Tool Agent      2.00 s  110 → 61`.
    fn write_heading(&self, options: &RenderOptions, out: &mut dyn Write, step: &Step, indent: &str) -> Result<()> {
        let (span, theme) = (self.span(step), options.theme);
        let duration = span.duration_ns().map_or_else(|| "open".to_owned(), number::duration);
        let figures = span.usage().map(|usage| tokens(usage, options)).unwrap_or_default();
        let margin = if figures.is_empty() { duration.clone() } else { format!("{duration}  {figures}") };
        let title = self.title(options, step);
        let number = step.turn.map(|turn| format!("{turn}  ")).unwrap_or_default();
        // Too deep to indent: shows the depth instead.
        let deep = if width(indent) < step.depth * 2 {
            format!("{}{} ", options.ellipsis(), step.depth)
        } else {
            String::new()
        };
        let number = deep + &number;
        let lead = format!("{indent}{number}");
        let title = match options.width {
            Some(room) => {
                clip(&title, room.saturating_sub(width(&lead) + width(&margin) + 2).max(8), options.ellipsis())
            }
            None => title,
        };
        let used = width(&lead) + width(&title) + width(&margin);
        let gap = options.width.map_or(2, |room| room.saturating_sub(used).max(2));
        let role = match (span.has_failed(), step.kind) {
            (true, _) => TextRole::Bad,
            (false, StepKind::Agent) => TextRole::Heading,
            (false, StepKind::Tool) => TextRole::Kind,
            (false, StepKind::Call | StepKind::Other) => TextRole::Name,
        };
        let margin = if figures.is_empty() {
            theme.paint(TextRole::Dim, &duration)
        } else {
            format!("{}  {}", theme.paint(TextRole::Dim, &duration), theme.paint(TextRole::Figure, &figures))
        };
        let (number, title) = (theme.paint(TextRole::Id, &number), theme.paint(role, &title));
        Ok(writeln!(out, "{indent}{number}{title}{}{margin}", " ".repeat(gap))?)
    }

    fn title(&self, options: &RenderOptions, step: &Step) -> String {
        let span = self.span(step);
        let arrow = if options.unicode { "→" } else { "->" };
        // Frameworks name tool spans after an internal function: `FunctionTool.acall`, `execute_tool add`.
        let tool = span.declared_name.as_deref().filter(|_| step.kind == StepKind::Tool);
        let name = one_line(tool.unwrap_or(span.display_name()));
        match step.kind {
            StepKind::Agent => {
                let speaker = step.speaker.as_deref().map_or(name, one_line);
                match &step.addressee {
                    Some(addressee) => format!("{speaker} {arrow} {}", one_line(addressee)),
                    None => speaker.into_owned(),
                }
            }
            StepKind::Call => {
                let speaker = step.speaker.as_deref().filter(|_| step.turn.is_some());
                let speaker = speaker.map(|speaker| format!("{}{}", one_line(speaker), options.separator()));
                let model = span.model.as_deref().map(|model| format!("{}{}", options.separator(), one_line(model)));
                format!("{}{name}{}", speaker.unwrap_or_default(), model.unwrap_or_default())
            }
            StepKind::Tool if step.received.is_empty() && !has_inputs(span) => name.into_owned(),
            StepKind::Tool => format!("{name}{}", messages::format_arguments(&step.received)),
            StepKind::Other => match runtime_name(&name) {
                Some(short) => short.to_owned(),
                None => name.into_owned(),
            },
        }
    }

    /// Writes the messages that a step sent, and its failures.
    fn write_closing(&self, options: &RenderOptions, out: &mut dyn Write, step: &Step) -> Result<()> {
        let span = self.span(step);
        let mut writer =
            MessageWriter { options, out, indent: indent(options, step.depth) + "  ", is_full: self.is_full };
        if let Some(streamed) = &step.streamed {
            let first = streamed.first_after_ns.map(|nanos| format!(", first text after {}", number::duration(nanos)));
            let unit = if streamed.chunks == 1 { "chunk" } else { "chunks" };
            writer.write_dim(&format!("(streamed in {} {unit}{})", streamed.chunks, first.unwrap_or_default()))?;
        }
        for message in &step.sent {
            writer.write_message(message, step.speaker.as_deref())?;
        }
        for failure in &step.failures {
            if failure.is_logging {
                let why = failure.text.lines().next().unwrap_or_default();
                writer.write_failure(TextRole::Warn, &format!("MLflow's own logging failed, not the call: {why}"))?;
            } else {
                writer.write_failure(TextRole::Bad, &failure.text)?;
            }
        }
        if let Some(failure) = span.handled_failure.as_ref().filter(|_| !step.is_failure_shown) {
            writer.write_failure(TextRole::Warn, &format!("handled: {failure}"))?;
        }
        Ok(())
    }
}

/// Shortens the name of an AutoGen runtime message, which contains an agent's key twice, to `autogen process writer`.
fn runtime_name(name: &str) -> Option<&str> {
    let is_key = |text: &str| text.len() > 36 && text.as_bytes()[8] == b'-' && text.as_bytes()[13] == b'-';
    let cut = name.match_indices('_').find(|(at, _)| is_key(&name[at + 1..]))?;
    is_runtime_message(name).then_some(&name[..cut.0])
}

/// Maximum indentation if the width is unknown.
const MAX_INDENT: usize = 60;

/// Returns the indentation of a step, at most a quarter of the width.
fn indent(options: &RenderOptions, depth: usize) -> String {
    let max = options.width.map_or(MAX_INDENT, |room| room / 4);
    " ".repeat((depth * 2).min(max))
}

fn has_inputs(span: &Span) -> bool {
    span.payload.as_ref().is_some_and(|payload| payload.inputs().is_some())
}

/// Formats the parameters of a call: `temperature 0.1 · tools get_weather`.
fn parameters(options: &RenderOptions, step: &Step, is_full: bool) -> String {
    let shown = step.parameters.iter().map(|(key, value)| {
        let value = match value.items() {
            Some(items) if key == "tools" => items.iter().map(Json::display).collect::<Vec<_>>().join(", "),
            _ if is_full => value.display(),
            _ => outline::line(value),
        };
        one_line(&format!("{key} {value}")).into_owned()
    });
    shown.collect::<Vec<_>>().join(options.separator())
}
