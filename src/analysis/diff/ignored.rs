//! Differences that do not count as changes: ids, times, token counts and other metadata around the content, and
//! formatting. They are counted, so that nothing is hidden.

use super::ChangedField;
use super::ids::{Renames, ids, mask_ids};
use super::structure::{Difference, ValuePairing};
use crate::json::Json;
use std::collections::HashSet;

/// The kind of an ignored difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IgnoredKind {
    /// Ids of responses, calls, objects.
    Ids,
    /// Creation times of responses and messages.
    Times,
    /// Tokens, costs and durations that a response or attribute reports.
    Usage,
    /// Attributes that describe the process, stack traces, and equal values formatted differently.
    Other,
}

impl IgnoredKind {
    /// All kinds, in display order.
    pub const ALL: [Self; 4] = [Self::Ids, Self::Times, Self::Usage, Self::Other];

    /// The JSON key.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ids => "ids",
            Self::Times => "times",
            Self::Usage => "usage",
            Self::Other => "other",
        }
    }
}

/// The ignored differences. Equal pairs of values count once.
#[derive(Debug, Default)]
pub struct Ignored {
    pairs: HashSet<(IgnoredKind, Option<String>, Option<String>)>,
}

impl Ignored {
    pub(super) fn add(&mut self, kind: IgnoredKind, a: Option<String>, b: Option<String>) {
        self.pairs.insert((kind, a, b));
    }

    /// Returns the number of ignored differences of a kind.
    #[must_use]
    pub fn count(&self, kind: IgnoredKind) -> usize {
        self.pairs.iter().filter(|(known, ..)| *known == kind).count()
    }

    /// Whether no difference was ignored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// Returns why a difference that no message shows is ignored; `None` if it is a change.
pub(super) fn ignored_kind(difference: &Difference, field: ChangedField, renames: &mut Renames) -> Option<IgnoredKind> {
    let Difference { path, a, b, pairing } = difference;
    let key = path.rsplit(['.', ']']).next().unwrap_or_default();
    let values: Vec<&Json> = a.iter().chain(b).filter(|value| !is_empty_value(value)).collect();
    let all = |matches: fn(&Json) -> bool| values.iter().all(|value| matches(value));
    if *pairing == ValuePairing::Moved
        || values.is_empty()
        || is_same_number(a.as_ref(), b.as_ref())
        || is_normal_finish_member(key, &values)
    {
        return Some(IgnoredKind::Other);
    }
    // A parameter is content, whatever its name.
    let is_parameter = field == ChangedField::Parameter;
    if !is_parameter && path.split('.').any(is_usage_key) {
        return Some(IgnoredKind::Usage);
    }
    if !is_parameter && (all(is_time) || is_time_key(key) && all(is_epoch)) {
        return Some(IgnoredKind::Times);
    }
    let texts = a.as_ref().and_then(Json::as_string).zip(b.as_ref().and_then(Json::as_string));
    let mut agree = |a: &str, b: &str| *pairing == ValuePairing::Similar || renames.is_consistent(a, b);
    let is_renamed = match &texts {
        Some((a, b)) if mask_ids(a) == mask_ids(b) => {
            let (ids_a, ids_b) = (ids(a), ids(b));
            ids_a.len() == ids_b.len() && ids_a.iter().zip(&ids_b).all(|(a, b)| agree(a, b))
        }
        _ if is_parameter => false,
        Some((a, b)) => is_id_key(key) && (!is_tool_call_id_key(key) || agree(a, b)),
        None => is_id_key(key) && all(|value| !value.text().starts_with(['{', '['])),
    };
    let other = (field == ChangedField::Attribute).then_some(IgnoredKind::Other);
    if is_renamed { Some(IgnoredKind::Ids) } else { other }
}

/// Whether a value is equivalent to a missing member.
fn is_empty_value(value: &Json) -> bool {
    matches!(value.text(), "null" | "\"\"" | "[]" | "{}")
}

/// Whether two JSON numbers are equal, such as `1` and `1.0`.
fn is_same_number(a: Option<&Json>, b: Option<&Json>) -> bool {
    let is_bare = |value: &&Json| !value.text().starts_with('"');
    let number = |value: Option<&Json>| value.filter(is_bare).and_then(Json::as_f64);
    // Above 2^53, floats cannot represent every integer.
    number(a).zip(number(b)).is_some_and(|(a, b)| a.total_cmp(&b).is_eq() && a.abs() < 9e15)
}

/// Finish reasons of providers for a normal end. That tools were called is shown by the calls themselves.
const NORMAL_FINISH_REASONS: [&str; 7] =
    ["stop", "end_turn", "tool_calls", "tool_use", "function_call", "stop_sequence", "completed"];

/// Whether a finish reason is a normal end of a response.
pub(super) fn is_normal_finish(reason: &str) -> bool {
    NORMAL_FINISH_REASONS.contains(&reason.to_ascii_lowercase().as_str())
}

fn is_normal_finish_member(key: &str, values: &[&Json]) -> bool {
    (key.contains("finish") || key.contains("stop"))
        && values.iter().all(|value| value.as_string().is_some_and(|reason| is_normal_finish(&reason)))
}

/// Whether a key counts tokens, cost or the time a response took.
fn is_usage_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    // `max_tokens` is a request parameter; `cancellation_token` is an AutoGen object.
    let words = ["usage", "cost", "tokens", "token_count", "tokencount", "latency", "duration", "eval_count"];
    words.iter().any(|word| key.contains(word)) && !key.contains("max")
}

fn is_time_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["created", "time", "timestamp", "date"].iter().any(|end| key.ends_with(end))
        || ["_at", "_ts", "_ms", "_ns"].iter().any(|end| key.ends_with(end))
}

/// Whether a number counts seconds, milliseconds, microseconds or nanoseconds since 1970, from 2001 to 2100.
fn is_epoch(value: &Json) -> bool {
    let is_within = |number: f64| [1e9, 1e12, 1e15, 1e18].iter().any(|unit| (*unit..4.1 * unit).contains(&number));
    value.as_f64().is_some_and(is_within)
}

/// Whether a text is exactly a date with a time of day, as RFC 3339 or Python formats it.
fn is_time(value: &Json) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T00:00";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        _ => byte == shape,
    };
    value.as_string().is_some_and(|text| {
        let (start, rest) = text.as_bytes().split_at(SHAPE.len().min(text.len()));
        start.len() == SHAPE.len()
            && start.iter().zip(SHAPE).all(fits)
            && rest.iter().all(|byte| byte.is_ascii_digit() || b":.+-Z".contains(byte))
    })
}

fn is_id_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["id", "ids"].contains(&key.as_str()) || ["_id", "_ids", "fingerprint", "uuid"].iter().any(|end| key.ends_with(end))
}

/// Whether a key holds the id of a tool call, to which other messages refer.
fn is_tool_call_id_key(key: &str) -> bool {
    ["tool_call_id", "tool_use_id", "call_id"].contains(&key)
}
