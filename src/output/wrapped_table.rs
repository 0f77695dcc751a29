//! Tables with wrapped cells, for help topics.

use comfy_table::{ContentArrangement, Table, presets};

/// Returns the lines of a table at most `width` columns wide. The first row is the header.
#[must_use]
pub(crate) fn wrapped_table(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.force_no_tty().set_width(u16::try_from(width).unwrap_or(u16::MAX)).add_rows(rows);
    let last = rows.first().map_or(0, |row| row.len().saturating_sub(1));
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == last { 0 } else { 2 }));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}
