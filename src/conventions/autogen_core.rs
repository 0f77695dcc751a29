//! AutoGen's runtime (`autogen_core`, `_telemetry`), which keeps the message with whom it is for beside it.

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["recipient_agent_type"], inputs: &["message"], ..Convention::NONE };
