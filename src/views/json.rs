//! Serialized types of the JSON output, separate from the model so that the model can change without changing the
//! output. Their doc comments are the descriptions in the JSON Schemas in `fixtures/json/`.

use super::usage_conflict::ConflictJson;
use crate::analysis::usage::TraceUsage;
use crate::json::Json;
use crate::model::{
    Assessment, Cost, Exception, Experiment, Labels, Node, Problem, Span, Timestamp, TokenUsage, Totals, Trace,
    TraceInfo,
};
use crate::query::TextMatch;
use crate::reading::{answer, question, recorded_answer, recorded_question};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The record of a trace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TraceJson<'a> {
    /// Id of the trace: `tr-` and 32 hexadecimal digits since MLflow 3.2, 32 hexadecimal digits before.
    trace_id: &'a str,
    /// Id that the client gave to the request; null if none.
    client_request_id: Option<&'a str>,
    /// Id of the experiment.
    experiment_id: &'a str,
    /// Name of the experiment; null if unknown.
    experiment_name: Option<&'a str>,
    /// Recorded name; null if none was recorded.
    name: Option<&'a str>,
    /// OK, ERROR, IN_PROGRESS, STATE_UNSPECIFIED, or a state of a later release.
    state: &'a str,
    /// Start of the trace.
    request_time: Timestamp,
    /// Recorded duration in milliseconds; null while the trace runs.
    execution_duration_ms: Option<i64>,
    /// Number of spans: as recorded, otherwise as stored; null if unknown.
    span_count: Option<u64>,
    /// Tokens of the whole trace; null if unknown.
    token_usage: Option<&'a TokenUsage>,
    /// `spans`: the sum of the spans; `recorded`: the total that MLflow recorded; null if there are no tokens.
    #[cfg_attr(test, schemars(extend("enum" = ["spans", "recorded", null])))]
    token_usage_source: Option<&'static str>,
    /// The total that MLflow recorded; null if none.
    recorded_token_usage: Option<&'a TokenUsage>,
    /// Present if the tokens of the spans contradict each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_conflict: Option<ConflictJson<'a>>,
    /// Cost of the whole trace in US dollars; null if unknown.
    cost: Option<Cost>,
    /// The session; null if none.
    session_id: Option<&'a str>,
    /// The user; null if none.
    user_id: Option<&'a str>,
    /// The MLflow run that was active; null if none.
    run_id: Option<&'a str>,
    /// The logged model that was active; null if none.
    model_id: Option<&'a str>,
    /// The beginning of the inputs, as stored; null if not stored.
    request_preview: Option<&'a str>,
    /// The beginning of the outputs, as stored; null if not stored.
    response_preview: Option<&'a str>,
    /// The request as text: what the user wrote last, or the inputs of the root span; null if unknown.
    question: Option<String>,
    /// The response as text; null if unknown.
    answer: Option<String>,
    /// Tags, which can be changed after the trace was recorded.
    tags: &'a Labels,
    /// Metadata, which cannot be changed.
    metadata: &'a Labels,
    /// Assessments, oldest first.
    assessments: Vec<AssessmentJson<'a>>,
    /// The first match; only with --grep.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<MatchJson<'a>>,
}

/// The record of a trace with everything that is needed to read it back without loss.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct WholeTraceJson<'a> {
    #[serde(flatten)]
    trace: TraceJson<'a>,
    /// The cost that MLflow recorded, in US dollars; null if none.
    recorded_cost: Option<Cost>,
    /// Ids of the runs that the trace was linked to after it was recorded, if the store has them.
    linked_runs: &'a [String],
    /// Prompts that the trace used, as NAME/VERSION, if the store has them.
    linked_prompts: &'a [String],
}

impl<'a> WholeTraceJson<'a> {
    pub(super) fn new(trace: &'a Trace, usage: &'a TraceUsage) -> Self {
        Self {
            trace: TraceJson::from_trace(trace, usage),
            recorded_cost: trace.info.cost,
            linked_runs: &trace.info.linked_runs,
            linked_prompts: &trace.info.linked_prompts,
        }
    }
}

/// A match of --grep.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct MatchJson<'a> {
    /// Id of the span with the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<&'a str>,
    /// Name of the span with the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    span_name: Option<&'a str>,
    /// The part of the span: `exception`, `status`, `inputs`, `outputs`, or the name of an attribute.
    field: &'a str,
    /// The match with some text around it.
    text: &'a str,
}

