//! Gemini: contents of parts without a type.

use super::content;
use super::framework::{Framework, Reader};
use crate::json::{Fields, View};
use crate::message::{Message, Part, ToolResult};

pub(super) const FRAMEWORK: Framework = Framework {
    lists: &["contents"],
    instructions: &["system_instruction", "systemInstruction"],
    ignored: &["http_options"],
    nested: &["config", "generation_config", "generationConfig"],
    part: |object, _, reader| part(object, reader),
    response: candidates,
    tool_signs: &["unctionC", "unctionR", "unction_"],
    ..Framework::NONE
};

fn part(object: &Fields<'_>, reader: Reader) -> Option<Vec<Part>> {
    if let Some(call) = object.first(&["functionCall", "function_call"]) {
        return content::call(&call.fields());
    }
    if let Some(response) = object.first(&["functionResponse", "function_response"]) {
        return Some(vec![result(&response.fields(), reader)]);
    }
    if let Some(inline) = object.first(&["inlineData", "inline_data", "fileData", "file_data"]) {
        return Some(vec![Part::Media(content::of_data(inline, "file"))]);
    }
    // The client writes every member of a part, `null` for those that it has not.
    let is_own = |key: &str| matches!(key, "text" | "thought" | "thought_signature" | "thoughtSignature");
    let mut set = object.members.iter().filter(|(_, value)| !value.is_empty());
    let has_text = object.members.iter().any(|(key, _)| key == "text");
    if !has_text || set.any(|(key, _)| !is_own(key)) {
        return None;
    }
    let part = if object.is_true("thought") { Part::Reasoning } else { Part::Text };
    Some(object.word("text").map(part).into_iter().collect())
}

/// The result of a function, whose response is an object with the value or the error in it.
fn result(object: &Fields<'_>, reader: Reader) -> Part {
    let response = object.get("response").map(View::fields);
    let member = |key: &str| response.as_ref().filter(|one| one.members.len() == 1).and_then(|one| one.get(key));
    let value = member("result").or_else(|| member("output"));
    let Some(content) = value.or_else(|| member("error")) else { return content::result(object, reader) };
    Part::ToolResult(ToolResult {
        id: object.word("id"),
        name: object.word("name"),
        content: reader.within().parts(content),
        is_error: value.is_none(),
    })
}

fn candidates(object: &Fields<'_>, reader: Reader) -> Option<Vec<Message>> {
    let candidates = object.get("candidates").filter(|list| list.is_list())?.items();
    let contents = candidates.into_iter().filter_map(|one| one.get("content"));
    contents.map(|content| reader.message(content)).collect::<Option<Vec<_>>>().map(|all| all.concat())
}
