//! The steps of a conversation, each with the messages that went into and came out of it.

use super::StepRow;
use super::json::StepJson;
use super::messages::{self, MessageWriter};
use crate::analysis::conversation::{Conversation, Step, StepKind};
use crate::error::Result;
use crate::message::Message;
use crate::model::{Json, Span, Trace, is_runtime_message};
use crate::output::text::{clip, one_line, width};
use crate::output::{RenderOptions, TextRole, number, outline};
use crate::views::span::tokens;
use std::io::Write;

/// The steps of a trace's conversation.
#[derive(Clone, Copy, Debug)]
pub(in crate::views) struct Steps<'a> {
    pub(in crate::views) trace: &'a Trace,
    pub(in crate::views) conversation: &'a Conversation,
    /// Whether long messages are printed whole.
    pub(in crate::views) is_full: bool,
}

impl<'a> Steps<'a> {
    /// Writes them, one below the other.
    pub(in crate::views) fn write(&self, look: &RenderOptions, out: &mut dyn Write) -> Result<()> {
        let of_record = |out: &mut dyn Write, messages: &[Message]| {
            let mut writer = MessageWriter { look, out, indent: String::new(), is_full: self.is_full };
            messages.iter().try_for_each(|message| writer.message(message, None))
        };
        if let Some(record) = &self.conversation.record {
            let of = if record.received.is_empty() { "" } else { "; from the trace's record:" };
            writeln!(out, "\n{}", look.theme.paint(TextRole::Dim, &format!("(the root is not stored{of})")))?;
            of_record(out, &record.received)?;
        }
        // The messages that a step sends come after the steps within it.
        let mut open: Vec<&Step> = Vec::new();
        for step in &self.conversation.steps {
            while let Some(done) = open.pop_if(|open| open.depth >= step.depth) {
                self.ending(look, out, done)?;
            }
            if step.turn.is_some() || step.depth == 0 {
                writeln!(out)?;
            }
            self.opening(look, out, step)?;
            open.push(step);
        }
        open.into_iter().rev().try_for_each(|done| self.ending(look, out, done))?;
        match &self.conversation.record {
            Some(record) if !record.sent.is_empty() => {
                writeln!(out, "\n{}", look.theme.paint(TextRole::Dim, "(from the trace's record:)"))?;
                of_record(out, &record.sent)
            }
            _ => Ok(()),
        }
    }

