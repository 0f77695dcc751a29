//! smolagents: the fields of the agent that runs. MLflow records no calls of models (3.18 `smolagents/autolog.py`, smolagents
//! 1.26).

use super::convention::Convention;

pub(super) const CONVENTION: Convention =
    Convention { prefixes: &["final_answer_checks"], unseen_calls: &["final_answer_checks"], ..Convention::NONE };
