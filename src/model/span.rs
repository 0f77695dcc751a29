//! Spans: the steps of a trace.

use super::{Cost, Exception, SpanId, SpeakerSigns, Timestamp, TokenUsage, ToolMention};
use crate::json::Json;
use std::fmt;

/// MLflow's span type: `LLM`, `CHAT_MODEL`, `TOOL`, `AGENT` …, or a custom one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanType(String);

/// The type of spans without a recorded one (`entities/span.py`, `SpanType.UNKNOWN`).
const UNKNOWN: &str = "UNKNOWN";

impl SpanType {
    /// Wraps a recorded type; a missing or empty one becomes `UNKNOWN`, as in MLflow.
    #[must_use]
    pub fn new(name: Option<String>) -> Self {
        Self(name.filter(|name| !name.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned()))
    }

    /// Returns the type name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the type name, unless no type was recorded. Text next to a status needs it: there, `UNKNOWN` reads as one.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        (self.0 != UNKNOWN).then_some(&self.0)
    }

    /// Whether this is one of the given types.
    #[must_use]
    pub fn is_one_of(&self, types: &[String]) -> bool {
        types.contains(&self.0)
    }

    /// Whether this is an agent run.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.0 == "AGENT"
    }

    /// Whether this is a tool run.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        self.0 == "TOOL"
    }

    /// Whether this is a language model call.
    #[must_use]
    pub fn is_llm(&self) -> bool {
        self.0 == "LLM" || self.0 == "CHAT_MODEL"
    }
}

impl fmt::Display for SpanType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The status of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanStatus {
    /// Not set, as in open spans and spans from OpenTelemetry.
    Unset,
    /// Succeeded.
    Ok,
    /// Failed.
    Error,
    /// An unknown status.
    Other(String),
}

impl SpanStatus {
    /// Parses `OK` and `STATUS_CODE_OK` alike.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("STATUS_CODE_").unwrap_or(text) {
            "OK" => Self::Ok,
            "ERROR" => Self::Error,
            "UNSET" | "" => Self::Unset,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// MLflow's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
            Self::Other(text) => text,
        }
    }
}

/// An event within a span: an exception, a streamed chunk.
#[derive(Clone, Debug)]
pub struct SpanEvent {
    /// `exception`, `mlflow.chunk.item.0`, or any other name.
    pub name: String,
    /// The event time.
    pub time: Timestamp,
    /// Plain values, not JSON inside strings like span attributes.
    pub attributes: Vec<(String, Json)>,
}

/// A link to a span, usually of another trace (MLflow 3.13 on).
#[derive(Clone, Debug)]
pub struct SpanLink {
    /// The linked trace, as recorded.
    pub trace_id: String,
    /// The linked span.
    pub span_id: String,
    /// The attributes of the link; `null` if there are none.
    pub attributes: Json,
}

/// The content of a span: attributes, events and links. Loaded only on demand.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// All attributes, decoded one level, in the order written.
    pub attributes: Vec<(String, Json)>,
    /// All events, in the order written.
    pub events: Vec<SpanEvent>,
    /// All links.
    pub links: Vec<SpanLink>,
    /// The inputs by another convention than MLflow's, if MLflow's attribute is missing.
    pub foreign_inputs: Option<Json>,
    /// The outputs by another convention than MLflow's, if MLflow's attribute is missing.
    pub foreign_outputs: Option<Json>,
}

impl Payload {
    /// Returns an attribute; the last one if the key is repeated.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Returns the inputs; `None` if none were recorded, which is not the same as `null`.
    #[must_use]
    pub fn inputs(&self) -> Option<&Json> {
        self.attribute("mlflow.spanInputs").or(self.foreign_inputs.as_ref())
    }

    /// Returns the outputs; `None` if none were recorded.
    #[must_use]
    pub fn outputs(&self) -> Option<&Json> {
        self.attribute("mlflow.spanOutputs").or(self.foreign_outputs.as_ref())
    }
}

/// A row of the table `spans`, on which MLflow's search works (MLflow 3.18 `store/tracking/dbmodels/models.py`).
#[derive(Clone, Debug)]
pub struct SearchableSpan {
    /// The span name.
    pub name: String,
    /// The span type set by the client; spans from OpenTelemetry may have none.
    pub span_type: Option<String>,
    /// `OK`, `ERROR`, `UNSET`.
    pub status: String,
    /// The start time.
    pub start: Timestamp,
    /// The span as JSON text, if a condition needs it; empty for archived spans.
    pub content: Option<String>,
    /// The attributes, if a condition needs one.
    pub attributes: Vec<(String, Json)>,
}

/// Whether a span of this name only records that AutoGen's runtime delivered a message (autogen-core 0.4 – 0.7,
/// `_telemetry/_tracing_config.py`, `MessageRuntimeTracingConfig.get_span_name`).
#[must_use]
pub fn is_runtime_message(name: &str) -> bool {
    let operation = name.strip_prefix("autogen ").and_then(|rest| rest.split(' ').next());
    matches!(operation, Some("create" | "send" | "publish" | "receive" | "intercept" | "process" | "ack"))
}

/// Which calls the token counts of a span belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageScope {
    /// The span itself.
    #[default]
    Span,
    /// Other calls of the trace that record the same tokens themselves.
    OtherCalls,
    /// All turns of an agent so far, including those in earlier traces.
    AllTurns,
    /// No call: the span calls no model, although its type says so.
    NoCall,
    /// The model calls of an agent, which have no spans of their own unless they were recorded separately.
    UnrecordedCalls,
}

