//! One message in any framework's words.

use super::part::{parts, tool_call, tool_result};
use crate::json::{Fields, View};
use crate::message::{Media, Message, Part, Role, ToolCall, ToolResult};

/// The messages of a list, each of whose items has to be one. Batches, which are lists of lists, are read as one list.
pub(super) fn messages(list: View<'_>) -> Option<Vec<Message>> {
    messages_at(list, 0)
}

/// Batches are no deeper than this.
const DEEPEST: usize = 2;

fn messages_at(list: View<'_>, depth: usize) -> Option<Vec<Message>> {
    let items = list.items();
    if let Some(told) = items.iter().map(|item| told(*item)).collect::<Option<Vec<_>>>() {
        return Some(told).filter(|told| !told.is_empty());
    }
    let mut found = Vec::new();
    for item in items {
        if item.is_list() && depth < DEEPEST {
            found.extend(messages_at(item, depth + 1)?);
        } else {
            found.extend(message(item)?);
        }
    }
    (!found.is_empty()).then_some(found)
}

/// A pair of who said something and what, as programs that sum up a chat write it.
fn told(pair: View<'_>) -> Option<Message> {
    let [speaker, text] = pair.items().try_into().ok()?;
    let speaker = speaker.string().filter(|name| name.len() < 80)?;
    let role = if speaker == "user" { Role::User } else { Role::Assistant };
    Some(Message::new(role, vec![Part::Text(text.string()?)]).said_by(Some(speaker)))
}

/// A message, if it is one. Items of OpenAI's Responses may be nothing that is said.
pub(super) fn message(view: View<'_>) -> Option<Vec<Message>> {
    let view = &view.fields();
    if let Some(serialized) = view.get("kwargs").filter(|_| view.get("lc").is_some()) {
        // LangChain's own form (`load/serializable.py`): the class stands beside the fields.
        let class = view.get("id")?.items().last().and_then(|name| name.string())?;
        return chat(&serialized.fields(), of_class(&class)?).map(|message| vec![message]);
    }
    let kind = view.word("type").unwrap_or_default();
    if let Some(role) = view.word("role") {
        return chat(view, Role::parse(&role)).map(|message| vec![message]);
    }
    if let Some(role) = of_class(&kind) {
        return chat(view, role).map(|message| vec![message]);
    }
    if view.get("source").is_some() && view.get("content").is_some() {
        return autogen(view, &kind).map(|message| vec![message]);
    }
    response_item(view, &kind).map(|message| vec![message])
}

/// The role of a message's class in AutoGen (`autogen_core.models`) and LangChain.
fn of_class(class: &str) -> Option<Role> {
    Some(match class {
        "SystemMessage" | "SystemMessageChunk" | "system" => Role::System,
        "UserMessage" | "HumanMessage" | "human" => Role::User,
        "AssistantMessage" | "AIMessage" | "AIMessageChunk" | "ai" => Role::Assistant,
        "FunctionExecutionResultMessage" | "ToolMessage" | "FunctionMessage" | "tool" => Role::Tool,
        _ => return None,
    })
}

/// A message with a role: its content, and what stands beside it.
pub(super) fn chat(view: &Fields<'_>, role: Role) -> Option<Message> {
    let has_content = view.members.iter().any(|(key, _)| {
        matches!(key.as_ref(), "content" | "parts" | "tool_calls" | "tool_responses" | "function_call" | "refusal")
    });
    if !has_content {
        return None;
    }
    let mut said = Vec::new();
    let reasoning = ["reasoning_content", "reasoning", "thought"].iter().find_map(|key| view.word(key));
    said.extend(reasoning.map(Part::Reasoning));
    let content = view.first(&["content", "parts"]);
    let responses: Vec<ToolResult> = view
        .get("tool_responses")
        .map(View::items)
        .unwrap_or_default()
        .into_iter()
        .map(|view| tool_result(&view.fields()))
        .collect();
    let is_answer = role == Role::Tool && (view.get("tool_call_id").is_some() || view.get("name").is_some());
    if !responses.is_empty() {
        // AG2 repeats them in the content.
        said.extend(responses.into_iter().map(Part::ToolResult));
    } else if is_answer {
        said.push(Part::ToolResult(tool_result(view)));
    } else if let Some(content) = content {
        said.extend(parts(content));
    }
    said.extend(view.word("refusal").map(Part::Refusal));
    if let Some(audio) = view.get("audio").filter(|audio| !audio.is_empty()) {
        said.extend(audio.word("transcript").map(Part::Text));
    }
    let calls = view.get("tool_calls").map(View::items).unwrap_or_default();
    said.extend(calls.into_iter().filter_map(|view| tool_call(&view.fields())).map(Part::ToolCall));
    said.extend(view.get("function_call").and_then(|view| tool_call(&view.fields())).map(Part::ToolCall));
    let speaker = view.word("source").or_else(|| view.word("name").filter(|_| role != Role::Tool));
    Some(Message::new(role, said).said_by(speaker))
}

