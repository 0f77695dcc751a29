//! Anthropic's Messages API.

use super::answer::{StreamedMessage, append};
use super::content;
use super::framework::Framework;
use crate::json::JsonView;

pub(super) const FRAMEWORK: Framework = Framework {
    instruction_keys: &["system"],
    part: |object, kind, reader| match kind {
        "thinking" => content::reasoning(object),
        "image" => Some(content::media(object, "image")),
        "document" => Some(content::media(object, "file")),
        "tool_use" | "server_tool_use" => content::tool_call_part(object),
        "tool_result" | "web_search_tool_result" => Some(vec![content::tool_result(object, reader)]),
        _ => None,
    },
    chunk: |object, kind, answer| match kind {
        "content_block_delta" | "message_delta" => object.get("delta").map(|delta| add_delta(answer, delta)),
        "content_block_start" => Some(object.get("content_block").is_some_and(|block| answer.begin_tool_call(block))),
        _ => None,
    },
    tool_signs: &["tool_"],
    ..Framework::NONE
};

fn add_delta(answer: &mut StreamedMessage, delta: JsonView<'_>) -> bool {
    let mut has_content = append(&mut answer.text, delta.get_string("text"));
    has_content |= append(&mut answer.reasoning, delta.get_string("thinking"));
    if let Some(json) = delta.get_string("partial_json") {
        answer.tool_call(None).arguments.push_str(&json);
        has_content = true;
    }
    has_content
}
