//! Mentions of tool calls and tool results in messages.

use super::unset::is_python_object;
use super::{ALL, request, response};
use crate::json::Json;
use crate::json::{JsonView, canonical};
use crate::message::{FAILURE_SIGNS, Message, Part, Role, has_error_flag, is_failure_sign, is_failure_text};
use crate::model::{MentionKind, SpeakerSigns, ToolMention};
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::BitOr;
use std::sync::OnceLock;

/// What a text, which may be JSON in a JSON string, may mention. Most texts mention nothing, and need not be parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PossibleMentions {
    /// Whether it may contain a tool call, a tool result, or a failure of a tool.
    pub tools: bool,
    /// Which names of speakers it may contain.
    pub speakers: SpeakerSigns,
}

impl BitOr for PossibleMentions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self { tools: self.tools || other.tools, speakers: self.speakers.max(other.speakers) }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum MentionSign {
    Tool,
    Source,
    Name,
    Failure,
}

/// Returns one search for the signs of all frameworks and of failures, and the sign of each pattern.
fn sign_search() -> Option<&'static (AhoCorasick, Vec<MentionSign>)> {
    static SEARCH: OnceLock<Option<(AhoCorasick, Vec<MentionSign>)>> = OnceLock::new();
    let build = || {
        let tools = ALL.keys(|framework| framework.tool_signs).map(|sign| (sign.to_owned(), MentionSign::Tool));
        let sources = ALL.keys(|framework| framework.speaker_keys).map(|key| (key, MentionSign::Source));
        // A key follows a quote in JSON, and also in JSON in a string.
        let keys = sources.chain([("name", MentionSign::Name)]).map(|(key, sign)| (format!("\"{key}"), sign));
        let failures = FAILURE_SIGNS.map(|text| (text.to_owned(), MentionSign::Failure));
        let mut all: Vec<(String, MentionSign)> = tools.chain(keys).chain(failures).collect();
        all.sort_unstable();
        all.dedup();
        let (texts, signs): (Vec<String>, Vec<MentionSign>) = all.into_iter().unzip();
        // Only this kind of match is searched with SIMD instructions.
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts);
        search.ok().map(|search| (search, signs))
    };
    SEARCH.get_or_init(build).as_ref()
}

impl PossibleMentions {
    /// Searches a text, as stored, for signs.
    #[must_use]
    pub fn scan(text: &str) -> Self {
        let all = Self { tools: true, speakers: SpeakerSigns::Source };
        let Some((search, signs)) = sign_search() else { return all };
        let mut found = Self::default();
        for hit in search.find_iter(text) {
            // Text may start like a key.
            let is_key = || matches!(text.as_bytes().get(hit.end()), Some(b'"' | b'\\'));
            match signs[hit.pattern().as_usize()] {
                MentionSign::Tool => found.tools = true,
                MentionSign::Source if is_key() => found.speakers = SpeakerSigns::Source,
                MentionSign::Name if is_key() => found.speakers = found.speakers.max(SpeakerSigns::Name),
                MentionSign::Source | MentionSign::Name => {}
                MentionSign::Failure => found.tools = found.tools || is_failure_sign(text, hit.start()),
            }
            if found == all {
                return all;
            }
        }
        found
    }
}

/// The keys of the arguments in the inputs of tools (OpenInference; LlamaIndex, smolagents; CrewAI).
pub const ARGUMENT_KEYS: [&str; 3] = ["arguments", "kwargs", "tool_args"];

/// Returns the tool mentions in the messages of a span, those of its inputs first.
#[must_use]
pub fn tool_mentions(inputs: Option<&Json>, outputs: Option<&Json>) -> Vec<ToolMention> {
    let request_messages = inputs.map(request).unwrap_or_default();
    let response_messages = outputs.map(response).unwrap_or_default();
    let mut mentions: Vec<ToolMention> =
        message_mentions(&request_messages, false).chain(message_mentions(&response_messages, true)).collect();
    if mentions.iter().any(|mention| mention.is_output)
        && let Some(forced) = inputs.and_then(forced_tool)
    {
        let is_forced = |mention: &ToolMention| mention.is_output && mention.name.as_ref() == Some(&forced);
        for mention in &mut mentions {
            mention.is_forced = is_forced(mention);
        }
    }
    mentions
}

