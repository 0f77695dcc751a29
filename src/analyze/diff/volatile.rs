//! What differs between any two runs and means nothing: ids, times, figures of use. It shows as no change.
//!
//! In texts these are UUIDs, hexadecimal or decimal numbers of 16 digits or more (ids of spans and traces, AG2's `chat_id`,
//! times in micro- and nanoseconds), addresses of objects (`0x7f…`), ids that providers make up (`call_…`, `chatcmpl-…`) and
//! times with a date. In values these are also times under a key that says so, and members that tell of the call and not
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
const NAMELESS: [&str; 8] =
    ["system_fingerprint", "tool_call_id", "tool_use_id", "call_id", "response_id", "chat_id", "trace_id", "span_id"];

/// The sign in place of what is volatile; no text has it by chance.
const SIGN: char = '\u{0}';

/// How many bytes at the beginning of a text are volatile; `before` = what stands in front of it.
pub(super) fn leading(text: &str, before: Option<char>) -> Option<usize> {
    let first = text.as_bytes().first().filter(|byte| byte.is_ascii_alphanumeric())?;
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let found = if first.is_ascii_digit() { time(text) } else { None };
    found.or_else(|| uuid(text)).or_else(|| number(text)).or_else(|| provider_id(text))
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

/// A long number, hexadecimal or decimal, or an address.
fn number(text: &str) -> Option<usize> {
    const LONG: usize = 16;
    const ADDRESS: usize = 6;
    let (start, least) = if text.starts_with("0x") { (2, ADDRESS) } else { (0, LONG) };
    let digits = text.bytes().skip(start).take_while(u8::is_ascii_hexdigit).count();
    let has_digit = text[start..start + digits].bytes().any(|byte| byte.is_ascii_digit());
    (digits >= least && has_digit && !goes_on(text, start + digits)).then_some(start + digits)
}

fn provider_id(text: &str) -> Option<usize> {
    const SHORTEST: usize = 6;
    let prefix = PREFIXES.iter().filter(|prefix| text.starts_with(**prefix)).map(|prefix| prefix.len()).max()?;
    let body = text.bytes().skip(prefix).take_while(u8::is_ascii_alphanumeric).count();
    let has_digit = text[prefix..prefix + body].bytes().any(|byte| byte.is_ascii_digit());
    (body >= SHORTEST && has_digit && !goes_on(text, prefix + body)).then_some(prefix + body)
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
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, None);
    while let Some(first) = rest.chars().next() {
        let taken = leading(rest, before).inspect(|_| out.push(SIGN)).unwrap_or_else(|| {
            out.push(first);
            first.len_utf8()
        });
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    out
}

/// A value as text to be compared and read: members in the order of their keys, without those that are volatile or `null`;
/// a string that holds JSON is what it holds.
pub(super) fn readable(json: &Json) -> String {
    let Ok(value) = serde_json::from_str::<Value>(json.text()) else { return json.display() };
    if let Value::String(text) = &value {
        return readable_text(text);
    }
    let mut out = String::with_capacity(json.text().len());
    write(&mut out, "", &value);
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
        Value::Number(number) if is_time(key) && is_epoch(number.as_f64()) => out.push_str("<time>"),
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
