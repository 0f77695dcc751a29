//! Spring AI, which keeps whole prompts and completions beside what `gen_ai` defines.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["gen_ai."],
    inputs: &["gen_ai.prompt"],
    outputs: &["gen_ai.completion"],
    ..Convention::NONE
};
