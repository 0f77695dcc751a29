//! What a convention is made of.

use crate::json::lenient;
use crate::model::{Json, SpanEvent, UsageScope};

/// Keys of attributes, or names; the first one that a span has wins.
pub(super) type AttributeKeys = &'static [&'static str];

/// A convention: the attributes in which an instrumentation keeps what MLflow keeps in its own. Whatever it has no
/// attribute for is left out, with `..Convention::NONE`.
pub(super) struct Convention {
    /// How the keys of its tokens, models, inputs and outputs begin: spans without any such key need no second look.
    pub(super) prefixes: AttributeKeys,
    /// The key of a span's kind, and MLflow's span type for each kind.
    pub(super) span_types: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    /// MLflow's span type, where more than one attribute decides it. Used after `span_types`.
    pub(super) span_type: fn(&dyn Attributes) -> Option<&'static str>,
    /// Token counts.
    pub(super) tokens: &'static [TokenKeys],
    /// Attributes, their values, and the scope that they give the tokens of the span.
    pub(super) usage_scopes: &'static [(&'static str, &'static str, UsageScope)],
    /// Suffixes of the names of spans that call no model, despite their type.
    pub(super) no_calls: AttributeKeys,
    /// Attributes that mark an agent whose framework records no calls of models.
    pub(super) unseen_calls: AttributeKeys,
    /// The provider's id of the response.
    pub(super) response_ids: AttributeKeys,
    /// A provider's usage object. Used where none of `tokens` is set.
    pub(super) usage_object: fn(&dyn Attributes) -> Option<Json>,
    /// The text that the name of the span is a template of.
    pub(super) titles: AttributeKeys,
    /// The model called.
    pub(super) models: AttributeKeys,
    /// Who runs the model.
    pub(super) providers: AttributeKeys,
    /// What went in.
    pub(super) inputs: AttributeKeys,
    /// What came out.
    pub(super) outputs: AttributeKeys,
    /// Messages that are spread over attributes. They replace a plain text among `inputs` or `outputs`, which is a part of
    /// them.
    pub(super) messages: fn(&dyn Attributes, Direction) -> Option<Json>,
    /// What went in or came out, where no attribute above has it.
    pub(super) elsewhere: fn(&dyn Attributes, &[SpanEvent], Direction) -> Option<Json>,
    /// The name of the agent, in a span of type AGENT.
    pub(super) agent_names: AttributeKeys,
    /// The name of the agent whose run a span of type AGENT is, where no attribute of its own has it. Given the name of the
    /// span too.
    pub(super) agent_of_run: fn(&dyn Attributes, &str) -> Option<String>,
    /// The agent whose work a span of any other type is.
    pub(super) agent: fn(&dyn Attributes) -> Option<String>,
    /// The name of the tool, in a span of type TOOL.
    pub(super) tool_names: AttributeKeys,
    /// The names of spans of type TOOL in which no tool runs.
    pub(super) no_tools: AttributeKeys,
    /// The id of the tool call, in a span of type TOOL.
    pub(super) tool_call_ids: AttributeKeys,
    /// The session that the trace belongs to.
    pub(super) sessions: AttributeKeys,
    /// The user of the trace.
    pub(super) users: AttributeKeys,
    /// The events that mark the first piece of a streamed answer.
    pub(super) first_token: AttributeKeys,
}

/// The keys of token counts.
pub(super) struct TokenKeys {
    pub(super) input: AttributeKeys,
    pub(super) output: AttributeKeys,
    /// Where none is set, the total is the sum of input and output.
    pub(super) total: AttributeKeys,
    pub(super) cache_read: AttributeKeys,
    pub(super) cache_creation: AttributeKeys,
    pub(super) reasoning: AttributeKeys,
}

/// Which way a value went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Into the span.
    Inputs,
    /// Out of it.
    Outputs,
}

impl Convention {
    /// A convention that has nothing.
    pub(super) const NONE: Self = Self {
        prefixes: &[],
        span_types: &[],
        span_type: |_| None,
        tokens: &[],
        usage_scopes: &[],
        no_calls: &[],
        unseen_calls: &[],
        response_ids: &[],
        usage_object: |_| None,
        titles: &[],
        models: &[],
        providers: &[],
        inputs: &[],
        outputs: &[],
        messages: |_, _| None,
        elsewhere: |_, _, _| None,
        agent_names: &[],
        agent_of_run: |_, _| None,
        agent: |_| None,
        tool_names: &[],
        no_tools: &[],
        tool_call_ids: &[],
        sessions: &[],
        users: &[],
        first_token: &[],
    };
}

impl TokenKeys {
    /// No counts.
    pub(super) const NONE: Self =
        Self { input: &[], output: &[], total: &[], cache_read: &[], cache_creation: &[], reasoning: &[] };
}

/// Looks attributes up, however they are stored.
pub(crate) trait Attributes {
    /// One attribute, decoded.
    fn get(&self, key: &str) -> Option<Json>;
    /// All keys, in the order written.
    fn keys(&self) -> Vec<&str>;
    /// Whether there is any key with this prefix.
    fn has_prefix(&self, prefix: &str) -> bool;

    /// One attribute as text; `None` for `null` and an empty string too.
    fn text(&self, key: &str) -> Option<String> {
        self.get(key).filter(|json| !json.is_null()).map(|json| json.display()).filter(|text| !text.is_empty())
    }
}

/// Decodes an object or a list that a convention stores as a string; other values are returned as they are.
pub(super) fn structured(value: Json) -> Json {
    let inner = value.as_string().and_then(|text| lenient::json(&text)).filter(is_container);
    inner.unwrap_or(value)
}

/// Whether a value is an object or a list.
pub(super) fn is_container(value: &Json) -> bool {
    value.text().starts_with(['{', '['])
}

/// Python's notion of truth, by which MLflow passes over values (`OtelSchemaTranslator._get_and_check_attribute_value`).
pub(super) fn says_something(value: &Json) -> bool {
    !matches!(value.text(), "null" | "\"\"" | "{}" | "[]" | "0" | "false")
}
