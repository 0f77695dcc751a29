//! Splits the inputs and outputs of spans into pieces that can be compared.

use super::ids::mask_ids;
use super::readable::{readable, readable_member, readable_text};
use crate::json::Json;
use crate::message::{Media, Message, Part, Role, ToolResultPart};
use crate::model::{Payload, Span, Timestamp};
use crate::reading::{CallIndex, Reading, messages};
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// A hash by which equal values are recognized.
pub(super) type PieceKey = u64;

/// Returns the hash of a value.
pub(super) fn key_of(value: impl Hash) -> PieceKey {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Prefix of the name of a piece that is a tool call; the tool name follows.
const CALL_PREFIX: &str = "calls ";

/// Name of a piece that is a tool result, optionally followed by ` of TOOL`.
const RESULT_NAME: &str = "result";

/// A part of a tool call, by the index of the call in the trace's list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum CallPart {
    /// The tool and its arguments.
    Request(usize),
    /// The output.
    Result(usize),
}

/// One message part or one named value of a span's inputs or outputs.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// A role, argument name or tool call: `system`, `question`, `calls get_weather`.
    pub(super) name: String,
    /// The content as text.
    pub(super) text: String,
    /// Hash of the text with ids masked, without the name.
    pub(super) text_key: PieceKey,
    /// The tool call that it requests or answers, if the call has an id.
    pub(super) call: Option<CallPart>,
    /// Whether it is the result of a failed tool call.
    pub(super) is_failure: bool,
    /// Whether its text is distinctive enough to be recognized at any span; see [`is_distinctive`].
    pub(super) is_distinctive: bool,
    /// Whether it is a named argument or member of a function's inputs or outputs.
    pub(super) is_member: bool,
}

impl Piece {
    pub(super) fn new(name: impl Into<String>, text: String) -> Self {
        let (text_key, is_distinctive) = (key_of(mask_ids(&text)), is_distinctive(&text));
        Self { name: name.into(), text_key, text, call: None, is_failure: false, is_distinctive, is_member: false }
    }

    /// A tool call, which is recognized by its tool and its arguments.
    fn tool_request(tool: &str, call: Option<usize>, text: String) -> Self {
        let text_key = key_of((tool, mask_ids(&text)));
        let call = call.map(CallPart::Request);
        Self { text_key, call, is_distinctive: true, ..Self::new(format!("{CALL_PREFIX}{tool}"), text) }
    }

    /// Whether it is a tool call.
    pub(super) fn is_call(&self) -> bool {
        self.name.starts_with(CALL_PREFIX)
    }

    /// Whether it is a tool result.
    pub(super) fn is_result(&self) -> bool {
        self.name == RESULT_NAME || self.name.starts_with(&format!("{RESULT_NAME} of "))
    }

    /// Returns the hash of the name and the text with ids masked: equal pieces have equal keys.
    pub(super) fn key(&self) -> PieceKey {
        key_of((&self.name, self.text_key))
    }
}

/// The inputs and outputs of the spans of a trace, in pieces.
#[derive(Debug)]
pub(super) struct Contents<'a> {
    spans: &'a [Span],
    calls: CallIndex<'a>,
}

impl<'a> Contents<'a> {
    pub(super) fn new(spans: &'a [Span], reading: &'a Reading) -> Self {
        Self { spans, calls: CallIndex::new(&reading.tool_calls) }
    }

    /// Returns the input pieces of a span, and the parameters of a model call as names and values.
    pub(super) fn inputs(&self, at: usize) -> (Vec<Piece>, Vec<(String, String)>) {
        let Some(request) = messages::request(&self.spans[at]) else { return Default::default() };
        let parameters = request.parameters.into_iter().map(|(name, value)| (name, readable(&value)));
        let until = self.spans[at].start;
        let requested = |id: &str| self.calls.latest_before(id, self.spans, until);
        (self.pieces(request.messages, until, requested), parameters.collect())
    }

    /// Returns the output pieces of a span.
    pub(super) fn outputs(&self, at: usize) -> Vec<Piece> {
        let messages = messages::response_messages(&self.spans[at]).unwrap_or_default();
        let until = self.spans[at].end.unwrap_or(Timestamp::MAX);
        // The calls in a provider's span may be registered under the wrapper around it.
        let latest = |id: &str| self.calls.latest_before(id, self.spans, until);
        self.pieces(messages, until, |id| self.calls.requested_by(at, id).or_else(|| latest(id)))
    }

