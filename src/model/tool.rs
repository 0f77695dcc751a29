//! Tool mentions of a span, and whether its messages name their speakers: read while it is decoded, so that commands
//! that print no messages need not keep them.

/// What a mention of a tool is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MentionKind {
    /// A model asks for the call, in a message.
    Requested,
    /// The span is the tool at work.
    Ran,
    /// A message holds the result.
    Returned,
}

/// A mention of a tool call in a span. The same call is mentioned by many spans.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolMention {
    /// What it is.
    pub kind: MentionKind,
    /// The id of the call.
    pub call_id: Option<String>,
    /// The tool's name.
    pub name: Option<String>,
    /// The hash of its arguments, however they are written; unknown of results.
    pub arguments: Option<u64>,
    /// The text of its failure, where the tool failed and its caller returned that as tool output.
    pub failure: Option<String>,
    /// Whether the message came out of the span; else it went in.
    pub came_out: bool,
    /// Whether the model was made to call it, which is how an answer of a given form is asked for.
    pub is_forced: bool,
    /// Whether a message of the user follows it in the request: it belongs to an earlier turn.
    pub in_earlier_turn: bool,
}

/// How far the messages of a span may name who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SpeakerSigns {
    /// Not at all.
    #[default]
    None,
    /// They have names, which may be those of tools.
    Name,
    /// They have a source or a sender (AutoGen, AG2).
    Source,
}
