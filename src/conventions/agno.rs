//! Agno, by OpenInference's instrumentation, which names spans after the agent in other letters.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["agno."], agent_names: &["agno.agent"], ..Convention::NONE };
