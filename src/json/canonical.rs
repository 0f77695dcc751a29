//! Canonical hash of a JSON value: equal values have the same hash, however they are written.

use super::JsonView;
use crate::json::Json;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Returns the hash of a value. Member order, whitespace and string escapes do not matter; numbers are compared as
/// written.
#[must_use]
pub fn hash(json: &Json) -> u64 {
    let mut hasher = DefaultHasher::new();
    hash_value(JsonView::new(json), 0, &mut hasher);
    hasher.finish()
}

/// Values nested deeper are compared as written.
const MAX_DEPTH: usize = 64;

fn hash_value(value: JsonView<'_>, depth: usize, hasher: &mut DefaultHasher) {
    if depth < MAX_DEPTH && value.is_object() {
        let mut members = value.members();
        members.sort_by(|(a, _), (b, _)| a.cmp(b));
        ('{', members.len()).hash(hasher);
        for (key, value) in members {
            key.hash(hasher);
            hash_value(value, depth + 1, hasher);
        }
    } else if depth < MAX_DEPTH && value.is_list() {
        let items = value.items();
        ('[', items.len()).hash(hasher);
        for item in items {
            hash_value(item, depth + 1, hasher);
        }
    } else if value.is_string() {
        let plain = value.text().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let plain = plain.filter(|text| !text.contains('\\')).map(Cow::Borrowed);
        ('"', plain.or_else(|| value.string().map(Cow::Owned))).hash(hasher);
    } else {
        value.text().hash(hasher);
    }
}

#[cfg(test)]
mod tests {
    use super::hash;
    use crate::json::Json;

    fn same(a: &str, b: &str) -> bool {
        let hash_of = |text: &str| hash(&Json::from_strict(text).unwrap());
        hash_of(a) == hash_of(b)
    }

    #[test]
    fn equal_values_have_one_hash() {
        assert!(same(
            r#"{"a":[1,{"c":"é","d":null}],"b":"x"}"#,
            r#"{ "b": "\u0078", "a": [1, {"d":null, "c": "\u00e9"}] }"#
        ));
        for (a, b) in [
            ("1", "\"1\""),
            ("[]", "{}"),
            ("[[1],2]", "[1,[2]]"),
            (r#"{"a":"b"}"#, r#"{"b":"a"}"#),
            (r#"["a","b"]"#, r#"["ab"]"#),
            ("340282366920938463463374607431768211455", "340282366920938463463374607431768211456"),
            ("null", "\"null\""),
        ] {
            assert!(!same(a, b), "{a} {b}");
        }
    }
}
