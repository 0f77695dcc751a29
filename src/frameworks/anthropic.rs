//! Anthropic's Messages.

use super::answer::{StreamedMessage, add};
use super::content;
use super::framework::Framework;
use crate::json::JsonView;

pub(super) const FRAMEWORK: Framework = Framework {
    instructions: &["system"],
    part: |object, kind, reader| match kind {
        "thinking" => content::reasoning(object),
        "image" => Some(content::media(object, "image")),
        "document" => Some(content::media(object, "file")),
        "tool_use" | "server_tool_use" => content::call(object),
        "tool_result" | "web_search_tool_result" => Some(vec![content::result(object, reader)]),
        _ => None,
    },
    chunk: |object, kind, answer| match kind {
        "content_block_delta" | "message_delta" => object.get("delta").map(|delta| add_delta(answer, delta)),
        "content_block_start" => Some(object.get("content_block").is_some_and(|block| answer.begin(block))),
        _ => None,
    },
    tool_signs: &["tool_"],
    ..Framework::NONE
};

fn add_delta(answer: &mut StreamedMessage, delta: JsonView<'_>) -> bool {
    let mut has_content = add(&mut answer.text, delta.word("text"));
    has_content |= add(&mut answer.reasoning, delta.word("thinking"));
    if let Some(json) = delta.word("partial_json") {
        answer.call(None).arguments.push_str(&json);
        has_content = true;
    }
    has_content
}
