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
        let (shown, headings) = table_columns(columns, order);
        let cells = |row: &R| shown.iter().map(|at| columns[*at].table_cell(row, options)).collect();
        let rows = rows.into_iter().map(cells).collect();
        Self { headings, rows }
    }

    /// Highlights the figures of the last row, which has the totals.
    pub fn highlight_total(&mut self) {
        if let Some(total) = self.rows.last_mut() {
            *total = std::mem::take(total).into_iter().map(Cell::in_total).collect();
        }
    }
}
