//! `-o table`: text for people.

use super::{FormatInfo, ListSpec, RowWriter, ViewForm};
use crate::error::Result;
use crate::output::block::Block;
use crate::output::document::Document;
use crate::output::json::Page;
use crate::output::row::AnyRow;
use crate::output::table::{Cell, Layout, shorten_ids};
use crate::terminal::Paged;

pub(super) const FORMAT: FormatInfo = FormatInfo {
    name: "table",
    help: "Human-readable text",
    view: ViewForm::Text,
    is_json: false,
    prints_content: false,
    start_list: |spec| {
        if spec.is_text {
            Box::new(TextsWriter { spec, is_first: true })
        } else {
            Box::new(TableWriter { spec, rows: Vec::new(), layout: None })
        }
    },
};

/// Number of rows laid out together; later chunks use the column widths of the first.
const ROWS_PER_CHUNK: usize = 1_000;

#[derive(Debug)]
struct TableWriter {
    spec: ListSpec,
    rows: Vec<Vec<Cell>>,
    layout: Option<Layout>,
}

impl RowWriter for TableWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        self.rows.push(self.spec.columns.iter().map(|at| row.cell(*at, &self.spec.options)).collect());
        if self.rows.len() == ROWS_PER_CHUNK { self.write_rows(out) } else { Ok(()) }
    }

    fn finish(&mut self, out: &mut Paged, _page: Option<Page>) -> Result<()> {
        self.write_rows(out)
    }
}

impl TableWriter {
    fn write_rows(&mut self, out: &mut Paged) -> Result<()> {
        let (options, headings) = (self.spec.options, &self.spec.headings);
        if self.rows.is_empty() {
            return Ok(());
        }
        // Short ids are unique only within a chunk, since rows are not kept.
        shorten_ids(&mut self.rows);
        let mut document = Document::new(options, self.spec.theme, out);
        if self.layout.is_none() {
            let layout = Layout::new(headings, &self.rows, options.width);
            document.add(Block::Line(layout.header(headings, options.ellipsis())))?;
            self.layout = Some(layout);
        }
        if let Some(layout) = &self.layout {
            document.write_rows(layout, headings, &self.rows)?;
        }
        self.rows.clear();
        Ok(())
    }
}

/// Writes the texts of rows, with two empty lines between them.
#[derive(Debug)]
struct TextsWriter {
    spec: ListSpec,
    is_first: bool,
}

impl RowWriter for TextsWriter {
    fn push(&mut self, out: &mut Paged, row: &dyn AnyRow) -> Result<()> {
        let mut document = Document::new(self.spec.options, self.spec.theme, out);
        if !std::mem::take(&mut self.is_first) {
            document.add(Block::Blank)?;
            document.add(Block::Blank)?;
        }
        row.write_text(&mut document)
    }

    fn finish(&mut self, _out: &mut Paged, _page: Option<Page>) -> Result<()> {
        Ok(())
    }
}
