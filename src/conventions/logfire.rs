//! Logfire: span names are message templates.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention { title_keys: &["logfire.msg"], ..Convention::NONE };
