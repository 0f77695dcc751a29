//! Roles of text and their colours. Only the twelve colours that every terminal theme sets, and never colour alone.

use comfy_table::{Attribute, Cell as TableCell, Color};
use owo_colors::{OwoColorize as _, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextRole {
    /// Plain text.
    #[default]
    Plain,
    /// The name of a thing.
    Name,
    /// An identifier.
    Id,
    /// Something beside the point.
    Dim,
    /// A heading.
    Heading,
    /// It worked.
    Good,
    /// It failed.
    Bad,
    /// It is open, or needs a look.
    Warn,
    /// A span type.
    Kind,
    /// Tokens and money.
    Figure,
    /// A bar of the waterfall.
    Bar,
    /// A text that was looked for.
    Found,
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Theme {
    /// Whether to colour at all.
    pub color: bool,
}

impl Theme {
    /// A text in the colours of its role.
    #[must_use]
    pub fn paint(self, role: TextRole, text: &str) -> String {
        if !self.color || role == TextRole::Plain || text.is_empty() {
            return text.to_owned();
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
            TextRole::Found => style.bold().red(),
        };
        text.style(style).to_string()
    }

    /// The same for a cell of a table.
    pub(crate) fn cell(self, role: TextRole, cell: TableCell) -> TableCell {
        if !self.color {
            return cell;
        }
        match role {
            TextRole::Plain => cell,
            TextRole::Name | TextRole::Heading => cell.add_attribute(Attribute::Bold),
            TextRole::Id | TextRole::Warn => cell.fg(Color::DarkYellow),
            TextRole::Dim => cell.fg(Color::DarkGrey),
            TextRole::Good => cell.fg(Color::DarkGreen),
            TextRole::Bad => cell.fg(Color::DarkRed),
            TextRole::Kind => cell.fg(Color::DarkCyan),
            TextRole::Figure => cell.fg(Color::DarkMagenta),
            TextRole::Bar => cell.fg(Color::DarkBlue),
            TextRole::Found => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        }
    }
}
