//! `--forbid-span`

use super::RuleFlag;
use super::names::{Presence, SPANS, name_flag, name_rule};

pub(super) static FLAG: RuleFlag = name_flag("forbid-span", &["No trace has a span with this name"], |name| {
    Ok(name_rule(&FLAG, Presence::Forbidden, &SPANS, name))
});
