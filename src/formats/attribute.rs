//! Span attributes. MLflow's Python client writes each value as JSON inside a string; other clients write plain values.

use super::{lenient, response};
use crate::conventions::{self, Attributes};
use crate::frameworks;
use crate::json::{Json, Members};
use crate::model::{Cost, SpanEvent, SpanType, SpeakerSigns, TokenUsage, ToolMention, UsageScope};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How much of a span is decoded. Each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpanDetail {
    /// What is needed to report usage: names, times, type, tokens, model, cost.
    Calls,
    /// What a tree shows: the last exception, and tool failures that left no exception.
    Tree,
    /// All exceptions.
    Exceptions,
    /// Everything.
    All,
}

/// Span attributes, not decoded yet.
pub(super) struct RawAttributes<'a> {
    members: Members<'a>,
    /// Whether some keys are not MLflow's. Without such keys, no other is looked for.
    has_other_keys: bool,
    /// Whether some keys belong to conventions other than MLflow's.
    is_foreign: bool,
}

impl<'a> RawAttributes<'a> {
    pub(super) fn new(members: Members<'a>) -> Self {
        let has_other_keys = members.0.iter().any(|(key, _)| !key.starts_with("mlflow."));
        let is_foreign = has_other_keys && members.0.iter().any(|(key, _)| conventions::is_convention_key(key));
        Self { members, has_other_keys, is_foreign }
    }

