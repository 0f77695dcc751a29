//! Messages as text, each with its speaker.

use crate::error::Result;
use crate::frameworks::ARGUMENT_KEYS;
use crate::json::Json;
use crate::message::{Media, Message, Part, Role, ToolCallPart, ToolResultPart};
use crate::output::text::{one_line, width};
use crate::output::{Block, Document, LineLimit, Paragraph, RenderOptions, StyledText, TextRole, outline, pretty};
use std::borrow::Cow;

/// Maximum lines of a message without `--full`.
const MAX_LINES: usize = 24;

/// Writes messages.
pub(super) struct MessageWriter<'a> {
    pub(super) document: Document<'a>,
    /// Whether long messages are shown in full.
    pub(super) is_full: bool,
}

impl MessageWriter<'_> {
    /// Writes a message; `speaker` is used if the message names none.
    pub(super) fn write_message(&mut self, message: &Message, speaker: Option<&str>) -> Result<()> {
        let label = speaker_label(message, speaker, &self.document.options);
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
                let room = room.saturating_sub(name.as_deref().map_or(0, width) + 1);
                let text =
                    if self.is_full { pretty::readable_within(value, room) } else { outline::lines(value, room) };
                match name {
                    // With `=`, so that a value named `user` is not mistaken for a speaker.
                    Some(name) => self.write_labeled_with(name, "=", TextRole::Dim, TextRole::Plain, &text),
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
        let sign = if self.document.options.unicode { "✗ " } else { "x " };
        self.write_paragraph(Paragraph::new(StyledText::new(role, text)).labeled(StyledText::new(role, sign)))
    }

    /// Writes `label: text`.
    fn write_labeled(&mut self, label: &str, label_role: TextRole, role: TextRole, text: &str) -> Result<()> {
        self.write_labeled_with(label, ": ", label_role, role, text)
    }

    /// Writes a label, a separator and a text; a long text on the following lines, indented.
    fn write_labeled_with(
        &mut self,
        label: &str,
        separator: &str,
        label_role: TextRole,
        role: TextRole,
        text: &str,
    ) -> Result<()> {
        let label = StyledText::new(label_role, label).truncated(self.room(4), self.document.options.ellipsis());
        let label = label.with(label_role, separator);
        if text.contains('\n') || label.width() * 2 > self.room(0) {
            self.document.add(Block::Line(label))?;
            return self.write_lines("  ", role, text);
        }
        self.write_paragraph(Paragraph::new(StyledText::block(role, text)).labeled(label))
    }

    /// Writes a text of several lines, each marked so that none can be mistaken for another message.
    fn write_lines(&mut self, indent: &str, role: TextRole, text: &str) -> Result<()> {
        let text = text.trim_end();
        let mark = match (text.contains('\n'), self.document.options.unicode) {
            (false, _) => "",
            (true, true) => "│ ",
            (true, false) => "| ",
        };
        let mark = StyledText::new(TextRole::Dim, &format!("{indent}{mark}"));
        self.write_paragraph(Paragraph::new(StyledText::block(role, text)).marked(mark))
    }

    fn write_paragraph(&mut self, paragraph: Paragraph) -> Result<()> {
        let limit = LineLimit { lines: MAX_LINES, slack: 2, hint: "; --full shows them" };
        self.document.add(Block::Text(paragraph.limited((!self.is_full).then_some(limit))))
    }

    /// Columns available after a prefix of `lead` columns.
    fn room(&self, lead: usize) -> usize {
        self.document.text_room(lead)
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
