use super::*;

/// Returns the statistic and limit that a flag parses.
fn parse(flag: &RuleFlag, text: &str) -> Result<(Option<Statistic>, f64), String> {
    (flag.parse)(text).map(|rule| (rule.limit().statistic, rule.limit().value))
}

#[test]
fn limits_are_parsed_with_their_statistic() {
    let read = |text: &str| parse(&max_tokens::FLAG, text);
    assert_eq!(read("5000"), Ok((Some(Statistic::Each), 5_000.0)));
    assert_eq!(read("5_000"), Ok((Some(Statistic::Each), 5_000.0)));
    assert_eq!(read("p95 = 12.5"), Ok((Some(Statistic::Percentile(95)), 12.5)));
    assert_eq!(read("total=0"), Ok((Some(Statistic::Total), 0.0)));
    assert!(["", "p94=1", "-1", "nan", "inf", "=5", "p95="].iter().all(|text| read(text).is_err()));
    assert_eq!(parse(&max_cost::FLAG, "mean=$0.05"), Ok((Some(Statistic::Mean), 0.05)));
    assert_eq!(parse(&max_latency::FLAG, "p99=1.5s"), Ok((Some(Statistic::Percentile(99)), 1_500.0)));
}

#[test]
fn shares_above_one_need_a_percent_sign() {
    let read = |text: &str| parse(&max_error_rate::FLAG, text).map(|(_, limit)| limit);
    assert_eq!((read("5%"), read("0.05"), read("100 %")), (Ok(0.05), Ok(0.05), Ok(1.0)));
    assert!(["5", "-1%", "101%", "x"].iter().all(|text| read(text).is_err()));
}

#[test]
fn feedback_and_tolerances_have_names() {
    let read = |text: &str| {
        (min_feedback::FLAG.parse)(text).map(|rule| (rule.subject(), rule.limit().statistic, rule.limit().value))
    };
    assert_eq!(read("correct=0.8"), Ok((Some("correct".to_owned()), Some(Statistic::Mean), 0.8)));
    assert_eq!(read("safe=each=yes"), Ok((Some("safe".to_owned()), Some(Statistic::Each), 1.0)));
    assert!(["correct", "=1", "a=b=c", "a="].iter().all(|text| read(text).is_err()));
    let tolerance = Tolerance::parse;
    assert_eq!(tolerance("150%"), Ok((None, 1.5)));
    assert_eq!(tolerance("latency=25%"), Ok((Some("latency".to_owned()), 0.25)));
    assert!(["speed=1%", "latency=", "-5%"].iter().all(|text| tolerance(text).is_err()));
}

#[test]
fn every_rule_has_its_own_flag() {
    let mut names: Vec<&str> = FLAGS.iter().map(|flag| flag.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FLAGS.len());
    // Values that each kind of flag accepts; the rule has the name of its flag.
    for flag in FLAGS {
        let rule = ["1", "1s", "a=1", "all"].iter().find_map(|text| (flag.parse)(text).ok()).unwrap();
        assert_eq!(rule.name(), flag.name);
    }
}
