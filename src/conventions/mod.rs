//! Attribute conventions: translate the span attributes of other instrumentations to MLflow's.
//!
//! Since 3.6, MLflow's server translates such spans when it stores them, and only then (`tracing/otel/translation`,
//! 3.18). mltrace translates them when it reads them, so that older stores and files give the same result.
//!
//! # Adding a convention
//!
//! One file and one line:
//!
//! ```ignore
//! // src/conventions/acme.rs
//! //! Acme Tracing.
//! use super::convention::Convention;
//!
//! pub(super) const CONVENTION: Convention =
//!     Convention { prefixes: &["acme."], models: &["acme.model"], inputs: &["acme.input"], ..Convention::NONE };
//! ```
//!
//! and `acme` in the list below. For each field, the first convention in the list with a value wins: the ones that
//! MLflow knows come first, in MLflow's order, then the others.

mod convention;
mod gen_ai_events;
mod indexed;

use crate::json::Json;
use crate::model::{Payload, SpanEvent, TokenUsage, UsageScope};
pub(crate) use convention::Attributes;
use convention::{AttributeKeys, Convention, Direction, TokenKeys, is_container, is_truthy, structured};

/// Declares the modules and the list of their conventions.
macro_rules! conventions {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// All conventions, in order of precedence.
        const ALL: &[&Convention] = &[$(&$module::CONVENTION),*];
    };
}

conventions! {
    openinference
    gemini_cli
    claude_code
    gen_ai
    spring_ai
    strands
    traceloop
    google_adk
    vercel
    voltagent
    livekit
    laminar
    langfuse
    respan
    ag2
    agno
    autogen_core
    crewai
    haystack
    llama_index
    logfire
    mlflow_flavors
    smolagents
}

/// Whether a key belongs to one of the conventions. Spans without such a key are not examined further.
pub(crate) fn is_convention_key(key: &str) -> bool {
    let has_prefix = |convention: &&Convention| convention.prefixes.iter().any(|prefix| key.starts_with(prefix));
    !key.starts_with("mlflow.") && ALL.iter().any(has_prefix)
}

/// Returns the keys of a field, of all conventions.
fn keys(field: fn(&Convention) -> AttributeKeys) -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(move |convention| field(convention)).copied()
}

/// Returns the span type, which MLflow also derives when it loads a span.
pub(crate) fn span_type(attributes: &dyn Attributes) -> Option<&'static str> {
    ALL.iter().find_map(|convention| {
        let by_kind = convention.span_types.iter().find_map(|(key, kinds)| {
            let kind = attributes.text(key)?;
            kinds.iter().find(|(name, _)| *name == kind).map(|(_, span_type)| *span_type)
        });
        by_kind.or_else(|| (convention.span_type)(attributes))
    })
}

/// Returns the token counts of the first convention with any: a span may have the same counts under several names.
/// Missing details (cached and reasoning tokens) are filled in from other conventions with the same output count.
pub(crate) fn usage(attributes: &dyn Attributes) -> Option<TokenUsage> {
    let count = |keys: AttributeKeys| keys.iter().find_map(|key| attributes.get(key)?.as_i64());
    let read = |keys: &TokenKeys| {
        let (input, output) = (count(keys.input), count(keys.output));
        let sum = || Some(input?.saturating_add(output?));
        let total = count(keys.total).or_else(sum);
        input.or(output).or(total)?;
        let details = [count(keys.cache_read), count(keys.cache_creation), None, count(keys.reasoning)];
        Some(TokenUsage { input_tokens: input, output_tokens: output, total_tokens: total, details, other: Vec::new() })
    };
    let mut found = ALL.iter().flat_map(|convention| convention.tokens).filter_map(read);
    let mut usage = found.next()?;
    for other in found.filter(|other| other.output_tokens == usage.output_tokens) {
        for (detail, found) in usage.details.iter_mut().zip(other.details) {
            *detail = detail.or(found);
        }
    }
    Some(usage)
}

/// Returns what the tokens of the span include.
pub(crate) fn usage_scope(attributes: &dyn Attributes) -> UsageScope {
    let mut scopes = ALL.iter().flat_map(|convention| convention.usage_scopes);
    let known = scopes.find(|(key, value, _)| attributes.text(key).as_deref() == Some(value));
    let is_unrecorded = || keys(|convention| convention.unrecorded_call_keys).any(|key| attributes.get(key).is_some());
    match known {
        Some((_, _, scope)) => *scope,
        None if is_unrecorded() => UsageScope::UnrecordedCalls,
        None => UsageScope::Span,
    }
}

