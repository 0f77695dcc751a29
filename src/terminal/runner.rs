//! Programs that run builds take commands out of what other programs print: GitHub's runner lines that begin with `::name`
//! and `##[name]` anywhere (actions/runner, `ActionCommand.cs`), Azure's `##vso[`, TeamCity's `##teamcity[`. What a trace
//! holds must not give them any.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;

/// Whether such a program reads along, and what it has been shown of the line.
#[derive(Clone, Copy, Debug, Default)]
pub struct CiCommandEscaper {
    is_there: bool,
    /// Whether what is printed is JSON, in which escapes look otherwise.
    pub is_json: bool,
    seen: CommandProgress,
}

/// How much of a command has been printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CommandProgress {
    /// No more than space, since the line began.
    #[default]
    LineStart,
    /// And a colon.
    Colon,
    /// Something else.
    Text,
    /// `#`
    Hash,
    /// `##`, and letters.
    Hashes,
}

impl CiCommandEscaper {
    /// Looks for the variables that the three set.
    #[must_use]
    pub fn new(env: &dyn Fn(&str) -> Option<OsString>, is_json: bool) -> Self {
        let is_there = ["GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"].iter().any(|key| env(key).is_some());
        Self { is_there, is_json, seen: CommandProgress::LineStart }
    }

    /// A piece of output in which the sign that would complete a command is escaped. In JSON it can only stand in a string.
    pub fn escape_commands<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.is_there {
            return Cow::Borrowed(bytes);
        }
        let mut out = String::with_capacity(bytes.len());
        for c in String::from_utf8_lossy(bytes).chars() {
            let is_last = self.seen.add(c);
            let _ = match (is_last, self.is_json) {
                (false, _) => out.write_char(c),
                (true, true) => write!(out, "\\u{:04x}", u32::from(c)),
                (true, false) => write!(out, "\\x{:02x}", u32::from(c)),
            };
        }
        Cow::Owned(out.into_bytes())
    }
}

impl CommandProgress {
    /// Adds a character; true if it would complete the beginning of a command.
    fn add(&mut self, c: char) -> bool {
        let before = *self;
        *self = match (before, c) {
            // .NET, which GitHub's runner is written in, ends a line at either.
            (_, '\n' | '\r') => Self::LineStart,
            (Self::LineStart, c) if c.is_whitespace() => Self::LineStart,
            (Self::LineStart, ':') => Self::Colon,
            (Self::Hash | Self::Hashes, '#') => Self::Hashes,
            (_, '#') => Self::Hash,
            (Self::Hashes, c) if c.is_ascii_alphabetic() => Self::Hashes,
            _ => Self::Text,
        };
        matches!((before, c), (Self::Colon, ':') | (Self::Hashes, '['))
    }
}

#[cfg(test)]
mod tests;
