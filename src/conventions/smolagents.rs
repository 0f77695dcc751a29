//! smolagents: the fields of the agent that runs. MLflow does not record its model calls (3.18 `smolagents/autolog.py`,
//! smolagents 1.26).

use super::convention::Convention;

pub(super) const CONVENTION: Convention = Convention {
    prefixes: &["final_answer_checks"],
    unrecorded_call_keys: &["final_answer_checks"],
    ..Convention::NONE
};
