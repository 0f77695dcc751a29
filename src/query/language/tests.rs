use super::*;
use crate::query::{Comparison, Filter, LabelTest, NumberKey, Regex, SpanTest, TextTest};
use proptest::prelude::*;

/// The message, the faulty piece and the hint for an invalid filter.
fn wrong(text: &str) -> (String, String, String) {
    let error = parse(text).expect_err(text);
    (error.message.clone(), text[error.at.clone()].to_owned(), error.hint.unwrap_or_default())
}

#[test]
fn near_misses_have_a_hint() {
    for (text, piece, hint) in [
        ("status == 'OK'", "==", "use `=`"),
        ("status <> 'OK'", "<>", "use `!=`"),
        ("status = OK", "OK", "use 'OK'"),
        ("status = 'OK' OR name = 'x'", "OR", "for a single key use `key IN"),
        ("NOT status = 'OK'", "NOT", "use `key != 'a'`"),
        ("status NOT LIKE 'x'", "NOT LIKE", "only IN"),
        ("trace_id = 'x'", "trace_id", "use `request_id`"),
        ("text LIKE '%x%'", "text", "use `trace.text`"),
        ("STATUS = 'OK'", "STATUS", "use `status`"),
        ("Tags.a = 'x'", "Tags", "use `tags`"),
        ("stauts = 'OK'", "stauts", "valid keys: status, name"),
        ("span.nam = 'x'", "span.nam", "expected span.name"),
        ("span.name like 'x'", "like", "use `LIKE`"),
        ("tags.from = 'x'", "from", "put it in backticks: tags.`from`"),
        ("tags.a-b = 'x'", "-", "put keys with characters"),
        ("tags.a = 5", "5", "put the number in quotes"),
        ("status = NULL", "NULL", "use `IS NULL`"),
        ("feedback.x > '5'", "'5'", "remove the quotes"),
        ("feedback.x = 5", "5", "put the value in quotes"),
        ("timestamp > 1.5", "1.5", "use `timestamp_ms`"),
        ("prompt = 'greet'", "'greet'", "use prompt"),
        ("session = 's'", "session", "use metadata.`mlflow.trace.session`"),
    ] {
        let (message, at, found) = wrong(text);
        assert_eq!(at, piece, "{text}: {message}");
        assert!(found.starts_with(hint), "{text}: {message}; {found}");
    }
}

#[test]
fn missing_parts_are_reported_at_their_position() {
    for (text, message, piece) in [
        ("status", "missing operator at the end", ""),
        ("status =", "missing value after `=`", ""),
        ("= 'OK'", "missing key before this", "="),
        ("status = 'OK", "unclosed quote", "'OK"),
        ("status IN ('OK'", "unclosed parenthesis", "('OK'"),
        ("status IN ()", "empty list", "()"),
        ("(status = 'OK')", "parentheses are only allowed around lists after IN and NOT IN", "("),
        ("status = 'OK' name IS NULL", "missing AND before this", "name"),
        ("name IS NOT  NULL", "NOT NULL must have exactly one space in MLflow", "NOT  NULL"),
        ("   ", "empty filter", "   "),
        (r"name RLIKE '\N{DASH}'", r"`RLIKE` does not support the character name `\N{…}`", r"'\N{DASH}'"),
        (r"span.attributes.a RLIKE '(a)?(?(1)b)'", r"`RLIKE` does not support `(?(1…)`", "'(a)?(?(1)b)'"),
    ] {
        let (found, at, _) = wrong(text);
        assert_eq!((found.as_str(), at.as_str()), (message, piece), "{text}");
    }
}

#[test]
fn quirks_of_mlflow_are_preserved() {
    let name = |test| vec![Clause::Label(Label::Tag("mlflow.traceName".to_owned()), LabelTest::Text(test))];
    let is = |text: &str| TextTest::Is(text.to_owned());
    // With any prefix, `name` is the trace name.
    for key in ["name", "tags.name", "metadata.Name", "feedback.name", "issue.name", "tags.`mlflow.traceName`"] {
        assert_eq!(parse(&format!("{key} = 'x'")).unwrap(), name(is("x")), "{key}");
    }
    assert_eq!(parse("tags.text LIKE 'x'").unwrap(), [Clause::Span(SpanTest::Content(TextTest::Like("x".into())))]);
    // Strings have no escapes, except in lists, which are parsed as Python.
    assert_eq!(parse("name = 'it''s'").unwrap(), name(is("it''s")));
    let lists = ["('it''s')", "('it' 's')", "(('its',))", r"('\x69ts',)"];
    for list in lists {
        let status = Clause::Text(crate::query::TextKey::Status, TextTest::In(vec!["its".to_owned()]));
        assert_eq!(parse(&format!("status IN {list}")).unwrap(), [status], "{list}");
    }
    // Only the last run counts, and an empty one is ignored.
    assert_eq!(parse("run_id = 'a' AND run_id = 'b'").unwrap(), [Clause::Run("b".to_owned())]);
    assert_eq!(parse("run_id = 'a' AND run_id = ''").unwrap(), []);
    assert_eq!(parse("AND status = 'OK' AND AND name = 'x' AND").unwrap().len(), 2);
    assert_eq!(parse("status = 'OK' name = 'x'").unwrap().len(), 2);
}

