//! Messages as text, each with its speaker.

use crate::error::Result;
use crate::frameworks::ARGUMENT_KEYS;
use crate::message::{Media, Message, Part, Role, ToolCallPart, ToolResultPart};
use crate::model::Json;
use crate::output::text::{block, clip, one_line, width, wrap};
use crate::output::{RenderOptions, TextRole, outline, pretty};
use std::borrow::Cow;
use std::io::Write;

/// Maximum lines of a message without `--full`.
const MAX_LINES: usize = 24;

/// Minimum width of text at any indentation.
const MIN_TEXT_WIDTH: usize = 24;

/// Writes messages, indented.
pub(super) struct MessageWriter<'a, 'w> {
    pub(super) options: &'a RenderOptions,
    pub(super) out: &'w mut dyn Write,
    pub(super) indent: String,
    pub(super) is_full: bool,
}

impl MessageWriter<'_, '_> {
    /// Writes a message; `speaker` is used if the message names none.
    pub(super) fn write_message(&mut self, message: &Message, speaker: Option<&str>) -> Result<()> {
        let label = speaker_label(message, speaker, self.options);
        for (at, part) in merge_adjacent_texts(&message.parts).iter().enumerate() {
            match part.as_ref() {
                // Written below the text that it belongs to.
                Part::Media(media) if at > 0 => self.write_lines("  ", TextRole::Dim, &format_media(media))?,
                part => self.write_part(&label, &message.role, part)?,
            }
        }
        Ok(())
    }

    fn write_part(&mut self, label: &str, role: &Role, part: &Part) -> Result<()> {
        let is_field = matches!(role, Role::Input | Role::Output);
        match part {
            Part::Text(text) if is_field => self.write_lines("", TextRole::Plain, text),
            Part::Text(text) if role.is_instruction() => self.write_labeled(label, TextRole::Dim, TextRole::Dim, text),
            Part::Text(text) => self.write_labeled(label, text_role(role), TextRole::Plain, text),
            Part::Reasoning(text) => self.write_labeled(&format!("{label} thinks"), TextRole::Dim, TextRole::Dim, text),
            Part::Refusal(text) => {
                self.write_labeled(&format!("{label} refuses"), TextRole::Warn, TextRole::Plain, text)
            }
            Part::ToolCall(call) => {
                self.write_labeled(&format!("{label} calls"), text_role(role), TextRole::Kind, &format_call(call))
            }
            Part::ToolResult(result) => self.write_result(result),
            Part::Media(media) => self.write_labeled(label, text_role(role), TextRole::Dim, &format_media(media)),
            Part::Embedding { count, dimensions } => {
                self.write_lines("", TextRole::Dim, &format_vectors(*count, *dimensions))
            }
            Part::Data { name, value } => {
                let room = self.room(0);
                let room = room.saturating_sub(name.as_deref().map_or(0, width) + 3);
                let text =
                    if self.is_full { pretty::readable_within(value, room) } else { outline::lines(value, room) };
                match name {
                    // With `=`, so that a value named `user` is not mistaken for a speaker.
                    Some(name) => self.write_labeled_with(name, " =", TextRole::Dim, TextRole::Plain, &text),
                    None if is_field => self.write_lines("", TextRole::Plain, &text),
                    None => self.write_labeled(label, text_role(role), TextRole::Plain, &text),
                }
            }
        }
    }

    fn write_result(&mut self, result: &ToolResultPart) -> Result<()> {
        let name = result.name.as_deref().unwrap_or("tool");
        let (label, role) = if result.is_failure() {
            (format!("{name} fails"), TextRole::Warn)
        } else {
            (format!("{name} returns"), TextRole::Kind)
        };
        if result.content.is_empty() {
            return self.write_labeled(&label, role, TextRole::Dim, "(nothing)");
        }
        for part in &result.content {
            let text = match part {
                Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => text.clone(),
                Part::Media(media) => format_media(media),
                Part::Data { value, .. } => pretty::readable_within(value, self.room(width(&label) + 2)),
                Part::ToolCall(call) => format_call(call),
                Part::ToolResult(inner) => {
                    self.write_result(inner)?;
                    continue;
                }
                Part::Embedding { count, dimensions } => format_vectors(*count, *dimensions),
            };
            self.write_labeled(&label, role, TextRole::Plain, &text)?;
        }
        Ok(())
    }

