//! `-o json`: one document.

use super::{FormatInfo, ListSpec, RowWriter, ViewForm};
use crate::error::Result;
use crate::output::json::{Escaped, Page, SCHEMA, write};
use crate::output::row::AnyRow;
use crate::terminal::Paged;
use std::io::Write as _;

pub(super) const FORMAT: FormatInfo = FormatInfo {
    name: "json",
    help: "One JSON document",
    view: ViewForm::Document,
    is_json: true,
    prints_content: true,
    start_list: |spec| Box::new(DocumentWriter { spec, is_open: false, line: Vec::new() }),
};

#[derive(Debug)]
struct DocumentWriter {
    spec: ListSpec,
    is_open: bool,
    /// Buffer for one row, which is written at once.
    line: Vec<u8>,
}

impl RowWriter for DocumentWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        self.line.clear();
        if self.is_open {
            self.line.extend_from_slice(b",\n");
        } else {
            self.open(out)?;
        }
        row.write_json(&mut self.line)?;
        Ok(Escaped(out).write_all(&self.line)?)
    }

    fn finish(&mut self, out: &mut Paged, page: Option<Page>) -> Result<()> {
        if !self.is_open {
            self.open(out)?;
        }
        out.write_all(b"\n]")?;
        if let Some(page) = page {
            out.write_all(b",\"page\":")?;
            write(out, &page)?;
        }
        Ok(out.write_all(b"}\n")?)
    }
}

impl DocumentWriter {
    fn open(&mut self, out: &mut Paged) -> Result<()> {
        self.is_open = true;
        Ok(writeln!(out, "{{\"schema\":\"{SCHEMA}\",\"{}\":[", self.spec.key)?)
    }
}
