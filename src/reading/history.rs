//! Tool calls across traces: later traces repeat earlier calls in their history, and each call counts once.

use super::Reading;
use super::handled::mark_handled_failures;
use super::identity::PartHash;
use super::tool_calls::{CallOrigin, ToolCall};
use crate::model::Trace;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The tool calls of the traces read so far. Traces must come in the order in which they ended. Calls that no message mentions
/// cannot be repeated and are not kept, so memory grows by a few dozen bytes per call in messages.
#[derive(Debug, Default)]
pub struct History {
    calls: HashMap<PartHash, CallCounts>,
    /// For each call id the latest call with it, as its key and the hash of its name: some traces hold only its result.
    by_id: HashMap<PartHash, (PartHash, PartHash)>,
    /// Tool names by their hash.
    names: HashMap<PartHash, String>,
}

/// How often a call was made, and how often its result was read.
#[derive(Clone, Copy, Debug, Default)]
struct CallCounts {
    made: u32,
    answered: u32,
    /// Start and end of the model's span that last requested it, in nanoseconds since 1970.
    asked: Option<(i64, i64)>,
}

impl History {
    /// Reads a trace, and marks its failures that left no error and that no earlier trace holds.
    pub fn read_trace(&mut self, trace: &mut Trace) -> Reading {
        let mut reading = Reading::of(trace);
        self.read(&mut reading.tool_calls);
        if let Some(spans) = &mut trace.spans {
            spans.list.iter_mut().for_each(|span| span.handled_failure = None);
            mark_handled_failures(spans, &reading.tool_calls);
        }
        reading
    }

    /// Sets which calls and results of a trace are new, and names calls whose request is in an earlier trace.
    pub fn read(&mut self, calls: &mut [ToolCall]) {
        let mut repeated: HashMap<PartHash, u32> = HashMap::new();
        for call in calls.iter_mut().filter(|call| call.is_in_messages()) {
            let key = self.key(call);
            let seen = self.calls.entry(key).or_default();
            let nth = repeated.entry(key).or_default();
            *nth += 1;
            // Two instrumentations record one request in a trace each (AG2 beside OpenAI): their spans overlap in time. Any
            // other call that was made here is a new one, since some servers reuse ids.
            let overlaps = |(start, end): (i64, i64), (from, to): (i64, i64)| start <= to && from <= end;
            let is_double = seen.asked.zip(call.asked).is_some_and(|(known, own)| overlaps(known, own));
            // Of repeated calls, as many are known as were made.
            call.is_new = match call.origin {
                CallOrigin::Trace => !is_double,
                CallOrigin::History => *nth > seen.made,
                CallOrigin::EarlierTurn => false,
            };
            seen.asked = call.asked.or(seen.asked);
            seen.made += u32::from(call.is_new);
            call.is_result_new = call.is_answered() && (call.is_new || seen.answered < seen.made);
            seen.answered += u32::from(call.is_result_new);
            if let (true, Some(id), Some(name)) = (call.is_new, &call.id, &call.name) {
                self.by_id.insert(hash(id), (key, hash(name)));
                self.names.entry(hash(name)).or_insert_with(|| name.clone());
            }
        }
    }

    /// The key of a call. One of which only the result is recorded gets key and name of the call with its id.
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
