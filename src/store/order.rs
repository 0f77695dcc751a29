//! Sort orders of traces.

use crate::model::{TraceInfo, keys};
use crate::query::Label;
use std::cmp::Ordering;

/// The key that traces are sorted by; ties are broken by trace id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Start time.
    Time,
    /// Duration.
    Duration,
    /// End time: start plus duration. An unknown or negative duration counts as 0.
    End,
    /// Recorded total token count.
    Tokens,
    /// Recorded total cost.
    Cost,
    /// State.
    State,
    /// Trace id.
    TraceId,
    /// Experiment id.
    Experiment,
    /// A tag (the recorded name is one) or a metadata entry.
    Label(Label),
}

impl SortKey {
    /// Returns the key for the recorded name.
    #[must_use]
    pub fn name() -> Self {
        Self::Label(Label::Tag(keys::NAME.to_owned()))
    }
}

/// A sort order of traces. Unknown values sort last in both directions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The sort key.
    pub key: SortKey,
    /// Whether the greatest value comes first.
    pub is_descending: bool,
}

impl Order {
    /// Newest first.
    pub const NEWEST: Self = Self { key: SortKey::Time, is_descending: true };

    /// Earliest end first: a trace repeats the history of traces that ended before it started.
    pub const FIRST_ENDED: Self = Self { key: SortKey::End, is_descending: false };

    /// Compares two values in this order.
    #[must_use]
    pub fn compare(&self, a: &SortValue, b: &SortValue) -> Ordering {
        a.compare(b, self.is_descending)
    }
}

/// The value of a trace's sort key.
#[derive(Clone, Debug)]
pub enum SortValue {
    /// Not known.
    Unknown,
    /// A time, duration, count or cost.
    Number(f64),
    /// A name, state or id.
    Text(String),
}

impl SortValue {
    /// Returns the sort value of a trace record.
    #[must_use]
    pub fn from_info(info: &TraceInfo, key: &SortKey) -> Self {
        let number = |value: Option<f64>| value.map_or(Self::Unknown, Self::Number);
        let start = info.request_time.millis();
        match key {
            SortKey::Time => Self::Number(start as f64),
            SortKey::Duration => number(info.execution_duration_ms.map(|millis| millis as f64)),
            SortKey::End => Self::Number(start.saturating_add(info.execution_duration_ms.unwrap_or(0).max(0)) as f64),
            SortKey::Tokens => {
                number(info.recorded_usage.as_ref().and_then(|usage| usage.total_tokens).map(|tokens| tokens as f64))
            }
            SortKey::Cost => number(info.cost.and_then(|cost| cost.total_cost)),
            SortKey::State => Self::Text(info.state.as_str().to_owned()),
            SortKey::TraceId => Self::Text(info.trace_id.clone()),
            // Experiment ids are numeric in databases and in file stores (long ones there).
            SortKey::Experiment => info.experiment_id.parse().map_or(Self::Unknown, Self::Number),
            SortKey::Label(label) => label.value(info).map_or(Self::Unknown, |text| Self::Text(text.into_owned())),
        }
    }

    /// Compares two values. Unknown values sort last in both directions.
    pub(crate) fn compare(&self, other: &Self, is_descending: bool) -> Ordering {
        let known = |value: &Self| !matches!(value, Self::Unknown);
        let order = match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
            _ => return known(other).cmp(&known(self)),
        };
        if is_descending { order.reverse() } else { order }
    }
}
