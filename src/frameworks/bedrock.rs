//! Amazon Bedrock's Converse, and Strands: parts without a type, named by their only member.

use super::content;
use super::framework::{Framework, MessageReader};
use crate::json::JsonFields;
use crate::message::Part;

pub(super) const FRAMEWORK: Framework = Framework {
    ignored: &["modelId"], // named beside the call
    nested: &["toolConfig", "inferenceConfig", "additionalModelRequestFields"],
    part,
    response: |object, reader| reader.message(object.get("output")?.get("message")?),
    tool_signs: &["toolUse", "toolResult"],
    ..Framework::NONE
};

fn part(object: &JsonFields<'_>, _: &str, reader: MessageReader) -> Option<Vec<Part>> {
    let [(key, body)] = object.members.as_slice() else { return None };
    match key.as_ref() {
        "toolUse" => content::call(&body.fields()),
        "toolResult" => Some(vec![content::result(&body.fields(), reader)]),
        "reasoningContent" => {
            let text = body.get("reasoningText").and_then(|text| text.word("text"));
            Some(text.map(Part::Reasoning).into_iter().collect())
        }
        // The result of a tool as an object.
        "json" => Some(vec![Part::Data { name: None, value: body.json() }]),
        // Marks where the prompt's cache ends.
        "cachePoint" => Some(Vec::new()),
        "image" | "video" | "document" => {
            let kind = if key == "document" { "file" } else { key.as_ref() };
            Some(vec![Part::Media(content::of_data(body.get("source").unwrap_or(*body), kind))])
        }
        _ => None,
    }
}
