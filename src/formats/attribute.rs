//! Span attributes: every value of MLflow's Python client is JSON inside a string; others wrote plain values.

use super::{lenient, response};
use crate::conventions::{self, Attributes};
use crate::frameworks;
use crate::model::{Cost, Json, Members, SpanEvent, SpanType, SpeakerSigns, TokenUsage, ToolMention, UsageScope};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How much of a span is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanDetail {
    /// What a call used: names, times, type, tokens, model, cost.
    Calls,
    /// And what a tree shows: the exception, and failures that left none.
    Tree,
    /// And each exception, of which a tree shows the last.
    Exceptions,
    /// All of it.
    All,
}

/// Attributes as they stand in the text, not decoded yet.
pub(super) struct RawAttributes<'a> {
    members: Members<'a>,
    /// Whether other conventions than MLflow's may be followed.
    is_foreign: bool,
}

impl<'a> RawAttributes<'a> {
    pub(super) fn new(members: Members<'a>) -> Self {
        let is_foreign = members.0.iter().any(|(key, _)| conventions::is_foreign(key));
        Self { members, is_foreign }
    }

    /// All attributes, decoded.
    pub(super) fn decode(&self) -> Vec<(String, Json)> {
        self.members.0.iter().map(|(key, raw)| (key.clone().into_owned(), value(raw))).collect()
    }

    /// The type recorded, else the one that foreign attributes tell, else the one the store's column holds.
    pub(super) fn span_type(&self, column: Option<&str>) -> SpanType {
        let known = |kind: &String| kind != "UNKNOWN";
        let recorded = self.text("mlflow.spanType");
        let kind = recorded
            .filter(known)
            .or_else(|| conventions::span_type(self).map(str::to_owned).filter(known))
            .or_else(|| column.map(str::to_owned));
        SpanType::new(kind)
    }

    /// Recorded tokens; a value that is not an object counts as none. Reasoning and cached tokens that MLflow did not record come
    /// from another convention or from the response.
    pub(super) fn token_usage(&self, kind: &SpanType) -> Option<TokenUsage> {
        let mut usage = self.get("mlflow.chat.tokenUsage").and_then(|json| TokenUsage::from_json(&json))?;
        if usage.is_empty() || !calls_model(kind) {
            return Some(usage);
        }
        let by_convention = if self.is_foreign { conventions::usage(self) } else { None };
        let with_details = by_convention.or_else(|| {
            let raw = self.members.get("mlflow.spanOutputs").or_else(|| self.members.get("usage"))?;
            if response::may_have_details(raw.get()) { self.usage_of_response(kind) } else { None }
        });
        // Other counts are those of another request.
        if let Some(found) = with_details.filter(|found| found.output_tokens == usage.output_tokens) {
            for (detail, found) in usage.details.iter_mut().zip(found.details) {
                *detail = detail.or(found.filter(|count| *count > 0));
            }
        }
        Some(usage)
    }

    /// Tokens from another convention or from the response of a model call, if MLflow `recorded` none.
    pub(super) fn derived_usage(&self, kind: &SpanType, recorded: Option<&TokenUsage>) -> Option<TokenUsage> {
        if recorded.is_some_and(|usage| !usage.is_empty()) {
            return None;
        }
        let by_convention = if self.is_foreign { conventions::usage(self) } else { None };
        by_convention.or_else(|| self.usage_of_response(kind))
    }

    /// The session and the user of the trace, as another convention names them.
    pub(super) fn session_and_user(&self) -> (Option<String>, Option<String>) {
        if self.is_foreign { conventions::session_and_user(self) } else { (None, None) }
    }

    /// The text that the name of the span is a template of.
    pub(super) fn title(&self, name: &str) -> Option<String> {
        conventions::title(self, name)
    }

