//! Parts shared by all JSON documents.

use super::text::is_dangerous;
use crate::error::Result;
use crate::terminal::Paged;
use serde::Serialize;
use std::io::{self, BufWriter, IntoInnerError, Write};

/// Value of `schema`, the first key of every document.
pub const SCHEMA: &str = "mltrace/1";

/// How much of a list was printed.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Page {
    /// Number of items printed.
    pub returned: usize,
    /// Number of items that match, if known.
    pub matched: Option<usize>,
    /// Whether all matching items were printed.
    pub complete: bool,
}

/// Writes a value as JSON.
pub(super) fn write(out: &mut Paged, value: &impl Serialize) -> Result<()> {
    // Buffered, since serde_json writes small pieces and each write takes a lock.
    let mut out = BufWriter::new(Escaped(out));
    serde_json::to_writer(&mut out, value)?;
    Ok(out.into_inner().map(drop).map_err(IntoInnerError::into_error)?)
}

/// Escapes characters that a terminal could interpret as `\uXXXX`, also for files that are viewed later. The JSON is
/// equivalent, since such characters occur only in strings.
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
