//! Derives a trace record from spans, as MLflow's server does for the spans that it receives
//! (`store/tracking/sqlalchemy_store.py`, `_log_spans_once` and `_update_trace_info_attributes`, MLflow 3.18).

use crate::formats;
use crate::json::Json;
use crate::model::{
    Experiment, Labels, Payload, Span, SpanId, SpanStatus, Timestamp, TokenUsage, TraceInfo, TraceState, keys,
};
use std::collections::HashMap;

/// Facts about a trace, accumulated from its spans.
#[derive(Default)]
pub(super) struct SpanFacts {
    start: Option<i64>,
    end: Option<i64>,
    root: Option<RootFacts>,
    session: Option<String>,
    user: Option<String>,
    metadata: Vec<(String, String)>,
    resource: Vec<(String, Json)>,
    spans: Vec<(SpanId, Option<SpanId>, Option<TokenUsage>)>,
}

/// Facts from the root span.
struct RootFacts {
    start: i64,
    name: String,
    is_error: bool,
    request: Option<String>,
    response: Option<String>,
    tags: Vec<(String, String)>,
}

/// Prefix of root span attributes that are tags of the trace (since MLflow 3.13).
const TRACE_TAG_PREFIX: &str = "mlflow.traceTag.";

impl SpanFacts {
    /// Adds the facts of a span.
    pub(super) fn add(&mut self, span: &Span, resource: &[(String, Json)]) {
        self.start = Some(self.start.map_or(span.start.0, |start| start.min(span.start.0)));
        self.end = self.end.max(span.end.map(|end| end.0));
        self.spans.push((span.id.clone(), span.parent.clone(), span.usage().cloned()));
        if self.resource.is_empty() {
            self.resource.extend_from_slice(resource);
        }
        let Some(payload) = &span.payload else { return };
        self.session = self.session.take().or_else(|| formats::session_of(payload));
        self.user = self.user.take().or_else(|| formats::user_of(payload));
        self.add_respan_metadata(payload);
        // Of several roots, the earliest one is used.
        if span.parent.is_none() && self.root.as_ref().is_none_or(|root| span.start.0 < root.start) {
            self.root = Some(RootFacts::from_span(span, payload));
        }
    }

    /// Adds metadata of the trace that Respan repeats in every span.
    fn add_respan_metadata(&mut self, payload: &Payload) {
        for (key, value) in &payload.attributes {
            let name =
                key.strip_prefix("respan.metadata.").or_else(|| (key == "respan.environment").then_some("environment"));
            if let Some(name) = name {
                self.metadata.push((name.to_owned(), value.display()));
            }
        }
    }

    /// Builds the record.
    pub(super) fn info(&self, trace_id: &str, experiment: &Experiment) -> TraceInfo {
        let millis = |nanos: i64| nanos.div_euclid(1_000_000);
        let start = millis(self.start.unwrap_or_default());
        let usage = self.total_usage();
        let mut tags = Labels::default();
        let root = self.root.as_ref();
        for (key, value) in root.into_iter().flat_map(|root| &root.tags) {
            tags.add(key, value);
        }
        for (key, value) in &self.resource {
            if !key.starts_with("telemetry.sdk.") && !key.starts_with("mlflow.") {
                tags.add(key, &value.display());
            }
        }
        let mut metadata = Labels::default();
        for (key, value) in [(keys::SESSION, &self.session), (keys::USER, &self.user)] {
            if let Some(value) = value {
                metadata.add(key, value);
            }
        }
        for (key, value) in &self.metadata {
            metadata.add(key, value);
        }
        let state = match root {
            Some(root) if root.is_error => TraceState::Error,
            Some(_) => TraceState::Ok,
            None => TraceState::InProgress,
        };
        let (experiment_id, start_time) = (experiment.experiment_id.clone(), Timestamp::from_millis(start));
        TraceInfo {
            experiment_name: Some(experiment.name.clone()),
            name: tags.get(keys::NAME).map(str::to_owned),
            root_name: root.map(|root| root.name.clone()),
            execution_duration_ms: self.end.map(|end| millis(end) - start),
            span_count: Some(self.spans.len() as u64),
            recorded_usage: usage,
            request_preview: root.and_then(|root| root.request.clone()),
            response_preview: root.and_then(|root| root.response.clone()),
            tags,
            metadata,
            ..TraceInfo::new(trace_id.to_owned(), experiment_id, state, start_time)
        }
    }

    /// Sums the tokens of all spans without an ancestor that has tokens (MLflow's `aggregate_usage_from_span_nodes`).
    fn total_usage(&self) -> Option<TokenUsage> {
        let index: HashMap<&SpanId, (Option<&SpanId>, bool)> =
            self.spans.iter().map(|(id, parent, usage)| (id, (parent.as_ref(), usage.is_some()))).collect();
        let mut total: Option<TokenUsage> = None;
        for (_, parent, usage) in &self.spans {
            let Some(usage) = usage else { continue };
            let ancestors = std::iter::successors(parent.as_ref(), |id| index.get(id)?.0);
            // Bounded, since parent links may form a cycle.
            let mut ancestors = ancestors.take(index.len());
            if !ancestors.any(|id| index.get(id).is_some_and(|(_, has_usage)| *has_usage)) {
                total.get_or_insert_default().add(usage);
            }
        }
        total
    }
}

impl RootFacts {
    fn from_span(span: &Span, payload: &Payload) -> Self {
        let tag =
            |(key, value): &(String, Json)| Some((key.strip_prefix(TRACE_TAG_PREFIX)?.to_owned(), value.display()));
        Self {
            start: span.start.0,
            name: span.name.clone(),
            is_error: span.status == SpanStatus::Error,
            request: payload.inputs().map(|inputs| preview(inputs, "user")),
            response: payload.outputs().map(|outputs| preview(outputs, "assistant")),
            tags: payload.attributes.iter().filter_map(tag).collect(),
        }
    }
}

/// Length in characters to which MLflow truncates previews.
const MAX_PREVIEW_CHARS: usize = 1_000;

/// Returns the text of the last message of a role, else the whole value (`tracing/utils/truncation.py`, since MLflow
/// 3.6).
fn preview(value: &Json, role: &str) -> String {
    let text = last_message(value, role).filter(|text| !text.is_empty()).unwrap_or_else(|| value.text().to_owned());
    if text.chars().nth(MAX_PREVIEW_CHARS).is_none() {
        return text;
    }
    text.chars().take(MAX_PREVIEW_CHARS - 3).chain("...".chars()).collect()
}

fn last_message(value: &Json, role: &str) -> Option<String> {
    let list = ["messages", "input", "output"].iter().find_map(|key| value.member(key)?.items());
    let choice = || Some(vec![value.member("choices")?.items()?.first()?.member("message")?]);
    let messages = list.or_else(choice).or_else(|| value.member("request")?.member("messages")?.items())?;
    let is_message = |message: &&Json| message.member("role").is_some() && message.member("content").is_some();
    let messages: Vec<&Json> = messages.iter().filter(is_message).collect();
    let of_role =
        messages.iter().rev().find(|message| message.member("role").is_some_and(|value| value.display() == role));
    let content = of_role.or(messages.last())?.member("content")?;
    content.as_string().or_else(|| {
        let texts = content.items()?;
        texts.iter().find_map(|part| part.as_string().or_else(|| part.member("text")?.as_string()))
    })
}
