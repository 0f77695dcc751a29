use super::*;
use crate::model::{Timestamp, Zone};

#[test]
fn globs_match_whole_names() {
    let check = |pattern: &str, text: &str, matches: bool| {
        assert_eq!(Glob::new(pattern).matches(text), matches, "{pattern} {text}");
    };
    check("run_*", "run_tool_agent", true);
    check("run_*", "rerun_x", false);
    check("*agent", "run_tool_agent", true);
    check("a?c", "aéc", true);
    check("a*b*c", "axxbyybc", true);
    check("a*b*c", "axxbyyb", false);
    check("", "", true);
    check("*", "", true);
    check("[x]", "[x]", true);
    check("[x]", "x", false);
    check(&"*a".repeat(50), &"a".repeat(5_000), true);
    assert_eq!(Glob::new("[a]*").to_sqlite(), "[[]a]*");
    assert_eq!(Glob::new("a_b*.?%\\").to_like(), "a\\_b%._\\%\\\\");
}

#[test]
fn times_and_durations_are_parsed() {
    let now = Timestamp::parse_rfc3339("2026-11-20T12:00:00Z").unwrap();
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(flags::time(text, now, Zone::Utc).ok(), expected.and_then(Timestamp::parse_rfc3339), "{text}");
    };
    check("15m", Some("2026-11-20T11:45:00Z"));
    check("1h30m", Some("2026-11-20T10:30:00Z"));
    check("7d", Some("2026-11-13T12:00:00Z"));
    check("2026-11-19", Some("2026-11-19T00:00:00Z"));
    check("2026-11-19T10:00:00+02:00", Some("2026-11-19T08:00:00Z"));
    check("now", None);
    check("", None);
    check("15", None);
    check("m", None);
    for (text, millis) in [
        ("250ms", Some(250)),
        ("1.5s", Some(1_500)),
        ("1m30s", Some(90_000)),
        ("2h", Some(7_200_000)),
        ("5", None),
        ("s", None),
        ("1e9s", None),
    ] {
        assert_eq!(flags::duration_ms(text).ok(), millis, "{text}");
    }
}

#[test]
fn every_match_contains_the_needle_in_every_encoding() {
    let needle = |pattern: &str| Grep::new(pattern).unwrap().needle().map(str::to_owned);
    for (pattern, expected) in [
        ("No weather station", Some("No weather station")),
        (r"\bword\b", Some("word")),
        ("timed? out", Some("time")),
        ("(?i)timeout", Some("timeout")),
        ("foo(?!bar)x", Some("foox")),
        ("(?<=a)long(er|est)", Some("long")),
        // Whitespace between values differs, and characters may be escaped.
        (r#"": 12345,"#, Some("12345")),
        ("it's <here>", Some("here")),
        // No literal, or one that is too short.
        ("a|b", None),
        ("日本", None),
        ("x*", None),
        ("(?:some)?thing|else", None),
        // With `(?x)`, the engine still matches a form feed, which the parser ignores.
        ("(?x)some\u{c}thing", None),
        ("a(?i-x:thing)", None),
    ] {
        assert_eq!(needle(pattern).as_deref(), expected, "{pattern}");
    }
    let may = |pattern: &str, stored: &str| Grep::new(pattern).unwrap().may_be_in(stored.as_bytes());
    assert!(may("(?i)timeout", r#"{"a": "TimeOut"}"#));
    assert!(!may("timeout", r#"{"a": "TimeOut"}"#));
    assert!(may("thing|else", "something") && may("thing|else", "else") && !may("thing|else", "nothin"));
    assert!(may("日本", r"\u65e5\u672c"));
}

#[test]
fn recursion_verbs_and_absent_operators_are_rejected() {
    for pattern in [
        r"a\g<0>",
        r"(a)\g<1>",
        r"(?<a>b)\g<a>",
        "a(?R)?",
        "(a(?1)?)",
        "(?&a)(?<a>b)",
        "(?P>a)(?P<a>b)",
        "a(*FAIL)",
        "(?~a)",
    ] {
        assert!(Grep::new(pattern).is_err(), "{pattern}");
    }
    assert!(Grep::new(r"(a)(?=b)\1|(?<!c)d").is_ok());
}

#[test]
fn a_condition_on_a_missing_group_is_rejected() {
    for (pattern, group) in [("(?(1))", 1), ("É(?(1))É", 1), ("(a)(?(2)b|c)", 2), ("(?:(a)|(?:b(?(7)c)))+", 7)] {
        assert_eq!(Grep::new(pattern).err(), Some(format!("invalid group reference {group}")), "{pattern}");
    }
    assert!(Grep::new("(a)?(?(1)b|c)").is_ok());
    assert!(!Regex::new("(a)(?(2)b|c)").is_valid());
}

#[test]
fn clones_of_a_pattern_share_a_time_budget() {
    let pattern = Regex::new(r"(a)\1");
    let copy = pattern.clone();
    assert!(pattern.is_match("aa") && copy.is_match("aa") && !copy.has_given_up());
    pattern.exhaust();
    assert!(!copy.is_match("aa") && copy.is_exhausted() && copy.has_given_up());
    // A pattern without backtracking needs no budget.
    let plain = Regex::new("a+");
    plain.exhaust();
    assert!(plain.is_match("aa") && !plain.has_given_up());
}

#[test]
fn every_regular_expression_of_a_filter_has_a_budget() {
    let filter = "name RLIKE '(?=a)' AND request_id RLIKE '(?=b)' AND metadata.m RLIKE '(?=c)' AND feedback.f RLIKE '(?=d)' \
                  AND span.name RLIKE '(?=e)' AND span.type RLIKE '(?=f)' AND span.attributes.g RLIKE '(?=g)'";
    let filter = Filter { clauses: language::parse(filter).unwrap() };
    // The one on an attribute also has a derived pattern for the span's JSON text.
    assert_eq!(filter.regexes().count(), 8);
    assert!(filter.incomplete_searches().is_empty() && !filter.is_exhausted());
    let last = filter.regexes().last().unwrap();
    last.exhaust();
    assert!(!last.is_match("g") && filter.is_exhausted());
    assert_eq!(filter.incomplete_searches().len(), 1);
}
