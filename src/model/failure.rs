//! Failures that left no error: what a tool raised, and its caller handed back to the model as text. The same failure
//! stands in the messages of several spans; it belongs to one.

use super::Span;
use std::collections::HashMap;

/// A failure of a tool that a span's messages tell of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolFailure {
    /// The call of the tool, by which the same failure is known in other spans.
    pub call_id: Option<String>,
    /// What the tool said.
    pub message: String,
    /// Whether the message came out of the span; else it went in.
    pub came_out: bool,
}

/// Gives each failure to one span: to the innermost one out of which it came, else to the first one that heard of it.
/// What a span of the trace raised is no such failure. The spans have to be in tree order.
pub(super) fn settle(spans: &mut [Span]) {
    if spans.iter().all(|span| span.tool_failures.is_empty()) {
        return;
    }
    let raised: Vec<String> = spans
        .iter()
        .filter_map(|span| span.exception.as_ref()?.message.clone())
        .filter(|message| !message.is_empty())
        .collect();
    let is_raised = |failure: &ToolFailure| raised.iter().any(|message| failure.message.contains(message.as_str()));
    let mut owners: HashMap<String, (usize, ToolFailure)> = HashMap::new();
    for (at, span) in spans.iter_mut().enumerate() {
        for failure in std::mem::take(&mut span.tool_failures) {
            if is_raised(&failure) {
                continue;
            }
            let key = failure.call_id.clone().unwrap_or_else(|| failure.message.clone());
            let is_known = owners.get(&key).is_some_and(|(_, known)| known.came_out || !failure.came_out);
            // Children come after their parents, so the last one out of which it came is the innermost.
            if !is_known || failure.came_out {
                owners.insert(key, (at, failure));
            }
        }
    }
    let mut owners: Vec<(usize, String, ToolFailure)> =
        owners.into_iter().map(|(key, (at, failure))| (at, key, failure)).collect();
    owners.sort_by(|(a, a_key, _), (b, b_key, _)| (a, a_key).cmp(&(b, b_key)));
    for (at, _, failure) in owners {
        match &mut spans[at].handled_failure {
            // One answer may be told with its call and without.
            Some(known) if known.contains(&failure.message) => {}
            Some(known) => *known = format!("{known}\n{}", failure.message),
            none => *none = Some(failure.message),
        }
    }
}