/// A message of AutoGen's agents (`autogen_agentchat.messages`).
fn autogen(view: &Fields<'_>, kind: &str) -> Option<Message> {
    let content = view.get("content")?;
    let source = view.word("source");
    let role = match (kind, source.as_deref()) {
        ("ToolCallExecutionEvent", _) => Role::Tool,
        (_, Some("user")) => Role::User,
        _ => Role::Assistant,
    };
    let said = match kind {
        "ThoughtEvent" => parts(content).into_iter().map(thought).collect(),
        "StructuredMessage" => vec![Part::Data { name: None, value: content.json() }],
        _ if content.is_object() => vec![Part::Data { name: None, value: content.json() }],
        _ => parts(content),
    };
    let addressee = view.word("target");
    Some(Message { addressee, ..Message::new(role, said).said_by(source) })
}

fn thought(part: Part) -> Part {
    match part {
        Part::Text(text) => Part::Reasoning(text),
        other => other,
    }
}

/// An item of OpenAI's Responses that is no message: reasoning, calls of tools and what came back.
fn response_item(view: &Fields<'_>, kind: &str) -> Option<Message> {
    let said = match kind {
        "reasoning" => {
            let told = view.first(&["summary", "content"]).map(parts).unwrap_or_default();
            let told: Vec<Part> = told.into_iter().map(thought).collect();
            if told.is_empty() { vec![Part::Reasoning("(not shown by the provider)".to_owned())] } else { told }
        }
        "function_call" | "custom_tool_call" => vec![Part::ToolCall(tool_call(view)?)],
        "item_reference" => vec![Part::Data { name: Some(kind.to_owned()), value: view.view.json() }],
        _ if kind.ends_with("_call_output") => {
            return Some(Message::new(Role::Tool, vec![Part::ToolResult(tool_result(view))]));
        }
        "image_generation_call" => {
            let media = view.word("result").map(|data| Media { kind: "image".to_owned(), ..Media::of_base64(&data) });
            media.map(Part::Media).into_iter().collect()
        }
        _ if kind.ends_with("_call") => built_in_call(view, kind.trim_end_matches("_call")),
        _ => return None,
    };
    Some(Message::new(Role::Assistant, said))
}

/// A call of one of the provider's own tools, which tells what came back too: web and file search, computer use, MCP.
fn built_in_call(view: &Fields<'_>, name: &str) -> Vec<Part> {
    let id = ["call_id", "id"].iter().find_map(|key| view.word(key));
    let is_result = |key: &str| matches!(key, "results" | "result" | "outputs" | "output" | "error");
    let (mut asked, mut came) = (Vec::new(), Vec::new());
    for (key, value) in &view.members {
        match key.as_ref() {
            "id" | "call_id" | "type" | "status" | "name" | "server_label" => {}
            _ if value.is_empty() => {}
            key if is_result(key) => came.push((key.to_owned(), *value)),
            key => asked.push((key.to_owned(), value.decoded())),
        }
    }
    // Of a single nested object its members say all.
    let arguments = match asked.as_slice() {
        [(key, only)] if matches!(key.as_str(), "action" | "arguments") => only.clone(),
        _ => crate::model::Json::object(&asked),
    };
    let name = view.word("name").unwrap_or_else(|| name.to_owned());
    let mut said = vec![Part::ToolCall(ToolCall { id: id.clone(), name, arguments })];
    for (key, value) in came {
        let content =
            if value.is_string() { parts(value) } else { vec![Part::Data { name: None, value: value.json() }] };
        said.push(Part::ToolResult(ToolResult { id: id.clone(), name: None, content, is_error: key == "error" }));
    }
    said
}
