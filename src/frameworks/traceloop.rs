//! OpenLLMetry (Traceloop): what was called with, and what came out, beside bookkeeping.

use super::framework::{Framework, KeyList};
use crate::json::{JsonFields, JsonView};

pub(super) const FRAMEWORK: Framework =
    Framework { opened: |object| of_callback(object).or_else(|| of_function(object)), ..Framework::NONE };

/// Inputs and outputs as callbacks of LangChain have them (`opentelemetry/instrumentation/langchain/callback_handler.py`, 0.62).
fn of_callback<'a>(object: &JsonFields<'a>) -> Option<JsonView<'a>> {
    const BOOKKEEPING: KeyList = &["input_str", "tags", "metadata", "kwargs"];
    let (inner, others): (Vec<_>, Vec<_>) =
        object.members.iter().partition(|(key, _)| matches!(key.as_ref(), "inputs" | "outputs" | "output"));
    let [(_, inner)] = inner.as_slice() else { return None };
    let is_bookkeeping = others.iter().all(|(key, _)| BOOKKEEPING.contains(&key.as_ref()));
    (is_bookkeeping && object.get("kwargs").is_some()).then_some(*inner)
}

/// Arguments of a decorated function, all of them named, or a single one without a name
/// (`traceloop/sdk/decorators/base.py`, 0.62).
fn of_function<'a>(object: &JsonFields<'a>) -> Option<JsonView<'a>> {
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