impl<'a> TraceJson<'a> {
    /// A trace with its spans: with figures computed from all of them.
    pub(super) fn from_trace(trace: &'a Trace, usage: &'a TraceUsage) -> Self {
        Self {
            token_usage: usage.token_usage.as_ref(),
            token_usage_source: usage.source,
            usage_conflict: usage.conflict.as_ref().map(|conflict| ConflictJson::new(trace, conflict)),
            cost: usage.cost,
            question: question(trace),
            answer: answer(trace),
            ..Self::from(&trace.info)
        }
    }

    /// Adds a search match and its span.
    pub(crate) fn with_match(self, span_id: &'a str, span_name: &'a str, found: &'a TextMatch) -> Self {
        let (field, text) = (found.field.as_str(), found.excerpt.as_str());
        Self { r#match: Some(MatchJson { span_id: Some(span_id), span_name: Some(span_name), field, text }), ..self }
    }
}

impl<'a> From<&'a TraceInfo> for TraceJson<'a> {
    /// A trace as in lists: with the recorded token usage.
    fn from(info: &'a TraceInfo) -> Self {
        let recorded = info.recorded_usage.as_ref();
        Self {
            trace_id: &info.trace_id,
            client_request_id: info.client_request_id.as_deref(),
            experiment_id: &info.experiment_id,
            experiment_name: info.experiment_name.as_deref(),
            name: info.name.as_deref(),
            state: info.state.as_str(),
            request_time: info.request_time,
            execution_duration_ms: info.execution_duration_ms,
            span_count: info.span_count,
            token_usage: recorded,
            token_usage_source: recorded.map(|_| "recorded"),
            recorded_token_usage: recorded,
            usage_conflict: None,
            cost: info.cost,
            session_id: info.session_id(),
            user_id: info.user_id(),
            run_id: info.run_id(),
            model_id: info.model_id(),
            request_preview: info.request_preview.as_deref(),
            response_preview: info.response_preview.as_deref(),
            question: recorded_question(info),
            answer: recorded_answer(info),
            tags: &info.tags,
            metadata: &info.metadata,
            assessments: info.assessments.iter().map(AssessmentJson::from).collect(),
            r#match: None,
        }
    }
}

/// An assessment of a trace or of one of its spans.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct AssessmentJson<'a> {
    /// Id of the assessment.
    assessment_id: &'a str,
    /// What is assessed, such as `correctness`.
    name: &'a str,
    /// Kind of assessment.
    #[cfg_attr(test, schemars(extend("enum" = ["feedback", "expectation", "issue"])))]
    r#type: &'static str,
    /// The assessment itself, any JSON value; null if there is none.
    value: Option<&'a Json>,
    /// Why there is no value, any JSON value; null if there was no error.
    error: Option<&'a Json>,
    /// Explanation in words; null if none.
    rationale: Option<&'a str>,
    /// Who assessed: HUMAN, LLM_JUDGE or CODE; null if unknown.
    source_type: Option<&'a str>,
    /// Which person, judge or program; null if unknown.
    source_id: Option<&'a str>,
    /// Id of the span that is assessed; null if it is the whole trace.
    span_id: Option<&'a str>,
    /// False if a later assessment replaces it.
    valid: bool,
    /// When it was created; null if unknown.
    create_time: Option<Timestamp>,
    /// Further facts, as stored; null if none.
    metadata: Option<&'a Json>,
}

impl<'a> From<&'a Assessment> for AssessmentJson<'a> {
    fn from(assessment: &'a Assessment) -> Self {
        Self {
            assessment_id: &assessment.id,
            name: &assessment.name,
            r#type: assessment.kind.as_str(),
            value: assessment.value.as_ref(),
            error: assessment.error.as_ref(),
            rationale: assessment.rationale.as_deref(),
            source_type: assessment.source_type.as_deref(),
            source_id: assessment.source_id.as_deref(),
            span_id: assessment.span_id.as_deref(),
            valid: assessment.valid,
            create_time: assessment.create_time,
            metadata: assessment.metadata.as_ref(),
        }
    }
}

/// Keys and values, in the recorded order.
#[derive(Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, Json>"))]
pub(super) struct ObjectJson<'a>(pub(super) &'a [(String, Json)]);

