//! Texts with signs.

use super::{MarkedText, context};
use crate::analysis::diff::{WordOp, WordRun};
use crate::model::{Timestamp, Zone};
use crate::output::{RenderOptions, Theme};

fn look(width: Option<usize>, unicode: bool) -> RenderOptions {
    RenderOptions { theme: Theme { color: false }, width, unicode, zone: Zone::Utc, now: Timestamp(0) }
}

fn written(look: &RenderOptions, words: &[(WordOp, &str)], is_full: bool) -> String {
    let words: Vec<WordRun> =
        words.iter().map(|(op, text)| WordRun { op: *op, text: (*text).to_owned(), of_a: None }).collect();
    let mut marked = MarkedText::default();
    marked.words(look, &words, is_full);
    let mut out = Vec::new();
    marked.write(look, &mut out, ["in  ", "    "], 12).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn stored_text_cannot_pass_for_a_sign() {
    let words = [(WordOp::Equal, "a {+b+} "), (WordOp::Delete, "-] {+"), (WordOp::Insert, "\x1b[31m")];
    assert_eq!(written(&look(None, true), &words, true), "in  a {\\+b+\\} [--\\] {\\+-]{+\\x1b[31m+}\n");
}

#[test]
fn lines_break_at_the_width_and_where_the_text_does() {
    let words = [(WordOp::Equal, "one two three\nfour "), (WordOp::Insert, "five\nsix")];
    assert_eq!(written(&look(Some(24), true), &words, true), "in  one two three\n    four {+five⏎\n    six+}\n");
    assert_eq!(written(&look(Some(24), false), &words, true), "in  one two three\n    four {+five\\n\n    six+}\n");
}

#[test]
fn long_stretches_are_cut() {
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";
    assert_eq!(context(long, false, true, "…"), "… ten eleven twelve thirteen fourteen fifteen");
    assert_eq!(context(long, true, false, "…"), "one two three four five six …");
    assert_eq!(
        context(long, true, true, "…"),
        "one two three four five six … ten eleven twelve thirteen fourteen fifteen"
    );
    assert_eq!(context("one two", true, true, "…"), "one two");
    let inserted = "x".repeat(400);
    let words = [(WordOp::Insert, inserted.as_str())];
    assert_eq!(written(&look(None, true), &words, false), format!("in  {{+{}… 80 more+}}\n", "x".repeat(320)));
    assert_eq!(written(&look(None, true), &words, true), format!("in  {{+{inserted}+}}\n"));
    let lines = "line\n".repeat(20);
    let shown = written(&look(None, true), &[(WordOp::Equal, lines.as_str())], true);
    assert_eq!((shown.lines().count(), shown.lines().last()), (13, Some("    … 8 more lines")));
}
