//! Writes rows and views to standard output in the chosen format.

use super::format::Format;
use super::json::{self, Page};
use super::look::RenderOptions;
use super::row::{Row, View, columns};
use super::table::{self, Cell};
use super::{csv, text};
use crate::error::{Error, ErrorCode, Result};
use crate::terminal::Paged;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{BufWriter, IntoInnerError, Write};

/// Passes over the error of a pipe that its reader closed.
///
/// # Errors
/// Any other error.
pub fn unless_closed(error: Error) -> Result<()> {
    if error.kind == ErrorCode::ClosedPipe { Ok(()) } else { Err(error) }
}

/// Where output goes and what form it takes.
#[derive(Debug)]
pub struct Output {
    /// The form.
    pub format: Format,
    /// How text is to look.
    pub look: RenderOptions,
    /// The stream.
    pub out: Paged,
    /// Where several things are shown one after another: how many were.
    pub parts: Option<usize>,
}

impl Output {
    /// Several things are shown one after another: with a blank line between texts, a JSON document on each line, one line of
    /// titles in CSV. The pager is off, so that notes follow the thing they are about.
    pub fn begin_parts(&mut self) {
        self.parts = Some(0);
        self.out.bypass_pager();
    }

    /// Shows one thing as a whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn show<V: View>(&mut self, view: &V) -> Result<()> {
        self.show_as(self.format, view)
    }

    /// Shows it in a form of its own. A reader that closed the pipe changes nothing: the exit code of `check` is its answer.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn show_as<V: View>(&mut self, format: Format, view: &V) -> Result<()> {
        self.write_view(format, view).or_else(unless_closed)
    }

    fn write_view<V: View>(&mut self, format: Format, view: &V) -> Result<()> {
        let is_further = self.parts.is_some_and(|parts| parts > 0);
        if let Some(parts) = &mut self.parts {
            *parts += 1;
        }
        if is_further && format == Format::Table {
            writeln!(self.out)?;
        }
        match format {
            Format::Table => view.text(&self.look, &mut self.out)?,
            Format::Json => {
                write_json(&mut self.out, &view.json())?;
                writeln!(self.out)?;
            }
            Format::Jsonl | Format::Csv | Format::Ids => {
                let mut list = self.list();
                list.columns = view.csv();
                list.has_titles = is_further;
                for item in view.items() {
                    list.push(&item)?;
                }
                return list.finish(None);
            }
        }
        // What is said of it comes after it.
        Ok(self.out.finish()?)
    }

    /// Begins a list, whose rows leave as they come.
    pub fn list<R: Row>(&mut self) -> ListWriter<'_, R> {
        ListWriter {
            columns: columns::<R>(),
            output: self,
            rows: Vec::new(),
            layout: None,
            count: 0,
            has_titles: false,
            line: Vec::new(),
            kind: std::marker::PhantomData,
        }
    }
}

fn write_json(out: &mut Paged, value: &impl Serialize) -> Result<()> {
    // Values come in bits, and each write takes a lock.
    let mut out = BufWriter::new(json::Escaped(out));
    serde_json::to_writer(&mut out, value)?;
    Ok(out.into_inner().map(drop).map_err(IntoInnerError::into_error)?)
}

/// So many rows of a table are laid out together; later ones keep the widths of the first.
const CHUNK: usize = 1_000;

/// A list in the making.
#[derive(Debug)]
pub struct ListWriter<'a, R> {
    output: &'a mut Output,
    rows: Vec<Vec<Cell>>,
    layout: Option<table::Layout>,
    count: usize,
    /// Whether a list before this one has printed the titles.
    has_titles: bool,
    /// The columns of CSV.
    columns: Vec<Cow<'static, str>>,
    /// One row as JSON or CSV, before it leaves in one write.
    line: Vec<u8>,
    kind: std::marker::PhantomData<R>,
}

impl<R: Row> ListWriter<'_, R> {
    /// Adds a row.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn push(&mut self, row: &R) -> Result<()> {
        self.count += 1;
        let out = &mut self.output.out;
        match self.output.format {
            Format::Table => {
                self.rows.push(row.cells(&self.output.look));
                if self.rows.len() == CHUNK {
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
                if self.count == 1 && !self.has_titles {
                    csv::titles(&mut self.line, &self.columns)?;
                }
                csv::row(&mut self.line, &self.columns, row)?;
                out.write_all(&self.line)?;
            }
            // The group of calls whose model nobody recorded has no id.
            Format::Ids if row.id().is_empty() => {}
            Format::Ids => writeln!(out, "{}", text::one_line(row.id()))?,
        }
        Ok(())
    }

    /// Ends the list; `page` tells programs what was held back.
    ///
    /// # Errors
    /// When it cannot be written.
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
            Format::Csv if self.count == 0 && !self.has_titles => csv::titles(&mut self.output.out, &self.columns)?,
            Format::Csv | Format::Jsonl | Format::Ids => {}
        }
        // What is said of the list comes after it.
        Ok(self.output.out.finish()?)
    }

    fn open_json(&mut self) -> Result<()> {
        Ok(writeln!(self.output.out, "{{\"schema\":\"{}\",\"{}\":[", json::SCHEMA, R::KEY)?)
    }

    fn write_rows(&mut self) -> Result<()> {
        let look = self.output.look;
        let is_first = self.layout.is_none();
        if self.rows.is_empty() {
            return Ok(());
        }
        // Rows of different chunks may still share a short id: to know all of them, all would have to be kept.
        table::shorten_ids(&mut self.rows);
        let layout = self.layout.get_or_insert_with(|| table::Layout::new(R::shapes(), &self.rows, look.width));
        layout.write(&mut self.output.out, look.theme, look.ellipsis(), R::shapes(), &self.rows, is_first)?;
        self.rows.clear();
        Ok(())
    }
}
