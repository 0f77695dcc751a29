use super::*;

#[test]
fn limits_are_parsed_with_their_statistic() {
    let read = |text: &str| parse_token_limit(text).map(|bound| (bound.statistic, bound.limit));
    assert_eq!(read("5000"), Ok((Statistic::Each, 5_000.0)));
    assert_eq!(read("5_000"), Ok((Statistic::Each, 5_000.0)));
    assert_eq!(read("p95 = 12.5"), Ok((Statistic::Percentile(95), 12.5)));
    assert_eq!(read("total=0"), Ok((Statistic::Total, 0.0)));
    assert!(["", "p94=1", "-1", "nan", "inf", "=5", "p95="].iter().all(|text| read(text).is_err()));
    assert_eq!(parse_cost_limit("mean=$0.05").unwrap(), RuleLimit { statistic: Statistic::Mean, limit: 0.05 });
    assert_eq!(
        parse_latency_limit("p99=1.5s").unwrap(),
        RuleLimit { statistic: Statistic::Percentile(99), limit: 1_500.0 }
    );
    assert_eq!((parse_share("5%"), parse_share("0.05"), parse_share("100 %")), (Ok(0.05), Ok(0.05), Ok(1.0)));
    assert!(["5", "-1%", "101%", "x"].iter().all(|text| parse_share(text).is_err()));
}

#[test]
fn feedback_and_tolerances_have_names() {
    let read = |text: &str| parse_feedback_limit(text).map(|one| (one.name, one.bound.statistic, one.bound.limit));
    assert_eq!(read("correct=0.8"), Ok(("correct".to_owned(), Statistic::Mean, 0.8)));
    assert_eq!(read("safe=each=yes"), Ok(("safe".to_owned(), Statistic::Each, 1.0)));
    assert!(["correct", "=1", "a=b=c", "a="].iter().all(|text| read(text).is_err()));
    assert_eq!(tolerance("150%"), Ok((None, 1.5)));
    assert_eq!(tolerance("latency=25%"), Ok((Some("latency".to_owned()), 0.25)));
    assert!(["speed=1%", "latency=", "-5%"].iter().all(|text| tolerance(text).is_err()));
}

#[test]
fn flags_take_precedence_over_a_file() {
    let file =
        RuleFlags::parse("max-tokens = [50, \"p95=500\"]\nmin-traces = 3\nforbid-tool = \"rm\"\ntolerance = \"5%\"")
            .unwrap();
    let flags =
        RuleFlags::parse("max-tokens = 60\nforbid-tool = \"dd\"\ntolerance = [\"cost=1\"]").unwrap().overriding(file);
    let bounds: Vec<_> = flags.max_tokens.iter().map(|bound| (bound.statistic, bound.limit)).collect();
    assert_eq!(bounds, [(Statistic::Each, 60.0), (Statistic::Percentile(95), 500.0)]);
    assert_eq!((flags.min_traces, &flags.forbid_tool), (Some(3), &vec!["dd".to_owned(), "rm".to_owned()]));
    let tolerance = flags.parse_tolerance();
    assert_eq!((tolerance.default, tolerance.named.get("cost")), (0.05, Some(&1.0)));
}

#[test]
fn every_limit_of_a_file_is_a_rule() {
    for text in ["min-feedback = [\"a=0.5\", \"a=0.9\"]", "max-tokens = [5, 9]", "forbid-tool = [\"a\", \"a\"]"] {
        let rules = RuleFlags::default().overriding(RuleFlags::parse(text).unwrap()).rules();
        assert_eq!(rules.len(), 3, "{text}: --min-traces, and two of the file");
    }
}

#[test]
fn a_switch_set_to_false_is_not_a_rule() {
    assert!(RuleFlags::parse("no-exceptions = false").unwrap().no_exceptions.is_none());
    assert_eq!(RuleFlags::parse("no-exceptions = true").unwrap().no_exceptions.as_deref(), Some("raised"));
}
