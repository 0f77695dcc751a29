//! One step of a trace.

use super::{Cost, Exception, Json, SpanId, SpeakerSigns, Timestamp, TokenUsage, ToolMention};
use std::fmt;

/// MLflow's span type: `LLM`, `CHAT_MODEL`, `TOOL`, `AGENT` …, or any word a user chose.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpanType(String);

impl SpanType {
    /// Takes a type as recorded; nothing recorded is `UNKNOWN`, as in MLflow.
    #[must_use]
    pub fn new(name: Option<String>) -> Self {
        Self(name.filter(|name| !name.is_empty()).unwrap_or_else(|| "UNKNOWN".to_owned()))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is one of some types.
    #[must_use]
    pub fn is_one_of(&self, types: &[String]) -> bool {
        types.contains(&self.0)
    }

    /// Whether this is an agent at work.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.0 == "AGENT"
    }

    /// Whether this is a tool at work.
    #[must_use]
    pub fn is_tool(&self) -> bool {
        self.0 == "TOOL"
    }

    /// Whether this is a call of a language model.
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

/// How a span ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nothing was said (spans still open, and spans from OpenTelemetry).
    Unset,
    /// It worked.
    Ok,
    /// It failed.
    Error,
    /// A word this program does not know.
    Other(String),
}

impl SpanStatus {
    /// Reads `OK` and `STATUS_CODE_OK` alike.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("STATUS_CODE_").unwrap_or(text) {
            "OK" => Self::Ok,
            "ERROR" => Self::Error,
            "UNSET" | "" => Self::Unset,
            _ => Self::Other(text.to_owned()),
        }
    }

    /// MLflow's word.
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

/// Something that happened inside a span: an exception, a streamed chunk.
#[derive(Clone, Debug)]
pub struct SpanEvent {
    /// `exception`, `mlflow.chunk.item.0`, or any name.
    pub name: String,
    /// When.
    pub time: Timestamp,
    /// Plain values, not encoded twice as span attributes are.
    pub attributes: Vec<(String, Json)>,
}

/// A pointer to a span of another trace (MLflow 3.13 on).
#[derive(Clone, Debug)]
pub struct SpanLink {
    /// The other trace, as recorded.
    pub trace_id: String,
    /// The other span.
    pub span_id: String,
    /// What was said of the link.
    pub attributes: Json,
}

/// What a span carries beside its figures. Left out when only the tree is asked for.
#[derive(Clone, Debug, Default)]
pub struct Payload {
    /// All attributes, decoded one level, in the order written.
    pub attributes: Vec<(String, Json)>,
    /// All events, in the order written.
    pub events: Vec<SpanEvent>,
    /// All links.
    pub links: Vec<SpanLink>,
    /// What went in, as another convention than MLflow's tells it, where MLflow's own attribute is missing.
    pub foreign_inputs: Option<Json>,
    /// What came out, likewise.
    pub foreign_outputs: Option<Json>,
}

impl Payload {
    /// One attribute; the last one where a key is repeated.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// What went in; `None` when nothing was recorded (which is not the same as `null`).
    #[must_use]
    pub fn inputs(&self) -> Option<&Json> {
        self.attribute("mlflow.spanInputs").or(self.foreign_inputs.as_ref())
    }

    /// What came out.
    #[must_use]
    pub fn outputs(&self) -> Option<&Json> {
        self.attribute("mlflow.spanOutputs").or(self.foreign_outputs.as_ref())
    }
}

/// A span as MLflow's search sees it: as a row of the table `spans` (MLflow 3.18 `store/tracking/dbmodels/models.py`).
#[derive(Clone, Debug)]
pub struct SearchableSpan {
    /// The name.
    pub name: String,
    /// The type that the client said; spans from OpenTelemetry may have none.
    pub span_type: Option<String>,
    /// `OK`, `ERROR`, `UNSET`.
    pub status: String,
    /// When it began.
    pub start: Timestamp,
    /// The whole span as JSON text, where a condition looks at it; empty for spans that were archived.
    pub content: Option<String>,
    /// Its attributes, where a condition looks at one.
    pub attributes: Vec<(String, Json)>,
}

/// Whether a span of this name tells that AutoGen's runtime passed a message on, and no more (autogen-core 0.4 – 0.7,
/// `_telemetry/_tracing_config.py`, `MessageRuntimeTracingConfig.get_span_name`).
#[must_use]
pub fn is_runtime_message(name: &str) -> bool {
    let operation = name.strip_prefix("autogen ").and_then(|rest| rest.split(' ').next());
    matches!(operation, Some("create" | "send" | "publish" | "receive" | "intercept" | "process" | "ack"))
}