    /// What the tokens of the span are those of.
    pub(super) fn usage_scope(&self, name: &str) -> UsageScope {
        match () {
            () if conventions::is_no_call(name) => UsageScope::Nothing,
            () if self.is_foreign => conventions::usage_scope(self),
            () => UsageScope::Span,
        }
    }

    /// The provider's id of the response of a model call: from another convention, or the first member of the response, where the
    /// clients of OpenAI and Anthropic have it.
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

    /// Tokens in the response of a model call, or in a usage object elsewhere.
    fn usage_of_response(&self, kind: &SpanType) -> Option<TokenUsage> {
        let of_response = || response::usage(&self.outputs()?);
        let elsewhere = || response::parse_usage(&conventions::usage_object(self)?);
        if calls_model(kind) { of_response().or_else(elsewhere) } else { elsewhere() }
    }

    /// The outputs, as MLflow or another convention recorded them.
    fn outputs(&self) -> Option<Json> {
        let by_convention = || if self.is_foreign { conventions::outputs(self, &[]) } else { None };
        self.get("mlflow.spanOutputs").or_else(by_convention)
    }

    /// The tool mentions of the span, and how far its messages may name their speakers. Few spans hold signs of either,
    /// and only those are read.
    pub(super) fn mentions(&self, kind: &SpanType) -> (Vec<ToolMention>, SpeakerSigns) {
        // These hold texts and numbers, and no messages.
        if matches!(kind.as_str(), "EMBEDDING" | "RETRIEVER" | "RERANKER" | "PARSER") {
            return (Vec::new(), SpeakerSigns::None);
        }
        let of = |raw: &RawValue| frameworks::PossibleMentions::of(raw.get());
        let foreign = if self.is_foreign {
            self.members.0.iter().fold(frameworks::PossibleMentions::default(), |signs, (_, raw)| signs | of(raw))
        } else {
            frameworks::PossibleMentions::default()
        };
        let mut speakers = foreign.speakers;
        let mut with_tools =
            |key: &str, by_convention: fn(&dyn Attributes, &[SpanEvent]) -> Option<Json>| match self.members.get(key) {
                Some(raw) => {
                    let signs = of(raw);
                    speakers = speakers.max(signs.speakers);
                    // Google ADK: `{"error": "no such order"}`.
                    let is_error =
                        || kind.is_tool() && raw.get().trim_start_matches(['"', '{', '\\', ' ']).starts_with("error");
                    (signs.tools || is_error()).then(|| value(raw))
                }
                None if foreign.tools => by_convention(self, &[]),
                None => None,
            };
        if kind.is_tool() {
            let inputs = self.members.get("mlflow.spanInputs").map(value);
            let inputs = inputs.or_else(|| if self.is_foreign { conventions::inputs(self, &[]) } else { None });
            let outputs = with_tools("mlflow.spanOutputs", conventions::outputs);
            let (call_id, name) = (conventions::tool_call_id(self), conventions::tool_name(self));
            if name.as_deref().is_some_and(conventions::is_no_tool) {
                return (Vec::new(), SpeakerSigns::None);
            }
            let ran = frameworks::ran(call_id, name, inputs.as_ref(), outputs.as_ref());
            return (vec![ran], SpeakerSigns::None);
        }
        let (inputs, outputs) = (
            with_tools("mlflow.spanInputs", conventions::inputs),
            with_tools("mlflow.spanOutputs", conventions::outputs),
        );
        (frameworks::tool_mentions(inputs.as_ref(), outputs.as_ref()), speakers)
    }

    /// Whether what came out is recorded, here or in words of another convention.
    pub(super) fn has_outputs(&self) -> bool {
        let own = self.members.get("mlflow.spanOutputs").is_some_and(|raw| !matches!(raw.get(), "null" | "\"null\""));
        own || (self.is_foreign && conventions::outputs(self, &[]).is_some())
    }

