use super::*;
use crate::query::{Filter, LabelTest, Regex, SpanTest, TextTest};
use proptest::prelude::*;

/// What is wrong with a filter, the piece that is, and the first hint.
fn wrong(text: &str) -> (String, String, String) {
    let error = parse(text).expect_err(text);
    (error.message.clone(), text[error.at.clone()].to_owned(), error.hint.unwrap_or_default())
}

#[test]
fn near_misses_are_told_with_what_to_write() {
    for (text, piece, hint) in [
        ("status == 'OK'", "==", "write `=`"),
        ("status <> 'OK'", "<>", "write `!=`"),
        ("status = OK", "OK", "write 'OK'"),
        ("status = 'OK' OR name = 'x'", "OR", "`key IN"),
        ("NOT status = 'OK'", "NOT", "`key != 'a'`"),
        ("status NOT LIKE 'x'", "NOT LIKE", "only NOT IN"),
        ("trace_id = 'x'", "trace_id", "write `request_id`"),
        ("text LIKE '%x%'", "text", "write `trace.text`"),
        ("STATUS = 'OK'", "STATUS", "write `status`"),
        ("Tags.a = 'x'", "Tags", "write `tags`"),
        ("stauts = 'OK'", "stauts", "keys are status, name"),
        ("span.nam = 'x'", "span.nam", "span.name"),
        ("span.name like 'x'", "like", "write `LIKE`"),
        ("tags.from = 'x'", "from", "put it in backticks: tags.`from`"),
        ("tags.a-b = 'x'", "-", "a key with other signs"),
        ("tags.a = 5", "5", "put the number in quotes"),
        ("status = NULL", "NULL", "write `IS NULL`"),
        ("feedback.x > '5'", "'5'", "leave the quotes out"),
        ("feedback.x = 5", "5", "put it in quotes"),
        ("timestamp > 1.5", "1.5", "write `timestamp_ms`"),
        ("prompt = 'greet'", "'greet'", "write prompt"),
        ("session = 's'", "session", "write metadata.`mlflow.trace.session`"),
    ] {
        let (message, at, found) = wrong(text);
        assert_eq!(at, piece, "{text}: {message}");
        assert!(found.starts_with(hint), "{text}: {message}; {found}");
    }
}

#[test]
fn whatever_is_missing_is_told_at_its_place() {
    for (text, message, piece) in [
        ("status", "an operator is missing at the end", ""),
        ("status =", "a value is missing behind `=`", ""),
        ("= 'OK'", "a key is missing before this", "="),
        ("status = 'OK", "this quote is never closed", "'OK"),
        ("status IN ('OK'", "this parenthesis is never closed", "('OK'"),
        ("status IN ()", "the list is empty", "()"),
        ("(status = 'OK')", "parentheses are for lists only, behind IN and NOT IN", "("),
        ("status = 'OK' name IS NULL", "AND is missing before this", "name"),
        ("name IS NOT  NULL", "MLflow knows NOT NULL with one space in it only", "NOT  NULL"),
        ("   ", "the filter is blank", "   "),
    ] {
        let (found, at, _) = wrong(text);
        assert_eq!((found.as_str(), at.as_str()), (message, piece), "{text}");
    }
}

#[test]
fn oddities_of_mlflow_are_kept() {
    let name = |test| vec![Clause::Label(Label::Tag("mlflow.traceName".to_owned()), LabelTest::Text(test))];
    let is = |text: &str| TextTest::Is(text.to_owned());
    // Whatever stands before it, this word is the name of the trace.
    for key in ["name", "tags.name", "metadata.Name", "feedback.name", "issue.name", "tags.`mlflow.traceName`"] {
        assert_eq!(parse(&format!("{key} = 'x'")).unwrap(), name(is("x")), "{key}");
    }
    assert_eq!(parse("tags.text LIKE 'x'").unwrap(), [Clause::Span(SpanTest::Content(TextTest::Like("x".into())))]);
    // Quotes are not escaped in a text, but in a list, which Python reads.
    assert_eq!(parse("name = 'it''s'").unwrap(), name(is("it''s")));
    let lists = ["('it''s')", "('it' 's')", "(('its',))", r"('\x69ts',)"];
    for list in lists {
        let status = Clause::Text(crate::query::TextKey::Status, TextTest::In(vec!["its".to_owned()]));
        assert_eq!(parse(&format!("status IN {list}")).unwrap(), [status], "{list}");
    }
    // Of several runs the last one counts, and an empty one is none.
    assert_eq!(parse("run_id = 'a' AND run_id = 'b'").unwrap(), [Clause::Run("b".to_owned())]);
    assert_eq!(parse("run_id = 'a' AND run_id = ''").unwrap(), []);
    assert_eq!(parse("AND status = 'OK' AND AND name = 'x' AND").unwrap().len(), 2);
    assert_eq!(parse("status = 'OK' name = 'x'").unwrap().len(), 2);
}

#[test]
fn what_flags_ask_for_is_printed_as_flags() {
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
        .prop_filter("a backslash at the end of a text cannot be said", |text| !text.ends_with('\\'))
}

fn any_test(with_lists: bool) -> BoxedStrategy<TextTest> {
    let single = prop_oneof![
        text().prop_map(TextTest::Is),
        text().prop_map(TextTest::IsNot),
        text().prop_map(TextTest::Like),
        text().prop_map(TextTest::Ilike),
        text().prop_map(|pattern| TextTest::Rlike(Regex::new(&pattern))),
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
    prop_oneof![tag, span, status, number].prop_filter_map("not everything has words", |clause| display::text(&clause))
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed())]

    #[test]
    fn what_is_printed_reads_back(clauses in prop::collection::vec(any_clause(), 1..4)) {
        let text = clauses.join(" AND ");
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {}", error.message)))?;
        let printed = Filter { clauses: read.clone() }.to_string();
        prop_assert_eq!(parse(&printed).unwrap(), read, "{}", printed);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_row_of_words_makes_it_panic(words in prop::collection::vec(prop_oneof![
        Just("status"), Just("tags.`a b`"), Just("span.type"), Just("="), Just("IN"), Just("('a', \"b\")"), Just("'x'"),
        Just("IS"), Just("NOT"), Just("NULL"), Just("AND"), Just("."), Just("("), Just("-1.5e3"), Just("feedback.x"), Just("\""),
    ], 0..9)) {
        if let Err(error) = parse(&words.join(" ")) {
            prop_assert!(error.at.end <= words.join(" ").len());
        }
    }
}
