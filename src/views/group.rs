//! What figures are grouped by, in every form of output.

use crate::analysis::key::{Key, Values};
use crate::output::table::{Cell, Shape};
use crate::output::text::one_line;
use crate::output::{Look, Role, number};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The values of a group by the words of its keys.
#[derive(Debug)]
pub(super) struct KeyJson<'a>(pub(super) &'a [Key], pub(super) &'a [Option<String>]);

impl Serialize for KeyJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(Key::word).zip(self.1))
    }
}

/// The words of keys.
pub(super) fn words(keys: &[Key]) -> Vec<Cow<'static, str>> {
    keys.iter().map(Key::word).collect()
}

/// The same as titles, which a screen obeys nothing of.
pub(super) fn titles(keys: &[Key]) -> Vec<Cow<'static, str>> {
    keys.iter().map(|key| one_line(&key.word()).into_owned().into()).collect()
}

/// The columns of CSV: the keys, and those that follow.
pub(super) fn csv(keys: &[Key], figures: &[&'static str]) -> Vec<Cow<'static, str>> {
    let keys = keys.iter().map(|key| Cow::Owned(format!("key.{}", key.word())));
    keys.chain(figures.iter().map(|figure| Cow::Borrowed(*figure))).collect()
}

/// The columns of keys for people.
pub(super) fn shapes<'a>(keys: &[Key], words: &'a [Cow<'static, str>]) -> Vec<Shape<'a>> {
    // Half a time is another one.
    let shrinks_to = |key: &Key| if key.is_time() { None } else { Some(10) };
    let shape = |(key, word): (&Key, &'a Cow<'static, str>)| Shape {
        title: word,
        is_right: false,
        shrinks_to: shrinks_to(key),
        drops: 0,
    };
    keys.iter().zip(words).map(shape).collect()
}

/// The cells of a group's keys. A value that nobody recorded says so.
pub(super) fn cells(look: &Look, keys: &[Key], values: &Values) -> Vec<Cell> {
    let cell = |(key, value): (&Key, &Option<String>)| match value {
        None => Cell::own("(not recorded)", Role::Dim),
        Some(value) => match key.instant(value) {
            Some(time) => {
                let (date, zone) = (time.date_time(look.zone), time.zone_name(look.zone));
                Cell::own(format!("{} {zone}", date.strip_suffix(":00").unwrap_or(&date)), Role::Name)
            }
            None => Cell::stored(value, Role::Name),
        },
    };
    keys.iter().zip(values).map(cell).collect()
}

/// The title of the row of so many groups that are not shown.
pub(super) fn others(count: usize) -> String {
    format!("other ({})", number::count(i64::try_from(count).unwrap_or(i64::MAX)))
}

/// Where the row of the groups stands that are not shown: of times they are the earliest, else the least.
pub(super) fn place_of_others(keys: &[Key], shown: usize) -> usize {
    if keys.iter().any(Key::is_time) { 0 } else { shown }
}

/// The cells of keys in a row of several groups, with its title.
pub(super) fn title(title: String, keys: &[Key]) -> Vec<Cell> {
    let blank = std::iter::repeat_with(|| Cell::own("", Role::Plain)).take(keys.len().saturating_sub(1));
    std::iter::once(Cell::own(title, Role::Name)).chain(blank).collect()
}
