//! Inputs and outputs of a span as messages.

use super::body::{chat, message, messages};
use super::part::parts;
use super::{repr, stream};
use crate::json::View;
use crate::message::{Media, Message, Part, Role};
use crate::model::Json;

/// What went in.
#[must_use]
pub fn request(inputs: &Json) -> Vec<Message> {
    Request::of(inputs).messages
}

/// What went into a span.
#[derive(Debug)]
pub struct Request {
    /// What was said.
    pub messages: Vec<Message>,
    /// What stands beside the messages: the temperature of a model, the names of its tools.
    pub parameters: Vec<(String, Json)>,
}

impl Request {
    /// Reads the inputs of a span.
    #[must_use]
    pub fn of(inputs: &Json) -> Self {
        const CHAT: [&str; 4] = ["system", "instructions", "system_instruction", "systemInstruction"];
        let view = View::of(inputs);
        if let Some((messages, list)) = chat_request(view) {
            let is_read = |key: &str| key == list || CHAT.contains(&key);
            return Self { messages, parameters: rest(view, is_read) };
        }
        if let Some((messages, keys)) = agent_request(view) {
            return Self { messages, parameters: rest(view, |key| keys.contains(&key)) };
        }
        if let Some(messages) = prompt(view) {
            return Self { messages, parameters: rest(view, |key| key == "prompt") };
        }
        Self { messages: named(view, Role::Input), parameters: Vec::new() }
    }
}

/// What a model is told beside its inputs: `gen_ai.system_instructions` of OpenTelemetry.
#[must_use]
pub fn instructions(value: &Json) -> Message {
    let value = View::of(value).decoded();
    Message::new(Role::System, parts(View::of(&value)))
}

/// What came out.
#[must_use]
pub fn response(outputs: &Json) -> Vec<Message> {
    let view = View::of(outputs);
    completion(view)
        .or_else(|| agent_response(view))
        .or_else(|| whole(view))
        .or_else(|| embeddings(view))
        .unwrap_or_else(|| named(view, Role::Output))
}

/// The members of an object that were not read as messages.
fn rest(view: View<'_>, is_read: impl Fn(&str) -> bool) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    for (key, value) in view.members() {
        match key.as_ref() {
            key if is_read(key) => {}
            // The model is named beside the call; the other is a Python object of AutoGen that only has an address.
            "model" | "cancellation_token" => {}
            _ if value.is_empty() => {}
            "tools" | "functions" => {
                let names = value.items().into_iter().map(tool_name).collect::<Vec<_>>();
                found.push(("tools".to_owned(), Json::of(&names)));
            }
            _ => found.push((key.into_owned(), value.json())),
        }
    }
    found
}

fn tool_name(tool: View<'_>) -> String {
    let of = |view: View<'_>| view.word("name");
    tool.get("function").and_then(of).or_else(|| of(tool)).or_else(|| tool.word("type")).unwrap_or_default()
}

/// The request of a chat: messages in a list, with instructions beside it; and the key of the list.
fn chat_request(view: View<'_>) -> Option<(Vec<Message>, &'static str)> {
    if view.is_list() {
        return messages(view).map(|said| (said, ""));
    }
    let of_key = |key: &'static str| {
        let list = view.get(key).filter(|list| !list.is_empty())?;
        let said = match list.string() {
            Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
            None if list.is_object() => message(list)?,
            None => messages(list).or_else(|| texts(list))?,
        };
        Some((said, key))
    };
    let (said, key) = ["messages", "input", "contents"].into_iter().find_map(of_key)?;
    let instructions = view.first(&["system", "instructions", "system_instruction", "systemInstruction"]);
    let system = instructions.map(|view| Message::new(Role::System, parts(view.get("parts").unwrap_or(view))));
    Some((system.into_iter().chain(said).collect(), key))
}

/// The request of a completion before chat.
fn prompt(view: View<'_>) -> Option<Vec<Message>> {
    let text = view.get("prompt").filter(|_| view.get("model").is_some())?.string()?;
    Some(vec![Message::new(Role::User, vec![Part::Text(text)])])
}

