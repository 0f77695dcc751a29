//! Tests of normalized text.

use super::readable;
use crate::json::Json;

#[test]
fn equal_values_have_equal_text() {
    for (json, text) in [
        (r#"{"b":1.0,"a":[1,  2.50]}"#, r#"{"a": [1, 2.5], "b": 1}"#),
        (r#"{"a":null,"b":{}}"#, r#"{"b": {}}"#),
        (r#""plain""#, "plain"),
        (r#""{\"b\":1,\"a\":\"{\\\"c\\\":2}\"}""#, r#"{"a": {"c": 2}, "b": 1}"#),
        (r#"{"tool_call_id":"1","call_id":"x","id":7,"system_fingerprint":"fp"}"#, r#"{"call_id": "x", "id": 7}"#),
        (r#"{"usage":{"prompt_tokens":3},"models_usage":{"a":{"completion_tokens":1}},"x":1}"#, r#"{"x": 1}"#),
        (r#"{"cost":{"usage_including_cached_inference":{"total_cost":0.1}},"chat_id":5}"#, r#"{"chat_id": 5}"#),
        // Creation times of responses and messages.
        (r#"{"created":1764000000,"object":"chat.completion"}"#, r#"{"object": "chat.completion"}"#),
        (r#"{"created_at":"2026-11-20T10:00:00Z","models_usage":null,"content":"x"}"#, r#"{"content": "x"}"#),
        // Content.
        (r#"{"created_at":"2026-11-20T10:00:00Z","ts":17}"#, r#"{"created_at": "2026-11-20T10:00:00Z", "ts": 17}"#),
        (r#"{"cost":12.5,"usage":"daily"}"#, r#"{"cost": 12.5, "usage": "daily"}"#),
        (
            r#"{"usage":{"words":3},"cost":{"total_cost":400}}"#,
            r#"{"cost": {"total_cost": 400}, "usage": {"words": 3}}"#,
        ),
    ] {
        assert_eq!(readable(&Json::from_strict(json).unwrap()), text, "{json}");
    }
}
