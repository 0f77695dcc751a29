//! Grouping of traces and calls by the values of keys.

use super::key::{GroupKey, GroupValues, KeyFields};
use crate::model::{TraceInfo, Zone};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

/// Accumulators by the values of some keys.
#[derive(Debug)]
pub(super) struct GroupMap<T> {
    keys: Vec<GroupKey>,
    zone: Zone,
    /// Whether time keys use the start of the call, and not that of its trace.
    has_call_times: bool,
    indices: HashMap<GroupValues, usize>,
    list: Vec<(GroupValues, T)>,
    /// The values of the last lookup, reused so that a lookup of a known group allocates nothing.
    values: GroupValues,
}

impl<T: Default> GroupMap<T> {
    /// Creates an empty map.
    pub(super) fn new(keys: Vec<GroupKey>, zone: Zone, has_call_times: bool) -> Self {
        let values = vec![None; keys.len()];
        Self { keys, zone, has_call_times, indices: HashMap::new(), list: Vec::new(), values }
    }

    /// Returns the group of a trace, or of a part of it, and adds it if missing.
    pub(super) fn entry(&mut self, info: &TraceInfo, fields: Option<&KeyFields<'_>>) -> &mut T {
        let index = self.index_for(info, fields);
        self.get_mut(index)
    }

    /// Returns the group at an index.
    pub(super) fn get_mut(&mut self, index: usize) -> &mut T {
        &mut self.list[index].1
    }

    /// Returns the index of the group of a trace, or of a part of it, and adds the group if missing. Indices never
    /// change.
    pub(super) fn index_for(&mut self, info: &TraceInfo, fields: Option<&KeyFields<'_>>) -> usize {
        let start = fields.filter(|_| self.has_call_times).and_then(|fields| fields.start);
        let time = start.unwrap_or(info.request_time);
        for (key, slot) in self.keys.iter().zip(&mut self.values) {
            let field_value = fields.and_then(|fields| key.field_value(fields)).map(Cow::Borrowed);
            match (field_value.or_else(|| key.trace_value(info, time, self.zone)), slot) {
                (Some(value), Some(slot)) => {
                    slot.clear();
                    slot.push_str(&value);
                }
                (value, slot) => *slot = value.map(Cow::into_owned),
            }
        }
        if let Some(index) = self.indices.get(&self.values) {
            return *index;
        }
        self.indices.insert(self.values.clone(), self.list.len());
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

/// Compares two groups, each given as values and size: by their time keys, then larger first, then by values.
#[must_use]
pub fn compare(keys: &[GroupKey], (a, a_size): (&GroupValues, i64), (b, b_size): (&GroupValues, i64)) -> Ordering {
    compare_times(keys, a, b).then(b_size.cmp(&a_size)).then_with(|| a.cmp(b))
}

fn compare_times(keys: &[GroupKey], a: &GroupValues, b: &GroupValues) -> Ordering {
    let times = keys.iter().enumerate().filter(|(_, key)| key.is_time());
    times.map(|(at, _)| a[at].cmp(&b[at])).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Splits sorted groups into the `limit` groups to show and the others, both still sorted. With time keys the latest
/// times are shown; within a time, or without time keys, the first in order.
pub fn split<T>(
    keys: &[GroupKey],
    groups: Vec<T>,
    limit: usize,
    values: impl Fn(&T) -> &GroupValues,
) -> (Vec<T>, Vec<T>) {
    let mut last_first: Vec<usize> = (0..groups.len()).collect();
    // A stable sort keeps the order within a time.
    last_first.sort_by(|a, b| compare_times(keys, values(&groups[*b]), values(&groups[*a])));
    let mut is_shown = vec![false; groups.len()];
    last_first.into_iter().take(limit).for_each(|at| is_shown[at] = true);
    let (shown, others): (Vec<_>, Vec<_>) = groups.into_iter().zip(is_shown).partition(|(_, is_shown)| *is_shown);
    let groups = |list: Vec<(T, bool)>| list.into_iter().map(|(group, _)| group).collect();
    (groups(shown), groups(others))
}
