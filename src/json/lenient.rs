//! JSON as Python writes it, into strict JSON: `NaN` and the infinities become strings, lone surrogates U+FFFD.
//!
//! Accepts what Python's `json.loads` accepts, and nothing else, so that a text that MLflow shows as a plain string is a
//! plain string here too. Works without recursion: traces nested 300 deep exist.

use crate::model::Json;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// Reads one JSON value; `None` if Python would not read it either.
#[must_use]
pub fn json(text: &str) -> Option<Json> {
    if !has_lone_surrogate(text) {
        let strict = Json::from_strict(text);
        // Only these words are what Python reads and strict JSON does not.
        if strict.is_some() || !(text.contains("NaN") || text.contains("Infinity")) {
            return strict;
        }
    }
    let mut reader = LenientParser { text: text.as_bytes(), at: 0, out: String::with_capacity(text.len()) };
    reader.value()?;
    reader.space();
    (reader.at == text.len()).then(|| Json::from_strict(&reader.out))?
}

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u"));

/// Whether JSON text escapes half a surrogate pair, which Python reads and Rust strings cannot hold.
#[must_use]
pub fn has_lone_surrogate(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut low_expected_at = usize::MAX;
    ESCAPE.find_iter(bytes).any(|at| {
        // An even number of backslashes before it, or this one is itself escaped.
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

/// Reads the JSON value at the start of a text and tells how long it is; what follows may be anything.
#[must_use]
pub fn json_prefix(text: &str) -> Option<(Json, usize)> {
    let mut reader = LenientParser { text: text.as_bytes(), at: 0, out: String::new() };
    reader.value()?;
    Some((Json::from_strict(&reader.out)?, reader.at))
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

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes a byte of punctuation, with the space before it.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.out.push(char::from(byte));
        }
        found
    }

    /// One value with all that it holds; `open` are the closing brackets still owed.
    fn value(&mut self) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.space();
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
            // A value is complete: close what ends here, then go on with the next one.
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
        self.space();
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
                    self.copy(copied)?;
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
                    let unit = self.unit(self.at)?;
                    let next = self.unit(self.at + 6);
                    let is_pair =
                        (0xd800..0xdc00).contains(&unit) && next.is_some_and(|low| (0xdc00..0xe000).contains(&low));
                    if is_pair {
                        self.at += 12;
                    } else if (0xd800..0xe000).contains(&unit) {
                        self.copy(copied)?;
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

    /// Copies what was passed since `from`.
    fn copy(&mut self, from: usize) -> Option<()> {
        self.out.push_str(std::str::from_utf8(&self.text[from..self.at]).ok()?);
        Some(())
    }

    /// The UTF-16 unit of a `\uXXXX` at a place.
    fn unit(&self, at: usize) -> Option<u16> {
        let escape = self.text.get(at..at + 6)?;
        let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
        digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u16::from_str_radix(digits, 16).ok())?
    }
}