#[test]
fn conditions_of_flags_are_printed_as_flags() {
    let mut clauses = parse("status = 'OK' AND tags.a = 'b'").unwrap();
    let tag = |key: &str, value: &str| {
        Clause::Label(Label::Tag(key.to_owned()), LabelTest::Text(TextTest::Is(value.to_owned())))
    };
    clauses.extend([Clause::Name(crate::query::Glob::new("it's*")), Clause::MinTokens(5), tag("name", "x")]);
    clauses.push(tag("a", "both ' and \""));
    let expected =
        r#"status = 'OK' AND tags.a = 'b' --name 'it'\''s*' --min-tokens 5 --tag 'name=x' --tag 'a=both '\'' and "'"#;
    assert_eq!(Filter { clauses }.to_string(), expected);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z%_ .]{0,8}", "[ -&(-~é\u{1F600}]{0,8}", Just("it's".to_owned())]
        .prop_filter("a trailing backslash cannot be expressed", |text| !text.ends_with('\\'))
}

fn any_test(with_lists: bool) -> BoxedStrategy<TextTest> {
    let single = prop_oneof![
        text().prop_map(TextTest::Is),
        text().prop_map(TextTest::IsNot),
        text().prop_map(TextTest::Like),
        text().prop_map(TextTest::Ilike),
        text()
            .prop_map(|pattern| Regex::new(&pattern))
            .prop_filter("an unsupported pattern is rejected", |regex| regex.unsupported().is_none())
            .prop_map(TextTest::Rlike),
    ];
    if !with_lists {
        return single.boxed();
    }
    let list = || prop::collection::vec("[ -~\\n]{0,5}", 1..3);
    prop_oneof![single, list().prop_map(TextTest::In), list().prop_map(TextTest::NotIn)].boxed()
}

fn any_clause() -> impl Strategy<Value = String> {
    let key = prop_oneof!["[a-zA-Z_]{1,6}", "[a-z]{1,3}\\.[a-z]{1,3}", "[ -_a-~]{1,6}"];
    let tag = (key, any_test(false)).prop_map(|(key, test)| Clause::Label(Label::Tag(key), LabelTest::Text(test)));
    let span = any_test(true).prop_map(|test| Clause::Span(SpanTest::Name(test)));
    let status = any_test(true).prop_map(|test| Clause::Text(crate::query::TextKey::Status, test));
    let operand = prop_oneof![
        any::<i64>().prop_map(Operand::Int),
        any::<f64>().prop_map(Operand::Float),
        Just(Operand::Float(f64::INFINITY)),
        Just(Operand::Float(f64::NEG_INFINITY)),
    ];
    let number = (operand, 0..6_usize)
        .prop_map(|(operand, at)| Clause::Number(NumberKey::EndTime, Comparison::ALL[at], operand));
    prop_oneof![tag, span, status, number]
        .prop_filter_map("not every condition can be expressed", |clause| clause_text(&clause))
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    #[test]
    fn printed_filters_can_be_parsed(clauses in prop::collection::vec(any_clause(), 1..4)) {
        let text = clauses.join(" AND ");
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {}", error.message)))?;
        let printed = Filter { clauses: read.clone() }.to_string();
        prop_assert_eq!(parse(&printed).unwrap(), read, "{}", printed);
    }

    #[test]
    fn no_text_causes_a_panic(text in "\\PC{0,40}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_sequence_of_words_causes_a_panic(words in prop::collection::vec(prop_oneof![
        Just("status"), Just("tags.`a b`"), Just("span.type"), Just("="), Just("IN"), Just("('a', \"b\")"), Just("'x'"),
        Just("IS"), Just("NOT"), Just("NULL"), Just("AND"), Just("."), Just("("), Just("-1.5e3"), Just("feedback.x"), Just("\""),
    ], 0..9)) {
        if let Err(error) = parse(&words.join(" ")) {
            prop_assert!(error.at.end <= words.join(" ").len());
        }
    }
}

/// The filters of which MLflow's result is known.
fn known_filters() -> impl Iterator<Item = String> {
    let cases = include_str!("../../../fixtures/filters/cases.jsonl").lines();
    let case = cases.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    case.map(|case| case["filter"].as_str().unwrap().to_owned())
}

#[test]
fn parsed_filters_are_printed_and_parsed_again() {
    let (mut printed, mut read) = (0, 0);
    for filter in known_filters() {
        let Ok(clauses) = parse(&filter) else { continue };
        read += 1;
        let Some(texts) = clauses.iter().map(clause_text).collect::<Option<Vec<_>>>() else { continue };
        printed += 1;
        let text = texts.join(" AND ");
        let again = parse(&text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
        assert_eq!(again, clauses, "{filter} as {text}");
        assert_eq!(Filter { clauses }.to_string(), text, "{filter}");
    }
    assert!(read > 500 && printed + 10 > read, "{printed} of {read}");
}

#[test]
fn syntax_errors_have_a_message_and_a_position() {
    let mut refused = 0;
    for filter in known_filters() {
        let Err(error) = parse(&filter) else { continue };
        refused += 1;
        let at = &error.at;
        assert!(!error.message.trim().is_empty() && !error.message.contains('\n'), "{filter}: {}", error.message);
        assert!(filter.get(at.clone()).is_some(), "{filter}: {at:?} is not inside the filter");
        assert!(!at.is_empty() || at.start == filter.trim_end().len(), "{filter}: {at:?} is empty but not at the end");
        assert!(error.hint.is_none_or(|hint| !hint.trim().is_empty()), "{filter}");
    }
    assert!(refused > 200, "{refused}");
}
