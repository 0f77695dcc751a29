//! Ids in texts that are generated anew in each run.
//!
//! UUIDs, ids of spans and traces, ids of providers and frameworks (`call_…`, `chatcmpl-…`), addresses of objects
//! (`at 0x7f…`). Texts that differ only in these match. Dates, times and numbers are content and never match.

use std::collections::HashMap;

/// Id prefixes of providers and frameworks: OpenAI, Anthropic, OpenRouter, LangChain.
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

/// Replaces each id; does not occur in ordinary text.
const PLACEHOLDER: char = '\u{0}';

/// Returns the length in bytes of the id that starts at a byte offset.
pub(super) fn id_length_at(all: &str, at: usize) -> Option<usize> {
    let (before, text) = all.split_at(at);
    if !text.starts_with(|c: char| c.is_ascii_alphanumeric())
        || before.ends_with(|c: char| c.is_alphanumeric() || c == '_')
    {
        return None;
    }
    let address = || address_length(text).filter(|_| before.ends_with(" at "));
    uuid_length(text).or_else(|| span_id_length(text)).or_else(|| provider_id(text)).or_else(address)
}

/// Whether a word continues at a byte offset.
fn is_word_char_at(text: &str, at: usize) -> bool {
    text[at..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn uuid_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes().get(..36)?;
    let fits = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (bytes.iter().enumerate().all(fits) && !is_word_char_at(text, 36)).then_some(36)
}

/// Returns the number of leading hexadecimal digits, and how many of them are letters.
fn count_hex_digits(text: &str) -> (usize, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_hexdigit);
    digits.fold((0, 0), |(count, letters), byte| (count + 1, letters + usize::from(!byte.is_ascii_digit())))
}

/// Returns the length of a span or trace id. It must have both letters and digits; digits alone may be a card number.
fn span_id_length(text: &str) -> Option<usize> {
    let (digits, letters) = count_hex_digits(text);
    let is_mixed = letters > 0 && letters < digits;
    (matches!(digits, 16 | 32) && is_mixed && !is_word_char_at(text, digits)).then_some(digits)
}

/// Returns the length of an object address in a Python `repr`: `<Agent object at 0x7f3a2b10>`.
fn address_length(text: &str) -> Option<usize> {
    const MIN_DIGITS: usize = 6;
    let (digits, _) = count_hex_digits(text.strip_prefix("0x")?);
    (digits >= MIN_DIGITS && !is_word_char_at(text, 2 + digits)).then_some(2 + digits)
}

fn provider_id(text: &str) -> Option<usize> {
    const MIN_LENGTH: usize = 8;
    // Most words are not followed by one of these, as every prefix is.
    let letters = text.bytes().take_while(u8::is_ascii_lowercase).count();
    text[letters..].starts_with(['_', '-']).then_some(())?;
    let prefix = PREFIXES.iter().filter(|prefix| text.starts_with(**prefix)).map(|prefix| prefix.len()).max()?;
    let body = &text[prefix..];
    let length = uuid_length(body).unwrap_or_else(|| body.bytes().take_while(u8::is_ascii_alphanumeric).count());
    let has = |matches: fn(&u8) -> bool| body[..length].bytes().any(|byte| matches(&byte));
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    (length >= MIN_LENGTH && is_mixed && !is_word_char_at(body, length)).then_some(prefix + length)
}

/// Replaces each id with a placeholder, so that texts that differ only in ids become equal.
pub(super) fn mask_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (at, length) in find_ids(text) {
        out.push_str(&text[copied..at]);
        out.push(PLACEHOLDER);
        copied = at + length;
    }
    out.push_str(&text[copied..]);
    out
}

/// Returns the ids in a text, in order.
pub(super) fn ids(text: &str) -> Vec<&str> {
    find_ids(text).map(|(at, length)| &text[at..at + length]).collect()
}

/// Returns the byte offset and length of each id. An id begins where a word begins, so the rest of each word is skipped.
fn find_ids(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let skip = move |at: usize, skips: fn(&u8) -> bool| at + bytes[at..].iter().take_while(|byte| skips(byte)).count();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = skip(at, |byte| !byte.is_ascii_alphanumeric());
            if start == bytes.len() {
                return None;
            }
            if let Some(length) = id_length_at(text, start) {
                at = start + length;
                return Some((start, length));
            }
            at = skip(start, |byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        }
    })
}

/// Which ids of the first trace correspond to which of the second.
#[derive(Debug, Default)]
pub(super) struct Renames {
    a_to_b: HashMap<String, String>,
    b_to_a: HashMap<String, String>,
}

impl Renames {
    /// Whether two ids correspond to each other and to no other id; records new pairs. Ids that nothing refers to are
    /// not checked: providers reuse fingerprints, and Python reuses addresses.
    pub(super) fn is_consistent(&mut self, a: &str, b: &str) -> bool {
        const UNREFERENCED: [&str; 10] =
            ["chatcmpl-", "cmpl-", "resp_", "msg_", "rs_", "req_", "gen-", "run-", "fp_", "0x"];
        if UNREFERENCED.iter().any(|prefix| a.starts_with(prefix)) {
            return true;
        }
        let mut is_same = |map: fn(&mut Self) -> &mut HashMap<String, String>, key: &str, value: &str| {
            map(self).entry(key.to_owned()).or_insert_with(|| value.to_owned()) == value
        };
        is_same(|renames| &mut renames.a_to_b, a, b) && is_same(|renames| &mut renames.b_to_a, b, a)
    }
}

#[cfg(test)]
mod tests;