/// Texts to be embedded.
fn texts(list: View<'_>) -> Option<Vec<Message>> {
    let texts: Option<Vec<String>> = list.items().into_iter().map(View::string).collect();
    let texts = texts.filter(|texts| !texts.is_empty());
    let said = |text: String| repr::message(&text).unwrap_or_else(|| Message::new(Role::User, vec![Part::Text(text)]));
    texts.map(|texts| texts.into_iter().map(said).collect())
}

/// The inputs of AutoGen's `run`.
const TASK: &[&str] = &["task", "cancellation_token", "output_task_messages"];

/// What an agent is told: a task (AutoGen's `run`), or a message with its sender (AG2); and the keys that were read.
fn agent_request(view: View<'_>) -> Option<(Vec<Message>, &'static [&'static str])> {
    if let (Some(body), Some(sender)) = (view.get("message"), view.word("sender")) {
        return Some((sent(body, &sender), &["message", "sender", "valid"]));
    }
    if let (Some(body), Some(recipient)) = (view.get("message"), view.word("recipient")) {
        // AG2's `initiate_chat`.
        let opening = Message::new(Role::User, parts(body));
        return Some((vec![Message { addressee: Some(recipient), ..opening }], &["message", "recipient"]));
    }
    // What AutoGen's teams send each other (`autogen_agentchat.teams`).
    if let Some(response) = view.get("response").filter(|response| response.get("chat_message").is_some()) {
        return agent_response(response).map(|said| (said, &["response", "name"][..]));
    }
    if let Some(body) = view.get("message").filter(|body| body.get("source").is_some()) {
        return message(body).map(|said| (said, &["message"][..]));
    }
    let members = view.members();
    let task = view.get("task").filter(|_| members.iter().all(|(key, _)| TASK.contains(&key.as_ref())))?;
    let said = match task.string() {
        Some(text) => Some(vec![Message::new(Role::User, vec![Part::Text(text)]).said_by(Some("user".to_owned()))]),
        None if task.is_list() => messages(task),
        None => message(task),
    };
    said.map(|said| (said, TASK))
}

/// A message of AG2 with who sent it.
fn sent(body: View<'_>, sender: &str) -> Vec<Message> {
    let said = match body.string() {
        Some(text) => vec![Message::new(Role::User, vec![Part::Text(text)])],
        None => message(body).unwrap_or_else(|| vec![Message::new(Role::User, parts(body))]),
    };
    // In a group chat the manager passes on what others said.
    said.into_iter()
        .map(|message| if message.speaker.is_some() { message } else { message.said_by(Some(sender.to_owned())) })
        .collect()
}

/// The response of a model.
fn completion(view: View<'_>) -> Option<Vec<Message>> {
    if view.is_list() {
        return stream::of_chunks(view).or_else(|| messages(view));
    }
    if let Some(choices) = view.get("choices").filter(|choices| choices.is_list()) {
        return choices
            .items()
            .into_iter()
            .map(choice)
            .collect::<Option<Vec<_>>>()
            .filter(|all| !all.is_empty())
            .map(|all| all.concat());
    }
    if let Some(candidates) = view.get("candidates").filter(|list| list.is_list()) {
        return candidates
            .items()
            .into_iter()
            .map(|one| message(one.get("content")?))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat());
    }
    if let Some(generations) = view.get("generations").filter(|list| list.is_list()) {
        return generated(generations, 0);
    }
    if let Some(items) = view.get("output").filter(|list| list.is_list()) {
        return messages(items);
    }
    if view.get("finish_reason").is_some() && view.get("content").is_some() {
        // AutoGen's `CreateResult`.
        let thought = view.word("thought").map(Part::Reasoning);
        let said = thought.into_iter().chain(parts(view.get("content")?)).collect();
        return Some(vec![Message::new(Role::Assistant, said)]);
    }
    if view.get("role").is_none() && view.get("tool_calls").is_some_and(View::is_list) {
        return chat(&view.fields(), Role::Assistant).map(|message| vec![message]);
    }
    message(view)
}

fn choice(view: View<'_>) -> Option<Vec<Message>> {
    if let Some(body) = view.get("message") {
        return message(body);
    }
    // Completions before chat.
    view.get("text")?.string().map(|text| vec![Message::new(Role::Assistant, vec![Part::Text(text)])])
}

