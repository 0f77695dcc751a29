//! Langfuse.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["langfuse."],
    span_types: &[(
        "langfuse.observation.type",
        &[
            ("generation", "LLM"),
            ("embedding", "EMBEDDING"),
            ("tool", "TOOL"),
            ("retriever", "RETRIEVER"),
            ("agent", "AGENT"),
            ("chain", "CHAIN"),
            ("evaluator", "EVALUATOR"),
            ("guardrail", "GUARDRAIL"),
            ("span", "UNKNOWN"),
        ],
    )],
    inputs: &["langfuse.observation.input"],
    outputs: &["langfuse.observation.output"],
    ..Convention::NONE
};
