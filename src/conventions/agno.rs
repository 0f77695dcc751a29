//! Agno, as instrumented by OpenInference, which spells agent names differently in span names.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["agno."], agent_names: &["agno.agent"], ..Convention::NONE };
