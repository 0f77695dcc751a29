//! Prints an error on stderr, as text or JSON.

use crate::error::{Error, ErrorCode};
use crate::output::json::Escaped;
use crate::output::text;
use crate::terminal::CiCommandEscaper;
use std::io::Write;

/// Writes an error to stderr, as text or as JSON. Writes nothing for [`ErrorCode::ClosedPipe`], which is not a failure.
pub fn report(error: &Error, escaper: CiCommandEscaper) {
    write(error, escaper, &mut std::io::stderr().lock());
}

/// Writes an error to a stream. Errors of writing are ignored.
pub(crate) fn write(error: &Error, mut escaper: CiCommandEscaper, stream: &mut dyn Write) {
    if error.code == ErrorCode::ClosedPipe {
        return;
    }
    let mut line = Vec::new();
    // JSON has its own escapes for control characters.
    let _ = if escaper.is_json {
        writeln!(Escaped(&mut line), "{}", error.to_json())
    } else {
        writeln!(line, "{}", text::block(&error.to_string()))
    };
    let _ = stream.write_all(&escaper.escape_commands(&line));
}
