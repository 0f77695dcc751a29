//! Predicates and facts that several findings are based on.

use crate::model::{Problem, TraceInfo, keys};

/// Removes the common ending of two paths, which leaves the folders that a file was moved from and to.
pub(super) fn differing_roots(recorded: &str, found: &str) -> (String, String) {
    let is_separator = |c: char| matches!(c, '/' | '\\');
    let ends = recorded.rsplit(is_separator).zip(found.rsplit(is_separator)).take_while(|(a, b)| a == b);
    let length = ends.map(|(part, _)| part.len() + 1).sum::<usize>();
    let root = |path: &str| {
        path.get(..path.len().saturating_sub(length)).filter(|root| !root.is_empty()).unwrap_or("/").to_owned()
    };
    (root(recorded), root(found))
}

/// Whether a trace ever had spans; inputs and outputs are recorded with them. A record may also be created without
/// spans.
pub(super) fn had_spans(info: &TraceInfo) -> bool {
    let root_keys = [keys::INPUTS, keys::OUTPUTS];
    info.span_count.is_some_and(|count| count > 0) || root_keys.iter().any(|key| info.metadata.get(key).is_some())
}

/// Whether stored data cannot be read, so that spans may be missing.
pub(super) fn explains_gaps(problem: &Problem) -> bool {
    ["damaged_", "unreadable_", "cut_"].iter().any(|kind| problem.kind.starts_with(kind))
}

/// Whether spans or their files are missing.
pub(super) fn is_missing(problem: &Problem) -> bool {
    problem.kind.starts_with("missing_")
}

/// Formats a read problem.
pub(super) fn unreadable(problem: &Problem) -> String {
    let path = problem.path.as_deref().map(|path| format!(": {path}")).unwrap_or_default();
    format!("{}{path}", problem.message)
}
