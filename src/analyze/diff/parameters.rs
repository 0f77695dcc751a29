//! What a span is called with beside its inputs: parameters and offered tools that stand in attributes, and how a model ended.

use super::content::Piece;
use super::readable::readable;
use crate::model::{Json, Payload, Span};
use serde_json::Value;

/// Namespaces of MLflow, OpenTelemetry and others, of which all that matters is read elsewhere, or differs in each run.
const NOT_ASKED: [&str; 32] = [
    "mlflow.",
    "gen_ai.",
    "llm.",
    "openinference.",
    "traceloop.",
    "respan.",
    "input.",
    "output.",
    "messaging.",
    "code.",
    "thread.",
    "process.",
    "telemetry.",
    "service.",
    "session.",
    "user.",
    "exception.",
    "error.",
    "otel.",
    "host.",
    "os.",
    "server.",
    "client.",
    "network.",
    "net.",
    "http.",
    "url.",
    "db.",
    "rpc.",
    "logfire.",
    "langfuse.",
    "graph.node.",
];

/// Attributes that name or count, or hold what is read elsewhere.
const NOT_ASKED_ALONE: [&str; 12] = [
    "model",
    "model_name",
    "provider",
    "cost",
    "id",
    "message",
    "messages",
    "message_context",
    "is_cached",
    "_type",
    "cancellation_token",
    "usage",
];

/// Attributes whose members are parameters by themselves: LangChain and LlamaIndex, OpenInference.
const HOLD_PARAMETERS: [&str; 4] = ["invocation_params", "llm.invocation_parameters", "model_kwargs", "options"];

/// Where tools stand that a model is offered.
const HOLD_TOOLS: [&str; 4] = ["tools", "functions", "mlflow.chat.tools", "llm.request.functions"];

/// Whether an attribute shows what a span is called with.
fn is_asked(key: &str) -> bool {
    if key.starts_with("gen_ai.request.") || HOLD_PARAMETERS.contains(&key) || HOLD_TOOLS.contains(&key) {
        return key != "gen_ai.request.model";
    }
    let is_id = key.rsplit(['_', '.']).next() == Some("id");
    let is_used = key.contains("usage") || key.contains("num_of_tool_call");
    !is_id && !is_used && !NOT_ASKED_ALONE.contains(&key) && !NOT_ASKED.iter().any(|start| key.starts_with(start))
}

/// Whether what stands beside the inputs of two spans is not written alike, so that it has to be read.
pub(super) fn differ(a: &Span, b: &Span) -> bool {
    let asked = |span: &Span| {
        let attributes = span.payload.iter().flat_map(|payload| &payload.attributes);
        let mut asked: Vec<(String, String)> = attributes
            .filter(|(key, _)| is_asked(key) || *key == "gen_ai.system_instructions")
            .map(|(key, value)| (key.clone(), value.text().to_owned()))
            .collect();
        asked.sort_unstable();
        asked
    };
    asked(a) != asked(b)
}

/// A value, or what a string holds.
fn decoded(value: &Json) -> Json {
    let held = || value.as_string().filter(|text| text.starts_with(['{', '[']));
    held().and_then(|text| Json::from_strict(&text)).unwrap_or_else(|| value.clone())
}

/// Parameters in attributes, each by its name. Objects are shown member by member.
pub(super) fn parameters(payload: &Payload) -> Vec<(String, Json)> {
    let mut found = Vec::new();
    let is_said = |value: &Json| !matches!(value.text(), "null" | "\"\"" | "[]" | "{}");
    for (key, value) in
        payload.attributes.iter().filter(|(key, _)| is_asked(key) && !HOLD_TOOLS.contains(&key.as_str()))
    {
        let name = key.strip_prefix("gen_ai.request.").unwrap_or(key);
        let members = decoded(value).members().unwrap_or_default();
        if members.is_empty() {
            found.push((name.to_owned(), value.clone()));
        }
        let is_bare = HOLD_PARAMETERS.contains(&key.as_str());
        let is_told = |member: &str| !NOT_ASKED_ALONE.contains(&member) && !HOLD_TOOLS.contains(&member);
        for (member, value) in members.into_iter().filter(|(member, _)| is_told(member)) {
            found.push((if is_bare { member } else { format!("{name}.{member}") }, value));
        }
    }
    found.retain(|(_, value)| is_said(value));
    found
}

/// The tools that a model is offered, each with its definition: those of its inputs, or of its attributes.
pub(super) fn tools(payload: &Payload) -> Vec<(String, String)> {
    let of_inputs = HOLD_TOOLS.iter().filter_map(|key| payload.inputs()?.member(key));
    let of_attributes = HOLD_TOOLS.iter().filter_map(|key| payload.attribute(key).map(decoded));
    let of_parameters = HOLD_PARAMETERS.iter().filter_map(|key| decoded(payload.attribute(key)?).member("tools"));
    let lists = of_inputs.chain(of_attributes).chain(of_parameters).filter_map(|list| list.items());
    let first = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    first.iter().map(|tool| (tool_name(tool), readable(tool))).collect()
}

fn tool_name(tool: &Json) -> String {
    let word = |of: &Json, key: &str| of.member(key).and_then(|name| name.as_string());
    let of_function = tool.member("function").and_then(|function| word(&function, "name"));
    of_function.or_else(|| word(tool, "name")).or_else(|| word(tool, "type")).unwrap_or_default()
}

/// Why a model ended, where it shows.
pub(super) fn ending(span: &Span) -> Option<Piece> {
    let outputs = span.payload.as_ref().filter(|_| span.span_type.is_llm())?.outputs()?;
    let word = reason(&serde_json::from_str(outputs.text()).ok()?, DEEPEST)?;
    Some(Piece { is_member: true, ..Piece::new("finish_reason", word) })
}

/// So deep in an answer it is looked for why it ended.
const DEEPEST: usize = 6;

/// The first member that shows the reason; of LangChain it stands below `response_metadata` or `generation_info`.
fn reason(value: &Value, depth: usize) -> Option<String> {
    const KEYS: [&str; 4] = ["finish_reason", "stop_reason", "finishReason", "done_reason"];
    let below = |value: &Value| reason(value, depth.checked_sub(1)?);
    match value {
        Value::Object(members) => {
            let here = KEYS.iter().find_map(|key| members.get(*key)?.as_str());
            here.map(str::to_owned).or_else(|| members.values().find_map(below))
        }
        Value::Array(items) => items.first().and_then(below),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