/// LangChain's `LLMResult`, whose generations are lists of lists.
fn generated(list: View<'_>, depth: usize) -> Option<Vec<Message>> {
    let mut said = Vec::new();
    for item in list.items() {
        if item.is_list() && depth == 0 {
            said.extend(generated(item, 1)?);
        } else if let Some(body) = item.get("message") {
            said.extend(message(body)?);
        } else {
            said.push(Message::new(Role::Assistant, vec![Part::Text(item.word("text")?)]));
        }
    }
    Some(said)
}

/// What an agent answers: AutoGen's `TaskResult` and `Response`, AG2's reply and `ChatResult`.
fn agent_response(view: View<'_>) -> Option<Vec<Message>> {
    if let Some(answer) = view.get("chat_message") {
        let inner = view.get("inner_messages").and_then(messages).unwrap_or_default();
        return Some(inner.into_iter().chain(message(answer)?).collect());
    }
    if let Some(list) = view.get("messages").filter(|list| list.is_list()) {
        let said = messages(list)?;
        let rest = others(view, &["messages"], Role::Output);
        return Some(said.into_iter().chain(rest).collect());
    }
    if let Some(list) = view.get("chat_history").filter(|list| list.is_list()) {
        let said = messages(list)?;
        let rest = others(view, &["chat_history", "chat_id", "cost", "human_input"], Role::Output);
        return Some(said.into_iter().chain(rest).collect());
    }
    let sender = view.word("sender")?;
    let said = sent(view.get("message")?, &sender).into_iter().map(as_answer);
    Some(said.chain(others(view, &["message", "sender", "valid"], Role::Output)).collect())
}

/// An answer, which AG2 records like any other message.
fn as_answer(message: Message) -> Message {
    if message.role == Role::User { Message { role: Role::Assistant, ..message } } else { message }
}

/// The members of an object that are not among those read already.
fn others(view: View<'_>, read: &[&str], role: Role) -> Option<Message> {
    let named = |(key, value): (std::borrow::Cow<'_, str>, View<'_>)| {
        (!read.contains(&key.as_ref()) && !value.is_empty()).then(|| data(Some(key.into_owned()), value))
    };
    let said: Vec<Part> = view.members().into_iter().filter_map(named).collect();
    (!said.is_empty()).then(|| Message::new(role, said))
}

/// A text alone.
fn whole(view: View<'_>) -> Option<Vec<Message>> {
    Some(vec![Message::new(Role::Output, parts_of_text(view.string()?))])
}

fn parts_of_text(text: String) -> Vec<Part> {
    if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] }
}

/// Vectors: `{"data":[{"embedding":[…]}]}`, where OpenAI's client asks for them in base64.
fn embeddings(view: View<'_>) -> Option<Vec<Message>> {
    let list = view.get("data").filter(|list| list.is_list())?.items();
    let first = list.first()?.get("embedding")?;
    let dimensions = match first.string() {
        // Numbers of four bytes.
        Some(base64) => Some(base64.trim_end_matches('=').len() * 3 / 16),
        None if first.is_list() => Some(first.items().len()),
        None => None,
    };
    Some(vec![Message::new(Role::Output, vec![Part::Embedding { count: list.len(), dimensions }])])
}

/// Values under their names. A list of messages among them is what it is.
fn named(view: View<'_>, role: Role) -> Vec<Message> {
    if !view.is_object() {
        return if view.is_empty() { Vec::new() } else { vec![Message::new(role, vec![data(None, view)])] };
    }
    let mut values = Vec::new();
    let mut said = Vec::new();
    for (key, value) in view.members() {
        let is_list = value.is_list() && value.items().iter().all(|item| item.get("role").is_some());
        match messages(value).filter(|_| is_list) {
            Some(list) => said.extend(list),
            None if value.is_empty() || key == "cancellation_token" => {}
            None => values.push(data(Some(key.into_owned()), value)),
        }
    }
    let values = (!values.is_empty()).then(|| Message::new(role, values));
    values.into_iter().chain(said).collect()
}

fn data(name: Option<String>, value: View<'_>) -> Part {
    let text = value.string();
    let media = text.as_deref().and_then(|text| Media::from_uri(text, "file"));
    match (name, text, media) {
        (_, _, Some(media)) => Part::Media(media),
        (None, Some(text), None) => Part::Text(text),
        (name, _, None) => Part::Data { name, value: value.json() },
    }
}
