//! Failures that left no error: what a tool raised, and its caller handed back to the model as text.

use super::{Part, ToolResultPart};
use crate::model::Json;

/// What stands in a text that may tell a failure: the ends of the names of exceptions, and of `is_error`.
pub(crate) const FAILURE_SIGNS: [&str; 2] = ["rror", "xception: "];

/// Whether a sign at a place in a text, which may be JSON inside of JSON, is that of a failure: the name of an exception
/// with a colon, or that something `is_error`. Most texts have none, and need not be read for it.
pub(crate) fn is_failure_sign(text: &str, at: usize) -> bool {
    let (before, sign) = text.as_bytes().split_at(at);
    let Some(behind) = sign.strip_prefix(b"rror") else { return true };
    let is_flag = before.ends_with(b"is_e") || before.ends_with(b"isE");
    let is_set = || behind[..behind.len().min(12)].windows(4).any(|window| window == b"true");
    let opens = |text: &&str| {
        let (start, end) = text.split_once("rror").unwrap_or_default();
        before.ends_with(start.as_bytes()) && behind.starts_with(end.as_bytes())
    };
    (before.ends_with(b"E") && behind.first() == Some(&b':')) || (is_flag && is_set()) || OPENINGS.iter().any(opens)
}

/// How answers begin that tell a failure: of AG2, LangGraph and Strands; of CrewAI; of the OpenAI Agents SDK and
/// Semantic Kernel.
const OPENINGS: [&str; 3] = ["Error: ", "Error executing tool", "An error occurred while "];

impl ToolResultPart {
    /// The words of the answer.
    #[must_use]
    pub fn words(&self) -> String {
        let texts = self.content.iter().filter_map(Part::words);
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Whether the tool failed: that is said, or the answer is the text of an exception.
    #[must_use]
    pub fn tells_failure(&self) -> bool {
        self.is_error || self.content.iter().any(says_so) || tells_failure(&self.words())
    }
}

/// Whether an answer says of itself that it is an error, as tools of the Model Context Protocol do.
pub(crate) fn says_so(part: &Part) -> bool {
    let is_true = |value: &Json, key: &str| value.member(key).is_some_and(|flag| flag.text() == "true");
    matches!(part, Part::Data { value, .. } if is_true(value, "isError") || is_true(value, "is_error"))
}

/// Whether a tool's answer is the text of an exception: a traceback, `ValueError: …`, or one of [`OPENINGS`].
pub(crate) fn tells_failure(text: &str) -> bool {
    const TRACEBACK: &str = "Traceback (most recent call last)";
    let text = text.trim_start();
    if OPENINGS.iter().any(|opening| text.starts_with(opening))
        || text.starts_with(TRACEBACK)
        || text.contains(&format!("\n{TRACEBACK}"))
    {
        return true;
    }
    let Some((class, _)) = text.split_once(": ") else { return false };
    let is_class = class.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    is_class && class.len() < 80 && (class.ends_with("Error") || class.ends_with("Exception"))
}
