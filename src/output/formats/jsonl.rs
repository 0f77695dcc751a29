//! `-o jsonl`: one JSON object per line.

use super::{FormatInfo, RowWriter, ViewForm};
use crate::error::Result;
use crate::output::json::{Escaped, Page};
use crate::output::row::AnyRow;
use crate::terminal::Paged;
use std::io::Write as _;

pub(super) const FORMAT: FormatInfo = FormatInfo {
    name: "jsonl",
    help: "One JSON object per line",
    view: ViewForm::Items,
    is_json: true,
    prints_content: true,
    start_list: |_| Box::new(LineWriter::default()),
};

#[derive(Debug, Default)]
struct LineWriter {
    /// Buffer for one row, which is written at once.
    line: Vec<u8>,
}

impl RowWriter for LineWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        self.line.clear();
        row.write_json(&mut self.line)?;
        self.line.push(b'\n');
        Ok(Escaped(out).write_all(&self.line)?)
    }

    fn finish(&mut self, _out: &mut Paged, _page: Option<Page>) -> Result<()> {
        Ok(())
    }
}
