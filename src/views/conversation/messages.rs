//! Messages as lines, each with its speaker.

use crate::error::Result;
use crate::frameworks::ARGUMENT_KEYS;
use crate::message::{Media, Message, Part, Role as Speaks, ToolCallPart, ToolResultPart};
use crate::model::Json;
use crate::output::text::{block, clip, one_line, width, wrap};
use crate::output::{RenderOptions, TextRole, outline, pretty};
use std::borrow::Cow;
use std::io::Write;

/// The most lines of a message, but with `--full`.
const MOST_LINES: usize = 24;

/// The least width of text, however deep it is indented.
const LEAST_ROOM: usize = 24;

/// Writes messages, indented.
pub(super) struct MessageWriter<'a, 'w> {
    pub(super) look: &'a RenderOptions,
    pub(super) out: &'w mut dyn Write,
    pub(super) indent: String,
    pub(super) is_full: bool,
}

impl MessageWriter<'_, '_> {
    /// A message; `speaker` = its speaker where the message names none.
    pub(super) fn message(&mut self, message: &Message, speaker: Option<&str>) -> Result<()> {
        let who = who(message, speaker, self.look);
        for (at, part) in whole(&message.parts).iter().enumerate() {
            match part.as_ref() {
                // It is printed under the text that came with it.
                Part::Media(media) if at > 0 => self.lines("  ", TextRole::Dim, &placeholder(media))?,
                part => self.part(&who, &message.role, part)?,
            }
        }
        Ok(())
    }

    fn part(&mut self, who: &str, speaks: &Speaks, part: &Part) -> Result<()> {
        let is_field = matches!(speaks, Speaks::Input | Speaks::Output);
        match part {
            Part::Text(text) if is_field => self.lines("", TextRole::Plain, text),
            Part::Text(text) if speaks.is_instruction() => self.labelled(who, TextRole::Dim, TextRole::Dim, text),
            Part::Text(text) => self.labelled(who, role_of(speaks), TextRole::Plain, text),
            Part::Reasoning(text) => self.labelled(&format!("{who} thinks"), TextRole::Dim, TextRole::Dim, text),
            Part::Refusal(text) => self.labelled(&format!("{who} refuses"), TextRole::Warn, TextRole::Plain, text),
            Part::ToolCall(call) => {
                self.labelled(&format!("{who} calls"), role_of(speaks), TextRole::Kind, &called(call))
            }
            Part::ToolResult(result) => self.result(result),
            Part::Media(media) => self.labelled(who, role_of(speaks), TextRole::Dim, &placeholder(media)),
            Part::Embedding { count, dimensions } => self.lines("", TextRole::Dim, &vectors(*count, *dimensions)),
            Part::Data { name, value } => {
                let room = self.room(0);
                let room = room.saturating_sub(name.as_deref().map_or(0, width) + 3);
                let text =
                    if self.is_full { pretty::readable_within(value, room) } else { outline::lines(value, room) };
                match name {
                    // Not as a speaker: a value may be called `user`.
                    Some(name) => self.titled(name, " =", TextRole::Dim, TextRole::Plain, &text),
                    None if is_field => self.lines("", TextRole::Plain, &text),
                    None => self.labelled(who, role_of(speaks), TextRole::Plain, &text),
                }
            }
        }
    }

    fn result(&mut self, result: &ToolResultPart) -> Result<()> {
        let name = result.name.as_deref().unwrap_or("tool");
        let (label, role) = if result.tells_failure() {
            (format!("{name} fails"), TextRole::Warn)
        } else {
            (format!("{name} gives"), TextRole::Kind)
        };
        if result.content.is_empty() {
            return self.labelled(&label, role, TextRole::Dim, "(nothing)");
        }
        for part in &result.content {
            let text = match part {
                Part::Text(text) | Part::Reasoning(text) | Part::Refusal(text) => text.clone(),
                Part::Media(media) => placeholder(media),
                Part::Data { value, .. } => pretty::readable_within(value, self.room(width(&label) + 2)),
                Part::ToolCall(call) => called(call),
                Part::ToolResult(inner) => {
                    self.result(inner)?;
                    continue;
                }
                Part::Embedding { count, dimensions } => vectors(*count, *dimensions),
            };
            self.labelled(&label, role, TextRole::Plain, &text)?;
        }
        Ok(())
    }

    /// Something beside the point.
    pub(super) fn dim(&mut self, text: &str) -> Result<()> {
        self.lines("", TextRole::Dim, text)
    }

    /// What went wrong.
    pub(super) fn failure(&mut self, role: TextRole, text: &str) -> Result<()> {
        let sign = if self.look.unicode { "✗ " } else { "x " };
        let (theme, text) = (self.look.theme, one_line(text).into_owned());
        self.wrapped(&theme.paint(role, sign), width(sign), role, &text)
    }

    /// `label: text`
    fn labelled(&mut self, label: &str, label_role: TextRole, role: TextRole, text: &str) -> Result<()> {
        self.titled(label, ":", label_role, role, text)
    }

    /// A label, a sign and a text, which is indented where it is long.
    fn titled(&mut self, label: &str, sign: &str, label_role: TextRole, role: TextRole, text: &str) -> Result<()> {
        let label = format!("{}{sign} ", clip(&one_line(label), self.room(4), self.look.ellipsis()));
        let painted = self.look.theme.paint(label_role, &label);
        let is_long = text.contains('\n') || width(&label) * 2 > self.room(0);
        if is_long {
            writeln!(self.out, "{}{}", self.indent, self.look.theme.paint(label_role, label.trim_end()))?;
            return self.lines("  ", role, text);
        }
        self.wrapped(&painted, width(&label), role, text)
    }

