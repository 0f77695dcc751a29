use super::{fingerprint, pattern};

#[test]
fn unique_parts_are_replaced() {
    for (message, expected) in [
        ("", ""),
        ("No weather station in Atlantis", "No weather station in Atlantis"),
        ("Invalid order id: 7515", "Invalid order id: <n>"),
        ("took 1,234.5 s, not 12", "took <n> s, not <n>"),
        ("try 0 failed\nwith  a second\tline", "try <n> failed with a second line"),
        ("'missing_key'", "'…'"),
        ("can't find \"a b\" or 'c\\'d' in it's place", "can't find \"…\" or '…' in it's place"),
        ("an 'open quote\nand 'another'", "an 'open quote and '…'"),
        // Status codes are kept.
        ("Error code: 429 - {'error': {'code': 17}}", "Error code: 429 - {'…': {'…': <n>}}"),
        ("HTTP 503 after 503 tries", "HTTP 503 after <n> tries"),
        ("request req_a1b2c3d4e5 of 3f2a9c01", "request <id> of <id>"),
        ("trace 123e4567-e89b-12d3-a456-426614174000", "trace <id>"),
        ("object at 0x7f3a2c>", "object at <id>>"),
        ("model gpt-4o-mini has step2 but no defaced", "model gpt-<n>o-mini has step<n> but no defaced"),
        ("cannot read /srv/a/b.json: gone", "cannot read <path>: gone"),
        ("cannot read C:\\a\\b.json", "cannot read <path>"),
        ("and/or, 1/2, /x", "and/or, <n>/<n>, /x"),
        ("GET https://host:8080/a?b=1 failed (see http://x.y)", "GET <url> failed (see <url>)"),
        ("2026-11-20T15:49:06.695Z", "<n>-<n>-<n>T<n>:<n>:<n>Z"),
        ("会话 12 失败 🔥", "会话 <n> 失败 🔥"),
    ] {
        assert_eq!(pattern(message), expected, "{message}");
    }
    assert_eq!(pattern(&"é".repeat(5_000)).chars().count(), 1_000);
}

#[test]
fn fingerprints_are_stable_and_distinct() {
    // Scripts store fingerprints, so they must not change between releases.
    assert_eq!(fingerprint(["ValueError", "x"]), 0xd51f_04bd_684d_a3f4);
    assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    assert_ne!(fingerprint(["", "a"]), fingerprint(["a", ""]));
}

proptest::proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn any_text_has_a_pattern(text in ".*") {
        assert!(pattern(&text).len() <= 5 * text.len());
    }
}
