//! Masking of credentials in text from a server.

use crate::limits;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// Replacement for credentials in text.
const MASKED: &str = "[secret]";

/// Shorter passwords and tokens (in bytes) are masked as whole words only: masking them within words would garble text.
const MIN_SUBSTRING_BYTES: usize = 4;

/// Shorter user names (in bytes) are not masked.
const MIN_NAME_BYTES: usize = 3;

/// Minimum length of [`base64_cores`].
const MIN_CORE_CHARS: usize = 6;

/// Text is percent-decoded up to this many times.
const MAX_PERCENT_DECODINGS: usize = 3;

/// Finds and masks the credentials of a client in each form in which a server or proxy may repeat them: plain,
/// percent-encoded, base64 (either alphabet, with and without padding, also within the base64 of a longer text), and
/// escaped as in JSON or HTML. Ignores case.
pub(super) struct CredentialMask {
    forms: Vec<MaskedForm>,
    finder: Option<AhoCorasick>,
}

/// How one encoded form of a credential is matched.
#[derive(Clone, Copy)]
struct MaskedForm {
    /// Whether it matches whole words only: no letter or digit before or after it.
    is_whole_word: bool,
    is_base64: bool,
    /// Number of characters before and after the match that also encode a part of the credential.
    before: usize,
    after: usize,
}

impl CredentialMask {
    /// Builds a mask for user names and secrets.
    pub(super) fn new(names: &[&str], secrets: &[&str]) -> Self {
        let mut all: Vec<(String, MaskedForm)> = Vec::new();
        for name in names.iter().filter(|name| name.len() >= MIN_NAME_BYTES) {
            all.extend(encodings(name, true));
        }
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            all.extend(encodings(secret, secret.len() < MIN_SUBSTRING_BYTES));
            all.extend(base64_cores(secret));
        }
        let (texts, forms): (Vec<String>, Vec<MaskedForm>) = all.into_iter().unzip();
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts).ok();
        Self { forms, finder: finder.filter(|_| !texts.is_empty()) }
    }

    /// Builds a mask for the value of an `Authorization` header and further names and secrets.
    pub(super) fn from_header(header: Option<&str>, names: &[&str], secrets: &[&str]) -> Self {
        let sent = header.and_then(|header| header.split_once(' ')).map_or("", |(_, sent)| sent);
        let pair = STANDARD.decode(sent).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let (name, password) = pair.split_once(':').unwrap_or_default();
        // A name without a password is a token.
        let password = if password.is_empty() { name } else { password };
        Self::new(&[&[name], names].concat(), &[&[sent, &pair, password], secrets].concat())
    }

    /// Masks the credentials in a text.
    pub(super) fn apply(&self, text: &str) -> String {
        let Some(finder) = &self.finder else { return text.to_owned() };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut next = Some(DecodedText::new(text));
        for _ in 0..=MAX_PERCENT_DECODINGS {
            let Some(view) = next else { break };
            ranges.extend(finder.find_overlapping_iter(&view.bytes).filter_map(|hit| {
                let form = self.forms[hit.pattern().as_usize()];
                view.matches_form(form, hit.range()).then(|| view.source_range(form, hit.range()))
            }));
            next = view.decoded();
        }
        replace_ranges(text, ranges)
    }

    /// Masks the credentials in a text and limits it to one line of [`limits::MESSAGE_CHARS`].
    pub(super) fn apply_to_message(&self, text: &str) -> String {
        let line = self.apply(text).split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(limits::MESSAGE_CHARS) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => line,
        }
    }
}

/// Returns the encoded forms of a text.
fn encodings(text: &str, is_whole_word: bool) -> Vec<(String, MaskedForm)> {
    let json = serde_json::to_string(text).unwrap_or_default();
    let html = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let plain = [
        text.to_owned(),
        json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned(),
        html.replace('\'', "&#39;"),
        html.replace('\'', "&#x27;"),
        text.replace(' ', "+"),
    ];
    let encoded = [STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)];
    let form = |is_base64| MaskedForm { is_whole_word, is_base64, before: 0, after: 0 };
    let mut all: Vec<(String, MaskedForm)> = plain.into_iter().map(|text| (text, form(false))).collect();
    all.extend(encoded.into_iter().map(|text| (text, form(true))));
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.dedup_by(|(a, _), (b, _)| a == b);
    all
}

/// Returns the base64 characters that are the same in every longer text that contains this one, for each of the three
/// byte offsets. The characters at the ends also depend on neighboring bytes and are left out.
fn base64_cores(text: &str) -> Vec<(String, MaskedForm)> {
    let mut cores = Vec::new();
    for offset in 0..3 {
        let shifted = [&vec![0; offset], text.as_bytes()].concat();
        let before = usize::from(offset > 0);
        let after = usize::from(shifted.len() % 3 > 0);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            let start = if offset == 0 { 0 } else { offset + 1 };
            let core = encoded.get(start..encoded.len() - after).unwrap_or_default();
            if core.len() >= MIN_CORE_CHARS {
                cores.push((core.to_owned(), MaskedForm { is_whole_word: false, is_base64: true, before, after }));
            }
        }
    }
    cores
}

/// A text, possibly percent-decoded, with the position of each byte in the original.
struct DecodedText {
    bytes: Vec<u8>,
    /// Position of each byte in the original, then the end of the last one.
    starts: Vec<usize>,
}

impl DecodedText {
    fn new(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), starts: (0..=text.len()).collect() }
    }

    /// Percent-decodes the text once; `None` if nothing is encoded.
    fn decoded(&self) -> Option<Self> {
        let hex = |at: usize| self.bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (mut bytes, mut starts, mut at) = (Vec::new(), Vec::new(), 0);
        while at < self.bytes.len() {
            let encoded = if self.bytes[at] == b'%' { hex(at + 1).zip(hex(at + 2)) } else { None };
            starts.push(self.starts[at]);
            bytes.push(encoded.map_or(self.bytes[at], |(high, low)| (16 * high + low) as u8));
            at += if encoded.is_some() { 3 } else { 1 };
        }
        starts.push(self.starts[self.bytes.len()]);
        (bytes.len() < self.bytes.len()).then_some(Self { bytes, starts })
    }

    fn matches_form(&self, form: MaskedForm, range: Range<usize>) -> bool {
        let is_word_char = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        !form.is_whole_word || !(is_word_char(range.end) || range.start.checked_sub(1).is_some_and(is_word_char))
    }

    /// Returns the range of a match in the original, extended by adjacent characters of the form and base64 padding.
    fn source_range(&self, form: MaskedForm, range: Range<usize>) -> Range<usize> {
        let is_base64 =
            |at: usize| self.bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte));
        let (mut start, mut end) = (range.start, range.end);
        if form.before > 0 && start > 0 && is_base64(start - 1) {
            start -= 1;
        }
        if form.after > 0 && is_base64(end) {
            end += 1;
        }
        if form.is_base64 {
            end += self.bytes[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        }
        self.starts[start]..self.starts[end]
    }
}

/// Masks ranges of a text. They may overlap.
fn replace_ranges(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| range.start);
    let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
    for range in ranges {
        if range.start >= end {
            // Forms are whole strings, so ranges start and end at character boundaries.
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str(MASKED);
        }
        end = end.max(range.end);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    masked
}
