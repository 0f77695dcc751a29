//! Parts of content that many frameworks write alike, but for the names of their members.

use super::framework::MessageReader;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Part, ToolCallPart, ToolResultPart};
use crate::model::Json;

/// The words of a part.
pub(super) fn words(object: &JsonFields<'_>, keys: &[&str]) -> Option<String> {
    let value = keys.iter().find_map(|key| object.get(key))?;
    // OpenAI's assistants nest the text once more.
    value.string().or_else(|| value.get("value")?.string())
}

/// The reasoning of a model: a text or, of Mistral's, a list of texts.
pub(super) fn reasoning(object: &JsonFields<'_>) -> Option<Vec<Part>> {
    const KEYS: [&str; 4] = ["thinking", "reasoning", "content", "text"];
    let texts = || {
        let texts: Vec<String> = object.first(&KEYS)?.items().iter().filter_map(|item| item.word("text")).collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    };
    let text = words(object, &KEYS).or_else(texts)?;
    Some(if text.is_empty() { Vec::new() } else { vec![Part::Reasoning(text)] })
}

/// Turns text into reasoning.
pub(super) fn thought(part: Part) -> Part {
    match part {
        Part::Text(text) => Part::Reasoning(text),
        other => other,
    }
}

/// A tool call.
pub(super) fn tool_call(object: &JsonFields<'_>) -> Option<ToolCallPart> {
    let function = object.get("function").filter(|function| function.is_object()).map(JsonView::fields);
    let function = function.as_ref().unwrap_or(object);
    let arguments = ["arguments", "args", "input", "parameters"].iter().find_map(|key| function.get(key));
    Some(ToolCallPart {
        id: ["call_id", "id", "tool_call_id", "toolUseId"].iter().find_map(|key| object.word(key)),
        name: function.word("name")?,
        arguments: arguments.map_or_else(|| Json::object(&[]), JsonView::decoded),
    })
}

/// A tool call that is a part of a content.
pub(super) fn call(object: &JsonFields<'_>) -> Option<Vec<Part>> {
    tool_call(object).map(|call| vec![Part::ToolCall(call)])
}

/// The result of a tool.
pub(super) fn result(object: &JsonFields<'_>, reader: MessageReader) -> Part {
    let content = ["content", "output", "response", "result"].iter().find_map(|key| object.get(key));
    // Google puts the value, or the error, into an object of its own.
    let inner = content.map(JsonView::fields);
    let member = |key: &str| inner.as_ref().filter(|one| one.members.len() == 1).and_then(|one| one.get(key));
    let (value, error) = (member("result").or_else(|| member("output")), member("error"));
    Part::ToolResult(ToolResultPart {
        id: ["tool_call_id", "call_id", "tool_use_id", "id", "toolUseId"].iter().find_map(|key| object.word(key)),
        name: object.word("name"),
        content: value.or(error).or(content).map(|content| reader.within().parts(content)).unwrap_or_default(),
        is_error: error.is_some()
            || object.is_true("is_error")
            || object.is_true("tool_call_error") // Agno
            || object.word("status").is_some_and(|status| status == "error"),
    })
}

/// An `image`, `audio`, `video` or `file`; a sound may come with its words.
pub(super) fn media(object: &JsonFields<'_>, kind: &str) -> Vec<Part> {
    let keys = ["image_url", "input_audio", "audio", "file", "source", "image_file"];
    let body = object.first(&keys).unwrap_or(object.view);
    let mut media = match body.string() {
        Some(uri) => of_uri(uri, kind),
        None => of_data(body, kind),
    };
    if let Some(title) = object.first(&["filename", "title", "file_id"]).and_then(JsonView::string) {
        media.name = media.name.or(Some(title));
    }
    let transcript = body.word("transcript").map(Part::Text);
    std::iter::once(Part::Media(media)).chain(transcript).collect()
}

/// The file that an object describes: its bytes in base64, an address or an id, its type and name.
pub(super) fn of_data(body: JsonView<'_>, kind: &str) -> Media {
    let word = |keys: &[&str]| keys.iter().find_map(|key| body.word(key));
    let uri = word(&["url", "uri", "fileUri", "file_uri"]);
    let data = word(&["data", "file_data", "content"]);
    let mut media = match (uri, data) {
        (Some(uri), _) => of_uri(uri, kind),
        (None, Some(data)) => {
            Media::from_uri(&data, kind).unwrap_or_else(|| Media { kind: kind.to_owned(), ..Media::of_base64(&data) })
        }
        (None, None) => Media { kind: kind.to_owned(), ..Media::default() },
    };
    media.media_type = word(&["media_type", "mime_type", "mimeType", "format"]).or(media.media_type);
    media.name = word(&["filename", "file_id", "id", "display_name"]);
    if media.kind == "file" {
        let of_type = media.media_type.as_deref().and_then(|name| name.split('/').next());
        if let Some(of_type @ ("image" | "audio" | "video")) = of_type {
            media.kind = of_type.to_owned();
        }
    }
    media
}

fn of_uri(uri: String, kind: &str) -> Media {
    let known = Media::from_uri(&uri, kind);
    known.unwrap_or_else(|| Media { kind: kind.to_owned(), url: Some(uri), ..Media::default() })
}
