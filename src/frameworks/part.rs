//! Pieces of a message's content.

use crate::json::{Fields, View};
use crate::message::{Media, Part, ToolCall, ToolResult};
use crate::model::Json;

/// Answers of tools hold pieces that may be answers again; what lies deeper is passed on as it is.
const DEEPEST: usize = 3;

/// The pieces of a content: a string, a list of pieces, or one piece.
pub(super) fn parts(content: View<'_>) -> Vec<Part> {
    parts_at(content, 0)
}

fn parts_at(content: View<'_>, depth: usize) -> Vec<Part> {
    match content.string() {
        Some(text) => text_or_media(text).into_iter().collect(),
        None if content.is_empty() => Vec::new(),
        None if depth > DEEPEST => vec![Part::Data { name: None, value: content.json() }],
        None if content.is_list() => content.items().into_iter().flat_map(|item| part(item, depth)).collect(),
        None => part(content, depth),
    }
}

/// A string, which may hold an image instead of words.
fn text_or_media(text: String) -> Option<Part> {
    match Media::from_uri(&text, "file") {
        Some(media) => Some(Part::Media(media)),
        None => (!text.is_empty()).then_some(Part::Text(text)),
    }
}

/// One piece. What it holds beside words may be several pieces.
fn part(view: View<'_>, depth: usize) -> Vec<Part> {
    if !view.is_object() {
        return match view.string() {
            Some(text) => text_or_media(text).into_iter().collect(),
            None if view.is_empty() => Vec::new(),
            None => vec![Part::Data { name: None, value: view.json() }],
        };
    }
    let fields = &view.fields();
    let kind = fields.word("type").unwrap_or_default();
    let known = match kind.as_str() {
        "text" | "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
            words(fields, &["text", "content"]).map(Part::Text)
        }
        "refusal" => words(fields, &["refusal"]).map(Part::Refusal),
        "thinking" | "reasoning" => words(fields, &["thinking", "reasoning", "content", "text"]).map(Part::Reasoning),
        "image_url"
        | "input_image"
        | "image"
        | "input_audio"
        | "audio"
        | "file"
        | "input_file"
        | "document"
        | "media"
        | "blob"
        | "uri"
        | "video"
        | "image_file"
        | "computer_screenshot" => return media(fields, &kind),
        "tool_use" | "tool_call" | "server_tool_use" | "function" | "function_call" => {
            tool_call(fields).map(Part::ToolCall)
        }
        "tool_result" | "tool_call_response" | "function_call_output" | "web_search_tool_result" => {
            Some(Part::ToolResult(tool_result_at(fields, depth)))
        }
        _ => untyped(fields, depth),
    };
    known.map_or_else(|| vec![Part::Data { name: None, value: view.json() }], |part| vec![part])
}

/// Pieces without a type: of AutoGen and Gemini.
fn untyped(view: &Fields<'_>, depth: usize) -> Option<Part> {
    if view.get("call_id").is_some() && view.get("content").is_some() {
        return Some(Part::ToolResult(tool_result_at(view, depth)));
    }
    if view.get("name").is_some() && view.get("arguments").is_some() {
        return tool_call(view).map(Part::ToolCall);
    }
    if let Some(call) = view.first(&["functionCall", "function_call"]) {
        return tool_call(&call.fields()).map(Part::ToolCall);
    }
    if let Some(response) = view.first(&["functionResponse", "function_response"]) {
        return Some(Part::ToolResult(tool_result_at(&response.fields(), depth)));
    }
    if let Some(inline) = view.first(&["inlineData", "inline_data", "fileData", "file_data"]) {
        return Some(Part::Media(from_data(inline, "file")));
    }
    match view.members.as_slice() {
        [(key, text)] if key == "text" => text.string().map(Part::Text),
        // How AutoGen 0.7 writes an image.
        [(key, data)] if key == "data" => {
            data.string().map(|data| Part::Media(Media { kind: "image".to_owned(), ..Media::of_base64(&data) }))
        }
        _ => None,
    }
}

fn words(view: &Fields<'_>, keys: &[&str]) -> Option<String> {
    let value = keys.iter().find_map(|key| view.get(key))?;
    // OpenAI's assistants nest the text once more.
    value.string().or_else(|| value.get("value")?.string())
}

/// A call of a tool in any framework's words.
pub(super) fn tool_call(view: &Fields<'_>) -> Option<ToolCall> {
    let function = view.get("function").filter(|function| function.is_object()).map(View::fields);
    let function = function.as_ref().unwrap_or(view);
    let arguments = ["arguments", "args", "input", "parameters"].iter().find_map(|key| function.get(key));
    Some(ToolCall {
        id: ["call_id", "id", "tool_call_id"].iter().find_map(|key| view.word(key)),
        name: function.word("name")?,
        arguments: arguments.map_or_else(|| Json::object(&[]), View::decoded),
    })
}

/// The answer of a tool in any framework's words.
pub(super) fn tool_result(view: &Fields<'_>) -> ToolResult {
    tool_result_at(view, 0)
}

fn tool_result_at(view: &Fields<'_>, depth: usize) -> ToolResult {
    let content = ["content", "output", "response", "result"].iter().find_map(|key| view.get(key));
    ToolResult {
        id: ["tool_call_id", "call_id", "tool_use_id", "id"].iter().find_map(|key| view.word(key)),
        name: view.word("name"),
        content: content.map(|content| parts_at(content, depth + 1)).unwrap_or_default(),
        is_error: view.is_true("is_error") || view.word("status").is_some_and(|status| status == "error"),
    }
}

/// An image, sound or file in any framework's words; a sound may come with its words.
fn media(view: &Fields<'_>, kind: &str) -> Vec<Part> {
    let kind = match kind {
        "image_url" | "input_image" | "image" | "image_file" | "computer_screenshot" => "image",
        "input_audio" | "audio" => "audio",
        "video" => "video",
        _ => "file",
    };
    let body = view.first(&["image_url", "input_audio", "audio", "file", "source", "image_file"]).unwrap_or(view.view);
    let mut media = match body.string() {
        Some(uri) => Media::from_uri(&uri, kind).unwrap_or_else(|| Media {
            kind: kind.to_owned(),
            url: Some(uri),
            ..Media::default()
        }),
        None => from_data(body, kind),
    };
    if let Some(title) = view.first(&["filename", "title", "file_id"]).and_then(View::string) {
        media.name = media.name.or(Some(title));
    }
    let transcript = body.word("transcript").map(Part::Text);
    std::iter::once(Part::Media(media)).chain(transcript).collect()
}

/// What an object tells of a file: its bytes in base64, an address or an id, its type and name.
fn from_data(body: View<'_>, kind: &str) -> Media {
    let word = |keys: &[&str]| keys.iter().find_map(|key| body.word(key));
    let uri = word(&["url", "uri", "fileUri", "file_uri"]);
    let data = word(&["data", "file_data", "content"]);
    let mut media = match (uri, data) {
        (Some(uri), _) => Media::from_uri(&uri, kind).unwrap_or_else(|| Media {
            kind: kind.to_owned(),
            url: Some(uri),
            ..Media::default()
        }),
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
