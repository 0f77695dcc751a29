//! The key of a JSON value: equal values have the same one, however they are written.

use super::JsonView;
use crate::model::Json;
use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The hash of a value. The order of members, spaces and the way strings are escaped do not matter; numbers count as they
/// are written.
#[must_use]
pub fn key(json: &Json) -> u64 {
    let mut hasher = DefaultHasher::new();
    add(JsonView::of(json), 0, &mut hasher);
    hasher.finish()
}

/// Values nested deeper count as they are written.
const DEEPEST: usize = 64;

fn add(value: JsonView<'_>, depth: usize, hasher: &mut DefaultHasher) {
    if depth < DEEPEST && value.is_object() {
        let mut members = value.members();
        members.sort_by(|(a, _), (b, _)| a.cmp(b));
        ('{', members.len()).hash(hasher);
        for (key, value) in members {
            key.hash(hasher);
            add(value, depth + 1, hasher);
        }
    } else if depth < DEEPEST && value.is_list() {
        let items = value.items();
        ('[', items.len()).hash(hasher);
        for item in items {
            add(item, depth + 1, hasher);
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
    use super::key;
    use crate::model::Json;

    fn same(a: &str, b: &str) -> bool {
        let key_of = |text: &str| key(&Json::from_strict(text).unwrap());
        key_of(a) == key_of(b)
    }

    #[test]
    fn equal_values_have_one_key() {
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