/// Returns the usage object of a provider.
pub(crate) fn usage_object(attributes: &dyn Attributes) -> Option<Json> {
    ALL.iter().find_map(|convention| (convention.usage_object)(attributes))
}

/// Whether a span of this name does not call a model, despite its type.
pub(crate) fn is_non_call(name: &str) -> bool {
    keys(|convention| convention.non_call_suffixes).any(|end| name.ends_with(end))
}

/// Returns the provider's response id.
pub(crate) fn response_id(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.response_ids).find_map(|key| attributes.text(key))
}

/// Returns the text of a span whose name is a template.
pub(crate) fn title(attributes: &dyn Attributes, name: &str) -> Option<String> {
    let is_template = name.contains('{') && name.contains('}');
    is_template.then(|| keys(|convention| convention.title_keys).find_map(|key| attributes.text(key)))?
}

/// Returns the model.
pub(crate) fn model(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.models).find_map(|key| attributes.get(key).filter(is_truthy)?.as_string())
}

/// Returns the provider of the model.
pub(crate) fn provider(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.providers).find_map(|key| attributes.get(key).filter(is_truthy)?.as_string())
}

/// Returns the name of the agent of a span of type AGENT.
pub(crate) fn agent_name(attributes: &dyn Attributes, span: &str) -> Option<String> {
    let agent_of_run = || ALL.iter().find_map(|convention| (convention.agent_of_run)(attributes, span));
    keys(|convention| convention.agent_names).find_map(|key| attributes.text(key)).or_else(agent_of_run)
}

/// Returns the name of the agent of a span of any other type.
pub(crate) fn agent(attributes: &dyn Attributes) -> Option<String> {
    ALL.iter().find_map(|convention| (convention.agent)(attributes)).filter(|name| !name.is_empty())
}

/// Returns the name of the tool of a span of type TOOL.
pub(crate) fn tool_name(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.tool_names).find_map(|key| attributes.text(key))
}

/// Whether a span of type TOOL does not run a tool, by the tool name in its attributes.
pub(crate) fn is_non_tool(name: &str) -> bool {
    keys(|convention| convention.non_tool_names).any(|known| known == name)
}

/// Returns the tool call id of a span of type TOOL.
pub(crate) fn tool_call_id(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.tool_call_ids).find_map(|key| attributes.text(key))
}

/// Returns the inputs.
pub(crate) fn inputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    value(attributes, events, Direction::Inputs, |convention| convention.inputs)
}

/// Returns the outputs.
pub(crate) fn outputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    value(attributes, events, Direction::Outputs, |convention| convention.outputs)
}

fn value(
    attributes: &dyn Attributes,
    events: &[SpanEvent],
    direction: Direction,
    field: fn(&Convention) -> AttributeKeys,
) -> Option<Json> {
    let first = keys(field).find_map(|key| attributes.get(key).map(structured).filter(is_truthy));
    if first.as_ref().is_some_and(is_container) {
        return first;
    }
    let messages = ALL.iter().find_map(|convention| (convention.messages)(attributes, direction));
    let fallback = || ALL.iter().find_map(|convention| (convention.fallback)(attributes, events, direction));
    messages.or(first).or_else(fallback)
}

/// Whether an event of this name marks the first chunk of a streamed response. MLflow records chunks as events (2.20
/// on, `tracing/utils/__init__.py`, `STREAM_CHUNK_EVENT_NAME_FORMAT`).
pub(crate) fn is_first_token(event_name: &str) -> bool {
    event_name == "mlflow.chunk.item.0"
        || keys(|convention| convention.first_token_events).any(|name| name == event_name)
}

/// Returns the session and the user of the trace.
pub(crate) fn session_and_user(attributes: &dyn Attributes) -> (Option<String>, Option<String>) {
    let first = |field| keys(field).find_map(|key| attributes.get(key).filter(is_truthy)?.as_string());
    (first(|convention| convention.sessions), first(|convention| convention.users))
}

/// Returns the session of the trace (`SpanAttributeKey.SESSION_ID`, and others).
#[must_use]
pub fn session_of(payload: &Payload) -> Option<String> {
    first_attribute_text(payload, |convention| convention.sessions)
}

/// Returns the user of the trace.
#[must_use]
pub fn user_of(payload: &Payload) -> Option<String> {
    first_attribute_text(payload, |convention| convention.users)
}

/// Returns the first attribute with a value among those that the conventions name, as text.
fn first_attribute_text(payload: &Payload, field: fn(&Convention) -> AttributeKeys) -> Option<String> {
    keys(field).find_map(|key| payload.attribute(key).filter(|value| is_truthy(value)).map(Json::display))
}

#[cfg(test)]
mod tests;
