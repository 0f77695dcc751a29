//! Rows as a table within a view.

use super::column::{Column, table_columns};
use super::options::RenderOptions;
use super::row::Row;
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
    /// Returns the table of the rows of a list.
    #[must_use]
    pub fn of_list<'r, R: Row>(options: &RenderOptions, rows: impl IntoIterator<Item = &'r R>) -> Self {
        Self::new(options, R::COLUMNS, R::TABLE_ORDER, rows)
    }

    /// Returns the table of some rows. Titles in `order` come first.
    #[must_use]
    pub fn new<'r, R: 'r>(
        options: &RenderOptions,
        columns: &[Column<R>],
        order: &[&str],
        rows: impl IntoIterator<Item = &'r R>,
    ) -> Self {
        let shown = table_columns(columns, order);
        let cells = |row: &R| shown.iter().map(|(at, _)| columns[*at].table_cell(row, options)).collect();
        let rows = rows.into_iter().map(cells).collect();
        Self { headings: shown.into_iter().map(|(_, heading)| heading).collect(), rows }
    }
}
