//! LangChain and LangGraph: messages with their class in place of a role.

use super::answer::add;
use super::framework::{Framework, MessageReader};
use super::{chat, content};
use crate::json::{JsonFields, JsonView};
use crate::message::{Message, Part, Role};

pub(super) const FRAMEWORK: Framework = Framework {
    ignored: &["remaining_steps"],
    message,
    text: next_node,
    part: |object, kind, _| match kind {
        "media" => Some(content::media(object, "file")),
        "video" => Some(content::media(object, "video")),
        // A document.
        _ => object.word("page_content").map(|text| vec![Part::Text(text)]),
    },
    response: |object, reader| generated(object.get("generations").filter(|list| list.is_list())?, 0, reader),
    chunk: |object, kind, answer| kind.ends_with("Chunk").then(|| add(&mut answer.text, object.word("content"))),
    tool_signs: &["tool_"],
    ..Framework::NONE
};

/// Where a graph goes on, as Python prints it (`langgraph/types.py`, `Send`; `langgraph/constants.py`, `END`).
fn next_node(text: &str) -> Option<Message> {
    let node = text.strip_prefix("Send(node='").and_then(|rest| rest.split_once('\'')).map(|(node, _)| node);
    let parts = node.map(|node| Part::Text(format!("goes on at {node}")));
    (node.is_some() || text == "__end__").then(|| Message::new(Role::Output, parts.into_iter().collect()))
}

fn message(object: &JsonFields<'_>, kind: &str, reader: MessageReader) -> Option<Vec<Message>> {
    if kind == "tool_call" && object.get("args").is_some() {
        return Some(vec![Message::new(Role::Assistant, content::call(object)?)]);
    }
    // What a node with tools is sent (`langgraph/prebuilt/tool_node.py`, `ToolCallWithContext`).
    if let Some(call) = object.get("tool_call").filter(|_| object.get("__type").is_some()) {
        return Some(vec![Message::new(Role::Assistant, content::call(&call.fields())?)]);
    }
    // What a node of a graph answers with (`langgraph/types.py`, `Command`).
    if let Some(update) = object.get("update").filter(|_| object.members.iter().any(|(key, _)| key == "graph")) {
        return reader.within().messages(update.get("messages")?);
    }
    // As OpenInference writes it (`messages_to_dict` of `langchain_core`).
    if let Some(data) = object.get("data").filter(|data| data.is_object()) {
        return chat::message(&data.fields(), role(kind)?, reader);
    }
    if let (Some(_), Some(serialized)) = (object.get("lc"), object.get("kwargs")) {
        // LangChain's own form (`load/serializable.py`), with the class beside the members.
        let class = object.get("id")?.items().last()?.string()?;
        return chat::message(&serialized.fields(), role(&class)?, reader);
    }
    chat::message(object, role(kind)?, reader)
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

/// `LLMResult`, whose generations are lists of lists.
fn generated(list: JsonView<'_>, depth: usize, reader: MessageReader) -> Option<Vec<Message>> {
    let mut messages = Vec::new();
    for item in list.items() {
        if item.is_list() && depth == 0 {
            messages.extend(generated(item, 1, reader)?);
        } else if let Some(body) = item.get("message") {
            messages.extend(reader.message(body)?);
        } else {
            messages.push(Message::new(Role::Assistant, vec![Part::Text(item.word("text")?)]));
        }
    }
    Some(messages)
}
