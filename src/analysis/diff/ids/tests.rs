//! Tests of the ids found in texts.

use super::{Renames, id_length_at, ids, mask_ids};
use proptest::prelude::*;

#[test]
fn ids_in_texts_match() {
    for (a, b) in [
        ("call_8f3Kq2LmN0", "call_Zz91abC7x2"),
        ("see chatcmpl-6a841a12a48983f414b11c33.", "see chatcmpl-000f1a12a48983f414b11d44."),
        ("toolu_01A09q90qw90lq917835lq9", "toolu_02B09q90qw90lq917835lq8"),
        ("run--3f2a4b5c-0000-4111-8222-9a8b7c6d5e4f-0", "run--aaaa4b5c-0000-4111-8222-9a8b7c6d5e4f-0"),
        ("id 3F2A4B5C-0000-4111-8222-9A8B7C6D5E4F", "id 00000000-0000-4111-8222-9A8B7C6D5E4F"),
        ("tr-27b4e76f13917b155df4228221e2858b", "tr-00b4e76f13917b155df4228221e2858b"),
        ("span 9b94309c8c7d396e", "span 0b94309c8c7d396f"),
        ("<Agent object at 0x7f3a2b10>", "<Agent object at 0x55aa77cc>"),
    ] {
        assert_eq!(mask_ids(a), mask_ids(b), "{a} | {b}");
        assert_eq!((ids(a).len(), ids(b).len()), (1, 1), "{a} | {b}");
    }
}

#[test]
fn content_does_not_match() {
    for (a, b) in [
        ("call me", "call you"),
        ("call_weather", "call_time"),
        ("2026-11-20", "2026-11-21"),
        ("booked 2026-12-01T09:00:00", "booked 2027-03-15T17:30:00"),
        ("card 4111111111111111", "card 5500000000000004"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit 8fceb02d0ae598e95dc970b74767f19372d61af9"),
        ("1764000000000000000", "1764000000000000001"),
        ("order 123456", "order 123457"),
        ("deadbeef", "deadbeee"),
        ("feedfacefeedface", "feedfacefeedfade"),
        ("at 17:51", "at 17:52"),
        ("0x10", "0x11"),
        ("color 0xFF0000", "color 0x00FF00"),
        ("run-python3", "run-python2"),
        ("xcall_8f3Kq2LmN0", "xcall_Zz91abC7x2"),
        ("a_9b94309c8c7d396e", "a_0b94309c8c7d396f"),
        ("3.14159", "3.14160"),
    ] {
        assert_ne!(mask_ids(a), mask_ids(b), "{a} | {b}");
    }
}

#[test]
fn an_id_corresponds_to_one_id() {
    let mut renames = Renames::default();
    assert!(renames.is_consistent("call_a1", "call_b1") && renames.is_consistent("call_a2", "call_b2"));
    assert!(renames.is_consistent("call_a1", "call_b1"));
    assert!(!renames.is_consistent("call_a1", "call_b2") && !renames.is_consistent("call_a3", "call_b1"));
    // Nothing refers to these.
    assert!(renames.is_consistent("fp_1", "fp_2") && renames.is_consistent("fp_1", "fp_3"));
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn ids_are_found_at_every_place(
        parts in prop::collection::vec("call_8f3Kq2LmN0|9b94309c8c7d396e|3F2A4B5C-0000-4111-8222-9A8B7C6D5E4F|[a_é\\- 0\"x]| at 0x7f3a2b10", 0..8),
    ) {
        let text = parts.concat();
        let (mut expected, mut at) = (Vec::new(), 0);
        while let Some(first) = text[at..].chars().next() {
            at += id_length_at(&text, at).inspect(|length| expected.push(&text[at..at + length])).unwrap_or(first.len_utf8());
        }
        prop_assert_eq!(ids(&text), expected);
        prop_assert_eq!(mask_ids(&text).matches('\0').count(), ids(&text).len());
    }
}