    /// Their JSON form.
    pub(in crate::views) fn json(&self) -> impl Iterator<Item = StepJson<'a>> {
        let (trace, spans) = (self.trace, self.trace.span_list());
        let json = move |step: &'a Step| StepJson::new(&trace.info.trace_id, step, &spans[step.span]);
        self.conversation.steps.iter().map(json)
    }

    /// The steps for JSON lines, CSV and ids.
    pub(in crate::views) fn rows(&self) -> Vec<StepRow> {
        let ids = self.conversation.steps.iter().map(|step| self.span(step).id.to_string());
        ids.zip(self.json()).map(|(span_id, json)| StepRow { span_id, json: Json::of(&json) }).collect()
    }

    fn span(&self, step: &Step) -> &'a Span {
        &self.trace.span_list()[step.span]
    }

    /// The heading of a step, and the messages that it received.
    fn opening(&self, look: &RenderOptions, out: &mut dyn Write, step: &Step) -> Result<()> {
        let indent = indent(look, step.depth);
        self.heading(look, out, step, &indent)?;
        if step.kind == StepKind::Tool {
            return Ok(());
        }
        let mut writer = MessageWriter { look, out, indent: format!("{indent}  "), is_full: self.is_full };
        let parameters = parameters(look, step, self.is_full);
        if !parameters.is_empty() {
            writer.dim(&parameters)?;
        }
        let mut gaps = step.gaps.iter().filter(|_| step.kind == StepKind::Call).peekable();
        for at in 0..=step.received.len() {
            while let Some(gap) = gaps.next_if(|gap| gap.at == at) {
                writer.dim(&match gap.count {
                    1 => "(1 message from above)".to_owned(),
                    count => format!("({count} messages from above)"),
                })?;
            }
            if let Some(message) = step.received.get(at) {
                writer.message(message, None)?;
            }
        }
        Ok(())
    }

    /// `1  Assistant → Tool Agent      2.00 s  110 → 61`
    fn heading(&self, look: &RenderOptions, out: &mut dyn Write, step: &Step, indent: &str) -> Result<()> {
        let (span, theme) = (self.span(step), look.theme);
        let duration = span.duration_ns().map_or_else(|| "open".to_owned(), number::duration);
        let figures = span.usage().map(|usage| tokens(usage, look)).unwrap_or_default();
        let margin = if figures.is_empty() { duration.clone() } else { format!("{duration}  {figures}") };
        let title = self.title(look, step);
        let number = step.turn.map(|turn| format!("{turn}  ")).unwrap_or_default();
        // Deeper than the screen: tell the depth instead of indenting.
        let deep =
            if width(indent) < step.depth * 2 { format!("{}{} ", look.ellipsis(), step.depth) } else { String::new() };
        let number = deep + &number;
        let lead = format!("{indent}{number}");
        let title = match look.width {
            Some(room) => clip(&title, room.saturating_sub(width(&lead) + width(&margin) + 2).max(8), look.ellipsis()),
            None => title,
        };
        let used = width(&lead) + width(&title) + width(&margin);
        let gap = look.width.map_or(2, |room| room.saturating_sub(used).max(2));
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

    fn title(&self, look: &RenderOptions, step: &Step) -> String {
        let span = self.span(step);
        let arrow = if look.unicode { "→" } else { "->" };
        // Frameworks name spans of tools after their own function: `FunctionTool.acall`, `execute_tool add`.
        let tool = span.declared_name.as_deref().filter(|_| step.kind == StepKind::Tool);
        let name = one_line(tool.unwrap_or(span.shown_name()));
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
                let speaker = speaker.map(|speaker| format!("{}{}", one_line(speaker), look.dot()));
                let model = span.model.as_deref().map(|model| format!("{}{}", look.dot(), one_line(model)));
                format!("{}{name}{}", speaker.unwrap_or_default(), model.unwrap_or_default())
            }
            StepKind::Tool if step.received.is_empty() && !has_inputs(span) => name.into_owned(),
            StepKind::Tool => format!("{name}{}", messages::arguments(&step.received)),
            StepKind::Other => match runtime_name(&name) {
                Some(short) => short.to_owned(),
                None => name.into_owned(),
            },
        }
    }

    /// The messages that a step sent, and its failures.
    fn ending(&self, look: &RenderOptions, out: &mut dyn Write, step: &Step) -> Result<()> {
        let span = self.span(step);
        let mut writer = MessageWriter { look, out, indent: indent(look, step.depth) + "  ", is_full: self.is_full };
        if let Some(streamed) = &step.streamed {
            let first =
                streamed.first_after_ns.map(|nanos| format!(", the first text after {}", number::duration(nanos)));
            let pieces = if streamed.chunks == 1 { "piece" } else { "pieces" };
            writer.dim(&format!("(streamed in {} {pieces}{})", streamed.chunks, first.unwrap_or_default()))?;
        }
        for message in &step.sent {
            writer.message(message, step.speaker.as_deref())?;
        }
        for failure in &step.failures {
            if failure.is_logging {
                let why = failure.text.lines().next().unwrap_or_default();
                writer.failure(TextRole::Warn, &format!("MLflow's own logging failed, not the call: {why}"))?;
            } else {
                writer.failure(TextRole::Bad, &failure.text)?;
            }
        }
        if let Some(failure) = span.handled_failure.as_ref().filter(|_| !step.shows_failure) {
            writer.failure(TextRole::Warn, &format!("handled: {failure}"))?;
        }
        Ok(())
    }
}

/// `autogen process writer` of the long name that AutoGen's runtime gives a message, with an agent's key in it twice.
fn runtime_name(name: &str) -> Option<&str> {
    let is_key = |text: &str| text.len() > 36 && text.as_bytes()[8] == b'-' && text.as_bytes()[13] == b'-';
    let cut = name.match_indices('_').find(|(at, _)| is_key(&name[at + 1..]))?;
    is_runtime_message(name).then_some(&name[..cut.0])
}

/// Where the width is not known, steps are indented no further.
const DEEPEST: usize = 60;

/// The space before a step, which leaves most of the width to the text.
fn indent(look: &RenderOptions, depth: usize) -> String {
    let most = look.width.map_or(DEEPEST, |room| room / 4);
    " ".repeat((depth * 2).min(most))
}

fn has_inputs(span: &Span) -> bool {
    span.payload.as_ref().is_some_and(|payload| payload.inputs().is_some())
}

/// `temperature 0.1 · tools get_weather`
fn parameters(look: &RenderOptions, step: &Step, is_full: bool) -> String {
    let shown = step.parameters.iter().map(|(key, value)| {
        let value = match value.items() {
            Some(items) if key == "tools" => items.iter().map(Json::display).collect::<Vec<_>>().join(", "),
            _ if is_full => value.display(),
            _ => outline::line(value),
        };
        one_line(&format!("{key} {value}")).into_owned()
    });
    shown.collect::<Vec<_>>().join(look.dot())
}
