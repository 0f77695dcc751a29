//! JSON objects in the responses of a tracking server (`server/handlers.py`, MLflow 2.14 – 3.18).
//!
//! Servers omit empty values and print 64-bit integers as numbers; other writers print them as strings. Keys are read
//! in snake case and in camel case, because proto3's JSON allows both.

use super::attribute::unescape;
use super::lenient;
use crate::json::Members;
use crate::model::{Labels, Timestamp};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Returns the text itself if it is strict JSON, else converts what Python's parser accepts to strict JSON.
///
/// # Errors
/// If Python would not parse it either.
pub fn strict_json(text: &str) -> Result<Cow<'_, str>, String> {
    if serde_json::from_str::<&RawValue>(text).is_ok() && !lenient::has_lone_surrogate(text) {
        return Ok(Cow::Borrowed(text));
    }
    let strict = lenient::parse_json(text).ok_or("invalid or truncated JSON")?;
    Ok(Cow::Owned(strict.text().to_owned()))
}

/// An object in a response. A `null` member counts as absent.
pub(super) struct ResponseObject<'a>(pub(super) Members<'a>);

impl<'a> ResponseObject<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    pub(super) fn from_raw(raw: &'a RawValue) -> Result<Self, String> {
        Self::parse(raw.get())
    }

    /// Returns the value of a key given in snake case; of repeated keys the last one, as in Python.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.0.0.iter().rev().find(|(name, _)| is_key(name, key))?;
        (raw.get() != "null").then_some(raw)
    }

    /// Returns a scalar as text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.get(key)?.get();
        (!text.starts_with(['{', '['])).then(|| unescape(text).into_owned())
    }

    /// Returns an integer, also if written as a string.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.get().trim_matches('"').parse().ok()
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::from_raw(self.get(key)?).ok()
    }

    /// Returns the items of a list; none if the key is absent.
    pub(super) fn list(&self, key: &str) -> Result<Vec<&'a RawValue>, String> {
        let items = self.get(key).map(|raw| serde_json::from_str(raw.get())).transpose();
        items.map(Option::unwrap_or_default).map_err(|_| format!("`{key}` is not a list"))
    }

    /// Returns the trace id, which the 2.0 API calls `request_id`.
    pub(super) fn trace_id(&self) -> Option<String> {
        self.text("trace_id").or_else(|| self.text("request_id")).filter(|id| !id.is_empty())
    }

    /// Returns an error if this is not a page of `key`. An empty page may be an empty object.
    pub(super) fn check_page_of(&self, key: &str) -> Result<(), String> {
        let is_known = |name: &str| is_key(name, key) || is_key(name, "next_page_token");
        let is_page = self.0.0.is_empty() || self.0.0.iter().any(|(name, _)| is_known(name));
        if is_page { Ok(()) } else { Err(format!("missing `{key}`")) }
    }

    pub(super) fn next_page_token(&self) -> Option<String> {
        self.text("next_page_token").filter(|token| !token.is_empty())
    }

    pub(super) fn millis(&self, key: &str) -> Option<Timestamp> {
        self.integer(key).map(Timestamp::from_millis)
    }

    /// Returns tags or metadata: an object in the 3.0 API, a list of key-value pairs in 2.0.
    pub(super) fn labels(&self, key: &str) -> Labels {
        let Some(raw) = self.get(key) else { return Labels::default() };
        let mut labels = Labels::with_capacity(raw.get().len());
        if let Ok(object) = Self::from_raw(raw) {
            for (key, value) in &object.0.0 {
                labels.add(key, &unescape(value.get()));
            }
        }
        for pair in self.list(key).into_iter().flatten().filter_map(|raw| Self::from_raw(raw).ok()) {
            labels.add(&pair.text("key").unwrap_or_default(), &pair.text("value").unwrap_or_default());
        }
        labels
    }
}

/// Whether a name is this snake-case key, or its camel-case form.
pub(super) fn is_key(name: &str, key: &str) -> bool {
    let letters = key.bytes().filter(|byte| *byte != b'_');
    name == key || !name.contains('_') && name.bytes().map(|byte| byte.to_ascii_lowercase()).eq(letters)
}
