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
    ("[.$^]", "$", true),
    (r"\<a\>", "<a>", true),
    (r"\/\#\é", "/#é", true),
    (r"\x42\u0043\U00000044", "BCD", true),
    ("(?P<n>a)(?P=n)", "aa", true),
    (r"(a)\1", "aa", true),
    (r"(a)\1[0]", "aa0", true),
    (r"(a)(?#no \) group)\1", "aa", true),
    ("(?i)STRASSE", "strasse", true),
    ("(?i)k", "\u{212a}", true),
    ("(?i)i", "\u{130}", true),
    ("(?i)[h-j]", "\u{131}", true),
    ("(?i:a)b", "AB", false),
    ("(?i)(?-i:a)b", "aB", true),
    ("(?i)(?-i:a)b", "AB", false),
    ("(?i)é", "É", true),
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
    ("(?:^)*a", "ba", true),
    ("(?:a*)*b", "b", true),
    ("(?>a+)a", "aaa", false),
    ("a++a", "aaa", false),
    ("(?i)(?m)^A", "b\na", true),
    ("(?#x)(?i)A", "a", true),
    ("a|", "zzz", true),
    ("", "", true),
];

/// Patterns that Python rejects, or that may match in Python but are not supported.
#[rustfmt::skip]
const REJECTED: &[&str] = &[
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
fn rejected_patterns_match_nothing() {
    for pattern in REJECTED {
        let regex = Regex::new(pattern);
        assert!(!regex.is_valid() && regex.error().is_some(), "{pattern:?}");
        assert!(!regex.is_match(pattern) && !regex.is_match(""), "{pattern:?}");
    }
}

/// Patterns that Python accepts, and what the message names.
const UNSUPPORTED: &[(&str, &str)] = &[
    (r"[\101]", r"octal escape `\101`"),
    (r"\0", r"octal escape `\0`"),
    (r"\ud800", r"character `\ud800`"),
    (r"[\ud800-\uffff]", r"character `\ud800`"),
    (r"\N{DASH}", r"character name `\N"),
    ("(a)?(?(1)b|c)$", "`(?(1…)`"),
    ("(?ai)k", "flags `a` and `i`"),
    (r"(?a:\W)", "flag `a` for a part"),
    ("(?u)k", "`(?u…)`"),
    (r"(?i)(é)\1", "backreference that ignores case"),
    (r"(a)(?<=\1)", "backreference in a lookbehind"),
    ("(?=ab)*c", "repetition of a lookaround"),
    ("(?:)*a", "an empty group"),
    (r"\w{20000}", "more than 64 MiB"),
    ("a{4294967294}", "more than 64 MiB"),
    ("a{4294967296}", "count 4294967296"),
    // Python rejects it as well.
    ("(?<=a|bc)d", "lookbehind of varying width"),
];

#[test]
fn unsupported_constructs_are_named() {
    for (pattern, construct) in UNSUPPORTED {
        let regex = Regex::new(pattern);
        let why = regex.unsupported().unwrap_or_default();
        assert!(why.contains(construct) && regex.error() == Some(why) && !regex.is_match(pattern), "{pattern}: {why}");
    }
    for pattern in ["(".repeat(100_000), "(?:".repeat(100) + &")".repeat(100)] {
        assert!(Regex::new(&pattern).unsupported().is_some_and(|why| why.contains("nested more than")));
    }
    assert!(Regex::new("(").unsupported().is_none());
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
