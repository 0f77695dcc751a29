//! `--require-span`

use super::flag::{FlagValues, RuleFlag};
use super::{NamePattern, RuleKind};
use crate::query::Glob;

pub(super) static FLAG: RuleFlag = RuleFlag {
    name: "require-span",
    value_name: "NAME",
    help: &["Every trace has a span with this name; * and ? are wildcards (can be repeated)"],
    values: FlagValues::Many,
    parse: |name| Ok(RuleKind::RequiredSpan(NamePattern { name: Glob::new(name), is_tool: false })),
    measure: None,
};
