//! JSON as Python's `json.dumps` writes it. MLflow stores this text, so text conditions compare with it.

use super::Json;
use std::fmt::Write as _;

/// Returns the JSON text with `, ` and `: ` as separators, and all non-ASCII characters escaped.
#[must_use]
pub fn dumps(value: &Json) -> String {
    escape_non_ascii(&with_spaces(value))
}

/// Returns the JSON text with `, ` and `: ` as separators.
#[must_use]
pub fn with_spaces(value: &Json) -> String {
    let mut out = String::with_capacity(value.text().len() + 16);
    let mut chars = value.text().chars();
    let mut is_in_string = false;
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                is_in_string = !is_in_string;
                out.push(c);
            }
            '\\' => match chars.next() {
                // Python does not escape slashes, and writes hex escapes in lowercase.
                Some('/') => out.push('/'),
                Some('u') => {
                    out.push_str("\\u");
                    out.extend(chars.by_ref().take(4).map(|digit| digit.to_ascii_lowercase()));
                }
                other => out.extend(['\\'].into_iter().chain(other)),
            },
            _ if is_in_string => out.push(c),
            ',' => out.push_str(", "),
            ':' => out.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => out.push(c),
        }
    }
    out
}

/// Escapes all non-ASCII characters of JSON text.
#[must_use]
pub fn escape_non_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

/// Encodes a text as a JSON string with all non-ASCII characters escaped.
#[must_use]
pub fn string(text: &str) -> String {
    escape_non_ascii(Json::string(text).text())
}

/// Rewrites whole floats of JSON text as integers: `1.0` as `1`.
#[must_use]
pub fn with_integers(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    let mut is_in_string = false;
    while let Some(first) = rest.chars().next() {
        let is_whole =
            |rest: &str| rest.starts_with(".0") && !rest[2..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if !is_in_string && is_whole(rest) {
            rest = &rest[2..];
            continue;
        }
        let length = if first == '\\' { rest.len().min(2) } else { first.len_utf8() };
        is_in_string ^= first == '"';
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}
