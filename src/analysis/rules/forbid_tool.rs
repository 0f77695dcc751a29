//! `--forbid-tool`

use super::flag::{FlagValues, RuleFlag};
use super::{NamePattern, RuleKind};
use crate::query::Glob;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "forbid-tool",
    value_name: "NAME",
    help: &["No trace calls this tool"],
    values: FlagValues::Many,
    parse: |name| Ok(RuleKind::ForbiddenSpan(NamePattern { name: Glob::new(name), is_tool: true })),
    measure: None,
};
