//! Traces for tests of `mltrace check`, in this process and as a program.

use serde_json::{Value, json};

/// A trace in the format of MLflow's `Trace.to_json`.
#[derive(Clone)]
pub(crate) struct TestTrace {
    id: u64,
    pub(crate) name: String,
    state: &'static str,
    millis: Option<u64>,
    pub(crate) spans: Vec<Value>,
    recorded_spans: usize,
    assessments: Vec<Value>,
}

/// A successful trace with one root span.
pub(crate) fn trace(id: u64) -> TestTrace {
    let root = span(id, 1, "run", "AGENT", &json!({}));
    let (spans, recorded_spans) = (vec![root], 0);
    TestTrace {
        id,
        name: "run".to_owned(),
        state: "OK",
        millis: Some(1_000),
        spans,
        recorded_spans,
        assessments: Vec::new(),
    }
}

/// A span. Id 1 is the root; all others are its children.
fn span(trace: u64, id: u64, name: &str, kind: &str, attributes: &Value) -> Value {
    let start = 1_795_000_000_000_000_000 + id * 1_000_000;
    let mut encoded = json!({"mlflow.spanType": json!(kind).to_string(), "mlflow.traceRequestId": json!(format!("tr-{trace:032x}")).to_string()});
    for (key, value) in attributes.as_object().unwrap() {
        encoded[key] = Value::String(value.to_string());
    }
    json!({
        "trace_id": format!("{trace:032x}"),
        "span_id": format!("{id:016x}"),
        "parent_span_id": if id == 1 { Value::Null } else { json!(format!("{:016x}", 1)) },
        "name": name,
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 5_000_000,
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": encoded,
        "events": [],
    })
}

impl TestTrace {
    pub(crate) fn with(mut self, name: &str, kind: &str, attributes: &Value) -> Self {
        let id = self.spans.len() as u64 + 1;
        self.spans.push(span(self.id, id, name, kind, attributes));
        self
    }

    /// Adds a model call with token counts.
    pub(crate) fn call(self, model: &str, input: u64, output: u64) -> Self {
        let usage = json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
        let attributes =
            json!({"mlflow.llm.model": model, "mlflow.chat.tokenUsage": usage, "mlflow.spanOutputs": "\"fine\""});
        self.with("Completions", "CHAT_MODEL", &attributes)
    }

    /// Adds a model call without token counts.
    pub(crate) fn call_without_tokens(self) -> Self {
        self.with(
            "Completions",
            "CHAT_MODEL",
            &json!({"mlflow.llm.model": "gpt-4o-mini", "mlflow.spanOutputs": "\"fine\""}),
        )
    }

    pub(crate) fn tool(self, name: &str) -> Self {
        self.with(name, "TOOL", &json!({}))
    }

    /// Marks the last span as failed.
    pub(crate) fn failing(mut self, kind: &str, message: &str) -> Self {
        let last = self.spans.last_mut().unwrap();
        last["status"] = json!({"code": "STATUS_CODE_ERROR", "message": message});
        let attributes = json!({"exception.type": kind, "exception.message": message, "exception.stacktrace": ""});
        last["events"] =
            json!([{"name": "exception", "time_unix_nano": 1_795_000_000_002_000_000_u64, "attributes": attributes}]);
        self
    }

    pub(crate) fn state(mut self, state: &'static str) -> Self {
        self.state = state;
        self
    }

    pub(crate) fn with_duration(mut self, millis: Option<u64>) -> Self {
        self.millis = millis;
        self
    }

    /// Records more spans than the trace has.
    pub(crate) fn with_missing_spans(mut self) -> Self {
        self.recorded_spans = self.spans.len() + 2;
        self
    }

    pub(crate) fn feedback(mut self, name: &str, value: &Value) -> Self {
        let id = format!("a-{:032x}", self.assessments.len() + 1);
        let body = if value.is_null() { json!({"error": {"error_code": "X"}}) } else { json!({"value": value}) };
        self.assessments.push(json!({
            "assessment_id": id, "assessment_name": name, "trace_id": format!("tr-{:032x}", self.id), "valid": true,
            "source": {"source_type": "CODE", "source_id": "x"}, "feedback": body,
            "create_time": "2026-11-20T17:50:50.976Z", "last_update_time": "2026-11-20T17:50:50.976Z",
        }));
        self
    }

    pub(crate) fn json(&self) -> Value {
        let spans = self.recorded_spans.max(self.spans.len());
        let mut info = json!({
            "trace_id": format!("tr-{:032x}", self.id),
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "1"}},
            "request_time": "2026-11-20T17:50:49.894Z",
            "state": self.state,
            "tags": {"mlflow.traceName": self.name},
            "trace_metadata": {
                "mlflow.trace_schema.version": "3",
                "mlflow.trace.sizeStats": json!({"num_spans": spans}).to_string(),
            },
            "assessments": self.assessments,
        });
        if let Some(millis) = self.millis {
            info["execution_duration_ms"] = json!(millis);
        }
        json!({"info": info, "data": {"spans": self.spans}})
    }
}

/// A name with special characters of terminals, XML, Markdown tables, shells and CI runners.
pub(crate) const HOSTILE: &str = "x'; rm -rf ~ | `id` $(id) ]]> <script>&amp; \"q\" | @someone **b**\n::error::pwned\r##[add-mask]y\u{1b}[2J\u{202e}\u{ffff}%0A::stop-commands::z";

/// A trace with such names, and a good one.
pub(crate) fn hostile_traces() -> [TestTrace; 2] {
    let mut bad =
        trace(1).call(HOSTILE, 5, 5).tool(HOSTILE).failing(HOSTILE, HOSTILE).feedback(HOSTILE, &json!(HOSTILE));
    HOSTILE.clone_into(&mut bad.name);
    [bad.state("ERROR"), trace(2)]
}

pub(crate) const HOSTILE_RULES: &str =
    "check --max-cost 1 --no-exceptions --max-error-rate 0 --forbid-tool *rm* --require-tool none";

/// Lines that GitHub's runner parses as commands (actions/runner, `ActionCommand.cs`, `TryParseV2` and `TryParse`).
pub(crate) fn commands(text: &str) -> Vec<&str> {
    let is_command = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
    text.split(['\n', '\r']).filter(is_command).collect()
}
