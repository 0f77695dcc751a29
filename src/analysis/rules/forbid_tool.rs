//! `--forbid-tool`

use super::RuleFlag;
use super::names::{Presence, TOOL_CALLS, name_flag, name_rule};

pub(super) static FLAG: RuleFlag = name_flag("forbid-tool", &["No trace calls this tool"], |name| {
    Ok(name_rule(&FLAG, Presence::Forbidden, &TOOL_CALLS, name))
});
