//! Inputs and outputs that are not messages: named values, so that nothing is lost.

use super::framework::MessageReader;
use super::unset::is_unset;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Message, Part, Role};

/// Returns all values as one message, followed by the messages of lists of messages among them.
pub(super) fn all_values(view: JsonView<'_>, role: Role, reader: MessageReader) -> Vec<Message> {
    if !view.is_object() {
        return if view.is_empty() { Vec::new() } else { vec![Message::new(role, vec![value(None, view)])] };
    }
    let mut values = Vec::new();
    let mut messages = Vec::new();
    for (key, member) in view.members() {
        let is_list = member.is_list() && member.items().iter().all(|item| item.get("role").is_some());
        let list = if is_list { reader.messages(member) } else { None };
        match list {
            Some(list) => messages.extend(list),
            None if is_unset(member)
                || reader.keys(|framework| framework.ignored_keys).any(|ignored| ignored == key) => {}
            None => values.push(value(Some(key.into_owned()), member)),
        }
    }
    let values = (!values.is_empty()).then(|| Message::new(role, values));
    values.into_iter().chain(messages).collect()
}

/// Returns the values of an object whose keys are not in `read`.
pub(super) fn remaining_values(object: &JsonFields<'_>, read: &[&str], role: Role) -> Option<Message> {
    let others = object.members.iter().filter(|(key, member)| !read.contains(&key.as_ref()) && !is_unset(*member));
    let values: Vec<Part> = others.map(|(key, member)| value(Some(key.clone().into_owned()), *member)).collect();
    (!values.is_empty()).then(|| Message::new(role, values))
}

fn value(name: Option<String>, view: JsonView<'_>) -> Part {
    let text = view.string();
    let media = text.as_deref().and_then(|text| Media::from_uri(text, "file"));
    match (name, text, media) {
        (_, _, Some(media)) => Part::Media(media),
        (None, Some(text), None) => Part::Text(text),
        (name, _, None) => Part::Data { name, value: view.json() },
    }
}
