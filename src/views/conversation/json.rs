//! JSON of a conversation.

use crate::analysis::conversation::Step;
use crate::json::Json;
use crate::message::{Message, Part, ToolCallPart};
use crate::model::{Cost, Span, TokenUsage};
use crate::views::json::{ExceptionJson, FailureJson, ObjectJson, ProblemJson, TraceJson};
use serde::Serialize;

/// A trace as a conversation: what its agents, models and tools said to each other.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct ConversationJson<'a> {
    /// Version of the format. Later releases add keys; they never change or remove one.
    #[cfg_attr(test, schemars(extend("const" = crate::output::json::SCHEMA)))]
    pub(super) schema: &'static str,
    /// The record of the trace, with figures computed from all spans.
    pub(super) info: TraceJson<'a>,
    /// The steps, in the order in which they began.
    pub(super) conversation: Vec<StepJson<'a>>,
    /// Whether all spans were read; false if some are known to be missing.
    pub(super) complete: bool,
    /// What could not be read.
    pub(super) problems: Vec<ProblemJson>,
}

/// A span, with the messages that it received and sent.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::views) struct StepJson<'a> {
    /// Number of the turn, if the step begins one; otherwise null.
    turn: Option<usize>,
    /// Number of steps around it.
    depth: usize,
    /// Kind of step; a call is one of a model.
    #[cfg_attr(test, schemars(extend("enum" = ["agent", "call", "tool", "other"])))]
    kind: &'static str,
    /// Id of the trace.
    trace_id: &'a str,
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Name of the span.
    name: &'a str,
    /// AGENT, LLM, CHAT_MODEL, TOOL, … or a type that the traced program chose.
    span_type: &'a str,
    /// Who speaks; null if unknown. For a model call, it may be inferred from messages elsewhere that name the speaker.
    speaker: Option<&'a str>,
    /// Who is spoken to; null if unknown.
    addressee: Option<&'a str>,
    /// OK, ERROR, UNSET, or a status of a later release.
    status: &'a str,
    /// Start: RFC 3339 in UTC, to the nanosecond.
    #[cfg_attr(test, schemars(schema_with = "crate::views::json::nanosecond_time"))]
    start_time: String,
    /// Duration in milliseconds, with a fraction; null while the span runs.
    duration_ms: Option<f64>,
    /// The model that was called; null if unknown.
    model: Option<&'a str>,
    /// The provider of the model; null if unknown.
    provider: Option<&'a str>,
    /// Parameters of a model call that differ from those of the previous call; tools by name.
    parameters: ObjectJson<'a>,
    /// For a tool, the id of the model's tool call; null if unknown.
    call_id: Option<&'a str>,
    /// Tokens of this span; null if unknown.
    token_usage: Option<&'a TokenUsage>,
    /// `recorded`: MLflow recorded the tokens; `derived`: they were read from the provider's response or from another
    /// attribute convention; null if there are none.
    #[cfg_attr(test, schemars(extend("enum" = ["recorded", "derived", null])))]
    token_usage_source: Option<&'static str>,
    /// Cost of this span in US dollars; null if unknown.
    cost: Option<Cost>,
    /// Messages received that no earlier step has; with --full, all of them.
    received: Vec<MessageJson<'a>>,
    /// Number of received messages that an earlier step has.
    repeated: usize,
    /// Messages sent that no step within has; with --full, all of them.
    sent: Vec<MessageJson<'a>>,
    /// How the response was streamed; null if it was not.
    streamed: Option<StreamedJson>,
    /// The last exception event; null if there is none.
    exception: Option<ExceptionJson<'a>>,
    /// A failure that was returned as output; null if there is none.
    handled_failure: Option<FailureJson<'a>>,
}

/// A streamed response.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct StreamedJson {
    /// Number of chunks.
    chunks: usize,
    /// Time from the start to the first chunk with content, in milliseconds; null if unknown.
    time_to_first_token_ms: Option<f64>,
}

/// A message.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MessageJson<'a> {
    /// system, user, assistant, tool, the input or output of a function, or another role.
    role: &'a str,
    /// Name of the author; null if unknown.
    speaker: Option<&'a str>,
    /// Name of the recipient; null if unknown.
    addressee: Option<&'a str>,
    /// The parts of the message.
    content: Vec<PartJson<'a>>,
}

