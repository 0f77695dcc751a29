//! Credentials in memory, and how they are masked in what a server sends back.

use crate::limits;
use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt;
use std::ops::Range;

/// Text that no output ever shows.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Replaces credentials in text.
const MASKED: &str = "[secret]";

/// Passwords and tokens of fewer bytes are masked as whole words only: within words they would destroy every text.
const SHORTEST_WITHIN_WORDS: usize = 4;

/// User names of fewer bytes are not masked.
const SHORTEST_NAME: usize = 3;

/// Base64 of the middle of a longer text is recognized by this many characters.
const SHORTEST_CORE: usize = 6;

/// Text may be percent-encoded this many times.
const ENCODED_AT_MOST: usize = 3;

/// The credentials of a client, in each form in which a server or proxy may repeat them: plain, percent-encoded, in base64
/// (either alphabet, with and without padding, also within the base64 of a longer text), and escaped as in JSON or HTML.
/// Capital and small letters count as the same.
pub(super) struct CredentialMask {
    forms: Vec<MaskedForm>,
    finder: Option<AhoCorasick>,
}

/// How one form of a credential is recognized.
#[derive(Clone, Copy)]
struct MaskedForm {
    /// Whether it counts only where no letter or digit is beside it.
    is_word: bool,
    is_base64: bool,
    /// Characters before and after it that encode a part of the credential too.
    before: usize,
    after: usize,
}

impl CredentialMask {
    /// Masks user names, and what is secret.
    pub(super) fn new(names: &[&str], secrets: &[&str]) -> Self {
        let mut all: Vec<(String, MaskedForm)> = Vec::new();
        for name in names.iter().filter(|name| name.len() >= SHORTEST_NAME) {
            all.extend(written(name, true));
        }
        for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
            all.extend(written(secret, secret.len() < SHORTEST_WITHIN_WORDS));
            all.extend(cores(secret));
        }
        let (texts, forms): (Vec<String>, Vec<MaskedForm>) = all.into_iter().unzip();
        let finder = AhoCorasick::builder().ascii_case_insensitive(true).build(&texts).ok();
        Self { forms, finder: finder.filter(|_| !texts.is_empty()) }
    }

    /// The mask for the value of an `Authorization` header and for credentials that are known besides.
    pub(super) fn for_header(header: Option<&str>, names: &[&str], secrets: &[&str]) -> Self {
        let sent = header.and_then(|header| header.split_once(' ')).map_or("", |(_, sent)| sent);
        let pair = STANDARD.decode(sent).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
        let (name, password) = pair.split_once(':').unwrap_or_default();
        // A name without a password is a token.
        let password = if password.is_empty() { name } else { password };
        Self::new(&[&[name], names].concat(), &[&[sent, &pair, password], secrets].concat())
    }

    /// A text without the credentials in it.
    pub(super) fn apply(&self, text: &str) -> String {
        let Some(finder) = &self.finder else { return text.to_owned() };
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut view = Some(DecodedText::new(text));
        for _ in 0..=ENCODED_AT_MOST {
            let Some(seen) = view else { break };
            found.extend(finder.find_overlapping_iter(&seen.bytes).filter_map(|hit| {
                let form = self.forms[hit.pattern().as_usize()];
                seen.is_form(form, hit.range()).then(|| seen.origin_of(form, hit.range()))
            }));
            view = seen.decoded();
        }
        replaced(text, found)
    }

    /// What a server sent, in one line of a bearable length, without the credentials in it.
    pub(super) fn line(&self, text: &str) -> String {
        let line = self.apply(text).split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(limits::MESSAGE_CHARS) {
            Some((end, _)) => format!("{} …", &line[..end]),
            None => line,
        }
    }
}

/// The ways in which a text may be written.
fn written(text: &str, is_word: bool) -> Vec<(String, MaskedForm)> {
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
    let form = |is_base64| MaskedForm { is_word, is_base64, before: 0, after: 0 };
    let mut all: Vec<(String, MaskedForm)> = plain.into_iter().map(|one| (one, form(false))).collect();
    all.extend(encoded.into_iter().map(|one| (one, form(true))));
    all.sort_by(|(a, _), (b, _)| a.cmp(b));
    all.dedup_by(|(a, _), (b, _)| a == b);
    all
}

/// What the base64 of every longer text has in common that holds this one: it depends on where among three bytes it begins,
/// and the characters at its ends depend on its neighbors too.
fn cores(text: &str) -> Vec<(String, MaskedForm)> {
    let mut cores = Vec::new();
    for offset in 0..3 {
        let shifted = [&vec![0; offset], text.as_bytes()].concat();
        let before = usize::from(offset > 0);
        let after = usize::from(shifted.len() % 3 > 0);
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            let start = if offset == 0 { 0 } else { offset + 1 };
            let core = encoded.get(start..encoded.len() - after).unwrap_or_default();
            if core.len() >= SHORTEST_CORE {
                cores.push((core.to_owned(), MaskedForm { is_word: false, is_base64: true, before, after }));
            }
        }
    }
    cores
}

/// A text as it is written, or percent-decoded, with the place in the original that each byte comes from.
struct DecodedText {
    bytes: Vec<u8>,
    /// Where each byte begins, and where the last one ends.
    starts: Vec<usize>,
}

impl DecodedText {
    fn new(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), starts: (0..=text.len()).collect() }
    }

    /// The same with percent-encoded bytes decoded; none where nothing is encoded.
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

    fn is_form(&self, form: MaskedForm, range: Range<usize>) -> bool {
        let is_of_word = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
        !form.is_word || !(is_of_word(range.end) || range.start.checked_sub(1).is_some_and(is_of_word))
    }

    /// Where a form is in the original, with the characters beside it that belong to it and base64's padding.
    fn origin_of(&self, form: MaskedForm, range: Range<usize>) -> Range<usize> {
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

/// The text with these ranges masked, which may overlap.
fn replaced(text: &str, mut found: Vec<Range<usize>>) -> String {
    found.sort_by_key(|range| range.start);
    let (mut masked, mut end) = (String::with_capacity(text.len()), 0);
    for range in found {
        if range.start >= end {
            // A range begins and ends with a whole character: all forms do.
            masked.push_str(text.get(end..range.start).unwrap_or_default());
            masked.push_str(MASKED);
        }
        end = end.max(range.end);
    }
    masked.push_str(text.get(end..).unwrap_or_default());
    masked
}
