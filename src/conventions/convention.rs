//! The definition of a convention.

use crate::json::Json;
use crate::json::lenient;
use crate::model::{SpanEvent, UsageScope};

/// Attribute keys, or names; the first one that a span has wins.
pub(super) type AttributeKeys = &'static [&'static str];

/// The attributes in which an instrumentation records what MLflow records in its own. Fields without an attribute are
/// left out with `..Convention::NONE`.
pub(super) struct Convention {
    /// Prefixes of the keys of its tokens, models, inputs and outputs. Spans without such a key are not examined
    /// further.
    pub(super) prefixes: AttributeKeys,
    /// Keys of the span kind, each with pairs of a kind and MLflow's span type.
    pub(super) span_types: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// MLflow's span type, if it depends on more than one attribute. Used after `span_types`.
    pub(super) span_type: fn(&dyn Attributes) -> Option<&'static str>,
    /// Token counts.
    pub(super) tokens: &'static [TokenKeys],
    /// Triples of an attribute key, its value, and the scope of the tokens of a span with that value.
    pub(super) usage_scopes: &'static [(&'static str, &'static str, UsageScope)],
    /// Suffixes of the names of spans that do not call a model, despite their type.
    pub(super) non_call_suffixes: AttributeKeys,
    /// Attributes of agents whose framework does not record model calls.
    pub(super) unrecorded_call_keys: AttributeKeys,
    /// The provider's response id.
    pub(super) response_ids: AttributeKeys,
    /// A provider's usage object. Used if none of `tokens` is set.
    pub(super) usage_object: fn(&dyn Attributes) -> Option<Json>,
    /// The text of a span whose name is a template.
    pub(super) title_keys: AttributeKeys,
    /// The model.
    pub(super) models: AttributeKeys,
    /// The provider of the model.
    pub(super) providers: AttributeKeys,
    /// The inputs.
    pub(super) inputs: AttributeKeys,
    /// The outputs.
    pub(super) outputs: AttributeKeys,
    /// Messages that are spread over attributes. They replace plain text in `inputs` or `outputs`, which is only a part
    /// of them.
    pub(super) messages: fn(&dyn Attributes, Direction) -> Option<Json>,
    /// The inputs or outputs, if none of the attributes above is set.
    pub(super) fallback: fn(&dyn Attributes, &[SpanEvent], Direction) -> Option<Json>,
    /// The name of the agent, in a span of type AGENT.
    pub(super) agent_names: AttributeKeys,
    /// The name of the agent, in a span of type AGENT that records its run, if no attribute of `agent_names` is set.
    /// The second argument is the span name.
    pub(super) agent_of_run: fn(&dyn Attributes, &str) -> Option<String>,
    /// The name of the agent, in a span of any other type.
    pub(super) agent: fn(&dyn Attributes) -> Option<String>,
    /// The name of the tool, in a span of type TOOL.
    pub(super) tool_names: AttributeKeys,
    /// The names of spans of type TOOL that do not run a tool.
    pub(super) non_tool_names: AttributeKeys,
    /// The tool call id, in a span of type TOOL.
    pub(super) tool_call_ids: AttributeKeys,
    /// The session of the trace.
    pub(super) sessions: AttributeKeys,
    /// The user of the trace.
    pub(super) users: AttributeKeys,
    /// The names of events that mark the first chunk of a streamed response.
    pub(super) first_token_events: AttributeKeys,
}

/// The keys of token counts.
pub(super) struct TokenKeys {
    pub(super) input: AttributeKeys,
    pub(super) output: AttributeKeys,
    /// If none is set, the total is the sum of input and output.
    pub(super) total: AttributeKeys,
    pub(super) cache_read: AttributeKeys,
    pub(super) cache_creation: AttributeKeys,
    pub(super) reasoning: AttributeKeys,
}

/// The direction of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Into the span.
    Inputs,
    /// Out of the span.
    Outputs,
}

impl Convention {
    /// An empty convention.
    pub(super) const NONE: Self = Self {
        prefixes: &[],
        span_types: &[],
        span_type: |_| None,
        tokens: &[],
        usage_scopes: &[],
        non_call_suffixes: &[],
        unrecorded_call_keys: &[],
        response_ids: &[],
        usage_object: |_| None,
        title_keys: &[],
        models: &[],
        providers: &[],
        inputs: &[],
        outputs: &[],
        messages: |_, _| None,
        fallback: |_, _, _| None,
        agent_names: &[],
        agent_of_run: |_, _| None,
        agent: |_| None,
        tool_names: &[],
        non_tool_names: &[],
        tool_call_ids: &[],
        sessions: &[],
        users: &[],
        first_token_events: &[],
    };
}

impl TokenKeys {
    /// No counts.
    pub(super) const NONE: Self =
        Self { input: &[], output: &[], total: &[], cache_read: &[], cache_creation: &[], reasoning: &[] };
}

/// Attributes of a span, independent of how they are stored.
pub(crate) trait Attributes {
    /// Returns an attribute, decoded.
    fn get(&self, key: &str) -> Option<Json>;
    /// Returns all keys, in the order written.
    fn keys(&self) -> Vec<&str>;
    /// Whether a key with this prefix exists.
    fn has_prefix(&self, prefix: &str) -> bool;

    /// Returns an attribute as text; `None` also for `null` and an empty string.
    fn text(&self, key: &str) -> Option<String> {
        self.get(key).filter(|json| !json.is_null()).map(|json| json.display()).filter(|text| !text.is_empty())
    }
}

/// Decodes an object or list that a convention stores as a string; other values are returned unchanged.
pub(super) fn structured(value: Json) -> Json {
    let inner = value.as_string().and_then(|text| lenient::parse_json(&text)).filter(is_container);
    inner.unwrap_or(value)
}

/// Whether a value is an object or a list.
pub(super) fn is_container(value: &Json) -> bool {
    value.text().starts_with(['{', '['])
}

/// Whether Python considers a value true; MLflow skips other values
/// (`OtelSchemaTranslator._get_and_check_attribute_value`).
pub(super) fn is_truthy(value: &Json) -> bool {
    !matches!(value.text(), "null" | "\"\"" | "{}" | "[]" | "0" | "false")
}