/// A part of a message.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
enum PartJson<'a> {
    Text {
        /// The text.
        text: &'a str,
    },
    Reasoning {
        /// The reasoning of the model, or its summary.
        text: &'a str,
    },
    Refusal {
        /// Why the model refuses.
        text: &'a str,
    },
    ToolCall {
        /// Id of the call, which its result repeats; null if none.
        id: Option<&'a str>,
        /// Name of the tool.
        name: &'a str,
        /// The arguments, usually an object.
        arguments: &'a Json,
    },
    ToolResult {
        /// Id of the call; null if none.
        id: Option<&'a str>,
        /// Name of the tool; null if unknown.
        name: Option<&'a str>,
        /// Whether the tool failed, according to the message.
        is_error: bool,
        /// The result.
        content: Vec<Self>,
    },
    Media {
        /// image, audio, video or file.
        kind: &'a str,
        /// Media type, such as image/png; null if unknown.
        media_type: Option<&'a str>,
        /// Name or id of the file; null if unknown.
        name: Option<&'a str>,
        /// Where it is, if not in the message; otherwise null.
        url: Option<&'a str>,
        /// Size in bytes; null if unknown.
        bytes: Option<u64>,
    },
    Embedding {
        /// Number of vectors.
        count: usize,
        /// Number of dimensions of each; null if unknown.
        dimensions: Option<usize>,
    },
    Data {
        /// The key of the value; null if none.
        name: Option<&'a str>,
        /// Any other value, as stored.
        value: &'a Json,
    },
}

impl<'a> From<&'a Part> for PartJson<'a> {
    fn from(part: &'a Part) -> Self {
        match part {
            Part::Text(text) => Self::Text { text },
            Part::Reasoning(text) => Self::Reasoning { text },
            Part::Refusal(text) => Self::Refusal { text },
            Part::ToolCall(ToolCallPart { id, name, arguments }) => {
                Self::ToolCall { id: id.as_deref(), name, arguments }
            }
            Part::ToolResult(result) => Self::ToolResult {
                id: result.id.as_deref(),
                name: result.name.as_deref(),
                is_error: result.is_failure(),
                content: result.content.iter().map(Self::from).collect(),
            },
            Part::Media(media) => Self::Media {
                kind: &media.kind,
                media_type: media.media_type.as_deref(),
                name: media.name.as_deref(),
                url: media.url.as_deref(),
                bytes: media.bytes,
            },
            Part::Embedding { count, dimensions } => Self::Embedding { count: *count, dimensions: *dimensions },
            Part::Data { name, value } => Self::Data { name: name.as_deref(), value },
        }
    }
}

impl<'a> From<&'a Message> for MessageJson<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            role: message.role.as_str(),
            speaker: message.speaker.as_deref(),
            addressee: message.addressee.as_deref(),
            content: message.parts.iter().map(PartJson::from).collect(),
        }
    }
}

impl<'a> StepJson<'a> {
    pub(super) fn new(trace_id: &'a str, step: &'a Step, span: &'a Span) -> Self {
        Self {
            turn: step.turn,
            depth: step.depth,
            kind: step.kind.as_str(),
            trace_id,
            span_id: span.id.as_str(),
            name: &span.name,
            span_type: span.span_type.as_str(),
            speaker: step.speaker.as_deref(),
            addressee: step.addressee.as_deref(),
            status: span.status.as_str(),
            start_time: span.start.rfc3339_nanos(),
            duration_ms: span.duration_ms(),
            model: span.model.as_deref(),
            provider: span.provider.as_deref(),
            parameters: ObjectJson(&step.parameters),
            call_id: step.call_id.as_deref(),
            token_usage: span.usage(),
            token_usage_source: span.usage_source(),
            cost: span.cost,
            received: step.received.iter().map(MessageJson::from).collect(),
            repeated: step.repeated(),
            sent: step.sent.iter().map(MessageJson::from).collect(),
            streamed: step.streamed.map(|streamed| StreamedJson {
                chunks: streamed.chunks,
                time_to_first_token_ms: streamed.first_after_ns.map(|nanos| nanos as f64 / 1e6),
            }),
            exception: span.exception.as_ref().map(ExceptionJson::from),
            handled_failure: span.handled_failure.as_deref().map(FailureJson::from),
        }
    }
}