    /// Returns an attribute as written.
    fn raw(&self, key: &str) -> Option<&'a RawValue> {
        if self.has_other_keys || key.starts_with("mlflow.") { self.members.get(key) } else { None }
    }

    /// Decodes all attributes, one level each.
    pub(super) fn decode(&self) -> Vec<(String, Json)> {
        self.members.0.iter().map(|(key, raw)| (key.clone().into_owned(), decode_value(raw))).collect()
    }

    /// Returns the recorded span type, else the type by another convention, else the one in the database column.
    pub(super) fn span_type(&self, column: Option<&str>) -> SpanType {
        let known = |kind: &String| kind != "UNKNOWN";
        let recorded = self.text("mlflow.spanType");
        let kind = recorded
            .filter(known)
            .or_else(|| conventions::span_type(self).map(str::to_owned).filter(known))
            .or_else(|| column.map(str::to_owned));
        SpanType::new(kind)
    }

    /// Returns the recorded tokens; a value that is not an object counts as none. Reasoning and cached tokens that
    /// MLflow did not record are taken from another convention or from the response.
    pub(super) fn token_usage(&self, kind: &SpanType) -> Option<TokenUsage> {
        let mut usage = self.recorded_usage()?;
        if usage.is_empty() || !is_model_call(kind) {
            return Some(usage);
        }
        let by_convention = if self.is_foreign { conventions::usage(self) } else { None };
        let with_details = by_convention.or_else(|| {
            let raw = self.members.get("mlflow.spanOutputs").or_else(|| self.members.get("usage"))?;
            if response::may_have_details(raw.get()) { self.usage_from_response(kind) } else { None }
        });
        // Different output counts belong to another request.
        if let Some(found) = with_details.filter(|found| found.output_tokens == usage.output_tokens) {
            for (detail, found) in usage.details.iter_mut().zip(found.details) {
                *detail = detail.or(found.filter(|count| *count > 0));
            }
        }
        Some(usage)
    }

    /// Returns the tokens that MLflow recorded.
    fn recorded_usage(&self) -> Option<TokenUsage> {
        let raw = self.raw("mlflow.chat.tokenUsage")?;
        let usage = with_plain_members(raw, TokenUsage::from_members);
        usage.or_else(|| TokenUsage::from_json(&decode_value(raw)))
    }

    /// Returns tokens from another convention or from the response of a model call, if MLflow `recorded` none.
    pub(super) fn derived_usage(&self, kind: &SpanType, recorded: Option<&TokenUsage>) -> Option<TokenUsage> {
        if recorded.is_some_and(|usage| !usage.is_empty()) {
            return None;
        }
        let by_convention = if self.is_foreign { conventions::usage(self) } else { None };
        by_convention.or_else(|| self.usage_from_response(kind))
    }

    /// Returns the session id and the user id of the trace, by conventions other than MLflow's.
    pub(super) fn session_and_user(&self) -> (Option<String>, Option<String>) {
        if self.is_foreign { conventions::session_and_user(self) } else { (None, None) }
    }

    /// Returns the formatted span name, if the name is a template.
    pub(super) fn title(&self, name: &str) -> Option<String> {
        conventions::title(self, name)
    }

    /// Returns which calls the tokens of the span belong to.
    pub(super) fn usage_scope(&self, name: &str) -> UsageScope {
        match () {
            () if conventions::is_non_call(name) => UsageScope::NoCall,
            () if self.is_foreign => conventions::usage_scope(self),
            () => UsageScope::Span,
        }
    }

    /// Returns the provider's response id of a model call: from another convention, or from the first member of the
    /// response, which is where the OpenAI and Anthropic clients put it.
    pub(super) fn response_id(&self, kind: &SpanType) -> Option<String> {
        if !kind.is_llm() {
            return None;
        }
        let by_convention = if self.is_foreign { conventions::response_id(self) } else { None };
        by_convention.or_else(|| {
            let outputs = self.members.get("mlflow.spanOutputs")?.get();
            let id = outputs.strip_prefix(r#""{\"id\": \""#).or_else(|| outputs.strip_prefix(r#"{"id":""#))?;
            let end = memchr::memchr2(b'\\', b'"', id.as_bytes())?;
            Some(id[..end].to_owned())
        })
    }

    /// Returns tokens from the response of a model call, or from a usage object in another attribute.
    fn usage_from_response(&self, kind: &SpanType) -> Option<TokenUsage> {
        let from_response = || response::usage(&self.outputs()?);
        let usage_object = || if self.has_other_keys { conventions::usage_object(self) } else { None };
        let elsewhere = || response::parse_usage(&usage_object()?);
        if is_model_call(kind) { from_response().or_else(elsewhere) } else { elsewhere() }
    }

    /// Returns the outputs, as MLflow or another convention recorded them.
    fn outputs(&self) -> Option<Json> {
        let by_convention = || if self.is_foreign { conventions::outputs(self, &[]) } else { None };
        self.get("mlflow.spanOutputs").or_else(by_convention)
    }

    /// Returns the tool mentions of the span, and which hints about speakers its messages may hold. A cheap byte search
    /// comes first, so that only the few spans that may have either are parsed.
    pub(super) fn mentions(&self, kind: &SpanType) -> (Vec<ToolMention>, SpeakerSigns) {
        // These hold texts and numbers, not messages.
        if matches!(kind.as_str(), "EMBEDDING" | "RETRIEVER" | "RERANKER" | "PARSER") {
            return (Vec::new(), SpeakerSigns::None);
        }
        let scan = |raw: &RawValue| frameworks::PossibleMentions::scan(raw.get());
        let foreign = if self.is_foreign {
            self.members.0.iter().fold(frameworks::PossibleMentions::default(), |signs, (_, raw)| signs | scan(raw))
        } else {
            frameworks::PossibleMentions::default()
        };
        let mut speakers = foreign.speakers;
        let mut with_tools =
            |key: &str, by_convention: fn(&dyn Attributes, &[SpanEvent]) -> Option<Json>| match self.members.get(key) {
                Some(raw) => {
                    let signs = scan(raw);
                    speakers = speakers.max(signs.speakers);
                    // Google ADK: `{"error": "no such order"}`.
                    let is_error =
                        || kind.is_tool() && raw.get().trim_start_matches(['"', '{', '\\', ' ']).starts_with("error");
                    (signs.tools || is_error()).then(|| decode_value(raw))
                }
                None if foreign.tools => by_convention(self, &[]),
                None => None,
            };
        if kind.is_tool() {
            let inputs = self.members.get("mlflow.spanInputs").map(decode_value);
            let inputs = inputs.or_else(|| if self.is_foreign { conventions::inputs(self, &[]) } else { None });
            let outputs = with_tools("mlflow.spanOutputs", conventions::outputs);
            let (call_id, name) = (conventions::tool_call_id(self), conventions::tool_name(self));
            if name.as_deref().is_some_and(conventions::is_non_tool) {
                return (Vec::new(), SpeakerSigns::None);
            }
            let ran = frameworks::tool_span_mention(call_id, name, inputs.as_ref(), outputs.as_ref());
            return (vec![ran], SpeakerSigns::None);
        }
        let (inputs, outputs) = (
            with_tools("mlflow.spanInputs", conventions::inputs),
            with_tools("mlflow.spanOutputs", conventions::outputs),
        );
        (frameworks::tool_mentions(inputs.as_ref(), outputs.as_ref()), speakers)
    }

    /// Whether outputs are recorded, by MLflow or another convention.
    pub(super) fn has_outputs(&self) -> bool {
        let is_recorded =
            self.members.get("mlflow.spanOutputs").is_some_and(|raw| !matches!(raw.get(), "null" | "\"null\""));
        is_recorded || (self.is_foreign && conventions::outputs(self, &[]).is_some())
    }

    /// Returns the name of the agent or tool that this span runs, if an attribute names it.
    pub(super) fn declared_name(&self, kind: &SpanType, span: &str) -> Option<String> {
        match kind.as_str() {
            "AGENT" => conventions::agent_name(self, span),
            "TOOL" if self.has_other_keys => conventions::tool_name(self),
            _ => None,
        }
    }

    /// Returns the agent that an attribute names, for spans other than agent spans.
    pub(super) fn agent(&self, kind: &SpanType) -> Option<String> {
        if kind.is_agent() || !self.has_other_keys { None } else { conventions::agent(self) }
    }

    /// Returns the recorded cost.
    pub(super) fn cost(&self) -> Option<Cost> {
        let raw = self.raw("mlflow.llm.cost")?;
        with_plain_members(raw, |members| Cost::from_members(&members))
            .unwrap_or_else(|| Cost::from_json(&decode_value(raw)))
    }

    /// Returns the model: as MLflow recorded it (3.10 on), else by another convention, else as named in the response or
    /// the request of a model call.
    pub(super) fn model(&self, kind: &SpanType) -> Option<String> {
        let by_convention = || if self.is_foreign { conventions::model(self) } else { None };
        self.text("mlflow.llm.model").or_else(by_convention).or_else(|| {
            let from_request = || self.get("mlflow.spanInputs")?.member("model")?.as_string();
            let from_response = || response::model(&self.outputs()?);
            is_model_call(kind).then(|| from_response().or_else(|| self.text("model")).or_else(from_request))?
        })
    }

    /// Returns the model provider: as MLflow recorded it (3.10 on), else by another convention.
    pub(super) fn provider(&self) -> Option<String> {
        let by_convention = || if self.is_foreign { conventions::provider(self) } else { None };
        self.text("mlflow.llm.provider").or_else(by_convention)
    }

    /// Returns inputs and outputs by other conventions; `None` for each that MLflow's own attributes hold.
    pub(super) fn foreign_inputs_and_outputs(&self, events: &[SpanEvent]) -> [Option<Json>; 2] {
        let lacks = |key: &str| self.is_foreign && self.members.get(key).is_none();
        [
            if lacks("mlflow.spanInputs") { conventions::inputs(self, events) } else { None },
            if lacks("mlflow.spanOutputs") { conventions::outputs(self, events) } else { None },
        ]
    }
}

