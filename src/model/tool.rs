//! Tool mentions and speaker hints in the messages of a span. They are collected while a span is decoded, so that
//! commands that print no messages need not keep the messages.

/// The kind of a tool mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionKind {
    /// A message in which a model requests the call.
    Requested,
    /// The tool span itself.
    Ran,
    /// A message with the tool result.
    Returned,
}

/// A mention of a tool call in a span. Many spans may mention the same call.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolMention {
    /// The kind of mention.
    pub kind: MentionKind,
    /// The tool call id.
    pub call_id: Option<String>,
    /// The tool name.
    pub name: Option<String>,
    /// A hash of the arguments that ignores formatting; `None` for results.
    pub arguments: Option<u64>,
    /// The error text, if the tool failed and its caller returned the error as tool output.
    pub failure: Option<String>,
    /// Whether the message is in the outputs of the span, not in the inputs.
    pub is_output: bool,
    /// Whether the model was forced to call it, which is a way to request structured output.
    pub is_forced: bool,
    /// Whether a user message follows it in the request, so that it belongs to an earlier turn.
    pub in_earlier_turn: bool,
}

/// Which hints about speakers the messages of a span may hold. Ordered: a greater one includes the smaller ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpeakerSigns {
    /// No hints.
    #[default]
    None,
    /// Messages have names, which may be tool names.
    Name,
    /// Messages have a source or a sender (AutoGen, AG2).
    Source,
}
