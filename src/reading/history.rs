//! What earlier traces have told of tool calls: later ones repeat it in their history, and it counts once.

use super::identity::Key;
use super::tool_calls::ToolCall;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The tool calls of the traces read so far, which have to come first ended first. Calls that no message asked for cannot be
/// repeated, and are not kept: memory grows with the calls in messages only, by a few bytes each.
#[derive(Debug, Default)]
pub struct History {
    calls: HashMap<Key, Seen>,
    /// The latest call of an id, for traces that hold only its result.
    by_id: HashMap<Key, (Key, u32)>,
    names: Vec<String>,
}

/// How often a call was made, and how often its result was read.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    made: u32,
    answered: u32,
    /// When the span of the model that last asked for it began and ended.
    asked: Option<(i64, i64)>,
}

/// What a trace tells of a call that no trace before told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    /// Whether the call is told for the first time.
    pub is_new: bool,
    /// Whether its result is.
    pub is_answer_new: bool,
}

impl History {
    /// Tells which of a trace's tool calls are new, and names those whose request an earlier trace holds.
    pub fn read(&mut self, calls: &mut [ToolCall]) -> Vec<News> {
        let mut repeated: HashMap<Key, u32> = HashMap::new();
        calls.iter_mut().map(|call| self.read_one(call, &mut repeated)).collect()
    }

    fn read_one(&mut self, call: &mut ToolCall, repeated: &mut HashMap<Key, u32>) -> News {
        if !call.is_in_messages() {
            return News { is_new: true, is_answer_new: call.is_answered() };
        }
        let mut key = call.key;
        if call.name.is_none()
            && let Some(id) = &call.id
            && let Some((known, name)) = self.by_id.get(&hash(id))
        {
            (key, call.name) = (*known, self.names.get(*name as usize).cloned());
        }
        let seen = self.calls.entry(key).or_default();
        let nth = repeated.entry(key).or_default();
        *nth += 1;
        // Two instrumentations record one request in a trace each (AG2 beside OpenAI): it is the same where both were at it at
        // the same time. Any other call that was made here is another one, though some servers count their ids anew.
        let overlaps = |(start, end): (i64, i64), (from, to): (i64, i64)| start <= to && from <= end;
        let is_double = seen.asked.zip(call.asked).is_some_and(|(known, own)| overlaps(known, own));
        // Of those that are only repeated, as many are known as were made.
        let is_new = if call.is_history { *nth > seen.made } else { !is_double };
        seen.asked = call.asked.or(seen.asked);
        seen.made += u32::from(is_new);
        let is_answer_new = call.is_answered() && (is_new || seen.answered < seen.made);
        seen.answered += u32::from(is_answer_new);
        if let (true, Some(id), Some(name)) = (is_new, &call.id, &call.name) {
            let place = self.names.iter().position(|known| known == name).unwrap_or_else(|| {
                self.names.push(name.clone());
                self.names.len() - 1
            });
            self.by_id.insert(hash(id), (key, place as u32));
        }
        News { is_new, is_answer_new }
    }
}

fn hash(id: &str) -> Key {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
