//! Traces and calls in groups, by what they have in common.

use super::key::{GroupKey, GroupValues, GroupedPart};
use crate::model::{TraceInfo, Zone};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Groups by the values of some keys.
#[derive(Debug)]
pub(super) struct GroupMap<T> {
    keys: Vec<GroupKey>,
    zone: Zone,
    /// Whether a call is of the time at which it began itself, and not of that of its trace.
    has_call_times: bool,
    places: HashMap<GroupValues, usize>,
    list: Vec<(GroupValues, T)>,
    /// The values looked for last, so that nothing is allocated for a group that is known.
    values: GroupValues,
}

impl<T: Default> GroupMap<T> {
    /// No groups yet.
    pub(super) fn new(keys: Vec<GroupKey>, zone: Zone, has_call_times: bool) -> Self {
        let values = vec![None; keys.len()];
        Self { keys, zone, has_call_times, places: HashMap::new(), list: Vec::new(), values }
    }

    /// The group of a trace; of a call, where one is named.
    pub(super) fn of(&mut self, info: &TraceInfo, call: Option<&GroupedPart<'_>>) -> &mut T {
        let place = self.place(info, call);
        self.at(place)
    }

    /// The group at a place.
    pub(super) fn at(&mut self, place: usize) -> &mut T {
        &mut self.list[place].1
    }

    /// The place of the group of a trace or a call, which stays.
    pub(super) fn place(&mut self, info: &TraceInfo, call: Option<&GroupedPart<'_>>) -> usize {
        let began = call.filter(|_| self.has_call_times).and_then(|call| call.start);
        let time = began.unwrap_or(info.request_time);
        for (key, slot) in self.keys.iter().zip(&mut self.values) {
            let of_call = call.and_then(|call| key.of_subject(call)).map(Cow::Borrowed);
            match (of_call.or_else(|| key.of_trace(info, time, self.zone)), slot) {
                (Some(value), Some(slot)) => {
                    slot.clear();
                    slot.push_str(&value);
                }
                (value, slot) => *slot = value.map(Cow::into_owned),
            }
        }
        if let Some(place) = self.places.get(&self.values) {
            return *place;
        }
        self.places.insert(self.values.clone(), self.list.len());
        self.list.push((self.values.clone(), T::default()));
        self.list.len() - 1
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn list(&self) -> &[(GroupValues, T)] {
        &self.list
    }

    pub(super) fn into_list(self) -> Vec<(GroupValues, T)> {
        self.list
    }
}

/// The order of two groups, which are of some size each: by the times among their keys, else the larger first.
#[must_use]
pub fn order(keys: &[GroupKey], (a, one): (&GroupValues, i64), (b, other): (&GroupValues, i64)) -> Ordering {
    by_time(keys, a, b).then(other.cmp(&one)).then_with(|| a.cmp(b))
}

fn by_time(keys: &[GroupKey], a: &GroupValues, b: &GroupValues) -> Ordering {
    let times = keys.iter().enumerate().filter(|(_, key)| key.is_time());
    times.map(|(at, _)| a[at].cmp(&b[at])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The groups that are shown, at most so many, and the others: the last times are shown, and of one time, or without
/// times, the largest. They come in order.
pub fn split<T>(
    keys: &[GroupKey],
    groups: Vec<T>,
    limit: usize,
    values: impl Fn(&T) -> &GroupValues,
) -> (Vec<T>, Vec<T>) {
    let mut last_first: Vec<usize> = (0..groups.len()).collect();
    // Stable: of one time the order stays.
    last_first.sort_by(|a, b| by_time(keys, values(&groups[*b]), values(&groups[*a])));
    let mut is_shown = vec![false; groups.len()];
    last_first.into_iter().take(limit).for_each(|at| is_shown[at] = true);
    let (shown, others): (Vec<_>, Vec<_>) = groups.into_iter().zip(is_shown).partition(|(_, is_shown)| *is_shown);
    let groups = |list: Vec<(T, bool)>| list.into_iter().map(|(group, _)| group).collect();
    (groups(shown), groups(others))
}
