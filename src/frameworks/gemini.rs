//! Gemini: contents of parts without a type.

use super::content;
use super::framework::{Framework, Reader};
use crate::json::{Fields, View};
use crate::message::{Message, Part};

pub(super) const FRAMEWORK: Framework = Framework {
    lists: &["contents"],
    instructions: &["system_instruction", "systemInstruction"],
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
        return Some(vec![content::result(&response.fields(), reader)]);
    }
    if let Some(inline) = object.first(&["inlineData", "inline_data", "fileData", "file_data"]) {
        return Some(vec![Part::Media(content::of_data(inline, "file"))]);
    }
    match object.members.as_slice() {
        [(key, text)] if key == "text" => text.string().map(|text| vec![Part::Text(text)]),
        _ => None,
    }
}

fn candidates(object: &Fields<'_>, reader: Reader) -> Option<Vec<Message>> {
    let candidates = object.get("candidates").filter(|list| list.is_list())?.items();
    let message = |one: View<'_>| reader.message(one.get("content")?);
    candidates.into_iter().map(message).collect::<Option<Vec<_>>>().map(|all| all.concat())
}
