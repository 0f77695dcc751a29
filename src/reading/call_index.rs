//! Index of a trace's tool calls by id and by span.

use super::tool_calls::ToolCall;
use crate::message::{Message, Part};
use crate::model::{Span, Timestamp};
use std::collections::HashMap;

/// Finds the tool call that a span ran, or that a message requests or returns.
#[derive(Debug, Default)]
pub struct CallIndex<'a> {
    list: &'a [ToolCall],
    /// For each call id, indexes into `list`; several, because some servers reuse ids.
    by_id: HashMap<&'a str, Vec<usize>>,
    /// For each tool span, the index of its call in `list`.
    by_span: HashMap<usize, usize>,
}

impl<'a> CallIndex<'a> {
    /// Indexes the tool calls of a reading.
    #[must_use]
    pub fn new(list: &'a [ToolCall]) -> Self {
        let mut index = Self { list, ..Self::default() };
        for (at, call) in list.iter().enumerate() {
            if let Some(id) = &call.id {
                index.by_id.entry(id).or_default().push(at);
            }
            index.by_span.extend(call.span.map(|span| (span, at)));
        }
        index
    }

    /// The indexed tool calls, in the order of the reading.
    #[must_use]
    pub const fn list(&self) -> &'a [ToolCall] {
        self.list
    }

    /// Returns the index of the call that a tool span ran.
    #[must_use]
    pub fn run_by(&self, span: usize) -> Option<usize> {
        self.by_span.get(&span).copied()
    }

    /// Returns the index of the call that the response of a span requested with an id.
    #[must_use]
    pub fn requested_by(&self, span: usize, id: &str) -> Option<usize> {
        self.by_id.get(id)?.iter().copied().find(|at| self.list[*at].requested_in == Some(span))
    }

    /// Returns the index of the latest call with an id that was requested before `until`, else of the first one.
    #[must_use]
    pub fn latest_before(&self, id: &str, spans: &[Span], until: Timestamp) -> Option<usize> {
        let is_before = |at: &&usize| self.list[**at].requested_in.is_none_or(|span| spans[span].start < until);
        let indexes = self.by_id.get(id)?;
        indexes.iter().rev().find(is_before).or(indexes.first()).copied()
    }

    /// Fills in missing tool names of the results in a message. `until` is the time of the message: the start of the
    /// span for a request, its end for a response.
    pub fn name_results(&self, message: &mut Message, spans: &[Span], until: Timestamp) {
        for part in &mut message.parts {
            if let Part::ToolResult(result) = part
                && result.name.is_none()
            {
                let call = result.id.as_ref().and_then(|id| self.latest_before(id, spans, until));
                result.name = call.and_then(|call| self.list[call].name.clone());
            }
        }
    }
}
