use super::*;

/// Returns names, subjects, statistics and limits of rules.
fn described(args: &RuleArgs) -> Vec<String> {
    let text = |rule: Arc<dyn Rule>| {
        let (subject, limit) = (rule.subject().unwrap_or_default(), rule.limit());
        let statistic = limit.statistic.map_or("-", |statistic| statistic.as_str());
        format!("{} {subject} {statistic} {}", rule.name(), limit.value)
    };
    args.rules().into_iter().map(text).collect()
}

#[test]
fn flags_take_precedence_over_a_file() {
    let file =
        RuleArgs::parse("max-tokens = [50, \"p95=500\"]\nmin-traces = 3\nforbid-tool = \"rm\"\ntolerance = \"5%\"")
            .unwrap();
    let flags =
        RuleArgs::parse("max-tokens = 60\nforbid-tool = \"dd\"\ntolerance = [\"cost=1\"]").unwrap().overriding(file);
    let expected =
        ["min-traces  - 3", "max-tokens  each 60", "max-tokens  p95 500", "forbid-tool dd - 0", "forbid-tool rm - 0"];
    assert_eq!(described(&flags), expected);
    let tolerance = flags.tolerance();
    assert_eq!((tolerance.default, tolerance.named.get("cost")), (0.05, Some(&1.0)));
}

#[test]
fn every_limit_of_a_file_is_a_rule() {
    for text in ["min-feedback = [\"a=0.5\", \"a=0.9\"]", "max-tokens = [5, 9]", "forbid-tool = [\"a\", \"a\"]"] {
        let rules = RuleArgs::default().overriding(RuleArgs::parse(text).unwrap()).rules();
        assert_eq!(rules.len(), 3, "{text}: --min-traces, and two of the file");
    }
}

#[test]
fn a_switch_set_to_false_is_not_a_rule() {
    let last = |text: &str| format!("{:?}", RuleArgs::parse(text).unwrap().rules().last().unwrap());
    assert_eq!(last("no-exceptions = false"), "MinTraces(1)");
    assert_eq!(last("no-exceptions = true"), "NoExceptions { with_handled: false }");
    assert_eq!(last("no-exceptions = \"all\""), "NoExceptions { with_handled: true }");
}
