//! OpenLLMetry (Traceloop): inputs and outputs wrapped together with internal fields.

use super::framework::{Framework, KeyList};
use crate::json::{JsonFields, JsonView};

pub(super) const FRAMEWORK: Framework = Framework {
    open_envelope: |object| callback_value(object).or_else(|| function_arguments(object)),
    ..Framework::NONE
};

/// Returns the inputs or outputs recorded by its LangChain callbacks
/// (`opentelemetry/instrumentation/langchain/callback_handler.py`, 0.62).
fn callback_value<'a>(object: &JsonFields<'a>) -> Option<JsonView<'a>> {
    const BOOKKEEPING: KeyList = &["input_str", "tags", "metadata", "kwargs"];
    let (inner, others): (Vec<_>, Vec<_>) =
        object.members.iter().partition(|(key, _)| matches!(key.as_ref(), "inputs" | "outputs" | "output"));
    let [(_, inner)] = inner.as_slice() else { return None };
    let is_bookkeeping = others.iter().all(|(key, _)| BOOKKEEPING.contains(&key.as_ref()));
    (is_bookkeeping && object.get("kwargs").is_some()).then_some(*inner)
}

/// Returns the arguments of a decorated function, if all are keyword arguments or there is only one positional argument
/// (`traceloop/sdk/decorators/base.py`, 0.62).
fn function_arguments<'a>(object: &JsonFields<'a>) -> Option<JsonView<'a>> {
    let (arguments, named) = (object.get("args")?, object.get("kwargs")?);
    if object.members.len() > 2 || !arguments.is_list() {
        return None;
    }
    match arguments.items().as_slice() {
        [] => Some(named),
        [only] if named.is_empty() => Some(*only),
        _ => None,
    }
}
