//! Respan, which MLflow 3.18 does not support (`respan_sdk/constants`, respan-sdk 2.9).

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["respan."],
    span_types: &[(
        "respan.entity.log_type",
        &[
            ("chat", "CHAT_MODEL"),
            ("completion", "LLM"),
            ("response", "LLM"),
            ("generation", "LLM"),
            ("text", "LLM"),
            ("embedding", "EMBEDDING"),
            ("workflow", "WORKFLOW"),
            ("task", "TASK"),
            ("agent", "AGENT"),
            ("tool", "TOOL"),
            ("function", "TOOL"),
            ("guardrail", "GUARDRAIL"),
        ],
    )],
    sessions: &["respan.sessions.session_identifier", "respan.threads.thread_identifier"],
    users: &["respan.customer_params.customer_identifier"],
    ..Convention::NONE
};
