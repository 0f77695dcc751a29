//! Tool calls across traces: later traces repeat earlier calls in their history, but each call counts once.

use super::Reading;
use super::handled::mark_handled_failures;
use super::identity::PartHash;
use super::tool_calls::{CallOrigin, ToolCall};
use crate::model::Trace;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The tool calls of the traces read so far. Traces must be read in the order in which they ended. Calls that no
/// message mentions cannot be repeated and are not stored, so memory grows by a few dozen bytes per call in messages.
#[derive(Debug, Default)]
pub struct History {
    calls: HashMap<PartHash, CallCounts>,
    /// For each hash of a call id, the latest call with it, as its key and the hash of its name: some traces contain
    /// only the result of a call.
    by_id: HashMap<PartHash, (PartHash, PartHash)>,
    /// Tool names by hash.
    names: HashMap<PartHash, String>,
}

/// How often a call was made, and how often its result was seen.
#[derive(Clone, Copy, Debug, Default)]
struct CallCounts {
    made: u32,
    answered: u32,
    /// Start and end of the LLM span that last requested it, in nanoseconds since 1970.
    last_request: Option<(i64, i64)>,
}

impl History {
    /// Reads a trace, and marks its handled failures that no earlier trace contains.
    pub fn read_trace(&mut self, trace: &mut Trace) -> Reading {
        let mut reading = Reading::from_trace(trace);
        self.read(&mut reading.tool_calls);
        if let Some(spans) = &mut trace.spans {
            spans.list.iter_mut().for_each(|span| span.handled_failure = None);
            mark_handled_failures(spans, &reading.tool_calls);
        }
        reading
    }

    /// Sets which calls and results of a trace are new, and fills in the names of calls requested in an earlier trace.
    pub fn read(&mut self, calls: &mut [ToolCall]) {
        let mut repeated: HashMap<PartHash, u32> = HashMap::new();
        for call in calls.iter_mut().filter(|call| call.is_in_messages()) {
            let key = self.key(call);
            let seen = self.calls.entry(key).or_default();
            let nth = repeated.entry(key).or_default();
            *nth += 1;
            // Two instrumentations may record one request in two traces (AG2 and OpenAI): their spans overlap in time.
            // Any other call made in this trace is new, since some servers reuse ids.
            let overlaps = |(start, end): (i64, i64), (from, to): (i64, i64)| start <= to && from <= end;
            let is_duplicate = seen.last_request.zip(call.requested).is_some_and(|(known, this)| overlaps(known, this));
            // A history may contain equal calls: as many of them are known as were made.
            call.is_new = match call.origin {
                CallOrigin::Trace => !is_duplicate,
                CallOrigin::History => *nth > seen.made,
                CallOrigin::EarlierTurn => false,
            };
            seen.last_request = call.requested.or(seen.last_request);
            seen.made += u32::from(call.is_new);
            call.is_result_new = call.is_answered() && (call.is_new || seen.answered < seen.made);
            seen.answered += u32::from(call.is_result_new);
            if let (true, Some(id), Some(name)) = (call.is_new, &call.id, &call.name) {
                self.by_id.insert(hash(id), (key, hash(name)));
                self.names.entry(hash(name)).or_insert_with(|| name.clone());
            }
        }
    }

    /// Returns the key of a call. A call of which only the result is recorded takes key and name of the call with its
    /// id.
    fn key(&self, call: &mut ToolCall) -> PartHash {
        let known = call.id.as_deref().filter(|_| call.name.is_none()).and_then(|id| self.by_id.get(&hash(id)));
        known.map_or(call.key, |(key, name)| {
            call.name = self.names.get(name).cloned();
            *key
        })
    }
}

fn hash(text: &str) -> PartHash {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
