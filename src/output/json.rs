//! The JSON that every document shares.

use super::text::is_dangerous;
use serde::Serialize;
use std::io::{self, Write};

/// The value of the first key of every document.
pub const SCHEMA: &str = "mltrace/1";

/// What a list held back.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Page {
    /// How many items were printed.
    pub returned: usize,
    /// How many there are, where that is known.
    pub matched: Option<usize>,
    /// Whether these are all.
    pub complete: bool,
}

/// Writes JSON so that a terminal shows it and obeys none of it, now or when a file is looked at later: dangerous characters
/// become `\uXXXX`, which is the same JSON. They can only stand inside strings.
#[derive(Debug)]
pub(crate) struct Escaped<W>(pub(crate) W);

impl<W: Write> Write for Escaped<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.iter().all(|byte| *byte < 0x7f) {
            return self.0.write(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut from = 0;
        for (at, c) in text.char_indices() {
            if c >= '\x7f' && is_dangerous(c) {
                self.0.write_all(&text.as_bytes()[from..at])?;
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(self.0, "\\u{unit:04x}")?;
                }
                from = at + c.len_utf8();
            }
        }
        self.0.write_all(&text.as_bytes()[from..])?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
