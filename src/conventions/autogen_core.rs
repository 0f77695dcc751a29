//! AutoGen's runtime (`autogen_core`, `_telemetry`), which records a message and its recipient.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["recipient_agent_type"], inputs: &["message"], ..Convention::NONE };
