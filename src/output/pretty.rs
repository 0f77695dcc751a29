//! Stored JSON, pretty-printed for people: strings are unescaped, other values indented. Works on the JSON text, so
//! that nesting depth and number size are not limited.

use crate::json::Json;
use std::borrow::Cow;

/// Maximum levels of indentation; deeper levels are indented no further, to leave room for text.
const MAX_INDENT_LEVELS: usize = 24;

/// Pretty-prints a value on several lines. The result is not escaped and not safe to print.
#[must_use]
pub(crate) fn readable(json: &Json) -> String {
    json.as_string().unwrap_or_else(|| indented(json.text()))
}

/// Pretty-prints a value like [`readable`], but on one line if it fits into `columns`.
#[must_use]
pub(crate) fn readable_within(json: &Json, columns: usize) -> String {
    let text = json.text();
    if text.starts_with('"') || text.len() > columns {
        return readable(json);
    }
    let line = on_one_line(text);
    if line.contains('\n') { readable(json) } else { line }
}

/// The JSON text as written, with its strings unescaped.
fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let end = string_end(rest.as_bytes(), start);
        out.push_str(&rest[..start]);
        out.push_str(&unescaped_string(&rest[start..end]));
        rest = &rest[end..];
    }
    out + rest
}

/// Unescapes a JSON string and keeps its quotes. Prompts, tracebacks and JSON in strings are unreadable with escapes;
/// programs use the JSON output.
fn unescaped_string(json: &str) -> Cow<'_, str> {
    if !json.contains('\\') {
        return Cow::Borrowed(json);
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) => Cow::Owned(format!("\"{text}\"")),
        Err(_) => Cow::Borrowed(json),
    }
}

fn indented(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = string_end(bytes, at);
                for (at, part) in unescaped_string(&text[at..end]).split('\n').enumerate() {
                    if at > 0 {
                        new_line(&mut out, depth + 1);
                    }
                    out.push_str(part);
                }
                at = end;
                continue;
            }
            open @ (b'{' | b'[') => {
                let rest = text[at + 1..].trim_start();
                out.push(char::from(open));
                if rest.starts_with(['}', ']']) {
                    out.push(char::from(open + 2));
                    at = text.len() - rest.len() + 1;
                    continue;
                }
                depth += 1;
                new_line(&mut out, depth);
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(char::from(close));
            }
            b',' => {
                out.push(',');
                new_line(&mut out, depth);
            }
            b':' => out.push_str(": "),
            b' ' | b'\t' => {}
            other => out.push(char::from(other)),
        }
        at += 1;
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(MAX_INDENT_LEVELS) {
        out.push_str("  ");
    }
}

/// Returns the index after the closing quote of the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}