    /// Returns the request and the result of the tool call that a span runs, in the form they have in model messages.
    pub(super) fn tool_call(&self, at: usize) -> [Option<Piece>; 2] {
        let Some(call) = self.calls.run_by(at) else { return [None, None] };
        let tool = self.calls.list()[call].name.as_deref().unwrap_or_default();
        let payload = self.spans[at].payload.as_ref();
        let inputs = payload.and_then(Payload::inputs);
        // OpenInference nests the arguments under the key `arguments`.
        let arguments = inputs.map(|inputs| inputs.member("arguments").unwrap_or_else(|| inputs.clone()));
        let request = Piece::tool_request(tool, Some(call), arguments.as_ref().map(readable).unwrap_or_default());
        let result = payload.and_then(Payload::outputs).map(readable).unwrap_or_default();
        let result = Piece { call: Some(CallPart::Result(call)), ..Piece::new(result_name(Some(tool)), result) };
        [Some(request), Some(result)]
    }

    /// Returns the pieces of messages sent by `until`; `requested` finds the call that a message requests by its id.
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
                    let requested = call.id.as_deref().and_then(&requested);
                    Some(Piece::tool_request(&call.name, requested, readable(&call.arguments)))
                }
                Part::ToolResult(result) => Some(self.result_piece(result, until)),
                part => message_piece(&message, part),
            }));
        }
        found
    }

    fn result_piece(&self, result: &ToolResultPart, until: Timestamp) -> Piece {
        let call = result.id.as_deref().and_then(|id| self.calls.latest_before(id, self.spans, until));
        let failed = |call: usize| self.calls.list()[call].failure.is_some();
        Piece {
            call: call.map(CallPart::Result),
            is_failure: call.map_or_else(|| result.is_failure(), failed),
            ..Piece::new(result_name(result.name.as_deref()), readable_text(&result.text()))
        }
    }
}

/// Returns the name of the piece of a tool result.
fn result_name(tool: Option<&str>) -> String {
    tool.map_or_else(|| RESULT_NAME.to_owned(), |tool| format!("{RESULT_NAME} of {tool}"))
}

/// Whether a text is unlikely to equal another by chance: it has a word of five letters, or three words. Literals such
/// as `true` and `null` do not count.
pub(super) fn is_distinctive(text: &str) -> bool {
    const LITERALS: [&str; 8] = ["true", "false", "null", "none", "error", "undefined", "inf", "nan"];
    let is_word =
        |word: &&str| word.chars().any(char::is_alphabetic) && !LITERALS.contains(&word.to_ascii_lowercase().as_str());
    let mut words = 0;
    text.split(|c: char| !c.is_alphanumeric()).filter(is_word).any(|word| {
        words += 1;
        words >= 3 || word.chars().filter(|c| c.is_alphabetic()).count() >= 5
    })
}

/// Returns the piece of a message part, except for tool calls and results.
fn message_piece(message: &Message, part: &Part) -> Option<Piece> {
    let name = || match (&message.speaker, &message.role) {
        (Some(speaker), role) if !role.is_instruction() => speaker.clone(),
        (_, role) => role.as_str().to_owned(),
    };
    Some(match part {
        Part::Text(text) => Piece::new(name(), readable_text(text)),
        Part::Reasoning(text) => Piece::new("reasoning", text.clone()),
        Part::Refusal(text) => Piece::new("refusal", text.clone()),
        Part::Media(media) => Piece { text_key: media_key(media), ..Piece::new(name(), describe_media(media)) },
        Part::Embedding { count, dimensions } => {
            let size = dimensions.map(|size| format!(" ({size} dimensions each)")).unwrap_or_default();
            Piece::new("vectors", format!("{count}{size}"))
        }
        Part::Data { name: Some(name), value } => {
            Piece { is_member: true, ..Piece::new(name, readable_member(name, value)?) }
        }
        Part::Data { name: None, value } => Piece::new(name(), readable(value)),
        Part::ToolCall(_) | Part::ToolResult(_) => return None,
    })
}

/// Returns a description of an image, audio or file: `(image, image/png, 1024 bytes)`.
fn describe_media(media: &Media) -> String {
    let size = media.bytes.map(|bytes| format!("{bytes} bytes"));
    let facts = [Some(media.kind.clone()), media.media_type.clone(), size, media.url.clone()];
    format!("({})", facts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Returns the key of a file, without its name: an attachment has a new name in each run.
fn media_key(media: &Media) -> PieceKey {
    let mut nameless = media.clone();
    nameless.name = None;
    key_of(nameless)
}

/// Whether the JSON text differs, so that the values have to be parsed and compared.
pub(super) fn differs(a: Option<&Json>, b: Option<&Json>) -> bool {
    a.map(Json::text) != b.map(Json::text)
}

/// Whether a name is the role of a function's inputs or outputs, not of a chat message.
pub(super) fn is_function_role(name: &str) -> bool {
    name == Role::Input.as_str() || name == Role::Output.as_str()
}
