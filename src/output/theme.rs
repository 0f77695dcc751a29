//! Roles of text and their colors. Uses only the colors that every terminal theme defines; color is never the only cue.

use owo_colors::{OwoColorize as _, Style};
use std::fmt::Write as _;

/// Semantic role of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextRole {
    /// Plain text.
    #[default]
    Plain,
    /// Name.
    Name,
    /// Identifier.
    Id,
    /// Secondary information.
    Dim,
    /// Heading.
    Heading,
    /// Success.
    Good,
    /// Failure.
    Bad,
    /// In progress, or a warning.
    Warn,
    /// Span type.
    Kind,
    /// Tokens and cost.
    Figure,
    /// Bar of the waterfall.
    Bar,
    /// Search match.
    Match,
}

/// Color settings.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    /// Whether to use color.
    pub color: bool,
}

impl Theme {
    /// Appends a text in the color of its role.
    pub(super) fn paint(self, line: &mut String, role: TextRole, text: &str) {
        if !self.color || role == TextRole::Plain || text.is_empty() {
            line.push_str(text);
            return;
        }
        let style = Style::new();
        let style = match role {
            TextRole::Plain => style,
            TextRole::Name => style.bold(),
            TextRole::Id => style.yellow(),
            TextRole::Dim => style.bright_black(),
            TextRole::Heading => style.bold().underline(),
            TextRole::Good => style.green(),
            TextRole::Bad => style.red(),
            TextRole::Warn => style.yellow(),
            TextRole::Kind => style.cyan(),
            TextRole::Figure => style.magenta(),
            TextRole::Bar => style.blue(),
            TextRole::Match => style.bold().red(),
        };
        let _ = write!(line, "{}", text.style(style));
    }
}
