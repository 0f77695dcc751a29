//! Writes rows and views to standard output in the chosen format.

use super::format::Format;
use super::json::{self, Page};
use super::options::RenderOptions;
use super::row::{Row, View, csv_columns_of};
use super::table::{self, Cell};
use super::{csv, text};
use crate::error::{Error, ErrorCode, Result};
use crate::terminal::Paged;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{BufWriter, IntoInnerError, Write};

/// Ignores the error of a pipe that its reader closed.
///
/// # Errors
/// Returns any other error.
pub fn ignore_closed_pipe(error: Error) -> Result<()> {
    if error.code == ErrorCode::ClosedPipe { Ok(()) } else { Err(error) }
}

/// Destination and format of output.
#[derive(Debug)]
pub struct Output {
    /// Output format.
    pub format: Format,
    /// Rendering options.
    pub options: RenderOptions,
    /// Output stream.
    pub out: Paged,
    /// Number of views shown so far, if a command shows several.
    pub views_shown: Option<usize>,
}

impl Output {
    /// Prepares for several views: a blank line between texts, one JSON document per line, one CSV header. Turns off
    /// the pager, so that notes on stderr follow the view they are about.
    pub fn begin_sequence(&mut self) {
        self.views_shown = Some(0);
        self.out.bypass_pager();
    }

    /// Writes a view in the output format.
    ///
    /// # Errors
    /// If writing fails.
    pub fn show<V: View>(&mut self, view: &V) -> Result<()> {
        self.show_as(self.format, view)
    }

    /// Writes a view in a given format. Ignores a closed pipe, which must not change the exit code of `check`.
    ///
    /// # Errors
    /// If writing fails.
    pub fn show_as<V: View>(&mut self, format: Format, view: &V) -> Result<()> {
        self.write_view(format, view).or_else(ignore_closed_pipe)
    }

    fn write_view<V: View>(&mut self, format: Format, view: &V) -> Result<()> {
        let is_subsequent = self.views_shown.is_some_and(|parts| parts > 0);
        if let Some(parts) = &mut self.views_shown {
            *parts += 1;
        }
        if is_subsequent && format == Format::Table {
            writeln!(self.out)?;
        }
        match format {
            Format::Table => view.text(&self.options, &mut self.out)?,
            Format::Json => {
                write_json(&mut self.out, &view.json())?;
                writeln!(self.out)?;
            }
            Format::Jsonl | Format::Csv | Format::Ids => {
                let mut list = self.list();
                list.columns = view.csv_columns();
                list.has_header = is_subsequent;
                for item in view.items() {
                    list.push(&item)?;
                }
                return list.finish(None);
            }
        }
        // Flushed first, so that notes on stderr come after the view.
        Ok(self.out.finish()?)
    }

    /// Starts a list, whose rows are written as they are pushed.
    pub fn list<R: Row>(&mut self) -> ListWriter<'_, R> {
        ListWriter {
            columns: csv_columns_of::<R>(),
            output: self,
            rows: Vec::new(),
            layout: None,
            count: 0,
            has_header: false,
            line: Vec::new(),
            row_type: std::marker::PhantomData,
        }
    }
}

fn write_json(out: &mut Paged, value: &impl Serialize) -> Result<()> {
    // Buffered, since serde_json writes small pieces and each write takes a lock.
    let mut out = BufWriter::new(json::Escaped(out));
    serde_json::to_writer(&mut out, value)?;
    Ok(out.into_inner().map(drop).map_err(IntoInnerError::into_error)?)
}

/// Number of table rows laid out together; later chunks use the column widths of the first.
const ROWS_PER_CHUNK: usize = 1_000;

/// Writes the rows of a list.
#[derive(Debug)]
pub struct ListWriter<'a, R> {
    output: &'a mut Output,
    rows: Vec<Vec<Cell>>,
    layout: Option<table::Layout>,
    count: usize,
    /// Whether an earlier list has written the CSV header.
    has_header: bool,
    /// CSV columns.
    columns: Vec<Cow<'static, str>>,
    /// Buffer for one row of JSON or CSV, which is written at once.
    line: Vec<u8>,
    row_type: std::marker::PhantomData<R>,
}

impl<R: Row> ListWriter<'_, R> {
    /// Adds a row.
    ///
    /// # Errors
    /// If writing fails.
    pub fn push(&mut self, row: &R) -> Result<()> {
        self.count += 1;
        let out = &mut self.output.out;
        match self.output.format {
            Format::Table => {
                self.rows.push(row.cells(&self.output.options));
                if self.rows.len() == ROWS_PER_CHUNK {
                    self.write_rows()?;
                }
            }
            Format::Json | Format::Jsonl => {
                self.line.clear();
                match (self.output.format, self.count) {
                    (Format::Json, 1) => self.open_json()?,
                    (Format::Json, _) => self.line.extend_from_slice(b",\n"),
                    _ => {}
                }
                serde_json::to_writer(&mut self.line, &row.json())?;
                if self.output.format == Format::Jsonl {
                    self.line.push(b'\n');
                }
                json::Escaped(&mut self.output.out).write_all(&self.line)?;
            }
            Format::Csv => {
                self.line.clear();
                if self.count == 1 && !self.has_header {
                    csv::write_header(&mut self.line, &self.columns)?;
                }
                csv::write_row(&mut self.line, &self.columns, row)?;
                out.write_all(&self.line)?;
            }
            // A group whose key values were not recorded has no id.
            Format::Ids if row.id().is_empty() => {}
            Format::Ids => writeln!(out, "{}", text::one_line(row.id()))?,
        }
        Ok(())
    }

    /// Ends the list; `page` is added to a JSON document.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(mut self, page: Option<Page>) -> Result<()> {
        match self.output.format {
            Format::Table => self.write_rows()?,
            Format::Json => {
                if self.count == 0 {
                    self.open_json()?;
                }
                self.output.out.write_all(b"\n]")?;
                if let Some(page) = page {
                    self.output.out.write_all(b",\"page\":")?;
                    write_json(&mut self.output.out, &page)?;
                }
                self.output.out.write_all(b"}\n")?;
            }
            Format::Csv if self.count == 0 && !self.has_header => {
                csv::write_header(&mut self.output.out, &self.columns)?;
            }
            Format::Csv | Format::Jsonl | Format::Ids => {}
        }
        // Flushed first, so that notes on stderr come after the list.
        Ok(self.output.out.finish()?)
    }

    fn open_json(&mut self) -> Result<()> {
        Ok(writeln!(self.output.out, "{{\"schema\":\"{}\",\"{}\":[", json::SCHEMA, R::KEY)?)
    }

    fn write_rows(&mut self) -> Result<()> {
        let options = self.output.options;
        let is_first = self.layout.is_none();
        if self.rows.is_empty() {
            return Ok(());
        }
        // Short ids are unique only within a chunk, since rows are not kept.
        table::shorten_ids(&mut self.rows);
        let layout = self.layout.get_or_insert_with(|| table::Layout::new(R::columns(), &self.rows, options.width));
        layout.write(&mut self.output.out, options.theme, options.ellipsis(), R::columns(), &self.rows, is_first)?;
        self.rows.clear();
        Ok(())
    }
}
