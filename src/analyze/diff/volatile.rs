//! What differs between any two runs and means nothing: ids, times, figures of use. It shows as no change.
//!
//! In texts these are UUIDs, ids of spans and traces, ids that providers make up (`call_…`, `chatcmpl-…`) and addresses of
//! objects (`at 0x7f…`); in answers also times with a date, and numbers of 16 digits or more (times in nanoseconds, hashes).
//! What somebody asks for may be such a time or number. In values these are also times under a key that says so, and members that tell of the call and not
//! of its content: ids of calls, `system_fingerprint`, tokens used and their cost.

use crate::model::Json;
use serde_json::{Map, Value};
use std::fmt::Write as _;

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

/// Members that name the call, not what it is about.
const NAMELESS: [&str; 7] =
    ["system_fingerprint", "tool_call_id", "tool_use_id", "call_id", "response_id", "trace_id", "span_id"];

/// The sign in place of what is volatile; no text has it by chance.
const SIGN: char = '\u{0}';

/// Whose text it is, which decides what means nothing in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// Somebody asks: a time or a long number may be what is asked about. Only what is made up in each run is volatile.
    Asks,
    /// Somebody answers, who may tell the time.
    Answers,
}

/// How many bytes from a place in a text on are volatile.
pub(super) fn leading(all: &str, at: usize, voice: Voice) -> Option<usize> {
    let (before, text) = all.split_at(at);
    let first = text.as_bytes().first().filter(|byte| byte.is_ascii_alphanumeric())?;
    if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let of_answer = || {
        let of_time = if first.is_ascii_digit() { time(text) } else { None };
        of_time.or_else(|| number(text))
    };
    let address = || if before.ends_with(" at ") { address(text) } else { None };
    let made_up = uuid(text).or_else(|| span_id(text)).or_else(|| provider_id(text)).or_else(address);
    made_up.or_else(|| if voice == Voice::Answers { of_answer() } else { None })
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

/// A long number, hexadecimal or decimal.
fn number(text: &str) -> Option<usize> {
    const LONG: usize = 16;
    let (digits, letters) = hex(text);
    (digits >= LONG && letters < digits && !goes_on(text, digits)).then_some(digits)
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

/// A date with a time of day, as RFC 3339 and Python write it. A date alone may be what is talked about.
fn time(text: &str) -> Option<usize> {
    const SHAPE: &[u8] = b"0000-00-00T00:00";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == shape,
    };
    let start = text.as_bytes().get(..SHAPE.len())?;
    if !start.iter().zip(SHAPE).all(fits) {
        return None;
    }
    let mut end = SHAPE.len();
    for sign in [':', '.', '+', '-', ':'] {
        let rest = &text[end..];
        let digits = rest.bytes().skip(1).take_while(u8::is_ascii_digit).count();
        if rest.starts_with(sign) && digits > 0 {
            end += 1 + digits;
        }
    }
    Some(if text[end..].starts_with('Z') { end + 1 } else { end })
}

/// A text with a sign in place of each volatile piece: two texts that mean the same are the same.
pub(super) fn normal(text: &str, voice: Voice) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        at += leading(text, at, voice).inspect(|_| out.push(SIGN)).unwrap_or_else(|| {
            out.push(first);
            first.len_utf8()
        });
    }
    out
}

/// A value as text to be compared and read: members in the order of their keys, without those that are volatile or `null`;
/// a string that holds JSON is what it holds.
pub(super) fn readable(json: &Json) -> String {
    readable_as("", json)
}

/// A member as text, if it tells more than of the call.
pub(super) fn readable_member(key: &str, json: &Json, voice: Voice) -> Option<String> {
    let is_of_call = serde_json::from_str(json.text()).is_ok_and(|value: Value| is_of_call(key, &value));
    // `start_time` may be what is asked about, `timestamp` is when it was.
    let is_asked = voice == Voice::Asks && ["date", "time"].iter().any(|end| key.ends_with(end));
    (!is_of_call).then(|| readable_as(if is_asked { "" } else { key }, json))
}

fn readable_as(key: &str, json: &Json) -> String {
    let Ok(value) = serde_json::from_str::<Value>(json.text()) else { return json.display() };
    if let Value::String(text) = &value {
        return if is_time(key) && is_whole_time(text) { TIME.to_owned() } else { readable_text(text) };
    }
    let mut out = String::with_capacity(json.text().len());
    write(&mut out, key, &value);
    out
}

/// A text as it is, or the JSON that it holds.
pub(super) fn readable_text(text: &str) -> String {
    nested(text).map_or_else(
        || text.to_owned(),
        |value| {
            let mut out = String::with_capacity(text.len());
            write(&mut out, "", &value);
            out
        },
    )
}

fn nested(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

fn write(out: &mut String, key: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            out.push('{');
            let told = members.iter().filter(|(key, value)| !value.is_null() && !is_of_call(key, value));
            for (at, (key, value)) in told.enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                let _ = write!(out, "{comma}{}: ", Value::from(key.as_str()));
                write(out, key, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(out, key, item);
            }
            out.push(']');
        }
        Value::Number(number) if is_time(key) && is_epoch(number.as_f64()) => out.push_str(TIME),
        Value::String(text) if is_time(key) && is_whole_time(text) => out.push_str(TIME),
        Value::Number(number) => {
            // 1.0 and 1 are the same number.
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15);
            out.push_str(&whole.map_or_else(|| number.to_string(), |float| format!("{float:.0}")));
        }
        Value::String(text) => match nested(text) {
            Some(value) => write(out, key, &value),
            None => {
                let _ = write!(out, "{value}");
            }
        },
        Value::Null | Value::Bool(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// What stands in place of a time.
const TIME: &str = "<time>";

/// Whether a text is a time and nothing else.
fn is_whole_time(text: &str) -> bool {
    time(text) == Some(text.len())
}

/// Whether a key says that its value is a time.
fn is_time(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["created", "time", "timestamp", "date", "ts"].iter().any(|word| key == *word)
        || ["_at", "_time", "_timestamp", "timestamp_ms", "_ts"].iter().any(|end| key.ends_with(end))
}

/// Whether a number counts seconds or milliseconds since 1970, from 2001 to 2100.
fn is_epoch(number: Option<f64>) -> bool {
    number.is_some_and(|number| (1e9..4.1e9).contains(&number) || (1e12..4.1e12).contains(&number))
}

/// Whether a member tells of the call: by what it is known, what it used, what it cost.
fn is_of_call(key: &str, value: &Value) -> bool {
    let key = key.to_ascii_lowercase();
    let is_of_use = ["usage", "cost"].iter().any(|word| key.contains(word));
    let counts =
        |members: &Map<String, Value>| members.is_empty() || members.iter().any(|(key, value)| counts(key, value));
    NAMELESS.contains(&key.as_str()) || (is_of_use && value.as_object().is_some_and(counts))
}

/// Whether a member of an object of figures counts tokens or money, it or one below it.
fn counts(key: &str, value: &Value) -> bool {
    let below = || value.as_object().is_some_and(|members| members.iter().any(|(key, value)| counts(key, value)));
    key.contains("token") || key.contains("cost") || below()
}

#[cfg(test)]
mod tests;
