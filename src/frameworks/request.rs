//! The inputs of a span as messages.

use super::framework::{EVERYTHING, MessageReader};
use super::unset::{is_unset, without_unset};
use super::values;
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};
use std::borrow::Cow;

/// The inputs of a span as messages and parameters.
#[derive(Debug)]
pub struct SpanRequest {
    /// The messages, including instructions.
    pub messages: Vec<Message>,
    /// Other values: the temperature of a model, the names of its tools.
    pub parameters: Vec<(String, Json)>,
}

impl SpanRequest {
    pub(super) fn read(view: JsonView<'_>, reader: MessageReader) -> Self {
        let view = reader.without_envelopes(view);
        let object = &view.fields();
        if let Some(list) = view.is_list().then(|| reader.messages(view)).flatten() {
            return Self { messages: list, parameters: Vec::new() };
        }
        if let Some((messages, list)) = chat(object, reader) {
            let is_read = |key: &str| key == list || instruction_keys(reader).any(|known| known == key);
            return Self { messages, parameters: parameters(object, is_read, reader) };
        }
        let request = reader.frameworks.iter().find_map(|framework| (framework.request)(object, reader));
        if let Some((messages, keys)) = request {
            let is_read = |key: &str| keys == EVERYTHING || keys.contains(&key);
            return Self { messages, parameters: parameters(object, is_read, reader) };
        }
        let message = reader.message_from_fields(object);
        let messages = message.unwrap_or_else(|| values::all_values(view, Role::Input, reader));
        Self { messages, parameters: Vec::new() }
    }
}

fn instruction_keys(reader: MessageReader) -> impl Iterator<Item = &'static str> {
    reader.keys(|framework| framework.instruction_keys)
}

/// Whether a member is an object of parameters.
fn is_nested((key, value): &(Cow<'_, str>, JsonView<'_>), reader: MessageReader) -> bool {
    value.is_object() && reader.keys(|framework| framework.nested_keys).any(|nested| nested == key)
}

fn nested<'a>(object: &JsonFields<'a>, reader: MessageReader) -> Vec<JsonFields<'a>> {
    object.members.iter().filter(|member| is_nested(member, reader)).map(|(_, value)| value.fields()).collect()
}

/// Returns the members of an object that were not read as messages, and those of its nested objects.
fn parameters(object: &JsonFields<'_>, is_read: impl Fn(&str) -> bool, reader: MessageReader) -> Vec<(String, Json)> {
    let nested = nested(object, reader);
    let members = object.members.iter().filter(|member| !is_nested(member, reader));
    let mut found = Vec::new();
    for (key, value) in members.chain(nested.iter().flat_map(|object| &object.members)) {
        match key.as_ref() {
            key if is_read(key) || reader.keys(|framework| framework.ignored_keys).any(|ignored| ignored == key) => {}
            // The model is shown with the call.
            "model" => {}
            _ if is_unset(*value) => {}
            "tools" | "functions" => {
                let names = value.items().into_iter().flat_map(tool_names).collect::<Vec<_>>();
                found.extend((!names.is_empty()).then(|| ("tools".to_owned(), Json::of(&names))));
            }
            key => found.extend(without_unset(*value).map(|value| (key.to_owned(), value))),
        }
    }
    found
}

/// Returns the name of a tool, or the names in a tool list of Gemini.
fn tool_names(tool: JsonView<'_>) -> Vec<String> {
    // A Python function, as accepted by Google's client: `<function get_weather at 0x7f…>`.
    if let Some(text) = tool.string() {
        let name = text.strip_prefix("<function ").and_then(|rest| rest.split_once(" at 0x"));
        return name.map(|(name, _)| name.to_owned()).into_iter().collect();
    }
    let name = |view: JsonView<'_>| view.get_string("name");
    let declared = tool.get("function_declarations").or_else(|| tool.get("functionDeclarations"));
    if let Some(list) = declared {
        return list.items().into_iter().filter_map(name).collect();
    }
    let inner = ["function", "data", "toolSpec"].iter().find_map(|key| tool.get(key));
    vec![inner.and_then(name).or_else(|| name(tool)).or_else(|| tool.get_string("type")).unwrap_or_default()]
}

/// Reads the request of a chat: a list of messages, and instructions outside it. Returns them with the key of the list.
fn chat(object: &JsonFields<'_>, reader: MessageReader) -> Option<(Vec<Message>, &'static str)> {
    let read = |key: &'static str| {
        let list = object.get(key).filter(|list| !list.is_empty())?;
        let messages = match list.string() {
            Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
            None if list.is_object() => reader.message(list)?,
            None => reader.messages(list).or_else(|| texts(list, reader))?,
        };
        Some((messages, key))
    };
    let (messages, key) = reader.keys(|framework| framework.message_keys).find_map(read)?;
    let nested = nested(object, reader);
    let instructions = instruction_keys(reader)
        .find_map(|key| std::iter::once(object).chain(&nested).find_map(|object| object.get(key)))
        .filter(|value| !value.is_empty());
    let system = instructions.map(|view| {
        let content = view.get("parts").unwrap_or(view);
        Message::new(Role::System, reader.parts(content))
    });
    Some((system.into_iter().chain(messages).collect(), key))
}

/// Reads a list of texts, usually to be embedded.
fn texts(list: JsonView<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    let texts: Option<Vec<String>> = list.items().into_iter().map(JsonView::string).collect();
    let texts = texts.filter(|texts| !texts.is_empty())?;
    let message = |text: String| {
        let known = reader.message_from_text(&text);
        known.unwrap_or_else(|| Message::new(Role::User, vec![Part::Text(text)]))
    };
    Some(texts.into_iter().map(message).collect())
}
