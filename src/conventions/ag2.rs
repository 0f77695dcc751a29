//! AG2 1.x: a span `record_usage` beside each LLM call repeats its tokens.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["ag2."], receipts: &[("ag2.span.type", "usage")], ..Convention::NONE };