/// What the tokens that a span carries are those of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UsageScope {
    /// The span itself.
    #[default]
    Span,
    /// Calls beside it, which carry them too.
    OtherCalls,
    /// All turns of an agent so far, those in earlier traces included.
    AllTurns,
    /// Nothing: the span calls no model, though it has the type of those that do.
    Nothing,
    /// An agent whose calls of models are not recorded, unless there are spans of them.
    UnseenCalls,
}

/// One step of a trace: a call of a model, a tool, an agent.
#[derive(Clone, Debug)]
pub struct Span {
    /// Unique within the trace.
    pub id: SpanId,
    /// The span that called this one, as stored; it may be missing from the trace.
    pub parent: Option<SpanId>,
    /// The function, agent or resource.
    pub name: String,
    /// The text that the name is a template of: `turn about weather` for `turn about {topic}` (Logfire).
    pub title: Option<String>,
    /// What kind of step it is.
    pub span_type: SpanType,
    /// How it ended.
    pub status: SpanStatus,
    /// The text that came with the status.
    pub status_message: String,
    /// When it began.
    pub start: Timestamp,
    /// When it ended; `None` while open.
    pub end: Option<Timestamp>,
    /// Tokens recorded on this span. `Some` of an empty usage still hides the usage of spans below (MLflow's rule).
    pub token_usage: Option<TokenUsage>,
    /// Tokens that stand elsewhere, where MLflow recorded none: in the response of a model call (before 3.1, for AutoGen and
    /// AG2 before 3.2, for clients that MLflow does not know), or under the names of another convention.
    pub derived_usage: Option<TokenUsage>,
    /// What its tokens are those of.
    pub usage_scope: UsageScope,
    /// The session and the user that a root names, in the words of another convention than MLflow's.
    pub named: (Option<String>, Option<String>),
    /// The provider's id of the response.
    pub response_id: Option<String>,
    /// The model called.
    pub model: Option<String>,
    /// Who runs the model.
    pub provider: Option<String>,
    /// Cost recorded on this span.
    pub cost: Option<Cost>,
    /// The last exception recorded.
    pub exception: Option<Exception>,
    /// A failure that left no error: what a tool raised and its caller handed back to the model as text.
    pub handled_failure: Option<String>,
    /// The name that an attribute gives the agent or the tool whose span it is.
    pub declared_name: Option<String>,
    /// The agent that an attribute names for a span which is no agent's own.
    pub agent: Option<String>,
    /// The tool mentions in its messages; of a tool's span, its own call.
    pub tool_mentions: Vec<ToolMention>,
    /// Whether what came out of it is recorded; known of spans that were read as a tree shows them, or whole.
    pub has_outputs: bool,
    /// How far its messages may name who speaks.
    pub speaker_signs: SpeakerSigns,
    /// When the first piece of a streamed answer came.
    pub first_token: Option<Timestamp>,
    /// Everything else, where it was asked for.
    pub payload: Option<Payload>,
}

impl Span {
    /// A span of which no more is known.
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
            named: (None, None),
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

    /// Nanoseconds from start to end; may be negative where clocks disagreed.
    #[must_use]
    pub fn duration_ns(&self) -> Option<i64> {
        self.end.map(|end| end.0.saturating_sub(self.start.0))
    }

    /// The name for people to read.
    #[must_use]
    pub fn shown_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }

    /// The tokens that are known of it: those recorded, else those that its response tells.
    #[must_use]
    pub fn usage(&self) -> Option<&TokenUsage> {
        self.token_usage.as_ref().filter(|usage| !usage.is_empty()).or(self.derived_usage.as_ref())
    }

    /// Where [`Span::usage`] comes from, in the word of the JSON output.
    #[must_use]
    pub fn usage_source(&self) -> Option<&'static str> {
        let is_recorded = self.token_usage.as_ref().is_some_and(|usage| !usage.is_empty());
        if is_recorded { Some("recorded") } else { self.derived_usage.as_ref().map(|_| "derived") }
    }

    /// The exceptions recorded, with their times; of a span without its events, the last one.
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

    /// Whether its status is ERROR, and its exception is no control flow ([`Exception::purpose`]).
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let has_purpose = || self.exception.as_ref().is_some_and(|exception| exception.purpose().is_some());
        self.status == SpanStatus::Error && !has_purpose()
    }

    /// What went wrong in one line: the exception, else the status text of a failed span.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        if let Some(exception) = &self.exception {
            return exception.purpose().is_none().then(|| exception.to_string());
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
