//! Groups of traces or calls with their figures, in all output formats.

use crate::analysis::key::{GroupKey, GroupValues};
use crate::error::Result;
use crate::number;
use crate::output::text::one_line;
use crate::output::{Block, Cell, Column, Document, Heading, RenderOptions, Row, RowTable, TextRole};
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::rc::Rc;

/// The values of a group's keys, serialized by key name.
#[derive(Clone, Debug)]
struct KeyValues {
    keys: Rc<[GroupKey]>,
    values: GroupValues,
}

impl Serialize for KeyValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.keys.iter().map(GroupKey::name).zip(&self.values))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for KeyValues {
    fn schema_name() -> Cow<'static, str> {
        "KeyValues".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = GroupKey::names().chain(["time", "tag:.+", "metadata:.+"]).collect::<Vec<_>>().join("|");
        schemars::json_schema!({
            "description": "The value of each key.",
            "type": "object",
            "patternProperties": {format!("^({names})$"): {"type": ["string", "null"]}},
            "additionalProperties": false,
            "minProperties": 1,
        })
    }
}

impl KeyValues {
    /// Returns a cell per key; a missing value is `(not recorded)`.
    fn cells(&self, options: &RenderOptions) -> Vec<Cell> {
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
        self.keys.iter().zip(&self.values).map(cell).collect()
    }
}

/// The figures of a group.
pub trait Figures: Serialize + Sized + 'static {
    /// The columns, in the order of CSV.
    const COLUMNS: &'static [Column<Self>];
    /// Titles of the columns that come first in tables, if their order is not that of CSV.
    const TABLE_ORDER: &'static [&'static str] = &[];
}

/// A group and its figures.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GroupRow<F> {
    /// The value of each key; null if not recorded. `hour` and `time` are RFC 3339 times; `day` and `week` (its Monday)
    /// are dates in the time zone of the output.
    key: KeyValues,
    #[serde(flatten)]
    figures: F,
    /// The values of the keys in one line.
    #[serde(skip)]
    id: String,
}

impl<F: Figures> Row for GroupRow<F> {
    const KEY: &'static str = "groups";
    /// Those of the figures; see [`csv_columns`].
    const COLUMNS: &'static [Column<Self>] = &[];

    fn json(&self) -> impl Serialize {
        self
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// The groups that are not shown, together.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct OtherGroups<F> {
    /// Number of these groups.
    groups: usize,
    #[serde(flatten)]
    figures: F,
}

/// The groups to show, the other groups together, and all groups together.
#[derive(Debug)]
pub(super) struct GroupList<F> {
    keys: Rc<[GroupKey]>,
    pub(super) groups: Vec<GroupRow<F>>,
    pub(super) others: Option<OtherGroups<F>>,
    pub(super) total: F,
}

impl<F: Figures> GroupList<F> {
    /// Creates a list with all groups together and no group yet.
    pub(super) fn new(keys: &[GroupKey], total: F) -> Self {
        Self { keys: keys.into(), groups: Vec::new(), others: None, total }
    }

    /// Adds groups, in the order to show them.
    pub(super) fn with_groups<'a>(mut self, groups: impl Iterator<Item = (&'a GroupValues, F)>) -> Self {
        let row = |(values, figures): (&GroupValues, F)| GroupRow {
            key: KeyValues { keys: Rc::clone(&self.keys), values: values.clone() },
            figures,
            id: values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" "),
        };
        self.groups = groups.map(row).collect();
        self
    }

    /// Adds the groups that are not shown, together.
    pub(super) fn with_others(mut self, groups: usize, figures: Option<F>) -> Self {
        self.others = figures.map(|figures| OtherGroups { groups, figures });
        self
    }

    /// Returns the names of the keys.
    pub(super) fn key_names(&self) -> Vec<Cow<'static, str>> {
        self.keys.iter().map(GroupKey::name).collect()
    }

    /// Writes the groups as a table. `first_title` replaces the title of the first figure.
    pub(super) fn write(&self, document: &mut Document<'_>, first_title: Option<&'static str>) -> Result<()> {
        let options = &document.options;
        // Without keys there is one group, which is the total.
        let shown = if self.keys.is_empty() { &[] } else { self.groups.as_slice() };
        let figures = shown.iter().map(|row| &row.figures);
        let figures = figures.chain(self.others.iter().map(|others| &others.figures)).chain([&self.total]);
        let mut table = RowTable::new(options, F::COLUMNS, F::TABLE_ORDER, figures);
        table.highlight_total();
        if let (Some(title), [heading, ..]) = (first_title, table.headings.as_mut_slice()) {
            heading.title = title;
        }
        let mut rows: Vec<Vec<Cell>> = self
            .row_titles(options, shown)
            .into_iter()
            .zip(table.rows)
            .map(|(titles, figures)| [titles, figures].concat())
            .collect();
        // Groups of time are in order, and those not shown are the earliest.
        if self.others.is_some() && self.keys.iter().any(GroupKey::is_time) {
            rows[..=shown.len()].rotate_right(1);
        }
        let titles: Vec<String> = self.keys.iter().map(|key| one_line(&key.name()).into_owned()).collect();
        let mut headings: Vec<Heading<'_>> =
            self.keys.iter().zip(&titles).map(|(key, title)| key_heading(key, title)).collect();
        if headings.is_empty() {
            headings.push(Heading::text(""));
        }
        headings.extend(table.headings);
        document.add(Block::Table(&headings, rows))
    }

    /// Returns the first cells of each row: key values, or a title.
    fn row_titles(&self, options: &RenderOptions, shown: &[GroupRow<F>]) -> Vec<Vec<Cell>> {
        let blanks = self.keys.len().saturating_sub(1);
        let title = |text: String| -> Vec<Cell> {
            let blanks = std::iter::repeat_with(Cell::blank).take(blanks);
            std::iter::once(Cell::new(text, TextRole::Name)).chain(blanks).collect()
        };
        let values = shown.iter().map(|row| row.key.cells(options));
        let others = self.others.iter().map(|others| {
            title(format!("other ({})", number::count(i64::try_from(others.groups).unwrap_or(i64::MAX))))
        });
        values.chain(others).chain([title("total".to_owned())]).collect()
    }
}

fn key_heading<'a>(key: &GroupKey, title: &'a str) -> Heading<'a> {
    // A truncated time reads as a different one.
    if key.is_time() { Heading::text(title) } else { Heading::text(title).shrinks_to(10) }
}

/// Returns the CSV columns: the keys, then the figures.
pub(super) fn csv_columns<F: Figures>(keys: &[GroupKey]) -> Vec<Cow<'static, str>> {
    let keys = keys.iter().map(|key| Cow::Owned(format!("key.{}", key.name())));
    keys.chain(F::COLUMNS.iter().filter_map(|column| column.key.map(Cow::Borrowed))).collect()
}
