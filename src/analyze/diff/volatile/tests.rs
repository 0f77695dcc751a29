//! What counts as volatile, case by case.

use super::{Voice, normal, readable};
use crate::model::Json;

/// Whether two texts mean the same.
fn is_alike(a: &str, b: &str) -> bool {
    normal(a, Voice::Answers) == normal(b, Voice::Answers)
}

#[test]
fn ids_and_times_in_texts_are_alike() {
    for (a, b) in [
        ("call_8f3Kq2LmN0", "call_Zz91abC7x2"),
        ("see chatcmpl-6a841a12a48983f414b11c33.", "see chatcmpl-000f1a12a48983f414b11d44."),
        ("toolu_01A09q90qw90lq917835lq9", "toolu_02B09q90qw90lq917835lq8"),
        ("run--3f2a4b5c-0000-4111-8222-9a8b7c6d5e4f-0", "run--aaaa4b5c-0000-4111-8222-9a8b7c6d5e4f-0"),
        ("id 3F2A4B5C-0000-4111-8222-9A8B7C6D5E4F", "id 00000000-0000-4111-8222-9A8B7C6D5E4F"),
        ("tr-27b4e76f13917b155df4228221e2858b", "tr-00b4e76f13917b155df4228221e2858b"),
        ("span 9b94309c8c7d396e", "span 0b94309c8c7d396f"),
        ("chat 59113344556677889900112233445566778899", "chat 12345678901234567890123456789012345678"),
        ("<Agent object at 0x7f3a2b10>", "<Agent object at 0x55aa77cc>"),
        ("at 2026-11-20T17:51:10.123456Z", "at 2026-11-21T08:00:00Z"),
        ("at 2026-11-20 17:51:10+01:00 sharp", "at 2026-11-20 17:51 sharp"),
        ("1764000000000000000", "1764000000000000001"),
    ] {
        assert!(is_alike(a, b), "{a} | {b}");
    }
}

#[test]
fn what_may_be_meant_is_not_alike() {
    for (a, b) in [
        ("call me", "call you"),
        ("call_weather", "call_time"),
        ("2026-11-20", "2026-11-21"),
        ("order 123456", "order 123457"),
        ("deadbeef", "deadbeee"),
        ("feedfacefeedface", "feedfacefeedfade"),
        ("at 17:51", "at 17:52"),
        ("0x10", "0x11"),
        ("colour 0xFF0000", "colour 0x00FF00"),
        ("run-python3", "run-python2"),
        ("xcall_8f3Kq2LmN0", "xcall_Zz91abC7x2"),
        ("a_9b94309c8c7d396e", "a_0b94309c8c7d396f"),
        ("3.14159", "3.14160"),
    ] {
        assert!(!is_alike(a, b), "{a} | {b}");
    }
}

#[test]
fn values_are_told_by_their_meaning() {
    for (json, told) in [
        (r#"{"b":1.0,"a":[1,  2.50]}"#, r#"{"a": [1, 2.5], "b": 1}"#),
        (r#"{"a":null,"b":{}}"#, r#"{"b": {}}"#),
        (r#""plain""#, "plain"),
        (r#""{\"b\":1,\"a\":\"{\\\"c\\\":2}\"}""#, r#"{"a": {"c": 2}, "b": 1}"#),
        (
            r#"{"created":1764000000,"at":3,"created_at":1764000000.5,"ts":17}"#,
            r#"{"at": 3, "created": <time>, "created_at": <time>, "ts": 17}"#,
        ),
        (r#"{"tool_call_id":"1","call_id":"x","id":7,"system_fingerprint":"fp"}"#, r#"{"id": 7}"#),
        (r#"{"usage":{"prompt_tokens":3},"models_usage":{"a":{"completion_tokens":1}},"x":1}"#, r#"{"x": 1}"#),
        (r#"{"cost":{"usage_including_cached_inference":{"total_cost":0.1}},"chat_id":5}"#, r#"{"chat_id": 5}"#),
        (r#"{"cost":12.5,"usage":"daily"}"#, r#"{"cost": 12.5, "usage": "daily"}"#),
        (r#"{"usage":{"words":3}}"#, r#"{"usage": {"words": 3}}"#),
    ] {
        assert_eq!(readable(&Json::from_strict(json).unwrap()), told, "{json}");
    }
}

#[test]
fn what_is_asked_for_may_be_a_time_or_a_number() {
    let is_alike = |a: &str, b: &str| normal(a, Voice::Asks) == normal(b, Voice::Asks);
    for (a, b) in [
        ("2026-11-20T10:00:00Z", "2026-11-21T10:00:00Z"),
        ("card 4111111111111111", "card 5500000000000004"),
        ("commit 9fceb02d0ae598e95dc970b74767f19372d61af8", "commit 8fceb02d0ae598e95dc970b74767f19372d61af9"),
    ] {
        assert!(!is_alike(a, b), "{a} | {b}");
    }
    for (a, b) in [
        ("id 3F2A4B5C-0000-4111-8222-9A8B7C6D5E4F", "id 00000000-0000-4111-8222-9A8B7C6D5E4F"),
        ("run--3f2a4b5c-0000-4111-8222-9a8b7c6d5e4f-0", "run--aaaa4b5c-1234-4111-8222-1a8b7c6d5e4f-0"),
        ("tr-27b4e76f13917b155df4228221e2858b", "tr-00b4e76f13917b155df4228221e2858b"),
        ("call_8f3Kq2LmN0", "call_Zz91abC7x2"),
        ("<Agent object at 0x7f3a2b10>", "<Agent object at 0x55aa77cc>"),
    ] {
        assert!(is_alike(a, b), "{a} | {b}");
    }
}
