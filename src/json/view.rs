//! Borrowed views of JSON text: values are parsed in place, lazily, and without copies.

use crate::json::value::find_member;
use crate::json::{Json, Members};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Borrowed JSON text; members are parsed on access, without copies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonView<'a>(&'a str);

impl<'a> JsonView<'a> {
    pub(crate) fn new(json: &'a Json) -> Self {
        Self(json.text())
    }

    pub(crate) const fn text(self) -> &'a str {
        self.0
    }

    pub(crate) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(crate) fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    pub(crate) fn is_string(self) -> bool {
        self.0.starts_with('"')
    }

    /// Whether it is `null` or an empty string, list or object.
    pub(crate) fn is_empty(self) -> bool {
        matches!(self.0, "null" | "\"\"" | "[]" | "{}")
    }

    /// Returns the members of an object, in the order written; empty for other values.
    pub(crate) fn members(self) -> Vec<(Cow<'a, str>, Self)> {
        let members: Members<'a> =
            if self.is_object() { serde_json::from_str(self.0).unwrap_or_default() } else { Members::default() };
        members.0.into_iter().map(|(key, raw)| (key, Self(raw.get()))).collect()
    }

    /// Returns a member that is not `null`.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        find_member(self.0, key).map(|raw| Self(raw.get())).filter(|value| value.0 != "null")
    }

    /// Returns the items of a list; empty for other values.
    pub(crate) fn items(self) -> Vec<Self> {
        let items: Vec<&'a RawValue> =
            if self.is_list() { serde_json::from_str(self.0).unwrap_or_default() } else { Vec::new() };
        items.into_iter().map(|raw| Self(raw.get())).collect()
    }

    /// Returns the content of a string.
    pub(crate) fn string(self) -> Option<String> {
        self.is_string().then(|| serde_json::from_str(self.0).ok()).flatten()
    }

    /// Returns a member that is a non-empty string.
    pub(crate) fn get_string(self, key: &str) -> Option<String> {
        self.get(key)?.string().filter(|text| !text.is_empty())
    }

    /// Parses the members of an object once, for several look-ups.
    pub(crate) fn fields(self) -> JsonFields<'a> {
        JsonFields { view: self, members: self.members() }
    }

    pub(crate) fn json(self) -> Json {
        Json::from_strict(self.0).unwrap_or_else(|| Json::string(self.0))
    }

    /// Returns the value; for a string that contains a JSON object or list, as tool arguments do, that object or list.
    pub(crate) fn decoded(self) -> Json {
        self.string()
            .filter(|text| text.starts_with(['{', '[']))
            .and_then(|text| Json::from_strict(&text))
            .unwrap_or_else(|| self.json())
    }
}

/// An object with its members parsed.
#[derive(Debug)]
pub(crate) struct JsonFields<'a> {
    /// The object itself.
    pub(crate) view: JsonView<'a>,
    /// The members, in the order written.
    pub(crate) members: Vec<(Cow<'a, str>, JsonView<'a>)>,
}

impl<'a> JsonFields<'a> {
    /// Returns a member that is not `null`; the last one if the key is repeated, as in Python.
    pub(crate) fn get(&self, key: &str) -> Option<JsonView<'a>> {
        let (_, value) = self.members.iter().rev().find(|(name, _)| name == key)?;
        (value.0 != "null").then_some(*value)
    }

    /// Returns the first of several members that is not `null`, unless it is empty.
    pub(crate) fn first(&self, keys: &[&str]) -> Option<JsonView<'a>> {
        keys.iter().find_map(|key| self.get(key)).filter(|value| !value.is_empty())
    }

    /// Returns a member that is a non-empty string.
    pub(crate) fn get_string(&self, key: &str) -> Option<String> {
        self.get(key)?.string().filter(|text| !text.is_empty())
    }

    pub(crate) fn is_true(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.0 == "true")
    }
}
