//! Amazon Bedrock's Converse API, and Strands: parts without a type, named by their only member.

use super::content;
use super::framework::{Framework, MessageReader};
use crate::json::JsonFields;
use crate::message::Part;

pub(super) const FRAMEWORK: Framework = Framework {
    ignored_keys: &["modelId"], // shown with the call
    nested_keys: &["toolConfig", "inferenceConfig", "additionalModelRequestFields"],
    part,
    response: |object, reader| reader.message(object.get("output")?.get("message")?),
    tool_signs: &["toolUse", "toolResult"],
    ..Framework::NONE
};

fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    let [(key, body)] = object.members.as_slice() else { return None };
    match key.as_ref() {
        "toolUse" => content::tool_call_part(&body.fields()),
        "toolResult" => Some(vec![content::tool_result(&body.fields(), reader)]),
        "reasoningContent" => {
            let text = body.get("reasoningText").and_then(|text| text.get_string("text"));
            Some(text.map(Part::Reasoning).into_iter().collect())
        }
        // A tool result that is an object.
        "json" => Some(vec![Part::Data { name: None, value: body.json() }]),
        // Marks the end of the cached prompt.
        "cachePoint" => Some(Vec::new()),
        "image" | "video" | "document" => {
            let kind = if key == "document" { "file" } else { key.as_ref() };
            Some(vec![Part::Media(content::media_from_data(body.get("source").unwrap_or(*body), kind))])
        }
        _ => None,
    }
}
