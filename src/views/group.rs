//! What figures are grouped by, in every form of output.

use crate::analysis::key::{GroupKey, GroupValues};
use crate::output::table::{Cell, Column};
use crate::output::text::one_line;
use crate::output::{RenderOptions, TextRole, number};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The values of a group by the words of its keys.
#[derive(Debug)]
pub(super) struct KeyJson<'a>(pub(super) &'a [GroupKey], pub(super) &'a [Option<String>]);

impl Serialize for KeyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(GroupKey::word).zip(self.1))
    }
}

/// The words of keys.
pub(super) fn words(keys: &[GroupKey]) -> Vec<Cow<'static, str>> {
    keys.iter().map(GroupKey::word).collect()
}

/// The same as titles, which a screen obeys nothing of.
pub(super) fn titles(keys: &[GroupKey]) -> Vec<Cow<'static, str>> {
    keys.iter().map(|key| one_line(&key.word()).into_owned().into()).collect()
}

/// The columns of CSV: the keys, and those that follow.
pub(super) fn csv(keys: &[GroupKey], figures: &[&'static str]) -> Vec<Cow<'static, str>> {
    let keys = keys.iter().map(|key| Cow::Owned(format!("key.{}", key.word())));
    keys.chain(figures.iter().map(|figure| Cow::Borrowed(*figure))).collect()
}

/// The columns of keys for people.
pub(super) fn shapes<'a>(keys: &[GroupKey], words: &'a [Cow<'static, str>]) -> Vec<Column<'a>> {
    // Half a time is another one.
    let shrinks_to = |key: &GroupKey| if key.is_time() { None } else { Some(10) };
    let shape = |(key, word): (&GroupKey, &'a Cow<'static, str>)| Column {
        title: word,
        is_right: false,
        shrinks_to: shrinks_to(key),
        drops: 0,
    };
    keys.iter().zip(words).map(shape).collect()
}

/// The cells of a group's keys. A value that nobody recorded says so.
pub(super) fn cells(look: &RenderOptions, keys: &[GroupKey], values: &GroupValues) -> Vec<Cell> {
    let cell = |(key, value): (&GroupKey, &Option<String>)| match value {
        None => Cell::own("(not recorded)", TextRole::Dim),
        Some(value) => match key.instant(value) {
            Some(time) => {
                let (date, zone) = (time.date_time(look.zone), time.zone_name(look.zone));
                Cell::own(format!("{} {zone}", date.strip_suffix(":00").unwrap_or(&date)), TextRole::Name)
            }
            None => Cell::stored(value, TextRole::Name),
        },
    };
    keys.iter().zip(values).map(cell).collect()
}

/// The title of the row of so many groups that are not shown.
pub(super) fn others(count: usize) -> String {
    format!("other ({})", number::count(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Where the row of the groups stands that are not shown: of times they are the earliest, else the least.
pub(super) fn place_of_others(keys: &[GroupKey], shown: usize) -> usize {
    if keys.iter().any(GroupKey::is_time) { 0 } else { shown }
}

/// The cells of keys in a row of several groups, with its title.
pub(super) fn title(title: String, keys: &[GroupKey]) -> Vec<Cell> {
    let blank = std::iter::repeat_with(|| Cell::own("", TextRole::Plain)).take(keys.len().saturating_sub(1));
    std::iter::once(Cell::own(title, TextRole::Name)).chain(blank).collect()
}
