//! Group keys in all output formats.

use crate::analysis::key::{GroupKey, GroupValues};
use crate::output::table::{Cell, Heading};
use crate::output::text::one_line;
use crate::output::{RenderOptions, TextRole, number};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// Values of a group by key name.
#[derive(Debug)]
pub(super) struct KeyJson<'a>(pub(super) &'a [GroupKey], pub(super) &'a [Option<String>]);

impl Serialize for KeyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(GroupKey::name).zip(self.1))
    }
}

/// Returns the names of keys.
pub(super) fn words(keys: &[GroupKey]) -> Vec<Cow<'static, str>> {
    keys.iter().map(GroupKey::name).collect()
}

/// Returns the names of keys as column titles, escaped.
pub(super) fn titles(keys: &[GroupKey]) -> Vec<Cow<'static, str>> {
    keys.iter().map(|key| one_line(&key.name()).into_owned().into()).collect()
}

/// Returns the CSV columns: the keys, then `figures`.
pub(super) fn csv_columns(keys: &[GroupKey], figures: &[&'static str]) -> Vec<Cow<'static, str>> {
    let keys = keys.iter().map(|key| Cow::Owned(format!("key.{}", key.name())));
    keys.chain(figures.iter().map(|figure| Cow::Borrowed(*figure))).collect()
}

/// Returns the table columns of keys.
pub(super) fn columns<'a>(keys: &[GroupKey], words: &'a [Cow<'static, str>]) -> Vec<Heading<'a>> {
    // A truncated time reads as a different one.
    let min_width = |key: &GroupKey| if key.is_time() { None } else { Some(10) };
    let column = |(key, word): (&GroupKey, &'a Cow<'static, str>)| Heading {
        title: word,
        is_right_aligned: false,
        min_width: min_width(key),
        drop_priority: 0,
    };
    keys.iter().zip(words).map(column).collect()
}

/// Returns the cells of a group's keys; a missing value as `(not recorded)`.
pub(super) fn cells(options: &RenderOptions, keys: &[GroupKey], values: &GroupValues) -> Vec<Cell> {
    let cell = |(key, value): (&GroupKey, &Option<String>)| match value {
        None => Cell::new("(not recorded)", TextRole::Dim),
        Some(value) => match key.instant(value) {
            Some(time) => {
                let (date, zone) = (time.date_time(options.zone), time.zone_name(options.zone));
                Cell::new(format!("{} {zone}", date.strip_suffix(":00").unwrap_or(&date)), TextRole::Name)
            }
            None => Cell::escaped(value, TextRole::Name),
        },
    };
    keys.iter().zip(values).map(cell).collect()
}

/// Returns the title of the row that sums `count` hidden groups.
pub(super) fn others_title(count: usize) -> String {
    format!("other ({})", number::count(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Returns the index of the row that sums the hidden groups: first if grouped by time, as they are the earliest,
/// otherwise last.
pub(super) fn index_of_others(keys: &[GroupKey], shown: usize) -> usize {
    if keys.iter().any(GroupKey::is_time) { 0 } else { shown }
}

/// Returns the key cells of a row that sums groups: its title, then blanks.
pub(super) fn title_cells(title: String, keys: &[GroupKey]) -> Vec<Cell> {
    let blank = std::iter::repeat_with(|| Cell::new("", TextRole::Plain)).take(keys.len().saturating_sub(1));
    std::iter::once(Cell::new(title, TextRole::Name)).chain(blank).collect()
}