/// Returns the tool that a request forces the model to call: `{"type": "function", "function": {"name": "Answer"}}` for
/// OpenAI, `{"type": "tool", "name": "Answer"}` for Anthropic.
fn forced_tool(inputs: &Json) -> Option<String> {
    let choice = inputs.member("tool_choice")?;
    choice.member("function").unwrap_or(choice).member("name")?.as_string()
}

/// Returns the tool mentions in messages.
fn message_mentions(messages: &[Message], is_output: bool) -> impl Iterator<Item = ToolMention> {
    // Anthropic and Gemini send tool results as user messages without text.
    let is_text = |part: &Part| matches!(part, Part::Text(_) | Part::Media(_));
    let is_question = |message: &Message| message.role == Role::User && message.parts.iter().any(is_text);
    let this_turn = if is_output { 0 } else { messages.iter().rposition(is_question).unwrap_or(0) };
    let parts = messages.iter().enumerate().flat_map(|(at, message)| message.parts.iter().map(move |part| (at, part)));
    parts.filter_map(move |(at, part)| match part {
        Part::ToolCall(call) => Some(ToolMention {
            kind: MentionKind::Requested,
            call_id: call.id.clone(),
            name: Some(call.name.clone()),
            arguments: Some(canonical::hash(&call.arguments)),
            failure: None,
            is_output,
            is_forced: false,
            in_earlier_turn: at < this_turn,
        }),
        Part::ToolResult(result) => Some(ToolMention {
            kind: MentionKind::Returned,
            call_id: result.id.clone(),
            name: result.name.clone(),
            arguments: None,
            failure: result.is_failure().then(|| result.text()),
            is_output,
            is_forced: false,
            in_earlier_turn: at < this_turn,
        }),
        _ => None,
    })
}

/// Returns the mention of a tool call in the tool's own span, with its arguments and the failure in its outputs, if
/// any.
#[must_use]
pub fn tool_span_mention(
    call_id: Option<String>,
    name: Option<String>,
    inputs: Option<&Json>,
    outputs: Option<&Json>,
) -> ToolMention {
    let nested = |inputs: &Json| ARGUMENT_KEYS.iter().find_map(|key| inputs.member(key));
    let inputs = inputs.map(|inputs| ALL.without_envelopes(JsonView::new(inputs)).json());
    let arguments = inputs.map(|inputs| canonical::hash(&without_python_objects(nested(&inputs).unwrap_or(inputs))));
    let call_id = call_id.or_else(|| result_call_id(outputs?));
    let failure = outputs.and_then(|outputs| match outputs.as_string() {
        Some(text) => is_failure_text(&text).then_some(text),
        None if has_error_flag(&Part::Data { name: None, value: outputs.clone() }) => Some(outputs.text().to_owned()),
        None => member_failure(outputs),
    });
    ToolMention {
        kind: MentionKind::Ran,
        call_id,
        name,
        arguments,
        failure,
        is_output: true,
        is_forced: false,
        in_earlier_turn: false,
    }
}

/// Removes the Python objects that frameworks add to the arguments of the model (LlamaIndex's `ctx`).
fn without_python_objects(arguments: Json) -> Json {
    let Some(members) = arguments.members().filter(|_| arguments.text().contains(" object at 0x")) else {
        return arguments;
    };
    let is_object = |value: &Json| value.as_string().is_some_and(|text| is_python_object(&text));
    Json::object(&members.into_iter().filter(|(_, value)| !is_object(value)).collect::<Vec<_>>())
}

/// Returns the call id in the message that a tool returns as its result (LangChain).
fn result_call_id(outputs: &Json) -> Option<String> {
    response(outputs).iter().flat_map(|message| &message.parts).find_map(|part| match part {
        Part::ToolResult(result) => result.id.clone(),
        _ => None,
    })
}

/// Returns the failure in outputs with a single member: Google ADK's `{"error": "refunded already"}`, or CrewAI's
/// `{"result": "Error executing tool: refunded already"}`.
fn member_failure(outputs: &Json) -> Option<String> {
    let [(key, value)] = <[_; 1]>::try_from(outputs.members()?).ok()?;
    value.as_string().filter(|text| key == "error" || is_failure_text(text))
}
