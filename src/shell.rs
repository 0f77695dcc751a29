//! Commands that a message suggests, as a shell takes them: ids, names and paths may hold anything.

use std::borrow::Cow;
use std::fmt;

/// A text as one word of a command.
#[must_use]
pub fn word(text: &str) -> Cow<'_, str> {
    // What no shell can take as an argument (a NUL) is left as it is.
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
}

/// An option with its value.
#[must_use]
pub fn option(flag: &str, value: &str) -> String {
    // A value that looks like a flag has to be part of the word.
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{flag}{between}{}", word(value))
}

/// A command of this program, without what comes before its name.
#[derive(Clone, Debug)]
pub struct Suggestion {
    name: &'static str,
    operand: Option<String>,
    options: Vec<String>,
}

impl Suggestion {
    /// A command by its name: `trace show`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, operand: None, options: Vec::new() }
    }

    /// What the command is about: the id of a trace or session.
    #[must_use]
    pub fn of(mut self, operand: &str) -> Self {
        self.operand = Some(operand.to_owned());
        self
    }

    /// A flag.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.options.push(flag.to_owned());
        self
    }

    /// An option with its value.
    #[must_use]
    pub fn option(mut self, flag: &str, value: &str) -> Self {
        self.options.push(option(flag, value));
        self
    }
}

impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        let operand = self.operand.as_deref();
        // Behind `--` nothing is a flag, whatever it looks like.
        let (first, last) =
            if operand.is_some_and(|operand| operand.starts_with('-')) { (None, operand) } else { (operand, None) };
        first.iter().try_for_each(|operand| write!(f, " {}", word(operand)))?;
        self.options.iter().try_for_each(|option| write!(f, " {option}"))?;
        last.iter().try_for_each(|operand| write!(f, " -- {}", word(operand)))
    }
}

#[cfg(test)]
mod tests;