    fn wrapped(&mut self, lead: &str, lead_width: usize, role: TextRole, text: &str) -> Result<()> {
        let text = block(text);
        let lines: Vec<&str> = wrap(&text, self.room(lead_width)).collect();
        let shown = self.shown(lines.len());
        for (at, line) in lines.iter().take(shown).enumerate() {
            let line = self.look.theme.paint(role, line.trim_end());
            let indent = &self.indent;
            if at == 0 {
                writeln!(self.out, "{indent}{lead}{line}")?;
            } else {
                writeln!(self.out, "{indent}{}{line}", " ".repeat(lead_width))?;
            }
        }
        self.more(lines.len() - shown)
    }

    /// A text of several lines, behind a mark of its own: none of them can be taken for what others say.
    fn lines(&mut self, more_indent: &str, role: TextRole, text: &str) -> Result<()> {
        let text = block(text);
        let is_several = text.trim_end().contains('\n');
        let mark = match (is_several, self.look.unicode) {
            (false, _) => "",
            (true, true) => "│ ",
            (true, false) => "| ",
        };
        let room = self.room(width(more_indent) + width(mark));
        let lines: Vec<&str> = text.trim_end().lines().flat_map(|line| wrap(line, room)).collect();
        let shown = self.shown(lines.len());
        for line in lines.iter().take(shown) {
            let (mark, line) =
                (self.look.theme.paint(TextRole::Dim, mark), self.look.theme.paint(role, line.trim_end()));
            writeln!(self.out, "{}", format!("{}{more_indent}{mark}{line}", self.indent).trim_end())?;
        }
        self.more(lines.len() - shown)
    }

    const fn shown(&self, lines: usize) -> usize {
        if self.is_full || lines <= MOST_LINES + 2 { lines } else { MOST_LINES }
    }

    fn more(&mut self, hidden: usize) -> Result<()> {
        if hidden > 0 {
            let text = format!("{} {hidden} more lines; --full has them", self.look.ellipsis());
            writeln!(self.out, "{}  {}", self.indent, self.look.theme.paint(TextRole::Dim, &text))?;
        }
        Ok(())
    }

    /// How many columns are left behind a lead.
    fn room(&self, lead: usize) -> usize {
        self.look.width.map_or(usize::MAX, |all| all.saturating_sub(width(&self.indent) + lead).max(LEAST_ROOM))
    }
}

/// The name before a message: the speaker, else the role.
fn who(message: &Message, speaker: Option<&str>, look: &RenderOptions) -> String {
    let name = message.speaker.as_deref().or(speaker.filter(|_| message.role == Speaks::Assistant));
    let name = name.unwrap_or_else(|| message.role.as_str());
    match &message.addressee {
        Some(addressee) => format!("{name} {} {addressee}", if look.unicode { "→" } else { "->" }),
        None => name.to_owned(),
    }
}

const fn role_of(speaks: &Speaks) -> TextRole {
    match speaks {
        Speaks::Assistant => TextRole::Good,
        Speaks::User => TextRole::Id,
        Speaks::Tool => TextRole::Kind,
        Speaks::System | Speaks::Input | Speaks::Output | Speaks::Other(_) => TextRole::Dim,
    }
}

/// The parts of a message, of which texts that follow one another are one: they are one utterance.
fn whole(parts: &[Part]) -> Vec<Cow<'_, Part>> {
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

/// `(city: "Paris")`: what a tool was called with.
pub(super) fn arguments(received: &[Message]) -> String {
    let parts = received.iter().flat_map(|message| &message.parts);
    let below = |part: &Part| match part {
        Part::Data { name: Some(name), value } if ARGUMENT_KEYS.contains(&name.as_str()) => value.members(),
        _ => None,
    };
    if let [message] = received
        && let Some(members) = message.parts.iter().find_map(below)
    {
        return one_line(&format!("({})", listed(&members))).into_owned();
    }
    let shown = parts.map(|part| match part {
        Part::Data { name: Some(name), value } => format!("{name}: {}", value.text()),
        Part::Data { name: None, value } => value.text().to_owned(),
        Part::Text(text) => Json::string(text).text().to_owned(),
        Part::Reasoning(text) | Part::Refusal(text) => text.clone(),
        Part::ToolCall(call) => called(call),
        Part::ToolResult(result) => result.words(),
        Part::Media(media) => placeholder(media),
        Part::Embedding { count, dimensions } => vectors(*count, *dimensions),
    });
    one_line(&format!("({})", shown.collect::<Vec<_>>().join(", "))).into_owned()
}

/// `get_weather(city: "Paris")`
fn called(call: &ToolCallPart) -> String {
    let arguments = match call.arguments.members() {
        Some(members) => listed(&members),
        None => call.arguments.display(),
    };
    format!("{}({arguments})", call.name)
}

/// `city: "Paris", days: 2`
fn listed(members: &[(String, Json)]) -> String {
    let known = members.iter().filter(|(_, value)| !value.is_null());
    known.map(|(key, value)| format!("{key}: {}", value.text())).collect::<Vec<_>>().join(", ")
}

/// `[image image/png, 70 bytes]`
fn placeholder(media: &Media) -> String {
    let bytes = media.bytes.map(|bytes| format!("{} bytes", crate::output::number::count(bytes.cast_signed())));
    let facts: Vec<&str> = [media.media_type.as_deref(), media.name.as_deref(), bytes.as_deref(), media.url.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let text = format!("[{}{}{}]", media.kind, if facts.is_empty() { "" } else { " " }, facts.join(", "));
    one_line(&text).into_owned()
}

fn vectors(count: usize, dimensions: Option<usize>) -> String {
    let of = dimensions.map(|numbers| format!(" of {numbers} numbers")).unwrap_or_default();
    format!("({count} {}{of})", if count == 1 { "vector" } else { "vectors" })
}
