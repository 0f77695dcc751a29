//! Tool failures that were returned to the model as text, without an error.

use super::{Part, ToolResultPart};
use crate::json::Json;

/// Substrings of any text that may report a failure: the ends of exception names, and of `is_error`.
pub(crate) const FAILURE_SIGNS: [&str; 2] = ["rror", "xception: "];

/// Whether the sign at byte `at` of a text, which may be JSON in a JSON string, is the sign of a failure: the name of
/// an exception with a colon, or a set flag `is_error`. Texts without one need not be parsed.
pub(crate) fn is_failure_sign(text: &str, at: usize) -> bool {
    let (before, sign) = text.as_bytes().split_at(at);
    let Some(after) = sign.strip_prefix(b"rror") else { return true };
    let is_flag = before.ends_with(b"is_e") || before.ends_with(b"isE");
    let is_set = || after[..after.len().min(12)].windows(4).any(|window| window == b"true");
    let opens = |(start, end): &(&str, &str)| before.ends_with(start.as_bytes()) && after.starts_with(end.as_bytes());
    (before.ends_with(b"E") && after.first() == Some(&b':'))
        || (is_flag && is_set())
        || FAILURE_PREFIXES.iter().any(opens)
}

/// Prefixes of tool results that report a failure, split at the sign `rror`: AG2, LangGraph and Strands; CrewAI; OpenAI
/// Agents SDK and Semantic Kernel.
const FAILURE_PREFIXES: [(&str, &str); 3] = [("E", ": "), ("E", " executing tool"), ("An e", " occurred while ")];

impl ToolResultPart {
    /// Returns the text of the result.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(Part::text);
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Whether the tool failed: the result is flagged as an error, or is the text of an exception.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.is_error || self.content.iter().any(has_error_flag) || is_failure_text(&self.text())
    }
}

/// Whether a result flags itself as an error, as tools of the Model Context Protocol do.
pub(crate) fn has_error_flag(part: &Part) -> bool {
    let is_true = |value: &Json, key: &str| value.member(key).is_some_and(|flag| flag.text() == "true");
    matches!(part, Part::Data { value, .. } if is_true(value, "isError") || is_true(value, "is_error"))
}

/// Whether a tool result is the text of an exception: a traceback, `ValueError: …`, or one of [`FAILURE_PREFIXES`].
pub(crate) fn is_failure_text(text: &str) -> bool {
    const TRACEBACK: &str = "Traceback (most recent call last)";
    let text = text.trim_start();
    let opens = |(start, end): &(&str, &str)| {
        text.strip_prefix(start).and_then(|text| text.strip_prefix("rror")).is_some_and(|text| text.starts_with(end))
    };
    if FAILURE_PREFIXES.iter().any(opens) || text.starts_with(TRACEBACK) || text.contains(&format!("\n{TRACEBACK}")) {
        return true;
    }
    let Some((class, _)) = text.split_once(": ") else { return false };
    let is_class = class.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    is_class && class.len() < 80 && (class.ends_with("Error") || class.ends_with("Exception"))
}
