//! smolagents: MLflow records the return values of its functions under `_value` (3.18 `smolagents/autolog.py`).

use super::framework::Framework;

pub(super) const FRAMEWORK: Framework = Framework {
    ignored_keys: &["sanitize_inputs_outputs"],
    open_envelope: |object| match object.members.as_slice() {
        [(key, value)] if key == "_value" => Some(*value),
        _ => None,
    },
    ..Framework::NONE
};
