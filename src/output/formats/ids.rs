//! `-o ids`: one id per line.

use super::{FormatInfo, RowWriter, ViewForm};
use crate::error::Result;
use crate::output::json::Page;
use crate::output::row::AnyRow;
use crate::output::text::one_line;
use crate::terminal::Paged;
use std::io::Write as _;

pub(super) const FORMAT: FormatInfo = FormatInfo {
    name: "ids",
    help: "One id per line",
    view: ViewForm::Items,
    is_json: false,
    prints_content: false,
    start_list: |_| Box::new(IdWriter),
};

#[derive(Debug)]
struct IdWriter;

impl RowWriter for IdWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        // A group whose key values were not recorded has no id.
        if row.row_id().is_empty() { Ok(()) } else { Ok(writeln!(out, "{}", one_line(row.row_id()))?) }
    }

    fn finish(&mut self, _out: &mut Paged, _page: Option<Page>) -> Result<()> {
        Ok(())
    }
}
