use super::*;
use proptest::prelude::*;

#[test]
fn deep_lists_are_rejected_before_parsing() {
    // libyaml takes minutes for the first one.
    for (deep, levels) in
        [("[", 500_000), ("{", 500_000), ("[{", 250_000), ("{a: ", 100_000), ("? [", 100_000), ("- ", 100_000)]
    {
        let why = parse(&deep.repeat(levels)).unwrap_err();
        assert!(why.contains("128 levels") || why.contains("recursion limit"), "{deep}: {why}");
    }
    // A closing bracket in a string closes nothing.
    let why = parse(&format!("a: {}", "[\"]\", ".repeat(10_000))).unwrap_err();
    assert!(why.contains("128 levels") || why.contains("recursion limit"), "{why}");
    let nested = |levels: usize| format!("a: {}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(parse(&nested(100)).is_ok());
    assert!(parse(&nested(128)).is_err(), "the outer map is also a level");
}

#[test]
fn brackets_in_strings_do_not_count_as_nesting() {
    let brackets = "[{".repeat(10_000);
    for text in
        [format!("'{brackets}'"), format!("\"{brackets}\""), format!("x {brackets}"), format!("|\n  {brackets}")]
    {
        let record = parse(&format!("a: {text}\nb: 1\n")).unwrap();
        assert!(record["a"].as_str().unwrap().contains(&brackets));
        assert_eq!(record["b"], 1);
    }
}

#[test]
fn too_many_directives_are_rejected() {
    let directives = |count| {
        let lines: Vec<String> = (0..count).map(|at| format!("%TAG !t{at}! tag:x\n")).collect();
        lines.concat() + "---\na: 1\n"
    };
    assert!(parse(&directives(16)).is_ok());
    assert!(parse(&directives(17)).unwrap_err().contains("16 directives"));
    assert!(parse("a: '100\n\n  % of it'\n").is_ok());
}

proptest! {
    #![proptest_config(crate::tests::fixed_seed_config())]

    /// The slower parser only sees texts with many brackets. It accepts everything that the other parser accepts.
    #[test]
    fn records_within_the_depth_limit_are_accepted(
        parts in proptest::collection::vec(
            prop_oneof!["[a-z ]{1,4}", Just("- ".to_owned()), Just("'[['".to_owned()), Just("\"{\\\"[\"".to_owned()),
                Just("\n  ".to_owned()), Just("[".to_owned()), Just("]".to_owned()), Just("{b: ".to_owned()),
                Just("}".to_owned()), Just(", ".to_owned()), Just("x: ".to_owned())], 0..40),
    ) {
        let record = format!("a: {}", parts.concat());
        if yaml_serde::from_str::<Value>(&record).is_ok() {
            prop_assert!(check_depth(&record).is_ok(), "{record:?}");
        }
    }
}
