//! Messages and their parts, independent of the framework that wrote them.

mod failure;
mod media;

pub(crate) use failure::{FAILURE_SIGNS, has_error_flag, is_failure_sign, is_failure_text};
pub use media::Media;

use crate::json::Json;

/// A message of a chat, or the inputs or outputs of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The role of the sender.
    pub role: Role,
    /// The name of the sender, if the message has one.
    pub speaker: Option<String>,
    /// The name of the recipient, if the message has one.
    pub addressee: Option<String>,
    /// The content.
    pub parts: Vec<Part>,
}

/// The role of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions to the model.
    System,
    /// The user of the model.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Not a chat message: the inputs of a function.
    Input,
    /// Not a chat message: the outputs of a function.
    Output,
    /// Any other role.
    Other(String),
}

impl Role {
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "system" => Self::System,
            "user" | "human" => Self::User,
            "assistant" | "ai" | "model" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            _ => Self::Other(word.to_owned()),
        }
    }

    /// Whether the message is an instruction to the model; newer OpenAI models call that role `developer`.
    #[must_use]
    pub fn is_instruction(&self) -> bool {
        matches!(self.as_str(), "system" | "developer")
    }

    /// The name in the output.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Input => "input",
            Self::Output => "output",
            Self::Other(word) => word,
        }
    }
}

/// A part of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text(String),
    /// The reasoning of the model, or its summary.
    Reasoning(String),
    /// The reason why the model refuses to answer.
    Refusal(String),
    /// The request for a tool call.
    ToolCall(ToolCallPart),
    /// The result of a tool call.
    ToolResult(ToolResultPart),
    /// An image, audio, video or other file.
    Media(Media),
    /// Embedding vectors.
    Embedding {
        /// The number of vectors.
        count: usize,
        /// The dimension of each vector.
        dimensions: Option<usize>,
    },
    /// Any other value.
    Data {
        /// The key of the value, if it has one.
        name: Option<String>,
        /// The value.
        value: Json,
    },
}

/// The request for a tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCallPart {
    /// The call id, which the result repeats.
    pub id: Option<String>,
    /// The name of the tool.
    pub name: String,
    /// The arguments, usually an object.
    pub arguments: Json,
}

/// The result of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResultPart {
    /// The call id.
    pub id: Option<String>,
    /// The name of the tool, if the message has it.
    pub name: Option<String>,
    /// The content of the result.
    pub content: Vec<Part>,
    /// Whether the message flags the result as an error.
    pub is_error: bool,
}

impl Part {
    /// Returns the text of a text or data part.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Data { value, .. } => Some(value.display()),
            _ => None,
        }
    }
}

impl Message {
    pub(crate) fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, speaker: None, addressee: None, parts }
    }

    pub(crate) fn with_speaker(self, speaker: Option<String>) -> Self {
        Self { speaker: speaker.or(self.speaker), ..self }
    }
}
