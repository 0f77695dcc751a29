//! CrewAI: the fields of the crew, the task or the agent at work.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["entity_type"], models: &["llm"], ..Convention::NONE };
