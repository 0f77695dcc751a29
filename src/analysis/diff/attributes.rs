//! Which attributes are parameters of a call, and which describe it.

/// Namespaces of MLflow, OpenTelemetry and others, which describe a call or its process, or repeat its inputs and outputs.
const DESCRIBING: [&str; 32] = [
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

/// Attributes that do so by themselves.
const DESCRIBING_ALONE: [&str; 12] = [
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

/// Parameters within these namespaces: of OpenInference, OpenTelemetry and MLflow.
const PARAMETERS: [&str; 4] =
    ["llm.invocation_parameters", "llm.request.functions", "mlflow.chat.tools", "gen_ai.system_instructions"];

/// Whether an attribute is a parameter: it is content.
pub(super) fn is_parameter(key: &str) -> bool {
    if key.starts_with("gen_ai.request.") || PARAMETERS.contains(&key) {
        return key != "gen_ai.request.model";
    }
    let is_id = key.rsplit(['_', '.']).next() == Some("id");
    let is_used = key.contains("usage") || key.contains("num_of_tool_call");
    !is_id && !is_used && !DESCRIBING_ALONE.contains(&key) && !DESCRIBING.iter().any(|start| key.starts_with(start))
}

#[cfg(test)]
mod tests;