impl Serialize for ObjectJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A span. In lists, `attributes` and `events` are present only with --full.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SpanJson<'a> {
    /// Id of the trace.
    trace_id: &'a str,
    /// Id of the span, in lower-case hexadecimal.
    span_id: &'a str,
    /// Id of the parent as stored, even if that span is missing; null for roots.
    parent_id: Option<&'a str>,
    /// Number of ancestors in the tree; 0 for roots.
    depth: usize,
    /// Name of the span.
    name: &'a str,
    /// AGENT, LLM, CHAT_MODEL, TOOL, … or a type that the traced program chose.
    span_type: &'a str,
    /// OK, ERROR, UNSET, or a status of a later release.
    status: &'a str,
    /// Error message; empty if there was no error.
    status_message: &'a str,
    /// Start: RFC 3339 in UTC, to the nanosecond.
    #[cfg_attr(test, schemars(schema_with = "nanosecond_time"))]
    start_time: String,
    /// Start in nanoseconds since 1970-01-01 UTC.
    start_time_ns: i64,
    /// End in nanoseconds since 1970-01-01 UTC; null while the span runs.
    end_time_ns: Option<i64>,
    /// Duration in milliseconds, with a fraction; null while the span runs.
    duration_ms: Option<f64>,
    /// The model that was called; null if unknown.
    model: Option<&'a str>,
    /// The provider of the model; null if unknown.
    provider: Option<&'a str>,
    /// Tokens of this span; null if unknown.
    token_usage: Option<&'a TokenUsage>,
    /// `recorded`: MLflow recorded the tokens; `derived`: they were read from the provider's response or from another
    /// attribute convention; null if there are none.
    #[cfg_attr(test, schemars(extend("enum" = ["recorded", "derived", null])))]
    token_usage_source: Option<&'static str>,
    /// Cost of this span in US dollars; null if unknown.
    cost: Option<Cost>,
    /// Inputs, any JSON value.
    inputs: Option<&'a Json>,
    /// Outputs, any JSON value.
    outputs: Option<&'a Json>,
    /// All attributes, decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<ObjectJson<'a>>,
    /// Events, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventJson<'a>>>,
    /// The last exception event; null if there is none.
    exception: Option<ExceptionJson<'a>>,
    /// A failure that was returned as output; null if there is none.
    handled_failure: Option<FailureJson<'a>>,
    /// Links to spans of other traces.
    links: Vec<LinkJson<'a>>,
    /// The agent that the span belongs to; null if unknown, and in lists across traces, since it depends on the other
    /// spans of the trace.
    agent: Option<&'a str>,
    /// The first match; only with --grep.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<MatchJson<'a>>,
}

impl<'a> SpanJson<'a> {
    /// Adds the agent of the span.
    pub(crate) fn with_agent(self, agent: Option<&'a str>) -> Self {
        Self { agent, ..self }
    }

    /// Adds a search match.
    pub(crate) fn with_match(self, found: &'a TextMatch) -> Self {
        let (field, text) = (found.field.as_str(), found.excerpt.as_str());
        Self { r#match: Some(MatchJson { span_id: None, span_name: None, field, text }), ..self }
    }
}

/// An event within a span.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EventJson<'a> {
    /// Name of the event.
    name: &'a str,
    /// Time in nanoseconds since 1970-01-01 UTC.
    time_ns: i64,
    /// Attributes of the event, decoded.
    attributes: ObjectJson<'a>,
}

/// A failure that was returned as output instead of being raised.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FailureJson<'a> {
    /// The message.
    pub(crate) message: &'a str,
}

impl<'a> From<&'a str> for FailureJson<'a> {
    fn from(message: &'a str) -> Self {
        Self { message }
    }
}

/// An exception event of a span.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExceptionJson<'a> {
    /// Class of the exception; null if unknown.
    r#type: Option<&'a str>,
    /// Message; null if unknown.
    message: Option<&'a str>,
    /// Stack trace, several lines; null if none was recorded.
    stacktrace: Option<&'a str>,
}

impl<'a> From<&'a Exception> for ExceptionJson<'a> {
    fn from(exception: &'a Exception) -> Self {
        Self {
            r#type: exception.kind.as_deref(),
            message: exception.message.as_deref(),
            stacktrace: exception.stacktrace.as_deref(),
        }
    }
}

