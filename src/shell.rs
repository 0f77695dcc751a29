//! Shell commands that messages suggest, with ids, names and paths quoted.

use std::borrow::Cow;
use std::fmt;

/// Quotes a text as one word of a POSIX shell command.
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    // A NUL cannot be quoted; such a text is returned unchanged.
    shlex::try_quote(text).unwrap_or(Cow::Borrowed(text))
}

/// Formats an option with its quoted value: `--flag value`, or `--flag=value` if the value starts with `-`.
#[must_use]
pub fn option(flag: &str, value: &str) -> String {
    let separator = if value.starts_with('-') { '=' } else { ' ' };
    format!("{flag}{separator}{}", quote(value))
}

/// An mltrace command to suggest, without `mltrace` and its global options.
#[derive(Clone, Debug)]
pub struct Suggestion {
    name: &'static str,
    operand: Option<String>,
    options: Vec<String>,
}

impl Suggestion {
    /// Creates a suggestion of a command, by its name: `trace show`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, operand: None, options: Vec::new() }
    }

    /// Sets the operand: the id of a trace or session.
    #[must_use]
    pub fn operand(mut self, operand: &str) -> Self {
        self.operand = Some(operand.to_owned());
        self
    }

    /// Adds a flag without a value.
    #[must_use]
    pub fn flag(mut self, flag: &str) -> Self {
        self.options.push(flag.to_owned());
        self
    }

    /// Adds an option with its value, which is quoted.
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
        // An operand that starts with `-` goes after `--`, so that it is not parsed as a flag.
        let (first, last) =
            if operand.is_some_and(|operand| operand.starts_with('-')) { (None, operand) } else { (operand, None) };
        first.iter().try_for_each(|operand| write!(f, " {}", quote(operand)))?;
        self.options.iter().try_for_each(|option| write!(f, " {option}"))?;
        last.iter().try_for_each(|operand| write!(f, " -- {}", quote(operand)))
    }
}

#[cfg(test)]
mod tests;
