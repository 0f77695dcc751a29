//! `--require-tool`

use super::RuleFlag;
use super::names::{Presence, TOOL_CALLS, name_flag, name_rule};

pub(super) static FLAG: RuleFlag = name_flag("require-tool", &["Every trace calls this tool"], |name| {
    Ok(name_rule(&FLAG, Presence::Required, &TOOL_CALLS, name))
});
