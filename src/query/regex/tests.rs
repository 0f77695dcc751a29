use super::*;

/// A pattern, a text, and whether the pattern matches.
const FOUND: &[(&str, &str, bool)] = &[
    ("b", "abc", true),
    ("^b", "abc", false),
    ("c$", "abc", true),
    ("c$", "abc\n", true),
    ("c$", "abc\n\n", false),
    (r"c\Z", "abc\n", false),
    (r"c\Z", "abc", true),
    ("(?m)^b$", "a\nb\nc", true),
    ("(?m)^$", "a\n", true),
    ("a.b", "a\nb", false),
    ("a.b", "a\u{d}b", true),
    ("(?s)a.b", "a\nb", true),
    ("a{", "a{", true),
    ("a{,2}b", "aaab", true),
    ("^a{,2}b", "aaab", false),
    ("x{}", "x{}", true),
    ("x{a}", "x{a}", true),
    ("{\"k\"", "{\"k\": 1}", true),
    ("^a{2}+a", "aaa", true),
    ("[[:alpha:]]", "q", false),
    ("[[:alpha:]]", ":]", true),
    ("[a&&b]", "&", true),
    ("[!--]", "+", true),
    ("[a~~b]", "~", true),
    ("[[]", "[", true),
    ("[]a]", "]", true),
    ("[^]a]", "]", false),
    ("[a-]", "-", true),
    (r"[\w-]", "-", true),
    (r"[\b]", "\u{8}", true),
    (r"[\101]", "A", true),
    ("[.$^]", "$", true),
    (r"\<a\>", "<a>", true),
    (r"\/\#\é", "/#é", true),
    (r"\101\x42\u0043\U00000044", "ABCD", true),
    (r"\0", "\0", true),
    (r"[\ud800-\uffff]", "\u{e000}", true),
    (r"\ud800", "x", false),
    ("(?P<n>a)(?P=n)", "aa", true),
    (r"(a)\1", "aa", true),
    (r"(a)\1[0]", "aa0", true),
    (r"(a)(?#no \) group)\1", "aa", true),
    ("(a)?(?(1)b|c)$", "ab", true),
    ("(a)?(?(1)b|c)$", "c", true),
    ("^(a)?(?(1)b|c)$", "b", false),
    ("^(a)?(?(1))$", "a", true),
    ("(?i)STRASSE", "strasse", true),
    ("(?i)k", "\u{212a}", true),
    ("(?i)i", "\u{130}", true),
    ("(?i)[h-j]", "\u{131}", true),
    ("(?ai)k", "\u{212a}", false),
    ("(?ai)[h-j]x", "Ix", true),
    ("(?i:a)b", "AB", false),
    ("(?i)(?-i:a)b", "aB", true),
    ("(?i)(?-i:a)b", "AB", false),
    ("(?i)é", "É", true),
    (r"(?i)(é)\1", "éÉ", true),
    ("(?i)ẞ", "ß", true),
    (r"\w", "é", true),
    (r"(?a)\w", "é", false),
    (r"\w", "\u{301}", false),
    (r"\w", "²", true),
    (r"\d", "٣", true),
    (r"(?a)\d", "٣", false),
    (r"\s", "\u{1c}", true),
    (r"\s", "\u{2003}", true),
    (r"(?a)\s", "\u{2003}", false),
    (r"\bcafe\b", "cafe\u{301}", true),
    (r"\bcafé\b", "un café noir", true),
    (r"\bcaf\b", "café", false),
    (r"(?a)\bcaf\b", "café", true),
    (r"\B", "", false),
    (r"\b", "", false),
    (r"\Ba", "ba", true),
    (r"(?!\bfoo)foo", "foo", false),
    (r"(?>a\b|ab)c", "abc", true),
    ("(?x) a b # c", "ab", true),
    (r"(?x) a\ b", "a b", true),
    ("(?x:a b) c", "ab c", true),
    ("(?x)[ ]", "ab", false),
    ("(?x)a +", "aa", true),
    ("(?<=ab|cd)e", "cde", true),
    ("(?<!a)b", "ab", false),
    (r"(?=(a)??)\1", "aa", false),
    (r"(?=(a+))\1b", "aab", true),
    (r"(?<=(a))\1", "aa", true),
    ("(?=ab)*c", "c", true),
    ("(?:)*a", "a", true),
    ("(?:^)*a", "ba", true),
    ("(?:a*)*b", "b", true),
    ("(?>a+)a", "aaa", false),
    ("a++a", "aaa", false),
    ("(?i)(?m)^A", "b\na", true),
    ("(?#x)(?i)A", "a", true),
    ("a|", "zzz", true),
    ("", "", true),
];

/// Patterns that Python rejects.
#[rustfmt::skip]
const INVALID: &[&str] = &[
    "(", "a)", "[", "[]", r"a\", "*a", "^*", "a**", "a*{2}", "{2}", "a{2,1}", "a{4294967295}", r"\q", r"\p{L}", r"\z",
    r"\h", r"\K", r"\G", r"\Q", r"\e", r"[\B]", r"[\8]", "[b-a]", "[a--b]", r"[a-\d]", r"\x4", r"\u12", r"\U00110000",
    r"\400", r"\1", r"(a\1)", "(?P=n)", "(?P<1>a)", "(?P<n>a)(?P<n>b)", "(?P>n)", "(?<n>a)", "(?~a)", "(?R)", "(?1)",
    "(?|a)", "(*FAIL)", "a(?i)b", "|(?i)a", "(?L)a", "(?au)a", "(?-a:b)", "(?i-i:b)", "(?)", "(?:", "(?i-:a)", "(?#a",
    "(?<=a*)b", "(?<=a|bc)d", r"(?<=(a)\1)b", "(?(1)a|b)", "(?(0)a)", "(a)(?(1)a|b|c)", "(?(n)a)", r"\k<n>",
];

#[test]
fn matches_are_those_of_python() {
    for (pattern, text, answer) in FOUND {
        let regex = Regex::new(pattern);
        assert_eq!(regex.error(), None, "{pattern:?}");
        assert_eq!(regex.is_match(text), *answer, "{pattern:?} in {text:?}");
    }
}

#[test]
fn patterns_that_python_rejects_are_invalid_and_match_nothing() {
    for pattern in INVALID {
        let regex = Regex::new(pattern);
        assert!(!regex.is_valid() && regex.error().is_some(), "{pattern:?}");
        assert!(!regex.is_match(pattern) && !regex.is_match(""), "{pattern:?}");
    }
}

#[test]
fn unsupported_patterns_are_errors_and_do_not_panic() {
    let deep = "(?:".repeat(100) + &")".repeat(100);
    for pattern in ["(".repeat(100_000), deep, r"\w{20000}".to_owned(), r"\N{DASH}".to_owned()] {
        assert!(Regex::new(&pattern).error().is_some_and(|problem| !problem.is_empty()));
    }
}

#[test]
fn a_match_far_inside_a_text_is_found() {
    let text = "the quick brown fox jumps. ".repeat(40_000);
    assert!(!Regex::new(r"\bneedle\b").is_match(&text));
    let text = text + "a needle";
    assert!(Regex::new(r"\bneedle\b").is_match(&text));
    assert!(Regex::new(r"(?<=a )\bneedle\b").is_match(&text));
}

#[test]
fn regexes_with_the_same_pattern_are_equal() {
    let regex = Regex::new("a+");
    assert_eq!(regex, Regex::new("a+"));
    assert_ne!(regex, Regex::new("a*"));
    assert_eq!(regex.pattern(), "a+");
}
