//! `--require-tool`

use super::flag::{FlagValues, RuleFlag};
use super::{NamePattern, RuleKind};
use crate::query::Glob;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "require-tool",
    value_name: "NAME",
    help: &["Every trace calls this tool"],
    values: FlagValues::Many,
    parse: |name| Ok(RuleKind::RequiredSpan(NamePattern { name: Glob::new(name), is_tool: true })),
    measure: None,
};
