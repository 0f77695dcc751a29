//! What a framework is made of, and the reader that asks one framework after another.

use super::answer::StreamedMessage;
use crate::json::{JsonFields, JsonView};
use crate::message::{Media, Message, Part, Role};

/// Keys, or pieces of text.
pub(super) type KeyList = &'static [&'static str];

/// The messages of a request, and the keys under which they stood.
pub(super) type RequestMessages = (Vec<Message>, KeyList);

/// In place of these keys, where nothing is left beside the messages that a reader would want.
pub(super) const EVERYTHING: KeyList = &["*"];

/// A framework: how it writes messages down. Whatever it has no form of its own for is left out, with `..Framework::NONE`.
///
/// Functions are given an object, and its `type` (an empty text where it has none), and return `None` for what is not
/// theirs.
pub(super) struct Framework {
    /// The keys under which requests have their messages.
    pub(super) lists: KeyList,
    /// The keys under which requests have instructions beside them.
    pub(super) instructions: KeyList,
    /// The keys of inputs that are left out.
    pub(super) ignored: KeyList,
    /// The keys of objects whose members are parameters.
    pub(super) nested: KeyList,
    /// A message. One object may hold several.
    pub(super) message: fn(&JsonFields<'_>, &str, MessageReader) -> Option<Vec<Message>>,
    /// A message that was written as a text.
    pub(super) text: fn(&str) -> Option<Message>,
    /// A part of a message's content. One object may be several parts.
    pub(super) part: fn(&JsonFields<'_>, &str, MessageReader) -> Option<Vec<Part>>,
    /// The value in an envelope that was put around all inputs or all outputs.
    pub(super) opened: for<'a> fn(&JsonFields<'a>) -> Option<JsonView<'a>>,
    /// A request that has no list of messages.
    pub(super) request: fn(&JsonFields<'_>, MessageReader) -> Option<RequestMessages>,
    /// A response that is not a message.
    pub(super) response: fn(&JsonFields<'_>, MessageReader) -> Option<Vec<Message>>,
    /// Adds a chunk to a streamed answer. Returns whether the chunk has content.
    pub(super) chunk: fn(&JsonFields<'_>, &str, &mut StreamedMessage) -> Option<bool>,
    /// What the keys of tool calls and their results contain: texts without any of it hold none, and need not be read.
    pub(super) tool_signs: KeyList,
    /// The keys that name who speaks.
    pub(super) speaker_keys: KeyList,
}

impl Framework {
    /// A framework without any form of its own.
    pub(super) const NONE: Self = Self {
        lists: &[],
        instructions: &[],
        ignored: &[],
        nested: &[],
        message: |_, _, _| None,
        text: |_| None,
        part: |_, _, _| None,
        opened: |_| None,
        request: |_, _| None,
        response: |_, _| None,
        chunk: |_, _, _| None,
        tool_signs: &[],
        speaker_keys: &[],
    };
}

/// Reads messages by asking frameworks in their order.
#[derive(Clone, Copy)]
pub(super) struct MessageReader {
    pub(super) frameworks: &'static [&'static Framework],
    /// How many tool results, or messages in messages, the content being read lies in.
    depth: usize,
}

/// What lies deeper is passed on as it is, so that reading takes a time linear in the size of the input.
const DEEPEST: usize = 3;

impl MessageReader {
    pub(super) const fn new(frameworks: &'static [&'static Framework]) -> Self {
        Self { frameworks, depth: 0 }
    }

    /// The same reader within a tool result, or another value that may hold its like.
    pub(super) const fn within(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// A field of all frameworks.
    pub(super) fn keys(self, field: fn(&Framework) -> KeyList) -> impl Iterator<Item = &'static str> {
        self.frameworks.iter().flat_map(move |framework| field(framework)).copied()
    }

    /// A value without the envelopes around it.
    pub(super) fn opened(self, mut view: JsonView<'_>) -> JsonView<'_> {
        const ENVELOPES: usize = 3;
        for _ in 0..ENVELOPES {
            let fields = view.fields();
            match self.frameworks.iter().find_map(|framework| (framework.opened)(&fields)) {
                Some(inner) => view = inner,
                None => break,
            }
        }
        view
    }

    /// A message, if it is one.
    pub(super) fn message(self, view: JsonView<'_>) -> Option<Vec<Message>> {
        self.message_of(&view.fields())
    }

    /// The same, of an object whose members were found.
    pub(super) fn message_of(self, object: &JsonFields<'_>) -> Option<Vec<Message>> {
        if self.depth > DEEPEST {
            return None;
        }
        let kind = object.word("type").unwrap_or_default();
        self.frameworks.iter().find_map(|framework| (framework.message)(object, &kind, self))
    }

    /// A message that was written as a text.
    pub(super) fn message_of_text(self, text: &str) -> Option<Message> {
        self.frameworks.iter().find_map(|framework| (framework.text)(text))
    }

    /// The messages of a list, each of whose items has to be one. Batches, which are lists of lists, are read as one list.
    pub(super) fn messages(self, list: JsonView<'_>) -> Option<Vec<Message>> {
        const BATCHES: usize = 2;
        self.messages_of_batches(list, BATCHES)
    }

    fn messages_of_batches(self, list: JsonView<'_>, deep: usize) -> Option<Vec<Message>> {
        let mut found = Vec::new();
        for item in list.items() {
            let is_batch = item.is_list() && deep > 0;
            match self.pair(item) {
                Some(message) => found.push(message),
                None if is_batch => found.extend(self.messages_of_batches(item, deep - 1)?),
                None => found.extend(self.message(item)?),
            }
        }
        (!found.is_empty()).then_some(found)
    }

    /// A pair of speaker and content, as programs that summarize a chat write it, and LangChain takes it.
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
        Some(Message::new(role, parts).said_by(Some(speaker)))
    }

    /// The parts of a content: a string, a list of parts, or one part.
    pub(super) fn parts(self, content: JsonView<'_>) -> Vec<Part> {
        match content.string() {
            Some(text) => text_or_media(text).into_iter().collect(),
            None if content.is_empty() => Vec::new(),
            None if self.depth > DEEPEST => vec![Part::Data { name: None, value: content.json() }],
            None if content.is_list() => content.items().into_iter().flat_map(|item| self.part(item)).collect(),
            None => self.part(content),
        }
    }

    fn part(self, view: JsonView<'_>) -> Vec<Part> {
        let known = if view.is_object() {
            let object = view.fields();
            let kind = object.word("type").unwrap_or_default();
            self.frameworks.iter().find_map(|framework| (framework.part)(&object, &kind, self))
        } else if let Some(text) = view.string() {
            return text_or_media(text).into_iter().collect();
        } else {
            view.is_empty().then(Vec::new)
        };
        known.unwrap_or_else(|| vec![Part::Data { name: None, value: view.json() }])
    }
}

/// A string, which may hold an image instead of words.
fn text_or_media(text: String) -> Option<Part> {
    match Media::from_uri(&text, "file") {
        Some(media) => Some(Part::Media(media)),
        None => (!text.is_empty()).then_some(Part::Text(text)),
    }
}
