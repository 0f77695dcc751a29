//! Roles of text and their colours. Only the twelve colours that every terminal theme sets, and never colour alone.

use comfy_table::{Attribute, Cell as TableCell, Color};
use owo_colors::{OwoColorize as _, Style};

/// What a piece of text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
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
    pub fn paint(self, role: Role, text: &str) -> String {
        if !self.color || role == Role::Plain || text.is_empty() {
            return text.to_owned();
        }
        let style = Style::new();
        let style = match role {
            Role::Plain => style,
            Role::Name => style.bold(),
            Role::Id => style.yellow(),
            Role::Dim => style.bright_black(),
            Role::Heading => style.bold().underline(),
            Role::Good => style.green(),
            Role::Bad => style.red(),
            Role::Warn => style.yellow(),
            Role::Kind => style.cyan(),
            Role::Figure => style.magenta(),
            Role::Bar => style.blue(),
            Role::Found => style.bold().red(),
        };
        text.style(style).to_string()
    }

    /// The same for a cell of a table.
    pub(crate) fn cell(self, role: Role, cell: TableCell) -> TableCell {
        if !self.color {
            return cell;
        }
        match role {
            Role::Plain => cell,
            Role::Name | Role::Heading => cell.add_attribute(Attribute::Bold),
            Role::Id | Role::Warn => cell.fg(Color::DarkYellow),
            Role::Dim => cell.fg(Color::DarkGrey),
            Role::Good => cell.fg(Color::DarkGreen),
            Role::Bad => cell.fg(Color::DarkRed),
            Role::Kind => cell.fg(Color::DarkCyan),
            Role::Figure => cell.fg(Color::DarkMagenta),
            Role::Bar => cell.fg(Color::DarkBlue),
            Role::Found => cell.fg(Color::DarkRed).add_attribute(Attribute::Bold),
        }
    }
}
