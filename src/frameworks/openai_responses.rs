//! OpenAI's Responses API: lists of items, some of which are messages.

use super::answer::{StreamedMessage, append};
use super::content;
use super::framework::{Framework, MessageReader};
use crate::json::Json;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Message, Part, Role, ToolCallPart, ToolResultPart};

pub(super) const FRAMEWORK: Framework = Framework {
    message_keys: &["input"],
    instruction_keys: &["instructions"],
    message: item,
    part: |object, kind, reader| match kind {
        "input_text" | "output_text" | "summary_text" | "reasoning_text" => {
            content::text(object, &["text", "content"]).map(|text| vec![Part::Text(text)])
        }
        "input_image" | "computer_screenshot" => Some(content::media(object, "image")),
        "input_file" => Some(content::media(object, "file")),
        "function_call" => content::tool_call_part(object),
        "function_call_output" => Some(vec![content::tool_result(object, reader)]),
        _ => None,
    },
    response: |object, reader| reader.messages(object.get("output").filter(|list| list.is_list())?),
    chunk,
    tool_signs: &["unction_", "call_id"],
    ..Framework::NONE
};

/// Reads an item that is not a message: reasoning, a tool call or a tool result.
fn item(object: &JsonFields<'_>, kind: &str, reader: MessageReader) -> Option<Vec<Message>> {
    let parts = match kind {
        "reasoning" => {
            let thoughts = object.first(&["summary", "content"]).map(|body| reader.parts(body)).unwrap_or_default();
            let thoughts: Vec<Part> = thoughts.into_iter().map(content::into_reasoning).collect();
            if thoughts.is_empty() { vec![Part::Reasoning("(not shown by the provider)".to_owned())] } else { thoughts }
        }
        "function_call" | "custom_tool_call" => content::tool_call_part(object)?,
        "item_reference" => vec![Part::Data { name: Some(kind.to_owned()), value: object.view.json() }],
        _ if kind.ends_with("_call_output") => {
            return Some(vec![Message::new(Role::Tool, vec![content::tool_result(object, reader)])]);
        }
        "image_generation_call" => {
            let media =
                object.get_string("result").map(|data| Media { kind: "image".to_owned(), ..Media::from_base64(&data) });
            media.map(Part::Media).into_iter().collect()
        }
        _ => built_in_call(object, kind.strip_suffix("_call")?, reader),
    };
    Some(vec![Message::new(Role::Assistant, parts)])
}

/// Reads a call of one of the provider's tools, with its result: web and file search, computer use, MCP.
fn built_in_call(object: &JsonFields<'_>, name: &str, reader: MessageReader) -> Vec<Part> {
    let id = ["call_id", "id"].iter().find_map(|key| object.get_string(key));
    let is_result = |key: &str| matches!(key, "results" | "result" | "outputs" | "output" | "error");
    let (mut requested, mut returned) = (Vec::new(), Vec::new());
    for (key, value) in &object.members {
        match key.as_ref() {
            "id" | "call_id" | "type" | "status" | "name" | "server_label" => {}
            _ if value.is_empty() => {}
            key if is_result(key) => returned.push((key.to_owned(), *value)),
            key => requested.push((key.to_owned(), value.decoded())),
        }
    }
    // A single nested object contains all arguments.
    let arguments = match requested.as_slice() {
        [(key, only)] if matches!(key.as_str(), "action" | "arguments") => only.clone(),
        _ => Json::object(&requested),
    };
    let name = object.get_string("name").unwrap_or_else(|| name.to_owned());
    let mut parts = vec![Part::ToolCall(ToolCallPart { id: id.clone(), name, arguments })];
    for (key, value) in returned {
        let data = || vec![Part::Data { name: None, value: value.json() }];
        let content = if value.is_string() { reader.parts(value) } else { data() };
        parts.push(Part::ToolResult(ToolResultPart { id: id.clone(), name: None, content, is_error: key == "error" }));
    }
    parts
}

fn chunk(object: &JsonFields<'_>, kind: &str, answer: &mut StreamedMessage) -> Option<bool> {
    let delta = || object.get("delta").map(JsonView::string);
    Some(match kind {
        "response.output_text.delta" => append(&mut answer.text, delta()?),
        "response.refusal.delta" => append(&mut answer.refusal, delta()?),
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            append(&mut answer.reasoning, delta()?)
        }
        "response.function_call_arguments.delta" => append(&mut answer.tool_call(None).arguments, delta()?),
        "response.output_item.added" => object.get("item").is_some_and(|item| answer.begin_tool_call(item)),
        _ => return None,
    })
}
