//! `--forbid-span`

use super::flag::{FlagValues, RuleFlag};
use super::{NamePattern, RuleKind};
use crate::query::Glob;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "forbid-span",
    value_name: "NAME",
    help: &["No trace has a span with this name"],
    values: FlagValues::Many,
    parse: |name| Ok(RuleKind::ForbiddenSpan(NamePattern { name: Glob::new(name), is_tool: false })),
    measure: None,
};
