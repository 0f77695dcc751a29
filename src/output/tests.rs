use super::*;
use crate::json::Json;
use std::io::Write as _;

#[test]
fn control_and_invisible_characters_are_escaped() {
    let check = |text: &str, shown: &str| assert_eq!(text::one_line(text), shown);
    check("plain ünïcode 🚚 e\u{301}", "plain ünïcode 🚚 e\u{301}");
    check("\x1b[31mred\x07", "\\x1b[31mred\\x07");
    check("\u{9b}31m\u{7f}", "\\x9b31m\\x7f");
    check("user\u{202e}txt", "user\\u{202e}txt");
    check("a\u{200b}b\u{feff}c\u{2066}d\u{e0041}", "a\\u{200b}b\\u{feff}c\\u{2066}d\\u{e0041}");
    check("a\r\nb\nc\td", "a⏎b⏎c d");
    assert_eq!(text::block("a\r\nb\tc\u{1b}"), "a\nb    c\\x1b");
    assert_eq!(text::data_text("a\r\nb\tc\u{1b}"), "a\nb\tc\\x1b");
}

#[test]
fn escaped_json_is_equivalent() {
    let value = "\u{9b}31m \u{202e} \u{7f} é \u{e0041} 🚚";
    let mut out = Vec::new();
    json::Escaped(&mut out).write_all(serde_json::to_string(value).unwrap().as_bytes()).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text, r#""\u009b31m \u202e \u007f é \udb40\udc41 🚚""#);
    assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
}

#[test]
fn text_is_clipped_by_columns_not_bytes() {
    assert_eq!(text::clip("空实验空实验", 7, "…"), "空实验…");
    assert_eq!(text::clip("abc", 3, "…"), "abc");
    assert_eq!(text::clip("abcd", 3, "…"), "ab…");
    assert_eq!(text::clip("abcd", 2, "..."), "ab");
}

#[test]
fn wrapping_loses_nothing() {
    let check = |line: &str, pieces: &[&str]| assert_eq!(text::wrap(line, 8).collect::<Vec<_>>(), pieces);
    check("", &[""]);
    check("short", &["short"]);
    check("one two three", &["one two ", "three"]);
    check("a bcdefghijk", &["a bcdefg", "hijk"]);
    check("空实验空实验", &["空实验空", "实验"]);
    assert_eq!(text::wrap("空实", 1).collect::<Vec<_>>(), ["空", "实"]);
}

