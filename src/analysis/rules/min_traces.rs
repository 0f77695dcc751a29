//! `--min-traces`

use super::RuleKind;
use super::flag::{FlagValues, RuleFlag};

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "min-traces",
    value_name: "TRACES",
    help: &["Minimum number of traces [default: 1]"],
    values: FlagValues::One,
    parse: |text| text.parse().map(RuleKind::Traces).map_err(|error| error.to_string()),
    measure: None,
};
