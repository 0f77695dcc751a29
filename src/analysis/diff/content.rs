//! What went into a span and what came out, in pieces that can be compared.

use super::ids::normal;
use super::readable::{readable, readable_member, readable_text};
use crate::message::{Media, Message, Part, Role, ToolResultPart};
use crate::model::{Json, Payload, Span, Timestamp};
use crate::reading::{CallIndex, Reading, messages};
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// By what something is known again, whatever its length.
pub(super) type PieceKey = u64;

/// The key of anything.
pub(super) fn key_of(value: impl Hash) -> PieceKey {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// How the call of a tool is called, before its name.
const CALL: &str = "calls ";

/// How what came back from a tool is called.
const RESULT: &str = "result";

/// A part of a tool call, by the place of the call in the trace's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CallPart {
    /// The tool and its arguments.
    Request(usize),
    /// What it gave.
    Result(usize),
}

/// A piece of what was said.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// As whom or as what: `system`, `question`, `calls get_weather`.
    pub(super) name: String,
    /// The words.
    pub(super) text: String,
    /// What it says, whoever says it.
    pub(super) words: PieceKey,
    /// The part of a tool call that it is, where it has an id.
    pub(super) call: Option<CallPart>,
    /// Whether it is the result of a tool call that failed.
    pub(super) is_failure: bool,
    /// Whether it says so much that it is known again anywhere.
    pub(super) is_distinctive: bool,
    /// Whether it is one of the values of a function, by its name.
    pub(super) is_member: bool,
}

impl Piece {
    pub(super) fn new(name: impl Into<String>, text: String) -> Self {
        let (words, is_distinctive) = (key_of(normal(&text)), is_distinctive(&text));
        Self { name: name.into(), words, text, call: None, is_failure: false, is_distinctive, is_member: false }
    }

    /// A call, which is recognized by its tool and its arguments.
    fn request(tool: &str, call: Option<usize>, text: String) -> Self {
        let words = key_of((tool, normal(&text)));
        let call = call.map(CallPart::Request);
        Self { words, call, is_distinctive: true, ..Self::new(format!("{CALL}{tool}"), text) }
    }

    /// Whether it is the call of a tool.
    pub(super) fn is_call(&self) -> bool {
        self.name.starts_with(CALL)
    }

    /// Whether it is what came back from a tool.
    pub(super) fn is_result(&self) -> bool {
        self.name == RESULT || self.name.starts_with(&format!("{RESULT} of "))
    }

    /// By what it is the same as another.
    pub(super) fn key(&self) -> PieceKey {
        key_of((&self.name, self.words))
    }
}

/// What the spans of a trace were called with and gave, in pieces.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    spans: &'a [Span],
    calls: CallIndex<'a>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(spans: &'a [Span], reading: &'a Reading) -> Self {
        Self { spans, calls: CallIndex::new(&reading.tool_calls) }
    }

    /// What went into a span: what was said, and what a model was asked beside it, each with its value.
    pub(super) fn inputs(&self, at: usize) -> (Vec<Piece>, Vec<(String, String)>) {
        let Some(request) = messages::request(&self.spans[at]) else { return Default::default() };
        let parameters = request.parameters.into_iter().map(|(name, value)| (name, readable(&value)));
        let until = self.spans[at].start;
        let requested = |id: &str| self.calls.latest_before(id, self.spans, until);
        (self.pieces(request.messages, until, requested), parameters.collect())
    }

    /// What came out of a span.
    pub(super) fn outputs(&self, at: usize) -> Vec<Piece> {
        let messages = messages::response_messages(&self.spans[at]).unwrap_or_default();
        let until = self.spans[at].end.unwrap_or(Timestamp::MAX);
        // A wrapper requested what the provider's span within it answers.
        let above = |id: &str| self.calls.latest_before(id, self.spans, until);
        self.pieces(messages, until, |id| self.calls.requested_by(at, id).or_else(|| above(id)))
    }

    /// The request and the result of the tool call that a span runs, as they are in the messages of a model.
    pub(super) fn tool_call(&self, at: usize) -> [Option<Piece>; 2] {
        let Some(call) = self.calls.run_by(at) else { return [None, None] };
        let tool = self.calls.list()[call].name.as_deref().unwrap_or_default();
        let payload = self.spans[at].payload.as_ref();
        let inputs = payload.and_then(Payload::inputs);
        // OpenInference puts the arguments below a key of their own.
        let arguments = inputs.map(|inputs| inputs.member("arguments").unwrap_or_else(|| inputs.clone()));
        let request = Piece::request(tool, Some(call), arguments.as_ref().map(readable).unwrap_or_default());
        let result = payload.and_then(Payload::outputs).map(readable).unwrap_or_default();
        let result = Piece { call: Some(CallPart::Result(call)), ..Piece::new(result_name(Some(tool)), result) };
        [Some(request), Some(result)]
    }

    /// The pieces of messages of a time; `requested` finds the call that a message requests under an id.
    fn pieces(
        &self,
        messages: Vec<Message>,
        until: Timestamp,
        requested: impl Fn(&str) -> Option<usize>,
    ) -> Vec<Piece> {
        let mut found = Vec::new();
        for mut message in messages {
            self.calls.name_results(&mut message, self.spans, until);
            found.extend(message.parts.iter().filter_map(|part| match part {
                Part::ToolCall(call) => {
                    let place = call.id.as_deref().and_then(&requested);
                    Some(Piece::request(&call.name, place, readable(&call.arguments)))
                }
                Part::ToolResult(result) => Some(self.result(result, until)),
                part => piece(&message, part),
            }));
        }
        found
    }

    fn result(&self, result: &ToolResultPart, until: Timestamp) -> Piece {
        let call = result.id.as_deref().and_then(|id| self.calls.latest_before(id, self.spans, until));
        let failed = |call: usize| self.calls.list()[call].failure.is_some();
        Piece {
            call: call.map(CallPart::Result),
            is_failure: call.map_or_else(|| result.tells_failure(), failed),
            ..Piece::new(result_name(result.name.as_deref()), readable_text(&result.words()))
        }
    }
}

