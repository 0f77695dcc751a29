//! The definition of a framework, and the reader that tries one framework after another.

use super::answer::StreamedMessage;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Message, Part, Role};

/// Keys, or pieces of text.
pub(super) type KeyList = &'static [&'static str];

/// The messages of a request, and the keys that they were read from.
pub(super) type RequestMessages = (Vec<Message>, KeyList);

/// Replaces these keys if no other key of the request is worth showing.
pub(super) const EVERYTHING: KeyList = &["*"];

/// How a framework writes messages. Fields for which it has no format of its own are left out with `..Framework::NONE`.
///
/// Functions take an object and its `type` (empty if it has none), and return `None` for objects of other frameworks.
pub(super) struct Framework {
    /// The keys of the message lists of requests.
    pub(super) message_keys: KeyList,
    /// The keys of instructions outside the message list.
    pub(super) instruction_keys: KeyList,
    /// The keys of inputs that are not shown.
    pub(super) ignored_keys: KeyList,
    /// The keys of objects whose members are parameters.
    pub(super) nested_keys: KeyList,
    /// Reads a message. An object may contain several.
    pub(super) message: fn(&JsonFields<'_>, &str, MessageReader) -> Option<Vec<Message>>,
    /// Reads a message that was written as text.
    pub(super) text: fn(&str) -> Option<Message>,
    /// Reads a part of a message's content. An object may be several parts.
    pub(super) part: fn(&JsonFields<'_>, &str, MessageReader) -> Option<Vec<Part>>,
    /// Returns the value inside an envelope around all inputs or all outputs.
    pub(super) open_envelope: for<'a> fn(&JsonFields<'a>) -> Option<JsonView<'a>>,
    /// Reads a request without a message list.
    pub(super) request: fn(&JsonFields<'_>, MessageReader) -> Option<RequestMessages>,
    /// Reads a response that is not a message.
    pub(super) response: fn(&JsonFields<'_>, MessageReader) -> Option<Vec<Message>>,
    /// Adds a chunk to a streamed response. Returns whether the chunk has content.
    pub(super) chunk: fn(&JsonFields<'_>, &str, &mut StreamedMessage) -> Option<bool>,
    /// Substrings of the keys of tool calls and results. Text without any of them has none, and is not parsed.
    pub(super) tool_signs: KeyList,
    /// The keys of speaker names.
    pub(super) speaker_keys: KeyList,
}

impl Framework {
    /// A framework without any format of its own.
    pub(super) const NONE: Self = Self {
        message_keys: &[],
        instruction_keys: &[],
        ignored_keys: &[],
        nested_keys: &[],
        message: |_, _, _| None,
        text: |_| None,
        part: |_, _, _| None,
        open_envelope: |_| None,
        request: |_, _| None,
        response: |_, _| None,
        chunk: |_, _, _| None,
        tool_signs: &[],
        speaker_keys: &[],
    };
}

/// Reads messages by trying frameworks in order.
#[derive(Clone, Copy)]
pub(super) struct MessageReader {
    pub(super) frameworks: &'static [&'static Framework],
    /// The number of tool results, or messages in messages, around the content being read.
    depth: usize,
}

/// Deeper values are passed on unread, so that the time is linear in the size of the input.
const MAX_DEPTH: usize = 3;

impl MessageReader {
    pub(super) const fn new(frameworks: &'static [&'static Framework]) -> Self {
        Self { frameworks, depth: 0 }
    }

    /// Returns the reader for a nested value: a tool result, or another value that may contain messages.
    pub(super) const fn deeper(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// Returns the keys of a field, of all frameworks.
    pub(super) fn keys(self, field: fn(&Framework) -> KeyList) -> impl Iterator<Item = &'static str> {
        self.frameworks.iter().flat_map(move |framework| field(framework)).copied()
    }

    /// Returns a value without the envelopes around it.
    pub(super) fn without_envelopes(self, mut view: JsonView<'_>) -> JsonView<'_> {
        const MAX_ENVELOPES: usize = 3;
        for _ in 0..MAX_ENVELOPES {
            let fields = view.fields();
            match self.frameworks.iter().find_map(|framework| (framework.open_envelope)(&fields)) {
                Some(inner) => view = inner,
                None => break,
            }
        }
        view
    }

    /// Reads a message, if the value is one.
    pub(super) fn message(self, view: JsonView<'_>) -> Option<Vec<Message>> {
        self.message_from_fields(&view.fields())
    }

    /// Reads a message from an object with its members parsed.
    pub(super) fn message_from_fields(self, object: &JsonFields<'_>) -> Option<Vec<Message>> {
        if self.depth > MAX_DEPTH {
            return None;
        }
        let kind = object.get_string("type").unwrap_or_default();
        self.frameworks.iter().find_map(|framework| (framework.message)(object, &kind, self))
    }

    /// Reads a message that was written as text.
    pub(super) fn message_from_text(self, text: &str) -> Option<Message> {
        self.frameworks.iter().find_map(|framework| (framework.text)(text))
    }

    /// Reads a list of messages; `None` if any item is not a message. Batches (lists of lists) are read as one list.
    pub(super) fn messages(self, list: JsonView<'_>) -> Option<Vec<Message>> {
        const MAX_BATCH_DEPTH: usize = 2;
        self.messages_from_batches(list, MAX_BATCH_DEPTH)
    }

    fn messages_from_batches(self, list: JsonView<'_>, depth: usize) -> Option<Vec<Message>> {
        let mut found = Vec::new();
        for item in list.items() {
            let is_batch = item.is_list() && depth > 0;
            match self.pair(item) {
                Some(message) => found.push(message),
                None if is_batch => found.extend(self.messages_from_batches(item, depth - 1)?),
                None => found.extend(self.message(item)?),
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// Reads a pair of speaker and content, as written by programs that summarize a chat, and accepted by LangChain.
    fn pair(self, pair: JsonView<'_>) -> Option<Message> {
        let [speaker, content] = pair.items().try_into().ok()?;
        let speaker = speaker.string().filter(|name| name.len() < 80)?;
        let role = match speaker.as_str() {
            "user" | "human" => Role::User,
            "system" => Role::System,
            _ => Role::Assistant,
        };
        let parts = match content.string() {
            Some(text) => vec![Part::Text(text)],
            None if content.is_list() => self.parts(content),
            None => return None,
        };
        Some(Message::new(role, parts).with_speaker(Some(speaker)))
    }

    /// Reads the parts of content: a string, a list of parts, or one part.
    pub(super) fn parts(self, content: JsonView<'_>) -> Vec<Part> {
        match content.string() {
            Some(text) => text_or_media(text).into_iter().collect(),
            None if content.is_empty() => Vec::new(),
            None if self.depth > MAX_DEPTH => vec![Part::Data { name: None, value: content.json() }],
            None if content.is_list() => content.items().into_iter().flat_map(|item| self.part(item)).collect(),
            None => self.part(content),
        }
    }

    fn part(self, view: JsonView<'_>) -> Vec<Part> {
        let known = if view.is_object() {
            let object = view.fields();
            let kind = object.get_string("type").unwrap_or_default();
            self.frameworks.iter().find_map(|framework| (framework.part)(&object, &kind, self))
        } else if let Some(text) = view.string() {
            return text_or_media(text).into_iter().collect();
        } else {
            view.is_empty().then(Vec::new)
        };
        known.unwrap_or_else(|| vec![Part::Data { name: None, value: view.json() }])
    }
}

/// Reads a string, which may be an image instead of text.
fn text_or_media(text: String) -> Option<Part> {
    match Media::from_uri(&text, "file") {
        Some(media) => Some(Part::Media(media)),
        None => (!text.is_empty()).then_some(Part::Text(text)),
    }
}
