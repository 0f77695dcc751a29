//! Objects of a tracking server's answers (`server/handlers.py`, MLflow 2.14 – 3.18).
//!
//! Servers leave out what is empty, and print 64-bit integers as numbers (other printers as strings). Keys are read in
//! snake and in camel case, as proto3's JSON allows both.

use super::attribute::unescape;
use super::lenient;
use crate::model::{Labels, Members, Timestamp};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The text itself where it is strict JSON, else what Python would read in it.
///
/// # Errors
/// When Python would not read it either.
pub fn strict(text: &str) -> Result<Cow<'_, str>, String> {
    if serde_json::from_str::<&RawValue>(text).is_ok() && !lenient::has_lone_surrogate(text) {
        return Ok(Cow::Borrowed(text));
    }
    let strict = lenient::json(text).ok_or("not JSON, or cut in the middle")?;
    Ok(Cow::Owned(strict.text().to_owned()))
}

/// An object of an answer. What is `null` counts as left out.
pub(super) struct ResponseObject<'a>(pub(super) Members<'a>);

impl<'a> ResponseObject<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        if !text.trim_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        serde_json::from_str(text).map(Self).map_err(|error| error.to_string())
    }

    pub(super) fn of(raw: &'a RawValue) -> Result<Self, String> {
        Self::parse(raw.get())
    }

    /// A value by its key in snake case; the last one where a key is repeated, as in Python.
    pub(super) fn get(&self, key: &str) -> Option<&'a RawValue> {
        let (_, raw) = self.0.0.iter().rev().find(|(name, _)| is_key(name, key))?;
        (raw.get() != "null").then_some(raw)
    }

    /// A scalar as text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.get(key)?.get();
        (!text.starts_with(['{', '['])).then(|| unescape(text).into_owned())
    }

    /// An integer, also when written as a string.
    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.get().trim_matches('"').parse().ok()
    }

    pub(super) fn object(&self, key: &str) -> Option<Self> {
        Self::of(self.get(key)?).ok()
    }

    /// The items of a list; none where it is left out.
    pub(super) fn list(&self, key: &str) -> Result<Vec<&'a RawValue>, String> {
        let items = self.get(key).map(|raw| serde_json::from_str(raw.get())).transpose();
        items.map(Option::unwrap_or_default).map_err(|_| format!("`{key}` is not a list"))
    }

    /// The id of a trace; the 2.0 form calls it a request.
    pub(super) fn trace_id(&self) -> Option<String> {
        self.text("trace_id").or_else(|| self.text("request_id")).filter(|id| !id.is_empty())
    }

    /// Refuses an object that has other things in it: an empty page has nothing at all.
    pub(super) fn is_page_of(&self, key: &str) -> Result<(), String> {
        let is_known = |name: &str| is_key(name, key) || is_key(name, "next_page_token");
        let is_page = self.0.0.is_empty() || self.0.0.iter().any(|(name, _)| is_known(name));
        if is_page { Ok(()) } else { Err(format!("no `{key}` in it")) }
    }

    pub(super) fn token(&self) -> Option<String> {
        self.text("next_page_token").filter(|token| !token.is_empty())
    }

    pub(super) fn millis(&self, key: &str) -> Option<Timestamp> {
        self.integer(key).map(Timestamp::from_millis)
    }

    /// Tags or metadata: an object in 3.0, a list of keys and values in 2.0.
    pub(super) fn labels(&self, key: &str) -> Labels {
        let Some(raw) = self.get(key) else { return Labels::default() };
        let mut labels = Labels::with_room(raw.get().len());
        if let Ok(object) = Self::of(raw) {
            for (key, value) in &object.0.0 {
                labels.add(key, &unescape(value.get()));
            }
        }
        for pair in self.list(key).into_iter().flatten().filter_map(|raw| Self::of(raw).ok()) {
            labels.add(&pair.text("key").unwrap_or_default(), &pair.text("value").unwrap_or_default());
        }
        labels
    }
}

/// Whether a name is this key of snake case, or its camel case.
pub(super) fn is_key(name: &str, key: &str) -> bool {
    let letters = key.bytes().filter(|byte| *byte != b'_');
    name == key || !name.contains('_') && name.bytes().map(|byte| byte.to_ascii_lowercase()).eq(letters)
}
