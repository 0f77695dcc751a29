//! OpenLLMetry (Traceloop): `traceloop.*`, and the older `gen_ai` keys: `gen_ai.prompt.0.role`.

use super::convention::{Convention, Direction, TokenKeys};
use super::indexed;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["traceloop.", "gen_ai."],
    span_types: &[(
        "traceloop.span.kind",
        &[("workflow", "WORKFLOW"), ("task", "TASK"), ("agent", "AGENT"), ("tool", "TOOL"), ("unknown", "UNKNOWN")],
    )],
    tokens: &[TokenKeys {
        input: &["gen_ai.usage.prompt_tokens"],
        output: &["gen_ai.usage.completion_tokens"],
        total: &["llm.usage.total_tokens"],
        ..TokenKeys::NONE
    }],
    inputs: &["traceloop.entity.input"],
    outputs: &["traceloop.entity.output"],
    messages: |attributes, direction| {
        indexed::messages(
            attributes,
            if direction == Direction::Inputs { "gen_ai.prompt." } else { "gen_ai.completion." },
            "",
        )
    },
    sessions: &["traceloop.association.properties.session_id"],
    users: &["traceloop.association.properties.user_id"],
    ..Convention::NONE
};
