//! Converts JSON as Python writes it to strict JSON: `NaN` and infinities become strings, lone surrogates U+FFFD.
//!
//! Accepts exactly what Python's `json.loads` accepts, so that text that MLflow shows as a plain string is a plain
//! string here too. Does not recurse: traces nested 300 levels deep exist.

use crate::json::Json;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Parses one JSON value; `None` if Python would reject it too.
#[must_use]
pub fn parse_json(text: &str) -> Option<Json> {
    if !has_lone_surrogate(text) {
        let strict = Json::from_strict(text);
        // Only these words are accepted by Python but not by strict JSON.
        if strict.is_some() || !(text.contains("NaN") || text.contains("Infinity")) {
            return strict;
        }
    }
    let mut parser = LenientParser { text: text.as_bytes(), at: 0, out: String::with_capacity(text.len()) };
    parser.value()?;
    parser.skip_whitespace();
    (parser.at == text.len()).then(|| Json::from_strict(&parser.out))?
}

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u"));

/// Whether JSON text escapes half of a surrogate pair, which Python accepts and Rust strings cannot contain.
#[must_use]
pub fn has_lone_surrogate(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut low_expected_at = usize::MAX;
    ESCAPE.find_iter(bytes).any(|at| {
        // After an odd number of backslashes, this backslash is itself escaped.
        let is_escape = bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0;
        let is_high = |at: usize| {
            matches!(bytes.get(at + 2..at + 4), Some([b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B']))
        };
        let is_low = |at: usize| matches!(bytes.get(at + 2..at + 4), Some([b'd' | b'D', b'c'..=b'f' | b'C'..=b'F']));
        if !is_escape {
            return false;
        }
        if is_high(at) {
            low_expected_at = at + 6;
            return !(bytes.get(at + 6..).is_some_and(|rest| rest.starts_with(b"\\u")) && is_low(at + 6));
        }
        is_low(at) && at != low_expected_at
    })
}

/// Parses the JSON value at the start of a text. Returns it with its length in bytes; anything may follow it.
#[must_use]
pub fn parse_json_prefix(text: &str) -> Option<(Json, usize)> {
    let mut parser = LenientParser { text: text.as_bytes(), at: 0, out: String::new() };
    parser.value()?;
    Some((Json::from_strict(&parser.out)?, parser.at))
}

struct LenientParser<'a> {
    text: &'a [u8],
    at: usize,
    out: String,
}

impl LenientParser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_whitespace(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Consumes a punctuation byte, and the whitespace before it.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_whitespace();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.out.push(char::from(byte));
        }
        found
    }

    /// Parses one value with its content. `open` contains the closing brackets still expected.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.skip_whitespace();
            match self.peek()? {
                b'{' => {
                    self.take(b'{');
                    if !self.take(b'}') {
                        open.push(b'}');
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.take(b'[');
                    if !self.take(b']') {
                        open.push(b']');
                        continue;
                    }
                }
                b'"' => self.string()?,
                _ => self.scalar()?,
            }
            // A value is complete: close what ends here, then continue with the next value.
            loop {
                let Some(&close) = open.last() else { return Some(()) };
                if self.take(close) {
                    open.pop();
                } else if self.take(b',') {
                    if close == b'}' {
                        self.key()?;
                    }
                    break;
                } else {
                    return None;
                }
            }
        }
    }

    fn key(&mut self) -> Option<()> {
        self.skip_whitespace();
        (self.peek() == Some(b'"')).then_some(())?;
        self.string()?;
        self.take(b':').then_some(())
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let words: [(&str, &str); 6] = [
            ("true", "true"),
            ("false", "false"),
            ("null", "null"),
            ("NaN", "\"NaN\""),
            ("Infinity", "\"Infinity\""),
            ("-Infinity", "\"-Infinity\""),
        ];
        if let Some((word, strict)) = words.iter().find(|(word, _)| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            self.out.push_str(strict);
            return Some(());
        }
        let length = rest.iter().take_while(|b| matches!(b, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
        let number = std::str::from_utf8(&rest[..length]).ok()?;
        serde_json::from_str::<&serde_json::value::RawValue>(number).ok()?;
        self.at += length;
        self.out.push_str(number);
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let mut copied = start;
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    self.copy_since(copied)?;
                    return Some(());
                }
                0..=0x1f => return None,
                b'\\' => {
                    let escape = *self.text.get(self.at + 1)?;
                    if escape != b'u' {
                        b"\"\\/bfnrt".contains(&escape).then_some(())?;
                        self.at += 2;
                        continue;
                    }
                    let unit = self.utf16_unit(self.at)?;
                    let next = self.utf16_unit(self.at + 6);
                    let is_pair =
                        (0xd800..0xdc00).contains(&unit) && next.is_some_and(|low| (0xdc00..0xe000).contains(&low));
                    if is_pair {
                        self.at += 12;
                    } else if (0xd800..0xe000).contains(&unit) {
                        self.copy_since(copied)?;
                        self.out.push('\u{fffd}');
                        self.at += 6;
                        copied = self.at;
                    } else {
                        self.at += 6;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Copies the input since `from` to the output.
    fn copy_since(&mut self, from: usize) -> Option<()> {
        self.out.push_str(std::str::from_utf8(&self.text[from..self.at]).ok()?);
        Some(())
    }

    /// Returns the UTF-16 unit of the escape `\uXXXX` at a byte position.
    fn utf16_unit(&self, at: usize) -> Option<u16> {
        let escape = self.text.get(at..at + 6)?;
        let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    }
}
