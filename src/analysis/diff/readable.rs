//! Normalized text of JSON values, for comparison and display.

use crate::json::Json;
use serde_json::{Map, Value};
use std::fmt::Write as _;

/// Returns a value as text: members sorted by key, without `null` and metadata; a string that contains JSON becomes
/// that JSON.
pub(super) fn readable(json: &Json) -> String {
    match serde_json::from_str::<Value>(json.text()) {
        Ok(Value::String(text)) => readable_text(&text),
        Ok(value) => {
            let mut out = String::with_capacity(json.text().len());
            write(&mut out, &value);
            out
        }
        Err(_) => json.display(),
    }
}

/// Returns a member as text, unless it is metadata.
pub(super) fn readable_member(key: &str, json: &Json) -> Option<String> {
    let value = serde_json::from_str(json.text()).unwrap_or_default();
    (!is_metadata(key, &value, &Map::new())).then(|| readable(json))
}

/// Returns a text, or the normalized JSON that it contains.
pub(super) fn readable_text(text: &str) -> String {
    nested_json(text).map_or_else(|| text.to_owned(), |value| readable(&value))
}

/// Returns the JSON object or array that a text contains.
pub(super) fn nested_json(text: &str) -> Option<Json> {
    text.trim_start().starts_with(['{', '[']).then(|| Json::from_strict(text)).flatten()
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            out.push('{');
            let shown = members.iter().filter(|(key, value)| !value.is_null() && !is_metadata(key, value, members));
            for (at, (key, value)) in shown.enumerate() {
                let comma = if at > 0 { ", " } else { "" };
                let _ = write!(out, "{comma}{}: ", Value::from(key.as_str()));
                write(out, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                write(out, item);
            }
            out.push(']');
        }
        Value::Number(number) => {
            // 1.0 and 1 are the same number.
            let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15);
            out.push_str(&whole.map_or_else(|| number.to_string(), |float| format!("{float:.0}")));
        }
        Value::String(text) => match nested_json(text) {
            Some(value) => out.push_str(&readable(&value)),
            None => {
                let _ = write!(out, "{value}");
            }
        },
        Value::Null | Value::Bool(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// Whether a member describes the call and not its content: the id of the call, the tokens used, and in OpenAI
/// responses and AutoGen messages the creation time.
fn is_metadata(key: &str, value: &Value, siblings: &Map<String, Value>) -> bool {
    const CALL_IDS: [&str; 3] = ["system_fingerprint", "tool_call_id", "tool_use_id"];
    const ENVELOPES: [&str; 3] = ["choices", "object", "models_usage"];
    const TIMES: [&str; 2] = ["created", "created_at"];
    match value {
        Value::String(_) if CALL_IDS.contains(&key) => true,
        Value::Object(members) => is_usage(key, members),
        Value::String(_) | Value::Number(_) if TIMES.contains(&key) => {
            ENVELOPES.iter().any(|envelope| siblings.contains_key(*envelope))
        }
        _ => false,
    }
}

/// Whether an object holds the token counts of a call, or their cost as in AG2:
/// `{"cost": {"usage_including_cached_inference": {…}}}`.
fn is_usage(key: &str, members: &Map<String, Value>) -> bool {
    let counts = || members.is_empty() || members.iter().any(|(key, value)| counts_tokens(key, value));
    key.contains("usage") && counts() || key == "cost" && members.keys().any(|key| key.starts_with("usage_"))
}

fn counts_tokens(key: &str, value: &Value) -> bool {
    key.contains("token")
        || value.as_object().is_some_and(|below| below.iter().any(|(key, value)| counts_tokens(key, value)))
}

#[cfg(test)]
mod tests;
