//! Separates parameters of a call from attributes that only describe it.

/// Namespaces of MLflow, OpenTelemetry and others that describe a call or its process, or repeat its inputs and
/// outputs.
const METADATA_PREFIXES: [&str; 32] = [
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

/// Attributes without a namespace that do the same.
const METADATA_KEYS: [&str; 12] = [
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

/// Parameters inside these namespaces: of OpenInference, OpenTelemetry and MLflow.
const PARAMETER_KEYS: [&str; 4] =
    ["llm.invocation_parameters", "llm.request.functions", "mlflow.chat.tools", "gen_ai.system_instructions"];

/// Whether an attribute is a parameter, which is compared as content.
pub(super) fn is_parameter(key: &str) -> bool {
    if key.starts_with("gen_ai.request.") || PARAMETER_KEYS.contains(&key) {
        return key != "gen_ai.request.model";
    }
    let is_id = key.rsplit(['_', '.']).next() == Some("id");
    let is_usage = key.contains("usage") || key.contains("num_of_tool_call");
    !is_id
        && !is_usage
        && !METADATA_KEYS.contains(&key)
        && !METADATA_PREFIXES.iter().any(|start| key.starts_with(start))
}

#[cfg(test)]
mod tests;
