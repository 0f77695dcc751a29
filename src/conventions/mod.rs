//! Attribute conventions: translate the span attributes of other instrumentations to MLflow's.
//!
//! MLflow's server translates such spans since 3.6 as it stores them, and only there (`tracing/otel/translation`, 3.18).
//! Here they are translated when read, so that older stores and files give the same result.
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
//! and `acme` in the list below. For each field the first convention of the list that has a value wins, so its place is its
//! precedence: those that MLflow knows come first, in MLflow's order, then the others.

mod convention;
mod gen_ai_events;
mod indexed;

use crate::model::{Json, Payload, SpanEvent, TokenUsage, UsageScope};
pub(crate) use convention::Attributes;
use convention::{AttributeKeys, Convention, Direction, TokenKeys, is_container, says_something, structured};

/// Makes the modules and the list of them.
macro_rules! conventions {
    ($($module:ident)*) => {
        $(mod $module;)*

        /// All conventions, in the order of precedence.
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

/// Whether a key belongs to one of the conventions: spans that have none of them need no second look.
pub(crate) fn is_foreign(key: &str) -> bool {
    let is_one = |convention: &&Convention| convention.prefixes.iter().any(|prefix| key.starts_with(prefix));
    !key.starts_with("mlflow.") && ALL.iter().any(is_one)
}

/// The keys of a field, over all conventions.
fn keys(field: fn(&Convention) -> AttributeKeys) -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(move |convention| field(convention)).copied()
}

/// The span type, which MLflow derives too when it loads a span.
pub(crate) fn span_type(attributes: &dyn Attributes) -> Option<&'static str> {
    ALL.iter().find_map(|convention| {
        let of_kind = convention.span_types.iter().find_map(|(key, kinds)| {
            let kind = attributes.text(key)?;
            kinds.iter().find(|(name, _)| *name == kind).map(|(_, span_type)| *span_type)
        });
        of_kind.or_else(|| (convention.span_type)(attributes))
    })
}

/// Token counts: of the first convention that has any, as one span may have the same counts under several names, with what
/// others that count the same know of cached and reasoning tokens.
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

/// What the tokens of the span are those of.
pub(crate) fn usage_scope(attributes: &dyn Attributes) -> UsageScope {
    let mut scopes = ALL.iter().flat_map(|convention| convention.usage_scopes);
    let known = scopes.find(|(key, value, _)| attributes.text(key).as_deref() == Some(value));
    let is_unseen = || keys(|convention| convention.unseen_calls).any(|key| attributes.get(key).is_some());
    match known {
        Some((_, _, scope)) => *scope,
        None if is_unseen() => UsageScope::UnseenCalls,
        None => UsageScope::Span,
    }
}

/// A usage object in the words of a provider.
pub(crate) fn usage_object(attributes: &dyn Attributes) -> Option<Json> {
    ALL.iter().find_map(|convention| (convention.usage_object)(attributes))
}

/// Whether a span of this name calls no model, despite its type.
pub(crate) fn is_no_call(name: &str) -> bool {
    keys(|convention| convention.no_calls).any(|end| name.ends_with(end))
}

/// The provider's id of the response.
pub(crate) fn response_id(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.response_ids).find_map(|key| attributes.text(key))
}

/// The text that the name of the span is a template of, where it is one.
pub(crate) fn title(attributes: &dyn Attributes, name: &str) -> Option<String> {
    let is_template = name.contains('{') && name.contains('}');
    is_template.then(|| keys(|convention| convention.titles).find_map(|key| attributes.text(key)))?
}

/// The model called.
pub(crate) fn model(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.models).find_map(|key| attributes.get(key).filter(says_something)?.as_string())
}

/// Who runs the model.
pub(crate) fn provider(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.providers).find_map(|key| attributes.get(key).filter(says_something)?.as_string())
}

/// The name of the agent, in a span of type AGENT.
pub(crate) fn agent_name(attributes: &dyn Attributes, span: &str) -> Option<String> {
    let of_run = || ALL.iter().find_map(|convention| (convention.agent_of_run)(attributes, span));
    keys(|convention| convention.agent_names).find_map(|key| attributes.text(key)).or_else(of_run)
}

/// The agent whose work a span of any other type is.
pub(crate) fn agent(attributes: &dyn Attributes) -> Option<String> {
    ALL.iter().find_map(|convention| (convention.agent)(attributes)).filter(|name| !name.is_empty())
}

/// The name of the tool, in a span of type TOOL.
pub(crate) fn tool_name(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.tool_names).find_map(|key| attributes.text(key))
}

/// Whether a span of type TOOL, with a name that an attribute gives it, is none.
pub(crate) fn is_no_tool(name: &str) -> bool {
    keys(|convention| convention.no_tools).any(|known| known == name)
}

/// The id of the tool call, in a span of type TOOL.
pub(crate) fn tool_call_id(attributes: &dyn Attributes) -> Option<String> {
    keys(|convention| convention.tool_call_ids).find_map(|key| attributes.text(key))
}

/// What went in.
pub(crate) fn inputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    value(attributes, events, Direction::Inputs, |convention| convention.inputs)
}

/// What came out.
pub(crate) fn outputs(attributes: &dyn Attributes, events: &[SpanEvent]) -> Option<Json> {
    value(attributes, events, Direction::Outputs, |convention| convention.outputs)
}

fn value(
    attributes: &dyn Attributes,
    events: &[SpanEvent],
    side: Direction,
    field: fn(&Convention) -> AttributeKeys,
) -> Option<Json> {
    let first = keys(field).find_map(|key| attributes.get(key).map(structured).filter(says_something));
    if first.as_ref().is_some_and(is_container) {
        return first;
    }
    let messages = ALL.iter().find_map(|convention| (convention.messages)(attributes, side));
    let elsewhere = || ALL.iter().find_map(|convention| (convention.elsewhere)(attributes, events, side));
    messages.or(first).or_else(elsewhere)
}

/// Whether an event of this name marks the first piece of a streamed answer. MLflow's own are its chunks (2.20 on,
/// `tracing/utils/__init__.py`, `STREAM_CHUNK_EVENT_NAME_FORMAT`).
pub(crate) fn is_first_token(event_name: &str) -> bool {
    event_name == "mlflow.chunk.item.0" || keys(|convention| convention.first_token).any(|name| name == event_name)
}

/// The session and the user of the trace.
pub(crate) fn session_and_user(attributes: &dyn Attributes) -> (Option<String>, Option<String>) {
    let of = |field| keys(field).find_map(|key| attributes.get(key).filter(says_something)?.as_string());
    (of(|convention| convention.sessions), of(|convention| convention.users))
}

/// The session of the trace (`SpanAttributeKey.SESSION_ID`, and others).
#[must_use]
pub fn session_of(payload: &Payload) -> Option<String> {
    text_of(payload, |convention| convention.sessions)
}

/// The user of the trace.
#[must_use]
pub fn user_of(payload: &Payload) -> Option<String> {
    text_of(payload, |convention| convention.users)
}

fn text_of(payload: &Payload, field: fn(&Convention) -> AttributeKeys) -> Option<String> {
    keys(field).find_map(|key| payload.attribute(key).filter(|value| says_something(value)).map(Json::display))
}

#[cfg(test)]
mod tests;
