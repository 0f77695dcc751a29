use super::*;

/// A text, a pattern, and whether they match.
const LIKE: &[(&str, &str, bool)] = &[
    ("", "", true),
    ("", "%", true),
    ("a", "", false),
    ("abc", "abc", true),
    ("abc", "ABC", false),
    ("abc", "a%", true),
    ("abc", "%c", true),
    ("abc", "%b%", true),
    ("abc", "a_c", true),
    ("abc", "_", false),
    ("aéc", "a_c", true),
    ("a😀c", "a_c", true),
    ("abc", "%%c", true),
    ("abc", "ab", false),
    ("abc", "a%bc%c", false),
    ("aXbXc", "%X_X%", true),
    ("aXbYXcX", "%X_X%", true),
    ("aXbYXcX", "%X_X", true),
    ("aab", "%a_", true),
    ("é", "_%", true),
    ("", "_%", false),
    ("a%b", "a\\%b", false),
    ("a\\xb", "a\\%b", true),
    ("abab", "ab%ab", true),
    ("aba", "ab%ba", false),
    ("ab\0cd", "ab", true),
    ("ab\0cd", "%d", false),
    ("abzz", "ab\0%", false),
    ("ab", "ab\0%", true),
    ("a.c", "a.c", true),
    ("abc", "a.c", false),
    ("aa", "%_%_%", true),
    ("a", "%_%_%", false),
    ("xéy", "%é_", true),
    ("line\nbreak", "line_b%", true),
];

const ILIKE: &[(&str, &str, bool)] = &[
    ("ABC", "abc", true),
    ("abc", "%B%", true),
    ("É", "é", false),
    ("É", "É", true),
    ("K", "k", true),
    ("\u{212a}", "k", false),
    ("A\0B", "a", true),
    ("12", "1_", true),
    ("\u{130}", "i%", false),
];

#[test]
fn like_matches_sqlite() {
    for (text, pattern, answer) in LIKE {
        assert_eq!(like(text, pattern), *answer, "{text:?} LIKE {pattern:?}");
    }
}

#[test]
fn ilike_ignores_the_case_of_ascii_letters() {
    for (text, pattern, answer) in ILIKE {
        assert_eq!(ilike(text, pattern), *answer, "{text:?} ILIKE {pattern:?}");
    }
}

#[test]
fn like_is_fast_for_hostile_patterns() {
    let text = "a".repeat(5_000);
    assert!(like(&text, &"%a".repeat(50)));
    assert!(!like(&text, &("%a".repeat(50) + "b")));
    assert!(!like(&text, &("%a_".repeat(50) + "%b")));
}
