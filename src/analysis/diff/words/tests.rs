//! Tests of word diffs.

use super::{MatchIds, WordOp};
use proptest::prelude::*;

fn diff(a: &str, b: &str) -> Vec<super::WordRun> {
    super::diff_words(a, b, MatchIds::Yes)
}

/// Formats a diff like `git diff --word-diff`.
fn marked_diff(a: &str, b: &str) -> String {
    let sign = |op| match op {
        WordOp::Equal => ("", ""),
        WordOp::Delete => ("[-", "-]"),
        WordOp::Insert => ("{+", "+}"),
    };
    let marked = |words: &super::WordRun| [sign(words.op).0, &words.text, sign(words.op).1].concat();
    diff(a, b).iter().map(marked).collect()
}

#[test]
fn words_are_compared_one_by_one() {
    for (a, b, expected) in [
        ("be polite and short", "be terse and short", "be [-polite-]{+terse+} and short"),
        ("What about Paris?", "What about Paris? Please", "What about Paris?{+ Please+}"),
        ("Please, go", "go", "[-Please, -]go"),
        ("one two three four five", "one 2 3 four five", "one [-two three-]{+2 3+} four five"),
        ("see call_8f3Kq2LmN0 now", "see call_Zz91abC7x2 then", "see call_Zz91abC7x2 [-now-]{+then+}"),
        ("", "new", "{+new+}"),
        ("a b", "a  b", "a[- -]{+  +}b"),
        ("晴れです", "雨です", "[-晴れ-]{+雨+}です"),
        (
            "sunny in Paris today",
            "heavy rain was expected all over London",
            "[-sunny in Paris today-]{+heavy rain was expected all over London+}",
        ),
    ] {
        assert_eq!(marked_diff(a, b), expected);
    }
}

#[test]
fn coincidentally_shared_words_are_not_marked_as_equal() {
    let a = "the quick brown fox jumps over a lazy dog and runs far away from here";
    let b = "nothing is certain but death, taxes, and bugs which nobody ever finds in time";
    assert_eq!(marked_diff(a, b), format!("[-{a}-]{{+{b}+}}"));
}

#[test]
fn runs_cover_both_texts() {
    for (a, b) in [
        ("x y z\nα β, γ (δ) 12 34\n", "x z\nα ε, γ [δ] 12 35\nend"),
        ("see call_8f3Kq2LmN0 now", "see call_Zz91abC7x2 then"),
    ] {
        let runs = diff(a, b);
        let text_a = |words: &super::WordRun| words.text_a.clone().unwrap_or_else(|| words.text.clone());
        let without = |op: WordOp| runs.iter().filter(move |words| words.op != op);
        assert_eq!(without(WordOp::Insert).map(text_a).collect::<String>(), a);
        assert_eq!(without(WordOp::Delete).map(|words| words.text.as_str()).collect::<String>(), b);
    }
}

#[test]
fn very_long_texts_are_compared_by_lines() {
    let text = |changed: &str| {
        let lines = (0..20_000).map(|n| format!("line {n}{}\n", if n == 7 || n == 19_000 { changed } else { "" }));
        lines.collect::<Vec<_>>().concat()
    };
    let words = diff(&text(""), &text("!"));
    let changed: Vec<&str> =
        words.iter().filter(|words| words.op != WordOp::Equal).map(|words| words.text.as_str()).collect();
    assert_eq!(changed, ["7\n", "7!\n", "line 19000\n", "line 19000!\n"]);
}

#[test]
fn a_changed_word_in_a_very_long_line_is_found() {
    let text = |word: &str| format!("{}{word}{}", "über alles ".repeat(9_000), " größe zählt".repeat(9_000));
    let words = diff(&text("klein"), &text("groß"));
    let runs: Vec<(WordOp, &str)> = words.iter().map(|words| (words.op, words.text.as_str())).collect();
    assert!(matches!(
        runs[..],
        [(WordOp::Equal, _), (WordOp::Delete, "klein"), (WordOp::Insert, "groß"), (WordOp::Equal, _)]
    ));
    assert_eq!(
        words.iter().filter(|words| words.op != WordOp::Delete).map(|words| &*words.text).collect::<String>(),
        text("groß")
    );
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn diffs_are_symmetric(a in "[ab3 .通]{0,24}", b in "[ab3 .通]{0,24}") {
        let changed = |a: &str, b: &str, deleted: WordOp| {
            let words = diff(a, b);
            let text = |op: WordOp| words.iter().filter(move |run| run.op == op).map(|run| run.text.clone()).collect::<Vec<_>>();
            let other = if deleted == WordOp::Delete { WordOp::Insert } else { WordOp::Delete };
            (text(deleted), text(other))
        };
        prop_assert_eq!(changed(&a, &b, WordOp::Delete), changed(&b, &a, WordOp::Insert));
    }
}
