//! Columns of a row type. Tables and CSV are written from the same list.

use super::options::RenderOptions;
use super::table::{Cell, Heading};
use std::fmt;

/// What a row type has in one column: the value in its JSON, the cell in a table, or both.
pub struct Column<R> {
    /// Path of the value in the JSON of a row, such as `token_usage.total_tokens`; `None` if only tables have the
    /// column. CSV has a column of this name.
    pub key: Option<&'static str>,
    /// How tables show the column; `None` if only CSV has it.
    pub table: Option<TableColumn<R>>,
}

/// Heading of a column in tables, and how to get its cell of a row.
pub struct TableColumn<R> {
    /// Heading.
    pub heading: Heading<'static>,
    /// Returns the cell of a row.
    pub cell: fn(&R, &RenderOptions) -> Cell,
}

impl<R> Column<R> {
    /// A column of tables and CSV.
    #[must_use]
    pub const fn new(key: &'static str, heading: Heading<'static>, cell: fn(&R, &RenderOptions) -> Cell) -> Self {
        Self { key: Some(key), table: Some(TableColumn { heading, cell }) }
    }

    /// A column of CSV only.
    #[must_use]
    pub const fn data(key: &'static str) -> Self {
        Self { key: Some(key), table: None }
    }

    /// A column of tables only, whose cells combine several values.
    #[must_use]
    pub const fn combined(heading: Heading<'static>, cell: fn(&R, &RenderOptions) -> Cell) -> Self {
        Self { key: None, table: Some(TableColumn { heading, cell }) }
    }

    /// Returns the cell of a row; that of an absent value if tables do not have the column.
    pub(super) fn table_cell(&self, row: &R, options: &RenderOptions) -> Cell {
        self.table.as_ref().map_or_else(Cell::none, |table| (table.cell)(row, options))
    }
}

/// Returns the columns of a table as their places in the list, and their headings. Titles in `order` come first.
pub(super) fn table_columns<R>(columns: &[Column<R>], order: &[&str]) -> (Vec<usize>, Vec<Heading<'static>>) {
    let heading = |(at, column): (usize, &Column<R>)| Some((at, column.table.as_ref()?.heading));
    let mut shown: Vec<(usize, Heading<'_>)> = columns.iter().enumerate().filter_map(heading).collect();
    // A stable sort, so that without an order the list is kept.
    shown.sort_by_key(|(_, heading)| order.iter().position(|title| *title == heading.title).unwrap_or(order.len()));
    shown.into_iter().unzip()
}

impl<R> fmt::Debug for Column<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Column").field("key", &self.key).field("table", &self.table).finish()
    }
}

impl<R> fmt::Debug for TableColumn<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TableColumn").field("heading", &self.heading).finish_non_exhaustive()
    }
}
