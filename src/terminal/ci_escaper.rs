//! Escapes CI commands. CI systems interpret commands in the output of programs: GitHub's runner lines that begin with
//! `::name` and `##[name]` anywhere (actions/runner, `ActionCommand.cs`), Azure `##vso[`, TeamCity `##teamcity[`. The
//! content of traces must not inject any.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt::Write as _;

/// Escapes CI commands in output, if the program runs in CI.
#[derive(Clone, Copy, Debug, Default)]
pub struct CiCommandEscaper {
    is_active: bool,
    /// Whether the output is JSON, which uses different escapes.
    pub is_json: bool,
    progress: CommandProgress,
}

/// Which part of a command has been printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum CommandProgress {
    /// Start of the line, or only whitespace since.
    #[default]
    LineStart,
    /// `:` at the start of the line.
    Colon,
    /// Other text.
    Text,
    /// `#`
    Hash,
    /// `##`, optionally followed by letters.
    Hashes,
}

impl CiCommandEscaper {
    /// Detects a CI system by the environment variables that it sets.
    #[must_use]
    pub fn new(env: &dyn Fn(&str) -> Option<OsString>, is_json: bool) -> Self {
        let is_ci = ["GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"].iter().any(|key| env(key).is_some());
        Self { is_active: is_ci, is_json, progress: CommandProgress::LineStart }
    }

    /// Escapes the character that would complete a command. In JSON it can only occur in a string.
    pub fn escape_commands<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.is_active {
            return Cow::Borrowed(bytes);
        }
        let mut out = String::with_capacity(bytes.len());
        for c in String::from_utf8_lossy(bytes).chars() {
            let is_last = self.progress.advance(c);
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
    /// Adds a character. Returns true if it completes the beginning of a command.
    fn advance(&mut self, c: char) -> bool {
        let before = *self;
        *self = match (before, c) {
            // .NET, which GitHub's runner is written in, ends lines at either character.
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
