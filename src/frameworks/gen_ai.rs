//! OpenTelemetry's semantic conventions for generative AI: messages with a role and typed `parts`.

use super::content;
use super::framework::Framework;

pub(super) const FRAMEWORK: Framework = Framework {
    part: |object, kind, reader| match kind {
        "reasoning" => content::reasoning(object),
        "blob" | "uri" => Some(content::media(object, "file")),
        "tool_call" => content::tool_call_part(object),
        "tool_call_response" => Some(vec![content::tool_result(object, reader)]),
        _ => None,
    },
    tool_signs: &["tool_"],
    ..Framework::NONE
};
