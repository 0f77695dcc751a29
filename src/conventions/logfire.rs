//! Logfire: names of spans are templates of messages.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention { titles: &["logfire.msg"], ..Convention::NONE };