    /// Writes secondary information.
    pub(super) fn write_dim(&mut self, text: &str) -> Result<()> {
        self.write_lines("", TextRole::Dim, text)
    }

    /// Writes a failure.
    pub(super) fn write_failure(&mut self, role: TextRole, text: &str) -> Result<()> {
        let sign = if self.options.unicode { "✗ " } else { "x " };
        let (theme, text) = (self.options.theme, one_line(text).into_owned());
        self.write_wrapped(&theme.paint(role, sign), width(sign), role, &text)
    }

    /// Writes `label: text`.
    fn write_labeled(&mut self, label: &str, label_role: TextRole, role: TextRole, text: &str) -> Result<()> {
        self.write_labeled_with(label, ":", label_role, role, text)
    }

    /// Writes a label, a sign and a text; a long text on the following lines, indented.
    fn write_labeled_with(
        &mut self,
        label: &str,
        sign: &str,
        label_role: TextRole,
        role: TextRole,
        text: &str,
    ) -> Result<()> {
        let label = format!("{}{sign} ", clip(&one_line(label), self.room(4), self.options.ellipsis()));
        let painted = self.options.theme.paint(label_role, &label);
        let is_long = text.contains('\n') || width(&label) * 2 > self.room(0);
        if is_long {
            writeln!(self.out, "{}{}", self.indent, self.options.theme.paint(label_role, label.trim_end()))?;
            return self.write_lines("  ", role, text);
        }
        self.write_wrapped(&painted, width(&label), role, text)
    }

    fn write_wrapped(&mut self, lead: &str, lead_width: usize, role: TextRole, text: &str) -> Result<()> {
        let text = block(text);
        let lines: Vec<&str> = wrap(&text, self.room(lead_width)).collect();
        let shown = self.shown_lines(lines.len());
        for (at, line) in lines.iter().take(shown).enumerate() {
            let line = self.options.theme.paint(role, line.trim_end());
            let indent = &self.indent;
            if at == 0 {
                writeln!(self.out, "{indent}{lead}{line}")?;
            } else {
                writeln!(self.out, "{indent}{}{line}", " ".repeat(lead_width))?;
            }
        }
        self.write_more(lines.len() - shown)
    }

    /// Writes a text of several lines, each marked so that none can be mistaken for another message.
    fn write_lines(&mut self, more_indent: &str, role: TextRole, text: &str) -> Result<()> {
        let text = block(text);
        let is_multiline = text.trim_end().contains('\n');
        let mark = match (is_multiline, self.options.unicode) {
            (false, _) => "",
            (true, true) => "│ ",
            (true, false) => "| ",
        };
        let room = self.room(width(more_indent) + width(mark));
        let lines: Vec<&str> = text.trim_end().lines().flat_map(|line| wrap(line, room)).collect();
        let shown = self.shown_lines(lines.len());
        for line in lines.iter().take(shown) {
            let (mark, line) =
                (self.options.theme.paint(TextRole::Dim, mark), self.options.theme.paint(role, line.trim_end()));
            writeln!(self.out, "{}", format!("{}{more_indent}{mark}{line}", self.indent).trim_end())?;
        }
        self.write_more(lines.len() - shown)
    }

    const fn shown_lines(&self, lines: usize) -> usize {
        if self.is_full || lines <= MAX_LINES + 2 { lines } else { MAX_LINES }
    }

    fn write_more(&mut self, hidden: usize) -> Result<()> {
        if hidden > 0 {
            let text = format!("{} {hidden} more lines; --full shows them", self.options.ellipsis());
            writeln!(self.out, "{}  {}", self.indent, self.options.theme.paint(TextRole::Dim, &text))?;
        }
        Ok(())
    }

    /// Columns available after a prefix of `lead` columns.
    fn room(&self, lead: usize) -> usize {
        self.options.width.map_or(usize::MAX, |all| all.saturating_sub(width(&self.indent) + lead).max(MIN_TEXT_WIDTH))
    }
}