    /// The name that an attribute gives the agent or the tool whose span it is.
    pub(super) fn declared_name(&self, kind: &SpanType, span: &str) -> Option<String> {
        match kind.as_str() {
            "AGENT" => conventions::agent_name(self, span),
            "TOOL" => conventions::tool_name(self),
            _ => None,
        }
    }

    /// The agent that an attribute names for a span which is no agent's own.
    pub(super) fn agent(&self, kind: &SpanType) -> Option<String> {
        if kind.is_agent() { None } else { conventions::agent(self) }
    }

    /// Cost recorded.
    pub(super) fn cost(&self) -> Option<Cost> {
        self.get("mlflow.llm.cost").and_then(|json| Cost::from_json(&json))
    }

    /// The model: as MLflow recorded it (3.10 on), else as another convention does, else what the request or the response
    /// of a model call names.
    pub(super) fn model(&self, kind: &SpanType) -> Option<String> {
        let by_convention = || if self.is_foreign { conventions::model(self) } else { None };
        self.text("mlflow.llm.model").or_else(by_convention).or_else(|| {
            let of_request = || self.get("mlflow.spanInputs")?.member("model")?.as_string();
            let of_response = || response::model(&self.outputs()?);
            calls_model(kind).then(|| of_response().or_else(|| self.text("model")).or_else(of_request))?
        })
    }

    /// Who runs the model (3.10 on).
    pub(super) fn provider(&self) -> Option<String> {
        let by_convention = || if self.is_foreign { conventions::provider(self) } else { None };
        self.text("mlflow.llm.provider").or_else(by_convention)
    }

    /// What went in and what came out, as another convention tells it, where MLflow's own attributes are missing.
    pub(super) fn foreign_values(&self, events: &[SpanEvent]) -> [Option<Json>; 2] {
        let lacks = |key: &str| self.is_foreign && self.members.get(key).is_none();
        [
            if lacks("mlflow.spanInputs") { conventions::inputs(self, events) } else { None },
            if lacks("mlflow.spanOutputs") { conventions::outputs(self, events) } else { None },
        ]
    }
}

fn calls_model(kind: &SpanType) -> bool {
    kind.is_llm() || kind.as_str() == "EMBEDDING"
}

impl Attributes for RawAttributes<'_> {
    fn get(&self, key: &str) -> Option<Json> {
        self.members.get(key).map(value)
    }

    fn text(&self, key: &str) -> Option<String> {
        let raw = self.members.get(key)?;
        // A string as MLflow writes it, without anything escaped in it: `"\"LLM\""`.
        let plain = raw.get().strip_prefix(r#""\""#).and_then(|text| text.strip_suffix(r#"\"""#));
        let plain = plain.filter(|text| memchr::memchr(b'\\', text.as_bytes()).is_none()).map(str::to_owned);
        let decoded = || Some(value(raw)).filter(|json| !json.is_null()).map(|json| json.display());
        plain.or_else(decoded).filter(|text| !text.is_empty())
    }

    fn keys(&self) -> Vec<&str> {
        self.members.0.iter().map(|(key, _)| &**key).collect()
    }

    fn has_prefix(&self, prefix: &str) -> bool {
        self.members.0.iter().any(|(key, _)| key.starts_with(prefix))
    }
}

/// Decodes one level, as `json.loads` with a fall-back does (`_SpanAttributesRegistry.get`): a string that holds JSON
/// becomes that JSON, any other value stays.
fn value(raw: &RawValue) -> Json {
    if !raw.get().starts_with('"') {
        return lenient::json(raw.get()).unwrap_or_else(|| Json::string(raw.get()));
    }
    let text = unescape(raw.get());
    lenient::json(&text).unwrap_or_else(|| Json::string(&text))
}

/// The content of a JSON string, borrowed where nothing is escaped in it; of any other JSON its text.
#[must_use]
pub fn unescape(raw: &str) -> Cow<'_, str> {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => Cow::Borrowed(plain),
        Some(_) => serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
        None => Cow::Borrowed(raw),
    }
}
