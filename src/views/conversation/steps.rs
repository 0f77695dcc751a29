//! Steps of a conversation, each with the messages it received and sent.

use super::json::StepJson;
use super::messages::{self, MessageWriter};
use crate::analysis::conversation::{Conversation, Step, StepKind};
use crate::error::Result;
use crate::json::Json;
use crate::message::Message;
use crate::model::{Span, Trace, is_runtime_message};
use crate::number;
use crate::output::text::{one_line, width};
use crate::output::{Block, Document, Item, RenderOptions, StyledText, TextRole, outline};
use crate::views::span::tokens;

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
    pub(in crate::views) fn write(&self, document: &mut Document<'_>) -> Result<()> {
        let write_record = |document: &mut Document<'_>, messages: &[Message]| {
            let mut writer = MessageWriter { document: document.indented(""), is_full: self.is_full };
            messages.iter().try_for_each(|message| writer.write_message(message, None))
        };
        if let Some(record) = &self.conversation.record {
            let source = if record.received.is_empty() { "" } else { "; from the trace record:" };
            document.add(Block::Blank)?;
            document.dim(&format!("(root span not stored{source})"))?;
            write_record(document, &record.received)?;
        }
        // The messages that a step sends come after the steps within it.
        let mut open: Vec<&Step> = Vec::new();
        for step in &self.conversation.steps {
            while let Some(done) = open.pop_if(|open| open.depth >= step.depth) {
                self.write_closing(document, done)?;
            }
            if step.turn.is_some() || step.depth == 0 {
                document.add(Block::Blank)?;
            }
            self.write_opening(document, step)?;
            open.push(step);
        }
        open.into_iter().rev().try_for_each(|done| self.write_closing(document, done))?;
        match &self.conversation.record {
            Some(record) if !record.sent.is_empty() => {
                document.add(Block::Blank)?;
                document.dim("(from the trace record:)")?;
                write_record(document, &record.sent)
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
    fn write_opening(&self, document: &mut Document<'_>, step: &Step) -> Result<()> {
        let indent = indent(&document.options, step.depth);
        let mut document = document.indented(&indent);
        self.write_heading(&mut document, step, width(&indent))?;
        if step.kind == StepKind::Tool {
            return Ok(());
        }
        let parameters = parameters(&document.options, step, self.is_full);
        let mut writer = MessageWriter { document: document.indented("  "), is_full: self.is_full };
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
    fn write_heading(&self, document: &mut Document<'_>, step: &Step, indent: usize) -> Result<()> {
        let (span, options) = (self.span(step), document.options);
        let duration = span.duration_ns().map_or_else(|| "open".to_owned(), number::duration);
        let mut figures = StyledText::new(TextRole::Dim, &duration);
        if let Some(usage) = span.usage() {
            figures = figures.with(TextRole::Plain, "  ").with(TextRole::Figure, &tokens(usage, &options));
        }
        // Too deep to indent: shows the depth instead.
        let deep =
            if indent < step.depth * 2 { format!("{}{} ", options.ellipsis(), step.depth) } else { String::new() };
        let turn = step.turn.map(|turn| format!("{turn}  ")).unwrap_or_default();
        let role = match (span.has_failed(), step.kind) {
            (true, _) => TextRole::Bad,
            (false, StepKind::Agent) => TextRole::Heading,
            (false, StepKind::Tool) => TextRole::Kind,
            (false, StepKind::Call | StepKind::Other) => TextRole::Name,
        };
        let number = StyledText::new(TextRole::Id, &(deep + &turn));
        let title = StyledText::new(role, &self.title(&options, step));
        document.add(Block::Title { number, title, figures })
    }

    fn title(&self, options: &RenderOptions, step: &Step) -> String {
        let span = self.span(step);
        let arrow = if options.unicode { "→" } else { "->" };
        // Frameworks name tool spans after an internal function: `FunctionTool.acall`, `execute_tool add`.
        let tool = span.declared_name.as_deref().filter(|_| step.kind == StepKind::Tool);
        let name = tool.unwrap_or(span.display_name());
        match step.kind {
            StepKind::Agent => {
                let speaker = step.speaker.as_deref().unwrap_or(name);
                match &step.addressee {
                    Some(addressee) => format!("{speaker} {arrow} {addressee}"),
                    None => speaker.to_owned(),
                }
            }
            StepKind::Call => {
                let speaker = step.speaker.as_deref().filter(|_| step.turn.is_some());
                let speaker = speaker.map(|speaker| format!("{speaker}{}", options.separator()));
                let model = span.model.as_deref().map(|model| format!("{}{model}", options.separator()));
                format!("{}{name}{}", speaker.unwrap_or_default(), model.unwrap_or_default())
            }
            StepKind::Tool if step.received.is_empty() && !has_inputs(span) => name.to_owned(),
            StepKind::Tool => format!("{name}{}", messages::format_arguments(&step.received)),
            StepKind::Other => runtime_name(name).unwrap_or(name).to_owned(),
        }
    }

    /// Writes the messages that a step sent, and its failures.
    fn write_closing(&self, document: &mut Document<'_>, step: &Step) -> Result<()> {
        let span = self.span(step);
        let indent = indent(&document.options, step.depth) + "  ";
        let mut writer = MessageWriter { document: document.indented(&indent), is_full: self.is_full };
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

/// Formats the parameters of a call: `temperature=0.1 · tools=get_weather`.
fn parameters(options: &RenderOptions, step: &Step, is_full: bool) -> String {
    let shown = step.parameters.iter().map(|(key, value)| {
        let value = match value.items() {
            Some(items) if key == "tools" => items.iter().map(Json::display).collect::<Vec<_>>().join(", "),
            _ if is_full => value.display(),
            _ => outline::line(value),
        };
        one_line(&format!("{key}={value}")).into_owned()
    });
    shown.collect::<Vec<_>>().join(options.separator())
}
