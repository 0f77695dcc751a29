//! Ids that are made up anew in each run, where they stand in texts.
//!
//! UUIDs, ids of spans and traces, ids of providers and frameworks (`call_…`, `chatcmpl-…`), addresses of objects
//! (`at 0x7f…`). Texts that differ only in these match. Dates, times and numbers are content and never match.

use std::collections::HashMap;

/// How providers and frameworks begin ids: OpenAI, Anthropic, OpenRouter, LangChain.
const PREFIXES: [&str; 14] = [
    "call_",
    "chatcmpl-",
    "cmpl-",
    "resp_",
    "msg_",
    "toolu_",
    "fc_",
    "rs_",
    "ws_",
    "req_",
    "gen-",
    "run-",
    "fp_",
    "run--",
];

/// The sign in place of what is volatile; no text has it by chance.
const SIGN: char = '\u{0}';

/// The length in bytes of the id that begins at a place in a text.
pub(super) fn leading(all: &str, at: usize) -> Option<usize> {
    let (before, text) = all.split_at(at);
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
        || before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    {
        return None;
    }
    let address = || if before.ends_with(" at ") { address(text) } else { None };
    uuid(text).or_else(|| span_id(text)).or_else(|| provider_id(text)).or_else(address)
}

/// Whether a word goes on at a place.
fn goes_on(text: &str, at: usize) -> bool {
    text[at..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn uuid(text: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..36)?;
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (bytes.iter().enumerate().all(fits) && !goes_on(text, 36)).then_some(36)
}

/// How many hexadecimal digits a text begins with, and how many of them are letters.
fn hex(text: &str) -> (usize, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit);
    digits.fold((0, 0), |(count, letters), byte| (count + 1, letters + usize::from(!byte.is_ascii_digit())))
}

/// The id of a span or a trace, which has letters and digits as good as always. One of digits only may be that of a card.
fn span_id(text: &str) -> Option<usize> {
    let (digits, letters) = hex(text);
    let is_mixed = letters > 0 && letters < digits;
    (matches!(digits, 16 | 32) && is_mixed && !goes_on(text, digits)).then_some(digits)
}

/// Where an object lies, as Python tells it: `<Agent object at 0x7f3a2b10>`.
fn address(text: &str) -> Option<usize> {
    const SHORTEST: usize = 6;
    let (digits, _) = hex(text.strip_prefix("0x")?);
    (digits >= SHORTEST && !goes_on(text, 2 + digits)).then_some(2 + digits)
}

fn provider_id(text: &str) -> Option<usize> {
    const SHORTEST: usize = 8;
    let prefix = PREFIXES.iter().filter(|prefix| text.starts_with(**prefix)).map(|prefix| prefix.len()).max()?;
    let body = &text[prefix..];
    let length = uuid(body).unwrap_or_else(|| body.bytes().take_while(u8::is_ascii_alphanumeric).count());
    let has = |is_one: fn(&u8) -> bool| body[..length].bytes().any(|byte| is_one(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (length >= SHORTEST && is_mixed && !goes_on(body, length)).then_some(prefix + length)
}

/// A text with a sign in place of each id: texts that match are equal.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        at += leading(text, at).inspect(|_| out.push(SIGN)).unwrap_or_else(|| {
            out.push(first);
            first.len_utf8()
        });
    }
    out
}

/// The ids in a text, in order.
pub(super) fn ids(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        at += leading(text, at).inspect(|length| found.push(&text[at..at + length])).unwrap_or(first.len_utf8());
    }
    found
}

/// Which id of the first trace is which of the second.
#[derive(Debug, Default)]
pub(super) struct Renames {
    of_a: HashMap<String, String>,
    of_b: HashMap<String, String>,
}

impl Renames {
    /// Whether an id stands for the same id of the other trace as before. Ids that nothing refers to are not checked:
    /// providers reuse fingerprints, and Python reuses addresses.
    pub(super) fn agree(&mut self, a: &str, b: &str) -> bool {
        const UNREFERENCED: [&str; 10] =
            ["chatcmpl-", "cmpl-", "resp_", "msg_", "rs_", "req_", "gen-", "run-", "fp_", "0x"];
        if UNREFERENCED.iter().any(|prefix| a.starts_with(prefix)) {
            return true;
        }
        let mut is_same = |of: fn(&mut Self) -> &mut HashMap<String, String>, key: &str, value: &str| {
            of(self).entry(key.to_owned()).or_insert_with(|| value.to_owned()) == value
        };
        is_same(|renames| &mut renames.of_a, a, b) && is_same(|renames| &mut renames.of_b, b, a)
    }
}

#[cfg(test)]
mod tests;