/// How what came back from a tool is called.
fn result_name(tool: Option<&str>) -> String {
    tool.map_or_else(|| RESULT.to_owned(), |tool| format!("{RESULT} of {tool}"))
}

/// Whether a text says so much that no other one is the same by chance: a word of five letters, or three words. Words of
/// programming languages say nothing.
pub(super) fn is_distinctive(text: &str) -> bool {
    const LITERALS: [&str; 8] = ["true", "false", "null", "none", "error", "undefined", "inf", "nan"];
    let is_said =
        |word: &&str| word.chars().any(char::is_alphabetic) && !LITERALS.contains(&word.to_ascii_lowercase().as_str());
    let mut words = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter(is_said).any(|word| {
        words += 1;
        words >= 3 || word.chars().filter(|c| c.is_alphabetic()).count() >= 5
    })
}

/// A piece that is no part of a tool call.
fn piece(message: &Message, part: &Part) -> Option<Piece> {
    let name = || match (&message.speaker, &message.role) {
        (Some(speaker), role) if !role.is_instruction() => speaker.clone(),
        (_, role) => role.as_str().to_owned(),
    };
    Some(match part {
        Part::Text(text) => Piece::new(name(), readable_text(text)),
        Part::Reasoning(text) => Piece::new("reasoning", text.clone()),
        Part::Refusal(text) => Piece::new("refusal", text.clone()),
        Part::Media(media) => Piece { words: media_key(media), ..Piece::new(name(), described(media)) },
        Part::Embedding { count, dimensions } => {
            let size = dimensions.map(|size| format!(" of {size} numbers")).unwrap_or_default();
            Piece::new("vectors", format!("{count}{size}"))
        }
        Part::Data { name: Some(name), value } => {
            Piece { is_member: true, ..Piece::new(name, readable_member(name, value)?) }
        }
        Part::Data { name: None, value } => Piece::new(name(), readable(value)),
        Part::ToolCall(_) | Part::ToolResult(_) => return None,
    })
}

/// An image, sound or file in words.
fn described(media: &Media) -> String {
    let size = media.bytes.map(|bytes| format!("{bytes} bytes"));
    let facts = [Some(media.kind.clone()), media.media_type.clone(), size, media.url.clone()];
    format!("({})", facts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Files are known by their content; an attachment has a new name in each run.
fn media_key(media: &Media) -> PieceKey {
    let mut nameless = media.clone();
    nameless.name = None;
    key_of(nameless)
}

/// Whether what a span is called with or gives differs in what is written, so that it has to be read.
pub(super) fn differs(a: Option<&Json>, b: Option<&Json>) -> bool {
    a.map(Json::text) != b.map(Json::text)
}

/// What is said in a role that nobody has: the values of a function.
pub(super) fn is_of_function(name: &str) -> bool {
    name == Role::Input.as_str() || name == Role::Output.as_str()
}
