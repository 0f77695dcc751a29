//! Tests of marked texts.

use super::{elide, push_words};
use crate::analysis::diff::{WordOp, WordRun};
use crate::model::{Timestamp, Zone};
use crate::output::{Block, Document, LineLimit, Paragraph, RenderOptions, StyledText, Theme};

fn options(width: Option<usize>, unicode: bool) -> RenderOptions {
    RenderOptions { width, unicode, zone: Zone::Utc, now: Timestamp(0) }
}

fn written(options: &RenderOptions, words: &[(WordOp, &str)], is_full: bool) -> String {
    let words: Vec<WordRun> =
        words.iter().map(|(op, text)| WordRun { op: *op, text: (*text).to_owned(), text_a: None }).collect();
    let mut marked = StyledText::default();
    push_words(&mut marked, options, &words, is_full);
    let mut out = Vec::new();
    let paragraph = Paragraph::new(marked).labeled(StyledText::plain("in  ")).limited(LineLimit::new(12));
    Document::new(*options, Theme { color: false }, &mut out).add(Block::Text(paragraph)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn markers_in_stored_text_are_escaped() {
    let words = [(WordOp::Equal, "a {+b+} "), (WordOp::Delete, "-] {+"), (WordOp::Insert, "\x1b[31m")];
    assert_eq!(written(&options(None, true), &words, true), "in  a {\\+b+\\} [--\\] {\\+-]{+\\x1b[31m+}\n");
}

#[test]
fn lines_wrap_at_the_width_and_at_line_breaks() {
    let words = [(WordOp::Equal, "one two three\nfour "), (WordOp::Insert, "five\nsix")];
    assert_eq!(written(&options(Some(24), true), &words, true), "in  one two three\n    four {+five⏎\n    six+}\n");
    assert_eq!(written(&options(Some(24), false), &words, true), "in  one two three\n    four {+five\\n\n    six+}\n");
}

#[test]
fn long_unchanged_runs_are_shortened() {
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen";
    assert_eq!(elide(long, false, true, "…"), "… ten eleven twelve thirteen fourteen fifteen");
    assert_eq!(elide(long, true, false, "…"), "one two three four five six …");
    assert_eq!(
        elide(long, true, true, "…"),
        "one two three four five six … ten eleven twelve thirteen fourteen fifteen"
    );
    assert_eq!(elide("one two", true, true, "…"), "one two");
    let inserted = "x".repeat(400);
    let words = [(WordOp::Insert, inserted.as_str())];
    assert_eq!(written(&options(None, true), &words, false), format!("in  {{+{}… 80 more+}}\n", "x".repeat(320)));
    assert_eq!(written(&options(None, true), &words, true), format!("in  {{+{inserted}+}}\n"));
    let lines = "line\n".repeat(20);
    let shown = written(&options(None, true), &[(WordOp::Equal, lines.as_str())], true);
    assert_eq!((shown.lines().count(), shown.lines().last()), (13, Some("    … 8 more lines")));
}
