//! Messages and their parts, whatever framework wrote them.

mod failure;
mod media;

pub(crate) use failure::{FAILURE_SIGNS, is_failure_sign, says_so, tells_failure};
pub use media::Media;

use crate::model::Json;

/// Something that somebody said, or that went in or came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// As whom it was said.
    pub role: Role,
    /// The name of who said it, where the message tells.
    pub speaker: Option<String>,
    /// To whom, where the message tells.
    pub addressee: Option<String>,
    /// What was said.
    pub parts: Vec<Part>,
}

/// As whom something is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions to the model.
    System,
    /// Whoever asks the model.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
    /// Nobody: the inputs of a function.
    Input,
    /// Nobody: the outputs of a function.
    Output,
    /// Another word.
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

    /// Whether it tells the model how to behave; newer models of OpenAI call that `developer`.
    #[must_use]
    pub fn is_instruction(&self) -> bool {
        matches!(self.as_str(), "system" | "developer")
    }

    /// The word of the output.
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

/// A piece of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Words.
    Text(String),
    /// Words that the model said to itself, or their summary.
    Reasoning(String),
    /// Why the model does not answer.
    Refusal(String),
    /// A tool is asked for something.
    ToolCall(ToolCallPart),
    /// What came back from it.
    ToolResult(ToolResultPart),
    /// An image, sound or file.
    Media(Media),
    /// Vectors.
    Embedding {
        /// How many.
        count: usize,
        /// Of how many numbers each.
        dimensions: Option<usize>,
    },
    /// Anything else, with its name where it has one.
    Data {
        /// The key under which it stood.
        name: Option<String>,
        /// The value.
        value: Json,
    },
}

/// A tool is asked for something.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCallPart {
    /// By which the result is found.
    pub id: Option<String>,
    /// The tool.
    pub name: String,
    /// Mostly an object.
    pub arguments: Json,
}

/// What came back from a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolResultPart {
    /// The call that is answered.
    pub id: Option<String>,
    /// The tool, where the message tells.
    pub name: Option<String>,
    /// The answer.
    pub content: Vec<Part>,
    /// Whether it is told that the tool failed.
    pub is_error: bool,
}

impl Part {
    /// The words of a piece that says something.
    #[must_use]
    pub fn words(&self) -> Option<String> {
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

    pub(crate) fn said_by(self, speaker: Option<String>) -> Self {
        Self { speaker: speaker.or(self.speaker), ..self }
    }
}
