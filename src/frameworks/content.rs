//! Content parts that many frameworks write alike, except for the names of their members.

use super::framework::MessageReader;
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Part, ToolCallPart, ToolResultPart};

/// Returns the text of a part.
pub(super) fn text(object: &JsonFields<'_>, keys: &[&str]) -> Option<String> {
    let value = keys.iter().find_map(|key| object.get(key))?;
    // OpenAI's Assistants API nests the text one level deeper.
    value.string().or_else(|| value.get("value")?.string())
}

/// Reads the reasoning of a model: a text or, for Mistral, a list of texts.
pub(super) fn reasoning(object: &JsonFields<'_>) -> Option<Vec<Part>> {
    const KEYS: [&str; 4] = ["thinking", "reasoning", "content", "text"];
    let texts = || {
        let texts: Vec<String> =
            object.first(&KEYS)?.items().iter().filter_map(|item| item.get_string("text")).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    };
    let text = text(object, &KEYS).or_else(texts)?;
    Some(if text.is_empty() { Vec::new() } else { vec![Part::Reasoning(text)] })
}

/// Turns text into reasoning.
pub(super) fn into_reasoning(part: Part) -> Part {
    match part {
        Part::Text(text) => Part::Reasoning(text),
        other => other,
    }
}

/// Reads a tool call.
pub(super) fn tool_call(object: &JsonFields<'_>) -> Option<ToolCallPart> {
    let function = object.get("function").filter(|function| function.is_object()).map(JsonView::fields);
    let function = function.as_ref().unwrap_or(object);
    let arguments = ["arguments", "args", "input", "parameters"].iter().find_map(|key| function.get(key));
    Some(ToolCallPart {
        id: ["call_id", "id", "tool_call_id", "toolUseId"].iter().find_map(|key| object.get_string(key)),
        name: function.get_string("name")?,
        arguments: arguments.map_or_else(|| Json::object(&[]), JsonView::decoded),
    })
}

/// Reads a tool call as a content part.
pub(super) fn tool_call_part(object: &JsonFields<'_>) -> Option<Vec<Part>> {
    tool_call(object).map(|call| vec![Part::ToolCall(call)])
}

/// Reads a tool result.
pub(super) fn tool_result(object: &JsonFields<'_>, reader: MessageReader) -> Part {
    let content = ["content", "output", "response", "result"].iter().find_map(|key| object.get(key));
    // Google wraps the value, or the error, in an object.
    let inner = content.map(JsonView::fields);
    let member = |key: &str| inner.as_ref().filter(|inner| inner.members.len() == 1)?.get(key);
    let (value, error) = (member("result").or_else(|| member("output")), member("error"));
    Part::ToolResult(ToolResultPart {
        id: ["tool_call_id", "call_id", "tool_use_id", "id", "toolUseId"].iter().find_map(|key| object.get_string(key)),
        name: object.get_string("name"),
        content: value.or(error).or(content).map(|content| reader.deeper().parts(content)).unwrap_or_default(),
        is_error: error.is_some()
            || object.is_true("is_error")
            || object.is_true("tool_call_error") // Agno
            || object.get_string("status").is_some_and(|status| status == "error"),
    })
}

/// Reads an `image`, `audio`, `video` or `file`; audio may have a transcript.
pub(super) fn media(object: &JsonFields<'_>, kind: &str) -> Vec<Part> {
    let keys = ["image_url", "input_audio", "audio", "file", "source", "image_file"];
    let body = object.first(&keys).unwrap_or(object.view);
    let mut media = match body.string() {
        Some(uri) => media_from_uri(uri, kind),
        None => media_from_data(body, kind),
    };
    if let Some(title) = object.first(&["filename", "title", "file_id"]).and_then(JsonView::string) {
        media.name = media.name.or(Some(title));
    }
    let transcript = body.get_string("transcript").map(Part::Text);
    std::iter::once(Part::Media(media)).chain(transcript).collect()
}

/// Reads the file that an object describes: its content in base64 or its URL, its type, and its name or id.
pub(super) fn media_from_data(body: JsonView<'_>, kind: &str) -> Media {
    let word = |keys: &[&str]| keys.iter().find_map(|key| body.get_string(key));
    let uri = word(&["url", "uri", "fileUri", "file_uri"]);
    let data = word(&["data", "file_data", "content"]);
    let mut media = match (uri, data) {
        (Some(uri), _) => media_from_uri(uri, kind),
        (None, Some(data)) => {
            Media::from_uri(&data, kind).unwrap_or_else(|| Media { kind: kind.to_owned(), ..Media::from_base64(&data) })
        }
        (None, None) => Media { kind: kind.to_owned(), ..Media::default() },
    };
    media.media_type = word(&["media_type", "mime_type", "mimeType", "format"]).or(media.media_type);
    media.name = word(&["filename", "file_id", "id", "display_name"]);
    if media.kind == "file" {
        let kind = media.media_type.as_deref().and_then(|name| name.split('/').next());
        if let Some(kind @ ("image" | "audio" | "video")) = kind {
            media.kind = kind.to_owned();
        }
    }
    media
}

fn media_from_uri(uri: String, kind: &str) -> Media {
    let known = Media::from_uri(&uri, kind);
    known.unwrap_or_else(|| Media { kind: kind.to_owned(), url: Some(uri), ..Media::default() })
}
