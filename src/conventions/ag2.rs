//! AG2 1.x: beside each call of a model, a span `record_usage` repeats its tokens.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["ag2."], receipts: &[("ag2.span.type", "usage")], ..Convention::NONE };
