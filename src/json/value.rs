//! A JSON value as strict, single-line text.
//!
//! Traces hold megabytes of JSON that most commands only pass through. Storing the text instead of a tree of values
//! keeps numbers exact (128-bit integers, `1e308`), preserves the key order, and saves memory.

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Strict JSON text without a line break.
#[derive(Clone, Debug)]
pub struct Json(Box<RawValue>);

impl Json {
    /// Parses strict JSON; `None` for anything else.
    #[must_use]
    pub fn from_strict(text: &str) -> Option<Self> {
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        if raw.get().bytes().any(|b| matches!(b, b'\n' | b'\r')) {
            // Strings in strict JSON have no raw line breaks, so these are whitespace between values.
            return RawValue::from_string(raw.get().replace(['\n', '\r'], " ")).ok().map(Self);
        }
        Some(Self(raw.to_owned()))
    }

    /// Encodes a text as a JSON string.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::of(&text)
    }

    /// Serializes a value; `null` if that fails.
    #[must_use]
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(serde_json::value::to_raw_value(value).unwrap_or_default())
    }

    /// Builds an object from members, in their order.
    #[must_use]
    pub fn object(members: &[(String, Self)]) -> Self {
        struct Object<'a>(&'a [(String, Json)]);
        impl Serialize for Object<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
            }
        }
        Self::of(&Object(members))
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }

    /// Returns the content of a JSON string; `None` for any other value.
    #[must_use]
    pub fn as_string(&self) -> Option<String> {
        self.text().starts_with('"').then(|| serde_json::from_str(self.text()).ok()).flatten()
    }

    /// Returns the text for display: the content of a string, or the JSON text of any other value.
    #[must_use]
    pub fn display(&self) -> String {
        self.as_string().unwrap_or_else(|| self.text().to_owned())
    }

    /// Returns an integer, also if written as a string (`"26"`), as some clients do.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        integer(&self.0)
    }

    /// Returns a finite number, also if written as a string.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        number(&self.0)
    }

    /// Borrows the members of an object; `None` for any other value.
    pub(crate) fn borrowed_members(&self) -> Option<Members<'_>> {
        self.text().starts_with('{').then(|| serde_json::from_str(self.text()).ok())?
    }

    /// Returns the members of an object, in the order written; `None` for any other value.
    #[must_use]
    pub fn members(&self) -> Option<Vec<(String, Self)>> {
        let members = self.borrowed_members()?;
        Some(members.0.into_iter().map(|(key, raw)| (key.into_owned(), raw.into())).collect())
    }

    /// Returns one member of an object.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<Self> {
        find_member(self.text(), key).map(Self::from)
    }

    /// Returns the items of an array; `None` for any other value.
    #[must_use]
    pub fn items(&self) -> Option<Vec<Self>> {
        if !self.text().starts_with('[') {
            return None;
        }
        let items: Vec<&RawValue> = serde_json::from_str(self.text()).ok()?;
        Some(items.into_iter().map(|raw| Self(raw.to_owned())).collect())
    }
}

/// Parses an integer, also if written as a string or a float.
pub(crate) fn integer(raw: &RawValue) -> Option<i64> {
    let text = raw.get().trim_matches('"');
    text.parse().ok().or_else(|| {
        let float: f64 = text.parse().ok()?;
        // Above 2^53, floats cannot represent every integer.
        (float.fract() == 0.0 && float.abs() < 9e15).then_some(float as i64)
    })
}

/// Returns a finite number, also if written as a string.
pub(crate) fn number(raw: &RawValue) -> Option<f64> {
    raw.get().trim_matches('"').parse().ok().filter(|float: &f64| float.is_finite())
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// The members of an object as borrowed text, in the order written and including repeated keys.
#[derive(Debug, Default)]
pub struct Members<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Returns one member; the last one if the key is repeated, as in Python.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, raw)| *raw)
    }
}

/// Returns one member of an object, the last one if the key is repeated, without a list of all. `None` for any other value.
pub(crate) fn find_member<'a>(text: &'a str, key: &str) -> Option<&'a RawValue> {
    struct Find<'k>(&'k str);
    impl<'de> DeserializeSeed<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }
    }
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = Option<&'de RawValue>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(JsonKey(key)) = map.next_key::<JsonKey<'de>>()? {
                if key == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }
    if !text.starts_with('{') {
        return None;
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let found = Find(key).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    found
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Members::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // A span typically has a dozen attributes.
                let mut members = Vec::with_capacity(16);
                while let Some((JsonKey(key), value)) = map.next_entry::<JsonKey<'de>, &'de RawValue>()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_any(Pairs)
    }
}

/// An object key, borrowed if it has no escapes.
#[derive(Deserialize)]
struct JsonKey<'a>(#[serde(borrow)] Cow<'a, str>);
