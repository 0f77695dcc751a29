//! smolagents: MLflow puts what its functions return under the key `_value` (3.18 `smolagents/autolog.py`).

use super::framework::Framework;

pub(super) const FRAMEWORK: Framework = Framework {
    ignored: &["sanitize_inputs_outputs"],
    opened: |object| match object.members.as_slice() {
        [(key, value)] if key == "_value" => Some(*value),
        _ => None,
    },
    ..Framework::NONE
};
