//! `--max-error-rate`

use super::RuleKind;
use super::flag::{FlagValues, RuleFlag, parse_share};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "max-error-rate",
    value_name: "SHARE",
    help: &["Maximum error rate (5% or 0.05)", "The error rate is the share of traces in state ERROR."],
    values: FlagValues::One,
    parse: |text| parse_share(text, 1.0).map(RuleKind::ErrorRate),
    measure: None,
};
