//! The tool calls of a trace by span and by id, as its reading joined them.

use crate::message::{Message, Part};
use crate::model::Spans;
use crate::reading::{Reading, ToolCall};
use std::collections::HashMap;

/// Finds the tool call that a span runs, or that a result answers.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: Vec<ToolCall>,
    /// For each call id its calls, as places in the list: some servers reuse ids.
    by_id: HashMap<String, Vec<usize>>,
    by_span: HashMap<usize, usize>,
}

impl Calls {
    pub(super) fn new(reading: Reading) -> Self {
        let mut index = Self { list: reading.tool_calls, ..Self::default() };
        for (place, call) in index.list.iter().enumerate() {
            if let Some(id) = &call.id {
                index.by_id.entry(id.clone()).or_default().push(place);
            }
            index.by_span.extend(call.span.map(|span| (span, place)));
        }
        index
    }

    /// The id of the call that a tool's span runs.
    pub(super) fn id(&self, span: usize) -> Option<String> {
        self.list[*self.by_span.get(&span)?].id.clone()
    }

    /// Names the tools whose results are in a message of a span; of calls with the same id, that of the latest before it.
    pub(super) fn name_results(&self, message: &mut Message, spans: &Spans, at: usize) {
        let start = |span: usize| spans.list[span].start;
        let is_before =
            |call: &&ToolCall| call.requested_in.is_none_or(|asked| asked != at && start(asked) <= start(at));
        for part in &mut message.parts {
            let Part::ToolResult(result) = part else { continue };
            let places = result.id.as_ref().and_then(|id| self.by_id.get(id)).into_iter().flatten();
            let latest = places.rev().map(|place| &self.list[*place]).find(is_before);
            if result.name.is_none() {
                result.name = latest.and_then(|call| call.name.clone());
            }
        }
    }
}
