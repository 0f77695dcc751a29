//! Stored JSON for reading: a string as its text, anything else indented, with the strings in it as their texts too. Works
//! on the text, so that depth and size of numbers do not matter.

use crate::model::Json;
use std::borrow::Cow;

/// Indentation stops growing here: 300 levels of it would leave no room for text.
const DEEPEST: usize = 24;

/// A value for people, on as many lines as it needs; not yet safe to print.
#[must_use]
pub(crate) fn readable(json: &Json) -> String {
    json.as_string().unwrap_or_else(|| indented(json.text()))
}

/// The same, on one line where it fits into so many columns.
#[must_use]
pub(crate) fn readable_within(json: &Json, columns: usize) -> String {
    let text = json.text();
    if text.starts_with('"') || text.len() > columns {
        return readable(json);
    }
    let line = on_one_line(text);
    if line.contains('\n') { readable(json) } else { line }
}

/// The text as it was written, but for its strings.
fn on_one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let end = string_end(rest.as_bytes(), start);
        out.push_str(&rest[..start]);
        out.push_str(&string(&rest[start..end]));
        rest = &rest[end..];
    }
    out + rest
}

/// A string in quotes with its text as it is. Escapes are for programs, which ask for JSON; prompts, tracebacks and the
/// JSON that models write as text cannot be read with them.
fn string(json: &str) -> Cow<'_, str> {
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
                for (at, part) in string(&text[at..end]).split('\n').enumerate() {
                    if at > 0 {
                        line(&mut out, depth + 1);
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
                line(&mut out, depth);
            }
            close @ (b'}' | b']') => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(char::from(close));
            }
            b',' => {
                out.push(',');
                line(&mut out, depth);
            }
            b':' => out.push_str(": "),
            b' ' | b'\t' => {}
            other => out.push(char::from(other)),
        }
        at += 1;
    }
    out
}

fn line(out: &mut String, depth: usize) {
    out.push('\n');
    for _ in 0..depth.min(DEEPEST) {
        out.push_str("  ");
    }
}

/// The place behind the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}
