//! The tool calls of a trace by the spans that run them and by their ids.

use super::tool_calls::ToolCall;
use crate::message::{Message, Part};
use crate::model::{Span, Timestamp};
use std::collections::HashMap;

/// Finds the tool call that a span runs, or that a message requests or answers.
#[derive(Debug, Default)]
pub struct CallIndex<'a> {
    list: &'a [ToolCall],
    /// For each call id its calls, as places in the list: some servers reuse ids.
    by_id: HashMap<&'a str, Vec<usize>>,
    by_span: HashMap<usize, usize>,
}

impl<'a> CallIndex<'a> {
    /// Indexes the tool calls of a reading.
    #[must_use]
    pub fn new(list: &'a [ToolCall]) -> Self {
        let mut index = Self { list, ..Self::default() };
        for (place, call) in list.iter().enumerate() {
            if let Some(id) = &call.id {
                index.by_id.entry(id).or_default().push(place);
            }
            index.by_span.extend(call.span.map(|span| (span, place)));
        }
        index
    }

    /// The tool calls, in the order of the reading.
    #[must_use]
    pub const fn list(&self) -> &'a [ToolCall] {
        self.list
    }

    /// The place in the list of the call that a tool's span runs.
    #[must_use]
    pub fn run_by(&self, span: usize) -> Option<usize> {
        self.by_span.get(&span).copied()
    }

    /// The place of the call that the response of a span requests under an id.
    #[must_use]
    pub fn requested_by(&self, span: usize, id: &str) -> Option<usize> {
        self.by_id.get(id)?.iter().copied().find(|place| self.list[*place].requested_in == Some(span))
    }

    /// The place of the latest call with an id that was requested before a time.
    #[must_use]
    pub fn latest_before(&self, id: &str, spans: &[Span], until: Timestamp) -> Option<usize> {
        let is_before = |place: &&usize| self.list[**place].requested_in.is_none_or(|asked| spans[asked].start < until);
        let places = self.by_id.get(id)?;
        places.iter().rev().find(is_before).or(places.first()).copied()
    }

    /// Names the tools whose results are in a message of a time: that of a request is the start of its span, and that of a
    /// response its end.
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