/// A link to a span of another trace.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LinkJson<'a> {
    /// Id of the other trace.
    trace_id: &'a str,
    /// Id of the other span.
    span_id: &'a str,
    /// Attributes of the link; null if there are none.
    attributes: &'a Json,
}

impl<'a> SpanJson<'a> {
    /// A span; with its attributes and events if `is_full`.
    pub(crate) fn new(trace_id: &'a str, span: &'a Span, node: &Node, is_full: bool) -> Self {
        let payload = span.payload.as_ref();
        let usage = span.usage();
        Self {
            trace_id,
            span_id: span.id.as_str(),
            parent_id: span.parent.as_ref().map(crate::model::SpanId::as_str),
            depth: node.depth,
            name: &span.name,
            span_type: span.span_type.as_str(),
            status: span.status.as_str(),
            status_message: &span.status_message,
            start_time: span.start.rfc3339_nanos(),
            start_time_ns: span.start.0,
            end_time_ns: span.end.map(|end| end.0),
            duration_ms: span.duration_ms(),
            model: span.model.as_deref(),
            provider: span.provider.as_deref(),
            token_usage: usage,
            token_usage_source: span.usage_source(),
            cost: span.cost,
            inputs: payload.and_then(|payload| payload.inputs()),
            outputs: payload.and_then(|payload| payload.outputs()),
            attributes: is_full.then(|| ObjectJson(payload.map_or(&[], |payload| &payload.attributes))),
            events: is_full.then(|| {
                let events = payload.map_or(&[][..], |payload| &payload.events);
                let event = |event: &'a crate::model::SpanEvent| EventJson {
                    name: &event.name,
                    time_ns: event.time.0,
                    attributes: ObjectJson(&event.attributes),
                };
                events.iter().map(event).collect()
            }),
            exception: span.exception.as_ref().map(ExceptionJson::from),
            handled_failure: span.handled_failure.as_deref().map(FailureJson::from),
            links: payload
                .map_or(&[][..], |payload| &payload.links)
                .iter()
                .map(|link| LinkJson { trace_id: &link.trace_id, span_id: &link.span_id, attributes: &link.attributes })
                .collect(),
            agent: None,
            r#match: None,
        }
    }
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct ProblemJson {
    /// Kind of problem, one word.
    kind: Cow<'static, str>,
    /// What is wrong.
    message: String,
    /// The file concerned; null if none.
    path: Option<String>,
}

impl From<Problem> for ProblemJson {
    fn from(problem: Problem) -> Self {
        Self { kind: problem.kind, message: problem.message, path: problem.path }
    }
}

/// An experiment, with totals of its traces.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExperimentJson<'a> {
    /// Id of the experiment.
    experiment_id: &'a str,
    /// Name of the experiment.
    name: &'a str,
    /// active or deleted.
    lifecycle_stage: &'a str,
    /// The workspace, since MLflow 3.10; null if there is none.
    workspace: Option<&'a str>,
    /// Where its artifacts are stored; null if unknown.
    artifact_location: Option<&'a str>,
    /// When it was created; null if unknown.
    creation_time: Option<Timestamp>,
    /// When it was last changed; null if unknown.
    last_update_time: Option<Timestamp>,
    /// Tags of the experiment.
    tags: &'a Labels,
    /// Number of traces.
    trace_count: u64,
    /// Number of traces in state ERROR.
    error_count: u64,
    /// Start of the newest trace; null if there is none.
    last_trace_time: Option<Timestamp>,
    /// Sum of the tokens that MLflow recorded for its traces; null if none were recorded.
    token_usage: Option<&'a TokenUsage>,
}

impl<'a> ExperimentJson<'a> {
    pub(crate) fn new(experiment: &'a Experiment, totals: &'a Totals) -> Self {
        Self {
            experiment_id: &experiment.experiment_id,
            name: &experiment.name,
            lifecycle_stage: &experiment.lifecycle_stage,
            workspace: experiment.workspace.as_deref(),
            artifact_location: experiment.artifact_location.as_deref(),
            creation_time: experiment.creation_time,
            last_update_time: experiment.last_update_time,
            tags: &experiment.tags,
            trace_count: totals.traces,
            error_count: totals.errors,
            last_trace_time: totals.last_trace_time,
            token_usage: totals.token_usage.as_ref(),
        }
    }
}

/// The schema of a time that is serialized as text, to the nanosecond.
#[cfg(test)]
pub(super) fn nanosecond_time(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "string",
        "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$",
    })
}
