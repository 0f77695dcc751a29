//! Values without content: clients record unset arguments, and streams, as the text that Python prints for them.

use crate::json::Json;
use crate::json::JsonView;

/// The classes of markers for unset arguments (`openai`, `anthropic`, `google-genai`, `strands`).
const MARKERS: [&str; 5] = ["Omit", "NotGiven", "NotProvided", "Unset", "Undefined"];

/// Whether a value is empty or the marker of an unset argument: `<openai.Omit object at 0x7f…>`, `NOT_GIVEN`.
pub(super) fn is_unset(value: JsonView<'_>) -> bool {
    const MAX_BYTES: usize = 100;
    if value.is_empty() {
        return true;
    }
    let is_short = value.text().starts_with('"') && value.text().len() < MAX_BYTES;
    is_short.then(|| value.string()).flatten().is_some_and(|text| {
        let class = python_object_class(&text).map(|(class, _)| class.rsplit('.').next().unwrap_or_default());
        matches!(text.as_str(), "NOT_GIVEN" | "NotGiven()" | "Omit()")
            || class.is_some_and(|class| MARKERS.contains(&class))
    })
}

/// Returns a value without its unset members; `None` if nothing is left.
pub(super) fn without_unset(value: JsonView<'_>) -> Option<Json> {
    const MAX_DEPTH: usize = 8;
    strip(value, MAX_DEPTH)
}

fn strip(value: JsonView<'_>, levels: usize) -> Option<Json> {
    if is_unset(value) {
        return None;
    }
    if levels == 0 || !value.is_object() {
        return Some(value.json());
    }
    let members = value.members();
    let set: Vec<(String, Json)> =
        members.into_iter().filter_map(|(key, member)| Some((key.into_owned(), strip(member, levels - 1)?))).collect();
    (!set.is_empty()).then(|| Json::object(&set))
}

/// Whether a text is what Python prints for a stream or a generator, without its content:
/// `<anthropic.Stream object at 0x7f…>`, `<AsyncAPIResponse [200 OK] type=<class '…'>>`; or for the state of one, whose
/// messages are also recorded elsewhere (PydanticAI's `run_stream`).
pub(crate) fn is_stream(text: &str) -> bool {
    const MAX_BYTES: usize = 300;
    if text.starts_with("{'_all_messages': [Model") {
        return true;
    }
    if !text.starts_with('<') || text.len() > MAX_BYTES {
        return false;
    }
    let text = text.trim_end();
    let is_response =
        text.ends_with('>') && (text.starts_with("<APIResponse [") || text.starts_with("<AsyncAPIResponse ["));
    let is_kind = |class: &str, is_generator: bool| {
        is_generator || class.contains("Stream") || class.contains("stream") || class.contains("Generator")
    };
    is_response || python_object_class(text).is_some_and(|(class, is_generator)| is_kind(class, is_generator))
}

/// Whether a text is what Python prints for an object by default: `<workflows.context.Context object at 0x7f…>`.
pub(super) fn is_python_object(text: &str) -> bool {
    const MAX_BYTES: usize = 300;
    text.len() < MAX_BYTES && python_object_class(text).is_some()
}

/// Returns the class in Python's default text of an object, and whether it is a generator or a coroutine.
fn python_object_class(text: &str) -> Option<(&str, bool)> {
    let (class, address) = text.strip_prefix('<')?.strip_suffix('>')?.rsplit_once(" at 0x")?;
    if !address.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let generators = ["generator object ", "async_generator object ", "coroutine object "];
    match generators.iter().find_map(|kind| class.strip_prefix(kind)) {
        Some(name) => Some((name, true)),
        None => class.strip_suffix(" object").map(|class| (class, false)),
    }
}
