//! Writes rows and views to standard output in the chosen format.

use super::column::table_columns;
use super::document::Document;
use super::formats::{Format, ListSpec, RowWriter, ViewForm};
use super::json::{self, Page};
use super::options::RenderOptions;
use super::row::{Row, View};
use super::theme::Theme;
use crate::error::{Error, ErrorCode, Result};
use crate::terminal::Paged;
use std::borrow::Cow;
use std::io::Write;

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
    format: Format,
    /// Layout of text.
    pub options: RenderOptions,
    /// Colors of text, or none.
    pub theme: Theme,
    /// Output stream.
    pub out: Paged,
    /// Number of views shown so far, if a command shows several.
    views_shown: Option<usize>,
}

impl Output {
    /// Prepares output in a format.
    #[must_use]
    pub const fn new(format: Format, options: RenderOptions, theme: Theme, out: Paged) -> Self {
        Self { format, options, theme, out, views_shown: None }
    }

    /// Whether it is text for people, whom notes help to read it.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        self.format.is_text()
    }

    /// Whether it is JSON, so that errors are JSON too.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.format.is_json()
    }

    /// Whether rows and views are printed with the inputs and outputs of spans, which must be read for that.
    #[must_use]
    pub const fn has_content(&self) -> bool {
        self.format.prints_content()
    }

    /// Whether a view is printed as a list of its items, without what it says of all of them together.
    #[must_use]
    pub fn has_items_only(&self) -> bool {
        self.format.is_list()
    }

    /// Prepares for several views: a blank line between texts, one JSON document per line, one CSV header. Turns off
    /// the pager, so that notes on stderr follow the view they are about.
    pub fn begin_sequence(&mut self) {
        self.views_shown = Some(0);
        self.out.bypass_pager();
    }

    /// Starts a text.
    pub fn document(&mut self) -> Document<'_> {
        Document::new(self.options, self.theme, &mut self.out)
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
        match format.info().view {
            ViewForm::Text => {
                if is_subsequent {
                    writeln!(self.out)?;
                }
                view.text(&mut self.document())?;
            }
            ViewForm::Document => {
                json::write(&mut self.out, &view.json())?;
                writeln!(self.out)?;
            }
            ViewForm::Items => {
                let mut list = self.start_list(view.csv_columns(), is_subsequent);
                for item in view.items() {
                    list.push(item)?;
                }
                return list.finish(None);
            }
        }
        // Flushed first, so that notes on stderr come after the view.
        Ok(self.out.finish()?)
    }

    /// Starts a list, whose rows are written as they are pushed.
    pub fn list<R: Row>(&mut self) -> ListWriter<'_, R> {
        self.start_list(R::csv_columns(), false)
    }

    fn start_list<R: Row>(&mut self, csv_columns: Vec<Cow<'static, str>>, has_header: bool) -> ListWriter<'_, R> {
        let (columns, headings) = table_columns(R::COLUMNS, R::TABLE_ORDER);
        let (options, theme) = (self.options, self.theme);
        let spec = ListSpec {
            key: R::KEY,
            is_text: R::TEXT.is_some(),
            columns,
            headings,
            csv_columns,
            has_header,
            options,
            theme,
        };
        let writer = (self.format.info().start_list)(spec);
        ListWriter { merge: R::MERGE.filter(|_| self.format.is_text()), writer, output: self, buffer: Vec::new() }
    }
}

/// Writes the rows of a list.
#[derive(Debug)]
pub struct ListWriter<'a, R> {
    output: &'a mut Output,
    writer: Box<dyn RowWriter>,
    /// How related rows are merged, if they are printed as one.
    merge: Option<fn(Vec<R>) -> Vec<R>>,
    /// Rows that may be related.
    buffer: Vec<R>,
}

/// Maximum number of rows among which related ones are found.
const MAX_BUFFERED_ROWS: usize = 1_000;

impl<R: Row> ListWriter<'_, R> {
    /// Adds a row.
    ///
    /// # Errors
    /// If writing fails.
    pub fn push(&mut self, row: R) -> Result<()> {
        self.buffer.push(row);
        if self.merge.is_none() || self.buffer.len() == MAX_BUFFERED_ROWS { self.write_buffered() } else { Ok(()) }
    }

    fn write_buffered(&mut self) -> Result<()> {
        if let Some(merge) = self.merge {
            self.buffer = merge(std::mem::take(&mut self.buffer));
        }
        self.buffer.drain(..).try_for_each(|row| self.writer.push(&mut self.output.out, &row))
    }

    /// Ends the list; `page` is added to a JSON document.
    ///
    /// # Errors
    /// If writing fails.
    pub fn finish(mut self, page: Option<Page>) -> Result<()> {
        self.write_buffered()?;
        self.writer.finish(&mut self.output.out, page)?;
        // Flushed first, so that notes on stderr come after the list.
        Ok(self.output.out.finish()?)
    }
}
