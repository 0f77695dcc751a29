//! Tool calls and tool results that messages mention.

use super::unset::is_python_object;
use super::{ALL, request, response};
use crate::json::{JsonView, canonical};
use crate::message::{FAILURE_SIGNS, Message, Part, Role, is_failure_sign, says_so, tells_failure};
use crate::model::{Json, MentionKind, SpeakerSigns, ToolMention};
use aho_corasick::{AhoCorasick, MatchKind};
use std::ops::BitOr;
use std::sync::OnceLock;

/// What a text, which may be JSON inside of JSON, may hold. Most texts hold nothing of it, and need not be read for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PossibleMentions {
    /// A tool call, or its result, or its failure.
    pub tools: bool,
    /// Names of those who speak.
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

/// The signs of all frameworks, and how a failure shows, with one search for all of them.
fn search() -> Option<&'static (AhoCorasick, Vec<MentionSign>)> {
    static SEARCH: OnceLock<Option<(AhoCorasick, Vec<MentionSign>)>> = OnceLock::new();
    let build = || {
        let tools = ALL.keys(|framework| framework.tool_signs).map(|sign| (sign.to_owned(), MentionSign::Tool));
        let sources = ALL.keys(|framework| framework.speaker_keys).map(|key| (key, MentionSign::Source));
        // A key follows a quote in JSON, and also in JSON within a string.
        let keys = sources.chain([("name", MentionSign::Name)]).map(|(key, sign)| (format!("\"{key}"), sign));
        let failures = FAILURE_SIGNS.map(|text| (text.to_owned(), MentionSign::Failure));
        let mut all: Vec<(String, MentionSign)> = tools.chain(keys).chain(failures).collect();
        all.sort_unstable();
        all.dedup();
        let (texts, signs): (Vec<String>, Vec<MentionSign>) = all.into_iter().unzip();
        // Only this kind of match is looked for with the processor's vector instructions.
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(texts);
        search.ok().map(|search| (search, signs))
    };
    SEARCH.get_or_init(build).as_ref()
}

impl PossibleMentions {
    /// Looks for signs in a text as it is stored.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let all = Self { tools: true, speakers: SpeakerSigns::Source };
        let Some((search, signs)) = search() else { return all };
        let mut found = Self::default();
        for hit in search.find_iter(text) {
            // A text may begin like a key.
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

/// The keys below which inputs of tools have the arguments (OpenInference; LlamaIndex, smolagents; CrewAI).
pub const ARGUMENT_KEYS: [&str; 3] = ["arguments", "kwargs", "tool_args"];

/// The tool mentions in the messages of a span, those of its inputs first.
#[must_use]
pub fn tool_mentions(inputs: Option<&Json>, outputs: Option<&Json>) -> Vec<ToolMention> {
    let went_in = inputs.map(request).unwrap_or_default();
    let came_out = outputs.map(response).unwrap_or_default();
    let mut mentions: Vec<ToolMention> = in_messages(&went_in, false).chain(in_messages(&came_out, true)).collect();
    if mentions.iter().any(|mention| mention.came_out)
        && let Some(forced) = inputs.and_then(forced_tool)
    {
        let is_forced = |mention: &ToolMention| mention.came_out && mention.name.as_ref() == Some(&forced);
        for mention in &mut mentions {
            mention.is_forced = is_forced(mention);
        }
    }
    mentions
}

/// The tool that a request makes the model call: `{"type": "function", "function": {"name": "Answer"}}` of OpenAI,
/// `{"type": "tool", "name": "Answer"}` of Anthropic.
fn forced_tool(inputs: &Json) -> Option<String> {
    let choice = inputs.member("tool_choice")?;
    choice.member("function").unwrap_or(choice).member("name")?.as_string()
}

/// The tool mentions in messages.
fn in_messages(messages: &[Message], came_out: bool) -> impl Iterator<Item = ToolMention> {
    // Anthropic and Gemini send tool results as messages of the user, without any text.
    let is_text = |part: &Part| matches!(part, Part::Text(_) | Part::Media(_));
    let is_question = |message: &Message| message.role == Role::User && message.parts.iter().any(is_text);
    let this_turn = if came_out { 0 } else { messages.iter().rposition(is_question).unwrap_or(0) };
    let parts = messages.iter().enumerate().flat_map(|(at, message)| message.parts.iter().map(move |part| (at, part)));
    parts.filter_map(move |(at, part)| match part {
        Part::ToolCall(call) => Some(ToolMention {
            kind: MentionKind::Requested,
            call_id: call.id.clone(),
            name: Some(call.name.clone()),
            arguments: Some(canonical::key(&call.arguments)),
            failure: None,
            came_out,
            is_forced: false,
            in_earlier_turn: at < this_turn,
        }),
        Part::ToolResult(result) => Some(ToolMention {
            kind: MentionKind::Returned,
            call_id: result.id.clone(),
            name: result.name.clone(),
            arguments: None,
            failure: result.tells_failure().then(|| result.words()),
            came_out,
            is_forced: false,
            in_earlier_turn: at < this_turn,
        }),
        _ => None,
    })
}

/// The tool mention of a tool's own span: its arguments, and the failure that its output reports, if any.
#[must_use]
pub fn ran(
    call_id: Option<String>,
    name: Option<String>,
    inputs: Option<&Json>,
    outputs: Option<&Json>,
) -> ToolMention {
    let own = |inputs: &Json| ARGUMENT_KEYS.iter().find_map(|key| inputs.member(key));
    let inputs = inputs.map(|inputs| ALL.opened(JsonView::of(inputs)).json());
    let arguments = inputs.map(|inputs| canonical::key(&without_objects(own(&inputs).unwrap_or(inputs))));
    let call_id = call_id.or_else(|| id_of_result(outputs?));
    let failure = outputs.and_then(|outputs| match outputs.as_string() {
        Some(text) => tells_failure(&text).then_some(text),
        None if says_so(&Part::Data { name: None, value: outputs.clone() }) => Some(outputs.text().to_owned()),
        None => failure_in_member(outputs),
    });
    ToolMention {
        kind: MentionKind::Ran,
        call_id,
        name,
        arguments,
        failure,
        came_out: true,
        is_forced: false,
        in_earlier_turn: false,
    }
}

/// Arguments without those that a framework adds as Python objects (LlamaIndex's `ctx`), of which the model knows nothing.
fn without_objects(arguments: Json) -> Json {
    let Some(members) = arguments.members().filter(|_| arguments.text().contains(" object at 0x")) else {
        return arguments;
    };
    let is_object = |value: &Json| value.as_string().is_some_and(|text| is_python_object(&text));
    Json::object(&members.into_iter().filter(|(_, value)| !is_object(value)).collect::<Vec<_>>())
}

/// The id of the call in the message that a tool gives as its result (LangChain).
fn id_of_result(outputs: &Json) -> Option<String> {
    response(outputs).iter().flat_map(|message| &message.parts).find_map(|part| match part {
        Part::ToolResult(result) => result.id.clone(),
        _ => None,
    })
}

/// The failure that an output of one member tells: `{"error": "refunded already"}` of Google ADK, and CrewAI's
/// `{"result": "Error executing tool: refunded already"}`.
fn failure_in_member(outputs: &Json) -> Option<String> {
    let [(key, value)] = <[_; 1]>::try_from(outputs.members()?).ok()?;
    value.as_string().filter(|text| key == "error" || tells_failure(text))
}
