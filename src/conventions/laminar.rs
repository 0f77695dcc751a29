//! Laminar.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["lmnr."],
    span_types: &[(
        "lmnr.span.type",
        &[
            ("LLM", "LLM"),
            ("TOOL", "TOOL"),
            ("DEFAULT", "CHAIN"),
            ("PIPELINE", "CHAIN"),
            ("EXECUTOR", "AGENT"),
            ("EVALUATOR", "EVALUATOR"),
            ("HUMAN_EVALUATOR", "EVALUATOR"),
            ("EVALUATION", "EVALUATOR"),
            ("CACHED", "LLM"),
        ],
    )],
    inputs: &["lmnr.span.input"],
    outputs: &["lmnr.span.output"],
    ..Convention::NONE
};
