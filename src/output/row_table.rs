//! Rows as a table within a view.

use super::column::table_columns;
use super::options::RenderOptions;
use super::row::{AnyRow, Row};
use super::table::{Cell, Heading};

/// Headings and rows of cells.
#[derive(Debug)]
pub struct RowTable<'a> {
    /// The headings.
    pub headings: Vec<Heading<'a>>,
    /// The cells of each row.
    pub rows: Vec<Vec<Cell>>,
}

impl RowTable<'_> {
    /// Returns the table of some rows.
    #[must_use]
    pub fn new<'r, R: Row>(options: &RenderOptions, rows: impl IntoIterator<Item = &'r R>) -> Self {
        let columns = table_columns(R::COLUMNS, R::TABLE_ORDER);
        let cells = |row: &R| columns.iter().map(|(at, _)| AnyRow::cell(row, *at, options)).collect();
        let rows = rows.into_iter().map(cells).collect();
        Self { headings: columns.into_iter().map(|(_, heading)| heading).collect(), rows }
    }
}
