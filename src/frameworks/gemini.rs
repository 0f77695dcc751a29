//! Gemini: contents made of parts without a type.

use super::content;
use super::framework::{Framework, KeyList, MessageReader, RequestMessages};
use crate::json::JsonFields;
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    message_keys: &["contents"],
    instruction_keys: &["system_instruction", "systemInstruction"],
    ignored_keys: &["http_options"],
    nested_keys: &["config", "generation_config", "generationConfig"],
    message: function_response,
    part: |object, _, reader| part(object, reader),
    request: parts_request,
    response: candidates,
    tool_signs: &["unctionC", "unctionR", "unction_"],
    ..Framework::NONE
};

/// Reads a function result on its own, as Google ADK records the results of parallel calls.
fn function_response(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let is_known = |key: &str| matches!(key, "id" | "name" | "response");
    let is_result = object.get("response").is_some() && object.members.iter().all(|(key, _)| is_known(key));
    is_result.then(|| vec![Message::new(Role::Tool, vec![content::tool_result(object, reader)])])
}

/// Reads a message to a chat (`Chat.send_message`), or contents that are only parts.
fn parts_request(object: &JsonFields<'_>, reader: MessageReader) -> Option<RequestMessages> {
    let is_chat_key = |key: &str| matches!(key, "message" | "config");
    let message = object.get("message").filter(|_| object.members.iter().all(|(key, _)| is_chat_key(key)));
    let (content, key): (_, KeyList) = match message {
        Some(message) => (message, &["message"]),
        None => (object.get("contents")?, &["contents"]),
    };
    let parts = reader.parts(content);
    let is_known = |part: &Part| !matches!(part, Part::Data { .. });
    let role = if parts.iter().all(|part| matches!(part, Part::ToolResult(_))) { Role::Tool } else { Role::User };
    (!parts.is_empty() && parts.iter().all(is_known)).then(|| (vec![Message::new(role, parts)], key))
}

fn part(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Part>> {
    if let Some(call) = object.first(&["functionCall", "function_call"]) {
        return content::tool_call_part(&call.fields());
    }
    if let Some(response) = object.first(&["functionResponse", "function_response"]) {
        return Some(vec![content::tool_result(&response.fields(), reader)]);
    }
    if let Some(inline) = object.first(&["inlineData", "inline_data", "fileData", "file_data"]) {
        return Some(vec![Part::Media(content::media_from_data(inline, "file"))]);
    }
    // The client writes every member of a part, `null` if it is not set.
    let is_text_key = |key: &str| matches!(key, "text" | "thought" | "thought_signature" | "thoughtSignature");
    let mut set = object.members.iter().filter(|(_, value)| !value.is_empty());
    let has_text = object.members.iter().any(|(key, _)| key == "text");
    if !has_text || set.any(|(key, _)| !is_text_key(key)) {
        return None;
    }
    let part = if object.is_true("thought") { Part::Reasoning } else { Part::Text };
    Some(object.get_string("text").map(part).into_iter().collect())
}

fn candidates(object: &JsonFields<'_>, reader: MessageReader) -> Option<Vec<Message>> {
    // A single candidate, as Google ADK records it.
    if let Some(content) = object.get("content").filter(|content| content.get("parts").is_some()) {
        return reader.message(content);
    }
    let candidates = object.get("candidates").filter(|list| list.is_list())?.items();
    let contents = candidates.into_iter().filter_map(|candidate| candidate.get("content"));
    contents.map(|content| reader.message(content)).collect::<Option<Vec<_>>>().map(|all| all.concat())
}