#[test]
fn json_is_pretty_printed() {
    let json = |text: &str| Json::from_strict(text).unwrap();
    assert_eq!(
        pretty::readable(&json(r#"{"a": [1, {}], "b": "x, {y}\" \\", "c": []}"#)),
        "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": \"x, {y}\" \\\",\n  \"c\": []\n}"
    );
    assert_eq!(pretty::readable(&json(r#""two\nlines""#)), "two\nlines");
    assert_eq!(
        pretty::readable(&json(r#"{"code": "def f():\n\treturn \"\u00e9\"", "a": "{\"b\": 1}"}"#)),
        "{\n  \"code\": \"def f():\n    \treturn \"é\"\",\n  \"a\": \"{\"b\": 1}\"\n}"
    );
    assert_eq!(pretty::readable_within(&json(r#"{"a": "\u00e9 \"x\""}"#), 40), r#"{"a": "é "x""}"#);
    assert_eq!(pretty::readable_within(&json(r#"["a\nb"]"#), 40), "[\n  \"a\n    b\"\n]");
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    assert!(pretty::readable(&json(&deep)).len() < 1_000_000);
}

#[test]
fn width_is_counted_by_grapheme_cluster() {
    let check = |text: &str, columns: usize, clusters: usize| {
        assert_eq!(text::width(text), columns, "{text}");
        assert_eq!(text::wrap(text, 2).count(), clusters, "{text}");
    };
    // Variation selectors, joined emoji, skin tones, flags, keycaps.
    for emoji in ["⚠️", "❤️", "✔️", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣"]
    {
        check(emoji, 2, 1);
        assert_eq!(text::clip(&emoji.repeat(3), 5, "…"), emoji.repeat(2) + "…");
    }
    check("⚠", 1, 1);
    check("⚠️❤️✔️", 6, 3);
    // Combining marks, jamo of a syllable, letters that some fonts join.
    check("e\u{301}", 1, 1);
    check("\u{1112}\u{1161}\u{11ab}", 2, 1);
    check("لا", 2, 1);
    // A cluster can be arbitrarily wide.
    check("\u{1100}\u{1100}\u{1100}", 6, 3);
    check("", 0, 1);
    assert_eq!(text::tail("a⚠️b⚠️", 4), "b⚠️");
    assert_eq!(text::tail("a⚠️b⚠️", 9), "a⚠️b⚠️");
    assert_eq!(text::whole_clusters("a⚠️b", 4..6), 1..7);
    assert_eq!(text::whole_clusters("a⚠️b", 7..8), 7..8);
}

mod properties {
    use super::*;
    use crate::model::{Timestamp, Zone};
    use proptest::prelude::*;

    /// Texts for which different ways to measure width differ.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("⚠️"),
            Just("❤"),
            Just("\u{fe0f}"),
            Just("\u{200d}"),
            Just("👩"),
            Just("🏽"),
            Just("🇩"),
            Just("🇪"),
            Just("1\u{20e3}"),
            Just("e"),
            Just(" "),
            Just("\u{301}"),
            Just("空"),
            Just("\u{1100}"),
            Just("\u{1161}"),
            Just("\u{11a8}"),
            Just("ل"),
            Just("ا"),
            Just("\u{600}"),
            Just("क"),
            Just("\u{94d}"),
            Just("\u{93e}"),
            Just("\t"),
            Just("\n"),
            Just("\x1b"),
            Just("‘"),
            Just("\u{fe01}"),
            Just("a b"),
            Just("ꓹ"),
            Just("ꓼ"),
            Just("\u{17d2}"),
            Just("ក"),
            Just("…"),
            Just("é"),
        ];
        prop_oneof![proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat()), any::<String>()]
    }

    /// Writes a block without colors.
    fn written(room: usize, block: Block<'_>) -> String {
        let options = RenderOptions { width: Some(room), unicode: true, zone: Zone::Utc, now: Timestamp(0) };
        let mut out = Vec::new();
        Document::new(options, Theme::default(), &mut out).add(block).unwrap();
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #![proptest_config(crate::tests::fixed_seed_config())]

        #[test]
        fn escaping_removes_controls_and_is_idempotent(text in texts()) {
            let shown = text::one_line(&text).into_owned();
            prop_assert!(!shown.chars().any(|c| c.is_control() || text::is_dangerous(c)));
            prop_assert_eq!(text::one_line(&shown), shown.as_str());
        }

        #[test]
        fn clipped_and_wrapped_text_fits(text in texts(), columns in 2_usize..30) {
            use unicode_segmentation::UnicodeSegmentation as _;
            let shown = text::one_line(&text);
            let all = text::width(&shown);
            prop_assert_eq!(shown.graphemes(true).map(text::width).sum::<usize>(), all);
            for ellipsis in ["…", "..."] {
                let clipped = text::clip(&shown, columns, ellipsis);
                prop_assert!(text::width(&clipped) <= columns, "{clipped:?}");
                prop_assert!(all > columns || clipped == shown);
            }
            let pieces: Vec<&str> = text::wrap(&shown, columns).collect();
            prop_assert_eq!(pieces.concat(), shown.as_ref());
            prop_assert!(pieces.iter().all(|piece| text::width(piece) <= columns), "{pieces:?}");
            prop_assert!(text::width(text::tail(&shown, columns)) <= columns);
        }

        #[test]
        fn table_lines_fit_the_width(rows in proptest::collection::vec([texts(), texts(), texts()], 1..5), room in 20_usize..60) {
            let column = |title, is_right_aligned| Heading { title, is_right_aligned, min_width: Some(4), drop_priority: 0 };
            let columns = [column("name", false), column("number", true), column("text", false)];
            let cells = rows.iter().map(|row| row.iter().map(|text| Cell::escaped(text, TextRole::Plain)).collect()).collect::<Vec<_>>();
            let out = written(room, Block::Table(&columns, cells));
            prop_assert_eq!(out.lines().count(), rows.len() + 1);
            for line in out.lines() {
                prop_assert!(text::width(line) <= room, "{line:?}");
            }
        }

        #[test]
        fn wrapped_text_fits_the_width_and_loses_only_spaces(text in texts(), label in "[a-z]{0,6}", room in 32_usize..60) {
            let label = StyledText::new(TextRole::Dim, &label);
            let out = written(room, Block::Text(Paragraph::plain(&text).labeled(label.clone())));
            for line in out.lines() {
                prop_assert!(text::width(line) <= room, "{line:?}");
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            let all = if text.is_empty() { String::new() } else { format!("{}{}", label.as_str(), text::block(&text)) };
            prop_assert_eq!(letters(&out), letters(&all));
        }

        #[test]
        fn truncated_text_keeps_the_roles_of_what_is_shown(texts in proptest::collection::vec(texts(), 1..4), columns in 2_usize..30) {
            let roles = [TextRole::Name, TextRole::Bad, TextRole::Dim];
            let whole = texts.iter().zip(roles).fold(StyledText::default(), |line, (text, role)| line.with(role, text));
            let cut = whole.clone().truncated(columns, "…");
            prop_assert!(cut.width() <= columns);
            let styled = |text: &StyledText| -> Vec<(char, TextRole)> {
                let parts = text.parts(0..text.as_str().len());
                parts.flat_map(|(part, role)| part.chars().map(move |c| (c, role)).collect::<Vec<_>>()).collect()
            };
            let shown = styled(&cut);
            let kept = if cut == whole { shown.len() } else { shown.len() - 1 };
            prop_assert_eq!(&shown[..kept], &styled(&whole)[..kept]);
        }
    }
}
