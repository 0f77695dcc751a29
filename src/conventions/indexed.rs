//! Messages that are spread over attributes, one for each part of them, as a list in OpenAI's form.
//!
//! OpenLLMetry and Respan: `gen_ai.prompt.0.role`, `gen_ai.prompt.0.tool_calls.0.name`. OpenInference:
//! `llm.input_messages.0.message.content`, `….message.tool_calls.0.tool_call.function.arguments`,
//! `….message.contents.0.message_content.text`.

use super::convention::{Attributes, is_container, says_something, structured};
use crate::limits;
use crate::model::Json;
use std::collections::BTreeMap;

/// One message in the making.
#[derive(Default)]
struct PartialMessage {
    /// `role`, `content`, `name`, `tool_call_id` and others, as they are.
    members: Vec<(String, Json)>,
    /// The parts of its content, by their place.
    contents: BTreeMap<usize, Vec<(String, Json)>>,
    /// Its calls of tools, by their place.
    calls: BTreeMap<usize, Vec<(String, Json)>>,
}

/// The messages below a prefix, `{"messages": […]}`; `item` stands behind the position of each.
pub(super) fn messages(attributes: &dyn Attributes, list: &str, item: &str) -> Option<Json> {
    let mut messages: BTreeMap<usize, PartialMessage> = BTreeMap::new();
    for key in attributes.keys() {
        let Some((at, name)) = key.strip_prefix(list).and_then(position) else { continue };
        let Some(name) = name.strip_prefix(item) else { continue };
        if let Some(value) = attributes.get(key) {
            messages.entry(at).or_default().add(name, value);
        }
    }
    let messages: Vec<Json> =
        messages.into_values().take(limits::MESSAGE_POSITIONS).map(PartialMessage::json).collect();
    (!messages.is_empty()).then(|| Json::object(&[("messages".to_owned(), Json::of(&messages))]))
}

/// `12.name` in two.
fn position(text: &str) -> Option<(usize, &str)> {
    let (at, name) = text.split_once('.')?;
    Some((at.parse().ok()?, name))
}

impl PartialMessage {
    fn add(&mut self, name: &str, value: Json) {
        let part = |list: &str| name.strip_prefix(list).and_then(position);
        if let Some((at, name)) = part("tool_calls.") {
            let name = name.strip_prefix("tool_call.").unwrap_or(name);
            self.calls.entry(at).or_default().push((name.to_owned(), value));
        } else if let Some((at, name)) = part("contents.") {
            let name = name.strip_prefix("message_content.").unwrap_or(name);
            self.contents.entry(at).or_default().push((name.to_owned(), value));
        } else {
            let value = match name {
                "tool_calls" => structured(value),
                "content" => said(value),
                _ => value,
            };
            self.members.push((name.to_owned(), value));
        }
    }

    fn json(self) -> Json {
        let mut members = self.members;
        // Attributes come in any order; people expect who speaks before what is said.
        members.sort_by_key(|(name, _)| match name.as_str() {
            "role" => 0,
            "name" => 1,
            "content" => 2,
            _ => 3,
        });
        if !self.contents.is_empty() {
            let parts: Vec<Json> = self.contents.into_values().map(|part| content(&part)).collect();
            members.retain(|(name, _)| name != "content");
            members.push(("content".to_owned(), Json::of(&parts)));
        }
        if !self.calls.is_empty() {
            let calls: Vec<Json> = self.calls.into_values().map(|parts| call(&parts)).collect();
            members.push(("tool_calls".to_owned(), Json::of(&calls)));
        }
        Json::object(&members)
    }
}

fn find(parts: &[(String, Json)], names: &[&str]) -> Option<Json> {
    names.iter().find_map(|name| parts.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
}

/// What was said: a text, also where it looks like a number or an object, or a list of parts.
fn said(value: Json) -> Json {
    let is_fine = value.text().starts_with(['"', '[']) || value.is_null();
    if is_fine { value } else { Json::string(value.text()) }
}

/// A part of a content: a text, or a picture by its address.
fn content(parts: &[(String, Json)]) -> Json {
    let member = |key: &str, value: Json| (key.to_owned(), value);
    if let Some(url) = find(parts, &["image.image.url"]) {
        let image = Json::object(&[member("url", url)]);
        return Json::object(&[member("type", Json::string("image_url")), member("image_url", image)]);
    }
    Json::object(parts)
}

/// A call of a tool. Its arguments are JSON in a string, as OpenAI sends them.
fn call(parts: &[(String, Json)]) -> Json {
    let member = |key: &str, value: Json| (key.to_owned(), value);
    let text = |value: Json| if is_container(&value) { Json::string(value.text()) } else { value };
    let id = find(parts, &["id"]).map(|id| member("id", id));
    let name = find(parts, &["function.name", "name"]).filter(says_something).map(|name| member("name", name));
    let arguments =
        find(parts, &["function.arguments", "arguments"]).map(|arguments| member("arguments", text(arguments)));
    let function: Vec<(String, Json)> = name.into_iter().chain(arguments).collect();
    let kind = member("type", Json::string("function"));
    let members: Vec<_> = id.into_iter().chain([kind, member("function", Json::object(&function))]).collect();
    Json::object(&members)
}
