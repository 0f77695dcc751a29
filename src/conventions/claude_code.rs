//! Claude Code's own telemetry.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    span_types: &[(
        "span.type",
        &[
            ("interaction", "AGENT"),
            ("llm_request", "LLM"),
            ("tool", "TOOL"),
            ("claude_code.interaction", "AGENT"),
            ("claude_code.llm_request", "LLM"),
            ("claude_code.tool", "TOOL"),
        ],
    )],
    ..Convention::NONE
};
