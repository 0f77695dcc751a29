//! What commands output: rows of a list, or a view.

use super::column::Column;
use super::document::Document;
use super::options::RenderOptions;
use super::table::Cell;
use crate::error::Result;
use crate::json::Json;
use serde::Serialize;
use std::borrow::Cow;

/// One line of a list.
pub trait Row: Sized + 'static {
    /// Key of the list in the JSON document.
    const KEY: &'static str;
    /// The columns, in the order of CSV.
    const COLUMNS: &'static [Column<Self>];
    /// Titles of the columns that come first in tables, if their order is not that of CSV.
    const TABLE_ORDER: &'static [&'static str] = &[];
    /// How a row is written as text, if the text of a list is that of its rows in place of a table.
    const TEXT: Option<RowText<Self>> = None;
    /// How related rows are merged, if a table shows them as one.
    const MERGE: Option<fn(Vec<Self>) -> Vec<Self>> = None;
    /// JSON object of the row.
    fn json(&self) -> impl Serialize;
    /// Id printed by `-o ids`.
    fn id(&self) -> &str;
    /// CSV columns, as paths into the JSON of a row.
    #[must_use]
    fn csv_columns() -> Vec<Cow<'static, str>> {
        Self::COLUMNS.iter().filter_map(|column| column.key.map(Cow::Borrowed)).collect()
    }
}

/// Writes a row as text.
pub type RowText<R> = fn(&R, &mut Document<'_>) -> Result<()>;

/// A document shown as a whole.
pub trait View {
    /// Type of the rows for JSON lines, CSV and ids.
    type Item: Row;
    /// JSON document.
    fn json(&self) -> impl Serialize;
    /// Writes the view as text.
    ///
    /// # Errors
    /// If writing fails.
    fn text(&self, document: &mut Document<'_>) -> Result<()>;
    /// Rows for JSON lines, CSV and ids.
    fn items(&self) -> Vec<Self::Item>;
    /// CSV columns, as paths into the JSON of an item.
    fn csv_columns(&self) -> Vec<Cow<'static, str>> {
        Self::Item::csv_columns()
    }
}

/// A row of any type, for the formats.
pub(super) trait AnyRow {
    /// Cell of the column at this place of [`Row::COLUMNS`].
    fn cell(&self, column: usize, options: &RenderOptions) -> Cell;
    /// Writes the text of a row that is not a line of a table.
    fn write_text(&self, document: &mut Document<'_>) -> Result<()>;
    /// Appends the JSON object.
    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
    /// JSON object.
    fn to_json(&self) -> Json;
    /// Id.
    fn row_id(&self) -> &str;
}

impl<R: Row> AnyRow for R {
    fn cell(&self, column: usize, options: &RenderOptions) -> Cell {
        R::COLUMNS[column].table_cell(self, options)
    }

    fn write_text(&self, document: &mut Document<'_>) -> Result<()> {
        R::TEXT.map_or(Ok(()), |write| write(self, document))
    }

    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, &self.json())
    }

    fn to_json(&self) -> Json {
        Json::of(&self.json())
    }

    fn row_id(&self) -> &str {
        self.id()
    }
}

/// A row of a view for JSON lines, CSV and ids. [`View::csv_columns`] defines its columns.
#[derive(Debug)]
pub struct Item {
    id: String,
    json: Json,
}

impl Item {
    pub(crate) fn new(id: impl Into<String>, json: &impl Serialize) -> Self {
        Self { id: id.into(), json: Json::of(json) }
    }
}

impl Row for Item {
    const KEY: &'static str = "items";
    const COLUMNS: &'static [Column<Self>] = &[];

    fn json(&self) -> impl Serialize {
        &self.json
    }

    fn id(&self) -> &str {
        &self.id
    }
}
