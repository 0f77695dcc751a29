//! Messages that are spread over indexed attributes, converted to a list in OpenAI's format.
//!
//! OpenLLMetry and Respan: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.tool_calls.0.name`. OpenInference:
//! `llm.input_messages.0.message.content`, `….message.tool_calls.0.tool_call.function.arguments`,
//! `….message.contents.0.message_content.text`.

use super::convention::{Attributes, is_container, is_truthy, structured};
use crate::json::Json;
use crate::limits;
use std::collections::BTreeMap;

/// A message under construction.
#[derive(Default)]
struct PartialMessage {
    /// `role`, `content`, `name`, `tool_call_id` and others, unchanged.
    members: Vec<(String, Json)>,
    /// The parts of its content, by index.
    contents: BTreeMap<usize, Vec<(String, Json)>>,
    /// Its tool calls, by index.
    calls: BTreeMap<usize, Vec<(String, Json)>>,
}

/// Returns the messages below the prefix `list` as `{"messages": […]}`; `item` is the prefix after the index of each.
pub(super) fn messages(attributes: &dyn Attributes, list: &str, item: &str) -> Option<Json> {
    let mut messages: BTreeMap<usize, PartialMessage> = BTreeMap::new();
    for key in attributes.keys() {
        let Some((at, name)) = key.strip_prefix(list).and_then(split_position) else { continue };
        let Some(name) = name.strip_prefix(item) else { continue };
        if let Some(value) = attributes.get(key) {
            messages.entry(at).or_default().add(name, value);
        }
    }
    let messages: Vec<Json> =
        messages.into_values().take(limits::MESSAGE_POSITIONS).map(PartialMessage::into_json).collect();
    (!messages.is_empty()).then(|| Json::object(&[("messages".to_owned(), Json::of(&messages))]))
}

/// Splits `12.name` into index and name.
fn split_position(text: &str) -> Option<(usize, &str)> {
    let (at, name) = text.split_once('.')?;
    Some((at.parse().ok()?, name))
}

impl PartialMessage {
    fn add(&mut self, name: &str, value: Json) {
        let part = |list: &str| name.strip_prefix(list).and_then(split_position);
        if let Some((at, name)) = part("tool_calls.") {
            let name = name.strip_prefix("tool_call.").unwrap_or(name);
            self.calls.entry(at).or_default().push((name.to_owned(), value));
        } else if let Some((at, name)) = part("contents.") {
            let name = name.strip_prefix("message_content.").unwrap_or(name);
            self.contents.entry(at).or_default().push((name.to_owned(), value));
        } else {
            let value = match name {
                "tool_calls" => structured(value),
                "content" => content_value(value),
                _ => value,
            };
            self.members.push((name.to_owned(), value));
        }
    }

    fn into_json(self) -> Json {
        let mut members = self.members;
        // Attributes come in any order; readers expect the sender before the content.
        members.sort_by_key(|(name, _)| match name.as_str() {
            "role" => 0,
            "name" => 1,
            "content" => 2,
            _ => 3,
        });
        if !self.contents.is_empty() {
            let parts: Vec<Json> = self.contents.into_values().map(|part| content_part(&part)).collect();
            members.retain(|(name, _)| name != "content");
            members.push(("content".to_owned(), Json::of(&parts)));
        }
        if !self.calls.is_empty() {
            let calls: Vec<Json> = self.calls.into_values().map(|parts| tool_call(&parts)).collect();
            members.push(("tool_calls".to_owned(), Json::of(&calls)));
        }
        Json::object(&members)
    }
}

fn find(parts: &[(String, Json)], names: &[&str]) -> Option<Json> {
    names.iter().find_map(|name| parts.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
}

/// Converts content to a string, unless it is a list of parts: text may look like a number or an object.
fn content_value(value: Json) -> Json {
    let is_content = value.text().starts_with(['"', '[']) || value.is_null();
    if is_content { value } else { Json::string(value.text()) }
}

/// Returns a part of the content: text, or an image by URL.
fn content_part(parts: &[(String, Json)]) -> Json {
    let member = |key: &str, value: Json| (key.to_owned(), value);
    if let Some(url) = find(parts, &["image.image.url"]) {
        let image = Json::object(&[member("url", url)]);
        return Json::object(&[member("type", Json::string("image_url")), member("image_url", image)]);
    }
    Json::object(parts)
}

/// Returns a tool call. Its arguments are JSON in a string, as OpenAI sends them.
fn tool_call(parts: &[(String, Json)]) -> Json {
    let member = |key: &str, value: Json| (key.to_owned(), value);
    let text = |value: Json| if is_container(&value) { Json::string(value.text()) } else { value };
    let id = find(parts, &["id"]).map(|id| member("id", id));
    let name = find(parts, &["function.name", "name"]).filter(is_truthy).map(|name| member("name", name));
    let arguments =
        find(parts, &["function.arguments", "arguments"]).map(|arguments| member("arguments", text(arguments)));
    let function: Vec<(String, Json)> = name.into_iter().chain(arguments).collect();
    let kind = member("type", Json::string("function"));
    let members: Vec<_> = id.into_iter().chain([kind, member("function", Json::object(&function))]).collect();
    Json::object(&members)
}
