//! Spring AI, which records whole prompts and completions in addition to `gen_ai`.

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["gen_ai."],
    inputs: &["gen_ai.prompt"],
    outputs: &["gen_ai.completion"],
    ..Convention::NONE
};
