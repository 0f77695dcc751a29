//! JSON of a conversation.

use crate::analysis::conversation::Step;
use crate::message::{Message, Part, ToolCallPart};
use crate::model::{Cost, Json, Span, TokenUsage};
use crate::views::json::{ExceptionJson, FailureJson, ProblemJson, TraceJson};
use serde::{Serialize, Serializer};

#[derive(Debug, Serialize)]
pub(super) struct ConversationJson<'a> {
    pub(super) schema: &'static str,
    pub(super) info: TraceJson<'a>,
    pub(super) conversation: Vec<StepJson<'a>>,
    pub(super) complete: bool,
    pub(super) problems: Vec<ProblemJson>,
}

#[derive(Debug, Serialize)]
pub(in crate::views) struct StepJson<'a> {
    turn: Option<usize>,
    depth: usize,
    kind: &'static str,
    trace_id: &'a str,
    span_id: &'a str,
    name: &'a str,
    span_type: &'a str,
    speaker: Option<&'a str>,
    addressee: Option<&'a str>,
    status: &'a str,
    start_time: String,
    duration_ms: Option<f64>,
    model: Option<&'a str>,
    provider: Option<&'a str>,
    parameters: Parameters<'a>,
    call_id: Option<&'a str>,
    token_usage: Option<&'a TokenUsage>,
    token_usage_source: Option<&'static str>,
    cost: Option<Cost>,
    received: Vec<MessageJson<'a>>,
    repeated: usize,
    sent: Vec<MessageJson<'a>>,
    streamed: Option<StreamedJson>,
    exception: Option<ExceptionJson<'a>>,
    handled_failure: Option<FailureJson<'a>>,
}

#[derive(Debug)]
struct Parameters<'a>(&'a [(String, Json)]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[derive(Debug, Serialize)]
struct StreamedJson {
    chunks: usize,
    time_to_first_token_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
struct MessageJson<'a> {
    role: &'a str,
    speaker: Option<&'a str>,
    addressee: Option<&'a str>,
    content: Vec<PartJson<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PartJson<'a> {
    Text {
        text: &'a str,
    },
    Reasoning {
        text: &'a str,
    },
    Refusal {
        text: &'a str,
    },
    ToolCall {
        id: Option<&'a str>,
        name: &'a str,
        arguments: &'a Json,
    },
    ToolResult {
        id: Option<&'a str>,
        name: Option<&'a str>,
        is_error: bool,
        content: Vec<Self>,
    },
    Media {
        kind: &'a str,
        media_type: Option<&'a str>,
        name: Option<&'a str>,
        url: Option<&'a str>,
        bytes: Option<u64>,
    },
    Embedding {
        count: usize,
        dimensions: Option<usize>,
    },
    Data {
        name: Option<&'a str>,
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
            duration_ms: span.duration_ns().map(|nanos| nanos as f64 / 1e6),
            model: span.model.as_deref(),
            provider: span.provider.as_deref(),
            parameters: Parameters(&step.parameters),
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
