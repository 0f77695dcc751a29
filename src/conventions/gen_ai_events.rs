//! Messages in events of spans, by OpenTelemetry's semantic conventions for generative AI: up to 1.36 an event for each
//! message, then events with all messages of a request or a response.

use super::convention::{Attributes, Direction, says_something, structured};
use crate::model::{Json, SpanEvent};

/// What went in or came out, out of the events of a span.
pub(super) fn value(attributes: &dyn Attributes, events: &[SpanEvent], side: Direction) -> Option<Json> {
    let is_tool = attributes.text("gen_ai.operation.name").is_some_and(|operation| operation == "execute_tool");
    if is_tool && let Some(value) = value_of_tool(events, side) {
        return Some(value);
    }
    let messages = match all_messages(events, side) {
        messages if messages.is_empty() => events.iter().filter_map(|event| message(event, side)).collect(),
        messages => messages,
    };
    (!messages.is_empty()).then(|| Json::of(&messages))
}

/// Events that carry a message each, and its role.
const INPUT_EVENTS: &[(&str, &str)] = &[
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    (TOOL_EVENT, "tool"),
];
const OUTPUT_EVENTS: &[(&str, &str)] = &[(CHOICE_EVENT, "assistant")];
const TOOL_EVENT: &str = "gen_ai.tool.message";
const CHOICE_EVENT: &str = "gen_ai.choice";
/// The event that carries all messages (1.37 on).
const DETAILS_EVENT: &str = "gen_ai.client.inference.operation.details";

fn attribute(event: &SpanEvent, key: &str) -> Option<Json> {
    let (_, value) = event.attributes.iter().rev().find(|(name, _)| name == key)?;
    Some(structured(value.clone())).filter(says_something)
}

/// The message of an event as role and content, which is what MLflow's server stores of it
/// (`GenAiTranslator.get_input_value_from_events`, MLflow 3.18).
fn message(event: &SpanEvent, side: Direction) -> Option<Json> {
    let names = if side == Direction::Inputs { INPUT_EVENTS } else { OUTPUT_EVENTS };
    let (_, role) = names.iter().find(|(name, _)| *name == event.name)?;
    let given = attribute(event, "role").filter(|_| *role == "assistant");
    let role = ("role".to_owned(), given.unwrap_or_else(|| Json::string(role)));
    let member = |key: &str| Some((key.to_owned(), attribute(event, key)?));
    // A choice may carry the whole message as one value, or its content.
    let choice = attribute(event, "message");
    // Other objects are answers in a form that was asked for.
    let is_message = |members: &Vec<(String, Json)>| {
        members.iter().any(|(key, _)| matches!(key.as_str(), "role" | "content" | "parts" | "tool_calls"))
    };
    let whole = choice.as_ref().and_then(Json::members).filter(is_message);
    let content: Vec<(String, Json)> = if let Some(members) = whole {
        members.into_iter().filter(|(key, _)| key != "role").collect()
    } else {
        let text = |choice: Json| if choice.text().starts_with('{') { Json::string(choice.text()) } else { choice };
        let content = member("content").or_else(|| Some(("content".to_owned(), text(choice?))));
        [content, member("tool_calls")].into_iter().flatten().collect()
    };
    let members: Vec<_> = std::iter::once(role).chain(content).collect();
    (members.len() > 1).then(|| Json::object(&members))
}

/// The arguments or the result of a tool (Strands).
fn value_of_tool(events: &[SpanEvent], side: Direction) -> Option<Json> {
    let (name, key) = if side == Direction::Inputs { (TOOL_EVENT, "content") } else { (CHOICE_EVENT, "message") };
    events.iter().filter(|event| event.name == name).find_map(|event| attribute(event, key))
}

/// The messages of the events that carry all of them. One span may have an event for each of the three attributes, and two
/// for inputs (Strands).
fn all_messages(events: &[SpanEvent], side: Direction) -> Vec<Json> {
    let with = |key: &'static str| {
        let details = events.iter().filter(|event| event.name == DETAILS_EVENT);
        details.filter_map(move |event| attribute(event, key))
    };
    if side == Direction::Outputs {
        return with("gen_ai.output.messages").filter_map(|list| list.items()).flatten().collect();
    }
    let instructions = with("gen_ai.system_instructions").next().map(|parts| {
        let members = [("role".to_owned(), Json::string("system")), ("parts".to_owned(), parts)];
        Json::object(&members)
    });
    let messages = with("gen_ai.input.messages").filter_map(|list| list.items()).flatten();
    instructions.into_iter().chain(messages).collect()
}
