//! `--no-exceptions`

use super::RuleKind;
use super::flag::{FlagValues, RuleFlag};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "no-exceptions",
    value_name: "WHICH",
    help: &[
        "No exceptions and no failed spans",
        "With =all, also no tool failures that were returned to the model as text.",
    ],
    values: FlagValues::Choice(&["raised", "all"]),
    parse: |which| Ok(RuleKind::NoExceptions(which == "all")),
    measure: None,
};
