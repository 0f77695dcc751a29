//! LangChain and LangGraph: messages with a class instead of a role.

use super::answer::append;
use super::framework::{Framework, MessageReader};
use super::{chat, content};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    ignored_keys: &["remaining_steps"],
    message: parse_messages,
    text: next_node,
    part: |object, kind, _| match kind {
        "media" => Some(content::media(object, "file")),
        "video" => Some(content::media(object, "video")),
        // A document.
        _ => object.get_string("page_content").map(|text| vec![Part::Text(text)]),
    },
    response: |object, reader| generation_messages(object.get("generations").filter(|list| list.is_list())?, 0, reader),
    chunk: |object, kind, answer| {
        kind.ends_with("Chunk").then(|| append(&mut answer.text, object.get_string("content")))
    },
    tool_signs: &["tool_"],
    ..Framework::NONE
};

/// Reads the next node of a graph, as Python prints it (`langgraph/types.py`, `Send`; `langgraph/constants.py`, `END`).
fn next_node(text: &str) -> Option<Message> {
    let node = text.strip_prefix("Send(node='").and_then(|rest| rest.split_once('\'')).map(|(node, _)| node);
    let parts = node.map(|node| Part::Text(format!("next node: {node}")));
    (node.is_some() || text == "__end__").then(|| Message::new(Role::Output, parts.into_iter().collect()))
}

/// Parses a message or tool call of `langchain_core`, or the messages in a node's output; `None` for other objects. `kind`
/// is the value of its `type`.
fn parse_messages(object: &JsonFields<'_>, kind: &str, reader: MessageReader) -> Option<Vec<Message>> {
    if kind == "tool_call" && object.get("args").is_some() {
        return Some(vec![Message::new(Role::Assistant, content::tool_call_part(object)?)]);
    }
    // The inputs of a tool node (`langgraph/prebuilt/tool_node.py`, `ToolCallWithContext`).
    if let Some(call) = object.get("tool_call").filter(|_| object.get("__type").is_some()) {
        return Some(vec![Message::new(Role::Assistant, content::tool_call_part(&call.fields())?)]);
    }
    // The outputs of a node (`langgraph/types.py`, `Command`).
    if let Some(update) = object.get("update").filter(|_| object.members.iter().any(|(key, _)| key == "graph")) {
        return reader.deeper().messages(update.get("messages")?);
    }
    // The format of OpenInference (`messages_to_dict` of `langchain_core`).
    if let Some(data) = object.get("data").filter(|data| data.is_object()) {
        return chat::parse_messages(&data.fields(), role(kind)?, reader);
    }
    if let (Some(_), Some(serialized)) = (object.get("lc"), object.get("kwargs")) {
        // LangChain's serialization (`load/serializable.py`), with the class outside the members.
        let class = object.get("id")?.items().last()?.string()?;
        return chat::parse_messages(&serialized.fields(), role(&class)?, reader);
    }
    chat::parse_messages(object, role(kind)?, reader)
}

fn role(class: &str) -> Option<Role> {
    Some(match class {
        "SystemMessage" | "SystemMessageChunk" | "system" => Role::System,
        "HumanMessage" | "human" => Role::User,
        "AIMessage" | "AIMessageChunk" | "ai" => Role::Assistant,
        "ToolMessage" | "FunctionMessage" | "tool" => Role::Tool,
        _ => return None,
    })
}

/// Reads the generations of an `LLMResult`, which are lists of lists.
fn generation_messages(list: JsonView<'_>, depth: usize, reader: MessageReader) -> Option<Vec<Message>> {
    let mut messages = Vec::new();
    for item in list.items() {
        if item.is_list() && depth == 0 {
            messages.extend(generation_messages(item, 1, reader)?);
        } else if let Some(body) = item.get("message") {
            messages.extend(reader.message(body)?);
        } else {
            messages.push(Message::new(Role::Assistant, vec![Part::Text(item.get_string("text")?)]));
        }
    }
    Some(messages)
}
