//! AG2 1.x: a span `record_usage` next to each LLM call repeats its tokens.

use super::convention::Convention;
use crate::model::UsageScope;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["ag2."],
    usage_scopes: &[("ag2.span.type", "usage", UsageScope::OtherCalls)],
    ..Convention::NONE
};