/// Returns the name before a message: the speaker, otherwise the role.
fn speaker_label(message: &Message, speaker: Option<&str>, options: &RenderOptions) -> String {
    let name = message.speaker.as_deref().or(speaker.filter(|_| message.role == Role::Assistant));
    let name = name.unwrap_or_else(|| message.role.as_str());
    match &message.addressee {
        Some(addressee) => format!("{name} {} {addressee}", if options.unicode { "→" } else { "->" }),
        None => name.to_owned(),
    }
}

const fn text_role(role: &Role) -> TextRole {
    match role {
        Role::Assistant => TextRole::Good,
        Role::User => TextRole::Id,
        Role::Tool => TextRole::Kind,
        Role::System | Role::Input | Role::Output | Role::Other(_) => TextRole::Dim,
    }
}

/// Returns the parts of a message, with adjacent texts merged into one.
fn merge_adjacent_texts(parts: &[Part]) -> Vec<Cow<'_, Part>> {
    let mut whole: Vec<Cow<'_, Part>> = Vec::with_capacity(parts.len());
    for part in parts {
        let (Part::Text(more), Some(last)) = (part, whole.last_mut()) else {
            whole.push(Cow::Borrowed(part));
            continue;
        };
        if let Part::Text(text) = last.as_ref() {
            let is_spaced = text.ends_with(char::is_whitespace) || more.starts_with(char::is_whitespace);
            let joined = format!("{text}{}{more}", if is_spaced { "" } else { "\n" });
            *last = Cow::Owned(Part::Text(joined));
        } else {
            whole.push(Cow::Borrowed(part));
        }
    }
    whole
}

/// Formats the arguments of a tool call: `(city: "Paris")`.
pub(super) fn format_arguments(received: &[Message]) -> String {
    let parts = received.iter().flat_map(|message| &message.parts);
    let below = |part: &Part| match part {
        Part::Data { name: Some(name), value } if ARGUMENT_KEYS.contains(&name.as_str()) => value.members(),
        _ => None,
    };
    if let [message] = received
        && let Some(members) = message.parts.iter().find_map(below)
    {
        return one_line(&format!("({})", format_members(&members))).into_owned();
    }
    let shown = parts.map(|part| match part {
        Part::Data { name: Some(name), value } => format!("{name}: {}", value.text()),
        Part::Data { name: None, value } => value.text().to_owned(),
        Part::Text(text) => Json::string(text).text().to_owned(),
        Part::Reasoning(text) | Part::Refusal(text) => text.clone(),
        Part::ToolCall(call) => format_call(call),
        Part::ToolResult(result) => result.text(),
        Part::Media(media) => format_media(media),
        Part::Embedding { count, dimensions } => format_vectors(*count, *dimensions),
    });
    one_line(&format!("({})", shown.collect::<Vec<_>>().join(", "))).into_owned()
}

/// Formats a tool call: `get_weather(city: "Paris")`.
fn format_call(call: &ToolCallPart) -> String {
    let arguments = match call.arguments.members() {
        Some(members) => format_members(&members),
        None => call.arguments.display(),
    };
    format!("{}({arguments})", call.name)
}

/// Formats members: `city: "Paris", days: 2`.
fn format_members(members: &[(String, Json)]) -> String {
    let known = members.iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| format!("{key}: {}", value.text())).collect::<Vec<_>>().join(", ")
}

/// Formats media: `[image image/png, 70 bytes]`.
fn format_media(media: &Media) -> String {
    let bytes = media.bytes.map(|bytes| format!("{} bytes", crate::number::count(bytes.cast_signed())));
    let facts: Vec<&str> = [media.media_type.as_deref(), media.name.as_deref(), bytes.as_deref(), media.url.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let text = format!("[{}{}{}]", media.kind, if facts.is_empty() { "" } else { " " }, facts.join(", "));
    one_line(&text).into_owned()
}

fn format_vectors(count: usize, dimensions: Option<usize>) -> String {
    let of = dimensions.map(|numbers| format!(" of {numbers} numbers")).unwrap_or_default();
    format!("({count} {}{of})", if count == 1 { "vector" } else { "vectors" })
}
