use crate::commands::tests::{CommandLine, items};

#[test]
fn unknown_experiments_get_suggestions() {
    insta::assert_snapshot!(CommandLine::demo("traces list -x OpnAI").run(), @"
    --- stderr
    error: no experiment `OpnAI`
      hint: did you mean `OpenAI`?
      hint: `mltrace -u demo: experiments` lists them
    --- exit 3
    ");
    insta::assert_snapshot!(CommandLine::demo("spans -x auto --json").run(), @r#"
    --- stderr
    {"error":{"code":"not_found","exit":3,"hint":"did you mean `AutoGen`?; `mltrace -u demo: experiments` lists them","message":"no experiment `auto`"}}
    --- exit 3
    "#);
    insta::assert_snapshot!(CommandLine::demo("traces list -x Abandoned").run(), @"
    --- stderr
    error: experiment `Abandoned` is deleted
      hint: use `--deleted` to include it
    --- exit 3
    ");
}

#[test]
fn missing_experiments_of_the_environment_name_the_variable() {
    for variable in ["MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"] {
        let output = CommandLine::demo("traces list").env(variable, "OpenIA").run();
        assert_eq!(output.exit, 3, "{output}");
        assert!(output.stderr.contains(variable) && output.stderr.contains("did you mean `OpenAI`?"), "{output}");
    }
}

#[test]
fn one_note_names_the_experiment_of_the_environment() {
    let notes = |words: &str| {
        let output = CommandLine::demo(words).env("MLFLOW_EXPERIMENT_NAME", "OpenAI").run();
        output.stderr.matches("note: only experiment `OpenAI`, from MLFLOW_EXPERIMENT_NAME").count()
    };
    assert_eq!(notes("traces list"), 1);
    assert_eq!(notes("trace diff @last~1 @last"), 1, "two queries");
    assert_eq!(notes("traces list -x AutoGen") + notes("traces list --json"), 0);
}

#[test]
fn ranges_that_nothing_can_match_are_errors() {
    insta::assert_snapshot!(CommandLine::demo("traces list --since 1h --until 2h").run(), @"
    --- stderr
    error: `--since` is after `--until`, so that no trace can match
      hint: `--since 2h --until 1h` selects the hour before the last one
    --- exit 2
    ");
    insta::assert_snapshot!(CommandLine::demo("usage --min-duration 5s --max-duration 1s").run(), @"
    --- stderr
    error: `--min-duration` is more than `--max-duration`, so that no trace can match
    --- exit 2
    ");
    CommandLine::demo("traces list --since 1h --until 1h --min-duration 1s --max-duration 1s").ok();
}

/// A list with a filter, which is passed as one argument.
fn filtered(filter: &str) -> CommandLine {
    CommandLine::demo("traces list --all").arg(format!("--filter={filter}"))
}

#[test]
fn syntax_errors_quote_the_filter_and_mark_the_position() {
    let long = format!("name = '{}' AND foo = 'x' AND name = '{}'", "é".repeat(70), "日".repeat(70));
    for (filter, column, quote, marks) in [
        ("status == 'OK'", 8, "status == 'OK'", "       ^^"),
        ("status = 'OK", 10, "status = 'OK", "         ^^^"),
        ("status =", 9, "status =", "        ^"),
        ("   ", 1, "   ", "^^^"),
        // Double-width characters.
        ("name = '日本' x = 'y'", 13, "name = '日本' x = 'y'", "              ^"),
        ("name = '🎉' AND bär = 'z'", 16, "name = '🎉' AND bär = 'z'", "                ^^^"),
        ("tags.日本 > 'x'", 9, "tags.日本 > 'x'", "          ^"),
        // A combining accent has no width.
        ("name = 'e\u{301}' AND bar = 'z'", 17, "name = 'e\u{301}' AND bar = 'z'", "               ^^^"),
        // Line breaks and tabs are shown as one column.
        ("name = 'a'\n  AND bar = 'z'", 18, "name = 'a'   AND bar = 'z'", "                 ^^^"),
        ("name = 'a' AND\tbar = 'z'\r\n", 16, "name = 'a' AND bar = 'z'  ", "               ^^^"),
        (
            &long,
            85,
            &format!("…{}' AND foo = 'x' AND name = '{}…", "é".repeat(34), "日".repeat(21)),
            &format!("{}^^^", " ".repeat(41)),
        ),
    ] {
        let output = filtered(filter).run();
        assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{filter:?}\n{output}");
        let lines: Vec<&str> = output.stderr.lines().collect();
        assert!(lines[0].starts_with(&format!("error: --filter, column {column}: ")), "{filter:?}\n{output}");
        assert_eq!(lines[1].strip_prefix("    "), Some(quote), "{filter:?}\n{output}");
        assert_eq!(lines[2].strip_prefix("    "), Some(marks), "{filter:?}\n{output}");
        let output = filtered(filter).arg("--json").run();
        assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{filter:?}\n{output}");
        let error = output.error();
        assert_eq!((&error["code"], &error["exit"]), (&"filter_syntax".into(), &2.into()), "{filter:?}\n{output}");
        assert!(error["message"].as_str().unwrap().contains(&format!("column {column}: ")), "{filter:?}\n{output}");
    }
}

#[test]
fn unknown_keys_of_filters_get_suggestions() {
    let output = filtered("stauts = 'OK'").run();
    assert!(output.stderr.contains("did you mean `status`?"), "{output}");
    let output = filtered("status = 'OK' AND executon_time > 5").run();
    assert!(output.stderr.contains("did you mean `execution_time`"), "{output}");
}

#[test]
fn invalid_patterns_are_errors_for_grep_and_notes_for_rlike() {
    for words in ["traces list", "spans", "usage"] {
        let output = CommandLine::demo(words).arg("--grep").arg("(").run();
        assert_eq!(output.exit, 2, "{output}");
        assert!(output.stderr.starts_with("error: invalid regular expression `(`"), "{output}");
    }
    let output = CommandLine::demo("spans --json --grep").arg("[a").run();
    assert_eq!((output.exit, output.error()["code"].as_str()), (2, Some("usage")), "{output}");
    for filter in ["name RLIKE '('", "tags.a RLIKE '('", "span.type RLIKE '('", "span.attributes.a RLIKE '('"] {
        let output = CommandLine::demo("traces list --json").arg("--filter").arg(filter).ok();
        assert_eq!(output.json()["page"]["returned"], 0, "{filter}\n{output}");
        assert!(
            output.stderr.contains("note: invalid regular expression `(`, which matches nothing: "),
            "{filter}\n{output}"
        );
    }
}

#[test]
fn ignored_filters_are_reported() {
    let named = CommandLine::demo("trace show @last -o ids").ok();
    assert_eq!(named.stderr, "");
    let id = CommandLine::demo("traces list -n 1 -q -o ids").ok().lines()[0].to_owned();
    let output = CommandLine::demo(&format!("trace show {id} --status error")).ok();
    assert!(output.stderr.contains("the filters are ignored for"), "{output}");
    let none = CommandLine::demo("trace show @last --grep nowhere-at-all --json").run();
    assert_eq!((none.exit, none.error()["code"].as_str()), (3, Some("not_found")));
}

#[test]
fn grep_tables_show_the_match_in_every_row() {
    for (words, column) in [("traces list --grep", "span"), ("spans --grep", "in")] {
        let output = CommandLine::demo(words).arg("Paris").ok();
        let (header, rows) = (output.lines()[0], &output.lines()[1..]);
        assert!(header.contains(column) && header.ends_with("match"), "{output}");
        assert!(!rows.is_empty() && rows.iter().all(|row| row.contains("Paris")), "{output}");
        let first = CommandLine::demo(words).arg("Paris").arg("-n").arg("1").ok();
        assert_eq!(first.lines()[1].split_whitespace().next(), rows[0].split_whitespace().next(), "{first}");
        assert_eq!(CommandLine::demo(words).arg("no such text").json()["page"]["returned"], 0);
    }
    // In lists of spans, other flags apply to the same span.
    let both = CommandLine::demo("spans --all --type TOOL --grep Paris").json();
    assert!(!items(&both, "spans").is_empty());
    assert!(items(&both, "spans").iter().all(|span| span["span_type"] == "TOOL" && span["match"]["text"] != ""));
}

#[test]
fn matches_are_highlighted_at_every_width() {
    for (pattern, words) in
        [("weather", "spans"), ("Atlantis", "traces list"), (r"\?", "spans"), (r"\bstation\b", "spans")]
    {
        for width in 40..140 {
            let output =
                CommandLine::demo(&format!("{words} --color always --width {width} -q --grep")).arg(pattern).ok();
            // Every row below the header highlights the match, clipped to the available width.
            let marked = output.lines().iter().skip(1).filter(|line| line.contains("\u{1b}[31;1m")).count();
            assert_eq!(marked, output.lines().len() - 1, "{pattern} {width}\n{output}");
        }
    }
}

#[test]
fn timed_out_searches_are_reported() {
    let output = CommandLine::demo("traces list --json --grep").arg(r"(\d|\d\d)+(?<=Q)").ok();
    assert!(output.stderr.contains("took too long"), "{output}");
    assert_eq!(output.json()["page"]["complete"], false);
}

#[test]
fn excluded_chat_models_are_reported() {
    let output = CommandLine::demo("spans --type LLM").ok();
    assert!(output.stderr.contains("--llm"), "{output}");
    assert_eq!(CommandLine::demo("spans --llm -q").ok().stderr, "");
    assert!(!CommandLine::demo("spans --type LLM,CHAT_MODEL --all").ok().stderr.contains("--llm"));
}