fn is_model_call(kind: &SpanType) -> bool {
    kind.is_llm() || kind.as_str() == "EMBEDDING"
}

impl Attributes for RawAttributes<'_> {
    fn get(&self, key: &str) -> Option<Json> {
        self.raw(key).map(decode_value)
    }

    fn text(&self, key: &str) -> Option<String> {
        let raw = self.raw(key)?;
        // Fast path for a string as MLflow writes it, without inner escapes: `"\"LLM\""`.
        let plain = raw.get().strip_prefix(r#""\""#).and_then(|text| text.strip_suffix(r#"\"""#));
        let plain = plain.filter(|text| memchr::memchr(b'\\', text.as_bytes()).is_none()).map(str::to_owned);
        let decoded = || Some(decode_value(raw)).filter(|json| !json.is_null()).map(|json| json.display());
        plain.or_else(decoded).filter(|text| !text.is_empty())
    }

    fn keys(&self) -> Vec<&str> {
        self.members.0.iter().map(|(key, _)| &**key).collect()
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.members.0.iter().any(|(key, _)| key.starts_with(prefix))
    }
}

/// Decodes one level, as `_SpanAttributesRegistry.get` does: a string that holds JSON becomes that JSON, any other
/// value is returned as it is.
fn decode_value(raw: &RawValue) -> Json {
    if !raw.get().starts_with('"') {
        return lenient::parse_json(raw.get()).unwrap_or_else(|| Json::string(raw.get()));
    }
    let text = unescape(raw.get());
    lenient::parse_json(&text).unwrap_or_else(|| Json::string(&text))
}

/// Reads the members of an object inside a string, as MLflow writes small ones: it is strict and need not be copied to a
/// JSON value. `None` for anything else.
fn with_plain_members<T>(raw: &RawValue, read: impl Fn(Members<'_>) -> T) -> Option<T> {
    let text = unescape(raw.get());
    let is_plain = text.starts_with('{') && memchr::memchr3(b'\\', b'\n', b'\r', text.as_bytes()).is_none();
    if is_plain { serde_json::from_str(&text).ok().map(read) } else { None }
}

/// Returns the content of a JSON string, borrowed if it has no escapes; the text of any other JSON.
#[must_use]
pub fn unescape(raw: &str) -> Cow<'_, str> {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => Cow::Borrowed(plain),
        Some(escaped) => match unescape_quotes(escaped) {
            Some(text) => Cow::Owned(text),
            None => serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
        },
        None => Cow::Borrowed(raw),
    }
}

/// The same for the content of a string without other escapes than those of quotes and backslashes, as in most JSON inside
/// a string.
fn unescape_quotes(escaped: &str) -> Option<String> {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        let escape = rest.get(at + 1..at + 2).filter(|escape| matches!(*escape, "\"" | "\\"))?;
        text.push_str(&rest[..at]);
        text.push_str(escape);
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Some(text)
}
