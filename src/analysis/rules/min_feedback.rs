//! `--min-feedback`

use super::flag::{FlagValues, RuleFlag, parse_limit, parse_number};
use super::{RuleKind, Statistic};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "min-feedback",
    value_name: "NAME=[OF=]VALUE",
    help: &[
        "Minimum feedback, as a mean by default: correctness=0.8, safety=each=1",
        "yes and true are 1, no and false are 0.",
    ],
    values: FlagValues::Many,
    parse,
    measure: None,
};

fn parse(text: &str) -> Result<RuleKind, String> {
    let (name, rest) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    let number = |text: &str| match text {
        "true" | "yes" => Some(1.0),
        "false" | "no" => Some(0.0),
        _ => parse_number(text),
    };
    let (statistic, limit) = parse_limit(rest, Statistic::Mean, number, "a number")?;
    Ok(RuleKind::Feedback(name.to_owned(), statistic, limit))
}
