//! What went into a span and what came out, in pieces that can be compared.

use super::change_key::is_distinctive;
use super::ids::normal;
use super::readable::{readable, readable_member, readable_text};
use crate::frameworks::{self, Request};
use crate::message::{Media, Message, Part, Role, ToolCall};
use crate::model::{Json, Payload, Span};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

/// By what something is known again, whatever its length.
pub(super) type Key = u64;

/// The key of anything.
pub(super) fn key_of(value: impl Hash) -> Key {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// How the call of a tool is called, before its name.
const CALL: &str = "calls ";

/// How what came back from a tool is called.
const RESULT: &str = "result";

/// A piece of what was said.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// As whom or as what: `system`, `question`, `calls get_weather`.
    pub(super) name: String,
    /// The words.
    pub(super) text: String,
    /// What it says, whoever says it.
    pub(super) words: Key,
    /// The call of a tool that it is, or answers.
    pub(super) call: Option<String>,
    /// Whether it says so much that it is known again anywhere.
    pub(super) is_distinctive: bool,
    /// Whether it is one of the values of a function, by its name.
    pub(super) is_member: bool,
}

impl Piece {
    pub(super) fn new(name: impl Into<String>, text: String) -> Self {
        let (words, is_distinctive) = (key_of(normal(&text)), is_distinctive(&text));
        Self { name: name.into(), words, text, call: None, is_distinctive, is_member: false }
    }

    /// A call, which is known by its tool too.
    fn of_call(call: &ToolCall) -> Self {
        let text = readable(&call.arguments);
        let words = call_key(&call.name, &text);
        Self { words, call: call.id.clone(), ..Self::new(format!("{CALL}{}", call.name), text) }
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
    pub(super) fn key(&self) -> Key {
        key_of((&self.name, self.words))
    }
}

/// The key of a call: its tool and the arguments.
fn call_key(tool: &str, arguments: &str) -> Key {
    key_of((tool, normal(arguments)))
}

/// What went into a span: what was said, and what a model was asked beside it, each with its value.
pub(super) fn of_inputs(span: &Span) -> (Vec<Piece>, Vec<(String, String)>) {
    let request = span.payload.as_ref().and_then(Payload::inputs).map(Request::of);
    let Some(Request { messages, parameters }) = request else { return Default::default() };
    let parameters = parameters.into_iter().map(|(name, value)| (name, readable(&value)));
    (pieces(&messages), parameters.collect())
}

/// What came out of a span.
pub(super) fn of_outputs(span: &Span) -> Vec<Piece> {
    let Some(payload) = &span.payload else { return Vec::new() };
    let said = payload.outputs().map(frameworks::response).unwrap_or_default();
    // Up to 2.22 a streamed call of a tool leaves an empty text.
    let is_silent = said.iter().all(|message| message.parts.is_empty());
    let streamed = is_silent.then(|| frameworks::streamed(&payload.events)).flatten();
    pieces(&streamed.map_or(said, |stream| stream.messages))
}

/// The tool that a span is at work for, by the name that a model calls it.
pub(super) fn tool_of(span: &Span, bare_name: &str) -> Option<String> {
    let told = || span.payload.as_ref()?.attribute("gen_ai.tool.name").and_then(Json::as_string);
    let bare = ["tool.", "execute_tool "].iter().find_map(|start| bare_name.strip_prefix(start)).unwrap_or(bare_name);
    span.span_type.is_tool().then(|| told().unwrap_or_else(|| bare.to_owned()))
}

/// What a tool at work was called with and what it gave, by which the same is known in the messages of a model.
pub(super) fn work(span: &Span, tool: &str) -> (Key, Option<Piece>) {
    let payload = span.payload.as_ref();
    let inputs = payload.and_then(Payload::inputs);
    let arguments = inputs.map(|inputs| inputs.member("arguments").unwrap_or_else(|| inputs.clone()));
    let call = call_key(tool, &arguments.as_ref().map(readable).unwrap_or_default());
    let result = |outputs| Piece::new(format!("{RESULT} of {tool}"), readable(outputs));
    (call, payload.and_then(Payload::outputs).map(result))
}

fn pieces(messages: &[Message]) -> Vec<Piece> {
    let mut tools: HashMap<&str, &str> = HashMap::new();
    let mut found = Vec::new();
    for message in messages {
        for part in &message.parts {
            if let Part::ToolCall(ToolCall { id: Some(id), name, .. }) = part {
                tools.insert(id, name);
            }
            found.extend(piece(message, part, &tools));
        }
    }
    found
}

fn piece(message: &Message, part: &Part, tools: &HashMap<&str, &str>) -> Option<Piece> {
    let name = || match (&message.speaker, &message.role) {
        (Some(speaker), role) if !role.is_instruction() => speaker.clone(),
        (_, role) => role.as_str().to_owned(),
    };
    Some(match part {
        Part::Text(text) => Piece::new(name(), readable_text(text)),
        Part::Reasoning(text) => Piece::new("reasoning", text.clone()),
        Part::Refusal(text) => Piece::new("refusal", text.clone()),
        Part::ToolCall(call) => Piece::of_call(call),
        Part::ToolResult(result) => {
            let known = result.id.as_deref().and_then(|id| tools.get(id).copied());
            let tool = result.name.as_deref().or(known).map(|tool| format!(" of {tool}")).unwrap_or_default();
            Piece { call: result.id.clone(), ..Piece::new(format!("{RESULT}{tool}"), readable_text(&result.words())) }
        }
        Part::Media(media) => Piece { words: media_key(media), ..Piece::new(name(), described(media)) },
        Part::Embedding { count, dimensions } => {
            let size = dimensions.map(|size| format!(" of {size} numbers")).unwrap_or_default();
            Piece::new("vectors", format!("{count}{size}"))
        }
        Part::Data { name: Some(name), value } => {
            Piece { is_member: true, ..Piece::new(name, readable_member(name, value)?) }
        }
        Part::Data { name: None, value } => Piece::new(name(), readable(value)),
    })
}

/// An image, sound or file in words.
fn described(media: &Media) -> String {
    let size = media.bytes.map(|bytes| format!("{bytes} bytes"));
    let facts = [Some(media.kind.clone()), media.media_type.clone(), size, media.url.clone()];
    format!("({})", facts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

/// Files are known by their content; an attachment has a new name in each run.
fn media_key(media: &Media) -> Key {
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
