//! Serialized types of the JSON output, separate from the model so that the model can change without changing the
//! output. `fixtures/json/` has their schemas.

use super::usage_conflict::ConflictJson;
use crate::analysis::usage::TraceUsage;
use crate::model::{
    Assessment, Cost, Exception, Experiment, Json, Labels, Node, Problem, Span, Timestamp, TokenUsage, Totals, Trace,
    TraceInfo,
};
use crate::query::TextMatch;
use crate::reading::{answer, question, recorded_answer, recorded_question};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

#[derive(Debug, Serialize)]
pub(crate) struct TraceJson<'a> {
    trace_id: &'a str,
    client_request_id: Option<&'a str>,
    experiment_id: &'a str,
    experiment_name: Option<&'a str>,
    name: Option<&'a str>,
    state: &'a str,
    request_time: Timestamp,
    execution_duration_ms: Option<i64>,
    span_count: Option<u64>,
    token_usage: Option<&'a TokenUsage>,
    token_usage_source: Option<&'static str>,
    recorded_token_usage: Option<&'a TokenUsage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_conflict: Option<ConflictJson<'a>>,
    cost: Option<Cost>,
    session_id: Option<&'a str>,
    user_id: Option<&'a str>,
    run_id: Option<&'a str>,
    model_id: Option<&'a str>,
    request_preview: Option<&'a str>,
    response_preview: Option<&'a str>,
    question: Option<String>,
    answer: Option<String>,
    tags: &'a Labels,
    metadata: &'a Labels,
    assessments: Vec<AssessmentJson<'a>>,
    #[serde(flatten)]
    full_record: Option<WholeRecordJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<MatchJson<'a>>,
}

/// Fields that the document of one trace has in addition to a list entry, so that it can be read back without loss.
#[derive(Debug, Serialize)]
struct WholeRecordJson<'a> {
    recorded_cost: Option<Cost>,
    linked_runs: &'a [String],
    linked_prompts: &'a [String],
}

/// Location of a search match.
#[derive(Debug, Serialize)]
struct MatchJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_name: Option<&'a str>,
    field: &'a str,
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

    /// Adds the fields that a list omits.
    pub(super) fn with_full_record(self, info: &'a TraceInfo) -> Self {
        let whole = WholeRecordJson {
            recorded_cost: info.cost,
            linked_runs: &info.linked_runs,
            linked_prompts: &info.linked_prompts,
        };
        Self { full_record: Some(whole), ..self }
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
            full_record: None,
            r#match: None,
        }
    }
}

#[derive(Debug, Serialize)]
struct AssessmentJson<'a> {
    assessment_id: &'a str,
    name: &'a str,
    r#type: &'static str,
    value: Option<&'a Json>,
    error: Option<&'a Json>,
    rationale: Option<&'a str>,
    source_type: Option<&'a str>,
    source_id: Option<&'a str>,
    span_id: Option<&'a str>,
    valid: bool,
    create_time: Option<Timestamp>,
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

/// Pairs serialized as an object, in their order.
#[derive(Debug)]
struct ObjectJson<'a>(&'a [(String, Json)]);

impl Serialize for ObjectJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct SpanJson<'a> {
    trace_id: &'a str,
    span_id: &'a str,
    parent_id: Option<&'a str>,
    depth: usize,
    name: &'a str,
    span_type: &'a str,
    status: &'a str,
    status_message: &'a str,
    start_time: String,
    start_time_ns: i64,
    end_time_ns: Option<i64>,
    duration_ms: Option<f64>,
    model: Option<&'a str>,
    provider: Option<&'a str>,
    token_usage: Option<&'a TokenUsage>,
    token_usage_source: Option<&'static str>,
    cost: Option<Cost>,
    inputs: Option<&'a Json>,
    outputs: Option<&'a Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<ObjectJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<EventJson<'a>>>,
    exception: Option<ExceptionJson<'a>>,
    handled_failure: Option<FailureJson<'a>>,
    links: Vec<LinkJson<'a>>,
    /// Agent of the span; `None` in lists across traces, since it depends on the other spans of the trace.
    agent: Option<&'a str>,
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

#[derive(Debug, Serialize)]
struct EventJson<'a> {
    name: &'a str,
    time_ns: i64,
    attributes: ObjectJson<'a>,
}

#[derive(Debug, Serialize)]
pub(crate) struct FailureJson<'a> {
    pub(crate) message: &'a str,
}

impl<'a> From<&'a str> for FailureJson<'a> {
    fn from(message: &'a str) -> Self {
        Self { message }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct ExceptionJson<'a> {
    r#type: Option<&'a str>,
    message: Option<&'a str>,
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

#[derive(Debug, Serialize)]
struct LinkJson<'a> {
    trace_id: &'a str,
    span_id: &'a str,
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
            duration_ms: span.duration_ns().map(|nanos| nanos as f64 / 1e6),
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

#[derive(Debug, Serialize)]
pub(super) struct ProblemJson {
    kind: Cow<'static, str>,
    message: String,
    path: Option<String>,
}

impl From<Problem> for ProblemJson {
    fn from(problem: Problem) -> Self {
        Self { kind: problem.kind, message: problem.message, path: problem.path }
    }
}

#[derive(Debug, Serialize)]
pub(crate) struct ExperimentJson<'a> {
    experiment_id: &'a str,
    name: &'a str,
    lifecycle_stage: &'a str,
    workspace: Option<&'a str>,
    artifact_location: Option<&'a str>,
    creation_time: Option<Timestamp>,
    last_update_time: Option<Timestamp>,
    tags: &'a Labels,
    trace_count: u64,
    error_count: u64,
    last_trace_time: Option<Timestamp>,
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
