//! Prints an error on stderr, as text or JSON.

use crate::error::{Error, ErrorCode};
use crate::output::json::Escaped;
use crate::output::text;
use crate::terminal::CiCommandEscaper;
use std::io::Write as _;

/// Writes an error to stderr in the form asked for. A reader that went away has read enough.
pub fn report(error: &Error, mut runner: CiCommandEscaper) {
    if error.kind == ErrorCode::ClosedPipe {
        return;
    }
    let mut line = Vec::new();
    // In JSON what a terminal must not see is escaped as JSON has it.
    let _ = if runner.is_json {
        writeln!(Escaped(&mut line), "{}", error.json())
    } else {
        writeln!(line, "{}", text::block(&error.to_string()))
    };
    let _ = std::io::stderr().lock().write_all(&runner.escape_commands(&line));
}