/// One step of a trace: a model call, a tool run, an agent run.
#[derive(Clone, Debug)]
pub struct Span {
    /// Unique within the trace.
    pub id: SpanId,
    /// The parent span, as stored; it may be missing from the trace.
    pub parent: Option<SpanId>,
    /// The name: a function, an agent or an operation.
    pub name: String,
    /// The formatted name, if `name` is a template: `turn about weather` for `turn about {topic}` (Logfire).
    pub title: Option<String>,
    /// The kind of step.
    pub span_type: SpanType,
    /// The status.
    pub status: SpanStatus,
    /// The message recorded with the status.
    pub status_message: String,
    /// The start time.
    pub start: Timestamp,
    /// The end time; `None` if it has not ended.
    pub end: Option<Timestamp>,
    /// Tokens recorded on this span. `Some` of an empty usage still hides the usage of its descendants, as in MLflow.
    pub token_usage: Option<TokenUsage>,
    /// Tokens from other sources, if MLflow recorded none: from the response of a model call (before 3.1; before 3.2
    /// for AutoGen and AG2; for clients that MLflow does not know), or from attributes of another convention.
    pub derived_usage: Option<TokenUsage>,
    /// Which calls its tokens belong to.
    pub usage_scope: UsageScope,
    /// The session id and the user id that a root span records by another convention than MLflow's.
    pub session_and_user: (Option<String>, Option<String>),
    /// The provider's response id.
    pub response_id: Option<String>,
    /// The model name.
    pub model: Option<String>,
    /// The model provider.
    pub provider: Option<String>,
    /// The cost recorded on this span.
    pub cost: Option<Cost>,
    /// The last recorded exception.
    pub exception: Option<Exception>,
    /// The error text of a tool that failed without an ERROR status, because its caller returned the error to the model
    /// as text.
    pub handled_failure: Option<String>,
    /// The name of the agent or tool that this span runs, if an attribute names it.
    pub declared_name: Option<String>,
    /// The agent that an attribute names, for spans other than agent spans.
    pub agent: Option<String>,
    /// The tool mentions in its messages; for a tool span, its own call.
    pub tool_mentions: Vec<ToolMention>,
    /// Whether its outputs are recorded; always false if the span was read with `SpanDetail::Calls`.
    pub has_outputs: bool,
    /// Which hints about speakers its messages may hold.
    pub speaker_signs: SpeakerSigns,
    /// The time of the first token of a streamed response.
    pub first_token: Option<Timestamp>,
    /// Attributes, events and links, if requested.
    pub payload: Option<Payload>,
}

impl Span {
    /// Returns a span with all other fields unset.
    #[must_use]
    pub fn new(id: SpanId, name: String, start: Timestamp) -> Self {
        Self {
            id,
            parent: None,
            name,
            span_type: SpanType::new(None),
            status: SpanStatus::Unset,
            status_message: String::new(),
            start,
            end: None,
            token_usage: None,
            derived_usage: None,
            title: None,
            usage_scope: UsageScope::Span,
            session_and_user: (None, None),
            response_id: None,
            model: None,
            provider: None,
            cost: None,
            exception: None,
            handled_failure: None,
            declared_name: None,
            agent: None,
            tool_mentions: Vec::new(),
            has_outputs: false,
            speaker_signs: SpeakerSigns::None,
            first_token: None,
            payload: None,
        }
    }

    /// Returns the nanoseconds from start to end; negative if clocks disagreed.
    #[must_use]
    pub fn duration_ns(&self) -> Option<i64> {
        self.end.map(|end| end.0.saturating_sub(self.start.0))
    }

    /// Returns the duration in milliseconds, if the span has ended.
    #[must_use]
    pub fn duration_ms(&self) -> Option<f64> {
        self.duration_ns().map(|nanos| nanos as f64 / 1e6)
    }

    /// Returns the formatted name if there is one, else the name.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// Returns the known tokens: recorded ones, else derived ones.
    #[must_use]
    pub fn usage(&self) -> Option<&TokenUsage> {
        self.token_usage.as_ref().filter(|usage| !usage.is_empty()).or(self.derived_usage.as_ref())
    }

    /// Returns the source of [`Span::usage`], as named in JSON output.
    #[must_use]
    pub fn usage_source(&self) -> Option<&'static str> {
        let is_recorded = self.token_usage.as_ref().is_some_and(|usage| !usage.is_empty());
        if is_recorded { Some("recorded") } else { self.derived_usage.as_ref().map(|_| "derived") }
    }

    /// Returns the recorded exceptions with their times; only the last one, without its time, if events were not
    /// loaded.
    #[must_use]
    pub fn exceptions(&self) -> Vec<(Exception, Option<Timestamp>)> {
        let Some(payload) = &self.payload else {
            return self.exception.iter().map(|exception| (exception.clone(), None)).collect();
        };
        let exceptions = payload.events.iter().filter(|event| event.name == "exception").map(|event| {
            let attribute = |key: &str| {
                let value = event.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value);
                value.filter(|value| !value.is_null()).map(Json::display)
            };
            let exception = Exception {
                kind: attribute("exception.type"),
                message: attribute("exception.message"),
                stacktrace: attribute("exception.stacktrace"),
            };
            (exception, Some(event.time))
        });
        exceptions.collect()
    }

    /// Whether its status is ERROR and its exception is not control flow ([`Exception::control_flow`]).
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let is_control_flow = || self.exception.as_ref().is_some_and(|exception| exception.control_flow().is_some());
        self.status == SpanStatus::Error && !is_control_flow()
    }

    /// Returns the failure as text: the exception, else the status message of a failed span.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Some(exception) = &self.exception {
            return exception.control_flow().is_none().then(|| exception.to_string());
        }
        self.has_failed().then(|| {
            if self.status_message.is_empty() {
                "failed without a message".to_owned()
            } else {
                self.status_message.clone()
            }
        })
    }
}
