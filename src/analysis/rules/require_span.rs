//! `--require-span`

use super::RuleFlag;
use super::names::{Presence, SPANS, name_flag, name_rule};

pub(super) static FLAG: RuleFlag = name_flag(
    "require-span",
    &["Every trace has a span with this name; * and ? are wildcards (can be repeated)"],
    |name| Ok(name_rule(&FLAG, Presence::Required, &SPANS, name)),
);
