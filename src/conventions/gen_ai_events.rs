//! Messages in span events, by OpenTelemetry's semantic conventions for generative AI: up to 1.36 one event per
//! message, since then events with all messages of a request or response.

use super::convention::{Attributes, Direction, is_truthy, structured};
use crate::json::Json;
use crate::model::SpanEvent;

/// Returns the inputs or outputs of a span from its events.
pub(super) fn value(attributes: &dyn Attributes, events: &[SpanEvent], direction: Direction) -> Option<Json> {
    let is_tool = attributes.text("gen_ai.operation.name").is_some_and(|operation| operation == "execute_tool");
    if is_tool && let Some(value) = tool_value(events, direction) {
        return Some(value);
    }
    let messages = match all_messages(events, direction) {
        messages if messages.is_empty() => events.iter().filter_map(|event| message(event, direction)).collect(),
        messages => messages,
    };
    (!messages.is_empty()).then(|| Json::of(&messages))
}

/// Events that contain one message each, with its role.
const INPUT_EVENTS: &[(&str, &str)] = &[
    ("gen_ai.system.message", "system"),
    ("gen_ai.user.message", "user"),
    ("gen_ai.assistant.message", "assistant"),
    (TOOL_EVENT, "tool"),
];
const OUTPUT_EVENTS: &[(&str, &str)] = &[(CHOICE_EVENT, "assistant")];
const TOOL_EVENT: &str = "gen_ai.tool.message";
const CHOICE_EVENT: &str = "gen_ai.choice";
/// The event that contains all messages (1.37 on).
const DETAILS_EVENT: &str = "gen_ai.client.inference.operation.details";

fn attribute(event: &SpanEvent, key: &str) -> Option<Json> {
    let (_, value) = event.attributes.iter().rev().find(|(name, _)| name == key)?;
    Some(structured(value.clone())).filter(is_truthy)
}

/// Returns the message of an event as role and content, as MLflow's server stores it
/// (`GenAiTranslator.get_input_value_from_events`, MLflow 3.18).
fn message(event: &SpanEvent, direction: Direction) -> Option<Json> {
    let names = if direction == Direction::Inputs { INPUT_EVENTS } else { OUTPUT_EVENTS };
    let (_, role) = names.iter().find(|(name, _)| *name == event.name)?;
    let recorded = attribute(event, "role").filter(|_| *role == "assistant");
    let role = ("role".to_owned(), recorded.unwrap_or_else(|| Json::string(role)));
    let member = |key: &str| Some((key.to_owned(), attribute(event, key)?));
    // A choice may contain the whole message as one value, or its content.
    let choice = attribute(event, "message");
    // Other objects are structured output.
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

/// Returns the arguments or the result of a tool (Strands).
fn tool_value(events: &[SpanEvent], direction: Direction) -> Option<Json> {
    let (name, key) = if direction == Direction::Inputs { (TOOL_EVENT, "content") } else { (CHOICE_EVENT, "message") };
    events.iter().filter(|event| event.name == name).find_map(|event| attribute(event, key))
}

/// Returns the messages of the events that contain all of them. A span may have an event for each of the three
/// attributes, and two for inputs (Strands).
fn all_messages(events: &[SpanEvent], direction: Direction) -> Vec<Json> {
    let with = |key: &'static str| {
        let details = events.iter().filter(|event| event.name == DETAILS_EVENT);
        details.filter_map(move |event| attribute(event, key))
    };
    if direction == Direction::Outputs {
        return with("gen_ai.output.messages").filter_map(|list| list.items()).flatten().collect();
    }
    let instructions = with("gen_ai.system_instructions").next().map(|parts| {
        let members = [("role".to_owned(), Json::string("system")), ("parts".to_owned(), parts)];
        Json::object(&members)
    });
    let messages = with("gen_ai.input.messages").filter_map(|list| list.items()).flatten();
    instructions.into_iter().chain(messages).collect()
}
